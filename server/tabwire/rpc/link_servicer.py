"""LinkService: both carriers of the link on one hub. Proto in, proto out; what happens is decided in `tabwire.link`.

Errors leave as `TabwireError`: the guard interceptor turns them into statuses.
"""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import TYPE_CHECKING, Any

from tabwire.errors import TabwireError
from tabwire.rpc.identity import Principal, principal
from tabwire.v1 import error_pb2, link_pb2, link_service_pb2, link_service_pb2_grpc

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, AsyncIterator

    from grpc import aio

    from tabwire.link.hub import LinkHub


class LinkServicer(link_service_pb2_grpc.LinkServiceServicer):
    """The carriers. The browser is the one that the caller's token belongs to, whatever the messages say."""

    def __init__(self, hub: LinkHub) -> None:
        self._hub = hub

    async def OpenLink(  # noqa: N802 - gRPC's name
        self, request: link_service_pb2.OpenLinkRequest, _context: aio.ServicerContext[Any, Any]
    ) -> link_service_pb2.OpenLinkResponse:
        """Opens a link."""
        welcome = await self._hub.open_link(_browser().browser_id, request.hello)
        return link_service_pb2.OpenLinkResponse(welcome=welcome)

    async def Attach(  # noqa: N802 - gRPC's name
        self, request: link_service_pb2.AttachRequest, _context: aio.ServicerContext[Any, Any]
    ) -> AsyncGenerator[link_pb2.Downlink, None]:
        """Streams the downlink of a link."""
        browser = _browser()
        async with aclosing(self._hub.attach(browser.browser_id, request.resume, browser.expires_at)) as downlinks:
            async for downlink in downlinks:
                yield downlink

    async def Send(  # noqa: N802 - gRPC's name
        self, request: link_service_pb2.SendRequest, _context: aio.ServicerContext[Any, Any]
    ) -> link_service_pb2.SendResponse:
        """Delivers uplink messages."""
        return self._hub.send(_browser().browser_id, request)

    async def CloseLink(  # noqa: N802 - gRPC's name
        self, request: link_service_pb2.CloseLinkRequest, _context: aio.ServicerContext[Any, Any]
    ) -> link_service_pb2.CloseLinkResponse:
        """Closes a link."""
        self._hub.close_link(_browser().browser_id, request.link_id, request.reason)
        return link_service_pb2.CloseLinkResponse()

    async def Connect(  # noqa: N802 - gRPC's name
        self, request_iterator: AsyncIterator[link_pb2.Uplink], _context: aio.ServicerContext[Any, Any]
    ) -> AsyncGenerator[link_pb2.Downlink, None]:
        """The link as one bidirectional stream."""
        uplinks = aiter(request_iterator)
        first = await anext(uplinks, link_pb2.Uplink())  # before any refusal: grpc complains of streams never read
        browser = _browser()
        resume = first.resume
        if first.WhichOneof("body") == "hello":
            welcome = await self._hub.open_link(browser.browser_id, first.hello)
            yield link_pb2.Downlink(welcome=welcome)
            resume = link_pb2.Resume(link_id=welcome.link_id, attach_epoch=1)
        elif first.WhichOneof("body") != "resume":
            raise TabwireError(
                error_pb2.ERROR_CODE_INVALID_ARGUMENT, "The first message of a Connect stream must be Hello or Resume."
            )
        reader: asyncio.Task[None] | None = None
        try:
            async with aclosing(self._hub.attach(browser.browser_id, resume, browser.expires_at)) as downlinks:
                async for downlink in downlinks:
                    yield downlink
                    if reader is None:  # the first downlink says that the stream is attached
                        reader = asyncio.create_task(self._read(browser.browser_id, resume, uplinks))
            if reader is not None and reader.done():
                reader.result()  # raises what could not be taken
        finally:
            if reader is not None:
                reader.cancel()
                await asyncio.gather(reader, return_exceptions=True)  # its error, if it counts, was raised above

    async def _read(self, browser_id: str, resume: link_pb2.Resume, uplinks: AsyncIterator[link_pb2.Uplink]) -> None:
        """Takes what the client sends. However that ends, the stream back to the client ends too."""
        try:
            async for uplink in uplinks:
                self._hub.receive(browser_id, resume.link_id, resume.attach_epoch, uplink)
        finally:
            self._hub.end_stream(browser_id, resume.link_id, resume.attach_epoch)


def _browser() -> Principal:
    """The calling browser. Raises PERMISSION_DENIED if the token is not a browser's."""
    caller = principal()
    if not caller.browser_id:
        raise TabwireError(
            error_pb2.ERROR_CODE_PERMISSION_DENIED,
            "Only a paired browser can hold a link; this token belongs to none.",
            remedy="Pair a browser with `tabwire pair` and use the token it gets.",
        )
    return caller

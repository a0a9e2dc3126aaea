"""Which pairs of an extension and a server speak to each other, and what the others are told, over both carriers.

The server is the whole one; only the range that it announces is another. `tests/vectors/revisions.json` is the same
table for the extension (extension/tests/compat/revision.test.ts).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import grpc
import pytest
from structlog.testing import capture_logs

from compat.conftest import Paired, Range, expect
from compat.released import ROOT
from integration.link.harness import error_of, hello
from tabwire.v1 import auth_service_pb2, browser_service_pb2, error_pb2

if TYPE_CHECKING:
    from collections.abc import Callable

    from integration.rpc.harness import Api
    from tabwire.v1 import browser_pb2

_TABLE: list[dict[str, Any]] = json.loads((ROOT / "tests" / "vectors" / "revisions.json").read_text())["pairs"]
_AGREE = [row for row in _TABLE if "revision" in row]
_DISAGREE = [row for row in _TABLE if "update" in row]
_OTHER_REMEDY = {"server": "chrome://extensions", "extension": "tabwire up"}
_REMEDY = {"extension": "chrome://extensions", "server": "tabwire up"}


def _name(row: Any) -> str:
    return str(row["name"])


async def _listed(api: Api, browser_id: str) -> browser_pb2.Browser:
    answer = await api.browsers.ListBrowsers(browser_service_pb2.ListBrowsersRequest(), metadata=api.owner)
    return next(one for one in answer.browsers if one.browser_id == browser_id)


async def _refused(paired: Paired, spoken: Range) -> error_pb2.ErrorInfo:
    with pytest.raises(grpc.aio.AioRpcError) as raised:
        await paired.carrier.open(hello(min_revision=spoken.lowest, max_revision=spoken.highest))
    assert raised.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    return error_of(raised.value)


@pytest.mark.parametrize("row", _AGREE, ids=_name)
async def test_the_highest_common_revision_is_used(
    api: Api, paired: Paired, server_speaks: Callable[[Range], None], row: dict[str, Any]
) -> None:
    server_speaks(Range(*row["server"]))
    lowest, highest = row["browser"]
    welcome = await paired.carrier.open(hello(min_revision=lowest, max_revision=highest))
    assert welcome.revision == row["revision"]
    await expect(paired.carrier, "attached")
    listed = await _listed(api, paired.browser_id)
    assert listed.is_connected
    assert not listed.HasField("error_info")


@pytest.mark.parametrize("row", _DISAGREE, ids=_name)
async def test_who_shares_none_is_told_what_to_update_everywhere(
    api: Api, paired: Paired, server_speaks: Callable[[Range], None], row: dict[str, Any]
) -> None:
    server, browser = Range(*row["server"]), Range(*row["browser"])
    server_speaks(server)
    with capture_logs() as logs:
        told = [await _refused(paired, browser) for _ in range(3)]  # it tries again and again

    # The browser, and with it the side panel.
    for info in told:
        assert info.error_code == error_pb2.ERROR_CODE_PROTOCOL_REVISION_UNSUPPORTED
        assert f"{max(browser.lowest, 1)} to {browser.highest}" in info.message
        assert f"{server.lowest} to {server.highest}" in info.message
        assert _REMEDY[row["update"]] in info.remedy
        assert _OTHER_REMEDY[row["update"]] not in info.remedy
        assert not info.retryable
        details = info.details.revision
        assert details.update == row["update"]
        assert Range(details.browser_min, details.browser_max) == (max(browser.lowest, 1), browser.highest)
        assert Range(details.server_min, details.server_max) == server

    # The log: once, with all that is needed, however often the browser tries.
    lines = [line for line in logs if line["event"] == "revision_unsupported"]
    assert len(lines) == 1
    assert lines[0]["log_level"] == "warning"
    assert lines[0]["browser_id"] == paired.browser_id
    assert lines[0]["update"] == row["update"]
    assert lines[0]["remedy"] == told[0].remedy
    assert lines[0]["extension_version"] == "9.9.9"

    # Whoever lists browsers, as `tabwire browsers` and `tabwire doctor` do.
    listed = await _listed(api, paired.browser_id)
    assert not listed.is_connected
    assert listed.error_info.message == told[0].message
    assert listed.error_info.remedy == told[0].remedy

    # Whoever asks for the browser, by its id or as the only one: not reached, and why.
    for browser_id in (paired.browser_id, ""):
        with pytest.raises(grpc.aio.AioRpcError) as raised:
            await api.browsers.Ping(browser_service_pb2.PingRequest(browser_id=browser_id), metadata=api.owner)
        assert raised.value.code() is grpc.StatusCode.UNAVAILABLE
        info = error_of(raised.value)
        assert info.error_code == error_pb2.ERROR_CODE_BROWSER_DISCONNECTED
        assert told[0].message in info.message
        assert info.remedy == told[0].remedy
        assert info.details.revision.update == row["update"]


async def test_an_update_heals_it(api: Api, paired: Paired, server_speaks: Callable[[Range], None]) -> None:
    server_speaks(Range(2, 3))
    await _refused(paired, Range(1, 1))
    assert (await _listed(api, paired.browser_id)).HasField("error_info")
    with capture_logs() as logs:
        welcome = await paired.carrier.open(hello(min_revision=1, max_revision=2))
    assert welcome.revision == 2
    await expect(paired.carrier, "attached")
    assert any(line["event"] == "revision_agreed" and line["revision"] == 2 for line in logs)
    listed = await _listed(api, paired.browser_id)
    assert listed.is_connected
    assert not listed.HasField("error_info")


async def test_a_browser_that_was_unpaired_is_not_remembered(
    api: Api, paired: Paired, server_speaks: Callable[[Range], None]
) -> None:
    server_speaks(Range(2, 3))
    await _refused(paired, Range(1, 1))
    request = auth_service_pb2.RevokeTokenRequest(id=paired.browser_id)
    await api.auth.RevokeToken(request, metadata=api.owner)
    await api.pair(paired.browser_id)
    assert not (await _listed(api, paired.browser_id)).HasField("error_info")


async def test_programs_are_told_the_range_too(api: Api, server_speaks: Callable[[Range], None]) -> None:
    server_speaks(Range(4, 7))
    me = await api.auth.WhoAmI(auth_service_pb2.WhoAmIRequest(), metadata=api.owner)
    assert (me.min_revision, me.max_revision) == (4, 7)

"""One case of the fuzz: an RPC, a message, a frame, headers and a way to send it, all made from seed and number.

A case knows nothing of the run it is in: ids that only a run knows stand in it as words of the same length, which are
replaced when it is sent. So a number says the same thing again, in another run too.
"""

from __future__ import annotations

import base64
import gzip
import struct
from dataclasses import dataclass, replace
from enum import Enum
from functools import cache
from random import Random
from typing import TYPE_CHECKING

from fuzz.messages import Maker, World
from fuzz.mutate import mutated, nested, tagged
from integration.rpc.harness import every_method, path_of
from tabwire.origins import own
from tabwire.v1 import link_pb2

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from google.protobuf.descriptor import MethodDescriptor

# What a run puts in the place of these words: an open link, its browser, a browser that answers.
# They are as long as real ids, because on the wire their length stands before them.
LINK = "stand-in-for-a-link".ljust(24, "0")
LINK_BROWSER = "stand-in-for-its-browser".ljust(32, "0")
BROWSER = "stand-in-for-one-that-answers".ljust(32, "0")
TASKS = tuple(f"fuzz-task-{number:02d}" for number in range(40))
PROMPTS = (
    'click "Go"',
    "open https://example.com/\nread page",
    'type "x" into "Search"\nclick "Go"\nread rows',
    "wait",
    'wait for "Results"',
)
WORLD = World(
    words={
        "link_id": (LINK,),
        "browser_id": (BROWSER, BROWSER, LINK_BROWSER, ""),
        "task_id": TASKS,
        "idempotency_key": ("", "key-1", "key-2"),
        "user_prompt": PROMPTS,
        "id": ("nobody", LINK_BROWSER[:-1]),
    },
    numbers={
        "tab_id": (9, 9, 9, 0, 1),
        "attach_epoch": (1, 1, 2, 2, 3, 3, 2**63, 2**64 - 1),
        "seq": (0, 1, 2, 3, 4),
        "resume_after_seq": (0, 0, 1, 2),
        "after_seq": (0, 1),
        "min_revision": (1, 0),
        "max_revision": (1, 1, 2),
        "index": (0, 1),
        "total_bytes": (1, 17, 300),
    },
)
# Slow on purpose (scrypt), or something that an owner does now and then: of these, fewer.
_RARE = {"CreatePairingCode": 0.05, "Pair": 0.3, "RotateSigningKey": 0.02, "CreateTask": 0.6, "CreateApiToken": 0.4}
METHODS: tuple[MethodDescriptor, ...] = tuple(every_method())
_WEIGHTS = [_RARE.get(method.name, 1.0) for method in METHODS]
OVERSIZED_BYTES = 300_000
_TIMEOUTS = ("0n", "1n", "1u", "50m", "99999999H", "100000000S", "-1S", "1", "S", "1x", "")


class Carrier(Enum):
    """How gRPC is put into HTTP."""

    WEB = "application/grpc-web+proto"
    WEB_TEXT = "application/grpc-web-text"
    NATIVE = "application/grpc"


_WAYS = (
    *((1, Carrier.WEB), (1, Carrier.WEB), (1, Carrier.WEB_TEXT)),
    *((2, Carrier.NATIVE), (2, Carrier.NATIVE), (2, Carrier.WEB)),
)


class Expect(Enum):
    """What must come back. Whatever else comes must tell nothing of the inside."""

    GRPC = "a gRPC status"
    HTTP = "an answer in HTTP or a closed connection"
    NOTHING = "nothing in particular, as the sender breaks off"


class Ending(Enum):
    """How the sending ends."""

    WHOLE = "whole"
    CUT = "cut off, then ended as if whole"
    ABORTED = "cut off, then hung up"


@dataclass(frozen=True)
class Case:
    """One request."""

    number: int
    kind: str
    """What is wrong with it, for counts."""
    about: str
    method: MethodDescriptor
    http: int
    carrier: Carrier
    body: bytes
    path: str
    verb: str = "POST"
    headers: tuple[tuple[str, str], ...] = ()
    """Beside those that every request has; they come after them, and may be there twice."""
    without: frozenset[str] = frozenset()
    """Headers that are left out."""
    is_chunked: bool = False
    expect: Expect = Expect.GRPC
    ending: Ending = Ending.WHOLE
    piece: int = 16_384
    trailers: tuple[tuple[str, str], ...] = ()
    token: str = "right"

    @property
    def is_stream(self) -> bool:
        """Whether its answer may go on for ever."""
        return bool(self.method.server_streaming)

    def encoded(self, put: Callable[[bytes], bytes]) -> bytes:
        """The body as it is sent, with the stand-ins replaced by `put`."""
        body = put(self.body)
        if self.carrier is Carrier.WEB_TEXT and not self.kind.startswith("base64"):
            return base64.b64encode(body)
        return body

    def told(self) -> str:
        """For a person who reads of it."""
        return f"#{self.number} HTTP/{self.http} {self.carrier.name} {self.path}: {self.kind}; {self.about}"


def frame_of(payload: bytes, flags: int = 0, length: int | None = None) -> bytes:
    """A message with gRPC's five bytes before it."""
    return struct.pack(">BI", flags, len(payload) if length is None else length & 0xFFFFFFFF) + payload


def case(seed: int, number: int) -> Case:
    """The case of this number."""
    random = Random(f"{seed}:{number}")
    method = random.choices(METHODS, _WEIGHTS)[0]
    http, carrier = random.choice(
        (
            (1, Carrier.WEB),
            (1, Carrier.WEB),
            (1, Carrier.WEB_TEXT),
            (2, Carrier.NATIVE),
            (2, Carrier.NATIVE),
            (2, Carrier.WEB),
        )
    )
    base = Case(number, "", "", method, http, carrier, b"", path_of(method), is_chunked=random.random() < 0.1)
    made = random.choices(_KINDS, _SHARES)[0](random, base)
    if made.http == 2 and made.expect is not Expect.NOTHING and random.random() < 0.05:
        made = replace(made, piece=random.choice((1, 5, 100)) if len(made.body) < 400 else 1000)
    return made


# The kinds. Each takes the random numbers and a bare case, and gives the case whole.


def _maker(random: Random) -> Maker:
    return Maker(random, WORLD)


def _valid_bytes(random: Random, method: MethodDescriptor) -> bytes:
    return bytes(_maker(random).message(method.input_type).SerializeToString(deterministic=True))


def _sequence(random: Random, bare: Case) -> bytes:
    """The messages of a stream of the client's: an opening that the method takes, then anything."""
    maker, uplink = _maker(random), bare.method.input_type
    first: bytes
    if random.random() < 0.7:
        hello = link_pb2.Hello.DESCRIPTOR
        first = tagged(10, bytes(maker.message(hello).SerializeToString(deterministic=True)))
    else:
        first = bytes(maker.message(uplink).SerializeToString(deterministic=True))
    out = frame_of(first)
    for _ in range(random.randrange(6)):
        raw = bytes(maker.message(uplink).SerializeToString(deterministic=True))
        out += frame_of(mutated(random, raw)[1] if random.random() < 0.3 else raw)
    return out


def _valid(random: Random, bare: Case) -> Case:
    if bare.method.client_streaming:
        return replace(bare, kind="valid", about="a stream of messages", body=_sequence(random, bare))
    return replace(bare, kind="valid", body=frame_of(_valid_bytes(random, bare.method)))


def _broken_rule(random: Random, bare: Case) -> Case:
    raw = _maker(random).broken(bare.method.input_type)
    if raw is None:
        return _mutated(random, bare)
    return replace(bare, kind="a rule broken", body=frame_of(raw))


def _mutated(random: Random, bare: Case) -> Case:
    about, raw = mutated(random, _valid_bytes(random, bare.method))
    return replace(bare, kind="mutated bytes", about=about, body=frame_of(raw))


def _deep(random: Random, bare: Case) -> Case:
    """Nested through the fields of the message itself, as deep as they go, and then on."""
    number = random.choice([one.number for one in bare.method.input_type.fields if one.message_type] or [1])
    depth = random.choice((98, 100, 101, 102, 1_000, 12_000))
    return replace(bare, kind="nested deeply", about=f"{depth} deep", body=frame_of(nested(number, depth)))


def _oversized(random: Random, bare: Case) -> Case:
    raw = tagged(1000, bytes(random.choice((66_000, OVERSIZED_BYTES, 2 * OVERSIZED_BYTES))))
    return replace(bare, kind="oversized", about=f"{len(raw)} bytes", body=frame_of(raw))


def _framed(random: Random, bare: Case) -> Case:
    """The five bytes before the message, and how many there are of both."""
    raw = _valid_bytes(random, bare.method)
    frames = {
        "length too large": frame_of(raw, length=len(raw) + random.choice((1, 5, 2**16, 2**31, 2**32 - 1 - len(raw)))),
        "length too small": frame_of(raw + b"abc", length=max(0, len(raw) - 1)),
        "no frame": raw,
        "part of a frame's head": frame_of(raw)[: random.randrange(5)],
        "unknown flags": frame_of(raw, flags=random.choice((2, 4, 0x40, 0x7F))),
        "compressed, without saying how": frame_of(_packed(raw), flags=1),
        "trailers of gRPC-web": frame_of(b"grpc-status: 0\r\nx: y\r\n", flags=0x80),
        "trailers after the message": frame_of(raw) + frame_of(b"grpc-status: 13\r\n", flags=0x80),
        "two messages": frame_of(raw) * 2,
        "many empty messages": frame_of(b"") * random.choice((2, 50, 2000)),
        "no message": b"",
        "noise after the message": frame_of(raw) + random.randbytes(random.choice((1, 4, 9))),
    }
    about = random.choice(list(frames))
    return replace(bare, kind="broken frame", about=about, body=frames[about])


def _compressed(random: Random, bare: Case) -> Case:
    raw = _valid_bytes(random, bare.method)
    name = random.choice(("gzip", "deflate", "identity", "snappy", "", "gzip,gzip"))
    packed = {
        "well": _packed(raw),
        "noise": random.randbytes(40),
        "cut off": _packed(raw)[:-6],
        "growing a thousandfold": _grown(random.choice((10**6, 5 * 10**7))),
    }
    about = random.choice(list(packed))
    body = frame_of(packed[about], flags=1)
    return replace(bare, kind="compressed", about=f"{name}, {about}", body=body, headers=(("grpc-encoding", name),))


@cache
def _grown(size: int) -> bytes:
    return _packed(bytes(size))


def _packed(raw: bytes) -> bytes:
    return gzip.compress(raw, mtime=0)


_TYPES = (
    "application/json",
    "application/grpc+json",
    "application/grpc-web+json",
    "application/grpc-web-text+proto",
    "application/grpcx",
    "application/grpc; charset=utf-8",
    "APPLICATION/GRPC-WEB+PROTO",
    "text/plain",
    "multipart/form-data; boundary=x",
    "",
    "x" * 3000,
)


def _typed(random: Random, bare: Case) -> Case:
    name = random.choice(_TYPES)
    body = frame_of(_valid_bytes(random, bare.method))
    return replace(
        bare,
        kind="another content type",
        about=name[:60] or "none",
        body=body,
        headers=(("content-type", name),) if name else (),
        without=frozenset({"content-type"}),
        expect=Expect.HTTP,
    )


def _text(random: Random, bare: Case) -> Case:
    """What claims to be base64 and is not, or is in a way of its own."""
    right = base64.b64encode(frame_of(_valid_bytes(random, bare.method)))
    texts = {
        "not base64": b"!!!! not base64 ****",
        "a letter missing": right[:-1],
        "without padding": right.rstrip(b"="),
        "padded in between": base64.b64encode(frame_of(b"")) + right,
        "with line ends": b"\r\n".join(right[at : at + 20] for at in range(0, len(right), 20)),
        "the URL's alphabet": base64.urlsafe_b64encode(frame_of(random.randbytes(60))),
        "bytes": frame_of(_valid_bytes(random, bare.method)),
    }
    about = random.choice(list(texts))
    return replace(
        bare,
        kind="base64, broken",
        about=about,
        http=1,
        carrier=Carrier.WEB_TEXT,
        body=texts[about],
        expect=Expect.HTTP,
    )


def _headed(random: Random, bare: Case) -> Case:
    """Headers that the server or the edge read."""
    body = frame_of(_valid_bytes(random, bare.method))
    chosen: Sequence[tuple[str, str]] = random.choice(
        (
            (
                (
                    "grpc-timeout",
                    random.choice(_TIMEOUTS),
                ),
            ),
            (("x-correlation-id", random.choice(("", "a", "x" * 64, "x" * 65, "<script>", "a\tb", "good-id-0001"))),),
            (("x-tabwire-link", random.choice(("", LINK, "x" * 2000, "../.."))),),
            (("grpc-accept-encoding", random.choice(("gzip", "identity", "x" * 500, ",,,"))),),
            (("x-some-bin", random.choice(("", "AAAA", "!!", "A", "AAAA,BBBB", "=" * 8))),),
            (("grpc-status", "0"), ("grpc-message", "forged")),
            (("grpc-status-details-bin", "AAAA"), ("x-tabwire-edge", "forged")),
            (("te", "gzip"),) if bare.http == 1 else (("te", "trailers"), ("te", "x")),
            (("origin", own()),),
            (("x-forwarded-for", "::1, 10.0.0.1, junk"), ("x-request-id", "x" * 300)),
            (("user-agent", "x" * 5000),),
            (("accept-encoding", "gzip, br"), ("range", "bytes=0-1")),
            (("grpc-internal-encoding-request", "gzip"), ("grpc-previous-rpc-attempts", "9")),
        )
    )
    # What the edge itself cannot read, it may refuse in words of HTTP.
    return replace(
        bare,
        kind="odd headers",
        about=f"{chosen[0][0]}: {chosen[0][1][:40]}",
        body=body,
        headers=tuple(chosen),
        expect=Expect.HTTP,
    )


def _unauthorised(random: Random, bare: Case) -> Case:
    token = random.choice(("none", "noise", "unsigned", "two", "another", "long"))
    body = frame_of(_valid_bytes(random, bare.method))
    return replace(bare, kind="no good token", about=token, body=body, token=token)


def _pathed(random: Random, bare: Case) -> Case:
    name = bare.path
    paths = (
        name + "X",
        name.rpartition("/")[0] + "/",
        name + "/x",
        name + "?a=b",
        name.replace("v1", "v9"),
        name.lower(),
        name.replace("/", "//"),
        name.replace(".", "%2e"),
        name.replace("/", "%2F"),
        "/" + "x" * 6000,
        "/",
        "/../../etc/passwd",
        "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo",
        "/grpc.health.v1.Health/List",
        "/favicon.ico",
    )
    return replace(
        bare, kind="another path", about="", path=random.choice(paths), body=frame_of(b""), expect=Expect.HTTP
    )


def _verbed(random: Random, bare: Case) -> Case:
    verb = random.choice(("GET", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH", "TRACE"))
    body = b"" if verb in ("GET", "HEAD", "OPTIONS", "TRACE") else frame_of(b"")
    return replace(bare, kind="another verb", about=verb, verb=verb, body=body, expect=Expect.HTTP)


def _cut(random: Random, bare: Case) -> Case:
    """The sender ends in the midst of a message, politely or not."""
    whole = frame_of(_valid_bytes(random, bare.method) + b"\x82\x3f\x03abc")
    body = whole[: random.randrange(1, len(whole))]
    ending = random.choice((Ending.CUT, Ending.ABORTED))
    expect = Expect.GRPC if ending is Ending.CUT else Expect.NOTHING
    return replace(bare, kind="cut off", about=ending.value, body=body, ending=ending, expect=expect, is_chunked=False)


def _trailed(random: Random, bare: Case) -> Case:
    """Trailers of the request, which gRPC has none of."""
    trailers = random.choice(
        (
            (("x-trailer", "1"),),
            (("grpc-status", "0"), ("grpc-message", "forged")),
            (("authorization", "Bearer later"),),
            (("x-long", "x" * 9000),),
            tuple((f"x-{number}", "1") for number in range(40)),
        )
    )
    body = frame_of(_valid_bytes(random, bare.method))
    carrier = random.choice((Carrier.NATIVE, Carrier.WEB))
    told = replace(bare, kind="trailers in the request", about=trailers[0][0], body=body, trailers=trailers)
    return replace(told, http=2, carrier=carrier, expect=Expect.HTTP)


_SHARED: dict[Callable[[Random, Case], Case], int] = {
    _valid: 260,
    _broken_rule: 90,
    _mutated: 280,
    _deep: 30,
    _oversized: 6,
    _framed: 90,
    _compressed: 25,
    _typed: 30,
    _text: 30,
    _headed: 50,
    _unauthorised: 30,
    _pathed: 25,
    _verbed: 14,
    _cut: 30,
    _trailed: 10,
}
_KINDS, _SHARES = list(_SHARED), list(_SHARED.values())

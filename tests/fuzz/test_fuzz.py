"""The fuzz, short: some thousand cases through the real Envoy, what the edge refuses by itself, the default limits.

`make fuzz` sends a hundred thousand. What is refused, and how, is in docs/fuzzing.md.
"""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import pytest
from google.rpc import status_pb2

from fuzz.answer import unpadded
from fuzz.attacks import ATTACKS
from fuzz.cases import METHODS, Carrier, Case, case, frame_of
from fuzz.drive import Driver, Tally
from fuzz.house import MOST_DATABASE_HANDLES
from fuzz.run import fuzz, settled
from integration.rpc.harness import path_of
from tabwire.v1 import auth_service_pb2, error_pb2

if TYPE_CHECKING:
    from fuzz.answer import Answer
    from fuzz.house import House

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

WHO_AM_I = next(method for method in METHODS if method.name == "WhoAmI")
CASES = 2_000


def asking(**changes: object) -> Case:
    """A call that is right but for what is changed."""
    usual: dict[str, object] = {"http": 1, "carrier": Carrier.WEB, "body": frame_of(b""), "path": path_of(WHO_AM_I)}
    return Case(**{"number": 0, "kind": "by hand", "about": "", "method": WHO_AM_I, **usual, **changes})  # type: ignore[arg-type]


async def answered(house: House, asked: Case) -> Answer:
    """The answer to a case; nothing may be wrong with it."""
    tally = Tally()
    answer = await Driver(house, tally).one(asked)
    assert tally.problems == []
    return answer


async def test_thousands_of_cases_get_documented_answers_and_leave_nothing_behind(house: House) -> None:
    run = await fuzz(house, seed=2, count=CASES)
    assert run.all_problems == []
    assert run.tally.cases == CASES
    assert set(run.tally.methods) == {method.full_name for method in METHODS}
    told = run.tally.labels
    # The cases reach beyond the first check, or nothing was tried.
    assert min(told["OK"], told["NOT_FOUND"], told["INVALID_ARGUMENT"]) > CASES / 50


async def test_attacks_on_connections_end_and_harm_nobody_else(house: House) -> None:
    before = await settled(house)

    async def attacked(name: str, times: int) -> None:
        for number in range(times):
            await ATTACKS[name](house, Random(number))

    async with asyncio.TaskGroup() as attacks:
        for name in ATTACKS:
            attacks.create_task(attacked(name, 2 if name == "slow bodies" else 5))
    for http, carrier in ((1, Carrier.WEB), (2, Carrier.NATIVE)):
        assert (await answered(house, asking(http=http, carrier=carrier))).grpc_status == "0"
    after = await settled(house, before)
    assert after.tasks <= before.tasks + 4, Counter(after.by_name) - Counter(before.by_name)
    assert after.server_handles <= before.server_handles + 8
    assert after.database_handles <= MOST_DATABASE_HANDLES
    assert after.envoy_handles <= before.envoy_handles + 8
    assert house.alive() == []
    assert house.faults() == []


# -- what grpc would answer below the server's own code, the edge refuses in words of the contract -------------------


@pytest.mark.parametrize(
    "name", ["application/json", "application/grpc+json", "APPLICATION/GRPC-WEB", "text/plain", ""]
)
@pytest.mark.parametrize("http", [1, 2])
async def test_another_content_type(house: House, name: str, http: int) -> None:
    headers = (("content-type", name),) if name else ()
    answer = await answered(house, asking(http=http, headers=headers, without=frozenset({"content-type"})))
    assert (answer.grpc_status, answer.header("x-tabwire-edge")) == ("3", "malformed")
    assert answer.status == (200 if name.startswith("application/grpc") else 415)


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "OPTIONS"])
async def test_another_verb(house: House, verb: str) -> None:
    answer = await answered(house, asking(http=2, verb=verb, body=b""))
    assert (answer.grpc_status, answer.header("x-tabwire-edge")) == ("12", "malformed")


@pytest.mark.parametrize("deadline", ["", "1", "S", "-1S", "100000000S", "1x"])
@pytest.mark.parametrize("carrier", list(Carrier))
async def test_a_deadline_that_is_none(house: House, deadline: str, carrier: Carrier) -> None:
    http = 2 if carrier is Carrier.NATIVE else 1
    answer = await answered(house, asking(http=http, carrier=carrier, headers=(("grpc-timeout", deadline),)))
    assert (answer.status, answer.grpc_status, answer.header("x-tabwire-edge")) == (200, "3", "malformed")


async def test_the_longest_and_the_shortest_deadline_are_read(house: House) -> None:
    assert (await answered(house, asking(headers=(("grpc-timeout", "99999999H"),)))).grpc_status == "0"
    assert (await answered(house, asking(headers=(("grpc-timeout", "1n"),)))).grpc_status == "4"


async def test_packed_requests_are_taken_as_far_as_they_can_be_read(house: House) -> None:
    packed = frame_of(gzip.compress(b""), flags=1)
    taken = await answered(house, asking(body=packed, headers=(("grpc-encoding", "gzip"),)))
    assert taken.grpc_status == "0"
    for carrier, http in ((Carrier.WEB, 1), (Carrier.NATIVE, 2)):
        other = asking(http=http, carrier=carrier, body=packed, headers=(("grpc-encoding", "snappy"),))
        answer = await answered(house, other)
        assert (answer.status, answer.grpc_status) == (200, "12")


async def test_a_few_bytes_do_not_become_many_in_the_server(house: House) -> None:
    before = (await house.census()).server_bytes
    large = frame_of(gzip.compress(bytes(200 * 2**20)), flags=1)
    assert len(large) < house.settings.max_message_bytes
    answer = await answered(house, asking(body=large, headers=(("grpc-encoding", "gzip"),)))
    assert answer.grpc_status == "8"
    assert (await house.census()).server_bytes < before + 50 * 2**20


async def test_binary_metadata_that_is_no_base64_is_not_passed_on(house: House) -> None:
    assert (await answered(house, asking(headers=(("x-some-bin", "!"),)))).grpc_status == "0"


async def test_base64_that_is_none(house: House) -> None:
    answer = await answered(house, asking(carrier=Carrier.WEB_TEXT, kind="base64, broken", body=b"*not base64*"))
    assert (answer.status, answer.grpc_status, answer.header("x-tabwire-edge")) == (200, "3", "malformed")


async def test_a_token_of_the_longest_kind_is_refused_for_what_it_is(house: House) -> None:
    """Beyond eight kilobytes of headers, grpc would by itself refuse some of them by chance."""
    for _ in range(20):
        answer = await answered(house, asking(http=2, carrier=Carrier.NATIVE, headers=(("x-pad", "x" * 12_000),)))
        assert answer.grpc_status == "0"


# -- the limits as they come -----------------------------------------------------------------------------------------


def of(name: str, body: bytes) -> Case:
    """A call of AuthService that needs no token, in HTTP/1.1."""
    method = next(method for method in METHODS if method.name == name)
    return asking(method=method, path=path_of(method), body=frame_of(body), token="none")


async def test_who_guesses_codes_is_told_when_to_come_again(limited_house: House) -> None:
    tally = Tally()
    driver = Driver(limited_house, tally)
    request = auth_service_pb2.PairRequest(code="AAAA-AAAA").SerializeToString()
    # The server allows ten a minute from one address, the edge sixty from all.
    answers = [await driver.one(of("Pair", request)) for _ in range(70)]
    assert tally.problems == []
    refused = [answer for answer in answers if answer.grpc_status == "8"]
    assert len(refused) >= 55
    by_edge = [answer for answer in refused if answer.header("x-tabwire-edge") == "rate-limited"]
    assert by_edge
    assert all(int(answer.header("retry-after")) >= 1 for answer in by_edge)
    by_server = next(answer for answer in refused if answer.header("x-correlation-id"))
    info = error_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(unpadded(by_server.header("grpc-status-details-bin"))).details[0].Unpack(info)
    assert info.retryable
    assert info.details.limit.retry_after_ms > 0


async def test_under_its_limits_the_edge_answers_anything_and_others_are_served(limited_house: House) -> None:
    tally = Tally()
    pairing = [made for made in (case(1, number) for number in range(20_000)) if made.method.name == "Pair"][:150]
    await Driver(limited_house, tally).run(pairing)
    assert tally.problems == []
    assert tally.labels["RESOURCE_EXHAUSTED"] > 20
    assert (await answered(limited_house, asking())).grpc_status == "0", "another kind of call has a bucket of its own"

"""What the fuzz is made of: messages that keep the rules, cases that can be made again, and a judge that condemns."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import protovalidate
import pytest
from google.protobuf.message import DecodeError
from google.protobuf.message_factory import GetMessageClass

from fuzz.answer import Answer
from fuzz.cases import METHODS, WORLD, Carrier, Case, Expect, case, frame_of
from fuzz.house import Census
from fuzz.judge import DOCUMENTED, judge
from fuzz.messages import Maker
from fuzz.mutate import MUTATIONS, mutated, nested
from fuzz.soak import Sample, Soak, slope
from integration.rpc.harness import path_of
from tabwire.v1 import link_pb2

if TYPE_CHECKING:
    from google.protobuf.descriptor import MethodDescriptor


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_what_is_made_keeps_every_rule(method: MethodDescriptor) -> None:
    made = [Maker(Random(number), WORLD).message(method.input_type) for number in range(150)]
    for message in made:
        protovalidate.validate(message)
    if method.input_type.fields:
        assert len({message.SerializeToString(deterministic=True) for message in made}) > 5


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.name)
def test_what_is_broken_breaks_a_rule(method: MethodDescriptor) -> None:
    for number in range(30):
        raw = Maker(Random(number), WORLD).broken(method.input_type)
        if raw is not None:
            with pytest.raises(protovalidate.ValidationError):
                protovalidate.validate(GetMessageClass(method.input_type).FromString(raw))


def test_answers_of_browsers_are_made_of_every_kind() -> None:
    made = [Maker(Random(number)).message(link_pb2.CommandResult.DESCRIPTOR) for number in range(400)]
    kinds = {one.WhichOneof("outcome") for one in made}
    assert kinds >= {one.name for one in link_pb2.CommandResult.DESCRIPTOR.oneofs_by_name["outcome"].fields}


def test_a_number_is_the_same_case_again_and_the_cases_are_of_every_kind() -> None:
    cases = [case(7, number) for number in range(3_000)]
    assert cases == [case(7, number) for number in range(3_000)]
    assert cases[:50] != [case(8, number) for number in range(50)]
    assert len({one.kind for one in cases}) >= 15
    assert {one.carrier for one in cases} == set(Carrier)
    assert {one.http for one in cases} == {1, 2}
    assert {one.method for one in cases} == set(METHODS)


def test_every_mutation_changes_something_and_none_fails() -> None:
    for name, mutation in MUTATIONS.items():
        made = {mutation(Random(number), b"\x0a\x05hello\x10\x07") for number in range(20)}
        assert made - {b"\x0a\x05hello\x10\x07"}, name
    for number in range(2_000):
        mutated(Random(number), Random(number).randbytes(number % 70))


def test_what_is_nested_is_as_deep_as_it_says() -> None:
    downlink = link_pb2.Downlink.FromString(nested(10, 3))
    assert downlink.welcome.SerializeToString() == nested(10, 2)
    with pytest.raises(DecodeError):
        link_pb2.Downlink.FromString(nested(10, 3)[:-1])


# -- the judge -------------------------------------------------------------------------------------------------------


def verdict(answer: Answer, expect: Expect = Expect.GRPC) -> list[str]:
    method = METHODS[0]
    return judge(
        Case(0, "x", "", method, 2, Carrier.NATIVE, frame_of(b""), path_of(method), expect=expect), answer
    ).problems


def told(status: str, **more: str) -> Answer:
    headers = [(":status", "200"), ("content-type", "application/grpc")]
    trailers = [("grpc-status", status), *((name.replace("_", "-"), value) for name, value in more.items())]
    return Answer(200, headers, trailers=trailers, ended=True)


def test_what_the_contract_documents() -> None:
    assert "UNKNOWN" not in DOCUMENTED
    assert "DATA_LOSS" not in DOCUMENTED
    assert {"OK", "INTERNAL", "INVALID_ARGUMENT", "RESOURCE_EXHAUSTED"} <= DOCUMENTED
    assert verdict(told("0", x_correlation_id="a1b2c3d4")) == []
    assert verdict(told("8", x_tabwire_edge="rate-limited")) == []


@pytest.mark.parametrize(
    "answer",
    [
        told("2", grpc_message="Exception calling application"),
        told("15"),
        told("99"),
        told("13", grpc_message="oh"),
        told("3", x_correlation_id="a1b2c3d4"),
        told("0", grpc_message="Traceback (most recent call last)"),
        told("0", x="/home/me/tabwire/server.py"),
        Answer(200, [(":status", "200")], bytearray(b"sqlalchemy.exc.OperationalError"), ended=True),
        Answer(503, [(":status", "503")], ended=True),
        Answer(200, [(":status", "200")], ended=True),
        Answer(late=True),
        Answer(closed=True),
        Answer(reset=2),
    ],
    ids=lambda answer: (
        f"{answer.status}-{answer.grpc_status}-{answer.header('grpc-message')[:9]}{answer.closed}{answer.late}"
    ),
)
def test_the_judge_condemns(answer: Answer) -> None:
    assert verdict(answer)


def test_a_text_of_an_exception_is_found_wherever_it_stands() -> None:
    for place in ("headers", "trailers"):
        answer = told("0")
        getattr(answer, place).append(("x", "ValueError: invalid literal"))
        assert verdict(answer, Expect.NOTHING)
    web = Answer(
        200,
        [("content-type", "application/grpc-web+proto")],
        bytearray(frame_of(b"grpc-status: 2\r\n", 0x80)),
        ended=True,
    )
    assert verdict(web)


# -- the soak's line -------------------------------------------------------------------------------------------------


def sampled(rises: float, noise: float) -> Soak:
    random, found = Random(1), Soak(1)
    for number in range(30):
        held = int((170 + rises * number / 30 + random.uniform(-noise, noise)) * 2**20)
        found.samples.append(Sample(number * 20.0, number * 1000, Census(39, {}, 195_000, 37, 7, held, 40, 7 * 2**20)))
    return found


def test_a_leak_is_told_from_noise() -> None:
    assert all(line.is_flat for line in sampled(0, 5).lines())
    leaking = {line.measure.name for line in sampled(30, 5).lines() if not line.is_flat}
    assert leaking == {"memory of the server"}


def test_one_odd_sample_does_not_bend_the_line() -> None:
    points = [(float(x), 2.0 * x) for x in range(20)]
    points[10] = (10.0, 900.0)
    assert slope(points) == pytest.approx(2.0)

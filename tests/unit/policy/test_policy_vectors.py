"""The policy's vectors, which the extension is held to as well (extension/tests/policy/vectors.test.ts)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf import json_format

from tabwire.policy import consequences
from tabwire.policy.origins import is_private_host, read_address, read_pattern
from tabwire.policy.verdict import judge_address, permission_of
from tabwire.v1 import policy_pb2 as pb

ROOT = Path(__file__).parents[3]
VECTORS = ROOT / "tests" / "vectors" / "policy"


def load(name: str) -> Any:
    return json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))


ORIGINS, VERDICTS, CONSEQUENCES = load("origins"), load("verdicts"), load("consequences")


@pytest.mark.parametrize(("pattern", "url", "expected"), ORIGINS["patterns"])
def test_a_pattern_matches_an_address_by_its_parts(pattern: str, url: str, expected: bool) -> None:
    read, address = read_pattern(pattern), read_address(url)
    assert read is not None
    assert address is not None
    assert read.matches(address) is expected


@pytest.mark.parametrize("pattern", ORIGINS["unreadable"])
def test_what_is_no_pattern_is_told(pattern: str) -> None:
    assert read_pattern(pattern) is None


@pytest.mark.parametrize(("url", "expected"), ORIGINS["private"])
def test_private_addresses_are_known_in_every_form(url: str, expected: bool) -> None:
    address = read_address(url)
    assert address is not None
    assert is_private_host(address.host) is expected


@pytest.mark.parametrize("case", VERDICTS["cases"], ids=lambda case: case["name"])
def test_what_is_in_force_decides(case: dict[str, Any]) -> None:
    policy = json_format.ParseDict(case["policy"], pb.EffectivePolicy())
    assert {url: judge_address(policy, url).is_allowed for url in case["addresses"]} == case["addresses"]
    for url, consequence, expected in case["permissions"]:
        found = permission_of(policy, url, pb.Consequence.Value(consequence))
        assert pb.Permission.Name(found) == f"PERMISSION_{expected}", (url, consequence)


def names(found: frozenset[pb.Consequence.ValueType]) -> set[str]:
    return {pb.Consequence.Name(one).removeprefix("CONSEQUENCE_") for one in found}


@pytest.mark.parametrize(("label", "expected"), CONSEQUENCES["labels"])
def test_a_label_tells_what_a_button_leads_to(label: str, expected: list[str]) -> None:
    facts = consequences.Facts("click", activates=True, labels=(label,))
    assert names(consequences.classify(facts)) == set(expected)


@pytest.mark.parametrize(("label", "expected"), CONSEQUENCES["links"])
def test_a_link_is_a_deed_only_if_it_is_named_like_one(label: str, expected: list[str]) -> None:
    facts = consequences.Facts("click", activates=True, is_link=True, labels=(label,))
    assert names(consequences.classify(facts)) == set(expected)


@pytest.mark.parametrize(("label", "address", "expected"), CONSEQUENCES["addressed"])
def test_a_link_to_a_page_about_a_deed_is_none(label: str, address: str, expected: list[str]) -> None:
    facts = consequences.Facts("click", activates=True, is_link=True, address=address, labels=(label,))
    assert names(consequences.classify(facts)) == set(expected)
    button = consequences.Facts("click", activates=True, address=address, labels=(label,))
    assert names(consequences.classify(button)) >= set(expected), "a button is its words"


def field_of(told: dict[str, Any]) -> consequences.Field:
    return consequences.Field(told.get("type", ""), told.get("autocomplete", ""), tuple(told.get("labels", ())))


@pytest.mark.parametrize(("fields", "expected"), CONSEQUENCES["forms"])
def test_a_forms_fields_tell_what_sending_it_leads_to(fields: list[dict[str, Any]], expected: list[str]) -> None:
    facts = consequences.Facts("click", submits=True, fields=tuple(field_of(field) for field in fields))
    assert names(consequences.classify(facts)) == set(expected)


@pytest.mark.parametrize(("told", "expected"), CONSEQUENCES["others"])
def test_kinds_of_actions_have_consequences(told: dict[str, Any], expected: list[str]) -> None:
    told = {**told, "labels": tuple(told.get("labels", ()))}
    assert names(consequences.classify(consequences.Facts(**told))) == set(expected)


def test_both_sides_have_the_same_words() -> None:
    server = ROOT / "server" / "tabwire" / "policy" / "words.json"
    extension = ROOT / "extension" / "policy" / "words.json"
    assert json.loads(server.read_text(encoding="utf-8")) == json.loads(extension.read_text(encoding="utf-8"))

"""Statements parsed part by part are the same statements, and are judged alike."""

import json

import msgspec
import pytest

from schemas.training import parts
from schemas.training.facts import facts_of
from schemas.training.outlines import template_iri
from schemas.training.parts import Parser, Part, noted
from schemas.training.templates import Templates
from schemas.training.terms import BASE, VERSION
from schemas.training.vocabulary import Vocabulary

VOCABULARY, TEMPLATES = Vocabulary(), Templates()
PLATFORM = {"id": "https://ex.vn/app", "definition": {"type": f"{BASE}/activity-types/digital-platform"}}
PROGRAMME = f"{BASE}/programmes/192%2FKH-UBND%3A2025"


@pytest.fixture
def written(told):
    def write(**changes):
        extensions = {
            f"{BASE}/extensions/admin-unit": {"code": "26209", "asOf": "2025-08-01", "hamlet": "Ấp 1"},
            f"{BASE}/extensions/programme": ["757"],
            f"{BASE}/extensions/age-band": "of nobody",
        }
        related = {"category": [{"id": VERSION}, {"id": PROGRAMME}], "other": [PLATFORM]}
        usual = {
            "context": {
                "registration": "C29F23D7-e1c9-4aa9-832b-b2a0135fc3a8",
                "extensions": extensions,
                "contextActivities": related,
                "team": {"objectType": "Group", "account": {"homePage": "https://ex.vn", "name": "to-5"}},
            },
            "result": {"duration": "PT8M", "extensions": {f"{BASE}/extensions/assisted": "guided"}},
        }
        return json.dumps(told("attended", "support-session") | usual | changes).encode()

    return write


ODD = [
    {},
    {"context": {}},
    {"context": {"extensions": {}, "contextActivities": {}}},
    {"result": {"score": {"scaled": 0.5}, "extensions": {f"{BASE}/extensions/headcount": 12345678901234567890}}},
    {"context": {"contextActivities": {"category": {"id": VERSION}}, "instructor": {"mbox": "mailto:a@EX.vn"}}},
    {"attachments": [{"usageType": "https://ex.vn/u"}], "version": "1.0.3"},
]


@pytest.mark.parametrize("changes", ODD)
def test_a_statement_is_the_same_and_says_the_same_however_often(changes, written):
    parser, raw = Parser(), written(**changes)
    plain = msgspec.json.decode(raw)
    for _ in range(3):
        parsed = parser.parse(raw)
        assert parsed == plain
        assert list(parsed) == list(plain)
        assert facts_of(parsed, VOCABULARY) == facts_of(plain, VOCABULARY)
        assert TEMPLATES.follows(parsed) == TEMPLATES.follows(plain)


def test_what_is_found_in_a_part_is_found_once_by_each_reader():
    asked = []

    def read(part, reader):
        asked.append(reader)
        return reader, part["a"]

    part = Part({"a": 1})
    assert [noted(part, reader, read) for reader in ("x", "y", "x")] == [("x", 1), ("y", 1), ("x", 1)]
    assert asked == ["x", "y"]
    assert noted({"a": 2}, "x", read) == ("x", 2)


def test_the_same_text_in_several_places_is_read_as_what_it_is_there(written):
    same = {"category": [{"id": VERSION}]}
    raw = written(context={"extensions": same, "contextActivities": same}, result={"extensions": same})
    parsed = Parser().parse(raw)
    assert facts_of(parsed, VOCABULARY) == facts_of(msgspec.json.decode(raw), VOCABULARY)
    assert TEMPLATES.follows(parsed).template == template_iri("support-received")


def test_no_more_is_remembered_than_a_few_thousand_short_parts(written, monkeypatch):
    monkeypatch.setattr(parts, "_MOST", 3)
    parser = Parser()
    for n in range(20):
        parser.parse(written(result={"response": "x" * n * 200}))
        assert len(parser._known) <= 3
    assert all(len(text) <= parts._LONGEST for text in parser._known)

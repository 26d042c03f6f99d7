import json
from decimal import Decimal

import pytest

from schemas.xapi.definitions import described_activities, merge_definition, merged, without_broken_interaction

CHOICE = {"interactionType": "choice", "correctResponsesPattern": ["a"], "choices": [{"id": "a"}]}


@pytest.mark.parametrize(
    ("old", "new", "result"),
    [
        (None, {"type": "https://ex.vn/t"}, {"type": "https://ex.vn/t"}),
        ({"type": "https://ex.vn/t"}, {}, {"type": "https://ex.vn/t"}),
        ({"type": "https://ex.vn/t"}, {"type": "https://ex.vn/u"}, {"type": "https://ex.vn/u"}),
        ({"name": {"vi": "Bài"}}, {"name": {"en": "Quiz"}}, {"name": {"vi": "Bài", "en": "Quiz"}}),
        ({"name": {"vi": "Bài"}}, {"name": {"vi": "Bài 1"}}, {"name": {"vi": "Bài 1"}}),
        ({"name": {"vi": "Bài"}}, {"description": {}}, {"name": {"vi": "Bài"}, "description": {}}),
        (
            {"extensions": {"https://ex.vn/a": {"x": 1}, "https://ex.vn/b": 2}},
            {"extensions": {"https://ex.vn/a": {"y": 1}}},
            {"extensions": {"https://ex.vn/a": {"y": 1}, "https://ex.vn/b": 2}},
        ),
        (CHOICE, {"choices": [{"id": "b"}]}, CHOICE | {"choices": [{"id": "b"}]}),
        (CHOICE, {"interactionType": "choice"}, CHOICE),
        (
            CHOICE | {"moreInfo": "https://ex.vn/"},
            {"interactionType": "other"},
            {"interactionType": "other", "moreInfo": "https://ex.vn/"},
        ),
    ],
)
def test_a_new_definition_says_what_counts_and_leaves_the_rest(old, new, result):
    assert merge_definition(old, new) == result


def test_merging_leaves_what_it_was_given_alone():
    old, new = {"name": {"vi": "Bài"}}, {"name": {"en": "Quiz"}}
    merge_definition(old, new)
    assert (old, new) == ({"name": {"vi": "Bài"}}, {"name": {"en": "Quiz"}})


def test_every_digit_of_a_number_stays():
    number = Decimal("0.12345678901234567890123456789")
    text = merged(b'{"extensions":{"https://ex.vn/a":1.10}}', {"extensions": {"https://ex.vn/b": number}})
    assert json.loads(text, parse_float=Decimal)["extensions"] == {
        "https://ex.vn/a": Decimal("1.10"),
        "https://ex.vn/b": number,
    }
    assert b"1.10" in text


def test_what_is_known_already_keeps_its_text():
    old = b'{ "type": "https://ex.vn/t" }'
    assert merged(old, {"type": "https://ex.vn/t"}) is old


def test_a_first_definition_is_kept_as_it_is():
    assert merged(None, CHOICE) == json.dumps(CHOICE, separators=(",", ":")).encode()


@pytest.mark.parametrize("sound", [CHOICE, CHOICE | {"name": {"vi": "Bài"}}, {"name": {"vi": "Bài"}}, {}])
def test_a_sound_definition_is_told_as_it_is(sound):
    assert without_broken_interaction(sound) is sound


@pytest.mark.parametrize(
    "broken",
    [
        {"choices": [{"id": "a"}]},
        {"interactionType": "compound"},
        {"interactionType": "likert", "choices": [{"id": "a"}]},
        {"interactionType": "choice", "choices": [{"description": {"vi": "Đúng"}}]},
    ],
)
def test_of_a_broken_interaction_nothing_is_told(broken):
    assert without_broken_interaction(broken) == {}
    assert without_broken_interaction(broken | {"name": {"vi": "Bài"}}) == {"name": {"vi": "Bài"}}


def activity(number):
    return {"id": f"https://ex.vn/{number}", "definition": {"type": f"https://ex.vn/t{number}"}}


def test_definitions_are_found_wherever_activities_are():
    part = {
        "objectType": "SubStatement",
        "object": activity(1),
        "context": {"contextActivities": {"parent": [activity(2), activity(3)], "other": activity(4)}},
    }
    around = {"contextActivities": {"category": [activity(5), {"id": "https://ex.vn/6"}]}}
    found = dict(described_activities({"object": part, "context": around}))
    assert found == {activity(n)["id"]: activity(n)["definition"] for n in (1, 2, 3, 4, 5)}


@pytest.mark.parametrize(
    "found",
    [
        {"id": "https://ex.vn/1"},
        {"id": "https://ex.vn/1", "definition": {}},
        {"objectType": "Agent", "mbox": "mailto:lan@example.vn"},
        {"objectType": "StatementRef", "id": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"},
        {"objectType": "SubStatement", "object": {"objectType": "Agent"}},
    ],
)
def test_nothing_is_found_where_nothing_is_defined(found):
    assert list(described_activities({"object": found})) == []

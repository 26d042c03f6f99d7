"""The cells that a statement counts in."""

import pytest

from schemas.training.cells import DIMS, FAMILIES, Cell, Key, dims_of, key_of, keys_of
from schemas.training.facts import Facts
from schemas.training.readings import Headcount, Skill

UNIT, MONTH = "26209@2025-07-01", "2025-08"
WHAT = {"kind": "learning", "verb": "completed"}
WHO = {"groups": ("elderly",), "band": "60-69", "mode": "kiosk", "type": "course"}
NAMED = {"programmes": ("192", "757")}


def facts(**changes):
    told = {
        "statement_id": "",
        "timestamp": 0,
        "learner": "mailto:a@ex.vn",
        "is_group": False,
        "verb": "completed",
        "activity": "https://ex.vn/a",
        "type": "course",
        "kind": "learning",
        "programmes": ("192", "757"),
        "groups": ("elderly",),
        "age_band": "60-69",
        "mode": "kiosk",
    }
    return Facts(**told | changes)


def told(changes):
    return {key.family: dims_of(key.family, key.name) for key in keys_of(facts(**changes), UNIT, MONTH)}


BOTH = {"coverage": NAMED | WHAT | WHO, "summary": NAMED | WHAT | {"groups": ("elderly",)}}
TASK = {"kind": "task", "type": "e-identity-task", "level": "2", "assisted": "guided", "procedure": "https://ex.vn/p"}
HOW = {"level": "2", "assisted": "guided", "procedure": "https://ex.vn/p", "type": "e-identity-task"}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, BOTH),
        ({"learner": None}, {}),
        ({"learner": None, "member_learners": ("mailto:b@ex.vn",)}, BOTH),
        (
            {"programmes": (), "groups": (), "type": "", "mode": ""},
            {"coverage": WHAT | {"band": "60-69"}, "summary": WHAT},
        ),
        ({"team": "account:t", "hamlet": "1"}, BOTH | {"team": WHAT | {"team": "account:t", "hamlet": "1"}}),
        (
            TASK,
            {
                "coverage": NAMED | WHAT | WHO | {"kind": "task", "type": "e-identity-task"},
                "summary": NAMED | WHAT | {"kind": "task", "groups": ("elderly",)},
                "task": NAMED | HOW | {"groups": ("elderly",)},
            },
        ),
        (
            {"skill": Skill("757", "", "1.1", "")},
            BOTH | {"skill": NAMED | {"framework": "757", "version": "", "code": "1.1", "level": "", "passed": False}},
        ),
        (
            {"instructors": ("mailto:i@ex.vn",)},
            BOTH | {"expert": NAMED | {"instructor": "mailto:i@ex.vn", "activity": "https://ex.vn/a"}},
        ),
        ({"organisation": "0301"}, BOTH | {"business": NAMED | {"type": "course"}}),
        ({"headcount": Headcount(40, ()), "kind": "reach", "verb": "hosted"}, {"reach": NAMED}),
    ],
)
def test_a_statement_counts_in_one_cell_of_each_family_that_it_belongs_to(changes, expected):
    assert told(changes) == expected


def test_who_only_registered_did_nothing_yet():
    assert told({"verb": "registered"} | TASK | {"instructors": ("mailto:i@ex.vn",)}).keys() == BOTH.keys()


def test_every_family_has_its_dimensions():
    assert DIMS.keys() == set(FAMILIES)


def test_the_key_of_a_cell_is_what_its_statements_have():
    (found, _) = keys_of(facts(), UNIT, MONTH)
    assert found == key_of(Cell("coverage", MONTH, {"unit": UNIT} | BOTH["coverage"]))
    assert Key(*found[:1], "", *found[2:]) == key_of(Cell("coverage", MONTH, BOTH["coverage"]))
    with pytest.raises(ValueError, match="hamlets"):
        key_of(Cell("team", MONTH, {"team": "account:t", "hamlets": "1"}))

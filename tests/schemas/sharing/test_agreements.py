from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from schemas.registries.programmes import Programme, Programmes
from schemas.registries.registries import Registries
from schemas.registries.unit_rows import Link, Unit
from schemas.registries.units import Units
from schemas.sharing.agreements import Filter, Sieve
from schemas.training.facts import facts_of
from schemas.training.records import Standing
from schemas.training.terms import BASE
from schemas.training.vocabulary import Vocabulary

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
MERGED = date(2025, 7, 1)
VOCABULARY = Vocabulary()
REGISTRIES = Registries(
    units=Units(
        [
            Unit("75", "Tỉnh Đồng Nai", "province"),
            Unit("25195", "Phường Tân Phú", "ward", valid_to=MERGED),
            Unit("25196", "Phường Bình Phước", "ward", parent="75", valid_from=MERGED),
            Unit("99999", "Xã Ngoài", "commune"),
        ],
        [Link("25195", "25196", "whole", MERGED)],
    ),
    programmes=Programmes(
        [
            Programme("57-NQ/TW", {"vi": "Nghị quyết 57"}),
            Programme("192", {"vi": "Kế hoạch 192"}, within=("57-NQ/TW",), aliases=("192/KH-UBND",)),
            Programme("217", {"vi": "Kế hoạch 217"}),
        ]
    ),
)
COURSE = "https://hoc.example.vn/courses/ai"
COMPLETED = "http://adlnet.gov/expapi/verbs/completed"
NOON = 1_756_000_000_000_000  # 24 August 2025, 01:46:40Z


def sieve(**parts: Any) -> Sieve:
    return Sieve(Filter(**parts), REGISTRIES, VOCABULARY, ZONE)


def standing(**changes: Any) -> Standing:
    usual = {
        "kind": "learning",
        "type": "course",
        "state": "completed",
        "first": NOON,
        "last": NOON,
        "ended": NOON,
        "attempts": 1,
        "best": None,
        "latest": None,
        "seconds": None,
        "unit": "25196@2025-07-01",
        "programmes": ("192",),
        "groups": ("elderly",),
        "band": "60-69",
        "statements": 1,
        "flags": (),
    }
    return Standing(**usual | changes)


PARTS = [
    ({}, True),
    ({"verbs": ("completed",)}, True),
    ({"verbs": (COMPLETED,)}, True),
    ({"verbs": ("passed",)}, False),
    ({"verbs": ("https://hoc.example.vn/verbs/none",)}, False),
    ({"activities": (COURSE,)}, True),
    ({"activities": ("https://hoc.example.vn/courses/other",)}, False),
    ({"types": ("course",)}, True),
    ({"types": ("http://adlnet.gov/expapi/activities/course",)}, True),
    ({"types": ("assessment",)}, False),
    ({"programmes": ("192",)}, True),
    ({"programmes": ("57-NQ/TW",)}, True),
    ({"programmes": ("217",)}, False),
    ({"units": ("25196",), "at": date(2026, 1, 1)}, True),
    ({"units": ("75",), "at": date(2026, 1, 1)}, True),
    ({"units": ("99999",), "at": date(2026, 1, 1)}, False),
    ({"units": ("25196",), "at": date(2025, 1, 1)}, False),
    ({"groups": ("elderly", "rural")}, True),
    ({"groups": ("rural",)}, False),
    ({"states": ("completed", "passed")}, True),
    ({"states": ("passed",)}, False),
    ({"since": date(2025, 8, 24), "until": date(2025, 8, 24)}, True),
    ({"since": date(2025, 8, 25)}, False),
    ({"until": date(2025, 8, 23)}, False),
    ({"until": date.max}, True),
    ({"programmes": ("192",), "groups": ("rural",)}, False),
]


@pytest.mark.parametrize(("parts", "taken"), PARTS)
def test_every_part_of_a_filter_must_hold_for_a_record(parts: dict[str, Any], taken: bool) -> None:
    assert sieve(**parts).takes_record(COURSE, standing(), ["completed"]) is taken


@pytest.mark.parametrize(("parts", "taken"), PARTS)
def test_a_statement_is_judged_as_the_record_of_it(parts: dict[str, Any], taken: bool) -> None:
    statement = {
        "actor": {"mbox": "mailto:a@hoc.example.vn"},
        "verb": {"id": COMPLETED},
        "object": {"id": COURSE, "definition": {"type": "http://adlnet.gov/expapi/activities/course"}},
        "timestamp": "2025-08-24T01:46:40Z",
        "context": {
            "extensions": {
                f"{BASE}/extensions/admin-unit": {"code": "25196"},
                f"{BASE}/extensions/programme": ["192"],
                f"{BASE}/extensions/target-group": ["elderly"],
            }
        },
    }
    facts = facts_of(statement, VOCABULARY)
    assert facts is not None
    assert (facts.programmes, facts.groups) == (("192",), ("elderly",))
    assert sieve(**parts).takes_statement(statement, facts) is taken


@pytest.mark.parametrize(
    ("verbs", "state", "taken"),
    [
        (["completed"], "completed", True),
        (["completed", "passed"], "passed", False),
        (["attended"], "completed", False),
        ([], "completed", False),
    ],
)
def test_a_record_tells_no_more_than_the_verbs_that_are_covered(verbs: list[str], state: str, taken: bool) -> None:
    assert sieve(verbs=("completed",)).takes_record(COURSE, standing(state=state), verbs) is taken


def test_days_are_cut_where_the_server_is() -> None:
    late = 1_756_659_600_000_000  # 31 August 2025, 17:00Z: 1 September at +07:00
    assert not sieve(until=date(2025, 8, 31)).takes_record(COURSE, standing(last=late))
    assert sieve(since=date(2025, 9, 1)).takes_record(COURSE, standing(last=late))


def test_what_a_unit_was_before_belongs_to_it() -> None:
    covered = sieve(units=("25196",), at=date(2026, 1, 1))
    assert covered.takes_record(COURSE, standing(unit="25195@"))
    assert not covered.takes_record(COURSE, standing(unit=""))
    assert sieve(units=("unknown",), at=date(2026, 1, 1)).takes_record(COURSE, standing(unit=""))


@pytest.mark.parametrize(
    ("parts", "taken"),
    [
        ({}, True),
        ({"verbs": ("https://x.example/verbs/liked",)}, True),
        ({"verbs": ("completed",)}, False),
        ({"activities": (COURSE,)}, True),
        ({"activities": ("https://x.example/2",)}, False),
        ({"programmes": ("192",)}, False),
        ({"units": ("75",), "at": date(2026, 1, 1)}, False),
        ({"groups": ("elderly",)}, False),
        ({"states": ("completed",)}, False),
        ({"since": date(2025, 8, 25)}, False),
    ],
)
def test_a_statement_that_no_record_rests_on_is_covered_by_what_it_says(parts: dict[str, Any], taken: bool) -> None:
    statement = {
        "actor": {"mbox": "mailto:a@hoc.example.vn"},
        "verb": {"id": "https://x.example/verbs/liked"},
        "object": {"id": COURSE},
        "timestamp": "2025-08-24T01:46:40Z",
    }
    assert sieve(**parts).takes_statement(statement, None) is taken


def test_a_statement_that_voids_is_not_covered_by_itself() -> None:
    statement = {
        "actor": {"mbox": "mailto:a@hoc.example.vn"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": "00000000-0000-4000-8000-000000000000"},
        "timestamp": "2025-08-24T01:46:40Z",
    }
    assert not sieve().takes_statement(statement, None)

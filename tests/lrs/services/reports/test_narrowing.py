"""What becomes of a question where an agreement covers a part of it."""

from datetime import date

import pytest

from lrs.services.reports.narrowing import Nothing, Untold, narrowed
from lrs.services.reports.tables import Question
from schemas.registries.programmes import Programme, Programmes
from schemas.registries.registries import Registries
from schemas.registries.unit_rows import Link, Unit
from schemas.registries.units import Units
from schemas.sharing.agreements import Filter

MERGED, NOW, BEFORE = date(2025, 7, 1), date(2026, 1, 1), date(2025, 1, 1)
REGISTRIES = Registries(
    units=Units(
        [
            Unit("75", "Tỉnh", "province"),
            Unit("10001", "Một", "commune", parent="75", valid_to=MERGED),
            Unit("10002", "Hai", "commune", parent="75", valid_to=MERGED),
            Unit("10003", "Ba", "commune", parent="75", valid_from=MERGED),
            Unit("10004", "Bốn", "commune", parent="75"),
        ],
        [Link("10001", "10003", "whole", MERGED), Link("10002", "10003", "whole", MERGED)],
    ),
    programmes=Programmes(
        [
            Programme("57", {"vi": "57"}),
            Programme("192", {"vi": "192"}, within=("57",), aliases=("192/KH",)),
            Programme("217", {"vi": "217"}, within=("57",)),
        ]
    ),
)


def ask(question, day=NOW, /, **parts):
    return narrowed(question, Filter(**parts), REGISTRIES, day)


def of_programme(code):
    return {"programme": {"code": code}}


@pytest.mark.parametrize(
    ("chosen", "covered", "asked"),
    [
        ({}, ["192/KH"], {"programme": "192"}),
        ({}, ["57", "192"], {"programme": "57"}),
        ({"programme": "192"}, ["57"], {"programme": "192"}),
        ({"programme": "57"}, ["217"], {"programme": "217"}),
    ],
)
def test_of_programmes_what_is_asked_and_what_is_covered_have_in_common_is_asked(chosen, covered, asked):
    found = ask(Question(chosen=chosen), programmes=covered)
    assert found.question.chosen == asked
    assert found.total == found.question


def test_lines_of_programmes_are_covered_with_their_parts_and_the_total_is_asked_apart():
    found = ask(Question(by=("programme",)), programmes=["192"])
    assert found.question.chosen == {}
    assert [found.covers(of_programme(code)) for code in ("192", "57", "217")] == [True, False, False]
    assert [found.touches(of_programme(code)) for code in ("192", "57", "217")] == [True, True, False]
    assert found.total == Question(chosen={"programme": "192"})
    assert ask(Question(by=("programme",)), programmes=["192", "217"]).total is None


@pytest.mark.parametrize(
    ("question", "parts", "raised"),
    [
        (Question(chosen={"programme": "217"}), {"programmes": ["192"]}, Nothing),
        (Question(), {"programmes": ["192", "217"]}, Untold),
        (Question(chosen={"group": "rural"}), {"groups": ["elderly"]}, Nothing),
        (Question(), {"groups": ["elderly", "rural"]}, Untold),
        (Question(chosen={"unit": "10004"}), {"units": ["10003"]}, Nothing),
        (Question(), {"units": ["10003", "10004"]}, Untold),
        (Question(), {"units": ["10001"], "at": BEFORE}, Untold),
        (Question(chosen={"unit": "10003"}), {"units": ["10001"], "at": BEFORE}, Untold),
        (Question(first="2025-01", last="2025-12"), {"since": date(2026, 1, 1)}, Nothing),
        (Question(), {"since": date(2026, 1, 1)}, Untold),
        (Question(first="2026-01", last="2026-12"), {"since": date(2026, 7, 1)}, Untold),
    ],
)
def test_what_has_nothing_in_common_is_nobody_and_what_is_no_entry_is_not_told(question, parts, raised):
    with pytest.raises(raised):
        ask(question, **parts)


def test_a_report_that_cannot_choose_something_does_not_obey_a_filter_on_it():
    with pytest.raises(Untold):
        narrowed(Question(by=("unit",)), Filter(programmes=("192",)), REGISTRIES, NOW, ("unit", "period"))


@pytest.mark.parametrize(
    ("at", "units", "asked"),
    [
        (NOW, {"units": ["10003"], "at": NOW}, "10003@2025-07-01"),
        (NOW, {"units": ["10001", "10002"], "at": BEFORE}, None),
        (NOW, {"units": ["10004"], "at": BEFORE}, "10004@"),
        (BEFORE, {"units": ["10001"], "at": BEFORE}, "10001@"),
    ],
)
def test_one_unit_is_chosen_where_all_of_it_and_nothing_else_is_covered(at, units, asked):
    question = Question(by=("unit",))
    assert ask(question, at, **units).question.chosen.get("unit") == asked


def test_lines_of_units_are_covered_where_all_that_became_of_them_is():
    found = ask(Question(by=("unit",)), units=["10003", "10004"], at=NOW)
    keys = ["10003@2025-07-01", "10004@", "75@", None]
    assert [found.covers({"unit": {"key": key}}) for key in keys] == [True, True, False, False]
    assert [found.touches({"unit": {"key": key}}) for key in keys] == [True, True, False, True]
    province = ask(Question(by=("unit",)), units=["75"], at=NOW)
    assert [province.covers({"unit": {"key": key}}) for key in keys[:3]] == [True, True, True]


@pytest.mark.parametrize(
    ("question", "since", "until", "asked"),
    [
        (Question(), date(2026, 1, 1), date(2026, 12, 31), ("2026-01", "2026-12")),
        (Question(by=("month",)), date(2026, 4, 1), date(2026, 6, 30), ("2026-04", "2026-06")),
        (Question(first="2026-05", last="2026-05"), date(2026, 4, 1), None, ("2026-05", "2026-05")),
        (Question(first="2026-01", last="2026-12"), date(2026, 12, 1), None, ("2026-12", "2026-12")),
    ],
)
def test_periods_that_are_whole_are_asked_for(question, since, until, asked):
    found = ask(question, since=since, until=until)
    assert (found.question.first, found.question.last) == asked


def test_lines_of_periods_are_covered_where_all_of_them_is():
    found = ask(Question(by=("year",)), since=date(2026, 4, 1))
    assert [found.covers({"year": year}) for year in ("2025", "2026", "2027")] == [False, False, True]
    assert [found.touches({"year": year}) for year in ("2025", "2026", "2027")] == [False, True, True]
    assert found.total is None


def test_of_the_unit_around_all_others_no_more_is_covered_than_without_it():
    with pytest.raises(Untold):
        ask(Question(chosen={"unit": "75"}), units=["75"])
    found = ask(Question(by=("unit",), chosen={"unit": "75"}), units=["10003"])
    assert (found.question, found.total) == (Question(chosen={"unit": "10003@2025-07-01"}, by=("unit",)),) * 2

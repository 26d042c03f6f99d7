"""Working days and calendar days."""

from datetime import date
from importlib.resources import files

import pytest

from schemas.registries import tables
from schemas.subjects.calendar import Term, due, is_working

TET = frozenset(date(2026, 2, day) for day in range(16, 21))


@pytest.mark.parametrize(
    ("received", "term", "holidays", "last"),
    [
        (date(2026, 8, 3), Term(2, "working"), frozenset(), date(2026, 8, 5)),  # Monday to Wednesday
        (date(2026, 8, 6), Term(2, "working"), frozenset(), date(2026, 8, 10)),  # Thursday to Monday
        (date(2026, 8, 7), Term(2, "working"), frozenset(), date(2026, 8, 11)),  # Friday to Tuesday
        (date(2026, 8, 8), Term(2, "working"), frozenset(), date(2026, 8, 11)),  # Saturday counts for nothing
        (date(2026, 8, 9), Term(2, "working"), frozenset(), date(2026, 8, 11)),
        (date(2026, 9, 1), Term(2, "working"), frozenset({date(2026, 9, 2)}), date(2026, 9, 4)),
        (date(2026, 2, 13), Term(2, "working"), TET, date(2026, 2, 24)),  # a week of Tết between two week-ends
        (date(2026, 2, 14), Term(2, "working"), frozenset({date(2026, 2, 15)}), date(2026, 2, 17)),  # on a Sunday
        (date(2026, 2, 13), Term(10), TET, date(2026, 2, 23)),
        (date(2028, 2, 28), Term(2), frozenset(), date(2028, 3, 1)),
        (date(2026, 8, 3), Term(0, "working"), frozenset(), date(2026, 8, 3)),
        (date(9999, 12, 30), Term(20), frozenset(), date.max),
        (date(9999, 12, 30), Term(20, "working"), frozenset(), date.max),
    ],
)
def test_a_term_ends_on_its_last_day(received, term, holidays, last):
    assert due(received, term, holidays) == last


def test_week_ends_and_holidays_are_no_working_days():
    week = [date(2026, 8, day) for day in range(3, 10)]
    assert [is_working(day, frozenset({week[2]})) for day in week] == [True, True, False, True, True, False, False]


def test_the_example_has_the_holidays_whose_dates_the_law_itself_names():

    text = (files("schemas.registries") / "shipped" / "dong-nai" / "holidays.csv").read_bytes()
    found = tables.read("holidays", text)[0]["holidays"]
    assert {each["day"][5:] for each in found} == {"01-01", "04-30", "05-01", "09-02"}
    assert all(each["labels"].keys() == {"vi", "en"} and each["source"] for each in found)

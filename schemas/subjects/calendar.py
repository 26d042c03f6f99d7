"""When something is due: working days and calendar days, counted from the day after."""

from collections.abc import Set as AbstractSet
from datetime import date, timedelta
from typing import Final, Literal, get_args

import msgspec

Count = Literal["working", "calendar"]
COUNTS: Final[tuple[Count, ...]] = get_args(Count)
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)


class Term(msgspec.Struct, frozen=True):
    """So many days of one kind."""

    days: int
    count: Count = "calendar"

    def __str__(self) -> str:
        """Return it as one word: ``2-working``."""
        return f"{self.days}-{self.count}"


def is_working(day: date, holidays: AbstractSet[date]) -> bool:
    """Tell whether a day is neither a Saturday nor a Sunday nor a holiday."""
    return day.weekday() < _SATURDAY and day not in holidays


def due(day: date, term: Term, holidays: AbstractSet[date]) -> date:
    """Return the last day of a term that began on a day, which is not counted itself; the calendar's last at most."""
    try:
        return day + timedelta(days=term.days) if term.count == "calendar" else _worked(day, term.days, holidays)
    except OverflowError:
        return date.max


def _worked(day: date, count: int, holidays: AbstractSet[date]) -> date:
    while count > 0:
        day += _DAY
        count -= is_working(day, holidays)
    return day

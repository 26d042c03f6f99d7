"""When it happened: from May 2025 to October 2026, most of the support in the summer when offices had moved."""

from calendar import monthrange
from datetime import date, datetime, timedelta, timezone
from random import Random
from typing import Final

from schemas.demo.chance import Urn

ZONE: Final = timezone(timedelta(hours=7))
_SUNDAY: Final = 6
_MONTHS: Final = [(2025 + (month - 1) // 12, (month - 1) % 12 + 1) for month in range(5, 23)]

# How much of it lies in each month from May 2025 on.
_SUPPORT: Final = (1, 3, 44, 40, 6, 4, 3, 3, 3, 2, 3, 4, 3, 3, 4, 3, 3, 3)
_CLASSES: Final = (1, 3, 2, 3, 6, 10, 10, 6, 4, 2, 6, 8, 8, 6, 5, 5, 8, 9)
_COURSES: Final = (8, 6, 3, 3, 6, 8, 10, 6, 4, 3, 6, 7, 7, 6, 4, 4, 6, 7)

SUPPORT, CLASSES, COURSES = (
    Urn(list(zip(weights, _MONTHS, strict=True))) for weights in (_SUPPORT, _CLASSES, _COURSES)
)


def day(months: Urn[tuple[int, int]], rnd: Random) -> date:
    """Return a day; few things happen on Sundays."""
    year, month = months.draw(rnd)
    found = date(year, month, rnd.randint(1, monthrange(year, month)[1]))
    return found if found.weekday() != _SUNDAY or found.day == 1 else found - timedelta(days=1)


def at(on: date, rnd: Random, *, first: int = 7, last: int = 16) -> datetime:
    """Return an instant of a day, between two full hours; by default when offices are open."""
    return datetime(
        on.year, on.month, on.day, rnd.randint(first, last), rnd.randint(0, 59), rnd.randint(0, 59), tzinfo=ZONE
    )


def later(moment: datetime, minutes: int) -> datetime:
    """Return an instant some minutes later."""
    return moment + timedelta(minutes=minutes)


def ended(moment: datetime) -> bool:
    """Tell whether an instant lies behind all that happened."""
    return (moment.year, moment.month) > _MONTHS[-1]

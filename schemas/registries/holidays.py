"""Public holidays: days that do not count where something is due within working days."""

from collections.abc import Iterable
from datetime import date
from typing import Final

import msgspec

from schemas.faults import Fault, Refused
from schemas.registries.labels import Labels


class Holiday(msgspec.Struct, frozen=True, omit_defaults=True):
    """A day off; ``source`` says who declared it."""

    day: date
    labels: Labels
    source: str = ""


class Holidays:
    """All holidays; immutable."""

    def __init__(self, holidays: Iterable[Holiday]) -> None:
        """Raise Refused with every day that stands there twice."""
        self.holidays: Final = tuple(holidays)
        self.days: Final = frozenset(each.day for each in self.holidays)
        seen: set[date] = set()
        faults = []
        for row, each in enumerate(self.holidays):
            if each.day in seen:
                faults.append(Fault(f"holidays[{row}].day", "unique", "this day stands here twice"))
            seen.add(each.day)
        if faults:
            raise Refused(faults)

"""Targets: what share of whom a programme is to reach, where, by when, and who says so."""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Final

import msgspec

from schemas.faults import Fault
from schemas.registries.programmes import Programmes
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Units


class Target(msgspec.Struct, frozen=True, omit_defaults=True):
    """A target of a year; ``unit`` is a unit's key, or the code it has on the last day of the year.

    ``group`` is empty for everybody. ``denominator`` counts the people, ``percent`` is how many of them are to be
    reached. ``source`` says where the figures are from.
    """

    programme: str
    unit: str
    year: int
    source: str
    group: str = ""
    denominator: int | None = None
    percent: float | None = None


class Targets:
    """All targets; immutable. One whose programme or unit is not known is kept and never found."""

    def __init__(self, targets: Iterable[Target], units: Units, programmes: Programmes) -> None:
        self.targets: Final = tuple(targets)
        self._units = units
        self._programmes = programmes
        self._found: dict[tuple[str, str, str, int], Target] = {}
        self.faults: Final = tuple(self._index())

    def _index(self) -> Iterator[Fault]:
        for row, each in enumerate(self.targets):
            programme, unit = self._programmes.find(each.programme), self._unit(each)
            if programme is None:
                yield Fault(f"targets[{row}].programme", "unknown", "no programme has this code or name")
            if unit is None:
                yield Fault(f"targets[{row}].unit", "unknown", "no unit has this code in that year, or this key")
            if programme is None or unit is None:
                continue
            if self._found.setdefault((programme.code, unit.key, each.group, each.year), each) is not each:
                yield Fault(f"targets[{row}]", "unique", "there is another target for the same")

    def _unit(self, target: Target) -> Unit | None:
        if "@" in target.unit:
            return self._units.get(target.unit)
        return self._units.find(target.unit, date(target.year, 12, 31))

    def find(self, programme: str, unit: Unit | str, year: int, group: str = "") -> Target | None:
        """Return the target for a programme in a unit, or in the same unit under an earlier or later name; or None."""
        known = unit if isinstance(unit, Unit) else self._units.get(unit)
        code = found.code if (found := self._programmes.find(programme)) else programme
        for each in () if known is None else (known, *self._units.same(known)):
            if (target := self._found.get((code, each.key, group, year))) is not None:
                return target
        return None

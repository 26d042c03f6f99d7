"""Which unit of a day training records belong to, with what was decided on units that were split."""

from collections.abc import Callable
from datetime import date
from functools import cached_property
from typing import TypeGuard

from lrs.store.record_pages import Record
from schemas.registries.assignments import Assignments
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Place, Units, Unmapped


class UnitPlaces:
    """Where records belong on a day; decisions on split units are read once, and where one of them is asked for."""

    def __init__(self, units: Units, at: date, read: Callable[[], Assignments]) -> None:
        self.at = at
        self._units = units
        self._read = read

    @cached_property
    def _decided(self) -> Assignments:
        return self._read()

    def of(self, record: Record) -> Place | None:
        """Return the unit that a record belongs to, or why it is in none; None where no unit is known."""
        key = record.standing.unit
        if not key:
            return None
        place = self._units.as_of(key, self.at)
        if not _is_split(place):
            return place
        return self._units.as_of(key, self.at, self._decided.of(record.key.hex(), str(record.learner)))

    def keys(self, wanted: Unit) -> tuple[str, ...]:
        """Return the keys of all units whose records belong to one."""
        return tuple(each.key for each in self._units.units if self._units.as_of(each, self.at) == wanted)

    def divided(self, wanted: Unit) -> tuple[str, ...]:
        """Return the keys of the split units of whose records some may belong to one, by what was decided."""
        places = {each.key: self._units.as_of(each, self.at) for each in self._units.units}
        return tuple(key for key, place in places.items() if _is_split(place) and self._leads(place, wanted))

    def _leads(self, split: Unmapped, wanted: Unit) -> bool:
        places = {key: self._units.as_of(key, self.at) for key in split.options}
        ways = {key for key, place in places.items() if place == wanted or _is_split(place)}
        return bool(ways) and any(each.unit == split.unit and each.to in ways for each in self._decided.decisions)


def _is_split(place: Place) -> TypeGuard[Unmapped]:
    return isinstance(place, Unmapped) and place.reason == "split"

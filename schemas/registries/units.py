"""Administrative units in time.

Codes are used again and names are not unique: a unit is a code since a day. Its key is both, ``25195@2025-07-01``;
``25195@`` for one without a known beginning. The day on which it ends is the first on which it is no more. Links say
what became of a unit on the day it ended. What they do not decide is never guessed.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Final, Literal, NamedTuple

from schemas.faults import Refused
from schemas.registries.folding import Word, matches, sort_key, words
from schemas.registries.unit_rows import Link, Unit
from schemas.registries.unit_rules import faults_of

Reason = Literal["split", "back", "ended", "unknown"]

_BETWEEN: Final = "Units of that day lie within this one: choose one of these, or the one around them all."
_REMEMBERED: Final = 200_000
_NOTHING: Final[Mapping[str, str]] = MappingProxyType({})


class Unmapped(NamedTuple):
    """Why a unit has no place on a day.

    ``unit`` is the key where the way ends, ``options`` the keys it might have gone on to. The reasons: ``split``
    between units, and no decision between them; ``back``: it was made of several, or of a part; ``ended`` without a
    successor; ``unknown`` to the registry.
    """

    unit: str
    reason: Reason
    options: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """Return it as reports write it: ``26449 → 26359/26446``; forwards or back, the codes it may be."""
        code, *others = (key.partition("@")[0] for key in (self.unit, *self.options))
        return f"{code} {'←' if self.reason == 'back' else '→'} {'/'.join(others) or '?'}"


Place = Unit | Unmapped


class Units:
    """All units of a registry and what became of them; immutable."""

    def __init__(self, units: Iterable[Unit], links: Iterable[Link] = ()) -> None:
        """Raise Refused with every row that contradicts another."""
        self.units: Final = tuple(units)
        self.links: Final = tuple(links)
        if faults := faults_of(self.units, self.links):
            raise Refused(faults)
        self._by_key = {unit.key: unit for unit in self.units}
        self._by_code: dict[str, list[Unit]] = defaultdict(list)
        for unit in sorted(self.units, key=lambda unit: unit.begins):
            self._by_code[unit.code].append(unit)
        self._after: dict[str, list[tuple[Link, Unit]]] = defaultdict(list)
        self._before: dict[str, list[tuple[Link, Unit]]] = defaultdict(list)
        self._connect()
        self._placed: dict[tuple[str, date], Place] = {}
        self._keys: dict[tuple[str, date], str] = {}
        self._sort_keys: dict[str, str] = {}
        self._words: dict[str, tuple[Word, ...]] = {}

    def _connect(self) -> None:
        ending = {(unit.code, unit.ends): unit for unit in self.units}
        for link in self.links:
            old, new = ending[link.old_code, link.effective], self._by_key[f"{link.new_code}@{link.effective}"]
            self._after[old.key].append((link, new))
            self._before[new.key].append((link, old))

    def __len__(self) -> int:
        """Return the number of units at all times."""
        return len(self.units)

    def get(self, key: str) -> Unit | None:
        """Return the unit with this key; ``CODE@DAY`` with any day of a unit names it, too."""
        if (unit := self._by_key.get(key)) is not None:
            return unit
        code, _, day = key.partition("@")
        try:
            return self.find(code, date.fromisoformat(day))
        except ValueError:
            return None

    def find(self, code: str, at: date) -> Unit | None:
        """Return the unit that has this code on a day, or None."""
        versions = self._by_code.get(code, [])
        place = bisect_right(versions, at, key=lambda unit: unit.begins) - 1
        return versions[place] if place >= 0 and versions[place].holds(at) else None

    def key_of(self, code: str, at: date) -> str:
        """Return the key of the unit that has this code on a day, "" where there is none."""
        if (known := self._keys.get((code, at))) is None:
            if len(self._keys) >= _REMEMBERED:
                self._keys.clear()
            unit = self.find(code, at)
            known = self._keys[code, at] = unit.key if unit else ""
        return known

    def at(self, day: date) -> list[Unit]:
        """Return the units of a day, in the order of the registry."""
        return [unit for unit in self.units if unit.holds(day)]

    def around(self, day: date) -> Unit | None:
        """Return the one unit of a day that lies within no other; None where there are several, or none."""
        found = [unit for unit in self.at(day) if not unit.parent]
        return found[0] if len(found) == 1 else None

    def is_everything(self, unit: Unit, day: date) -> bool:
        """Tell whether a unit is the one around all others of a day; raise Refused for one that is around some."""
        if not any(each.parent == unit.code for each in self.at(day)):
            return False
        if unit != self.around(day):
            raise Refused.at("unit", "between", _BETWEEN)
        return True

    def before(self, unit: Unit) -> Sequence[tuple[Link, Unit]]:
        """Return what it was made of."""
        return tuple(self._before.get(unit.key, ()))

    def after(self, unit: Unit) -> Sequence[tuple[Link, Unit]]:
        """Return what became of it."""
        return tuple(self._after.get(unit.key, ()))

    def as_of(self, unit: Unit | str, at: date, assigned: Mapping[str, str] = _NOTHING) -> Place:
        """Return the unit of a day to which what was recorded for ``unit``, or its key, belongs; or why none.

        ``assigned`` are decisions on split units, by key: to which of its successors what is asked for belongs.
        """
        found = self._place(unit if isinstance(unit, str) else unit.key, at)
        while isinstance(found, Unmapped) and found.reason == "split" and assigned.get(found.unit) in found.options:
            found = self._place(assigned[found.unit], at)
        return found

    def _place(self, key: str, at: date) -> Place:
        known = self._placed.get((key, at))
        if known is None:
            if len(self._placed) >= _REMEMBERED:
                self._placed.clear()
            known = self._placed[key, at] = self._walked(key, at)
        return known

    def _walked(self, key: str, at: date) -> Place:
        found: Place = self.get(key) or Unmapped(key, "unknown")
        while isinstance(found, Unit) and not found.holds(at):
            found = self._back(found) if at < found.begins else self._on(found)
        return found

    def _on(self, unit: Unit) -> Place:
        links = self._after.get(unit.key, ())
        if not links:
            return Unmapped(unit.key, "ended")
        if any(link.extent == "part" for link, _ in links):
            return Unmapped(unit.key, "split", tuple(new.key for _, new in links))
        return links[0][1]

    def _back(self, unit: Unit) -> Place:
        links = self._before.get(unit.key, ())
        if len(links) == 1 and links[0][0].extent != "part":
            return links[0][1]
        return Unmapped(unit.key, "back", tuple(old.key for _, old in links))

    def same(self, unit: Unit) -> list[Unit]:
        """Return the units of the same area before and after it, and itself, in the order of time."""
        earlier, later = [unit], [unit]
        while step := self._same(self._before, earlier[0]):
            earlier.insert(0, step)
        while step := self._same(self._after, later[-1]):
            later.append(step)
        return earlier + later[1:]

    @staticmethod
    def _same(links: Mapping[str, list[tuple[Link, Unit]]], unit: Unit) -> Unit | None:
        found = [other for link, other in links.get(unit.key, ()) if link.extent in {"unchanged", "renamed"}]
        return found[0] if found else None

    def search(self, text: str, among: Iterable[Unit] | None = None) -> list[Unit]:
        """Return the units whose name has these words, or whose code begins with the text; without words, none.

        Diacritics count in the words that have them; "Hòa" and "Hoà" are the same.
        """
        asked = words(text)
        if not asked:
            return []
        code = text.strip()
        return [
            unit
            for unit in (self.units if among is None else among)
            if unit.code.startswith(code) or matches(asked, self._words_of(unit))
        ]

    def sorted_by_name(self, among: Iterable[Unit] | None = None) -> list[Unit]:
        """Return units in Vietnamese order of their names without the words for their kinds."""
        return sorted(self.units if among is None else among, key=self.place_by_name)

    def place_by_name(self, unit: Unit) -> str:
        """Return the unit's place in the order by name, as a text to compare; no two have the same."""
        if (known := self._sort_keys.get(unit.key)) is None:
            known = self._sort_keys[unit.key] = f"{sort_key(unit.bare)}\0{unit.key}"
        return known

    def _words_of(self, unit: Unit) -> tuple[Word, ...]:
        if (known := self._words.get(unit.name)) is None:
            known = self._words[unit.name] = words(unit.name)
        return known

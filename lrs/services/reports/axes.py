"""The axes of reports: units in time, periods, programmes that nest, groups, and plain words."""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cache
from typing import Any, Final, Literal

from lrs.services.reports.cube import Axis, Parts, Row
from schemas.registries.labels import label_of
from schemas.registries.programmes import Programmes
from schemas.registries.unit_rows import Unit
from schemas.registries.units import Units
from schemas.training.lattice import ALL, Steps
from schemas.training.terms import UNKNOWN

NONE: Final = "none"
"""The programme of what serves none."""
PERIODS: Final = ("year", "quarter", "month")
_THEN: Final = "\x1f"
"""Stands between the places of a unit on one day and on an earlier one."""
_MONTHS: Final = 3


def _then(path: str) -> str:
    """Return where a path of places, the latest first, has begun."""
    return path.rpartition(_THEN)[2]


def _nothing(_: str) -> tuple[str, ...]:
    return ()


def _to_all(_: str) -> tuple[str, ...]:
    return (ALL,)


def flat(  # noqa: PLR0913 - what an axis is
    name: str,
    *,
    field: str | None = None,
    known: Iterable[str] = (),
    within: Callable[[Row], bool] | None = None,
    listed: bool,
    chosen: str | None = None,
    show: Callable[[str], Any] = str,
    is_known: Callable[[str], Any] = bool,
    means: Callable[[str], str] = str,
) -> Axis:
    """Return the axis of a word, or of several, that rows have in ``field``; "unknown" where they have none.

    ``known`` are all words there are, where readers know them. Rows that are not ``within`` have no value at all.
    ``means`` gives the value that a word stands for.
    """
    words = tuple(known)
    dim = field or name

    def values(row: Row) -> Sequence[Collection[str]]:
        if within is not None and not within(row):
            return ((),)
        found = row.dims.get(dim)
        if found is None or found == "":
            return _UNKNOWN
        return (found,) if isinstance(found, list | tuple) else ((means(str(found)),),)

    down = (lambda value: words if value == ALL else ()) if words and within is None else _nothing
    return Axis(name, values, Steps(_to_all, down), 1, listed, chosen or ALL, _is(chosen), show, is_known)


_UNKNOWN: Final = ((UNKNOWN,),)


def _is(chosen: str | None) -> Callable[[str], bool]:
    return bool if chosen is None else chosen.__eq__


def nested(
    name: str, chain: Sequence[Callable[[Row], bool]], names: Sequence[str], *, listed: bool, chosen: str | None
) -> Axis:
    """Return the axis of names each of which lies within the one before it: rows are in as many as hold for them."""

    def values(row: Row) -> Sequence[Collection[str]]:
        return [(each,) if holds(row) else () for each, holds in zip(names, chain, strict=True)]

    above = {each: (ALL, *names)[place] for place, each in enumerate(names)}
    return Axis(
        name, values, Steps(lambda value: (above[value],), _nothing), len(names), listed, chosen or ALL, _is(chosen)
    )


def period(*, listed: str | None, chosen: str | None, years: Iterable[str]) -> Axis:
    """Return the axis of years, quarters and months down to what is listed or chosen; see ``PERIODS``."""
    depth = max(PERIODS.index(each) + 1 for each in (listed, chosen and kind_of(chosen)) if each)
    known = tuple(years)

    @cache
    def of_month(month: str) -> Sequence[Collection[str]]:
        return [(each,) for each in (month[:4], quarter_of(month), month)[:depth]]

    def values(row: Row) -> Sequence[Collection[str]]:
        return of_month(row.month)

    def down(value: str) -> Iterable[str]:
        return known if value == ALL else _parts(value)

    def lies_within(value: str) -> bool:
        return chosen is None or chosen in {value, value[:4], quarter_of(value)}

    return Axis(listed or "period", values, Steps(_above, down), depth, listed is not None, chosen or ALL, lies_within)


def plain_period(listed: str) -> Axis:
    """Return the axis of the years, the quarters or the months that rows are in, and of nothing coarser."""
    place = PERIODS.index(listed)

    def values(row: Row) -> Sequence[Collection[str]]:
        return (((row.month[:4], quarter_of(row.month), row.month)[place],),)

    return Axis(listed, values, Steps(_to_all, _nothing))


def kind_of(value: str) -> Literal["year", "quarter", "month"]:
    """Tell what a period is: ``2025``, ``2025-Q3`` or ``2025-07``."""
    return "year" if "-" not in value else "quarter" if "Q" in value else "month"


def quarter_of(value: str) -> str:
    """Return the quarter of a month; anything else as it is."""
    if "-" not in value or "Q" in value:
        return value
    return f"{value[:4]}-Q{(int(value[5:]) - 1) // _MONTHS + 1}"


def months_of(value: str) -> tuple[str, str]:
    """Return the first and the last month of a period."""
    if kind_of(value) == "year":
        return f"{value}-01", f"{value}-12"
    return (value, value) if kind_of(value) == "month" else (_parts(value)[0], _parts(value)[-1])


def _parts(value: str) -> Sequence[str]:
    if kind_of(value) == "year":
        return [f"{value}-Q{place}" for place in (1, 2, 3, 4)]
    first = (int(value[-1]) - 1) * _MONTHS
    return [f"{value[:4]}-{first + place:02}" for place in (1, 2, 3)] if kind_of(value) == "quarter" else ()


def _above(value: str) -> tuple[str, ...]:
    return (ALL if "-" not in value else value[:4] if "Q" in value else quarter_of(value),)


def programme(programmes: Programmes, *, listed: bool, chosen: str | None) -> Axis:
    """Return the axis of programmes: what serves one serves all that it is a part of, too."""
    served: dict[tuple[str, ...], tuple[str, ...]] = {}

    def values(row: Row) -> Sequence[Collection[str]]:
        names = tuple(row.dims.get("programmes") or ())
        if names not in served:
            codes = {above for code in programmes.codes(names) for above in programmes.above(code)}
            served[names] = tuple(codes) or (NONE,)
        return (served[names],)

    def up(code: str) -> tuple[str, ...]:
        above = programmes.above(code) - {code}
        # The nearest only: what lies above one of the others is reached through it.
        return tuple(sorted(each for each in above if not any(each in programmes.above(o) - {o} for o in above))) or (
            ALL,
        )

    known = [each.code for each in programmes.programmes if not each.within]

    def down(code: str) -> Iterable[str]:
        return (*known, NONE) if code == ALL else ()

    def known_code(code: str) -> bool:
        return code == NONE or programmes.find(code) is not None

    def show(code: str) -> dict[str, str | None]:
        found = programmes.find(code)
        return {"code": code, "label": label_of(found) if found else None}

    return Axis("programme", values, Steps(up, down), 1, listed, chosen or ALL, _is(chosen), show, known_code)


class UnitAxis:
    """Makes the axis of units: where what was recorded lies on a day.

    With all its levels it leads from the units of that day through those of every later change to ``ALL``, so that no
    figure of an old unit tells of what it became a part of. Where decisions divide the people of a unit between later
    ones, its parts are what lies within these. What has no unit on a day stands under a label.
    """

    def __init__(self, units: Units, at: date, *, levels: bool) -> None:
        self._units = units
        turns = {
            day for unit in units.units for day in (unit.valid_from, unit.valid_to) if day is not None and day > at
        }
        self._days = [*sorted(turns, reverse=True), at] if levels else [at]
        self._at = at
        self._paths: dict[tuple[str, str | None], tuple[str, ...]] = {}
        self._known: dict[tuple[str, str | None], Sequence[Collection[str]]] = {}
        self._below: dict[str, list[str]] = {}

    def axis(self, *, listed: bool, chosen: str | None) -> Axis:
        """Return the axis; ``chosen`` is a value of ``value_of``."""
        steps, depth = Steps(lambda value: (value.rpartition(_THEN)[0],), self._down), len(self._days)
        parts = Parts(self._values, _then, self._known_parts) if depth > 1 else None
        values = self._then if parts else self._values
        return Axis("unit", values, steps, depth, listed, chosen or ALL, _is(chosen), self.show, parts=parts)

    def value_of(self, unit: Unit) -> str:
        """Return the value that stands for a unit of the day."""
        return unit.key

    def unit_of(self, value: str) -> Unit | None:
        """Return the unit that a value stands for; None for a label."""
        return self._units.get(value) if "@" in value else None

    def is_split(self, key: str) -> bool:
        """Tell whether what was recorded in a unit is in none of a day that is told of, unless somebody decided."""
        return bool(key) and any(not isinstance(self._units.as_of(key, day), Unit) for day in self._days)

    def show(self, value: str) -> dict[str, str | None]:
        """Return what readers see: the unit, or the label of what has none."""
        unit = self.unit_of(value)
        if unit is None:
            return {"key": None, "code": None, "name": value}
        return {"key": unit.key, "code": unit.code, "name": unit.name}

    def _known_parts(self, value: str) -> Iterable[str]:
        return (self._path(value, None)[-1],) if self.unit_of(value) else ()

    def _then(self, row: Row) -> Sequence[Collection[str]]:
        return [[_then(each) for each in self._values(row)[-1]]]

    def _values(self, row: Row) -> Sequence[Collection[str]]:
        place = row.dims.get("unit") or "", row.dims.get("assigned")
        if (values := self._known.get(place)) is None:
            values = self._known[place] = [(each,) for each in self._path(*place)]
        return values

    def _path(self, key: str, assigned: str | None) -> tuple[str, ...]:
        path = self._paths.get((key, assigned))
        if path is None:
            decided: Mapping[str, str] = {key: assigned} if assigned else {}
            labels = [self._label(key, day, decided) for day in self._days]
            path = tuple([_THEN.join(labels[: place + 1]) for place in range(len(labels))])
            self._paths[key, assigned] = path
        return path

    def _label(self, key: str, day: date, decided: Mapping[str, str]) -> str:
        if not key:
            return UNKNOWN
        found = self._units.as_of(key, day, decided)
        return found.key if isinstance(found, Unit) else found.label

    def _down(self, value: str) -> Iterable[str]:
        if not self._below:
            below: dict[str, list[str]] = defaultdict(list)
            for unit in self._units.at(self._at):
                above = ALL
                for each in self._path(unit.key, None):
                    if each not in below[above]:
                        below[above].append(each)
                    above = each
            self._below = below
        return self._below.get(value, ())

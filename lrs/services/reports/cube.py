"""Persons counted along axes: the figures of a report, and those that decide which of them may be shown.

Sets of people are united before they are counted, so whoever is in several cells is one person in every figure.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any, Final, NamedTuple

from pyroaring import BitMap

from lrs.errors import BadRequest
from schemas.faults import Fault
from schemas.training.lattice import ALL, Point, Steps
from schemas.training.suppression import Figure, Publication

MOST_POINTS: Final = 250_000
"""Figures that one question may need, of a caller for whom it is decided which are told."""
MOST_LINES: Final = 50_000
"""Lines that an answer may have."""
_REST: Final = "\0"
"""Ends a value that stands for all of the next coarser one that has no value of its own; nobody is shown it."""

Levels = tuple[int, ...]
_Table = dict[Point, BitMap]
_Placed = Sequence[Sequence[Collection[str]]]
"""The values of a row on each axis."""


class Row(NamedTuple):
    """People who have something in common, and sums over what they did."""

    month: str
    dims: Mapping[str, Any]
    learners: BitMap
    statements: int = 0
    seconds: int = 0


class Parts(NamedTuple):
    """What is decided on in place of the values that readers know, where these do not lie within coarser ones.

    ``values`` returns the parts that a row is in, level by level, as those of an axis. ``whole`` returns the value that
    a part of the finest level is of, ``known`` the parts of a value of which readers know.
    """

    values: Callable[[Row], Sequence[Collection[str]]]
    whole: Callable[[str], str]
    known: Callable[[str], Iterable[str]]


@dataclass(frozen=True)
class Axis:
    """One thing that a report is broken down by, or that is chosen.

    ``values`` returns those of a row, one collection for each of ``depth`` levels, from coarse to fine; only on the
    finest of an axis with one level there may be several. With ``parts``, it returns one collection in any case, and
    ``steps`` and ``depth`` are those of the parts. ``total`` is what is chosen, ``chosen`` tells which values lie
    within that. ``show`` makes of a value what readers see.
    """

    name: str
    values: Callable[[Row], Sequence[Collection[str]]]
    steps: Steps
    depth: int = 1
    listed: bool = True
    total: str = ALL
    chosen: Callable[[str], bool] = bool
    show: Callable[[str], Any] = str
    known: Callable[[str], Any] = bool
    parts: Parts | None = None


class Line(NamedTuple):
    """A figure of a report; ``values`` by the names of the axes that it is broken down by."""

    values: dict[str, str]
    figure: Figure
    statements: int
    seconds: int


class _Sum:
    """What is united for one line."""

    __slots__ = ("found", "seconds", "statements")

    def __init__(self) -> None:
        self.found: list[BitMap] = []
        self.statements = 0
        self.seconds = 0

    def add(self, row: Row) -> None:
        self.found.append(row.learners)
        self.statements += row.statements
        self.seconds += row.seconds


class Cube:
    """The figures of one question. With a ``k``, only what the rule of suppression lets through is told.

    Of a value with several parts, the figure is told where that of each part might be, and their sum is no other: so it
    tells nothing that these would not. Else all of it is hidden.
    """

    def __init__(self, axes: Sequence[Axis], rows: Iterable[Row], k: int | None) -> None:
        self._axes = axes
        self._lines: dict[Point, _Sum] = defaultdict(_Sum)
        self._total = _Sum()
        self._choices = [(place, axis.total) for place, axis in enumerate(axes) if axis.total != ALL]
        self._k = k or 0
        self._divided = [(place, axis.parts) for place, axis in enumerate(axes) if axis.parts] if k else []
        self._parts: dict[int, dict[str, set[str]]] = {place: defaultdict(set) for place, _ in self._divided}
        placed = []
        for row in rows:
            levels = [axis.values(row) for axis in axes]
            self._add(row, levels)
            placed.append((row.learners, self._divide(row, levels)))
        self._publication = None if k is None else _published(axes, placed, k)

    def _divide(self, row: Row, levels: list[Sequence[Collection[str]]]) -> _Placed:
        """Return the values of a row with the parts that it is in, and remember these."""
        for place, parts in self._divided:
            levels[place] = parts.values(row)
            for part in levels[place][-1]:
                self._parts[place][parts.whole(part)].add(part)
        return levels

    def _add(self, row: Row, levels: _Placed) -> None:
        # A choice that is not listed does not break down: a row is in it, whatever else it is in.
        if all(any(total in each for each in levels[place]) for place, total in self._choices):
            self._total.add(row)
        finest = [list(filter(axis.chosen, found[-1])) for axis, found in zip(self._axes, levels, strict=True)]
        for point in product(*finest):
            self._lines[point].add(row)
            bounded(len(self._lines))

    def lines(self) -> Iterator[Line]:
        """Yield a line for every point somebody is in, and for those that are hidden beside them; in no order."""
        points = set(self._lines)
        if self._publication is not None:
            points.update(self._whole(point) for point in self._publication.hidden() if self._asked(point))
        for point in points:
            line = self._line(point, self._lines.get(point) or _Sum())
            if line.figure.reason is None or all(axis.known(v) for axis, v in zip(self._axes, point, strict=True)):
                yield line

    def line(self, values: Mapping[str, str]) -> Line:
        """Return the line with these values of the axes that are listed."""
        point = tuple([values[axis.name] if axis.listed else axis.total for axis in self._axes])
        return self._line(point, self._lines.get(point) or _Sum())

    def total(self) -> Line:
        """Return the line of all that was chosen."""
        point = tuple([axis.total for axis in self._axes])
        return self._line(point, self._total)

    def total_of(self, name: str, value: str) -> Line:
        """Return the line of all that was chosen, with this value of an axis that is listed."""
        place = next(place for place, axis in enumerate(self._axes) if axis.name == name)
        point = tuple([value if axis.name == name else axis.total for axis in self._axes])
        held = _Sum()
        for each, found in self._lines.items():
            if each[place] == value:
                held.found += found.found
                held.statements += found.statements
                held.seconds += found.seconds
        return self._line(point, held)

    def people(self) -> BitMap:
        """Return everybody who is counted in the total."""
        return _united(self._total.found)

    def _asked(self, point: Point) -> bool:
        return all(
            value != ALL and axis.chosen(_whole(axis, value)) and _level(axis, value) == axis.depth
            for axis, value in zip(self._axes, point, strict=True)
        )

    def _whole(self, point: Point) -> Point:
        """Return the point as readers know it."""
        if not self._divided:
            return point
        return tuple([_whole(axis, value) for axis, value in zip(self._axes, point, strict=True)])

    def _line(self, point: Point, held: _Sum) -> Line:
        named = {axis.name: value for axis, value in zip(self._axes, point, strict=True) if axis.listed}
        return Line(named, self._figure(point, held), held.statements, held.seconds)

    def _figure(self, point: Point, held: _Sum) -> Figure:
        """Return what may be told of a point as readers know it."""
        if self._publication is None:
            return Figure(len(_united(held.found)))
        figures = [self._publication.figure(each) for each in self._points(point)]
        if len(figures) == 1:
            return figures[0]
        people = len(_united(held.found))
        if all(each.reason is None for each in figures) and sum(each.number or 0 for each in figures) == people:
            return Figure(people)
        return Figure(None, "small" if people < self._k else "complement")

    def _points(self, point: Point) -> Iterable[Point]:
        """Return the points that make up one as readers know it."""
        if not self._divided:
            return (point,)
        values: list[Collection[str]] = [(value,) for value in point]
        for place, parts in self._divided:
            if (value := point[place]) != ALL:
                values[place] = self._parts[place].get(value, set()).union(parts.known(value)) or (value,)
        return product(*values)


def _whole(axis: Axis, value: str) -> str:
    """Return what readers know a value by."""
    return value if axis.parts is None or value == ALL else axis.parts.whole(value)


def _level(axis: Axis, value: str) -> int:
    """Return how many steps lead from a value up to ALL, of an axis with several levels."""
    if axis.depth == 1:
        return 1
    level = 0
    while value != ALL:
        value = next(iter(axis.steps.up(value)))
        level += 1
    return level


def _published(axes: Sequence[Axis], placed: Iterable[tuple[BitMap, _Placed]], k: int) -> Publication:
    """Decide on every point on the axes that are asked for, and on all coarser ones."""
    tables = _tables(axes, placed)
    sizes = (
        {point: len(found) for point, found in tables[levels].items() if not any(v[-1:] == _REST for v in point)}
        for levels in sorted(tables, key=lambda levels: (sum(levels), levels))
    )
    return Publication([axis.steps for axis in axes], sizes, k)


def _tables(axes: Sequence[Axis], placed: Iterable[tuple[BitMap, _Placed]]) -> dict[Levels, _Table]:
    """Return who is in each point, in tables by the levels of the axes."""
    finest = tuple(axis.depth for axis in axes)
    gathered: dict[Point, list[BitMap]] = defaultdict(list)
    for learners, values in placed:
        for point in product(*map(_finest, values)):
            gathered[point].append(learners)
        if len(gathered) > MOST_POINTS:
            raise BadRequest("This needs too many figures", [_TOO_MANY])
    tables = {finest: {point: _united(found) for point, found in gathered.items()}}
    vectors = product(*[range(depth, -1, -1) for depth in finest])
    points = 0
    for levels in vectors:
        if levels not in tables:
            tables[levels] = _rolled(axes, tables, levels, finest)
        points += len(tables[levels])
        if points > MOST_POINTS:
            raise BadRequest("This needs too many figures", [_TOO_MANY])
    return tables


_TOO_MANY: Final = Fault("by", "limit", f"ask for fewer things at once: {MOST_POINTS} figures are the most")


def bounded(lines: int) -> None:
    """Raise BadRequest for more lines than an answer may have."""
    if lines > MOST_LINES:
        raise BadRequest("This answer would be too long", [_TOO_LONG])


_TOO_LONG: Final = Fault("by", "limit", f"ask for fewer things at once, or for a part: {MOST_LINES} lines are the most")


def _finest(levels: Sequence[Collection[str]]) -> Collection[str]:
    """Return the finest values, or what stands for having none."""
    if levels[-1]:
        return levels[-1]
    value = ALL
    for found in levels:
        value = next(iter(found), value + _REST)
    return [value]


def _rolled(axes: Sequence[Axis], tables: Mapping[Levels, _Table], levels: Levels, finest: Levels) -> _Table:
    """Return a table from the smallest of those that are finer on one axis only."""
    finer = {
        place: tables[*levels[:place], level + 1, *levels[place + 1 :]]
        for place, level in enumerate(levels)
        if level < finest[place]
    }
    place = min(finer, key=lambda place: len(finer[place]))
    gathered: dict[Point, list[BitMap]] = defaultdict(list)
    up = axes[place].steps.up
    ups: dict[str, str] = {}
    for point, found in finer[place].items():
        value = point[place]
        if value not in ups:
            ups[value] = _up(value, levels[place], up)
        gathered[point[:place] + (ups[value],) + point[place + 1 :]].append(found)  # noqa: RUF005 - twice as fast
    return {point: _united(found) for point, found in gathered.items()}


def _up(value: str, level: int, up: Callable[[str], Iterable[str]]) -> str:
    if level == 0:
        return ALL
    return value[:-1] if value.endswith(_REST) else next(iter(up(value)))


def _united(found: Sequence[BitMap]) -> BitMap:
    return found[0] if len(found) == 1 else BitMap.union(*found) if found else BitMap()

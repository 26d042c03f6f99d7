"""Points on axes whose values lie within others, as numbers: in the order of the points, and with sums for steps.

Thousands of points are decided on for one report, each by what is above and beside it: with numbers that takes half
the time.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

ALL: Final = ""
"""The whole of an axis."""

Point: TypeAlias = tuple[str, ...]
Number: TypeAlias = int
"""Stands for a point."""
Family: TypeAlias = int
"""Stands for a parent and an axis: for the points that lie right below it on that axis."""


class Steps(NamedTuple):
    """How the values of an axis lie within each other.

    ``up`` returns the next coarser values of a value, at least one, up to ``ALL``; ``down`` the values that readers
    know to lie right below one and to make it up, none where they do not know all of it.
    """

    up: Callable[[str], Iterable[str]]
    down: Callable[[str], Iterable[str]]


class _Axis(NamedTuple):
    """The values of an axis in order, ``places`` among them by value, and how far the numbers of neighbours lie apart.

    By the place of a value, ``ups`` and ``downs`` are what leads from a number to those above it, and to those that are
    known to make it up, and ``parts`` the places of all values that lie right below it.
    """

    values: list[str]
    places: dict[str, int]
    stride: int
    ups: list[tuple[int, ...]]
    downs: list[tuple[int, ...]]
    parts: list[list[int]]


class Lattice:
    """Numbers for all points of which each value is one of ``values`` on its axis, or above or below one."""

    def __init__(self, steps: Sequence[Steps], values: Iterable[Iterable[str]]) -> None:
        axes: list[_Axis] = []
        stride = 1
        for each, found in reversed(list(zip(steps, values, strict=True))):
            axes.insert(0, _laid(each, found, stride))
            stride *= len(axes[0].values)
        self._axes = axes
        self._steps = steps
        self._span = stride

    def number(self, point: Point) -> Number | None:
        """Return the number of a point, None for one that has none."""
        found = 0
        for axis, value in zip(self._axes, point, strict=True):
            if (place := axis.places.get(value)) is None:
                return None
            found += place * axis.stride
        return found

    def point(self, number: Number) -> Point:
        """Return the point that a number stands for."""
        return tuple([axis.values[number // axis.stride % len(axis.values)] for axis in self._axes])

    def parents(self, point: Point) -> Iterator[Point]:
        """Yield the parents of a point, which needs no number."""
        for axis, value in enumerate(point):
            if value != ALL:
                for up in self._steps[axis].up(value):
                    yield (*point[:axis], up, *point[axis + 1 :])

    def families(self, number: Number) -> list[Family]:
        """Return the families that a point is in, one for each of its parents, axis by axis."""
        found, rest, base = [], number, number
        for axis in self._axes:
            place, rest = divmod(rest, axis.stride)
            found += [base + up for up in axis.ups[place]]
            base += self._span
        return found

    def parent(self, family: Family) -> Number:
        """Return the parent of a family."""
        return family % self._span

    def below(self, family: Family) -> Iterator[Number]:
        """Yield the points that readers know to make up the parent of a family, in their order."""
        place, parent = divmod(family, self._span)
        axis = self._axes[place]
        for down in axis.downs[parent // axis.stride % len(axis.values)]:
            yield parent + down

    def blocks(self, number: Number) -> Iterator["Block"]:
        """Yield the tables of two axes that a point is in."""
        above, rest = [], number
        for place, axis in enumerate(self._axes):
            value, rest = divmod(rest, axis.stride)
            above += [(place, up) for up in axis.ups[value]]
        for begin, (one, up) in enumerate(above):
            for other, over in above[begin + 1 :]:
                if one != other:
                    yield one, other, number + up + over

    def columns(self, block: "Block") -> Iterator[tuple[int, Family]]:
        """Yield the columns of a table of two axes, each with the family of points that are in it."""
        one, other, corner = block
        axis = self._axes[other]
        value = corner // axis.stride % len(axis.values)
        for place in axis.parts[value]:
            yield _COLUMNS + place, one * self._span + corner + (place - value) * axis.stride

    def row(self, block: "Block", number: Number) -> int:
        """Return the row that a point is in, of a table of two axes."""
        axis = self._axes[block[0]]
        return number // axis.stride % len(axis.values)

    def margin(self, block: "Block", node: int) -> Number:
        """Return the total of a row or column of a table of two axes."""
        one, other, corner = block
        axis, value = (self._axes[one], node) if node < _COLUMNS else (self._axes[other], node - _COLUMNS)
        return corner + (value - corner // axis.stride % len(axis.values)) * axis.stride


Block: TypeAlias = tuple[int, int, Number]
"""A table of two axes, by them, and by the point above it on both."""
Edge: TypeAlias = tuple[int, int]
"""A row and a column of such a table."""

_COLUMNS: Final = 1 << 32
TOTAL: Final[Edge] = (_COLUMNS << 1, (_COLUMNS << 1) + 1)
"""The row and the column of totals."""


def _laid(steps: Steps, found: Iterable[str], stride: int) -> _Axis:
    ups: dict[str, tuple[str, ...]] = {ALL: ()}
    downs: dict[str, tuple[str, ...]] = {}
    waiting = {ALL, *found}
    while waiting:
        value = waiting.pop()
        if value != ALL:
            ups[value] = tuple(steps.up(value))
        downs[value] = tuple(sorted(steps.down(value)))
        waiting.update(each for each in (*ups[value], *downs[value]) if each not in downs)
    values = sorted(downs)
    places = {value: place for place, value in enumerate(values)}

    def led(to: dict[str, tuple[str, ...]]) -> list[tuple[int, ...]]:
        return [tuple([(places[each] - place) * stride for each in to[value]]) for value, place in places.items()]

    parts: list[list[int]] = [[] for _ in values]
    for place, value in enumerate(values):
        for up in ups[value]:
            parts[places[up]].append(place)
    return _Axis(values, places, stride, led(ups), led(downs), parts)

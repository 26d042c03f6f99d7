"""Which figures may be shown to those who may not see records.

A *point* is what can be asked for: a value, or ``ALL``, on each axis (unit, period, programme, group, band ...). Its
figure counts the people in it. On every axis values lie within others, a month within its quarter, and everything
within ``ALL``. The next coarser point on one axis is a *parent*; the points right below a parent on one axis are a
*family*.

A point is shown if, and only if,

1. it counts at least ``k`` people, and every coarser point that is shown counts as many, or at least ``k`` more;
2. no family needs it as a complement. Of a family below a shown parent either all is shown, or two points or more are
   hidden; together they count at least ``k``, and so does the parent less what is shown; and no small one among them
   could have one value only, not even for somebody who knows these rules. Below a hidden parent of ``k`` people or
   more, points of at least ``k`` people are hidden. The smallest are hidden until that holds, points of a size by their
   names. Where everybody in a shown parent is in one hidden point, a point of nobody beside it is hidden, too.

Whether a point is shown depends on the data only, never on who asked for what before: all that can be asked is one
table that lies open, and no order or choice of questions gives more than that.

**What follows.** Of two shown points of which one lies within the other, the figures differ by 0, or by ``k`` and more:
that is 1. A shown figure less the shown figures of a family below it is never 1 to ``k - 1``, by 2. And since of a
parent and its family never exactly one is hidden, subtraction along one axis after the other, however often, does not
get at what is hidden: each step needs all but one of them.

**What two axes tell.** Sums along both axes of a table together determine no hidden figure that lies on a cycle of
hidden ones (see ``bridges``): where one does not, the least figure that closes a cycle is hidden, too, if there is one.
And where the parts of a whole come to 1 to ``k - 1`` more than it, as few people are in several, parts are hidden.

**What does not follow.** Linear algebra over three axes and more at once, and over many tables together with the bounds
that hidden figures are known to have, may narrow one of them down, or give it. Nor is anything said of sets that lie
within others by chance, or by what somebody knows of a place. And whoever asks again tomorrow sees how many came in
between.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import combinations
from typing import Final, Literal, NamedTuple, TypeAlias

from schemas.training.bridges import bridges
from schemas.training.families import tells

ALL: Final = ""
"""The whole of an axis."""

Point: TypeAlias = tuple[str, ...]
Reason: TypeAlias = Literal["small", "complement"]
_Family: TypeAlias = tuple[int, Point]
_Block: TypeAlias = tuple[int, int, Point]
_Edge: TypeAlias = tuple[tuple[int, str], tuple[int, str]]

_TOTAL: Final[_Edge] = ((2, ALL), (3, ALL))
"""Stands for the row and the column of totals."""


class Steps(NamedTuple):
    """How the values of an axis lie within each other.

    ``up`` returns the next coarser values of a value, at least one, up to ``ALL``; ``down`` the values that readers
    know to lie right below one and to make it up, none where they do not know all of it.
    """

    up: Callable[[str], Iterable[str]]
    down: Callable[[str], Iterable[str]]


class Figure(NamedTuple):
    """What is told of a point: how many, or why not."""

    number: int | None
    reason: Reason | None = None


class Publication:
    """Decides for all points of a lattice at once.

    ``tables`` come from coarse to fine. Each has the figures of *all* points with values on the same axes and of the
    same coarseness, but for those of nobody; the parents of a point are in a table before its own, or in the same.
    """

    def __init__(self, axes: Iterable[Steps], tables: Iterable[Mapping[Point, int]], k: int) -> None:
        self._axes = tuple(axes)
        self._k = k
        self._sizes: dict[Point, int] = {}
        # What is hidden, with the figures that are shown next above it.
        self._hidden: dict[Point, frozenset[int]] = {}
        self._ups: dict[tuple[int, str], tuple[str, ...]] = {}
        for table in tables:
            self._sizes.update(table)
            _Table(self._axes, k, table, self._sizes, self._hidden, self.parents).decide()

    def figure(self, point: Point) -> Figure:
        """Return what may be told of a point; nobody is told as 0 where all of its parents are shown."""
        size = self._sizes.get(point, 0)
        if self._is_hidden(point, size):
            return Figure(None, "small" if size < self._k else "complement")
        return Figure(size)

    def _is_hidden(self, point: Point, size: int) -> bool:
        if size or point in self._hidden:
            return point in self._hidden
        return any(self._is_hidden(parent, self._sizes.get(parent, 0)) for _, parent in self.parents(point))

    def hidden(self) -> Iterator[Point]:
        """Yield the hidden points, those of nobody included that are hidden beside others."""
        return iter(self._hidden)

    def parents(self, point: Point) -> Iterator[_Family]:
        """Yield the parents of a point, each with its axis: what names the family that the point is in."""
        for axis, value in enumerate(point):
            if value != ALL:
                ups = self._ups.get((axis, value))
                if ups is None:
                    ups = self._ups[axis, value] = tuple(self._axes[axis].up(value))
                for up in ups:
                    yield axis, point[:axis] + (up,) + point[axis + 1 :]  # noqa: RUF005 - twice as fast


class _Table:
    """One table while it is decided; those before it are."""

    def __init__(  # noqa: PLR0913, PLR0917 - a part of Publication, with what that knows
        self,
        axes: tuple[Steps, ...],
        k: int,
        table: Mapping[Point, int],
        sizes: dict[Point, int],
        hidden: dict[Point, frozenset[int]],
        parents: Callable[[Point], Iterator[_Family]],
    ) -> None:
        self._axes = axes
        self._k = k
        self._table = table
        self._sizes = sizes
        self._hidden = hidden
        self._parents = parents
        self._families: dict[_Family, list[Point]] = defaultdict(list)
        self._below: dict[Point, set[_Family]] = defaultdict(set)
        self._judged: set[Point] = set()
        self._cells: dict[_Block, dict[_Edge, Point]] = defaultdict(dict)
        self._added: list[Point] = []
        # Tables of two axes in which something was hidden since they were looked at.
        self._touched: set[_Block] = set()

    def decide(self) -> None:
        """Hide what must be, until every family is safe."""
        for point in self._table:
            self._judge(point)
        waiting = set(self._families)
        while waiting:
            fallen = [point for family in sorted(waiting) for point in self._complements(family)]
            fallen = fallen or list(self._uncrossed())
            waiting = {family for point in fallen for family in self._parents(point)}
            waiting.update(family for point in fallen for family in self._below.get(point, ()))

    def _judge(self, point: Point) -> None:
        """Hide a point that counts too few people, or nearly as many as a coarser one; note where it belongs."""
        if point in self._judged:
            return
        self._judged.add(point)
        size = self._table[point]
        above = set[int]()
        for family in self._parents(point):
            parent = family[1]
            self._families[family].append(point)
            if parent in self._table:
                self._judge(parent)
                self._below[parent].add(family)
            above |= self._hidden.get(parent) or {self._sizes.get(parent, 0)}
        if size < self._k or any(0 < more - size < self._k for more in above):
            self._hidden[point] = frozenset(above)

    def _hide(self, points: list[Point]) -> None:
        """Hide points, and remember what is shown next above them."""
        for point in points:
            above = [self._hidden.get(parent) or {self._sizes.get(parent, 0)} for _, parent in self._parents(point)]
            self._hidden[point] = frozenset().union(*above)
            if self._cells:
                self._touched.update(block for block, _ in self._blocks(point))

    def _complements(self, family: _Family) -> list[Point]:
        """Hide of a family what must be hidden beside the rest; return it."""
        points, sizes, hidden = self._families[family], self._sizes, self._hidden
        lost = [sizes[point] for point in points if point in hidden]
        if len(lost) == len(points):
            return self._nobody(family, points, lost)
        total, below_hidden = sizes.get(family[1], 0), family[1] in hidden
        rest = total - sum([sizes[point] for point in points]) + sum(lost)
        # Fewer than nobody are left where some are counted twice: by so few that they would be told of.
        if not below_hidden and not lost and not 0 < abs(rest) < self._k:
            return []
        shown = sorted([(sizes[point], point) for point in points if point not in hidden])
        count = 0
        while count < len(shown) and (
            sum(lost) < self._k if below_hidden else tells(rest, lost, shown[count][0], self._k)
        ):
            rest += shown[count][0]
            lost.append(shown[count][0])
            count += 1
        taken = [point for _, point in shown[:count]]
        self._hide(taken)
        return taken

    def _uncrossed(self) -> Iterator[Point]:
        """Hide one point more for each figure that sums along two axes at once would give; yield it."""
        waiting, self._touched = self._touched, set()
        if not self._cells:
            if self._hidden.keys().isdisjoint((*self._table, *self._added)):
                return
            for point in (*self._table, *self._added):
                self._lay(point)
            waiting = set(self._cells)
        for block in sorted(waiting):
            cells = self._cells[block]
            edges = [edge for edge, point in cells.items() if point in self._hidden]
            if not edges or len(edges) == len(cells):
                continue
            if (taken := self._crossing(cells, edges, [*edges, *self._margins(block, edges)])) is not None:
                self._hide([taken])
                yield taken

    def _crossing(self, cells: Mapping[_Edge, Point], edges: list[_Edge], told: list[_Edge]) -> Point | None:
        """Return the least point that takes away from what sums tell; None where there is nothing, or no such point."""
        known = {node for edge in edges for node in edge}
        for bridge in sorted(bridges(told), key=lambda bridge: sorted(bridge.ends)):
            crossing = [
                (len({*edge} - known), self._sizes[point], edge)
                for edge, point in cells.items()
                if point not in self._hidden and bridge.is_crossed(edge)
            ]
            if crossing:
                return cells[min(crossing)[-1]]
        return None

    def _lay(self, point: Point) -> None:
        """Note the tables of two axes that a point is in."""
        for block, edge in self._blocks(point):
            self._cells[block][edge] = point

    def _blocks(self, point: Point) -> Iterator[tuple[_Block, _Edge]]:
        """Yield the tables of two axes that a point is in, each by what is above it, with its row and its column."""
        above = [(axis, parent[axis]) for axis, parent in self._parents(point)]
        for (one, up), (other, over) in combinations(above, 2):
            if one != other:
                corner = list(point)
                corner[one], corner[other] = up, over
                yield (one, other, tuple(corner)), ((0, point[one]), (1, point[other]))

    def _margins(self, block: _Block, edges: Iterable[_Edge]) -> Iterator[_Edge]:
        """Yield the hidden totals of the rows and columns of such a table that have hidden figures in them."""
        one, other, corner = block
        if corner in self._hidden:
            yield _TOTAL
        for place, axis in enumerate((one, other)):
            for node in {edge[place]: None for edge in edges}:
                if (*corner[:axis], node[1], *corner[axis + 1 :]) in self._hidden:
                    yield (node, _TOTAL[1]) if place == 0 else (_TOTAL[0], node)

    def _nobody(self, family: _Family, points: list[Point], lost: list[int]) -> list[Point]:
        """Hide a point of nobody beside the only one of a family that is known to make up its parent."""
        axis, parent = family
        if len(lost) != 1 or parent in self._hidden or self._sizes.get(parent, 0) != lost[0]:
            return []
        for value in sorted(self._axes[axis].down(parent[axis])):
            point = (*parent[:axis], value, *parent[axis + 1 :])
            if point not in points:
                self._sizes[point] = 0
                self._added.append(point)
                if self._cells:
                    self._lay(point)
                self._hide([point])
                for each in self._parents(point):
                    self._families[each].append(point)
                return [point]
        return []

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
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, NamedTuple, TypeAlias

from schemas.training.bridges import bridges
from schemas.training.families import tells
from schemas.training.lattice import TOTAL, Block, Edge, Family, Lattice, Number, Point, Steps

Reason: TypeAlias = Literal["small", "complement"]


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
        steps, found = tuple(axes), list(tables)
        values = [{point[place] for table in found for point in table} for place in range(len(steps))]
        self._lattice = Lattice(steps, values)
        self._k = k
        self._sizes: dict[Number, int] = {}
        # What is hidden, with the figures that are shown next above it.
        self._hidden: dict[Number, frozenset[int]] = {}
        for table in found:
            numbered = {
                number: size for point, size in table.items() if (number := self._lattice.number(point)) is not None
            }
            self._sizes.update(numbered)
            _Table(self._lattice, k, numbered, self._sizes, self._hidden).decide()

    def figure(self, point: Point) -> Figure:
        """Return what may be told of a point; nobody is told as 0 where all of its parents are shown."""
        size, is_hidden = self._told(point)
        if is_hidden:
            return Figure(None, "small" if size < self._k else "complement")
        return Figure(size)

    def _told(self, point: Point) -> tuple[int, bool]:
        """Return how many are in a point, and whether that is hidden."""
        number = self._lattice.number(point)
        size, is_hidden = 0 if number is None else self._sizes.get(number, 0), number in self._hidden
        if not size and not is_hidden:
            is_hidden = any(self._told(parent)[1] for parent in self._lattice.parents(point))
        return size, is_hidden

    def hidden(self) -> Iterator[Point]:
        """Yield the hidden points, those of nobody included that are hidden beside others."""
        return map(self._lattice.point, self._hidden)


class _Table:
    """One table while it is decided; those before it are."""

    def __init__(
        self,
        lattice: Lattice,
        k: int,
        table: Mapping[Number, int],
        sizes: dict[Number, int],
        hidden: dict[Number, frozenset[int]],
    ) -> None:
        self._lattice = lattice
        self._k = k
        self._table = table
        self._sizes = sizes
        self._hidden = hidden
        self._above: dict[Number, list[Family]] = {}
        self._families: dict[Family, list[Number]] = defaultdict(list)
        self._below: dict[Number, set[Family]] = defaultdict(set)
        # Tables of two axes in which something was hidden since they were looked at.
        self._touched: set[Block] = set()

    def decide(self) -> None:
        """Hide what must be, until every family is safe."""
        for point in self._table:
            self._judge(point)
        self._touch(filter(self._hidden.__contains__, self._table))
        waiting = set(self._families)
        while waiting:
            fallen = [point for family in sorted(waiting) for point in self._complements(family)]
            fallen = fallen or list(self._uncrossed())
            waiting = {family for point in fallen for family in self._above[point]}
            waiting.update(family for point in fallen for family in self._below.get(point, ()))

    def _judge(self, point: Number) -> None:
        """Hide a point that counts too few people, or nearly as many as a coarser one; note where it belongs."""
        if point in self._above:
            return
        families = self._above[point] = self._lattice.families(point)
        size, k = self._table[point], self._k
        is_near = size < k
        for family in families:
            parent = self._lattice.parent(family)
            self._families[family].append(point)
            if parent in self._table:
                self._judge(parent)
                self._below[parent].add(family)
            if beyond := self._hidden.get(parent):
                is_near = is_near or any(0 < more - size < k for more in beyond)
            elif 0 < self._sizes.get(parent, 0) - size < k:
                is_near = True
        if is_near:
            self._hidden[point] = self._shown_above(point)

    def _shown_above(self, point: Number) -> frozenset[int]:
        """Return the figures that are shown next above a point."""
        parents = map(self._lattice.parent, self._above[point])
        return frozenset().union(*(self._hidden.get(each) or {self._sizes.get(each, 0)} for each in parents))

    def _hide(self, points: list[Number]) -> None:
        """Hide points, and remember what is shown next above them."""
        for point in points:
            self._hidden[point] = self._shown_above(point)
        self._touch(points)

    def _touch(self, points: Iterable[Number]) -> None:
        """Note the tables of two axes that points are in."""
        self._touched.update(block for point in points for block in self._lattice.blocks(point))

    def _complements(self, family: Family) -> list[Number]:
        """Hide of a family what must be hidden beside the rest; return it."""
        points, sizes, hidden = self._families[family], self._sizes, self._hidden
        parent = self._lattice.parent(family)
        below_hidden = parent in hidden
        rest = sizes.get(parent, 0) - sum(map(sizes.__getitem__, points))
        # Fewer than nobody are left where some are counted twice: by so few that they would be told of.
        if not below_hidden and not 0 < abs(rest) < self._k and hidden.keys().isdisjoint(points):
            return []
        lost = [sizes[point] for point in points if point in hidden]
        if len(lost) == len(points):
            return self._nobody(family, points, lost)
        rest += sum(lost)
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

    def _uncrossed(self) -> Iterator[Number]:
        """Hide one point more for each figure that sums along two axes at once would give; yield it."""
        waiting, self._touched = self._touched, set()
        for block in sorted(waiting):
            cells = self._cells(block)
            edges = sorted(edge for edge, point in cells.items() if point in self._hidden)
            if not edges or len(edges) == len(cells):
                continue
            if (taken := self._crossing(cells, edges, [*edges, *self._margins(block, edges)])) is not None:
                self._hide([taken])
                yield taken

    def _crossing(self, cells: Mapping[Edge, Number], edges: list[Edge], told: list[Edge]) -> Number | None:
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

    def _cells(self, block: Block) -> dict[Edge, Number]:
        """Return the points of a table of two axes, each by its row and its column."""
        columns, row = self._lattice.columns(block), self._lattice.row
        return {
            (row(block, point), each): point for each, family in columns for point in self._families.get(family, ())
        }

    def _margins(self, block: Block, edges: Iterable[Edge]) -> Iterator[Edge]:
        """Yield the hidden totals of the rows and columns of such a table that have hidden figures in them."""
        if block[-1] in self._hidden:
            yield TOTAL
        for place in (0, 1):
            for node in {edge[place]: None for edge in edges}:
                if self._lattice.margin(block, node) in self._hidden:
                    yield (node, TOTAL[1]) if place == 0 else (TOTAL[0], node)

    def _nobody(self, family: Family, points: list[Number], lost: list[int]) -> list[Number]:
        """Hide a point of nobody beside the only one of a family that is known to make up its parent."""
        parent = self._lattice.parent(family)
        if len(lost) != 1 or parent in self._hidden or self._sizes.get(parent, 0) != lost[0]:
            return []
        for point in self._lattice.below(family):
            if point not in points:
                self._sizes[point] = 0
                self._above[point] = self._lattice.families(point)
                self._hide([point])
                for each in self._above[point]:
                    self._families[each].append(point)
                return [point]
        return []

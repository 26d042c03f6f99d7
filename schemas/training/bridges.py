"""What sums along two axes tell of hidden figures.

The hidden figures of a table are the edges of a graph between its rows and its columns, each of which says what its
hidden figures come to. What can be computed from all of that together are the *bridges*: edges without which the two
ends hang together no more. Every other hidden figure lies on a cycle, along which people may be moved unseen.
"""

from collections import defaultdict
from collections.abc import Hashable, Iterable, Iterator, Mapping
from typing import Generic, TypeVar

N = TypeVar("N", bound=Hashable)


class Bridge(Generic[N]):
    """An edge that sums determine; ``beyond`` are the nodes that nothing else holds to the others."""

    def __init__(self, ends: tuple[N, N], beyond: frozenset[N]) -> None:
        self.ends = ends
        self.beyond = beyond

    def is_crossed(self, ends: tuple[N, N]) -> bool:
        """Tell whether an edge leads out of what lies beyond."""
        return (ends[0] in self.beyond) != (ends[1] in self.beyond)


def bridges(edges: Iterable[tuple[N, N]]) -> Iterator[Bridge[N]]:
    """Yield the bridges of a graph without double edges, in the order of the edges."""
    near: dict[N, list[N]] = defaultdict(list)
    for one, other in edges:
        near[one].append(other)
        near[other].append(one)
    found: dict[N, int] = {}
    for start in near:
        if start not in found:
            yield from _from(start, near, found)


def _from(start: N, near: Mapping[N, list[N]], found: dict[N, int]) -> Iterator[Bridge[N]]:
    """Walk in depth, with a list for a stack: tables have more lines than Python lets functions call each other."""
    order: list[N] = []
    least: dict[N, int] = {}
    walk: list[tuple[N, N | None, Iterator[N]]] = [(start, None, iter(near[start]))]
    found[start] = least[start] = 0
    order.append(start)
    while walk:
        node, came, rest = walk[-1]
        for other in rest:
            if other not in found:
                found[other] = least[other] = len(order)
                order.append(other)
                walk.append((other, node, iter(near[other])))
                break
            if other != came:
                least[node] = min(least[node], found[other])
        else:
            walk.pop()
            if came is not None:
                least[came] = min(least[came], least[node])
                if least[node] > found[came]:
                    yield Bridge((came, node), frozenset(order[found[node] :]))

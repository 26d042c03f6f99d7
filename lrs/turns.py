"""Whose turn it is: callers share the threads of a process, so that one who floods waits for itself only."""

from collections import Counter, OrderedDict, deque
from collections.abc import Iterator
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Turns(Generic[Item]):
    """Lines of waiting items, one a caller, served in turns. For use in one thread.

    At most three quarters of the threads, and at least one, serve the same caller: there is always one for another.
    """

    def __init__(self, threads: int) -> None:
        self._free = threads
        self._share = max(1, threads * 3 // 4)
        self._busy: Counter[str] = Counter()
        self._lines: OrderedDict[str, deque[Item]] = OrderedDict()

    def wait(self, caller: str, item: Item) -> None:
        """Put an item at the end of its caller's line."""
        self._lines.setdefault(caller, deque()).append(item)

    def waiting(self, caller: str) -> int:
        """Return the length of a caller's line."""
        return len(self._lines.get(caller, ()))

    def begin(self) -> Iterator[tuple[str, Item]]:
        """Give the items whose turn it is, each with its caller; they are busy from then on."""
        while self._free and (caller := self._next()) is not None:
            item = self._lines[caller].popleft()
            if self._lines[caller]:
                self._lines.move_to_end(caller)
            else:
                del self._lines[caller]
            self._free -= 1
            self._busy[caller] += 1
            yield caller, item

    def end(self, caller: str) -> None:
        """Note that a thread is free again that has served this caller."""
        self._free += 1
        self._busy[caller] -= 1
        if not self._busy[caller]:
            del self._busy[caller]

    def _next(self) -> str | None:
        return next((caller for caller in self._lines if self._busy[caller] < self._share), None)

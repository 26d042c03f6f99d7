"""What one process remembers for a while, so that it need not ask the store again."""

import threading
from typing import Final, Generic, TypeVar

from lrs.services import clocks

MOST_REMEMBERED: Final = 10_000

Value = TypeVar("Value")


class Memory(Generic[Value]):
    """Keeps values for ``seconds``, at most ``most`` of them: the oldest give way.

    Keys have one length, so that nobody who chooses what is remembered chooses how much.
    """

    def __init__(self, seconds: float, most: int = MOST_REMEMBERED) -> None:
        self._seconds = seconds
        self._most = most
        self._lock = threading.Lock()
        # In the order in which they were put.
        self._kept: dict[bytes, tuple[float, Value]] = {}

    def get(self, key: bytes) -> Value | None:
        """Return what was put under this key, or None."""
        since, value = self._kept.get(key, (float("-inf"), None))
        return value if clocks.passed() - since <= self._seconds else None

    def put(self, key: bytes, value: Value, since: float | None = None) -> None:
        """Remember a value from now on, or from ``since`` on that clock."""
        now = clocks.passed()
        with self._lock:
            self._kept.pop(key, None)
            while self._kept and self._must_go(next(iter(self._kept.values()))[0], now):
                del self._kept[next(iter(self._kept))]
            self._kept[key] = now if since is None else since, value

    def _must_go(self, since: float, now: float) -> bool:
        return len(self._kept) >= self._most or now - since > self._seconds

    def forget(self, key: bytes) -> None:
        """Forget what was put under this key."""
        with self._lock:
            self._kept.pop(key, None)

    def __len__(self) -> int:
        """Return how many values are kept."""
        return len(self._kept)

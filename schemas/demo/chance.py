"""What is drawn, so that the same words always give the same."""

from bisect import bisect
from collections.abc import Sequence
from hashlib import blake2b
from itertools import accumulate
from random import Random
from typing import Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


def chance(*words: object) -> Random:
    """Return a source of numbers that these words determine."""
    return Random(" ".join(map(str, words)))  # noqa: S311 - nothing here is a secret


def uuid_of(*words: object) -> str:
    """Return the UUID that these words determine."""
    return str(UUID(bytes=blake2b(" ".join(map(str, words)).encode(), digest_size=16).digest(), version=4))


def some_uuid(rnd: Random) -> str:
    """Return a drawn UUID."""
    return str(UUID(int=rnd.getrandbits(128), version=4))


class Urn(Generic[T]):
    """Things of which some are drawn more often."""

    def __init__(self, weighted: Sequence[tuple[float, T]]) -> None:
        self._things = [thing for _, thing in weighted]
        self._sums = list(accumulate(weight for weight, _ in weighted))

    def draw(self, rnd: Random) -> T:
        """Return one of the things."""
        return self._things[bisect(self._sums, rnd.random() * self._sums[-1])]

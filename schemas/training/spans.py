"""Time that somebody spent, of sessions that may overlap: nobody is in two places, so an hour is one hour."""

from collections.abc import Iterable
from typing import Final, NamedTuple

_SECOND: Final = 1_000_000
LONGEST: Final = 24 * 3600
"""Seconds of a session at most: what is longer is a sum of several, and as long as it says."""


class Spent(NamedTuple):
    """Seconds in all, what overlaps once; and how many sessions overlap with another one."""

    seconds: int
    overlapping: int


def united(sessions: Iterable[tuple[int, int]]) -> Spent:
    """Return the time of one person's sessions, each told by when it began (microseconds) and its seconds."""
    seconds = overlapping = together = end = 0
    for begun, lasted in sorted(sessions):
        if not 0 < lasted <= LONGEST:
            seconds += lasted
            continue
        if together and begun < end:
            overlapping += 2 if together == 1 else 1
            together += 1
        else:
            together, end = 1, begun
        until = begun + lasted * _SECOND
        seconds += max(until - max(begun, end), 0) // _SECOND
        end = max(end, until)
    return Spent(seconds, overlapping)

"""How long to wait before something is tried again that failed."""

import random
from typing import Final

LONGEST: Final = 300.0
"""Seconds at most, unless somebody asks for more."""
_FIRST: Final = 1.0
_MOST_DOUBLED: Final = 12


def pause(failures: int, asked: float = 0.0) -> float:
    """Return the seconds to wait after so many failures in a row; at least as many as were ``asked`` for.

    Spread out, so that many do not come back to a troubled server in step.
    """
    return max(asked, spread(min(LONGEST, _FIRST * 2 ** min(failures - 1, _MOST_DOUBLED))))


def spread(seconds: float) -> float:
    """Return some part of so many seconds, a half of them at least."""
    return seconds * random.uniform(0.5, 1.0)  # noqa: S311 - no secret hangs on it

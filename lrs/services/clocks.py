"""The two clocks: what time it is, and how much time has passed."""

import time

BOOT = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
"""Goes on while the machine sleeps, where the system has such a clock."""


def now() -> int:
    """Return the time in microseconds since the epoch."""
    return time.time_ns() // 1000


def passed() -> float:
    """Return seconds on a clock that is never set; only differences mean anything."""
    return time.clock_gettime(BOOT)

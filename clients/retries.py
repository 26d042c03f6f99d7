"""When a request is sent again, and for how long."""

import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SHORTEST_ATTEMPT = 0.05


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long a caller is ready to wait, in seconds.

    ``within`` bounds a whole call with all its attempts and pauses, ``attempt`` a single one. Pauses grow from
    ``first_pause`` to ``longest_pause``; a server that asks for a longer one (Retry-After) gets it, if time allows.
    """

    within: float = 60.0
    attempt: float = 20.0
    first_pause: float = 0.5
    longest_pause: float = 15.0


class Attempts:
    """The attempts of one call: what time is left for the next, and the pause before it."""

    def __init__(self, patience: Patience, until: float | None = None) -> None:
        self._patience = patience
        end = time.monotonic() + patience.within
        self._until = end if until is None else min(end, until)
        self._pauses = 0

    def timeout(self) -> float:
        """Return how long the next attempt may take."""
        return min(self._patience.attempt, max(self._until - time.monotonic(), _SHORTEST_ATTEMPT))

    def pause(self, asked: float | None = None) -> bool:
        """Wait before the next attempt; return False, at once, where no time is left for one."""
        growing = min(self._patience.longest_pause, self._patience.first_pause * 2**self._pauses)
        # Spread out, so that many clients do not come back to a troubled server in step.
        pause = growing * random.uniform(0.5, 1.0) + (asked or 0.0)  # noqa: S311 - no secret hangs on it
        if time.monotonic() + pause >= self._until:
            return False
        self._pauses += 1
        time.sleep(pause)
        return True


def seconds_asked(retry_after: str | None) -> float | None:
    """Return the seconds that a Retry-After header asks for, as a number or as a date; None where it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        date = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    return max((date.replace(tzinfo=date.tzinfo or UTC) - datetime.now(UTC)).total_seconds(), 0.0)

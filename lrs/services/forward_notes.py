"""What a worker notes of a forward beside what has gone: that it fails, has stopped, or is no more; and the audit."""

import logging
from collections.abc import Callable
from typing import Any, Final

from lrs.services import clocks
from lrs.services.backoff import pause
from lrs.services.forwards import place_of
from lrs.services.partners import Waits
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.forwards import Forward
from lrs.store.transactions import Session

TOLD_AFTER: Final = 5
"""Failures in a row after which the audit has it."""
WORKER: Final = "worker"
"""What workers are called in the audit."""

log = logging.getLogger(__name__)


class ForwardNotes:
    """Notes it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def halt(self, forward: Forward, state: str, action: str, reason: str) -> None:
        """Let a forward that runs be in another state, audited once."""

        def halt(session: Session) -> bool:
            held = self._store.forwards.find(forward.org, forward.id, session)
            if held is None or held.state != "running":
                return False
            return self._store.forwards.change(held, {"state": state}, session) is not None

        details: dict[str, Detail] = {"agreement": forward.agreement, "reason": reason}
        entry = Entry(WORKER, action, forward.id, details)
        self._store.administer(forward.org, halt, lambda done: entry if done else None)

    def failed(self, forward: Forward, waits: Waits) -> None:
        """Note that nothing can be sent, and when to try again."""
        held = self._store.forwards.find(forward.org, forward.id)
        if held is None:
            return
        failures, now = held.failures + 1, clocks.now()
        values: dict[str, Any] = {
            "failures": failures,
            "failing": held.failing or now,
            "last_error": waits.reason,
            "again": now + int(pause(failures, waits.seconds) * 1_000_000),
        }
        log.warning("a partner cannot be sent anything", extra={"forward": forward.id, "count": failures})
        details: dict[str, Detail] = {"agreement": forward.agreement, "failures": failures}
        entry = Entry(WORKER, "forward.failed", forward.id, details)
        self._store.administer(
            forward.org,
            lambda session: self._store.forwards.change(held, values, session),
            lambda _: entry if failures == TOLD_AFTER else None,
        )

    def tell(self, forward: Forward) -> None:
        """Let the audit have how many statements have gone since it was told last."""
        current = self._store.forwards.find(forward.org, forward.id)
        if current is None or current.sent == current.told:
            return

        def tell(session: Session) -> int:
            held = self._store.forwards.find(forward.org, forward.id, session)
            fresh = held.sent - held.told if held else 0
            if held and fresh:
                self._store.forwards.change(held, {"told": held.sent}, session)
            return fresh

        def entry(fresh: int) -> Entry | None:
            agreement = self._store.agreements.get(forward.agreement)
            purpose = agreement.purpose["code"] if agreement else ""
            details: dict[str, Detail] = {"agreement": forward.agreement, "purpose": purpose, "statements": fresh}
            return Entry(WORKER, "forward.sent", forward.id, details) if fresh else None

        self._store.administer(forward.org, tell, entry)

    def clear(self, forward: Forward, stopping: Callable[[], bool]) -> None:
        """Remove what is left of a forward that was removed."""
        self._store.dead_letters.drop(forward.id, ())
        while self._store.forwarded.clear_some(forward.id):
            if stopping():
                return
        self._store.places.remove(place_of(forward.id))
        self._store.forwards.delete(forward)

"""How the whole server is at a moment."""

from collections.abc import Iterator
from typing import Final, NamedTuple

from lrs.services import clocks
from lrs.services.forwards import place_of
from lrs.services.progress import Progress, Reached
from lrs.services.safetime import learn
from lrs.store import Store

_SECOND: Final = 1_000_000
_COLLECTIONS: Final = ("statements", "records", "cells", "learners")


class Abroad(NamedTuple):
    """How a forward, pull or webhook of an organisation gets on, by public ids.

    For ``failing`` seconds nothing could be done; ``dead`` are its dead letters, ``waiting`` what is to be told yet,
    and ``lag`` the seconds for which the oldest statement waits that is to be sent.
    """

    kind: str
    organisation: str
    id: str
    done: int
    failing: float
    dead: int = 0
    waiting: int = 0
    lag: float = 0.0


class Reading(NamedTuple):
    """How far records have come, by the public ids of organisations; and what is true of the whole server.

    ``abroad`` is how things are with the servers of partners, ``safe_lag`` the seconds that the safe time is behind the
    clock, ``processes`` are those that keep a promise, ``documents`` about how many each collection has.
    """

    reached: dict[str, Reached]
    safe_lag: float
    processes: int
    documents: dict[str, int]
    abroad: list[Abroad]


class Metrics:
    """Reads the database, whichever process is asked."""

    def __init__(self, store: Store, progress: Progress) -> None:
        self._store = store
        self._progress = progress

    def read(self) -> Reading:
        """Return how things are; raise Unavailable."""
        safe = learn(self._store.promises)
        living = [row for row in self._store.promises.read() if not row.over]
        return Reading(
            reached=self._progress.all(),
            safe_lag=max(clocks.now() - safe, 0) / 1_000_000,
            processes=len(living),
            documents=self._store.sizes(_COLLECTIONS),
            abroad=list(self._abroad(safe)),
        )

    def _abroad(self, safe: int) -> Iterator[Abroad]:
        store, now = self._store, clocks.now()
        names = {each.org: each.id for each in store.organisations.all()}

        def since(instant: int | None) -> float:
            return 0.0 if instant is None else max(now - instant, 0) / _SECOND

        for forward in store.forwards.all():
            place = store.places.find(place_of(forward.id)).place
            waiting = store.statements.next(forward.org, place, through=safe)
            lag = 0.0 if waiting is None else (safe - waiting) / _SECOND
            dead, failing = store.dead_letters.count(forward.id), since(forward.failing)
            yield Abroad("forward", names.get(forward.org, ""), forward.id, forward.sent, failing, dead, lag=lag)
        for pull in store.pulls.all():
            dead = store.dead_letters.count(pull.id)
            yield Abroad("pull", names.get(pull.org, ""), pull.id, pull.taken, since(pull.failing), dead)
        for webhook in store.webhooks.active():
            waiting_for = store.webhooks.pending(webhook.id)
            oldest = store.webhooks.oldest(webhook.id)
            yield Abroad("webhook", names.get(webhook.org, ""), webhook.id, 0, since(oldest), waiting=waiting_for)

"""The follower that keeps what recipients are given: for every agreement between organisations of this server.

It does not read the feed: it walks once through the records of whoever gives, and then goes on with what was noted of
their changes. An agreement is held under a lease, so that several workers do not do the same; that they cannot undo
each other is seen to by the rows themselves.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Final

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.services.agreements import Agreements
from lrs.services.coverage import Consents, Coverage
from lrs.services.progress import RECORDS, Progress, place_of
from lrs.services.pseudonyms import pseudonyms_of
from lrs.services.registries import RegistryService
from lrs.services.safetime import learn
from lrs.services.share_terms import TermsOf
from lrs.services.sharing import BATCH, Sharing
from lrs.services.standings import Standings
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.changes import START, behind
from lrs.store.places import Place
from lrs.store.shares import Run
from lrs.store.transactions import Session

SHARES: Final = "shares"
"""The follower's places are kept under this name, and the id of an agreement."""
LEASE: Final = 10.0
"""Seconds; who loses it while at work is told by the rows, so it may be short."""
_PAUSE: Final = 5.0
"""Seconds until what has failed is tried again."""
_TURN: Final = 2.0
"""Seconds that one agreement is brought forward for before it is the next one's turn."""
_FEWEST: Final = 10

log = logging.getLogger(__name__)


class SharesFollower:
    """Brings every agreement forward."""

    def __init__(
        self, store: Store, worker: str, sharing: Sharing, terms: TermsOf, stopping: Callable[[], bool]
    ) -> None:
        self._store = store
        self._stopping = stopping
        self._worker = worker
        self._sharing = sharing
        self._terms = terms
        self._most: dict[str, int] = {}
        self._quiet: dict[str, tuple[object, ...]] = {}
        self._paused: dict[str, float] = {}
        self._forgotten: dict[bytes, bytes] = {}

    def follow(self) -> int:
        """Bring agreements forward, each for a moment; return how many records were looked at.

        Those that another worker holds are left to it. What fails in one is logged, and the others go on.
        """
        # In this order: an agreement that has not begun here begins behind all that is forgotten below.
        turns = self._store.changes.turns()
        runs = self._store.shares.runs()
        agreements = [each for each in self._store.agreements.accepted() if each.level != "figures"]
        places = self._store.places.all(f"{RECORDS}:")
        count = 0
        for each in agreements:
            state = None if self._stopping() else self._state(each, runs.get(each.id), turns, places)
            paused = clocks.passed() < self._paused.get(each.id, 0.0)
            if state is not None and not paused and self._quiet.get(each.id) != state:
                count += self._attempt(each, state)
        self._forget(agreements, runs, turns)
        return count

    def _state(
        self, agreement: Agreement, run: Run | None, turns: Mapping[bytes, int], places: Mapping[str, Place]
    ) -> tuple[object, ...] | None:
        """Return all that what is to be done hangs on; None where there is nothing to do for sure."""
        over = self._terms.is_over(agreement)
        if run is None:
            return None if over or not self._terms.has_begun(agreement) else (agreement.version,)
        place = places.get(place_of(RECORDS, agreement.giver), Place(0))
        known = turns.get(agreement.giver), run.step, place.resets, place.unclean or place.rebuilding
        return *known, over, self._terms.basis(agreement)

    def _attempt(self, agreement: Agreement, state: tuple[object, ...]) -> int:
        name = f"{SHARES}:{agreement.id}"
        try:
            if self._store.places.take(name, self._worker, lease=LEASE) is None:
                return 0
            count = self._bring(agreement)
        except Unavailable:
            self._most[agreement.id] = max(self._most.get(agreement.id, BATCH) // 2, _FEWEST)
            log.warning("an agreement has to wait; trying again", extra={"agreement": agreement.id})
            self._paused[agreement.id] = clocks.passed() + _PAUSE
            return 0
        except Exception as error:
            log.exception("an agreement cannot be followed; trying again", extra={"agreement": agreement.id})
            # By its kind alone: the text may tell of somebody.
            self._store.shares.fail(agreement.id, type(error).__name__, clocks.now())
            self._paused[agreement.id] = clocks.passed() + _PAUSE
            return 0
        if not count:
            self._quiet[agreement.id] = state
        return count

    def _bring(self, agreement: Agreement) -> int:
        until, count = clocks.passed() + _TURN, 0
        most = self._most.get(agreement.id, BATCH)
        while looked := self._sharing.bring(agreement, most=most):
            count += looked
            most = self._most[agreement.id] = min(most * 2, BATCH)
            if clocks.passed() > until or self._stopping():
                break
        return count

    def _forget(self, agreements: Iterable[Agreement], runs: Mapping[str, Run], turns: Mapping[bytes, int]) -> None:
        """Remove what was noted and everybody has seen, and let nothing be noted any more that nobody waits for."""
        waiting: dict[bytes, list[bytes]] = {}
        for each in agreements:
            run = runs.get(each.id)
            if run is not None or not self._terms.is_over(each):
                places = waiting.setdefault(each.giver, [])
                # Without a basis it has not begun to walk, and will begin behind what is noted by then.
                if run is not None and run.basis:
                    places.append(run.at)
        for org, turn in turns.items():
            if org not in waiting:
                self._store.transact(partial(self._end, org))
            else:
                place = min([behind(turn), *waiting[org]])
                if place != self._forgotten.get(org, START):
                    self._store.changes.forget(org, place)
                    self._forgotten[org] = place

    def _end(self, org: bytes, session: Session) -> None:
        self._store.links.hold(org, session)
        given = self._store.agreements.given(org, session)
        if not any(each.taker is not None and each.level != "figures" for each in given):
            self._store.changes.end(org, session)


def shares_follower(  # noqa: PLR0913 - what it works with is passed in
    store: Store,
    worker: str,
    pepper: str,
    timezone: str,
    consents: Consents | None = None,
    *,
    stopping: Callable[[], bool] = lambda: False,
) -> SharesFollower:
    """Return the follower; agreements begin and end in ``timezone``. It ends soon once it is ``stopping``."""
    registries = RegistryService(store, timezone)
    terms = TermsOf(Agreements(store, pepper, registries), registries, timezone)
    coverage = Coverage(store, consents or Standings(store, partial(pseudonyms_of, pepper)))
    progress = Progress(store, lambda: learn(store.promises))
    return SharesFollower(store, worker, Sharing(store, terms, coverage, progress), terms, stopping)

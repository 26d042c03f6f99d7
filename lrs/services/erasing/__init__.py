"""Erasing: everything about a person goes, or names nobody any more.

First the journal has it, with keyed hashes of whom it is about; from then on what arrives about them names nobody
(``people``). Then things go in steps, each a transaction that also counts itself in the journal, so whoever is killed
over it leaves what the worker goes on with. Only until the end are the identities kept, sealed. An erasure is *done*
when nothing is left, and audited with its counts; it is *settled* when what was on its way meanwhile has gone, too.

All ways to write one mailbox or number are one person. Those that cannot be told from what is known, as the mailbox of
a SHA-1, are looked for among all who are named in statements and documents, once before it is done, and once more in
what was stored meanwhile before it is settled.

A statement whose actor is the person goes; another one that names the person names an erased account instead. So does
a statement of the person that voids somebody else's: what was voided stays so.
"""

import logging
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from typing import Final, NamedTuple

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.services.erasing.people import Marks, hashes_of
from lrs.services.erasing.removing import Removing
from lrs.services.erasing.steps import Steps
from lrs.services.erasing.tasks import Searching, Task
from lrs.services.folding import Folding
from lrs.services.progress import RECORDS, place_of
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.erasures import Erasure, erasure_id
from lrs.store.transactions import Session

__all__ = ["GRACE", "TOGETHER", "Erased", "Erasing"]

TOGETHER: Final = 250
"""Statements of one step."""
GRACE: Final = 60.0
"""Seconds after which nothing is on its way any more that was taken in before every process knew of an erasure."""
_LISTED: Final = 100
_FAILURES: Final = 5
_PAUSE: Final = 0.2
_WHILE: Final = 30.0
"""Seconds that an erasure has before it is another one's turn."""
_LONGEST: Final = 300.0

log = logging.getLogger(__name__)


class Erased(NamedTuple):
    """What has gone, by kind; ``finished`` tells whether that is all, else the worker goes on with the rest."""

    counts: dict[str, int]
    finished: bool = True


class Erasing:
    """Erases people. ``together`` is the most statements of one transaction, ``grace`` in seconds."""

    def __init__(
        self, store: Store, folding: Folding, pepper: str, *, grace: float = GRACE, together: int = TOGETHER
    ) -> None:
        self._store = store
        self._journal = store.erasures
        self._pepper = pepper
        self._searching = Searching(store, pepper)
        self._steps = Steps(store, Removing(store, folding), pepper)
        self._grace = grace
        self._most = self._together = together
        self._failed: Counter[bytes] = Counter()
        self._later: dict[bytes, float] = {}

    def erase(
        self, org: bytes, identities: Collection[str], request: str, by: str, seconds: float | None = None
    ) -> Erased:
        """Erase whoever these identities are, with all others that were joined with them; return what has gone.

        The same request again goes on, or returns what has gone. After about so many ``seconds`` the rest is left to
        the worker. Raise Unavailable: what has begun goes on there, too.
        """
        known = self._searching.all(org, identities)
        hashes = hashes_of(Marks(self._pepper, org), known)
        erasure = self._journal.find(erasure_id(org, request))
        if erasure is None or not {*hashes} <= {*erasure.hashes}:
            erasure = self.begin(org, known, request, by, hashes=hashes)
        if erasure.done is not None:
            return Erased(erasure.counts)
        finished = self.carry_out(erasure, seconds)
        found = self._journal.find(erasure.id)
        return Erased({} if found is None else found.counts, finished)

    def begin(  # noqa: PLR0913 - what the journal is to have
        self,
        org: bytes,
        identities: Collection[str],
        request: str,
        by: str,
        *,
        hashes: tuple[str, ...],
        replayed: int | None = None,
    ) -> Erasure:
        """Write an erasure into the journal, so that it is carried out whatever happens; return it.

        One that is ``replayed`` began at an instant, in microseconds, and is asked for by the command line now.
        """
        key = erasure_id(org, request)
        sealed = self._searching.sealed(key, identities)
        since = clocks.now() - int(GRACE * 1_000_000)
        # Whoever replays has looked at everybody who is named.
        searched = 0 if replayed is None else since
        begun = replayed or clocks.now()
        erasure = Erasure(key, request, by, begun, hashes, {}, sealed, searched=searched, since=since)

        def begin(session: Session) -> Erasure:
            self._journal.begin(erasure, clocks.now(), session)
            return self._journal.find(key, session) or erasure

        actor, action = (by, "erasure.begun") if replayed is None else ("cli", "erasure.replayed")
        entry = Entry(actor, action, request, {"identities": len(hashes)})
        return self._store.administer(org, begin, entry)

    def carry_out(self, erasure: Erasure, seconds: float | None = None, listed: Sequence[bytes] = ()) -> bool:
        """Go on with an erasure for about so many seconds; tell whether it is done. Raise Unavailable.

        Statements that are ``listed``, by their ids, go first.
        """
        until = None if seconds is None else clocks.passed() + seconds
        task = self._searching.task(erasure, self._searching.known(erasure))
        for begin in range(0, len(listed), _LISTED):
            self._tried(lambda begin=begin: self._steps.listed(task, listed[begin : begin + _LISTED]))  # type: ignore[misc]  # its default
        while self._remove(task, until):
            wider, whole = self._searching.wider(task, until)
            if wider.identities == task.identities:
                if whole and erasure.done is None:
                    self._finish(erasure)
                return whole
            task = wider
        return False

    def go_on(self) -> int:
        """Go on with everything that somebody has left; return how many erasures were worked on. Raise Unavailable.

        What cannot be done now does not keep the others waiting, and is tried again after longer and longer.
        """
        settling = clocks.now() - int(self._grace * 1_000_000)
        left = [each for each in self._journal.unsettled() if each.done is None or each.done < settling]
        return sum(self._gone_on(erasure) for erasure in left if clocks.passed() >= self._later.get(erasure.id, 0.0))

    def _gone_on(self, erasure: Erasure) -> bool:
        """Go on with one erasure for a while; tell whether that could be done."""
        try:
            if self.carry_out(erasure, _WHILE) and erasure.done is not None:
                self._settle(erasure)
        except Exception as error:  # whatever it is, the others go on
            self._failed[erasure.id] += 1
            self._later[erasure.id] = clocks.passed() + min(2.0 ** self._failed[erasure.id], _LONGEST)
            log.warning(
                "an erasure cannot go on; trying again",
                extra={"task": "upkeep", "errand": erasure.request},
                exc_info=not isinstance(error, Unavailable),
            )
            return False
        self._failed.pop(erasure.id, None)
        self._later.pop(erasure.id, None)
        return True

    def _remove(self, task: Task, until: float | None) -> bool:
        """Remove everything that is there; tell whether nothing is left."""
        steps: list[Callable[[], int]] = [
            lambda: self._steps.statements(task, self._most, voiding=False),
            lambda: self._steps.statements(task, self._most, voiding=True),
            lambda: self._steps.documents(task),
            lambda: self._steps.rest(task),
        ]
        for step in steps:
            while self._tried(step):
                if until is not None and clocks.passed() > until:
                    return False
        self._store.attachments.sweep_left(task.org, older=self._grace)
        # What was derived is about to be cleared by the worker, and some of it names people.
        return not self._store.places.find(place_of(RECORDS, task.org)).unclean

    def _tried(self, step: Callable[[], int]) -> int:
        """Do a step; after a failure one with fewer statements, as a transaction has a lifetime."""
        failures = 0
        while True:
            try:
                done = step()
            except Unavailable:
                failures += 1
                if failures > _FAILURES:
                    raise
                self._most = max(self._most // 4, 1)
                time.sleep(_PAUSE * failures)
            else:
                self._most = min(self._most * 2, self._together)
                return done

    def _finish(self, erasure: Erasure) -> None:
        def finish(session: Session) -> Erasure | None:
            self._journal.finish(erasure.id, clocks.now(), session)
            return self._journal.find(erasure.id, session)

        self._store.administer(erasure.org, finish, _completed)

    def _settle(self, erasure: Erasure) -> None:
        for went in self._journal.went(erasure.id):
            self._steps.recall(erasure, went.statements)
        for rewritten in self._journal.rewritten(erasure.id):
            self._steps.recall(erasure, rewritten)

        def settle(session: Session) -> Erasure | None:
            self._journal.settle(erasure.id, clocks.now(), session)
            return self._journal.find(erasure.id, session)

        def told(found: Erasure | None) -> Entry | None:
            return _completed(found) if found is not None and found.counts != erasure.counts else None

        self._store.administer(erasure.org, settle, told)


def _completed(erasure: Erasure | None) -> Entry | None:
    if erasure is None:
        return None
    counts: dict[str, Detail] = dict(erasure.counts)
    return Entry(erasure.by, "erasure.completed", erasure.request, counts)

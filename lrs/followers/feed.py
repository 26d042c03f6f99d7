"""The feed: every statement of an organisation once, in the order of ``stored``, up to the safe time.

A follower keeps something derived from statements. It reads in batches and its place is kept in MongoDB, moved after
each batch: what was read when a worker died is read again, so effects must bear repetition, or move the place in a
transaction of their own. One worker at a time holds a follower's place.

No statement stops a follower for ever, and no organisation another one: what fails by itself, whatever the database
does, is found by trying halves of its batch, and set aside.
"""

import logging
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Generic, NamedTuple, TypeVar

from lrs.errors import Unavailable
from lrs.services import clocks
from lrs.services.progress import place_of
from lrs.services.safetime import learn
from lrs.store import Store
from lrs.store.aside import Aside
from lrs.store.places import Place
from lrs.store.rows import Found
from lrs.store.statements import HEAVY
from lrs.store.transactions import Session

LEASE: Final = 30.0
"""Seconds that a worker holds a place without renewing it; a batch must be done in less."""
BATCH: Final = 500
_MOST_AHEAD: Final = 4
"""Organisations of which a batch may wait in memory."""
_TURN: Final = 0.0005
_LOOK: Final = 5.0
"""Seconds after which a worker looks whether somebody else has set a place back, or wants it."""

log = logging.getLogger(__name__)

Move = Callable[[Session], None]
"""Moves the place behind a batch within a transaction; raises LeaseLost where another worker holds it."""
T = TypeVar("T")
Prepare = Callable[[Sequence[Found]], T]
"""What a follower makes of a batch, its statements in order, before it does anything; it must ask nobody."""
Effect = Callable[[bytes, T, Move], None]
"""What a follower does with a batch: called with the organisation, what was prepared, and how to move on."""
Clear = Callable[[bytes, Callable[[Session], None]], bool]
"""Removes some of what was derived for an organisation, together with what it is handed; False where nothing was."""


def take_turns() -> None:
    """Let whoever the database has answered go on soon, while another thread prepares; for the whole process.

    With Python's own 5 ms, the answers of one batch wait a tenth of a second for their turns.
    """
    sys.setswitchinterval(_TURN)


class LeaseLost(Unavailable):
    """Another worker has taken over: what this one was doing must not count."""


class Overtaken(Unavailable):
    """Some of what was read has been erased meanwhile: it must be read again, and what was made of it not count."""


class _Tried(Exception):
    """Undoes what was only tried."""


class _Batch(NamedTuple, Generic[T]):
    """What was read of the feed: the place behind it, how many statements, and what was made of them.

    ``full``: it ended where it had to, and not since there was nothing more. ``erased`` is that of the place before it
    was read.
    """

    behind: int
    size: int
    prepared: T
    erased: int
    full: bool = False


class Follower(Generic[T]):
    """One derived thing. ``name`` is for ever: its places are kept under it. ``batch`` is about how much it reads.

    After a failure it reads less at once: a transaction must end within its lifetime, on a slow machine too. ``clear``
    is for what can be made anew: a place that was reset is cleaned by whoever holds it next. ``basis`` stands for all
    beside statements that the effect rests on: where it is another one, the place is reset. While one batch takes
    effect, the next is read and prepared.
    """

    def __init__(  # noqa: PLR0913 - what it works with is passed in
        self,
        store: Store,
        name: str,
        worker: str,
        effect: Effect[T],
        *,
        prepare: Prepare[T] = lambda batch: batch,  # type: ignore[assignment, return-value]  # T is what effect takes
        clear: Clear = lambda *_: False,
        basis: Callable[[], str] = lambda: "",
        batch: int = BATCH,
    ) -> None:
        self._store = store
        self._name = name
        self._worker = worker
        self._effect = effect
        self._prepare = prepare
        self._pool = ThreadPoolExecutor(1, "ahead")
        self._ahead: dict[bytes, tuple[int, Future[_Batch[T] | None]]] = {}
        self._clear = clear
        self._basis = basis
        self._rested = ""
        self._most = self._batch = batch
        self._known: dict[bytes, int] = {}
        self._looked = float("-inf")

    def follow(self) -> int:
        """Bring every organisation forward by one batch; return how many statements were read.

        Organisations whose place another worker holds are left to it. What fails in one is logged, and the others go
        on. Raises Unavailable where the database is away.
        """
        if clocks.passed() - self._looked > _LOOK:
            self._look()
        through, count = learn(self._store.promises), 0
        for each in self._store.organisations.all():
            try:
                count += self.forward(each.org, through)
            except Unavailable:
                log.warning("an organisation has to wait; trying again", extra={"organisation": each.id})
                # Where this fails, too, the others need not be tried.
                through = learn(self._store.promises)
            except Exception:
                log.exception("an organisation cannot be followed; trying again", extra={"organisation": each.id})
        return count

    def forward(self, org: bytes, through: int) -> int:
        """Bring one organisation forward by one batch, up to ``through``; return how many statements were read.

        What was derived before the place was reset goes first; each step of that counts as one.
        """
        if (basis := self._basis()) != self._rested:
            self._known.clear()
            self._rested = basis
        # A look costs a read, a lease a write that a majority must have: most of the time there is nothing new.
        if self._known.get(org, -1) >= min(self._store.statements.newest(org), through):
            return 0
        held = self._store.places.take(self.name(org), self._worker, lease=LEASE)
        if held is None:
            return 0
        if held.basis != basis:
            return self._rest(org, held, basis)
        if held.unclean:
            return self._clean(org)
        self._known[org] = held.place
        return self._read(org, held, through)

    def _read(self, org: bytes, held: Place, through: int) -> int:
        try:
            return self._bring(org, held, through)
        except Unavailable:
            self._shrink()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, some statement or none is the reason
            self._ahead.clear()
            return self._bring_sound(org, held, through, error)
        except BaseException:
            self._ahead.clear()
            raise

    def _bring(self, org: bytes, held: Place, through: int) -> int:
        expected, ahead = self._ahead.pop(org, (held.place, None))
        batch = ahead.result() if ahead and expected == held.place else None
        if batch is None or batch.erased != held.erased:
            batch = self._next(org, held, through)
        if batch is None:
            self._arrive(org, held, held.place, through)
            return 0
        if batch.full and len(self._ahead) < _MOST_AHEAD:
            onward = held._replace(place=batch.behind)
            self._ahead[org] = batch.behind, self._pool.submit(self._next, org, onward, through)
        self._take_effect(org, batch, ())
        self._batch = min(self._batch * 2, self._most)
        if not batch.full:
            self._arrive(org, held, batch.behind, through)
        return batch.size

    def _arrive(self, org: bytes, held: Place, place: int, through: int) -> None:
        """Be as far as before the place was reset where nothing is left up to there: the last of it was erased."""
        if place < held.target <= through and self._store.places.move(self.name(org), self._worker, held.target):
            self._known[org] = held.target

    def _take_effect(self, org: bytes, batch: _Batch[T], aside: Sequence[Aside]) -> None:
        def move(session: Session) -> None:
            self._move(org, batch, session)
            self._store.aside.put(org, aside, session)

        self._effect(org, batch.prepared, move)
        if self._store.places.move(self.name(org), self._worker, batch.behind):
            self._known[org] = batch.behind

    def _bring_sound(self, org: bytes, held: Place, through: int, error: Exception) -> int:
        """Do with a batch that failed what can be done, and set aside what cannot."""
        batch = self._store.statements.after(org, held.place, through=through, most=self._batch)
        self._shrink()
        # Where nothing at all fails, too, it is not for a statement.
        if not batch or self._fails(org, []):
            raise error
        aside = self._faulty(org, batch)
        faulty = {each.statement for each in aside}
        sound = [each for each in batch if each.id not in faulty]
        self._take_effect(org, _Batch(batch[-1].stored, len(batch), self._prepare(sound), held.erased), aside)
        if aside:
            log.error("statements were set aside", extra={"count": len(aside), "error": aside[0].error})
        return len(batch)

    def _faulty(self, org: bytes, batch: Sequence[Found]) -> list[Aside]:
        """Return those statements that fail by themselves."""
        error = self._fails(org, batch)
        if error is None:
            return []
        if len(batch) == 1:
            return [Aside(batch[0].id, batch[0].stored, type(error).__qualname__)]
        half = len(batch) // 2
        return self._faulty(org, batch[:half]) + self._faulty(org, batch[half:])

    def _fails(self, org: bytes, batch: Sequence[Found]) -> Exception | None:
        """Try something, and undo it; return why it fails. Raises Unavailable."""
        if self._store.places.take(self.name(org), self._worker, lease=LEASE) is None:
            raise LeaseLost("Another worker has taken over")

        def undo(_: Session) -> None:
            raise _Tried

        try:
            self._effect(org, self._prepare(batch), undo)
        except _Tried:
            return None
        except Unavailable:
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told
            return error
        return None

    def _shrink(self) -> None:
        self._ahead.clear()
        self._batch = max(self._batch // 2, 1)

    def _next(self, org: bytes, held: Place, through: int) -> _Batch[T] | None:
        """Read and prepare what comes after a place; None where nothing does."""
        batch = self._store.statements.after(org, held.place, through=through, most=self._batch)
        if not batch:
            return None
        full = len(batch) >= self._batch or sum(len(each.raw) for each in batch) >= HEAVY
        return _Batch(batch[-1].stored, len(batch), self._prepare(batch), held.erased, full)

    def _rest(self, org: bytes, held: Place, basis: str) -> int:
        """Let what is derived rest on this; what rests on anything else is made anew."""
        if held.place or held.unclean:
            self._store.places.reset(self.name(org), self._worker, basis)
            log.info("what was derived is made anew: what it rests on has changed", extra={"follower": self._name})
        else:
            self._store.places.begin(self.name(org), self._worker, basis)
        return 1

    def _clean(self, org: bytes) -> int:
        if not self._clear(org, lambda session: self._hold(org, session)):
            self._store.places.cleaned(self.name(org), self._worker)
        return 1

    def _look(self) -> None:
        """Learn of places that were set back, or that others want: without anything new nobody asks for their lease."""
        places = self._store.places.all(f"{self._name}:")
        quiet = {name: each.place for name, each in places.items() if not (each.unclean or each.wanted)}
        self._known = {org: quiet[name] for org in self._known if (name := self.name(org)) in quiet}
        self._looked = clocks.passed()

    def name(self, org: bytes) -> str:
        """Return what the place in an organisation is kept under."""
        return place_of(self._name, org)

    def _move(self, org: bytes, batch: _Batch[T], session: Session) -> None:
        if not self._store.places.move(self.name(org), self._worker, batch.behind, session, erased=batch.erased):
            self._hold(org, session)
            raise Overtaken("Some of what was read has been erased")

    def _hold(self, org: bytes, session: Session) -> None:
        if not self._store.places.holds(self.name(org), self._worker, session):
            raise LeaseLost("Another worker has taken over")

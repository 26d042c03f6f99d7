"""Forwarding: statements go to the stores of partners, in the order of the feed, each by its agreement.

A batch is noted before it is sent and the place moved after it has arrived: what a worker died over is sent again as it
was, and a partner's store takes the same statement once. The agreement is looked at before each batch. What a partner
refuses is found by halves and becomes a dead letter; whatever else goes wrong is waited out. What is to be voided there
is voided in every state, also while nothing is sent.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

from lrs.errors import LRSError
from lrs.followers.feed import LeaseLost
from lrs.services import clocks
from lrs.services.agreements import Agreements
from lrs.services.departures import Departures, Parcel
from lrs.services.files import Files
from lrs.services.forward_notes import WORKER, ForwardNotes
from lrs.services.forwards import SEALED, place_of
from lrs.services.partners import Partner, Refusal, Waits
from lrs.services.progress import Progress
from lrs.services.safetime import learn
from lrs.services.seals import Seals, WrongPepper
from lrs.services.web import Web
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.dead_letters import Letter
from lrs.store.entries import Detail, Entry
from lrs.store.forwarded import Gone
from lrs.store.forwards import Forward
from lrs.store.rows import ORG_BYTES, Found
from lrs.store.transactions import Session
from schemas.xapi.downgrade import as_older
from schemas.xapi.normalise import without

LEASE: Final = 30.0
"""Seconds that a worker holds a forward without renewing it; one request to a partner takes less."""
SLICE: Final = 10.0
"""Seconds after which others have their turn."""
READ: Final = 500
LOOK_BACK_EVERY: Final = 10.0
"""Seconds after which it is looked at some more of what has gone: whether people still let it be there."""
_LOOKED_AT: Final = 200
HEAVY: Final = 4 * 1024**2
"""Bytes of statements in one request, unless one alone has more."""
MOST_LETTERS: Final = 10_000
"""Dead letters of one forward, after which it pauses."""
_AT_ONCE: Final = 50

log = logging.getLogger(__name__)


class _Over(Exception):
    """Nothing more is to be sent: it was paused, removed or stopped."""


class _Outcome(NamedTuple):
    arrived: list[Parcel]
    letters: list[Letter]


class Forwarding:
    """Sends what is due; ``worker`` is the name that places are held under."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with is passed in
        self,
        store: Store,
        worker: str,
        web: Web,
        pepper: str,
        agreements: Agreements,
        departures: Departures,
        stop: threading.Event,
    ) -> None:
        self._store = store
        self._worker = worker
        self._web = web
        self._seals = Seals(pepper, SEALED)
        self._agreements = agreements
        self._departures = departures
        self._files = Files(store.attachments)
        self._stop = stop
        self._notes = ForwardNotes(store)
        self._progress = Progress(store, lambda: learn(store.promises))
        self._read: dict[str, int] = {}
        self._looked: dict[str, tuple[float, bytes]] = {}

    def due(self) -> Iterator[tuple[str, bytes, Callable[[], None]]]:
        """Yield what there is to do, by the ids of forwards and whose they are."""
        now, reached = clocks.now(), dict[bytes, int]()
        for forward in self._store.forwards.all():
            if forward.again > now:
                continue
            # As far as the records are: until then it is known who is who, and who is a child.
            if (through := reached.get(forward.org)) is None:
                through = reached[forward.org] = self._progress.as_of(forward.org)
            if self._has_work(forward, through):
                yield forward.id, forward.org, partial(self.run, forward, through)
        for forward in self._store.forwards.removed():
            yield forward.id, forward.org, partial(self._notes.clear, forward, self._stop.is_set)

    def _has_work(self, forward: Forward, through: int) -> bool:
        looked, _ = self._looked.get(forward.id, (float("-inf"), b""))
        if clocks.passed() - looked > LOOK_BACK_EVERY or self._store.forwarded.recalled(forward.id, 1):
            return True
        if forward.state != "running":
            return False
        known = self._read.get(forward.id, -1)
        return (
            known < min(self._store.statements.newest(forward.org), through)
            or forward.sent > forward.told
            or bool(self._store.dead_letters.due(forward.id, 1))
        )

    def run(self, forward: Forward, through: int) -> None:
        """Send for some seconds what a forward has to send; nothing where another worker does."""
        name = place_of(forward.id)
        held = self._store.places.take(name, self._worker, lease=LEASE)
        if held is None:
            return
        try:
            self._work(forward, held.place, through)
        except _Over:
            pass
        except Waits as waits:
            self._notes.failed(forward, waits)
        except LeaseLost:
            raise
        except LRSError as error:
            self._notes.failed(forward, Waits(error.title))
        except Exception:
            log.exception("nothing can be forwarded", extra={"forward": forward.id})
            self._notes.failed(forward, Waits("It cannot be forwarded; the worker's log says why"))
        finally:
            self._notes.tell(forward)
            self._store.places.release(name, self._worker)

    def _work(self, forward: Forward, place: int, through: int) -> None:
        begun = clocks.passed()
        until = begun + SLICE
        partner = self._partner(forward)
        self._look_back(forward)
        self._recall(forward, partner, until)
        if forward.state != "running":
            return
        # Also where there is nothing to send: whoever looks sees that nothing will be.
        self._agreement(forward)
        self._again(forward, partner, until)
        while not self._is_over(until):
            batch = self._store.statements.after(forward.org, place, through=through, most=READ)
            if not batch:
                self._read[forward.id] = through
                return
            agreement = self._agreement(forward)
            gone = self._store.forwarded.among(forward.id, self._departures.targets(agreement, batch))
            place = batch[-1].stored
            parcels_of_batch = self._departures.parcels(agreement, batch, gone, begun)
            requests = list(_requests(parcels_of_batch, forward.batch))
            # The place behind each: just before the next one, whatever was stored at the same instant.
            behind = [each[0].stored - 1 for each in requests[1:]] + [place]
            for parcels, reached in zip(requests, behind, strict=False):
                if self._is_over(until):
                    return
                self._deliver(forward, partner, parcels, reached)
            if not requests:
                self._move(forward, place)

    def _is_over(self, until: float) -> bool:
        """Tell whether others are to have their turn; asked between any two requests."""
        return clocks.passed() >= until or self._stop.is_set()

    def _deliver(self, forward: Forward, partner: Partner, parcels: Sequence[Parcel], behind: int) -> None:
        """Send a batch, unless the agreement has changed a moment ago; what was refused becomes a letter."""
        self._agreement(forward)
        self._store.forwarded.note(forward.id, _gone(parcels), clocks.now())
        outcome = self._send(forward, partner, parcels)
        self._note(forward, outcome, place=behind)
        if outcome.letters and self._store.dead_letters.count(forward.id) >= MOST_LETTERS:
            self._notes.halt(forward, "paused", "forward.paused", "letters")

    def _note(self, forward: Forward, outcome: _Outcome, *, place: int = 0, settled: Sequence[bytes] = ()) -> None:
        """Remember what has become of a batch, all of it or nothing; letters about what is ``settled`` go."""
        values: dict[str, Any] = {"last_error": None, "failures": 0, "failing": None, "again": 0}
        if outcome.arrived:
            values["last_sent"] = clocks.now()

        def write(session: Session) -> None:
            if place:
                self._move(forward, place, session)
            if settled:
                self._store.dead_letters.drop(forward.id, settled, session)
            self._store.dead_letters.put(forward.id, outcome.letters, session)
            if outcome.letters:
                self._store.forwarded.forget(forward.id, [each.statement for each in outcome.letters], session)
            self._store.forwards.change(forward, values, session, sent=len(outcome.arrived))

        self._store.transact(write)

    def _send(self, forward: Forward, partner: Partner, parcels: Sequence[Parcel]) -> _Outcome:
        if self._stop.is_set():
            raise _Over
        if self._store.places.take(place_of(forward.id), self._worker, lease=LEASE) is None:
            raise LeaseLost("Another worker has taken over")
        refusal = self._post(forward, partner, parcels)
        if refusal is None:
            return _Outcome(list(parcels), [])
        if len(parcels) > 1:
            half = len(parcels) // 2
            first = self._send(forward, partner, parcels[:half])
            second = self._send(forward, partner, parcels[half:])
            return _Outcome(first.arrived + second.arrived, first.letters + second.letters)
        [parcel] = parcels
        return _Outcome([], [Letter(parcel.statement, refusal.status, refusal.reason, clocks.now())])

    def _post(self, forward: Forward, partner: Partner, parcels: Sequence[Parcel]) -> Refusal | None:
        texts = [_as_sent(each.text, forward.version) for each in parcels]
        found = [Found(each.statement, each.stored, each.text, each.files) for each in parcels if each.files]
        return partner.post(texts, self._files.of(forward.org, found) if found else ())

    def _again(self, forward: Forward, partner: Partner, until: float) -> None:
        """Send dead letters that were asked for again, one by one."""
        for letter in self._store.dead_letters.due(forward.id, _AT_ONCE):
            if self._is_over(until):
                return
            agreement = self._agreement(forward)
            found = self._store.statements.get(letter.statement, voided=False)
            parcels = self._departures.parcels(agreement, [found], {}) if found else []
            if not parcels:
                # Voided, erased or not covered: there is nothing to send.
                self._store.dead_letters.drop(forward.id, [letter.statement])
                continue
            self._store.forwarded.note(forward.id, _gone(parcels), clocks.now())
            outcome = self._send(forward, partner, parcels)
            again = [each._replace(tried=letter.tried + 1) for each in outcome.letters]
            self._note(forward, outcome._replace(letters=again), settled=[letter.statement])

    def _look_back(self, forward: Forward) -> None:
        """Look at some of what has gone, in turns: people may have withdrawn consent, or had their data restricted."""
        looked, after = self._looked.get(forward.id, (float("-inf"), b""))
        agreement = self._store.agreements.get(forward.agreement)
        if agreement is None or clocks.passed() - looked <= LOOK_BACK_EVERY:
            return
        gone = self._store.forwarded.after(forward.id, after, _LOOKED_AT)
        raws = self._store.statements.raws(forward.org, [each.statement[ORG_BYTES:] for each in gone])
        found = [Found(forward.org + each, 0, raw, []) for each, raw in raws.items()]
        if barred := self._departures.barred(agreement, found, {each.statement: each.left for each in gone}):
            self._store.forwarded.recall_at(forward.id, barred, "withdrawn")
        self._looked[forward.id] = clocks.passed(), gone[-1].statement if len(gone) == _LOOKED_AT else b""

    def _recall(self, forward: Forward, partner: Partner, until: float) -> None:
        """Void at the partner's what was erased or withdrawn here: also when paused, or nothing is given any more."""
        while recalled := self._store.forwarded.recalled(forward.id, _AT_ONCE):
            agreement = self._store.agreements.get(forward.agreement)
            if agreement is None or self._is_over(until):
                return
            texts = [_as_sent(self._departures.recall(agreement, each), forward.version) for each in recalled]
            refusal = partner.post(texts)
            if refusal is not None:
                raise Waits(f"The partner refuses to void statements ({refusal.status})")
            self._store.forwarded.voided(forward.id, [each.statement for each in recalled], clocks.now())
            details: dict[str, Detail] = {"agreement": forward.agreement, "statements": len(recalled)}
            self._store.audit.append(forward.org, Entry(WORKER, "forward.recalled", forward.id, details))

    def _agreement(self, forward: Forward) -> Agreement:
        """Return the agreement as it is at this moment; raise _Over where nothing may be sent, which stops all."""
        current = self._store.forwards.find(forward.org, forward.id)
        if current is None or current.state != "running":
            raise _Over
        agreement = self._store.agreements.get(forward.agreement)
        if agreement is not None and agreement.statements and self._agreements.is_running(agreement):
            return agreement
        self._notes.halt(forward, "stopped", "forward.stopped", agreement.state if agreement else "unknown")
        raise _Over

    def _move(self, forward: Forward, place: int, session: Session | None = None) -> None:
        if not self._store.places.move(place_of(forward.id), self._worker, place, session):
            raise LeaseLost("Another worker has taken over")

    def _partner(self, forward: Forward) -> Partner:
        try:
            secret = self._seals.open(forward.secret, forward.id).decode()
        except WrongPepper as error:
            raise Waits(error.title) from error
        return Partner(self._web, forward.url, forward.version, forward.key, secret)


def _gone(parcels: Sequence[Parcel]) -> list[Gone]:
    return [Gone(each.statement, each.key, each.left) for each in parcels]


def _requests(parcels: Sequence[Parcel], most: int) -> Iterator[list[Parcel]]:
    """Yield parcels as they are sent together."""
    batch: list[Parcel] = []
    size = 0
    for each in parcels:
        # Files may be large: what has any travels alone.
        if batch and (len(batch) >= most or size + len(each.text) > HEAVY or each.files or batch[-1].files):
            yield batch
            batch, size = [], 0
        batch.append(each)
        size += len(each.text)
    if batch:
        yield batch


def _as_sent(text: bytes, version: str) -> bytes:
    """Return a statement as a store takes it: without what that one sets, and in its version."""
    text = without(text, "stored")
    return as_older(text) if version == "1.0.3" else text

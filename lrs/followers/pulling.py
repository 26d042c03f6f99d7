"""Pulling: statements of other stores are asked for in the order in which they were stored there, and stored here.

A walk begins a little before where the last one ended and follows ``more`` to its end. What the other store vouches for
(``X-Experience-API-Consistent-Through``) says where the next one begins, so nothing is missed that was stored late;
what is asked for twice is stored once. A page is stored before the walk goes on, wherever a worker dies. Nobody's clock
leads a walk beyond what is over here.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from functools import partial
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Final, NamedTuple

import msgspec

from lrs.errors import LRSError
from lrs.followers.feed import LeaseLost
from lrs.services import clocks
from lrs.services.backoff import pause
from lrs.services.mime import essence
from lrs.services.multipart import Limits, Mixed, read_mixed
from lrs.services.partners import LARGEST_PAGE, Partner, Waits
from lrs.services.pulls import SEALED, place_of
from lrs.services.seals import Seals, WrongPepper
from lrs.services.takings import Takings
from lrs.services.web import Reply, Web
from lrs.store import Store
from lrs.store.dead_letters import Letter
from lrs.store.entries import Detail, Entry
from lrs.store.pulls import Pull
from lrs.store.transactions import Session
from schemas.faults import Refused
from schemas.xapi.timestamps import iso, microseconds

LEASE: Final = 45.0
SLICE: Final = 10.0
PAGE: Final = 200
"""Statements that are asked for at a time."""
SKEW: Final = 60 * 1_000_000
"""By how much another store's clock may be ahead before anybody is told."""
_AHEAD: Final = "The partner's clock is ahead of the one here; it is asked anew for what it stored meanwhile"
LARGEST_STATEMENTS: Final = 64 * 1024**2
MOST_LETTERS: Final = 10_000
TOLD_AFTER: Final = 5
_IN_MEMORY: Final = 4 * 1024**2
_AT_ONCE: Final = 50
_WORKER: Final = "worker"
_THROUGH: Final = "x-experience-api-consistent-through"
_LIMITS: Final = Limits(statements=LARGEST_STATEMENTS, total=LARGEST_PAGE)

log = logging.getLogger(__name__)


class _Page(msgspec.Struct):
    """A StatementResult (Data 2.5)."""

    statements: list[msgspec.Raw]
    more: str | None = ""


class _Got(NamedTuple):
    texts: list[bytes]
    more: str
    mixed: Mixed | None


_page = msgspec.json.Decoder(_Page).decode


class Pulling:
    """Takes what is due; ``worker`` is the name that places are held under."""

    def __init__(  # noqa: PLR0913, PLR0917 - what it works with is passed in
        self, store: Store, worker: str, web: Web, pepper: str, takings: Takings, stop: threading.Event
    ) -> None:
        self._store = store
        self._worker = worker
        self._web = web
        self._seals = Seals(pepper, SEALED)
        self._takings = takings
        self._stop = stop

    def due(self) -> Iterator[tuple[str, bytes, Callable[[], None]]]:
        """Yield what there is to do, by the ids of pulls and whose they are."""
        now = clocks.now()
        for pull in self._store.pulls.all():
            if pull.state == "running" and (pull.again <= now or self._store.dead_letters.due(pull.id, 1)):
                yield pull.id, pull.org, partial(self.run, pull)

    def run(self, pull: Pull) -> None:
        """Take for some seconds what a store has; nothing where another worker does."""
        name = place_of(pull.id)
        if self._store.places.take(name, self._worker, lease=LEASE) is None:
            return
        try:
            current = self._store.pulls.find(pull.org, pull.id)
            if current is not None and current.state == "running":
                self._work(current)
        except Waits as waits:
            self._failed(pull, waits.reason, waits.seconds)
        except LeaseLost:
            raise
        except LRSError as error:
            self._failed(pull, error.title, 0.0)
        except Exception:
            log.exception("nothing can be pulled", extra={"pull": pull.id})
            self._failed(pull, "It cannot be pulled; the worker's log says why", 0.0)
        finally:
            self._store.places.release(name, self._worker)

    def _work(self, pull: Pull) -> None:
        until = clocks.passed() + SLICE
        partner = self._partner(pull)
        self._again(pull, partner, until)
        if pull.again > clocks.now():
            return
        taken, more, walking = 0, "", pull
        first = True
        while (first or more) and not self._stop.is_set():
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
                reply = partner.onward(more, file) if more else partner.first(_query(walking), file)
                walking, new, more = self._stored(walking, reply, file, first=first)
            taken, first = taken + new, False
            if clocks.passed() > until and more:
                break
        # One that was stopped before it asked for anything has not ended.
        if not first and not more:
            self._ended(walking)
        self._tell(pull, taken)

    def _stored(self, pull: Pull, reply: Reply, file: IO[bytes], *, first: bool) -> tuple[Pull, int, str]:
        """Store a page and remember that; return the pull as it is then, how many were new, and what leads on."""
        principal = self._takings.principal(pull)
        got = _read(reply, file)
        try:
            taken = self._takings.take(pull, principal, got.texts, got.mixed.attachments if got.mixed else ())
        finally:
            if got.mixed is not None:
                got.mixed.close()
        now, bound, through = clocks.now(), pull.bound, _instant(reply.headers.get(_THROUGH))
        ahead = max(taken.newest, through or 0) > now + SKEW
        if first and pull.since is None:
            bound = None if through is None else min(through, now)
        # Others may have been stored there at the same instant as the last one: those are asked for again.
        since = _start(pull) if taken.last is None else max(taken.last - 1, _start(pull))
        values: dict[str, Any] = {
            "since": since,
            "bound": bound,
            "last_asked": now,
            "last_error": _AHEAD if ahead else None if first else pull.last_error,
            "failures": 0,
            "failing": None,
        }
        if taken.stored:
            values["last_taken"] = now
        changed = self._note(pull, values, taken.letters, taken.stored)
        return changed, taken.stored, got.more

    def _note(self, pull: Pull, values: dict[str, Any], letters: list[Letter], stored: int) -> Pull:
        def write(session: Session) -> Pull | None:
            if not self._store.places.holds(place_of(pull.id), self._worker, session):
                raise LeaseLost("Another worker has taken over")
            self._store.dead_letters.put(pull.id, letters, session)
            return self._store.pulls.change(pull, values, session, taken=stored)

        if self._store.places.take(place_of(pull.id), self._worker, lease=LEASE) is None:
            raise LeaseLost("Another worker has taken over")
        changed = self._store.transact(write)
        if changed is None or changed.state != "running":
            raise Waits("It was paused")
        if letters and self._store.dead_letters.count(pull.id) >= MOST_LETTERS:
            self._store.pulls.change(pull, {"state": "paused"})
            raise Waits("Too many statements could not be taken")
        return changed

    def _ended(self, pull: Pull) -> None:
        """Let the next walk begin where this one has ended: with what the store vouches for, or the last one seen."""
        reached = pull.bound if pull.bound is not None else _start(pull)
        values = {
            "cursor": max(pull.cursor, reached),
            "since": None,
            "bound": None,
            "again": clocks.now() + pull.every * 1_000_000,
        }
        self._store.pulls.change(pull, values)

    def _again(self, pull: Pull, partner: Partner, until: float) -> None:
        """Ask anew for what could not be taken."""
        for letter in self._store.dead_letters.due(pull.id, _AT_ONCE):
            if clocks.passed() > until or self._stop.is_set():
                return
            with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
                reply = partner.one(letter.id, file, attachments=pull.attachments)
                if reply is None:
                    self._store.dead_letters.drop(pull.id, [letter.statement])
                    continue
                got = _read(reply, file, single=True)
                try:
                    principal = self._takings.principal(pull)
                    parts = got.mixed.attachments if got.mixed else ()
                    taken = self._takings.take(pull, principal, got.texts, parts)
                finally:
                    if got.mixed is not None:
                        got.mixed.close()
            self._store.dead_letters.drop(pull.id, [letter.statement])
            letters = [_again(letter, each) for each in taken.letters]
            self._note(pull, {}, letters, taken.stored)

    def _tell(self, pull: Pull, taken: int) -> None:
        if taken:
            details: dict[str, Detail] = {"credential": pull.credential, "statements": taken}
            self._store.audit.append(pull.org, Entry(_WORKER, "pull.taken", pull.id, details))

    def _failed(self, pull: Pull, reason: str, seconds: float) -> None:
        held = self._store.pulls.find(pull.org, pull.id)
        if held is None or held.state != "running":
            return
        failures, now = held.failures + 1, clocks.now()
        values: dict[str, Any] = {
            "failures": failures,
            "failing": held.failing or now,
            "last_error": reason,
            "again": now + int(pause(failures, seconds) * 1_000_000),
        }
        log.warning("nothing can be pulled", extra={"pull": pull.id, "count": failures})
        entry = Entry(_WORKER, "pull.failed", pull.id, {"failures": failures})
        self._store.administer(
            pull.org,
            lambda session: self._store.pulls.change(held, values, session),
            lambda _: entry if failures == TOLD_AFTER else None,
        )

    def _partner(self, pull: Pull) -> Partner:
        try:
            secret = self._seals.open(pull.secret, pull.id).decode()
        except WrongPepper as error:
            raise Waits(error.title) from error
        return Partner(self._web, pull.url, pull.version, pull.key, secret)


def _start(pull: Pull) -> int:
    """Return from when on a walk asks."""
    return pull.since if pull.since is not None else max(pull.cursor - pull.overlap * 1_000_000, 0)


def _again(letter: Letter, found: Letter) -> Letter:
    """Return what has become of a letter: an answer without a name is one about what was asked for."""
    statement = letter.statement if found.nameless else found.statement
    return found._replace(statement=statement, tried=letter.tried + 1, nameless=False)


def _query(pull: Pull) -> dict[str, str]:
    query = {"ascending": "true", "limit": str(PAGE), "since": iso(_start(pull))}
    return query | ({"attachments": "true"} if pull.attachments else {})


def _read(reply: Reply, file: IO[bytes], *, single: bool = False) -> _Got:
    """Return what an answer holds; raise Waits for what cannot be read."""
    file.seek(0)
    kind, mixed = reply.headers.get("content-type", ""), None
    try:
        if essence(kind) == "multipart/mixed":
            mixed = read_mixed(file, kind, _LIMITS)
        text = file.read() if mixed is None else mixed.statements
        if single:
            return _Got([text], "", mixed)
        page = _page(text)
    except (Refused, msgspec.MsgspecError, LRSError) as error:
        if mixed is not None:
            mixed.close()
        raise Waits(f"The partner's answer cannot be read ({type(error).__name__})") from error
    return _Got([bytes(each) for each in page.statements], page.more or "", mixed)


def _instant(text: str | None) -> int | None:
    try:
        return None if text is None else microseconds(text)
    except ValueError:
        return None

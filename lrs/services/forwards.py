"""Forwarding, as an organisation sees it: where its statements go by which agreement, how far that is, what could not.

A worker does the sending (``lrs.followers.forwarding``); what it needs to know lies in the database.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from secrets import token_hex
from typing import Any, Final, NamedTuple

from lrs.errors import BadRequest, Conflict, Forbidden, NotFound
from lrs.services import clocks
from lrs.services.agreements import Agreements
from lrs.services.principals import Principal
from lrs.services.seals import Seals
from lrs.services.web import NoAnswer, parts_of
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.dead_letters import Letter
from lrs.store.entries import Detail, Entry
from lrs.store.forwards import Forward
from lrs.store.rows import document_id
from lrs.store.transactions import Session
from schemas.faults import Fault

__all__ = ["Forward", "ForwardService", "Letter", "Progressed", "Wanted"]

MOST: Final = 20
"""Forwards of one organisation."""
SEALED: Final = "forwards"
"""What the secrets of partners are sealed for."""
_ID_BYTES: Final = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """A forward that is to be: the agreement that it goes by, and the partner's store with the key there."""

    agreement: str
    url: str
    key: str
    secret: str
    version: str = "2.0.0"
    batch: int = 50
    label: str = ""


class Progressed(NamedTuple):
    """A forward, how far it is and what could not be sent.

    Everything stored up to ``through`` was looked at, in microseconds; the oldest statement that was not has been
    waiting for ``lag`` seconds.
    """

    forward: Forward
    through: int
    lag: float
    dead: int


class ForwardService:
    """Looks after forwards; everything needs the scope ``share`` and stays within the caller's organisation.

    ``safe`` returns the safe time.
    """

    def __init__(self, store: Store, pepper: str, agreements: Agreements, safe: Callable[[], int]) -> None:
        self._store = store
        self._rows = store.forwards
        self._letters = store.dead_letters
        self._seals = Seals(pepper, SEALED)
        self._agreements = agreements
        self._safe = safe

    def all(self, principal: Principal) -> list[Progressed]:
        """Return the forwards, the oldest first."""
        principal.require("share")
        return [self._progressed(each) for each in self._rows.of(principal.org)]

    def get(self, principal: Principal, forward: str) -> Progressed:
        """Return a forward; raise NotFound, also for those of others."""
        principal.require("share")
        return self._progressed(self._held(principal, forward))

    def create(self, principal: Principal, wanted: Wanted) -> Progressed:
        """Send statements from now on, from the first one stored.

        Raise BadRequest for what cannot be asked, and for an agreement by which this organisation gives no statements;
        Forbidden for one that is not in force; Conflict where there are as many as an organisation may have.
        """
        principal.require("share")
        _require_address(wanted.url)
        self._require_running(self._given(principal, wanted.agreement))
        identifier = token_hex(_ID_BYTES)
        made = Forward(
            id=identifier,
            org=principal.org,
            agreement=wanted.agreement,
            url=wanted.url,
            version=wanted.version,
            key=wanted.key,
            secret=self._seals.seal(wanted.secret.encode(), identifier),
            batch=wanted.batch,
            label=wanted.label,
            created=clocks.now(),
        )

        def insert(session: Session) -> None:
            if self._rows.count(principal.org, session) >= MOST:
                raise Conflict(f"An organisation has at most {MOST} forwards: remove one first")
            self._rows.insert(made, session)

        details: dict[str, Detail] = {"agreement": wanted.agreement, "version": wanted.version}
        self._store.administer(principal.org, insert, _entry(principal, "forward.created", identifier, details))
        return self._progressed(made)

    def change(self, principal: Principal, forward: str, values: Mapping[str, Any]) -> Progressed:
        """Set ``url`` with its ``secret``, ``version``, ``key``, ``batch`` or ``label``; raise NotFound, BadRequest."""
        principal.require("share")
        found = dict(values)
        if "url" in found:
            _require_address(found["url"])
            # Who may choose the address must not be handed the secret that somebody else gave.
            if "secret" not in found and found["url"] != self._held(principal, forward).url:
                raise _bad("secret", "Another address needs the secret anew")
        if "secret" in found:
            found["secret"] = self._seals.seal(found["secret"].encode(), forward)
        # Whatever was wrong may be right now: it is tried at once.
        at_once = {"failures": 0, "failing": None, "again": 0} if found else {}
        entry = _entry(principal, "forward.changed", forward, {"fields": sorted(found)})
        return self._changed(principal, forward, found | at_once, entry if found else None)

    def pause(self, principal: Principal, forward: str) -> Progressed:
        """Send nothing until it is resumed; raise NotFound."""
        principal.require("share")
        held = self._held(principal, forward)
        entry = _entry(principal, "forward.paused", forward) if held.state != "paused" else None
        return self._changed(principal, forward, {"state": "paused"}, entry)

    def resume(self, principal: Principal, forward: str) -> Progressed:
        """Go on, and at once where it was waiting; raise NotFound, Forbidden without an agreement in force."""
        principal.require("share")
        held = self._held(principal, forward)
        self._require_running(self._given(principal, held.agreement))
        entry = _entry(principal, "forward.resumed", forward) if held.state != "running" else None
        values = {"state": "running", "failures": 0, "failing": None, "again": 0}
        return self._changed(principal, forward, values, entry)

    def remove(self, principal: Principal, forward: str) -> None:
        """Send nothing more, and forget what was sent: it cannot be recalled from here any more. Raise NotFound."""
        principal.require("share")
        self._changed(principal, forward, {"state": "removed"}, _entry(principal, "forward.removed", forward))

    def letters(self, principal: Principal, forward: str, *, after: str = "", most: int = 100) -> list[Letter]:
        """Return what could not be sent, in the order of ids, from behind ``after``; raise NotFound."""
        principal.require("share")
        return self._letters.of(self._held(principal, forward).id, after=after, most=most)

    def retry(self, principal: Principal, forward: str, statements: Sequence[str]) -> int:
        """Let these, or all without any, be sent again; return how many they are. Raise NotFound."""
        return self._with_letters(principal, forward, statements, self._letters.retry, "forward.retried")

    def drop(self, principal: Principal, forward: str, statements: Sequence[str]) -> int:
        """Give these up, or all without any; return how many they were. Raise NotFound."""
        return self._with_letters(principal, forward, statements, self._letters.drop, "forward.dropped")

    def _with_letters(
        self, principal: Principal, forward: str, statements: Sequence[str], act: Callable[..., int], action: str
    ) -> int:
        principal.require("share")
        held = self._held(principal, forward)
        ids = [document_id(principal.org, each) for each in statements]

        def entry(count: int) -> Entry | None:
            return _entry(principal, action, forward, {"statements": count}) if count else None

        return self._store.administer(principal.org, lambda session: act(held.id, ids, session), entry)

    def _changed(
        self, principal: Principal, forward: str, values: Mapping[str, Any], entry: Entry | None
    ) -> Progressed:
        def change(session: Session) -> Forward:
            changed = self._rows.change(self._held(principal, forward, session), values, session)
            if changed is None:
                raise NotFound
            return changed

        return self._progressed(self._store.administer(principal.org, change, lambda _: entry))

    def _progressed(self, forward: Forward) -> Progressed:
        safe, place = self._safe(), self._store.places.find(place_of(forward.id)).place
        waiting = self._store.statements.next(forward.org, place, through=safe)
        dead = self._letters.count(forward.id)
        if waiting is None:
            return Progressed(forward, max(place, safe), 0.0, dead)
        return Progressed(forward, waiting - 1, (safe - waiting) / 1_000_000, dead)

    def _given(self, principal: Principal, agreement: str) -> Agreement:
        found = self._store.agreements.get(agreement)
        if found is None or found.giver != principal.org:
            raise _bad("agreement", "This organisation gives nothing by such an agreement")
        if not found.statements or found.level == "figures":
            raise _bad("agreement", "Statements themselves do not travel by this agreement")
        return found

    def _require_running(self, agreement: Agreement) -> None:
        if not self._agreements.is_running(agreement):
            raise Forbidden("The agreement is not in force: nothing may be sent by it")

    def _held(self, principal: Principal, forward: str, session: Session | None = None) -> Forward:
        found = self._rows.find(principal.org, forward, session)
        if found is None:
            raise NotFound
        return found


def place_of(forward: str) -> str:
    """Return what the place of a forward is kept under."""
    return f"forward:{forward}"


def _require_address(url: str) -> None:
    try:
        parts_of(url, "partner")
    except NoAnswer as error:
        raise _bad("url", error.title) from error


def _bad(path: str, message: str) -> BadRequest:
    return BadRequest("This cannot be done", [Fault(path, "value", message)])


def _entry(principal: Principal, action: str, forward: str, details: Mapping[str, Detail] | None = None) -> Entry:
    return Entry(principal.credential, action, forward, details or {})

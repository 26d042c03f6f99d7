"""Forwarding, as an organisation sees it: where its statements go by which agreement, how far that is, what could not.

A worker does the sending (``lrs.followers.forwarding``); what it needs to know lies in the database.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from lrs.errors import Forbidden
from lrs.services import clocks
from lrs.services.agreements import Agreements
from lrs.services.exchanges import Actions, Exchanges, bad, new_id, require_address
from lrs.services.principals import Principal
from lrs.services.seals import Seals
from lrs.services.web import Web
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.dead_letters import Letter
from lrs.store.entries import Entry
from lrs.store.forwards import REMOVED, Forward

__all__ = ["Forward", "ForwardService", "Letter", "Progressed", "Wanted"]

SEALED: Final = "forwards"
"""What the secrets of partners are sealed for."""


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


class ForwardService(Exchanges[Forward, Progressed]):
    """Looks after forwards; everything needs the scope ``share`` and stays within the caller's organisation.

    ``safe`` returns the safe time, ``web`` is what partners are asked through.
    """

    plural = "forwards"
    actions = Actions(
        created="forward.created",
        changed="forward.changed",
        paused="forward.paused",
        resumed="forward.resumed",
        retried="forward.retried",
        dropped="forward.dropped",
    )

    def __init__(self, store: Store, pepper: str, web: Web, agreements: Agreements, safe: Callable[[], int]) -> None:
        super().__init__(store, store.forwards, Seals(pepper, SEALED), web)
        self._agreements = agreements
        self._safe = safe

    def create(self, principal: Principal, wanted: Wanted) -> Progressed:
        """Send statements from now on, from the first one stored.

        Raise BadRequest for what cannot be asked, and for an agreement by which this organisation gives no statements;
        Forbidden for one that is not in force; Conflict where there are as many as an organisation may have.
        """
        principal.require("share")
        require_address(self._web, wanted.url)
        self._require_running(self._given(principal, wanted.agreement))
        identifier = new_id()
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
        return self._insert(principal, made, {"agreement": wanted.agreement, "version": wanted.version})

    def change(self, principal: Principal, forward: str, values: Mapping[str, Any]) -> Progressed:
        """Set ``url`` with its ``secret``, ``version``, ``key``, ``batch`` or ``label``; raise NotFound, BadRequest."""
        principal.require("share")
        return self._change(principal, forward, values)

    def resume(self, principal: Principal, forward: str) -> Progressed:
        """Go on, and at once where it was waiting; raise NotFound, Forbidden without an agreement in force."""
        principal.require("share")
        held = self._held(principal, forward)
        self._require_running(self._given(principal, held.agreement))
        return self._resume(principal, held)

    def remove(self, principal: Principal, forward: str) -> None:
        """Send nothing more, and forget what was sent: it cannot be recalled from here any more. Raise NotFound."""
        principal.require("share")
        entry = Entry(principal.credential, "forward.removed", forward)
        self._changed(principal, forward, {"state": REMOVED}, entry)

    def _told(self, forward: Forward) -> Progressed:
        safe, place = self._safe(), self._store.places.find(place_of(forward.id)).place
        waiting = self._store.statements.next(forward.org, place, through=safe)
        dead = self._letters.count(forward.id)
        if waiting is None:
            return Progressed(forward, max(place, safe), 0.0, dead)
        return Progressed(forward, waiting - 1, (safe - waiting) / 1_000_000, dead)

    def _given(self, principal: Principal, agreement: str) -> Agreement:
        found = self._store.agreements.get(agreement)
        if found is None or found.giver != principal.org:
            raise bad("agreement", "This organisation gives nothing by such an agreement")
        if not found.statements or found.level == "figures":
            raise bad("agreement", "Statements themselves do not travel by this agreement")
        return found

    def _require_running(self, agreement: Agreement) -> None:
        if not self._agreements.is_running(agreement):
            raise Forbidden("The agreement is not in force: nothing may be sent by it")


def place_of(forward: str) -> str:
    """Return what the place of a forward is kept under."""
    return f"forward:{forward}"

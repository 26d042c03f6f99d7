"""The door through which organisations read what others let them have by agreement.

Without an agreement that is active, on one of its days, nothing of an organisation is readable to another one. Each
read asks anew: what was suspended or ended a moment ago is closed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date
from typing import Final, NamedTuple

from lrs.errors import Forbidden, NotFound
from lrs.services.firsts import is_first
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.seals import Seals
from lrs.services.terms import least
from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.entries import Detail, Entry
from lrs.store.organisations import Organisation
from schemas.registries.registries import Registries
from schemas.sharing.agreements import LEVELS, Level

__all__ = ["Agreement", "Agreements", "Failure", "Secrets"]

PURPOSE: Final = "agreements"
"""What the keys of agreements are sealed for."""


class Secrets(NamedTuple):
    """The keys of an agreement, opened: ``rows`` never changes, ``pseudonyms`` is the newest, ``earlier`` before it."""

    rows: bytes
    pseudonyms: bytes
    earlier: tuple[bytes, ...] = ()


class Failure(NamedTuple):
    """When the records of an agreement could not be brought forward, and the kind of error: no word of anybody."""

    at: int
    error: str


class Agreements:
    """Tells what may be read by agreement; to ask needs the scope ``share`` or ``records/read``."""

    def __init__(self, store: Store, pepper: str, registries: RegistryService) -> None:
        self._store = store
        self._rows = store.agreements
        self._seals = Seals(pepper, PURPOSE)
        self._registries = registries

    def page(self, principal: Principal, *, after: str = "", most: int = 100) -> list[Agreement]:
        """Return the agreements that the caller's organisation is a side of, by id, from behind ``after``."""
        principal.require("shared/read")
        return self._rows.of(principal.org, after=after, most=most)

    def get(self, principal: Principal, agreement: str) -> Agreement:
        """Return an agreement; raise NotFound, also for those of others."""
        principal.require("shared/read")
        found = self._rows.get(agreement)
        if found is None or not found.concerns(principal.org):
            raise NotFound("There is no such agreement")
        return found

    def failure(self, agreement: Agreement) -> Failure | None:
        """Return why the records of an agreement do not come now, None where nothing is wrong."""
        run = self._store.shares.run(agreement.id)
        return Failure(run.failed, run.error) if run is not None and run.error else None

    def least(self, agreement: Agreement) -> int:
        """Return how many people a figure by an agreement has to count at least, once it is accepted."""
        giver, _ = self.sides(agreement)
        return max(agreement.k, least(self._store, giver))

    def registries(self) -> Registries:
        """Return the registries that filters name things of."""
        return self._registries.current()

    def today(self) -> date:
        """Return the day that decides whether an agreement is in force."""
        return self._registries.today()

    def sides(self, agreement: Agreement) -> tuple[Organisation, Organisation | None]:
        """Return the giver and the taker; raise NotFound where one is no more."""
        found = [self._store.organisations.of(org) for org in (agreement.giver, agreement.taker) if org is not None]
        giver, taker = (*found, None)[:2]
        if giver is None or (taker is None and agreement.taker is not None):
            raise NotFound("There is no such organisation")
        return giver, taker

    def open(
        self, principal: Principal, agreement: str, level: Level = "pseudonymous", *, statements: bool = False
    ) -> Agreement:
        """Return an agreement by which the caller may read now, at this level or a deeper one; the door of every read.

        Raise NotFound to strangers, Forbidden while nothing may be given by it; the giver's audit has it then.
        """
        principal.require("shared/read")
        found = self._rows.get(agreement)
        if found is None:
            raise NotFound("There is no such agreement")
        reason = self._closed(principal, found, level, statements=statements)
        if reason is None:
            return found
        refused = b"refused" + principal.org + bytes.fromhex(found.id)
        # Once a minute: more would fill the audit of the giver.
        if found.giver != principal.org and is_first(self._store, refused):
            details: dict[str, Detail] = {"by": principal.organisation, "purpose": found.purpose["code"]}
            entry = Entry(principal.credential, "share.refused", found.id, details | {"reason": reason})
            self._store.audit.append(found.giver, told_abroad(entry, principal))
        if not found.concerns(principal.org):
            raise NotFound("There is no such agreement")
        raise Forbidden(_CLOSED[reason])

    def had(self, principal: Principal, agreement: str) -> Agreement:
        """Return an agreement by which the caller was given something, whatever has become of it; raise NotFound.

        For what outlives it: what was given must still be deleted when it is recalled.
        """
        principal.require("shared/read")
        found = self._rows.get(agreement)
        if found is None or found.taker != principal.org or found.accepted_by is None:
            raise NotFound("There is no such agreement")
        return found

    def readable(self, principal: Principal) -> list[Agreement]:
        """Return the agreements by which the caller may read something today."""
        principal.require("shared/read")
        return self.taken(principal.org)

    def taken(self, org: bytes) -> list[Agreement]:
        """Return the agreements by which an organisation may be given something today."""
        return self._in_force(self._rows.taken(org))

    def running(self, org: bytes) -> list[Agreement]:
        """Return the agreements by which an organisation gives something today."""
        return self._in_force(self._rows.given(org))

    def is_running(self, agreement: Agreement) -> bool:
        """Tell whether something is given by this agreement, as it was just read, today."""
        return bool(self._in_force([agreement]))

    def note_read(self, principal: Principal, agreement: Agreement, details: Mapping[str, Detail]) -> None:
        """Let both sides' audits have what the taker was given; durable when it returns."""
        known: dict[str, Detail] = {"by": principal.organisation, "purpose": agreement.purpose["code"]}
        entry = Entry(principal.credential, "share.read", agreement.id, {**known, **details})
        self._store.audit.append(agreement.giver, told_abroad(entry, principal))
        self._store.audit.append(principal.org, entry)

    def secrets(self, agreement: Agreement) -> Secrets:
        """Return the keys of an agreement that was accepted; raise WrongPepper."""
        rows, *earlier, newest = (self._seals.open(each.sealed, agreement.id) for each in agreement.keys)
        return Secrets(rows, newest, tuple(earlier))

    def _in_force(self, agreements: Sequence[Agreement]) -> list[Agreement]:
        today = self._registries.today()
        held = [each for each in agreements if each.holds_on(today)]
        if not held:
            return []
        disabled = {each.org for each in self._store.organisations.all() if each.disabled}
        return [each for each in held if disabled.isdisjoint({each.giver, each.taker})]

    def _closed(self, principal: Principal, found: Agreement, level: Level, *, statements: bool) -> str | None:
        """Return why the caller may not read by an agreement now; None if it may."""
        today = self._registries.today()
        if found.taker != principal.org:
            return "stranger"
        if found.state != "active":
            return found.state
        if not found.holds_on(today):
            return "early" if today < found.starts else "over"
        if not self._in_force([found]):
            return "disabled"
        if LEVELS.index(found.level) < LEVELS.index(level) or (statements and not found.statements):
            return "level"
        return None


_CLOSED: Final = {
    "stranger": "What this agreement covers is for its taker",
    "proposed": "This agreement is not accepted yet",
    "suspended": "This agreement is suspended",
    "ended": "This agreement has ended",
    "early": "This agreement has not begun yet",
    "over": "This agreement is over",
    "disabled": "The organisation that gives is disabled",
    "level": "This agreement does not cover this",
}


def told_abroad(entry: Entry, principal: Principal) -> Entry:
    """Return an entry for the audit of another organisation than the caller's: which key it was is not for that."""
    return replace(entry, actor=f"organisation:{principal.organisation}")

"""Requests of the people concerned: recorded with due days, answered, and audited by ids only.

Who asks, and what somebody noted, lies in the database sealed. Both are gone once the person was erased.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec

from lrs.errors import Conflict, NotFound
from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.seals import Seals
from lrs.services.subjects.persons import Person, Persons
from lrs.services.subjects.policies import PolicyService
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.requests import Request
from lrs.store.transactions import Session
from schemas.faults import Refused
from schemas.subjects.calendar import due
from schemas.subjects.policies import RequestType
from schemas.subjects.requests import OPEN, STATES, State, due_days

__all__ = ["Notes", "Page", "Request", "RequestService", "Told", "Wanted"]

_SALT: Final = 4
_CLOSED: Final = "This request was answered already"


class Wanted(NamedTuple):
    """A request as it is recorded; the learner is a number or an identity, without a day it was received today."""

    type: RequestType
    learner: int | str
    received: date | None = None
    channel: str = "other"
    note: str = ""


class Notes(msgspec.Struct, frozen=True, omit_defaults=True):
    """What is sealed: who asks, what was asked, and what was said to it."""

    identity: str
    note: str = ""
    answer: str = ""


class Told(NamedTuple):
    """A request with what of it lies sealed, None once that is gone, and whether an answer is late."""

    request: Request
    notes: Notes | None
    overdue: bool


class Page(NamedTuple):
    """Requests, and after which id the next page begins, None at the end."""

    requests: list[Told]
    next: str | None


class RequestService:
    """Records requests and their answers; everything needs the scope ``subjects``."""

    def __init__(self, store: Store, registries: RegistryService, policies: PolicyService, pepper: str) -> None:
        self._store = store
        self._rows = store.requests
        self._registries = registries
        self._policies = policies
        self._persons = Persons(store, pepper)
        self._seals = Seals(pepper, "subjects")

    def record(self, principal: Principal, wanted: Wanted) -> Told:
        """Record a request; raise Refused for a number that nobody has, and for a day that is yet to come."""
        principal.require("subjects")
        org, today = principal.org, self._registries.today()
        received = wanted.received or today
        if received > today:
            raise Refused.at("received", "value", "This day is yet to come.")
        who = wanted.learner if isinstance(wanted.learner, str) else self._persons.numbered(org, wanted.learner)
        person = self._persons.of(org, who)
        days = due_days(
            wanted.type, received, self._policies.of(org).deadlines, self._registries.current().holidays.days
        )
        now = clocks.now()
        made_id = (now.to_bytes(8) + secrets.token_bytes(_SALT)).hex()
        made = Request(
            id=made_id,
            type=wanted.type,
            received=received,
            channel=wanted.channel,
            acknowledge_by=days.acknowledge,
            due=days.fulfil,
            created=now,
            by=principal.credential,
            learner=person.numbers[0] if person.numbers else None,
            who=self._persons.hashes(org, person.identities),
            sealed=self._sealed(org, made_id, Notes(who, wanted.note)),
        )
        self._store.administer(
            org, lambda session: self._rows.insert(org, made, session), _entry(principal, "request.recorded", made)
        )
        return self._told(org, made, today)

    def get(self, principal: Principal, request: str) -> Told:
        """Return one; raise NotFound."""
        principal.require("subjects")
        return self._told(principal.org, self._held(principal.org, request), self._registries.today())

    def page(
        self,
        principal: Principal,
        *,
        after: str,
        most: int,
        state: State | None = None,
        kind: RequestType | None = None,
    ) -> Page:
        """Return requests in the order of recording."""
        principal.require("subjects")
        states = STATES if state is None else (state,)
        # One more than asked for says whether there is a next page.
        found = self._rows.page(principal.org, after=after, most=most + 1, states=states, kind=kind)
        shown = found[:most]
        today = self._registries.today()
        told = [self._told(principal.org, each, today) for each in shown]
        return Page(told, shown[-1].id if len(found) > most else None)

    def overdue(self, principal: Principal) -> list[Told]:
        """Return all whose answer is late."""
        principal.require("subjects")
        today = self._registries.today()
        return [self._told(principal.org, each, today) for each in self._rows.overdue(principal.org, today)]

    def person(self, org: bytes, request: Request) -> Person:
        """Return whom a request is about, nobody where that was erased already."""
        notes = self._notes(org, request)
        return Person() if notes is None else self._persons.whole(org, notes.identity)

    def acknowledge(self, principal: Principal, request: str) -> Told:
        """Note that the person was told of the arrival; raise NotFound, Conflict where that is noted already."""

        def change(held: Request) -> Mapping[str, Any]:
            if held.state != "received":
                raise Conflict("This request was acknowledged already")
            return {"state": "acknowledged", "acknowledged": clocks.now()}

        return self._change(principal, request, "request.acknowledged", change)

    def extend(self, principal: Principal, request: str, reason: str, note: str = "") -> Told:
        """Move the day on which it is due, once and before it has passed, by what the policies say.

        Raise NotFound, Conflict: an answer that is late already stays so.
        """
        term, holidays = self._policies.of(principal.org).deadlines.extension, self._registries.current().holidays.days

        def change(held: Request) -> Mapping[str, Any]:
            if held.extended is not None:
                raise Conflict("This request was extended already")
            if held.due < self._registries.today():
                raise Conflict("The day on which this request was due has passed; it cannot be extended any more")
            return {"extended": clocks.now(), "extension": reason, "due": due(held.due, term, holidays)}

        return self._change(principal, request, "request.extended", change, note)

    def refuse(self, principal: Principal, request: str, reason: str, note: str = "") -> Told:
        """Close it without doing what it asks for; raise NotFound, Conflict."""

        def change(held: Request) -> Mapping[str, Any]:
            del held
            return {"state": "refused", "closed": clocks.now(), "reason": reason}

        return self._change(principal, request, "request.refused", change, note)

    def open(self, principal: Principal, request: str, kinds: tuple[RequestType, ...] = ()) -> Request:
        """Return one that is not answered yet, of one of these types; raise NotFound, Conflict."""
        principal.require("subjects")
        held = self._held(principal.org, request)
        if held.state not in OPEN:
            raise Conflict(_CLOSED)
        if kinds and held.type not in kinds:
            raise Conflict(f"This is no request for {' or '.join(kinds)}")
        return held

    def fulfil(  # noqa: PLR0913 - what is told of it
        self,
        principal: Principal,
        request: str,
        *,
        counts: Mapping[str, int],
        details: Mapping[str, Detail] | None = None,
        reason: str | None = None,
        note: str = "",
        act: Callable[[Session], None] | None = None,
    ) -> Told:
        """Close it, for what it asks for was done; ``act`` does the last of it in the same transaction.

        Raise NotFound, Conflict.
        """

        def change(held: Request) -> Mapping[str, Any]:
            del held
            return {"state": "fulfilled", "closed": clocks.now(), "reason": reason, "counts": dict(counts)}

        more = {"counts": [f"{name}={count}" for name, count in sorted(counts.items())]} | dict(details or {})
        return self._change(principal, request, "request.fulfilled", change, note, more, act)

    def forget(self, org: bytes, person: Person, session: Session) -> None:
        """Let all requests of a person not say any more who made them."""
        self._rows.forget(org, self._persons.hashes(org, person.identities), session)

    def of(self, org: bytes, person: Person) -> list[Told]:
        """Return all requests of a person."""
        found = self._rows.of(org, person.numbers, self._persons.hashes(org, person.identities))
        today = self._registries.today()
        return [self._told(org, each, today) for each in found]

    def read(self, principal: Principal, request: Request, details: Mapping[str, Detail]) -> None:
        """Note that everything about the person goes out now: audited before the first byte does."""

        def change(session: Session) -> None:
            held = self._held(principal.org, request.id, session)
            if held.state not in OPEN:
                raise Conflict(_CLOSED)
            self._rows.change(principal.org, held, session, downloads=held.downloads + 1)

        entry = Entry(principal.credential, "request.data_read", request.id, dict(details))
        self._store.administer(principal.org, change, entry)

    def _change(  # noqa: PLR0913, PLR0917 - one road for all answers
        self,
        principal: Principal,
        request: str,
        action: str,
        change: Callable[[Request], Mapping[str, Any]],
        note: str = "",
        details: Mapping[str, Detail] | None = None,
        act: Callable[[Session], None] | None = None,
    ) -> Told:
        principal.require("subjects")
        org = principal.org

        def write(session: Session) -> Request:
            if act is not None:
                act(session)
            held = self._held(org, request, session)
            if held.state not in OPEN:
                raise Conflict(_CLOSED)
            values = dict(change(held))
            if note and (notes := self._notes(org, held)) is not None:
                answer = f"{notes.answer}\n{note}".strip()
                values["sealed"] = self._sealed(org, held.id, msgspec.structs.replace(notes, answer=answer))
            return self._rows.change(org, held, session, **values)

        made = self._store.administer(org, write, lambda done: _entry(principal, action, done, details))
        return self._told(org, made, self._registries.today())

    def _held(self, org: bytes, request: str, session: Session | None = None) -> Request:
        found = self._rows.find(org, request, session)
        if found is None:
            raise NotFound("There is no such request")
        return found

    def _told(self, org: bytes, request: Request, today: date) -> Told:
        return Told(request, self._notes(org, request), request.overdue(today))

    def _sealed(self, org: bytes, request: str, notes: Notes) -> bytes:
        return self._seals.seal(msgspec.json.encode(notes), org.hex() + request)

    def _notes(self, org: bytes, request: Request) -> Notes | None:
        if request.sealed is None:
            return None
        return msgspec.json.decode(self._seals.open(request.sealed, org.hex() + request.id), type=Notes)


def _entry(principal: Principal, action: str, request: Request, details: Mapping[str, Detail] | None = None) -> Entry:
    """Return the entry of a step: types, days and codes; never who it is about."""
    told: dict[str, Detail] = {"type": request.type, "state": request.state, "due": request.due.isoformat()}
    told["received"] = request.received.isoformat()
    for name in ("extension", "reason"):
        if (value := getattr(request, name)) is not None:
            told[name] = value
    return Entry(principal.credential, action, request.id, told | dict(details or {}))

"""Consents of the people concerned: recorded with their proof, withdrawn as easily, and told by number only.

What was said is never changed but by its withdrawal; consent that is given again is another row. Whoever records or
withdraws holds the organisation's turns: of two at a time one sees what the other has written, and whoever shares
records learns in their order whose have to be looked at again.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final, NamedTuple

from lrs.errors import Conflict, NotFound
from lrs.services import clocks
from lrs.services.consent_rows import ConsentRows
from lrs.services.principals import Principal
from lrs.services.pseudonyms import pseudonyms_of
from lrs.services.registries import RegistryService
from lrs.services.standings import Standings
from lrs.services.subjects.policies import PolicyService
from lrs.store import Store
from lrs.store.changes import Reason
from lrs.store.consents import mark, subject
from lrs.store.entries import MOST_LISTED, Detail, Entry
from lrs.store.transactions import Session
from schemas.faults import Fault, Refused
from schemas.sharing.consents import Consent, Standing
from schemas.training.persons import are_all_spellings_known

_CHUNK: Final = 500
_MOST_LOOKED_AT: Final = 5000
_REASONS: Final[dict[bool, Reason]] = {True: "no-longer-covered", False: "withdrawn"}


class Outcome(NamedTuple):
    """What became of a row: recorded, unchanged (said before), or faulty; and whether consent stands then."""

    kind: str
    id: str | None = None
    answer: bool | None = None
    standing: bool = False
    faults: tuple[Fault, ...] = ()


class Told(NamedTuple):
    """What was said, the learner's number where there is one, and whether it is what stands now."""

    consent: Consent
    learner: int | None
    standing: bool


class Page(NamedTuple):
    """What was found, and after which id the next page begins, None at the end."""

    rows: list[Told]
    next: str | None


class ConsentService:
    """Records what people say, in the caller's organisation, and tells what stands."""

    def __init__(
        self, store: Store, policies: PolicyService, registries: RegistryService, pepper: str, timezone: str
    ) -> None:
        self._store = store
        self._rows = store.consents
        self._standings = Standings(store, partial(pseudonyms_of, pepper))
        self._reading = ConsentRows(store, policies, registries, self._standings, timezone)

    def standing(
        self, org: bytes, purpose: str, numbers: Collection[int], session: Session | None = None
    ) -> dict[int, Standing]:
        """Return the consents to a purpose that stand, by the learners' numbers; nothing for those without."""
        return self._standings.standing(org, purpose, numbers, session)

    def record(
        self, principal: Principal, rows: Sequence[Mapping[str, Any] | Refused], *, dry_run: bool = False
    ) -> list[Outcome]:
        """Record every row that can be, and return what became of each; needs ``imports/write``.

        Rows are as ``NewConsentSchema`` loads them, or the refusals of those that it does not. Silence is a fault; a no
        is recorded, and ends what was said before. With ``dry_run`` nothing is recorded.
        """
        principal.require("imports/write")
        org = principal.org
        made = self._reading.read(principal, rows)
        said = [each for each in made if isinstance(each, Consent)]
        whose = {
            each.id: row["identity"]
            for each, row in zip(made, rows, strict=True)
            if isinstance(each, Consent) and not isinstance(row, Refused)
        }
        if dry_run:
            held = self._rows.same(org, said)
            fresh = _fresh(said, held)
        else:
            held, fresh = self._recorded(principal, said, whose)
        people = {who: each.subjects for who, each in self._standings.people(org, set(whose.values())).items()}
        purposes = {each.purpose for each in said}
        stand = self._standings.of(people, purposes, besides=fresh if dry_run else ())
        new = {each.id for each in fresh}
        ids = held | {mark(each): each.id for each in fresh}

        def outcome(each: Consent | Refused) -> Outcome:
            if isinstance(each, Refused):
                return Outcome("faulty", faults=each.faults)
            id_ = None if dry_run and ids[mark(each)] in new else ids[mark(each)]
            kind = "recorded" if each.id in new else "unchanged"
            return Outcome(kind, id_, each.answer, (whose[each.id], each.purpose) in stand)

        return [outcome(each) for each in made]

    def withdraw(self, principal: Principal, consent: str, when: int | date | None = None) -> Told:
        """Withdraw a consent, now unless told; needs ``imports/write``. One that is withdrawn already stays as it is.

        Raise NotFound, Conflict for what is a no, Refused for a time before it was given or yet to come.
        """
        principal.require("imports/write")
        org, now = principal.org, clocks.now()
        spelled = self._spelled(org, [self._held(org, consent)])

        def change(session: Session) -> tuple[Consent, bool]:
            self._store.links.hold(org, session)
            held = self._held(org, consent, session)
            if not held.answer:
                raise Conflict("This is no consent, there is nothing to withdraw")
            if held.withdrawn is not None:
                return held, False
            ended = held._replace(
                withdrawn=self._reading.ended(held, when, now),
                withdrawn_by=principal.credential,
                due=self._reading.due(org, now),
            )
            values = {name: getattr(ended, name) for name in ("withdrawn", "withdrawn_by", "due")}
            self._rows.change(org, consent, values, session)
            [person] = self._standings.behind(org, [held], session).values()
            self._store.changes.note_people(org, person.numbers | spelled[held.who], session, "withdrawn")
            return ended, True

        def entry(done: tuple[Consent, bool]) -> Entry | None:
            ended, changed = done
            details: dict[str, Detail] = {"purpose": ended.purpose, "due": f"{ended.due}"}
            return Entry(principal.credential, "consent.withdrawn", consent, details) if changed else None

        ended, _ = self._store.administer(org, change, entry)
        return self._told(org, [ended])[0]

    def get(self, principal: Principal, consent: str) -> Told:
        """Return one with its proof; needs ``records/read``, raise NotFound."""
        principal.require("records/read")
        return self._told(principal.org, [self._held(principal.org, consent)])[0]

    def page(self, principal: Principal, query: Mapping[str, Any]) -> Page:
        """Return a page of what was said, as ``ConsentsQuerySchema`` asks; needs ``records/read``.

        Where many do not fit what is asked, a page may be empty and still have a next one.
        """
        principal.require("records/read")
        org, after, wanted = principal.org, query["cursor"], query.get("standing")
        subjects = self._asked(org, query)
        found: list[Told] = []
        looked = 0
        while looked < _MOST_LOOKED_AT:
            rows = self._rows.page(org, after=after, most=_CHUNK, subjects=subjects, purpose=query.get("purpose"))
            for told in self._told(org, rows):
                if len(found) == query["limit"]:
                    return Page(found, after)
                after = told.consent.id
                if wanted in {None, told.standing}:
                    found.append(told)
            looked += len(rows)
            if len(rows) < _CHUNK:
                return Page(found, None)
        return Page(found, after)

    def _asked(self, org: bytes, query: Mapping[str, Any]) -> frozenset[bytes] | None:
        """Return whom a query is about, None for everybody."""
        about: list[frozenset[bytes]] = []
        if "identity" in query:
            about.append(self._standings.people(org, [query["identity"]])[query["identity"]].subjects)
        if "learner" in query:
            number = query["learner"]
            identities = self._store.learners.identities(org, [number]).get(number, [])
            about.append(frozenset(self._standings.subject(org, each) for each in identities))
        return frozenset.intersection(*about) if about else None

    def _told(self, org: bytes, consents: Sequence[Consent]) -> list[Told]:
        people = self._standings.behind(org, consents)
        subjects = {who: person.subjects for who, person in people.items()}
        stand = self._standings.of(subjects, {each.purpose for each in consents})

        def told(each: Consent) -> Told:
            stands = stand.get((each.who, each.purpose))
            return Told(
                each, min(people[each.who].numbers, default=None), stands is not None and stands.consent.id == each.id
            )

        return [told(each) for each in consents]

    def _held(self, org: bytes, consent: str, session: Session | None = None) -> Consent:
        found = self._rows.find(org, consent, session)
        if found is None:
            raise NotFound("There is no such consent")
        return found

    def _recorded(
        self, principal: Principal, said: Sequence[Consent], whose: Mapping[str, str]
    ) -> tuple[dict[bytes, str], list[Consent]]:
        """Record what nobody has recorded before; return the ids of the rest, by mark, and what was recorded."""
        org = principal.org
        unknown = [each for each in said if not are_all_spellings_known(whose[each.id])]
        spelled = self._spelled(org, unknown)

        def change(session: Session) -> tuple[dict[bytes, str], list[Consent]]:
            self._store.links.hold(org, session)
            held = self._rows.same(org, said, session)
            kept = self._store.learners.find(org, set(whose.values()), session)
            fresh = [_known_as(org, each, whose[each.id], kept) for each in _fresh(said, held)]
            self._rows.insert(org, fresh, session)
            self._store.wordings.use(org, {each.wording for each in fresh if each.wording is not None}, session)
            people = self._standings.people(org, {whose[each.id] for each in fresh}, session)
            for answer, reason in _REASONS.items():
                some = [each for each in fresh if each.answer is answer]
                numbers = {n for each in some for n in (*people[whose[each.id]].numbers, *spelled.get(each.who, ()))}
                self._store.changes.note_people(org, numbers, session, reason)
            return held, fresh

        if not said:
            return {}, []
        return self._store.administer(org, change, lambda done: _entry(principal, done[1]))

    def _spelled(self, org: bytes, consents: Sequence[Consent]) -> dict[bytes, set[int]]:
        """Return the numbers of whoever may be meant in another spelling, by what stands for each."""
        named = self._standings.spelled(org, {each.who for each in consents if each.named})
        return {each.who: named.get(each.who, set()) for each in consents}


def _fresh(said: Sequence[Consent], held: Mapping[bytes, str]) -> list[Consent]:
    """Return those that nobody has recorded before, of several that say the same the first."""
    return list({mark(each): each for each in reversed(said) if mark(each) not in held}.values())[::-1]


def _known_as(org: bytes, consent: Consent, identity: str, kept: Collection[str]) -> Consent:
    """Return a consent with what stands for the identity in statements, where these have it as it is."""
    alias = subject(org, identity) if identity in kept else consent.who
    return consent if alias == consent.who else consent._replace(alias=alias)


def _entry(principal: Principal, fresh: Sequence[Consent]) -> Entry | None:
    if not fresh:
        return None
    details: dict[str, Detail] = {
        "purposes": sorted({each.purpose for each in fresh})[:MOST_LISTED],
        "consents": sum(each.answer for each in fresh),
        "refusals": sum(not each.answer for each in fresh),
        "ids": [each.id for each in fresh[:MOST_LISTED]],
    }
    return Entry(principal.credential, "consents.recorded", fresh[0].id, details)

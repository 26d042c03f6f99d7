"""Learners: identities, joined into one person or split off again by decisions, never by name.

A decision takes effect on statements that are counted already, so the figures count one person from then on.
"""

import secrets
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec

from lrs.errors import NotFound, Unavailable
from lrs.services import clocks
from lrs.services.folding import MOST_MOVED, Folding, Unsettled
from lrs.services.principals import Principal
from lrs.services.pseudonyms import keyed_hash, pseudonyms_of
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.links import Link, Move
from lrs.store.rows import Found
from lrs.store.transactions import Session
from schemas.faults import Fault, Refused
from schemas.training.facts import facts_of
from schemas.training.matching import Proposal, Seen, proposals
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.identity import identity
from schemas.xapi.keys import mention_keys

_PATIENCE: Final = 8.0
"""Seconds in which a request counts statements anew; the worker goes on with the rest."""
_AUDITED: Final = 200
_CHUNK: Final = 1000
_STILL: Final = "Statements are still being counted anew after earlier decisions; send the same again"

_decode = msgspec.json.Decoder().decode
_vocabulary: Final = Vocabulary()


class Wanted(NamedTuple):
    """A decision to be taken: join two identities, or split one off."""

    kind: str
    identity: str
    reason: str
    other: str | None = None


class Learner(NamedTuple):
    """A number and the identities that it stands for."""

    number: int
    identities: list[str]


class Linked(NamedTuple):
    """The decisions that changed something; ``settled`` tells whether all statements are counted anew."""

    decisions: list[Link]
    settled: bool


class Matches(NamedTuple):
    """Proposals with the learners they are about, how many statements were looked at, and where older ones begin."""

    proposals: list[tuple[Proposal, list[Learner]]]
    statements: int
    next: int | None


class LearnerService:
    """Tells who is who in the caller's organisation, and changes it."""

    def __init__(self, store: Store, folding: Folding, pepper: str) -> None:
        self._store = store
        self._folding = folding
        self._pepper = pepper

    def page(self, principal: Principal, *, after: int, most: int) -> list[Learner]:
        """Return learners in the order of their numbers; needs ``records/read``."""
        principal.require("records/read")
        return [Learner(*each) for each in self._store.learners.page(principal.org, after=after, most=most).items()]

    def get(self, principal: Principal, number: int) -> Learner:
        """Return a learner; needs ``records/read``, raise NotFound."""
        principal.require("records/read")
        found = self._store.learners.identities(principal.org, [number])
        if number not in found:
            raise NotFound("There is no learner with this number")
        return Learner(number, found[number])

    def known_by(self, principal: Principal, who: str) -> list[Learner]:
        """Return who is known by an identity or by what it was replaced with; needs ``records/read``."""
        principal.require("records/read")
        both = self._forms(principal.org, who)
        numbers = set(self._store.learners.find(principal.org, both).values())
        return [Learner(*each) for each in self._store.learners.identities(principal.org, numbers).items()]

    def decisions(self, principal: Principal, *, after: str, most: int) -> list[Link]:
        """Return the first decisions after this id; needs ``records/read``."""
        principal.require("records/read")
        return self._store.links.of(principal.org, after=after, most=most)

    def link(self, principal: Principal, wanted: Sequence[Wanted]) -> Linked:
        """Take decisions in their order, all or none; needs ``imports/write``.

        Raise Refused for identities that nobody has, Unavailable. What is so already is no decision.
        """
        principal.require("imports/write")
        org = principal.org
        meant = self._meant(org, wanted)
        self._store.learners.numbers(org, {who for each in meant for who in (each.identity, each.other) if who})
        splits = sum(each.kind == "split" for each in meant)
        spare = self._store.learners.fresh(org, splits) if splits else []

        def change(session: Session) -> list[Link]:
            return self._folding.alone(org, session, lambda session: self._decide(principal, meant, spare, session))

        while True:
            try:
                taken = self._store.administer(org, change, lambda links: _entry(principal, links))
                break
            except Unsettled:
                self._settle(org)
        return Linked(taken, not taken or self._folding.settle(org, _PATIENCE))

    def matches(self, principal: Principal, *, unit: str | None, before: int | None, most: int) -> Matches:
        """Propose who may be one person, by names in the newest statements; needs ``records/read``.

        Names are looked up in statements each time: nothing beside them keeps names, and so nothing has to forget them.
        """
        principal.require("records/read")
        seen: set[Seen] = set()
        looked = 0
        while looked < most:
            found = self._store.statements.latest(principal.org, before=before, most=min(_CHUNK, most - looked))
            looked += len(found)
            seen.update(each for each in _seen(found) if unit in {None, each.unit})
            before = found[-1].stored if found else None
            if before is None:
                break
        numbers = self._store.learners.find(principal.org, {each.identity for each in seen})
        made = proposals(seen, numbers)
        people = self._store.learners.identities(principal.org, {n for each in made for n in each.numbers})
        return Matches([(p, [Learner(n, people.get(n, [])) for n in p.numbers]) for p in made], looked, before)

    def _settle(self, org: bytes) -> None:
        if not self._folding.settle(org, _PATIENCE):
            raise Unavailable(_STILL)

    def _forms(self, org: bytes, who: str) -> list[str]:
        """Return an identity, and what it is stored as where identities are replaced."""
        return list(dict.fromkeys((who, pseudonyms_of(self._pepper, org).identity(who))))

    def _meant(self, org: bytes, wanted: Sequence[Wanted]) -> list[Wanted]:
        """Return decisions about identities as they are stored; raise Refused."""
        forms = {who: self._forms(org, who) for each in wanted for who in (each.identity, each.other) if who}
        numbered = self._store.learners.find(org, {form for each in forms.values() for form in each})
        stored = {who: self._stored(org, each, numbered) for who, each in forms.items()}
        faults = [
            Fault(f"links[{place}].{name}", "unknown", "no statement names this identity")
            for place, each in enumerate(wanted)
            for name in ("identity", "other")
            if (who := getattr(each, name)) and stored[who] is None
        ]
        if faults:
            raise Refused(faults)
        known = {who: form for who, form in stored.items() if form is not None}
        return [each._replace(identity=known[each.identity], other=known.get(each.other or "")) for each in wanted]

    def _stored(self, org: bytes, forms: Iterable[str], numbered: dict[str, int]) -> str | None:
        for form in forms:
            if form in numbered:
                return form
        return next((form for form in forms if self._store.statements.any_has(org, mention_keys(form))), None)

    def _decide(
        self, principal: Principal, wanted: Sequence[Wanted], spare: Sequence[int], session: Session
    ) -> list[Link]:
        org, now = principal.org, clocks.now()
        persons = self._persons(org, wanted, session)
        was = dict(persons.numbers)
        fresh = iter(spare)
        taken = []
        for place, each in enumerate(wanted):
            numbers = persons.join(each.identity, each.other) if each.other else persons.split(each.identity, fresh)
            if numbers is not None:
                hashes = [keyed_hash(self._pepper, b"links", org, who) for who in (each.identity, each.other) if who]
                taken.append(
                    Link(_id(now, place), each.kind, each.reason, principal.credential, now, tuple(hashes), numbers)
                )
        moved = sorted(who for who, number in persons.numbers.items() if number != was[who])
        self._store.learners.renumber(org, {who: persons.numbers[who] for who in moved}, session)
        parts = [moved[begin : begin + MOST_MOVED] for begin in range(0, len(moved), MOST_MOVED)]
        self._store.links.leave(org, [Move({who: was[who] for who in part}) for part in parts], session)
        self._store.links.insert(org, taken, session)
        # What one of the identities has consented to is now another's, too, or no more.
        self._store.changes.note_people(org, {number for each in taken for number in each.numbers}, session)
        parted = {each.numbers[0] for each in taken if each.kind == "split"}
        self._store.changes.note_split(org, parted, session)
        return taken

    def _persons(self, org: bytes, wanted: Sequence[Wanted], session: Session) -> "_Persons":
        named = {who for each in wanted for who in (each.identity, each.other) if who}
        numbers = set(self._store.learners.find(org, named, session).values())
        return _Persons(self._store.learners.identities(org, numbers, session))


class _Persons:
    """Who is who while decisions are taken one after the other."""

    def __init__(self, people: dict[int, list[str]]) -> None:
        self._people = {number: set(identities) for number, identities in people.items()}
        self.numbers = {who: number for number, identities in people.items() for who in identities}

    def join(self, one: str, other: str) -> tuple[int, int] | None:
        """Let two be one, by the smaller number; return the number before and since of who changed, None if none."""
        kept, gone = sorted((self.numbers[one], self.numbers[other]))
        if kept == gone:
            return None
        for who in self._people.pop(gone):
            self.numbers[who] = kept
            self._people[kept].add(who)
        return gone, kept

    def split(self, who: str, fresh: Iterator[int]) -> tuple[int, int] | None:
        """Let one be somebody else; return the number before and since, None where it is alone already."""
        number = self.numbers[who]
        if len(self._people[number]) == 1:
            return None
        self._people[number].remove(who)
        self.numbers[who] = made = next(fresh)
        self._people[made] = {who}
        return number, made


def _id(now: int, place: int) -> str:
    return (now.to_bytes(8) + place.to_bytes(2) + secrets.token_bytes(4)).hex()


def _entry(principal: Principal, links: Sequence[Link]) -> Entry | None:
    if not links:
        return None
    kinds = [link.kind for link in links]
    details: dict[str, Detail] = {
        "joined": kinds.count("join"),
        "split": kinds.count("split"),
        "reasons": sorted({link.reason for link in links}),
        "numbers": [f"{before}-{after}" for before, after in (link.numbers for link in links[:_AUDITED])],
    }
    return Entry(principal.credential, "learners.linked", links[0].id, details)


def _seen(found: Iterable[Found]) -> Iterator[Seen]:
    """Yield who is named in statements that count, actors and members of Groups."""
    for each in found:
        statement = _decode(each.raw)
        named = [person for person in _persons(statement["actor"]) if isinstance(person.get("name"), str)]
        if named and (facts := facts_of(statement, _vocabulary)) is not None:
            unit = facts.unit.code if facts.unit else ""
            for person in named:
                if (who := identity(person)) is not None:
                    yield Seen(who, person["name"], unit)


def _persons(actor: dict[str, Any]) -> list[dict[str, Any]]:
    members: list[dict[str, Any]] = actor.get("member", [])
    return members if actor.get("objectType") == "Group" else [actor]

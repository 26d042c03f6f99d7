"""Whose consent stands: of a person with all identities that are joined by now, whichever of them gave it.

What was said belongs to an identity. So who is split off takes along what was said under the own identity, and nothing
else.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, TypeVar

from lrs.store import Store
from lrs.store.consents import subject
from lrs.store.transactions import Session
from schemas.sharing.consents import Consent, Standing, standing_of
from schemas.training.persons import Pseudonyms, names_somebody, spellings

Person = TypeVar("Person")


class Whole(NamedTuple):
    """A person: what stands for each identity, and the numbers that these have."""

    subjects: frozenset[bytes]
    numbers: frozenset[int]


class Standings:
    """Tells which consents stand; ``names`` gives the pseudonyms of an organisation."""

    def __init__(self, store: Store, names: Callable[[bytes], Pseudonyms]) -> None:
        self._store = store
        self._names = names

    def standing(
        self, org: bytes, purpose: str, numbers: Collection[int], session: Session | None = None
    ) -> dict[int, Standing]:
        """Return the consents to a purpose that stand, by the learners' numbers; nothing for those without."""
        names = self._names(org)
        found = self._store.learners.identities(org, numbers, session)
        people = {number: {subject(org, names.identity(who)) for who in each} for number, each in found.items()}
        return {number: stands for (number, _), stands in self.of(people, [purpose], session).items()}

    def subject(self, org: bytes, identity: str) -> bytes:
        """Return what stands for an identity."""
        return subject(org, self._names(org).identity(identity))

    def people(self, org: bytes, identities: Collection[str], session: Session | None = None) -> dict[str, Whole]:
        """Return the persons that identities mean, whether statements have them as they are or replaced."""
        names = self._names(org)
        forms = {who: {*spellings(who), names.identity(who)} for who in identities}
        known = self._store.learners.find(org, {form for both in forms.values() for form in both}, session)
        found = self._store.learners.identities(org, set(known.values()), session)
        people = {}
        for who, both in forms.items():
            numbers = frozenset(known[form] for form in both if form in known)
            joined = {who, *(each for number in numbers for each in found.get(number, ()))}
            people[who] = Whole(frozenset(subject(org, names.identity(each)) for each in joined), numbers)
        return people

    def behind(self, org: bytes, consents: Collection[Consent], session: Session | None = None) -> dict[bytes, Whole]:
        """Return the persons who said these, by what stands for the identity."""
        names = self._names(org)
        rows = {each.who: each.alias or each.who for each in consents}
        known = self._store.learners.known({*rows.values(), *rows}, session)
        numbers = {who: known[row] for who, alias in rows.items() for row in (who, alias) if row in known}
        found = self._store.learners.identities(org, set(numbers.values()), session)
        return {
            who: Whole(
                frozenset({who, *(subject(org, names.identity(each)) for each in found.get(numbers.get(who, 0), ()))}),
                frozenset({numbers[who]} if who in numbers else ()),
            )
            for who in rows
        }

    def spelled(self, org: bytes, subjects: Collection[bytes]) -> dict[bytes, set[int]]:
        """Return the numbers of learners whose identity names somebody, in any spelling, by what stands for them.

        That cannot be turned back, so all such learners of the organisation are looked at.
        """
        names = self._names(org)
        found: dict[bytes, set[int]] = {each: set() for each in subjects}
        for who, number in self._store.learners.everybody(org) if found else ():
            if names_somebody(who) and (stands := subject(org, names.of(who))) in found:
                found[stands].add(number)
        return found

    def of(
        self,
        people: Mapping[Person, Collection[bytes]],
        purposes: Collection[str],
        session: Session | None = None,
        *,
        besides: Iterable[Consent] = (),
    ) -> dict[tuple[Person, str], Standing]:
        """Return what stands of what these people have said about these purposes, and ``besides``."""
        subjects = {each for person in people.values() for each in person}
        said = self._store.consents.of(subjects, purposes, session) if subjects and purposes else []
        by = defaultdict[tuple[bytes, str], list[Consent]](list)
        for each in (*said, *besides):
            by[each.who, each.purpose].append(each)
        return {
            (who, purpose): stands
            for who, person in people.items()
            for purpose in set(purposes)
            if (stands := standing_of(each for one in person for each in by.get((one, purpose), ()))) is not None
        }

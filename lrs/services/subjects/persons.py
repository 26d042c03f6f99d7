"""Whom a request is about: all identities that are one person's by now, in every form that they are stored in."""

from collections.abc import Iterable
from typing import NamedTuple

from lrs.services.erasing.people import Marks
from lrs.services.erasing.tasks import Searching
from lrs.store import Store
from schemas.faults import Refused


class Person(NamedTuple):
    """Somebody in an organisation: the numbers and identities; no number for who was never counted."""

    numbers: tuple[int, ...] = ()
    identities: tuple[str, ...] = ()


class Persons:
    """Finds out who somebody is, as erasing does: who was read about is who is erased."""

    def __init__(self, store: Store, pepper: str) -> None:
        self._learners = store.learners
        self._searching = Searching(store, pepper)
        self._pepper = pepper

    def of(self, org: bytes, who: str) -> Person:
        """Return the person whom an identity names, with whom it was joined."""
        return self._person(org, self._searching.joined(org, [who]))

    def whole(self, org: bytes, who: str) -> Person:
        """Return the same, also by other ways to write a mailbox or a number: looks at all learners for them."""
        return self._person(org, self._searching.all(org, [who]))

    def numbered(self, org: bytes, number: int) -> str:
        """Return an identity of the learner with a number; raise Refused where there is none."""
        found = self._learners.identities(org, [number])
        if number not in found:
            raise Refused.at("learner", "unknown", "There is no learner with this number.")
        return found[number][0]

    def hashes(self, org: bytes, identities: Iterable[str]) -> tuple[str, ...]:
        """Return what stands for identities in the journal of erasures, too, and cannot be turned back."""
        marks = Marks(self._pepper, org)
        return tuple(sorted({marks.of(who) for who in identities}))

    def _person(self, org: bytes, identities: Iterable[str]) -> Person:
        known = sorted(identities)
        numbers = set(self._learners.find(org, known).values())
        return Person(tuple(sorted(numbers)), tuple(known))

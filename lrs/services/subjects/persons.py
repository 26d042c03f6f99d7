"""Whom a request is about: all identities that are one person's by now, and what they were replaced by."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from lrs.services.pseudonyms import keyed_hash, pseudonyms_of
from lrs.store import Store
from lrs.store.transactions import Session
from schemas.faults import Refused

_PURPOSE: Final = b"subjects"


class Person(NamedTuple):
    """Somebody in an organisation: the numbers and identities; no number for who was never counted."""

    numbers: tuple[int, ...]
    identities: tuple[str, ...]


class Persons:
    """Finds out who somebody is."""

    def __init__(self, store: Store, pepper: str) -> None:
        self._learners = store.learners
        self._pepper = pepper

    def of(self, org: bytes, identities: Iterable[str], session: Session | None = None) -> Person:
        """Return the person whom these identities name, each as it is and as what names nobody."""
        names = pseudonyms_of(self._pepper, org)
        forms = {form for who in identities for form in (who, names.identity(who))}
        numbers = set(self._learners.find(org, forms, session).values())
        joined = self._learners.identities(org, numbers, session)
        return Person(tuple(sorted(numbers)), tuple(sorted(forms.union(*joined.values()))))

    def numbered(self, org: bytes, number: int) -> str:
        """Return an identity of the learner with a number; raise Refused where there is none."""
        found = self._learners.identities(org, [number])
        if number not in found:
            raise Refused.at("learner", "unknown", "There is no learner with this number.")
        return found[number][0]

    def hashes(self, org: bytes, identities: Iterable[str]) -> tuple[str, ...]:
        """Return what stands for identities and cannot be turned back."""
        return tuple(sorted(keyed_hash(self._pepper, _PURPOSE, org, who) for who in identities))

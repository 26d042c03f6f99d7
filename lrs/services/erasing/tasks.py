"""What an erasure is about: who is looked for, and as whom they are shown from then on."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from lrs.services.erasing.people import Marks, account_of, erased_by
from lrs.store import Store
from lrs.store.erasures import Erasure
from schemas.training.erased import Erased
from schemas.training.persons import names_somebody

_PAGE: Final = 10_000


class Task(NamedTuple):
    """An erasure with the identities that are looked for, and what knows them in statements."""

    erasure: Erasure
    identities: list[str]
    people: Erased

    @property
    def org(self) -> bytes:
        """The organisation."""
        return self.erasure.org


class Searching:
    """Finds all identities of a person."""

    def __init__(self, store: Store, pepper: str) -> None:
        self._learners = store.learners
        self._pepper = pepper

    def task(self, erasure: Erasure, identities: Iterable[str]) -> Task:
        """Return what an erasure is about."""
        accounts = dict.fromkeys(erasure.hashes, account_of(self._pepper, erasure.id, erasure.org))
        known = sorted(self.joined(erasure.org, identities))
        return Task(erasure, known, erased_by(self._pepper, erasure.org, accounts))

    def all(self, org: bytes, identities: Iterable[str]) -> set[str]:
        """Return these identities and whatever else means the same person.

        A mailbox may be known by its SHA-1 alone, and a number is written in many ways: all learners are looked at.
        """
        known = self.joined(org, identities)
        if any(map(names_somebody, known)):
            marks = Marks(self._pepper, org)
            wanted = {marks.of(who) for who in known}
            known = self.joined(org, known | {who for who in self._learned(org) if marks.of(who) in wanted})
        return known

    def joined(self, org: bytes, identities: Iterable[str]) -> set[str]:
        """Return these identities, the forms that they are stored in, and those that were joined with them."""
        marks = Marks(self._pepper, org)
        found: set[str] = set()
        fresh = set(identities)
        while fresh:
            found |= {form for who in fresh for form in marks.forms(who)}
            numbers = set(self._learners.find(org, found).values())
            people = self._learners.identities(org, numbers)
            fresh = {who for each in people.values() for who in each} - found
        return found

    def _learned(self, org: bytes) -> Iterable[str]:
        after = 0
        while page := self._learners.page(org, after=after, most=_PAGE):
            for identities in page.values():
                yield from filter(names_somebody, identities)
            after = max(page)

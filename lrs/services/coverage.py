"""Who travels by an agreement: people with the consents that it needs, and nobody whose data are restricted.

A child is who the latest evidence with an age band tells to be under 16; and so is, in a record, who it tells to have
been. Children travel only where the agreement says so and the consents stand that the law asks for them.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.changes import Reason
from lrs.store.record_walks import Aged
from lrs.store.transactions import Session
from schemas.sharing.consents import Standing
from schemas.training.terms import AGE_BANDS, UNKNOWN

CHILD: Final = AGE_BANDS[0]


class Consents(Protocol):
    """Tells which consents stand."""

    def standing(
        self, org: bytes, purpose: str, numbers: Collection[int], session: Session | None = None
    ) -> Mapping[int, Standing]:
        """Return the consents to a purpose that stand, by the learners' numbers; nothing for those without."""


@dataclass(frozen=True, slots=True)
class People:
    """Some learners, by their numbers, as one agreement has them; ``strangers`` are not known to travel by it."""

    agreement: Agreement
    minors: frozenset[int]
    restricted: frozenset[int]
    consents: Mapping[int, Standing]
    strangers: frozenset[int] = frozenset()

    def barred(self, number: int, band: str = UNKNOWN) -> Reason | None:
        """Return why a learner, or what tells this age band of him, does not travel; None if it does."""
        if number in self.restricted:
            return "restricted"
        consent = self.consents.get(number)
        if self.agreement.basis == "consent" and consent is None:
            return "withdrawn"
        if number in self.strangers:
            return "no-longer-covered"
        if number not in self.minors and band != CHILD:
            return None
        if self.agreement.minors and consent is not None and consent.for_minor:
            return None
        return "withdrawn" if self.agreement.minors else "no-longer-covered"


class Coverage:
    """Tells who travels."""

    def __init__(self, store: Store, consents: Consents) -> None:
        self._store = store
        self._consents = consents

    def people(
        self, agreement: Agreement, numbers: Collection[int], minors: Collection[int], session: Session | None = None
    ) -> People:
        """Return these learners as an agreement has them; ``minors`` are those among them who are children."""
        org = agreement.giver
        asked = set(numbers) if agreement.basis == "consent" else set(minors) if agreement.minors else set[int]()
        consents = self._consents.standing(org, agreement.purpose["code"], asked, session) if asked else {}
        restricted = self._store.learners.restricted(org, numbers, session) if numbers else set[int]()
        return People(agreement, frozenset(minors), frozenset(restricted), consents)

    def aged(self, org: bytes, numbers: Collection[int], session: Session | None = None) -> list[Aged]:
        """Return the age bands that all records of these learners tell."""
        return list(self._store.record_walks.aged(org, numbers, session)) if numbers else []


class KnownCoverage(Coverage):
    """Tells who travels of those whom the agreement's follower knows to.

    It knows whom to recall by that, so nothing may leave about anybody else: not of those without records either, whom
    statements tell of beside whom they are about.
    """

    def people(
        self, agreement: Agreement, numbers: Collection[int], minors: Collection[int], session: Session | None = None
    ) -> People:
        """Return these learners as an agreement has them."""
        known = self._store.shares.people(agreement.id)
        found = super().people(agreement, numbers, minors, session)
        return replace(found, strangers=frozenset(each for each in numbers if each not in known))


def minors_of(aged: Iterable[Aged]) -> set[int]:
    """Return who is a child by these records, of which none of theirs is missing."""
    latest: dict[int, tuple[int, bool]] = {}
    for each in aged:
        if each.band != UNKNOWN:
            found = each.last, each.band == CHILD
            latest[each.learner] = max(found, latest.get(each.learner, found))
    return {number for number, (_, child) in latest.items() if child}

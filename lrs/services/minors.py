"""Statements about children, where their sender's policy asks for consent: refused, or kept as head-counts."""

from collections.abc import Sequence
from typing import cast

from lrs.services.principals import Principal
from lrs.services.standings import Standings
from lrs.store import Store
from schemas.faults import Refused
from schemas.sharing.consents import TRAINING
from schemas.training.minors import Child, Policy, children_of, headcount, refusal
from schemas.xapi.statements import Statement

Sent = tuple[Statement, bytes]
"""A statement and its text."""


class Minors:
    """Judges what a policy asks about; who has none is asked nothing, and need not call."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def admit(
        self, principal: Principal, policy: Policy, sent: Sequence[Sent], paths: Sequence[str]
    ) -> list[Sent | Refused]:
        """Return each statement as it may be stored, or why it may not; identities are replaced already.

        A statement that tells of children stays as it is if everybody it is about has consented, or the representatives
        have, as a child needs it, to the purpose ``training``.
        """
        told = [children_of(statement, path) for (statement, _), path in zip(sent, paths, strict=True)]
        asked = {who for children in told for child in children for who in child.persons}
        if not asked:
            return list(sent)
        consented = self._consented(principal.org, policy, asked)
        return [
            _judged(principal, policy, each, [child for child in children if not consented.issuperset(child.persons)])
            for each, children in zip(sent, told, strict=True)
        ]

    def _consented(self, org: bytes, policy: Policy, identities: set[str]) -> set[str]:
        standings = Standings(self._store, lambda _: policy.names)
        people = {who: person.subjects for who, person in standings.people(org, identities).items()}
        return {who for (who, _), stands in standings.of(people, [TRAINING]).items() if stands.for_minor}


def _judged(principal: Principal, policy: Policy, sent: Sent, lacking: Sequence[Child]) -> Sent | Refused:
    if not lacking:
        return sent
    if policy.word == "refuse":
        return Refused(refusal(child) for child in lacking)
    left = headcount(sent[0], principal.organisation)
    if left is None:
        return Refused(refusal(child, counted=True) for child in lacking)
    return cast(Statement, left[0]), left[1]

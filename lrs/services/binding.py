"""What a credential may write that is bound to an organisation or a team.

What it stores must be about that: carry the organisation's code, or have the team as its actor or in its context. That
is not enough where it would get into the record of somebody who is there on another's behalf. So nothing is stored
about what a person does in an activity where others have told of the same without this organisation; and what is
two-sided, an internship, must have been told with this organisation before, by somebody who is no organisation's: who
sends people registers them first. And it takes back nothing but what it has stored itself.

Who is refused learns by it that somebody is there on another's behalf; so the audit tells of whoever tries.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec

from lrs.errors import Forbidden
from lrs.services.firsts import is_first
from lrs.services.principals import Bound, Principal
from lrs.store import Store
from lrs.store.entries import Entry
from lrs.store.rows import document_id
from schemas.faults import Fault
from schemas.training.facts import Facts, facts_of
from schemas.training.organisations import named, place_of_name, told_by
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.identity import identity
from schemas.xapi.keys import activity_keys, author_key, is_voiding, organisation_key, person_key, refers_to
from schemas.xapi.keys import registration_key as in_registration
from schemas.xapi.paths import member

RULE: Final = "bound"
_TITLE: Final = "This credential is bound, and may not write this"

_decode = msgspec.json.Decoder().decode


class Binding:
    """Judges what bound credentials write."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._statements = store.statements
        self._learners = store.learners
        self._vocabulary = Vocabulary()

    def require(self, principal: Principal, statement: Mapping[str, Any], path: str = "") -> None:
        """Raise Forbidden for a statement that the caller may not write; ``path`` is where it stood in the request."""
        bound = principal.bound
        if bound is None:
            return
        faults = list(_faults(bound, statement, path))
        if not faults and is_voiding(statement):
            faults += self._foreign(principal, statement, path)
        elif not faults and bound.organisation is not None:
            faults += self._displaced(principal, bound.organisation, statement, path)
            if faults and is_first(self._store, b"bound" + principal.org + principal.credential.encode()):
                entry = Entry(principal.credential, "credential.out_of_bounds", principal.credential)
                self._store.audit.append(principal.org, entry)
        if faults:
            raise Forbidden(_TITLE, faults)

    def _foreign(self, principal: Principal, statement: Mapping[str, Any], path: str) -> Iterator[Fault]:
        """Yield the fault of taking back what was not stored by the caller itself; what was taken back may be again."""
        target = refers_to(statement)
        bounds = (*principal.bounds, (author_key(principal.authority_agent),))
        if target is None or not any(
            self._statements.get(document_id(principal.org, target), voided=voided, bounds=bounds)
            for voided in (False, True)
        ):
            yield Fault(member(path, "object"), RULE, "must be a statement that this credential has stored")

    def _displaced(
        self, principal: Principal, organisation: str, statement: Mapping[str, Any], path: str
    ) -> Iterator[Fault]:
        """Yield the fault of telling of somebody who is not with this organisation."""
        facts = facts_of(statement, self._vocabulary)
        if facts is None or (facts.learner is None and not facts.member_learners):
            return
        actor = member(path, "actor")
        if not facts.two_sided:
            others = organisation_key(organisation)
            if self._is_told(principal.org, facts, [], lambda _: True, without=others):
                yield Fault(actor, RULE, "is told of in this activity by others, without this organisation")
        elif facts.is_group:
            yield Fault(actor, RULE, "must be one person: this is told of each by itself")
        else:
            here = [[organisation_key(organisation)]]
            if not self._is_told(principal.org, facts, here, lambda found: told_by(found.get("authority")) is None):
                yield Fault(actor, RULE, "must have been registered with this organisation by who sends him or her")

    def _is_told(
        self,
        org: bytes,
        facts: Facts,
        groups: Sequence[Sequence[bytes]],
        holds: Callable[[Mapping[str, Any]], bool],
        without: bytes | None = None,
    ) -> bool:
        """Tell whether this holds for anything of the same people, activity and registration with these keys."""
        people = [person_key(who) for who in self._identities(org, facts)]
        asked = [people, activity_keys(facts.activity), *groups]
        if facts.registration is not None:
            asked.append([in_registration(facts.registration)])

        def same(raw: bytes) -> bool:
            # A key tells that a statement has this registration, and none that it has no other.
            found = _decode(raw)
            return _registration(found) == facts.registration and holds(found)

        return self._statements.any_holds(org, asked, same, without=without)

    def _identities(self, org: bytes, facts: Facts) -> set[str]:
        """Return all that the people of a statement are known by, as far as that was decided."""
        told = {who for who in (facts.learner, *facts.member_learners) if who is not None}
        numbers = self._learners.find(org, told)
        return told.union(*self._learners.identities(org, set(numbers.values())).values())


def _registration(statement: Mapping[str, Any]) -> str | None:
    found = statement.get("context", {}).get("registration")
    return None if found is None else str(found).lower()


def _faults(bound: Bound, statement: Mapping[str, Any], path: str) -> Iterator[Fault]:
    if bound.organisation is not None:
        told = "must be the organisation that this credential is bound to"
        found = list(named(statement, path))
        if not found:
            yield Fault(place_of_name(path), RULE, told)
        for place, code in found:
            if code != bound.organisation:
                yield Fault(place, RULE, told)
    if bound.team is not None and bound.team not in _groups(statement):
        yield Fault(member(path, "actor"), RULE, "must be the team that this credential is bound to, or context.team")


def _groups(statement: Mapping[str, Any]) -> set[str | None]:
    """Return who of the Groups is not only acted upon."""
    context = statement.get("context", {})
    groups = [statement["actor"], *(each["group"] for each in context.get("contextGroups", ()))]
    if "team" in context:
        groups.append(context["team"])
    return {identity(each) for each in groups if each.get("objectType") == "Group"}

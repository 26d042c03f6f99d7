"""An organisation's decisions on units that were split."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from lrs.services import clocks
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.store import Store
from lrs.store.entries import Detail, Entry
from lrs.store.transactions import Session
from schemas.faults import Fault, Refused
from schemas.registries.assignments import Assignments, Decision
from schemas.registries.units import Units, Unmapped

_TIME_BYTES: Final = 8
_RANDOM_BYTES: Final = 4


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A decision to be made; ``unit`` and ``to`` are keys, or a code and any day of a unit.

    ``records`` are keys of records, hexadecimal, and ``learners`` numbers.
    """

    unit: str
    to: str | None
    reason: str
    records: list[str]
    learners: list[str]


class AssignmentService:
    """Takes decisions and says what they are together."""

    def __init__(self, store: Store, registries: RegistryService) -> None:
        self._store = store
        self._registries = registries

    def decide(self, principal: Principal, wanted: Wanted) -> Decision:
        """Keep a decision of the caller's organisation; needs ``imports/write``, raise Refused.

        It stands beside the statements, which it does not change. What it is about must be there, but where earlier
        decisions are taken back: these may be about what has gone since.
        """
        principal.require("imports/write")
        unit, to = _keys(self._registries.current().units, wanted)
        if not wanted.records and not wanted.learners:
            raise Refused.at("records", "required", "name records or learners that it is about")
        now = clocks.now()
        decision = Decision(
            id=(now.to_bytes(_TIME_BYTES) + secrets.token_bytes(_RANDOM_BYTES)).hex(),
            unit=unit,
            to=to,
            reason=wanted.reason,
            by=principal.credential,
            decided=now,
            records=tuple(wanted.records),
            learners=tuple(wanted.learners),
        )
        self._store.administer(
            principal.org,
            lambda session: self._keep(principal.org, decision, session),
            Entry(principal.credential, "unit.assigned", decision.id, _details(decision)),
        )
        return decision

    def _keep(self, org: bytes, decision: Decision, session: Session) -> None:
        """Keep a decision; raise Refused for records and learners that there are not."""
        if decision.to is not None and (faults := list(self._unknown(org, decision, session))):
            raise Refused(faults)
        self._store.assignments.insert(org, decision, session)

    def _unknown(self, org: bytes, decision: Decision, session: Session) -> Iterator[Fault]:
        there = self._store.record_walks.there(org, map(bytes.fromhex, decision.records), session)
        for place, record in enumerate(decision.records):
            if bytes.fromhex(record) not in there:
                yield Fault(f"records[{place}]", "unknown", "There is no record with this id.")
        known = self._store.learners.identities(org, list(map(int, decision.learners)), session)
        for place, learner in enumerate(decision.learners):
            if int(learner) not in known:
                yield Fault(f"learners[{place}]", "unknown", "There is no learner with this number.")

    def page(self, principal: Principal, *, after: str, most: int) -> list[Decision]:
        """Return the first decisions of the caller's organisation after this id; needs ``records/read``."""
        principal.require("records/read")
        return self._store.assignments.of(principal.org, after=after, most=most)

    def of(self, org: bytes) -> Assignments:
        """Return what an organisation's decisions say together."""
        return Assignments(self._store.assignments.of(org))


def _keys(units: Units, wanted: Wanted) -> tuple[str, str | None]:
    """Return the keys of a split unit and of one of its successors; raise Refused."""
    unit = units.get(wanted.unit)
    found = units.as_of(unit, unit.ends) if unit else None
    if unit is None or not isinstance(found, Unmapped) or found.reason != "split":
        raise Refused.at("unit", "split", "no unit of this key or day was split")
    if wanted.to is None:
        return unit.key, None
    to = units.get(wanted.to)
    if to is None or to.key not in found.options:
        raise Refused([Fault("to", "successor", f"must be one of {', '.join(found.options)}")])
    return unit.key, to.key


def _details(decision: Decision) -> dict[str, Detail]:
    """Return the decision for the audit: codes and counts, and whom it is about only by the decision's id."""
    code, to = decision.unit.partition("@")[0], (decision.to or "").partition("@")[0]
    counts: dict[str, Detail] = {"records": len(decision.records), "learners": len(decision.learners)}
    return {"unit": code, "to": to or "nowhere", **counts}

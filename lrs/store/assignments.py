"""The ``assignments`` collection: an organisation's decisions on units that were split.

``_id`` is organisation, time of the decision and a random tail, so that decisions are read in their order without an
index of their own.
"""

from collections.abc import Iterator
from typing import Any, Final

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES
from lrs.store.transactions import Session
from schemas.registries.assignments import Decision

_TAIL: Final = 12


class Assignments:
    """Keeps decisions and gives them back in their order; an id is 24 hexadecimal digits."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["assignments"]
        self._deadline = deadline

    def insert(self, org: bytes, decision: Decision, session: Session | None = None) -> None:
        """Keep a decision."""
        row = {
            "_id": org + bytes.fromhex(decision.id),
            "unit": decision.unit,
            "to": decision.to,
            "records": list(decision.records),
            "learners": list(decision.learners),
            "reason": decision.reason,
            "by": decision.by,
            "decided": decision.decided,
        }
        with translated(), pymongo.timeout(self._deadline):
            self._rows.insert_one(row, session=session)

    def of(self, org: bytes, *, after: str = "", most: int = 0) -> list[Decision]:
        """Return an organisation's decisions, the first one first; ``most`` of those after an id, all without."""
        least, greatest = org + (bytes.fromhex(after) or bytes(_TAIL)), org + b"\xff" * _TAIL
        where = {"_id": {"$gt": least, "$lte": greatest}}
        with translated(), pymongo.timeout(self._deadline):
            return list(_decisions(self._rows.find(where).sort("_id", 1).limit(most)))


def _decisions(rows: Any) -> Iterator[Decision]:
    for row in rows:
        yield Decision(
            id=row["_id"][ORG_BYTES:].hex(),
            unit=row["unit"],
            to=row["to"],
            records=tuple(row["records"]),
            learners=tuple(row["learners"]),
            reason=row["reason"],
            by=row["by"],
            decided=row["decided"],
        )

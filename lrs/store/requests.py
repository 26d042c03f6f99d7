"""The ``requests`` collection: what people have asked of an organisation about their data.

Who asks lies there sealed, as do the words of whoever recorded it; both are gone once the person was erased. Ids are in
the order of recording.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Final

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES
from schemas.subjects.policies import RequestType
from schemas.subjects.requests import OPEN, Due, State, is_overdue

ID_BYTES: Final = 12
_PERSONAL: Final = ("learner", "who", "sealed")
_DAYS: Final = ("received", "acknowledge_by", "due")
_INSTANTS: Final = ("created", "acknowledged", "extended", "closed")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """One request; ``id`` is public, instants are microseconds since the epoch.

    ``learner`` is a number, where there was one; ``who`` are keyed hashes of identities; ``sealed`` are the identity
    and notes. All three are empty once the person was erased. ``counts`` is what was done.
    """

    id: str
    type: RequestType
    state: State = "received"
    received: date
    channel: str
    acknowledge_by: date
    due: date
    created: int
    by: str
    learner: int | None = None
    who: tuple[str, ...] = ()
    sealed: bytes | None = None
    acknowledged: int | None = None
    extended: int | None = None
    extension: str | None = None
    closed: int | None = None
    reason: str | None = None
    counts: Mapping[str, int] | None = None
    downloads: int = 0

    def overdue(self, today: date) -> bool:
        """Tell whether an answer is late."""
        return is_overdue(self.state, Due(self.acknowledge_by, self.due), today)


class Requests:
    """Keeps requests; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["requests"]
        self._deadline = deadline

    def insert(self, org: bytes, request: Request, session: ClientSession) -> None:
        """Keep a new one."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.insert_one(_row(org, request), session=session)

    def find(self, org: bytes, request: str, session: ClientSession | None = None) -> Request | None:
        """Return one by its id, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": org + bytes.fromhex(request)}, session=session)
        return None if row is None else _request(row)

    def change(self, org: bytes, request: Request, session: ClientSession, **values: Any) -> Request:
        """Set fields, named and typed as in ``Request``; return it as it is then."""
        made = replace(request, **values)
        with translated(), pymongo.timeout(self._deadline):
            self._rows.replace_one({"_id": org + bytes.fromhex(request.id)}, _row(org, made), session=session)
        return made

    def page(
        self, org: bytes, *, after: str, most: int, states: Collection[State], kind: RequestType | None
    ) -> list[Request]:
        """Return the first of those recorded after an id that are in one of these states and of a type, in order."""
        least, greatest = org + (bytes.fromhex(after) or bytes(ID_BYTES)), org + b"\xff" * ID_BYTES
        where: dict[str, Any] = {"_id": {"$gt": least, "$lte": greatest}, "state": {"$in": list(states)}}
        if kind is not None:
            where["type"] = kind
        with translated(), pymongo.timeout(self._deadline):
            return [_request(row) for row in self._rows.find(where).sort("_id", 1).limit(most)]

    def overdue(self, org: bytes, today: date) -> list[Request]:
        """Return the open ones that are late, in the order of recording."""
        day = today.isoformat()
        late = {"$or": [{"due": {"$lt": day}}, {"state": "received", "acknowledge_by": {"$lt": day}}]}
        where = {"org": org, "state": {"$in": sorted(OPEN)}} | late
        with translated(), pymongo.timeout(self._deadline):
            return [_request(row) for row in self._rows.find(where).sort("_id", 1)]

    def of(self, org: bytes, learners: Collection[int], who: Collection[str]) -> list[Request]:
        """Return those of a person, by numbers or keyed hashes of identities, in the order of recording."""
        where = {"org": org, "$or": [{"learner": {"$in": list(learners)}}, {"who": {"$in": list(who)}}]}
        with translated(), pymongo.timeout(self._deadline):
            return [_request(row) for row in self._rows.find(where).sort("_id", 1)]

    def forget(self, org: bytes, who: Collection[str], session: ClientSession) -> int:
        """Let requests not say any more who made them, by keyed hashes of identities; return how many did."""
        with translated(), pymongo.timeout(self._deadline):
            where = {"org": org, "who": {"$in": list(who)}}
            forgotten = {"$unset": dict.fromkeys(_PERSONAL, "")}
            return self._rows.update_many(where, forgotten, session=session).modified_count

    def counts(self, org: bytes) -> dict[tuple[RequestType, State], int]:
        """Return how many there are of each type in each state."""
        group = {"$group": {"_id": {"type": "$type", "state": "$state"}, "n": {"$sum": 1}}}
        with translated(), pymongo.timeout(self._deadline):
            rows = list(self._rows.aggregate([{"$match": {"org": org}}, group]))
        return {(row["_id"]["type"], row["_id"]["state"]): int(row["n"]) for row in rows}


def _row(org: bytes, request: Request) -> dict[str, Any]:
    values = {name: getattr(request, name) for name in Request.__slots__ if name != "id"}
    values |= {name: values[name].isoformat() for name in _DAYS}
    kept = {name: value for name, value in values.items() if value is not None and value != ()}
    return {"_id": org + bytes.fromhex(request.id), "org": org} | kept


def _request(row: Mapping[str, Any]) -> Request:
    known = {name: row[name] for name in Request.__slots__ if name in row}
    known |= {name: date.fromisoformat(row[name]) for name in _DAYS}
    known |= {name: int(row[name]) for name in (*_INSTANTS, "learner", "downloads") if name in row}
    known |= {"id": row["_id"][ORG_BYTES:].hex(), "who": tuple(row.get("who", ()))}
    if "counts" in row:
        known["counts"] = {name: int(count) for name, count in row["counts"].items()}
    return Request(**known)

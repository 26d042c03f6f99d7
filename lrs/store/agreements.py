"""The ``agreements`` collection: what one organisation lets another one have."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, NamedTuple

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.writing import insert_new
from schemas.sharing.agreements import Basis, Filter, Level, State

_encode = msgspec.json.Encoder().encode
_filter = msgspec.json.Decoder(Filter).decode
_GIVING: Final = ("active", "suspended")


class Key(NamedTuple):
    """A secret of an agreement: 32 random bytes, sealed for it."""

    version: int
    sealed: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What ``giver`` lets ``taker`` have, and until when; ``id`` is public.

    Without a taker it is for a ``partner`` outside of this server, by name and the document that was signed. Days are
    whole, both included; instants microseconds since the epoch. ``version`` counts changes. The first of the ``keys``
    stands for rows, and is never another one; the last one makes pseudonyms. ``suspended_by`` are public ids, too.
    """

    id: str
    giver: bytes
    taker: bytes | None
    giver_id: str
    taker_id: str | None
    partner: Mapping[str, str] | None = None
    purpose: Mapping[str, str]
    basis: Basis
    level: Level
    filter: Filter
    fields: tuple[str, ...] = ()
    statements: bool = False
    minors: bool = False
    k: int
    starts: date
    ends: date | None = None
    state: State = "proposed"
    proposed_by: str
    accepted_by: str | None = None
    suspended_by: tuple[str, ...] = ()
    created: int
    changed: int
    version: int = 1
    keys: tuple[Key, ...] = ()

    def holds_on(self, day: date) -> bool:
        """Tell whether something may be given on this day."""
        return self.state == "active" and self.starts <= day and (self.ends is None or day <= self.ends)

    def concerns(self, org: bytes) -> bool:
        """Tell whether an organisation is one of its sides."""
        return org in {self.giver, self.taker}


class Agreements:
    """Finds and keeps agreements; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["agreements"]
        self._deadline = deadline

    def insert(self, agreement: Agreement, session: ClientSession | None = None) -> bool:
        """Store a new agreement; False where the id is taken."""
        with translated(), pymongo.timeout(self._deadline):
            return insert_new(self._rows, _row(agreement), session)

    def change(
        self, agreement: str, version: int, values: Mapping[str, Any], session: ClientSession | None = None
    ) -> Agreement | None:
        """Set fields, named and typed as in ``Agreement``; return it as it is then, None if the version is another."""
        update = {"$set": {name: _plain(value) for name, value in values.items()}, "$inc": {"version": 1}}
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one_and_update(
                {"_id": agreement, "version": version},
                update,
                return_document=pymongo.ReturnDocument.AFTER,
                session=session,
            )
        return None if row is None else _agreement(row)

    def get(self, agreement: str, session: ClientSession | None = None) -> Agreement | None:
        """Return the agreement with this id, or None."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one({"_id": agreement}, session=session)
        return None if row is None else _agreement(row)

    def of(self, org: bytes, *, after: str = "", most: int = 0) -> list[Agreement]:
        """Return the agreements that an organisation is a side of, by id, from behind ``after``; ``most`` 0 is all."""
        sides = {"$or": [{"giver": org}, {"taker": org}]}
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({**sides, "_id": {"$gt": after}}, sort=[("_id", 1)], limit=most)
            return [_agreement(row) for row in rows]

    def given(self, org: bytes, session: ClientSession | None = None) -> list[Agreement]:
        """Return the agreements by which an organisation gives: those active or suspended, whatever the day."""
        return self._all({"giver": org, "state": {"$in": _GIVING}}, session)

    def taken(self, org: bytes, session: ClientSession | None = None) -> list[Agreement]:
        """Return the agreements by which an organisation is given something: those active, whatever the day."""
        return self._all({"taker": org, "state": "active"}, session)

    def accepted(self) -> list[Agreement]:
        """Return all agreements between organisations of this server that were accepted, whatever became of them."""
        return self._all({"accepted_by": {"$type": "string"}, "taker": {"$type": "binData"}}, None)

    def strictest(self, org: bytes, session: ClientSession | None = None) -> int:
        """Return the greatest ``k`` that an organisation has ever agreed on as the giver; 0 without any agreement."""
        where = {"giver": org, "accepted_by": {"$type": "string"}}
        with translated(), pymongo.timeout(self._deadline):
            row = self._rows.find_one(where, {"k": 1}, sort=[("k", -1)], session=session)
        return 0 if row is None else int(row["k"])

    def active(self, agreement: str, day: date, session: ClientSession | None = None) -> Agreement | None:
        """Return the agreement if something may be given by it on this day, or None.

        It says nothing of the organisations: of one that is disabled nothing is given either.
        """
        found = self.get(agreement, session)
        return found if found is not None and found.holds_on(day) else None

    def _all(self, where: dict[str, Any], session: ClientSession | None) -> list[Agreement]:
        with translated(), pymongo.timeout(self._deadline):
            return [_agreement(row) for row in self._rows.find(where, sort=[("_id", 1)], session=session)]


def _row(agreement: Agreement) -> dict[str, Any]:
    row = {name: _plain(getattr(agreement, name)) for name in Agreement.__slots__}
    return {"_id": row.pop("id"), **row}


def _plain(value: Any) -> Any:
    """Return a value as MongoDB keeps it."""
    if isinstance(value, Filter):
        return _encode(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return [list(each) if isinstance(each, Key) else each for each in value]
    return dict(value) if isinstance(value, Mapping) else value


def _agreement(row: Mapping[str, Any]) -> Agreement:
    known: dict[str, Any] = {name: row.get(name) for name in Agreement.__slots__ if name != "id"}
    known |= {name: int(row[name]) for name in ("k", "created", "changed", "version")}
    known |= {
        "id": row["_id"],
        "filter": _filter(row["filter"]),
        "fields": tuple(row["fields"]),
        "suspended_by": tuple(row["suspended_by"]),
        "starts": date.fromisoformat(row["starts"]),
        "ends": None if row["ends"] is None else date.fromisoformat(row["ends"]),
        "keys": _keys(row["keys"]),
    }
    return Agreement(**known)


def _keys(pairs: Iterable[tuple[int, bytes]]) -> tuple[Key, ...]:
    return tuple(Key(int(version), bytes(sealed)) for version, sealed in pairs)

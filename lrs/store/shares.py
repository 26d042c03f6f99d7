"""What recipients have been given: ``shares``, one document a record and agreement; ``sharing``, one an agreement.

``sharing`` counts the versions of an agreement's rows and says how far its follower has come. Whoever writes rows
writes it first in the same transaction, so writers of one agreement exclude each other and versions become visible in
their order: a reader who goes on behind the last version that he saw misses nothing.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple

import pymongo
from bson.int64 import Int64
from pymongo import ReplaceOne, ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pyroaring import BitMap

from lrs.store.changes import START, Reason
from lrs.store.errors import translated

Document = dict[str, Any]
Phase = Literal["records", "rows", "changes", "closing"]

AGREEMENT_BYTES: Final = 8
# As long as the rest of an ``_id``: MongoDB orders bytes by how many they are, first of all.
FIRST: Final = bytes(16)
_LAST: Final = b"\xff" * 16
_RECALLED: Final = {"recall": {"$exists": True}}
_NONE: Final = {"$in": [0, None]}


@dataclass(frozen=True, slots=True)
class Run:
    """How far an agreement's rows have come.

    ``version`` is the newest one of any row; ``step`` counts writes, and is what tells two workers apart. First all
    records are walked through (``phase`` records; ``walked`` is the last key), then all rows, for records that have
    gone, and then changes, behind the place ``at``; closing is when contents are removed. ``basis`` and ``resets``
    stand for what the rows rest on beside records: with others, the walk begins again. ``minors`` is the set of those
    who were taken for children, ``people`` of those whose statements may have left, where these are covered, ``known``
    of them. ``through``: everything that was stored until then was in the rows once. ``live`` counts rows that are not
    recalled, ``over`` says that their contents are gone. ``error`` is the kind of what it has ``failed`` with last, at
    that instant, if nothing was done since.
    """

    agreement: str
    version: int = 0
    step: int = 0
    phase: Phase = "records"
    walked: bytes = FIRST
    at: bytes = START
    basis: str = ""
    resets: int = 0
    minors: bytes = field(default=b"", repr=False)
    people: bytes = field(default=b"", repr=False)
    known: int = 0
    through: int = 0
    live: int = 0
    over: bool = False
    error: str = ""
    failed: int = 0

    @property
    def done(self) -> bool:
        """Tell whether nobody has to be told anything any more."""
        return self.over and not self.live and not self.known


class Row(NamedTuple):
    """What a recipient has of a record: its JSON, or with ``recall`` what says that it must be deleted.

    Without content it stands where the agreement is over. ``record`` is the record's key.
    """

    id: bytes
    version: int
    content: bytes | None
    recall: Reason | None
    record: bytes


class Given(NamedTuple):
    """How many rows, and how many recalls, lie between two versions."""

    rows: int
    recalls: int


class Shares:
    """Keeps rows; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._rows = database["shares"]
        self._runs = database["sharing"]
        self._deadline = deadline

    def runs(self) -> dict[str, Run]:
        """Return how far agreements have come, by their ids, without the sets of people; not of those that are done."""
        where = {"$nor": [{"over": True, "live": _NONE, "known": _NONE}]}
        with translated(), pymongo.timeout(self._deadline):
            return {row["_id"]: _run(row) for row in self._runs.find(where, {"minors": 0, "people": 0})}

    def versions(self, agreements: Collection[str]) -> dict[str, int]:
        """Return the newest versions of what was shared by these agreements, by their ids."""
        where = {"_id": {"$in": list(agreements)}}
        with translated(), pymongo.timeout(self._deadline):
            return {row["_id"]: int(row.get("version", 0)) for row in self._runs.find(where, {"version": 1})}

    def begin(self, agreement: str) -> None:
        """Let an agreement have rows; nothing where it has."""
        with translated(), pymongo.timeout(self._deadline):
            self._runs.update_one({"_id": agreement}, {"$setOnInsert": {"step": 0}}, upsert=True)

    def run(self, agreement: str) -> Run | None:
        """Return how far an agreement has come, None where it has not begun."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._runs.find_one({"_id": agreement})
        return None if row is None else _run(row)

    def people(self, agreement: str) -> BitMap:
        """Return the numbers of those whose statements may leave by an agreement."""
        with translated(), pymongo.timeout(self._deadline):
            row = self._runs.find_one({"_id": agreement}, {"people": 1}) or {}
        return BitMap.deserialize(row["people"]) if row.get("people") else BitMap()

    def hold(self, agreement: str, step: int, session: ClientSession) -> Run | None:
        """Keep others from writing rows until this transaction ends; None if somebody has written since ``step``.

        Must be the first that a transaction does.
        """
        row = self._runs.find_one_and_update(
            {"_id": agreement, "step": step},
            {"$inc": {"step": 1}},
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return None if row is None else _run(row)

    def save(self, run: Run, held: Run, session: ClientSession) -> None:
        """Let an agreement have come this far; the transaction holds it, as ``held``."""
        values = {name: value for name in Run.__slots__ if (value := getattr(run, name)) != getattr(held, name)}
        if values:
            self._runs.update_one({"_id": run.agreement}, {"$set": values}, session=session)

    def fail(self, agreement: str, error: str, at: int) -> None:
        """Let an agreement have failed; what is written next takes it back."""
        with translated(), pymongo.timeout(self._deadline):
            self._runs.update_one({"_id": agreement}, {"$set": {"error": error, "failed": at}})

    def find(self, agreement: str, rows: Iterable[bytes], session: ClientSession) -> dict[bytes, Row]:
        """Return those of these rows that there are."""
        prefix = bytes.fromhex(agreement)
        found = self._rows.find({"_id": {"$in": [prefix + each for each in rows]}}, session=session)
        return {row.id: row for row in map(_row, found)}

    def write(self, agreement: str, rows: Sequence[Row], held: Collection[bytes], session: ClientSession) -> None:
        """Write rows; ``held`` are those that were there, as the same transaction has seen."""
        prefix = bytes.fromhex(agreement)
        documents = [_document(prefix, row) for row in rows]
        if fresh := [document for row, document in zip(rows, documents, strict=True) if row.id not in held]:
            self._rows.insert_many(fresh, ordered=False, session=session)
        if old := [
            ReplaceOne({"_id": document["_id"]}, document)
            for row, document in zip(rows, documents, strict=True)
            if row.id in held
        ]:
            self._rows.bulk_write(old, ordered=False, session=session)

    def remove(self, agreement: str, rows: Iterable[bytes], session: ClientSession) -> None:
        """Remove rows that say nothing any more."""
        prefix = bytes.fromhex(agreement)
        self._rows.delete_many({"_id": {"$in": [prefix + each for each in rows]}}, session=session)

    def live(self, agreement: str, after: bytes, session: ClientSession, *, most: int) -> list[Row]:
        """Return rows that are not recalled, in the order of their ids, from behind one."""
        prefix = bytes.fromhex(agreement)
        where = {"_id": {"$gt": prefix + after, "$lte": prefix + _LAST}, "recall": {"$exists": False}}
        # As many documents are looked at as are not recalled; most are not.
        return [_row(row) for row in self._rows.find(where, session=session).sort("_id", 1).limit(most)]

    def empty(self, agreement: str, rows: Iterable[bytes], session: ClientSession) -> None:
        """Remove the contents of rows."""
        prefix = bytes.fromhex(agreement)
        where = {"_id": {"$in": [prefix + each for each in rows]}}
        self._rows.update_many(where, {"$unset": {"content": ""}}, session=session)

    def page(self, agreement: str, after: int, through: int, *, most: int, recalls: bool = False) -> list[Row]:
        """Return what a recipient is given, ``after`` < version <= ``through``, in order; or the recalls only."""
        where = _between(agreement, after, through) | (_RECALLED if recalls else {})
        hint = "recalls" if recalls else "agreement_version"
        with translated(), pymongo.timeout(self._deadline):
            return [_row(row) for row in self._rows.find(where, hint=hint).sort("version", 1).limit(most)]

    def count(self, agreement: str, after: int, through: int) -> Given:
        """Return how much there is between two versions."""
        where = _between(agreement, after, through)
        with translated(), pymongo.timeout(self._deadline):
            recalls = self._rows.count_documents(where | _RECALLED, hint="recalls")
            return Given(self._rows.count_documents(where, hint="agreement_version") - recalls, recalls)

    def place(self, agreement: str, after: int, count: int) -> int | None:
        """Return the version of the row that is so many behind another one, from 1 on; None if there are fewer."""
        where = _between(agreement, after, None)
        with translated(), pymongo.timeout(self._deadline):
            found = self._rows.find(where, {"version": 1, "_id": 0}).sort("version", 1).skip(count - 1).limit(1)
            return next((int(row["version"]) for row in found), None)


def _between(agreement: str, after: int, through: int | None) -> Document:
    until = {} if through is None else {"$lte": through}
    return {"agreement": bytes.fromhex(agreement), "version": {"$gt": after} | until}


def _document(prefix: bytes, row: Row) -> Document:
    document = {"_id": prefix + row.id, "agreement": prefix, "version": row.version, "record": row.record}
    known = {"content": row.content, "recall": row.recall}
    return document | {name: value for name, value in known.items() if value is not None}


def _row(document: Mapping[str, Any]) -> Row:
    return Row(
        document["_id"][AGREEMENT_BYTES:],
        int(document["version"]),
        document.get("content"),
        document.get("recall"),
        document["record"],
    )


def _run(row: Mapping[str, Any]) -> Run:
    known: dict[str, Any] = {name: row[name] for name in Run.__slots__ if name in row}
    # BSON's own 64-bit type is a subclass, which not every encoder takes.
    known |= {name: int(value) for name, value in known.items() if type(value) is Int64}
    return Run(agreement=row["_id"], **known)

"""The ``records`` collection: one document a learner, activity and registration.

A record keeps its evidence, packed: a few words of each statement, from which everything else in it follows.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from typing import Any, Final, NamedTuple

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.clearing import clear_some
from lrs.store.errors import translated
from lrs.store.record_pages import RETURNED, mark, record_of
from lrs.store.writing import rewrite
from schemas.training.records import Evidence, Standing, fold

_pack = msgspec.msgpack.Encoder().encode
_unpack = msgspec.msgpack.Decoder(list[Evidence]).decode
NOBODY: Final = 0
"""The number of whoever is not known: an anonymous group."""


class Line(NamedTuple):
    """Whose record it is, and of what; ``is_group`` where that is no person."""

    learner: int
    activity: str
    registration: str | None
    is_group: bool = False

    def key(self) -> bytes:
        """Return 16 bytes that stand for this line."""
        text = f"{self.learner} {self.registration or ''} {self.activity}"
        return blake2b(text.encode(), digest_size=16).digest()


class Resting(NamedTuple):
    """A record, by its key, and what it rests on."""

    learner: int
    record: bytes
    evidence: list[Evidence]


class Placed(NamedTuple):
    """A record of what is two-sided: its key, whose it is, and how things stand."""

    record: bytes
    learner: int
    standing: Standing


class Records:
    """Reads and writes records; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["records"]
        self._deadline = deadline

    def evidence(self, org: bytes, keys: Iterable[bytes], session: ClientSession) -> dict[bytes, list[Evidence]]:
        """Return the evidence of these lines, by their keys; nothing for those without a record."""
        ids = [org + key for key in keys]
        rows = self._rows.find({"_id": {"$in": ids}}, {"evidence": 1}, batch_size=max(len(ids), 2), session=session)
        return {row["_id"][len(org) :]: _unpack(row["evidence"]) for row in rows}

    def evidence_of(self, org: bytes, learner: int, session: ClientSession | None = None) -> dict[bytes, Evidence]:
        """Return all that a learner's records rest on, by the ids of the statements."""
        rows = self._rows.find({"org": org, "learner": learner}, {"evidence": 1}, session=session)
        return {each.statement: each for row in rows for each in _unpack(row["evidence"])}

    def count_of(self, org: bytes, learners: Iterable[int]) -> int:
        """Return how many records these learners have."""
        where = {"org": org, "learner": {"$in": sorted(learners)}, "group": {"$exists": False}}
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents(where)

    def lines_of(
        self,
        org: bytes,
        learners: Iterable[int],
        records: Iterable[bytes] = (),
        session: ClientSession | None = None,
    ) -> list[Resting]:
        """Return the records of these learners, and of those whose records, by key, are named; groups apart."""
        with translated(), pymongo.timeout(self._deadline):
            named = self._rows.find({"_id": {"$in": [org + each for each in records]}}, {"learner": 1}, session=session)
            people = sorted({*learners, *(int(row["learner"]) for row in named)})
            where = {"org": org, "learner": {"$in": people}, "group": {"$exists": False}}
            rows = self._rows.find(where, {"learner": 1, "evidence": 1}, session=session)
            return [Resting(int(row["learner"]), row["_id"][len(org) :], _unpack(row["evidence"])) for row in rows]

    def placed(self, org: bytes, session: ClientSession | None = None) -> Iterator[Placed]:
        """Yield the records of what is two-sided, of persons; in the order in which they began."""
        where = {"org": org, "two_sided": True, "group": {"$exists": False}}
        with translated(), pymongo.timeout(self._deadline):
            for row in self._rows.find(where, RETURNED, session=session, hint="two_sided").sort("first", 1):
                found = record_of(row)
                yield Placed(found.key, found.learner, found.standing)

    def write(
        self,
        org: bytes,
        lines: Mapping[bytes, tuple[Line, Sequence[Evidence]]],
        held: Collection[bytes],
        session: ClientSession,
    ) -> None:
        """Let these lines rest on this evidence, which is in order; one without any is gone.

        ``held`` are the keys of those that had a record, as the same transaction has seen.
        """
        rows = {key: _row(org, key, line, evidence) if evidence else None for key, (line, evidence) in lines.items()}
        rewrite(self._rows, org, rows, held, session)

    def clear(self, org: bytes) -> None:
        """Remove all records of an organisation."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_many({"org": org})

    def clear_some(self, org: bytes, session: ClientSession) -> bool:
        """Remove some records of an organisation; tell whether there were any."""
        return clear_some(self._rows, org, session)


def _row(org: bytes, key: bytes, line: Line, evidence: Sequence[Evidence]) -> dict[str, Any]:
    standing = fold(evidence)
    row = {
        "_id": org + key,
        "org": org,
        "learner": line.learner,
        "activity": line.activity,
        "mark": mark(line.activity),
    }
    if line.registration is not None:
        row["registration"] = line.registration
    if line.is_group:
        row["group"] = True
    # Without what is as it mostly is.
    row |= msgspec.to_builtins(standing)
    if standing.best is not None:
        row["score"] = float(standing.best)
    row["evidence"] = _pack(evidence)
    return row

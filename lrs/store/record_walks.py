"""Records as whoever shares them reads them: by key, one after the other, and all of some people."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.record_pages import Record, record_of
from lrs.store.rows import ORG_BYTES
from schemas.training.records import Evidence
from schemas.training.terms import UNKNOWN

# As long as a key: MongoDB orders bytes by how many they are, first of all.
_LAST: Final = b"\xff" * 16
_LEAN: Final = {"evidence": 0, "mark": 0, "score": 0}
_unpack = msgspec.msgpack.Decoder(list[Evidence]).decode


class Walked(NamedTuple):
    """A record, and the verbs that it rests on where these were asked for."""

    record: Record
    verbs: frozenset[str] = frozenset()


class Aged(NamedTuple):
    """A record's key and whose it is, with the age band that it tells, and since when."""

    key: bytes
    learner: int
    band: str
    last: int


class RecordWalks:
    """Reads records within transactions."""

    def __init__(self, database: Database[dict[str, Any]]) -> None:
        self._rows = database["records"]

    def after(self, org: bytes, key: bytes, session: ClientSession, *, verbs: bool, most: int) -> list[Walked]:
        """Return the records behind a key of 16 bytes, in the order of keys."""
        where = {"_id": {"$gt": org + key, "$lte": org + _LAST}}
        rows = self._rows.find(where, _asked(verbs=verbs), session=session).sort("_id", 1).limit(most)
        return [_walked(row, verbs=verbs) for row in rows]

    def of(self, org: bytes, keys: Iterable[bytes], session: ClientSession, *, verbs: bool) -> list[Walked]:
        """Return those of these records that there are."""
        where = {"_id": {"$in": [org + key for key in keys]}}
        return [_walked(row, verbs=verbs) for row in self._rows.find(where, _asked(verbs=verbs), session=session)]

    def there(self, org: bytes, keys: Iterable[bytes], session: ClientSession) -> set[bytes]:
        """Return the keys of those of these records that there are."""
        where = {"_id": {"$in": [org + key for key in keys]}}
        return {row["_id"][ORG_BYTES:] for row in self._rows.find(where, {"_id": 1}, session=session)}

    def aged(self, org: bytes, learners: Collection[int], session: ClientSession | None) -> Iterator[Aged]:
        """Yield all records of these people."""
        where = {"org": org, "learner": {"$in": list(learners)}, "group": {"$exists": False}}
        for row in self._rows.find(where, {"learner": 1, "band": 1, "last": 1}, session=session):
            yield Aged(row["_id"][ORG_BYTES:], int(row["learner"]), row.get("band", UNKNOWN), int(row["last"]))


def _asked(*, verbs: bool) -> dict[str, int]:
    return {name: 0 for name in _LEAN if not (verbs and name == "evidence")}


def _walked(row: dict[str, Any], *, verbs: bool) -> Walked:
    told = frozenset(each.verb for each in _unpack(row["evidence"])) if verbs else frozenset[str]()
    return Walked(record_of(row), told)

"""The ``statements`` collection: one document a statement, written once.

The unique ``_id`` (organisation and statement id) is the promise that nothing is stored twice. One plain statement is
one insert; whatever is more than that (a batch, a reference, a voiding) is one transaction, all or nothing.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import MongoClient, UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pymongo.errors import BulkWriteError, DuplicateKeyError

from lrs.errors import OutcomeUnknown, Unavailable
from lrs.store.errors import translated
from lrs.store.pages import Groups, Page, Selection, having, pages
from lrs.store.references import References
from lrs.store.rows import RETURNED, Found, Row, found
from lrs.store.transactions import transact

_DUPLICATE_KEY = 11000
HEAVY: Final = 16 * 1024**2
"""Bytes of statements that are read of a feed at a time."""
_IN_FEED = RETURNED | {"voided": 1}
_ROUNDS = 8
_READ_BACK = 2.0
"""Seconds spent on finding out whether a write arrived whose answer was lost."""
_HOLDER = {"org": 1, "raw": 1, "keys": 1, "erased": 1}


class Holder(NamedTuple):
    """The statement that holds an id: ``_id``, its JSON, and the keys that tell who may see it.

    Of one that was ``erased`` nothing else is known.
    """

    id: bytes
    raw: bytes
    keys: frozenset[bytes]
    erased: bool = False


class Voided(NamedTuple):
    """A voided statement: ``_id``, when it was ``stored``, its JSON, and when the first was stored that voids it."""

    id: bytes
    stored: int
    raw: bytes
    voided: int


class Taken(Exception):
    """Nothing was written, because of ids that hold a statement already; ``taken`` has them."""

    def __init__(self, taken: list[Holder]) -> None:
        self.taken = taken
        super().__init__(f"{len(taken)} ids are taken")


class Statements:
    """Stores and finds statements; every call ends within the deadline, else Unavailable."""

    def __init__(self, client: MongoClient[Any], database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._client = client
        self._rows = database["statements"]
        self._linked = database["references"]
        self._references = References(self._rows, self._linked)
        self._deadline = deadline

    def insert(self, rows: Sequence[Row], *, before_commit: Callable[[], None] | None = None) -> None:
        """Store all rows or none; raise Taken with the statements that hold one of the ids already.

        Raises OutcomeUnknown where the rows may appear yet, PayloadTooLarge for more references than fit into one
        transaction. ``before_commit`` is called when the rows are stamped and not yet visible to anybody.
        """
        try:
            self._insert(rows, before_commit)
        except OutcomeUnknown:
            if not self._arrived(rows):
                raise

    def _arrived(self, rows: Sequence[Row]) -> bool:
        """Tell whether exactly these rows are stored, after an answer was lost; their stamps make them unlike any."""
        ids = [row.id for row in rows]
        try:
            with translated(), pymongo.timeout(_READ_BACK):
                held = {document["_id"]: document.get("raw") for document in self._rows.find({"_id": {"$in": ids}})}
        except Unavailable:
            return False
        return all(held.get(row.id) == row.raw for row in rows)

    def _insert(self, rows: Sequence[Row], before_commit: Callable[[], None] | None) -> None:
        with translated(), pymongo.timeout(self._deadline):
            if before_commit is None and len(rows) == 1 and rows[0].refers is None:
                try:
                    self._rows.insert_one(rows[0].document())
                except DuplicateKeyError:
                    pass
                else:
                    return
            self._insert_together(rows, before_commit)

    def _insert_together(self, rows: Sequence[Row], before_commit: Callable[[], None] | None) -> None:
        awaited: set[bytes] = set()
        for _ in range(_ROUNDS):
            try:
                return self._transact(rows, awaited, before_commit)
            except (DuplicateKeyError, _PlaceholderGone):
                awaited = self._placeholders(rows)
        raise Unavailable  # the ids are fought over: the caller may send the same again

    def _placeholders(self, rows: Sequence[Row]) -> set[bytes]:
        """Return which ids hold placeholders; raise Taken if any holds a statement, or held one that was erased."""
        held = list(self._rows.find({"_id": {"$in": [row.id for row in rows]}}, _HOLDER))
        if taken := [_holder(document) for document in held if "org" in document or "erased" in document]:
            raise Taken(taken)
        return {document["_id"] for document in held}

    def _transact(self, rows: Sequence[Row], awaited: set[bytes], before_commit: Callable[[], None] | None) -> None:
        def write(session: ClientSession) -> None:
            self._write(rows, awaited, session)
            if before_commit is not None:
                before_commit()

        transact(self._client, write)

    def _write(self, rows: Sequence[Row], awaited: set[bytes], session: ClientSession) -> None:
        fresh = [row.document() for row in rows if row.id not in awaited]
        if fresh:
            _raising_duplicates(lambda: self._rows.insert_many(fresh, session=session))
        for row in rows if awaited else ():
            if row.id in awaited:
                self._fill(row, session)
        if awaited or any(row.refers is not None for row in rows):
            self._references.keep(rows, awaited, session)
        if voided := [row.refers for row in rows if row.voiding and row.refers is not None]:
            self._void(voided, session)

    def _fill(self, row: Row, session: ClientSession) -> None:
        """Turn a placeholder into the statement it waited for; what it was told meanwhile stays."""
        document = row.document()
        update: dict[str, Any] = {"$set": document}
        if row.voiding:
            update["$unset"] = {"voided": ""}  # a voiding statement cannot be voided (Data 2.3.2)
        awaited = {"_id": row.id, "org": {"$exists": False}, "erased": {"$exists": False}}
        filled = self._rows.update_one(awaited, update, session=session)
        if filled.matched_count == 0:
            raise _PlaceholderGone

    def _void(self, targets: Sequence[bytes], session: ClientSession) -> None:
        void = [{"$set": {"voided": {"$ne": ["$voiding", True]}}}]
        writes = [UpdateOne({"_id": target}, void, upsert=True) for target in targets]
        self._rows.bulk_write(writes, ordered=False, session=session)

    def restamp(self, rows: Sequence[Row]) -> None:
        """Move stored rows to the ``stored`` and ``raw`` that they carry now, unless they were changed meanwhile."""
        with translated(), pymongo.timeout(self._deadline):
            for row in rows:
                # What was erased in between must not come back.
                as_written = {"_id": row.id, "org": row.org, "keys": row.keys}
                self._rows.update_one(as_written, {"$set": {"stored": row.stored, "raw": row.raw}})
                if row.refers is not None:
                    self._linked.update_many({"referrer": row.id}, {"$set": {"stored": row.stored}})

    def get(self, document: bytes, *, voided: bool, bounds: Groups = ()) -> Found | None:
        """Return the statement with this ``_id``, if it is stored, within the bounds, and voided or not as asked."""
        where = {"_id": document, "org": {"$exists": True}, "voided": True if voided else {"$ne": True}}
        with translated(), pymongo.timeout(self._deadline):
            held = self._rows.find_one(where | having(bounds), RETURNED)
        return None if held is None else found(held)

    def raws(self, org: bytes, ids: Iterable[bytes]) -> dict[bytes, bytes]:
        """Return the JSON of those statements, voided or not, that are stored under these ids, of 16 bytes."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"_id": {"$in": [org + each for each in ids]}, "org": org}, {"raw": 1})
            return {row["_id"][len(org) :]: row["raw"] for row in rows}

    def voided(self, ids: Collection[bytes]) -> list[Voided]:
        """Return those statements that are voided of these, which are of one organisation; in no order.

        Where what voided one is no longer there, it was voided from the beginning on.
        """
        with translated(), pymongo.timeout(self._deadline):
            rows = list(self._rows.find({"_id": {"$in": list(ids)}, "org": {"$exists": True}, "voided": True}))
            first: dict[bytes, int] = {}
            voiding = {"refers": {"$in": [row["_id"] for row in rows]}, "voiding": True}
            for row in self._rows.find(voiding, {"refers": 1, "stored": 1, "_id": 0}):
                stored = int(row["stored"])
                first[row["refers"]] = min(stored, first.get(row["refers"], stored))
        return [Voided(row["_id"], int(row["stored"]), row["raw"], first.get(row["_id"], 0)) for row in rows]

    def page(self, selection: Selection, *, limit: int) -> Page:
        """Return up to ``limit`` statements of a selection, in its order, and where the next page begins."""
        with translated(), pymongo.timeout(self._deadline):
            return pages(self._rows, self._linked, selection, limit)

    def newest(self, org: bytes, bounds: Groups = ()) -> int:
        """Return when an organisation's newest statement within the bounds was stored, 0 without any."""
        with translated(), pymongo.timeout(self._deadline):
            last = self._rows.find({"org": org} | having(bounds), {"stored": 1}).sort("stored", -1).limit(1)
            return max((int(document["stored"]) for document in last), default=0)

    def count(self, org: bytes, through: int) -> int:
        """Return how many statements of an organisation were stored up to an instant, voided ones too."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org, "stored": {"$lte": through}})

    def next(self, org: bytes, place: int, *, through: int) -> int | None:
        """Return when the first statement of the feed with ``place`` < stored <= ``through`` was stored, or None."""
        span = {"org": org, "stored": {"$gt": place, "$lte": through}}
        with translated(), pymongo.timeout(self._deadline):
            first = self._rows.find(span, {"stored": 1, "_id": 0}).sort("stored", 1).limit(1)
            return next((int(document["stored"]) for document in first), None)

    def after(self, org: bytes, place: int, *, through: int, most: int) -> list[Found]:
        """Return statements of the feed: ``place`` < stored <= ``through``, in order, about ``most`` of them.

        Fewer where they have more than about ``HEAVY`` bytes: only where there is none at all is nothing left.

        Never ends between two statements with the same ``stored``, so the last one's ``stored`` is the next place.
        """
        return self._onward({"org": org}, {"$gt": place, "$lte": through}, most)

    def having_any(self, org: bytes, keys: Sequence[bytes], place: int, *, most: int) -> list[Found]:
        """Return statements with at least one of these keys, voided or not, stored after ``place``; as ``after`` does.

        The keys should be a hundred at most, so that they are found in order.
        """
        return self._onward({"org": org, "keys": {"$in": list(keys)}}, {"$gt": place}, most)

    def count_having(self, org: bytes, keys: Sequence[bytes]) -> int:
        """Return how many statements have at least one of these keys, voided or not."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.count_documents({"org": org, "keys": {"$in": list(keys)}})

    def any_has(self, org: bytes, keys: Sequence[bytes]) -> bool:
        """Tell whether any statement has one of these keys."""
        with translated(), pymongo.timeout(self._deadline):
            return self._rows.find_one({"org": org, "keys": {"$in": list(keys)}}, {"_id": 1}) is not None

    def any_holds(
        self, org: bytes, groups: Groups, holds: Callable[[bytes], bool], *, without: bytes | None = None
    ) -> bool:
        """Tell whether this holds for the JSON of any statement that has one key of every group, and not that other.

        Those that are voided do not count. The groups should leave few.
        """
        where: dict[str, Any] = {"org": org, "voided": {"$ne": True}}
        each = [having(groups), *([{"keys": {"$ne": without}}] if without is not None else [])]
        with translated(), pymongo.timeout(self._deadline):
            return any(holds(row["raw"]) for row in self._rows.find(where | {"$and": each}, {"raw": 1}))

    def latest(self, org: bytes, *, before: int | None, most: int) -> list[Found]:
        """Return the statements that are not voided stored last, or last before an instant; the newest first."""
        where: dict[str, Any] = {"org": org, "voided": {"$ne": True}}
        if before is not None:
            where["stored"] = {"$lt": before}
        with translated(), pymongo.timeout(self._deadline):
            return [found(d) for d in self._rows.find(where, RETURNED).sort("stored", -1).limit(most)]

    def _onward(self, where: dict[str, Any], stored: dict[str, int], most: int) -> list[Found]:
        rows: list[Found] = []
        size = 0
        onward: dict[str, Any] = {"sort": [("stored", 1)], "limit": most, "batch_size": most}
        with translated(), pymongo.timeout(self._deadline):
            for document in self._rows.find(where | {"stored": stored}, _IN_FEED, **onward):
                rows.append(found(document))
                size += len(rows[-1].raw)
                if size >= HEAVY:
                    break
            if len(rows) == most or size >= HEAVY:
                last = rows[-1].stored
                rest = self._rows.find(where | {"stored": last}, _IN_FEED)
                rows = [row for row in rows if row.stored < last] + [found(document) for document in rest]
        return rows


class _PlaceholderGone(Exception):
    """Somebody else filled the placeholder first."""


def _holder(document: dict[str, Any]) -> Holder:
    if "org" not in document:
        return Holder(document["_id"], b"", frozenset(), erased=True)
    return Holder(document["_id"], document["raw"], frozenset(document["keys"]))


def _raising_duplicates(write: Callable[[], object]) -> None:
    """Let a taken ``_id`` in a batch leave as the same exception as a single one."""
    try:
        write()
    except BulkWriteError as error:
        if any(e["code"] == _DUPLICATE_KEY for e in error.details["writeErrors"]):
            raise DuplicateKeyError("a batch met a taken _id", _DUPLICATE_KEY, error.details) from error
        raise

"""How a statement that refers to another is found by the other's keys (Communication 2.1.3, StatementRefs).

For every statement that a referrer reaches, directly or through further references, the ``references`` collection
holds one row: the *target's* keys beside the *referrer's* place in time. A query asks this collection with the very
filter that it asks ``statements`` with, so a match is always one statement that meets all conditions. ``via`` has the
``_id`` of every statement in between, for readers who may not see all.

A target that has not arrived is a *placeholder*: a document with the target's ``_id`` and no ``org``, which no query
sees. The target's insert then meets the taken ``_id`` and fills the placeholder instead. Whoever relies on what a
document does not say yet writes to it (``touched``), so that two transactions that would each miss the other conflict,
and one of them runs again.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.collection import Collection

from lrs.errors import PayloadTooLarge
from lrs.store.rows import Row

LONGEST_CHAIN: Final = 16
"""References of references are followed this far; beyond it lies no honest data."""
MOST_KEYS: Final = 200_000
"""Index entries that the references of one request may make: what a transaction has time for."""

Document = dict[str, Any]


class _Link(NamedTuple):
    """What a chain needs to know of a stored statement."""

    id: bytes
    org: bytes
    stored: int
    keys: list[bytes]
    refers: bytes | None


class _Way(NamedTuple):
    """From a referrer to a statement that it leads to, over those in between."""

    referrer: _Link
    target: _Link
    via: list[bytes]


@dataclass(frozen=True, slots=True)
class References:
    """Keeps the rows of ``references`` in the transaction that stores statements, a round trip a level."""

    statements: Collection[Document]
    rows: Collection[Document]

    def keep(self, rows: Sequence[Row], awaited: set[bytes], session: ClientSession) -> None:
        """Make new statements findable by all that they reach, and what waited for those ``awaited`` by them.

        Raises PayloadTooLarge where that would take longer than a transaction lives.
        """
        known = {row.id: _Link(row.id, row.org, row.stored, row.keys, row.refers) for row in rows}
        fresh = list(known.values())
        self._reach(known, {link.refers for link in fresh if link.refers is not None}, session)
        ways = [_Way(link, target, via) for link in fresh for target, via in _chain(link, known)]
        for link in fresh:
            if link.id in awaited:
                targets = {link.id} | {target.id for target, _ in _chain(link, known)}
                referrers = {referrer.id: referrer for referrer in self._referrers(link.id, session)}
                between = known | referrers
                for referrer in referrers.values():
                    ways += [
                        _Way(referrer, target, via) for target, via in _chain(referrer, between) if target.id in targets
                    ]
        self._write(ways, session)

    def _reach(self, known: dict[bytes, _Link], frontier: set[bytes], session: ClientSession) -> None:
        """Learn of all statements that chains from the frontier lead to; touch those that may still change."""
        touched: set[bytes] = set()
        for _ in range(LONGEST_CHAIN):
            frontier -= known.keys() | touched
            if not frontier:
                break
            found = [_link(document) for document in self._find({"_id": {"$in": list(frontier)}}, session)]
            known |= {link.id: link for link in found}
            # Absent ones and placeholders have no further chain yet, and those that refer may get a longer one.
            touched |= frontier - {link.id for link in found} | {link.id for link in found if link.refers is not None}
            frontier = {link.refers for link in found if link.refers is not None}
        if touched:
            touch = {"$inc": {"touched": 1}}
            writes = [UpdateOne({"_id": document}, touch, upsert=True) for document in sorted(touched)]
            self.statements.bulk_write(writes, ordered=False, session=session)

    def _referrers(self, start: bytes, session: ClientSession) -> Iterator[_Link]:
        seen, level = {start}, [start]
        for _ in range(LONGEST_CHAIN):
            found = [_link(document) for document in self._find({"refers": {"$in": level}}, session)]
            level = [link.id for link in found if link.id not in seen]
            if not level:
                return
            self.statements.update_many({"_id": {"$in": level}}, {"$inc": {"touched": 1}}, session=session)
            yield from (link for link in found if link.id not in seen)
            seen.update(level)

    def _find(self, where: Document, session: ClientSession) -> Iterable[Document]:
        fields = {"org": 1, "stored": 1, "keys": 1, "refers": 1}
        return self.statements.find(where | {"org": {"$exists": True}}, fields, session=session)

    def _write(self, ways: list[_Way], session: ClientSession) -> None:
        if sum(len(way.target.keys) for way in ways) > MOST_KEYS:
            raise PayloadTooLarge("The statements of one request refer to too much: send fewer of them at once")
        rows = [
            UpdateOne(
                {"_id": referrer.id + target.id},
                {
                    "$set": {
                        "org": referrer.org,
                        "stored": referrer.stored,
                        "referrer": referrer.id,
                        "keys": target.keys,
                        "via": via,
                    }
                },
                upsert=True,
            )
            for referrer, target, via in ways
        ]
        if rows:
            self.rows.bulk_write(rows, ordered=False, session=session)


def _link(document: Document) -> _Link:
    return _Link(document["_id"], document["org"], document["stored"], document["keys"], document.get("refers"))


def _chain(start: _Link, known: dict[bytes, _Link]) -> Iterator[tuple[_Link, list[bytes]]]:
    """Yield the statements that one leads to, as far as they have arrived, each with the ids of those in between."""
    via: list[bytes] = []
    target = start.refers
    while target in known and target != start.id and target not in via and len(via) < LONGEST_CHAIN:
        link = known[target]
        yield link, via.copy()
        via.append(link.id)
        target = link.refers

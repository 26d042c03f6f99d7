"""Decisions about who is who, and what is left to do after them.

``links`` keeps the decisions of an organisation in their order; of whom they speak there are keyed hashes only.
``moves`` has one small document an organisation. Whoever counts statements, and whoever decides who somebody is, writes
to it first in his transaction: of two at a time, one runs again, and then sees what the other has done. It also lists
the identities whose statements are still counted under the numbers of before.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple

import pymongo
from pymongo import ReturnDocument
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES

_TAIL: Final = 14


class Move(NamedTuple):
    """Identities with the numbers that their statements are counted under yet, but for those stored up to ``place``."""

    was: dict[str, int]
    place: int = 0


class Link(NamedTuple):
    """A decision: ``kind`` is join or split, ``hashes`` stand for the identities, ``numbers`` are before and after."""

    id: str
    kind: str
    reason: str
    by: str
    decided: int
    hashes: tuple[str, ...]
    numbers: tuple[int, int]


class Links:
    """Keeps decisions and moves."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["links"]
        self._moves = database["moves"]
        self._deadline = deadline

    def hold(self, org: bytes, session: ClientSession) -> list[Move]:
        """Keep others from counting and deciding until this transaction ends; return what is left to do.

        Must be the first that a transaction does: what it sees is then as the last holder has left it.
        """
        row: dict[str, Any] = self._moves.find_one_and_update(  # type: ignore[assignment]  # upserted
            {"_id": org},
            {"$inc": {"turns": 1}},
            upsert=True,
            return_document=ReturnDocument.AFTER,
            session=session,
        )
        return [
            Move({name: int(number) for name, number in move["was"]}, int(move["place"]))
            for move in row.get("left", ())
        ]

    def leave(self, org: bytes, moves: Iterable[Move], session: ClientSession) -> None:
        """Let this be all that is left to do."""
        # As pairs: an identity never becomes a name in a document.
        left = [{"was": [list(pair) for pair in sorted(move.was.items())], "place": move.place} for move in moves]
        self._moves.update_one({"_id": org}, {"$set": {"left": left}}, session=session)

    def pending(self, org: bytes) -> bool:
        """Tell whether anything is left to do."""
        with translated(), pymongo.timeout(self._deadline):
            return self._moves.find_one({"_id": org, "left.0": {"$exists": True}}, {"_id": 1}) is not None

    def insert(self, org: bytes, links: Sequence[Link], session: ClientSession) -> None:
        """Keep decisions."""
        if links:
            self._rows.insert_many([_row(org, link) for link in links], session=session)

    def of(self, org: bytes, *, after: str = "", most: int = 0) -> list[Link]:
        """Return an organisation's decisions, the first one first; ``most`` of those after an id, all without."""
        least, greatest = org + (bytes.fromhex(after) or bytes(_TAIL)), org + b"\xff" * _TAIL
        with translated(), pymongo.timeout(self._deadline):
            return list(_links(self._rows.find({"_id": {"$gt": least, "$lte": greatest}}).sort("_id", 1).limit(most)))


def _row(org: bytes, link: Link) -> dict[str, Any]:
    row = {name: value for name, value in link._asdict().items() if name != "id"}
    return {"_id": org + bytes.fromhex(link.id)} | row


def _links(rows: Iterable[Mapping[str, Any]]) -> Iterator[Link]:
    for row in rows:
        before, after = row["numbers"]
        yield Link(
            row["_id"][ORG_BYTES:].hex(),
            row["kind"],
            row["reason"],
            row["by"],
            int(row["decided"]),
            tuple(row["hashes"]),
            (int(before), int(after)),
        )

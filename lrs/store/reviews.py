"""The ``reviews`` collection: what was noticed in statements, how often, and in which of them last.

One document an organisation and thing that is noticed. Statements are named by their ids; nothing of them is kept.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import pymongo
from pymongo import UpdateOne
from pymongo.client_session import ClientSession
from pymongo.database import Database

from lrs.store.clearing import clear_some
from lrs.store.errors import translated

Kind: TypeAlias = Literal["template", "broken", "rule", "verb", "type", "extension", "flag"]

EXAMPLES: Final = 10
_LONGEST: Final = 500


class Note(NamedTuple):
    """Something to notice: for a rule that is broken, ``name`` is its template."""

    kind: Kind
    name: str
    path: str = ""
    rule: str = ""

    def key(self) -> bytes:
        """Return 16 bytes that stand for it."""
        return blake2b("\0".join(self).encode(), digest_size=16).digest()


@dataclass(slots=True)
class Tally:
    """In how many statements more, or fewer, something is noticed; the ids of those that come, and those that go."""

    statements: int = 0
    come: list[bytes] = field(default_factory=list)
    gone: list[bytes] = field(default_factory=list)


class Noticed(NamedTuple):
    """Something that was noticed, in how many statements, and the ids of the last of them, the latest last."""

    note: Note
    statements: int
    examples: list[bytes]


class Reviews:
    """Counts what was noticed; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
        self._rows = database["reviews"]
        self._deadline = deadline

    def change(self, org: bytes, tallies: Mapping[Note, Tally], session: ClientSession) -> None:
        """Count what came and what went, of which there is something."""
        fewer = [org + note.key() for note, tally in tallies.items() if tally.gone]
        writes = [write for note, tally in tallies.items() for write in _writes(org, note, tally)]
        self._rows.bulk_write(writes, ordered=True, session=session)
        if fewer:
            self._rows.delete_many({"_id": {"$in": fewer}, "statements": {"$lte": 0}}, session=session)

    def most(self, org: bytes, kind: Kind, most: int) -> list[Noticed]:
        """Return what was noticed in most statements."""
        with translated(), pymongo.timeout(self._deadline):
            rows = self._rows.find({"org": org, "kind": kind}).sort("statements", -1).limit(most)
            return [_noticed(row) for row in rows]

    def clear_some(self, org: bytes, session: ClientSession) -> bool:
        """Remove some of what was noticed in an organisation; tell whether there was any."""
        return clear_some(self._rows, org, session)


def _writes(org: bytes, note: Note, tally: Tally) -> Iterable[UpdateOne]:
    which = {"_id": org + note.key()}
    first = {"org": org, "kind": note.kind, "name": note.name[:_LONGEST]}
    first |= {name: value for name, value in (("path", note.path), ("rule", note.rule)) if value}
    yield UpdateOne(
        which,
        {
            "$setOnInsert": first,
            "$inc": {"statements": tally.statements},
            "$push": {"examples": {"$each": tally.come[-EXAMPLES:], "$slice": -EXAMPLES}},
        },
        upsert=True,
    )
    if tally.gone:
        yield UpdateOne(which, {"$pull": {"examples": {"$in": tally.gone}}})


def _noticed(row: Mapping[str, Any]) -> Noticed:
    note = Note(row["kind"], row["name"], row.get("path", ""), row.get("rule", ""))
    return Noticed(note, int(row["statements"]), list(row["examples"]))

"""Pages of training records, in one of three orders.

Each order is an index that also carries most of what records are asked by, so that what does not fit is passed over
without a look at the record. ``learner`` is the order that never changes: whoever walks in it meets each record once,
whatever is counted meanwhile. By time, a record that changes may be met again in its new place, or be missed there.
For one activity there is an index of its own in that order: who took a course is asked most of all.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple

import pymongo
from pymongo.database import Database

from lrs.store.errors import translated
from lrs.store.rows import ORG_BYTES
from schemas.training.records import Standing

Document = dict[str, Any]
Sort = Literal["learner", "last", "-last", "first"]
Whose = Literal["persons", "groups", "nobody", "all"]

_NOBODY: Final = 0
_WHOSE: Final[dict[str, Document]] = {
    "persons": {"group": {"$exists": False}},
    "groups": {"group": True, "learner": {"$ne": _NOBODY}},
    "nobody": {"learner": _NOBODY},
    "all": {},
}
_FIELDS: Final = Standing.__struct_fields__
_ABSENT: Final[dict[str, Any]] = {
    "type": "",
    "unit": "",
    "programmes": (),
    "groups": (),
    "flags": (),
    "organisation": "",
    "organisations": (),
    "two_sided": False,
}
RETURNED: Final = {"evidence": 0, "mark": 0, "score": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which records, in which order; None is no bound.

    ``units`` are keys, "" among them for what is not known; ``since`` <= ``dated`` < ``until``, in microseconds.
    ``organisation`` is that of the record; ``only`` the one that every statement carries which the record rests on.
    """

    org: bytes
    learners: tuple[int, ...] | None = None
    units: tuple[str, ...] | None = None
    activity: str | None = None
    type: str | None = None
    state: str | None = None
    kind: str | None = None
    programmes: tuple[str, ...] | None = None
    group: str | None = None
    organisation: str | None = None
    only: str | None = None
    dated: Literal["last", "ended"] = "last"
    since: int | None = None
    until: int | None = None
    whose: Whose = "persons"
    sort: Sort = "learner"

    @property
    def field(self) -> str:
        """What they are in the order of."""
        return self.sort.removeprefix("-")

    @property
    def direction(self) -> int:
        """1 upwards, -1 downwards."""
        return -1 if self.sort.startswith("-") else 1


class Position(NamedTuple):
    """The last record that was given out: what it is in order by, and its key."""

    value: int
    key: bytes


class Record(NamedTuple):
    """A record: its key, whose it is, of what, and how things stand."""

    key: bytes
    learner: int
    is_group: bool
    activity: str
    registration: str | None
    standing: Standing


class RecordPages:
    """Reads records page by page; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._rows = database["records"]
        self._deadline = deadline

    def page(self, asked: Asked, after: Position | None, limit: int) -> tuple[list[Record], Position | None]:
        """Return up to ``limit`` records behind a position, and the position to go on from if there are more."""
        rows: list[Document] = []
        most = limit + 1
        with translated(), pymongo.timeout(self._deadline):
            for question in questions(asked, after, most):
                rows += self._rows.find(**question | {"limit": most - len(rows)})
                if len(rows) == most:
                    break
        found = [record_of(row) for row in rows[:limit]]
        if len(rows) < most:
            return found, None
        return found, Position(int(rows[limit - 1][asked.field]), found[-1].key)


def questions(asked: Asked, after: Position | None, limit: int) -> Iterator[Document]:
    """Yield what the database is asked for a page, one after the other until it is full."""
    where = _condition(asked)
    for span in _spans(asked, after):
        yield {
            "filter": {"$and": [where, span]} if span else where,
            "projection": RETURNED,
            "sort": [(asked.field, asked.direction), ("_id", asked.direction)],
            "hint": _index(asked),
            "limit": limit,
            "batch_size": limit,
        }


def _index(asked: Asked) -> str:
    # The records of one person are few: they are found by whose they are, and put in order.
    if asked.learners is not None:
        return "learner"
    if asked.organisation is not None or asked.only is not None:
        return "organisation"
    return "activity" if asked.activity is not None and asked.field == "learner" else asked.field


def _spans(asked: Asked, after: Position | None) -> Iterator[Document]:
    """Yield the rest of those that share the place of the last one, and all behind them."""
    if after is None:
        yield {}
        return
    beyond = "$gt" if asked.direction == 1 else "$lt"
    yield {asked.field: after.value, "_id": {beyond: asked.org + after.key}}
    yield {asked.field: {beyond: after.value}}


def _condition(asked: Asked) -> Document:
    """Return the filter; every value is a literal of our own making."""
    each: list[Document] = [{"org": asked.org}, _WHOSE[asked.whose]]
    words = {
        "type": asked.type,
        "state": asked.state,
        "kind": asked.kind,
        "groups": asked.group,
        # What all statements carry is what the record has: so the index knows it.
        "organisation": asked.organisation if asked.only is None else asked.only,
    }
    each += [{name: value} for name, value in words.items() if value is not None]
    if asked.only is not None:
        each.append({"organisations": [asked.only]})
        if asked.organisation is not None:
            each.append({"organisation": asked.organisation})
    if asked.learners is not None:
        each.append({"learner": {"$in": list(asked.learners)}})
    if asked.activity is not None:
        each.append({"mark": mark(asked.activity), "activity": asked.activity})
    if asked.units is not None:
        each.append({"unit": {"$in": [key or None for key in asked.units]}})
    if asked.programmes is not None:
        each.append({"programmes": {"$in": list(asked.programmes)}})
    each += _dates(asked)
    return {"$and": [part for part in each if part]}


def _dates(asked: Asked) -> Iterator[Document]:
    if asked.since is not None:
        yield {asked.dated: {"$gte": asked.since}}
        # What has ended then has gone on until then: the bound that an index knows.
        yield {"last": {"$gte": asked.since}}
    if asked.until is not None:
        yield {asked.dated: {"$lt": asked.until}}
        yield {"first": {"$lt": asked.until}}


# The courses of a province are few.
@lru_cache(maxsize=16_384)
def mark(activity: str) -> bytes:
    """Return 8 bytes that stand for an activity where its id would take too much room."""
    return blake2b(activity.encode(), digest_size=8).digest()


def record_of(row: Document) -> Record:
    """Read a record's document."""
    values = {name: _plain(row.get(name, _ABSENT.get(name))) for name in _FIELDS}
    return Record(
        row["_id"][ORG_BYTES:],
        int(row["learner"]),
        row.get("group", False),
        row["activity"],
        row.get("registration"),
        Standing(**values),
    )


def _plain(value: Any) -> Any:
    # BSON's own 64-bit type is a subclass, which not every encoder takes.
    return int(value) if isinstance(value, int) else tuple(value) if isinstance(value, list) else value

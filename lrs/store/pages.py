"""One page of statements in the order of ``stored``, found directly or through what they refer to."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any, NamedTuple

from pymongo.collection import Collection

from lrs.store.rows import RETURNED, Found, found

Document = dict[str, Any]
Groups = Sequence[Sequence[bytes]]


class Position(NamedTuple):
    """Where a walk stands: the last ``stored`` that was given out, and the ids given out at that instant.

    Two processes may stamp the same microsecond; the ids keep such statements apart without a wider index.
    """

    stored: int
    ids: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which statements, in which order.

    ``keys``: every group must hold, a group holds if one of its keys does. ``bounds`` are such groups too, and hold
    for every statement that plays a part: those that are found, those that they are found by, and all in between.
    ``since`` < stored <= ``until``, microseconds, None for no bound. ``position`` continues an earlier page.
    """

    org: bytes
    keys: Groups = ()
    bounds: Groups = ()
    since: int | None = None
    until: int | None = None
    ascending: bool = False
    position: Position | None = None

    @property
    def direction(self) -> int:
        """1 from the oldest, -1 from the newest."""
        return 1 if self.ascending else -1


class Page(NamedTuple):
    """Statements in order, and the position to go on from, if there are more."""

    statements: list[Found]
    position: Position | None


def condition(selection: Selection) -> Document:
    """Return the filter that both collections are asked with; every value is a literal of our own making."""
    where: Document = {"org": selection.org} | having([*selection.keys, *selection.bounds])
    if span := _span(selection):
        where["stored"] = span
    return where


def having(groups: Groups, field: str = "keys") -> Document:
    """Return the filter of documents with one key of every group."""
    each = [{field: group[0] if len(group) == 1 else {"$in": list(group)}} for group in groups]
    return {"$and": each} if len(each) > 1 else each[0] if each else {}


def _span(selection: Selection) -> Document:
    span: Document = {}
    if selection.since is not None:
        span["$gt"] = selection.since
    if selection.until is not None:
        span["$lte"] = selection.until
    if selection.position is not None:
        stored = selection.position.stored
        if selection.ascending:
            span.pop("$gt", None)  # the walk began after it
            span["$gte"] = stored
        else:
            span["$lte"] = stored
    return span


def pages(statements: Collection[Document], linked: Collection[Document], selection: Selection, limit: int) -> Page:
    """Return one page; see ``Statements.page``."""
    where = condition(selection)
    direct = _direct(statements, where, selection, limit + 1)
    reached = _reached(linked, where, selection, limit + 1) if selection.keys else iter(())
    merged = heapq.merge(direct, reached, key=itemgetter("stored"), reverse=not selection.ascending)
    given = set(selection.position.ids) if selection.position else set()
    chosen: list[Document] = []
    for document in merged:
        if document["_id"] not in given:
            given.add(document["_id"])
            chosen.append(document)
            if len(chosen) > limit:
                break
    return _page(chosen, selection, limit)


def _page(chosen: list[Document], selection: Selection, limit: int) -> Page:
    statements = [found(document) for document in chosen[:limit]]
    if len(chosen) <= limit or not statements:
        return Page(statements, None)
    last = statements[-1].stored
    ids = tuple(statement.id for statement in statements if statement.stored == last)
    before = selection.position
    if before is not None and before.stored == last:
        ids += before.ids
    return Page(statements, Position(last, ids))


def _direct(statements: Collection[Document], where: Document, selection: Selection, most: int) -> Iterator[Document]:
    slack = len(selection.position.ids) if selection.position else 0
    cursor = statements.find(where | {"voided": {"$ne": True}}, RETURNED)
    return iter(cursor.sort("stored", selection.direction).limit(most + slack).batch_size(most + slack))


def _reached(linked: Collection[Document], where: Document, selection: Selection, most: int) -> Iterator[Document]:
    return iter(linked.aggregate(through_references(where, selection), batchSize=most))


def through_references(where: Document, selection: Selection) -> list[Document]:
    """Return the pipeline that finds statements by what they refer to."""
    return [
        {"$match": where | _with_ways(selection)},
        {"$sort": {"stored": selection.direction}},
        {
            "$lookup": {
                "from": "statements",
                "localField": "referrer",
                "foreignField": "_id",
                "as": "found",
            }
        },
        {"$unwind": "$found"},
        {"$match": {"found.voided": {"$ne": True}} | having(selection.bounds, "found.keys")},
        *_within(selection.bounds),
        {
            "$project": {
                "_id": "$referrer",
                "stored": 1,
                "raw": "$found.raw",
                "files": "$found.files",
            }
        },
    ]


def _with_ways(selection: Selection) -> Document:
    """Leave out, for a bounded reader, rows of before ``via`` was kept."""
    return {"via": {"$exists": True}} if selection.bounds else {}


def _within(bounds: Groups) -> list[Document]:
    """Return the stages that keep what is reached through nothing but statements within the bounds.

    Else a reader could refer to a statement that it may not see, and ask what that one refers to.
    """
    if not bounds:
        return []
    return [
        {
            "$lookup": {
                "from": "statements",
                "localField": "via",
                "foreignField": "_id",
                "pipeline": [{"$match": having(bounds)}, {"$project": {"_id": 1}}],
                "as": "within",
            }
        },
        {"$match": {"$expr": {"$eq": [{"$size": "$within"}, {"$size": "$via"}]}}},
    ]

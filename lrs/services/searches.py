"""Searching statements by more than the filters of xAPI.

Verbs, persons, activities, registrations and time are found by an index, in the order in which statements were stored.
Results and types are in no index: each statement that the others leave is looked at, for a short while a request, and
a page may end before anything was found. The walk goes on behind what was looked at.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any, Final, NamedTuple

import msgspec

from lrs.services import clocks
from lrs.services.cursors import LIFETIME, Cursors, fingerprint
from lrs.services.principals import Principal
from lrs.services.safetime import SafeTime
from lrs.store import Store
from lrs.store.pages import Position, Selection
from lrs.store.rows import Found
from schemas.xapi.keys import query_keys
from schemas.xapi.queries import StatementQuery

SECONDS: Final = 2.0
"""That a request may look for; what it is at then is still finished."""
_CHUNK: Final = 500


class _Walk(msgspec.Struct, frozen=True, array_like=True):
    credential: str
    expires: int
    asked: bytes
    until: int | None
    stored: int
    ids: tuple[bytes, ...]
    count: int


class _Score(msgspec.Struct):
    scaled: Decimal | None = None


class _Result(msgspec.Struct):
    success: bool | None = None
    completion: bool | None = None
    score: _Score = msgspec.field(default_factory=_Score)


class _Definition(msgspec.Struct):
    type: str | None = None


class _Object(msgspec.Struct):
    definition: _Definition = msgspec.field(default_factory=_Definition)


class _Statement(msgspec.Struct):
    object: _Object
    result: _Result = msgspec.field(default_factory=_Result)


_decode = msgspec.json.Decoder(_Statement).decode


@dataclass(frozen=True)
class Residue:
    """What no index knows; None is no bound."""

    types: frozenset[str] = frozenset()
    success: bool | None = None
    completion: bool | None = None
    least: Decimal | None = None
    most: Decimal | None = None

    def holds(self, raw: bytes) -> bool:
        """Tell whether a statement, as JSON, is like this."""
        told = _decode(raw)
        result, scaled = told.result, told.result.score.scaled
        return (
            (not self.types or told.object.definition.type in self.types)
            and self.success in {None, result.success}
            and self.completion in {None, result.completion}
            and (self.least is None or (scaled is not None and scaled >= self.least))
            and (self.most is None or (scaled is not None and scaled <= self.most))
        )


_ANY: Final = Residue()


class Search(NamedTuple):
    """What was found, in order, or how many so far; how many were looked at; the cursor to go on, None at the end."""

    through: int
    statements: list[bytes]
    number: int
    scanned: int
    next: str | None


class SearchService:
    """Searches what the caller may read of its own organisation; ``page`` is the most statements an answer holds."""

    def __init__(self, store: Store, safetime: SafeTime, *, secret: str, page: int) -> None:
        self._statements = store.statements
        self._safetime = safetime
        self._cursors = Cursors(secret, _Walk, name="cursor")
        self._page = page

    def search(self, principal: Principal, query: Mapping[str, Any]) -> Search:
        """Return a page of what is asked for; raise Forbidden, BadRequest for a cursor of another question."""
        principal.require("statements/read")
        through = self._safetime.consistent_through
        residue, keys = _residue(query), _keys(query)
        asked = _asked(query, keys, residue)
        walk = self._begun(principal, query, asked)
        selection = Selection(
            org=principal.org,
            keys=keys,
            bounds=principal.bounds,
            since=query.get("since"),
            until=walk.until,
            ascending=query["ascending"],
            position=Position(walk.stored, walk.ids) if walk.stored else None,
        )
        if query["count"]:
            found, most = _Counted(), None
        else:
            found, most = _Kept(), min(query.get("limit", self._page), self._page)
        scanned, position = self._look(selection, residue, found, most)
        number = walk.count + found.number
        onward = None
        if position is not None:
            onward = msgspec.structs.replace(walk, stored=position.stored, ids=position.ids, count=number)
        token = None if onward is None else self._cursors.token(onward)
        return Search(through, found.statements, number, scanned, token)

    def _begun(self, principal: Principal, query: Mapping[str, Any], asked: bytes) -> _Walk:
        """Return where the walk stands; at its beginning it is bound to what is stored by now."""
        if "cursor" in query:
            walk = self._cursors.read(query["cursor"], principal)
            if walk.asked != asked:
                raise self._cursors.refused()
            return walk
        until = query.get("until")
        if query["ascending"]:
            newest = self._statements.newest(principal.org, principal.bounds)
            until = newest if until is None else min(until, newest)
        return _Walk(principal.credential, clocks.now() + LIFETIME, asked, until, 0, (), 0)

    def _look(
        self, selection: Selection, residue: Residue, found: "_Counted", most: int | None
    ) -> tuple[int, Position | None]:
        """Look until ``most`` were found, the time is over, or there is nothing more; return where that was."""
        scanned, over = 0, clocks.passed() + SECONDS
        while True:
            limit = most if residue == _ANY and most is not None else _CHUNK
            page = self._statements.page(selection, limit=limit)
            for place, each in enumerate(page.statements, 1):
                if residue == _ANY or residue.holds(each.raw):
                    found.add(each.raw)
                if found.number == most and place < len(page.statements):
                    return scanned + place, _behind(page.statements[:place], selection.position)
            scanned += len(page.statements)
            if page.position is None or found.number == most or clocks.passed() > over:
                return scanned, page.position
            selection = replace(selection, position=page.position)


class _Counted:
    """Counts what is found."""

    def __init__(self) -> None:
        self.number = 0
        self.statements: list[bytes] = []

    def add(self, raw: bytes) -> None:
        del raw
        self.number += 1


class _Kept(_Counted):
    """Keeps it, too."""

    def add(self, raw: bytes) -> None:
        super().add(raw)
        self.statements.append(raw)


def _behind(seen: list[Found], before: Position | None) -> Position:
    """Return the position behind the last of these."""
    last = seen[-1].stored
    ids = tuple(each.id for each in seen if each.stored == last)
    return Position(last, ids + (before.ids if before is not None and before.stored == last else ()))


def _keys(query: Mapping[str, Any]) -> list[list[bytes]]:
    """Return the groups of query keys: every filter that is given is one, whichever of its values holds."""
    related = {"related_agents": query["related_agents"], "related_activities": query["related_activities"]}
    groups: Iterable[list[StatementQuery]] = (
        [StatementQuery(verb=each) for each in query["verb"]],
        [StatementQuery(agent=each, **related) for each in query["agent"]],
        [StatementQuery(activity=each, **related) for each in query["activity"]],
        [StatementQuery(registration=each) for each in query["registration"]],
    )
    return [sorted({key for each in group for keys in query_keys(each) for key in keys}) for group in groups if group]


def _residue(query: Mapping[str, Any]) -> Residue:
    return Residue(
        frozenset(query["type"]),
        query.get("success"),
        query.get("completion"),
        query.get("score_min"),
        query.get("score_max"),
    )


def _asked(query: Mapping[str, Any], keys: list[list[bytes]], residue: Residue) -> bytes:
    bounds = [query.get(name) for name in ("since", "until", "ascending", "count")]
    scores = [None if each is None else str(each) for each in (residue.least, residue.most)]
    return fingerprint([keys, bounds, sorted(residue.types), residue.success, residue.completion, scores])

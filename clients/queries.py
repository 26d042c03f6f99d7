"""Query strings: what is asked for, in the specification's words."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, TypedDict
from urllib.parse import quote, urlencode
from uuid import UUID

from .encoding import encoded
from .errors import Unsendable
from .messages import Agent, Json

Query = Mapping[str, Any]


class Conditions(TypedDict, total=False):
    """Which statements are wanted; all conditions must hold. Agents, verbs and activities may be whole objects."""

    agent: Agent
    verb: str | Mapping[str, Json]
    activity: str | Mapping[str, Json]
    registration: str | UUID
    related_activities: bool
    related_agents: bool
    since: datetime | str
    until: datetime | str
    ascending: bool
    format: Literal["exact", "ids", "canonical"]
    page_size: int


def query_of(conditions: Conditions, *, files: bool) -> Query:
    """Return the query of a statement request; raise TypeError for a condition that xAPI does not have."""
    if unknown := conditions.keys() - Conditions.__annotations__.keys():
        raise TypeError(f"statements cannot be asked for by {', '.join(sorted(unknown))}")
    query: dict[str, Any] = dict(conditions)
    for name in ("verb", "activity"):
        if isinstance(query.get(name), Mapping):
            query[name] = query[name]["id"]
    # Named "limit" there, although it bounds a page and not the answer.
    query["limit"] = query.pop("page_size", None)
    query["attachments"] = True if files else None
    return query


def query_text(query: Query) -> str:
    """Return a query string, without what is None.

    Agents become JSON, instants ISO 8601, truth values ``true`` and ``false``.
    """
    given = [(name, _text(value)) for name, value in query.items() if value is not None]
    return urlencode(given, quote_via=quote)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, datetime):
        if value.tzinfo is None:
            raise Unsendable("an instant needs its time zone")
        return value.isoformat()
    if isinstance(value, str | int | UUID):
        return str(value)
    return encoded(value).decode()

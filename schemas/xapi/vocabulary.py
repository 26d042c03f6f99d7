"""The specification's own names, to tell them from those that a sender made up."""

import re
from collections.abc import Container, Iterator
from typing import Any, Final

from schemas.xapi.base import StrictSchema
from schemas.xapi.containers import ByObjectType, ListOf, MapOf, Nested
from schemas.xapi.statements import Statement103, Statement200

_OUTSIDE: Final = frozenset(
    (
        # headers
        "Authorization",
        "Content-Encoding",
        "Content-Transfer-Encoding",
        "Content-Type",
        "If-Match",
        "If-None-Match",
        "X-Experience-API-Hash",
        "X-Experience-API-Version",
        # parameters, fields of forms, parts of bodies
        "activity",
        "activityId",
        "agent",
        "ascending",
        "attachments",
        "content",
        "format",
        "limit",
        "method",
        "more",
        "parts",
        "profileId",
        "registration",
        "related_activities",
        "related_agents",
        "since",
        "stateId",
        "statementId",
        "until",
        "verb",
        "voidedStatementId",
    )
)
_step = re.compile(r'(?P<dot>\.?)(?:(?P<index>\[[0-9]+\])|\[(?P<quoted>"(?:\\.|[^"\\])*")\]|(?P<word>[^.\[\]]+))')
_ITEM: Final = "[]"
_FOREIGN: Final = "*"
_LONGEST: Final = 200


def plain_path(path: str) -> str:
    """Return a fault's path with names of the specification only: others are ``*``, and every index is ``[]``."""
    return re.sub(r"\[[0-9]+\]", _ITEM, known_path(path, NAMES))[:_LONGEST]


def known_path(path: str, names: Container[str]) -> str:
    """Return a fault's path with these names only: others are ``*``."""
    steps: list[str] = []
    end = 0
    while end < len(path):
        found = _step.match(path, end)
        if found is None:
            steps.append(_FOREIGN)
            break
        steps.append(_plain(found, names))
        end = found.end()
    return "".join(steps)


def _plain(step: re.Match[str], names: Container[str]) -> str:
    if step["index"]:
        return f"{step['dot']}{step['index']}"
    if step["word"]:
        return f"{step['dot']}{step['word'] if step['word'] in names else _FOREIGN}"
    name = step["quoted"]
    return f"{step['dot']}[{name if name[1:-1] in names else _FOREIGN}]"


def _names(field: Any) -> Iterator[str]:
    """Yield the names of all members below a field."""
    match field:
        case Nested():
            yield from _members(field.schema)
        case ByObjectType():
            for schema in field.kinds.values():
                yield from _members(schema)
        case ListOf():
            yield from _names(field.inner)
        case MapOf() if field.values is not None:
            yield from _names(field.values)


def _members(schema: StrictSchema) -> Iterator[str]:
    for name, field in schema.fields.items():
        yield name
        yield from _names(field)


NAMES: Final = frozenset(_OUTSIDE | {name for one in (Statement103, Statement200) for name in _members(one())})
"""Every property of statements, and the headers and parameters that faults are about."""

"""What the store adds to a statement, and the only reshaping it does (Data 2.3.1 and 2.4.6.2).

Everything works on JSON text: a member that the store does not set keeps the client's own bytes, numbers
and all. The text given here has passed the parser and the schemas.
"""

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import Raw

from schemas.xapi.versions import DEFAULT_LABELS, Version

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_items = msgspec.json.Decoder(list[Raw]).decode
_encode = msgspec.json.Encoder().encode

_LABELS: Final = {version: Raw(_encode(label)) for version, label in DEFAULT_LABELS.items()}
_BLANK: Final = b" \t\n\r"


def split(body: bytes) -> list[bytes]:
    """Return each statement's own text from a body that holds one statement or an array of them."""
    body = body.strip(_BLANK)
    return [bytes(item) for item in _items(body)] if body.startswith(b"[") else [body]


def without(raw: bytes, name: str) -> bytes:
    """Return a statement's text without a member, the same bytes if it has none of that name."""
    members = _members(raw)
    return raw if members.pop(name, None) is None else _encode(members)


def complete(  # noqa: PLR0913 - these are the properties that a store assigns
    raw: bytes,
    statement: Mapping[str, Any],
    *,
    statement_id: str,
    stored: str,
    authority: bytes,
    version: Version,
) -> bytes:
    """Return the statement as this store gives it back.

    ``raw`` and ``statement`` are one statement, as text and parsed. Sets id, stored and authority, whatever
    was sent; timestamp and version when they were not; and makes arrays of single context activities.
    """
    members = _members(raw)
    members["id"] = _quoted(statement_id.lower())
    members["stored"] = when = _quoted(stored)
    members["authority"] = Raw(authority)
    members.setdefault("timestamp", when)
    members.setdefault("version", _LABELS[version])
    if _has_single_activity(statement):
        members["context"] = _with_arrays(members["context"])
    if _has_single_activity(statement["object"]):
        inner = _members(members["object"])
        inner["context"] = _with_arrays(inner["context"])
        members["object"] = Raw(_encode(inner))
    return _encode(members)


def _has_single_activity(part: Mapping[str, Any]) -> bool:
    """Tell whether a statement or its object has a context activity that is not in an array."""
    if not (context := part.get("context")) or "contextActivities" not in context:
        return False
    return any(isinstance(value, dict) for value in context["contextActivities"].values())


def _with_arrays(context: Raw) -> Raw:
    """Return a context whose context activities are all in arrays."""
    members = _members(context)
    activities = {
        name: value if bytes(value).startswith(b"[") else Raw(b"[" + bytes(value) + b"]")
        for name, value in _members(members["contextActivities"]).items()
    }
    members["contextActivities"] = Raw(_encode(activities))
    return Raw(_encode(members))


def _quoted(plain: str) -> Raw:
    """Return text that needs no escapes as JSON."""
    return Raw(f'"{plain}"'.encode())

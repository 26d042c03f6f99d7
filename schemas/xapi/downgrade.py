"""Statements of 2.0 for readers that know 1.0.3 only.

1.0.3 forbids this by default (Communication 3.3): only a reader to whom it was granted gets it.
"""

from typing import Final

import msgspec
from msgspec import Raw

_members = msgspec.json.Decoder(dict[str, Raw]).decode
_text = msgspec.json.Decoder(str).decode
_encode = msgspec.json.Encoder().encode

_NEW: Final = ("contextAgents", "contextGroups")
_OLD_LABEL: Final = Raw(b'"1.0.0"')


def as_older(raw: bytes) -> bytes:
    """Return a stored statement without what 1.0.3 does not know, the same bytes if it has nothing of that."""
    members = _members(raw)
    before = dict(members)
    if _text(members["version"]).startswith("2"):
        members["version"] = _OLD_LABEL
    _make_older(members)
    inner = _members(members["object"])
    if "objectType" in inner and _text(inner["objectType"]) == "SubStatement":
        inner_before = dict(inner)
        _make_older(inner)
        if inner != inner_before:
            members["object"] = Raw(_encode(inner))
    return raw if members == before else _encode(members)


def _make_older(members: dict[str, Raw]) -> None:
    """Change what a statement and a sub-statement have in common."""
    if "context" in members:
        context = _members(members["context"])
        if any(name in context for name in _NEW):
            members["context"] = Raw(_encode({name: each for name, each in context.items() if name not in _NEW}))
    if "timestamp" in members:
        written = _text(members["timestamp"])
        # RFC 3339 lets small letters pass, and a space for the T.
        older = written.replace(" ", "T").upper()
        if older != written:
            members["timestamp"] = Raw(_encode(older))

"""Statements as JSON, parsed part by part: what recurs word for word is parsed once, and judged once."""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import msgspec

_LONGEST: Final = 2048
_MOST: Final = 4096
_RECURRING: Final = frozenset(["verb", "object", "result", "authority"])
_IN_CONTEXT: Final = frozenset(["extensions", "contextActivities", "team", "instructor"])

_members: Final = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode: Final = msgspec.json.Decoder().decode

P = TypeVar("P", bound=Mapping[str, Any])
R = TypeVar("R")
T = TypeVar("T")


class Part(dict[str, Any]):
    """An object of statements, maybe of many: to be read only. Who reads it may note there what he found in it."""

    __slots__ = ("_noted",)

    def __init__(self, members: dict[str, Any]) -> None:
        super().__init__(members)
        self._noted: dict[object, Any] = {}


def noted(part: P, reader: R, read: Callable[[P, R], T]) -> T:
    """Return what ``read`` returns of an object and its reader; of a Part it is asked once. It must not be changed."""
    if not isinstance(part, Part):
        return read(part, reader)
    # By what reads it, too: the same text may stand in several places.
    found: T | None = part._noted.get((read, reader))  # noqa: SLF001 - of the same file
    if found is None:
        found = part._noted[read, reader] = read(part, reader)  # noqa: SLF001 - as before
    return found


class Parser:
    """Parses valid statements; remembers a few thousand parts of them."""

    def __init__(self) -> None:
        self._known: dict[bytes, Any] = {}

    def parse(self, raw: bytes) -> dict[str, Any]:
        """Return a statement, to be read only."""
        statement: dict[str, Any] = {}
        for name, value in _members(raw).items():
            if name in _RECURRING:
                statement[name] = self._recurring(value)
            elif name == "context":
                statement[name] = self._context(value)
            else:
                statement[name] = _decode(value)
        return statement

    def _context(self, raw: msgspec.Raw) -> dict[str, Any]:
        recurring: Callable[[msgspec.Raw], Any] = self._recurring
        return {
            name: recurring(value) if name in _IN_CONTEXT else _decode(value) for name, value in _members(raw).items()
        }

    def _recurring(self, raw: msgspec.Raw) -> Any:
        text = bytes(raw)
        if (known := self._known.get(text)) is not None:
            return known
        part = _decode(text)
        if isinstance(part, dict):
            if isinstance(extensions := part.get("extensions"), dict):
                part["extensions"] = Part(extensions)
            part = Part(part)
        if len(text) <= _LONGEST:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known[text] = part
        return part

"""The journal of erasures in a file outside of the database: a backup has not the newest of them.

One JSON object a line: an erasure with the keyed hashes of whom it was about, or some of the statements that went with
it. A line may be there more than once, and be of a time when less had gone.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from lrs.services.anchors import to_file
from lrs.store.erasures import Erasure, Erasures, Went
from lrs.store.rows import ORG_BYTES
from schemas.xapi.timestamps import iso, microseconds

_OVERLAP: Final = 60_000_000
_ID_BYTES: Final = ORG_BYTES + 16


class Line(NamedTuple):
    """What a file says of an erasure: ``hashes`` of one line, or the ``statements`` of another, by their ids."""

    erasure: bytes
    request: str = ""
    by: str = ""
    begun: int = 0
    hashes: tuple[str, ...] = ()
    place: int = 0
    statements: tuple[bytes, ...] = ()

    @property
    def org(self) -> bytes:
        """The organisation."""
        return self.erasure[:ORG_BYTES]


class JournalFile:
    """Appends to a file what it lacks of the journal."""

    def __init__(self, erasures: Erasures, file: Path) -> None:
        self._erasures = erasures
        self._file = file
        self._write = to_file(file)
        self._written: dict[bytes, set[str]] = {}
        self._places: dict[bytes, int] = {}
        self._seen: int | None = None

    def write(self, org: bytes | None = None) -> int:
        """Append what is new, of one organisation or of all; return how many lines. Raise Unavailable, OSError."""
        if self._seen is None:
            self._read()
        seen = self._seen or 0
        lines: list[dict[str, Any]] = []
        for changed, erasure in self._erasures.changed(seen - _OVERLAP):
            seen = max(seen, changed)
            if org in {None, erasure.org}:
                lines += self._lacking(erasure)
        if lines:
            self._write(lines)
        for line in lines:
            self._note(_line(line))
        self._seen = seen
        return len(lines)

    def _read(self) -> None:
        if self._file.is_file():
            for line in lines_in(self._file):
                if line is not None:
                    self._note(line)

    def _note(self, line: Line) -> None:
        if line.statements:
            self._places[line.erasure] = max(line.place, self._places.get(line.erasure, 0))
        else:
            self._written.setdefault(line.erasure, set()).update(line.hashes)

    def _lacking(self, erasure: Erasure) -> Iterator[dict[str, Any]]:
        written = self._written.get(erasure.id)
        if written is None or not {*erasure.hashes} <= written:
            yield _told(erasure)
        for went in self._erasures.went(erasure.id, self._places.get(erasure.id, 0)):
            yield _listed(went)


def lines_in(file: Path) -> Iterator[Line | None]:
    """Yield what each line of a file says, None for one that cannot be read."""
    with file.open("rb") as lines:
        for line in lines:
            if line.strip():
                try:
                    yield _line(msgspec.json.decode(line, type=dict[str, Any]))
                except (ValueError, KeyError, TypeError, AttributeError):
                    yield None


def _told(erasure: Erasure) -> dict[str, Any]:
    return {
        "erasure": erasure.id.hex(),
        "request": erasure.request,
        "by": erasure.by,
        "begun": iso(erasure.begun),
        "hashes": list(erasure.hashes),
    }


def _listed(went: Went) -> dict[str, Any]:
    ids = [str(UUID(bytes=each)) for each in went.statements]
    return {"erasure": went.id.hex(), "place": went.place, "statements": ids}


def _line(told: dict[str, Any]) -> Line:
    erasure = bytes.fromhex(told["erasure"])
    if len(erasure) != _ID_BYTES:
        raise ValueError("an erasure is of an organisation and a request")
    if "statements" in told:
        return Line(
            erasure, place=int(told["place"]), statements=tuple(UUID(each).bytes for each in told["statements"])
        )
    begun = microseconds(told["begun"])
    return Line(erasure, str(told["request"]), str(told["by"]), begun, tuple(map(str, told["hashes"])))

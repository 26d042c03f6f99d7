"""Bytes in: the rows of a batch, each judged by itself."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from lrs.errors import PayloadTooLarge
from lrs.services.batches import Candidate, Outcome
from schemas.faults import Refused
from schemas.xapi.fields import UUID
from schemas.xapi.normalise import split
from schemas.xapi.parsing import parse_json
from schemas.xapi.statements import Load
from schemas.xapi.versions import Version

_uuid: Final = UUID()


class Line(NamedTuple):
    """One row as it came: its number, counted from 0 in the array or, blank ones too, in the lines of the body."""

    number: int
    text: bytes


def lines_of(body: bytes, *, most: int) -> list[Line]:
    """Return the lines of an NDJSON body that are not blank; raise PayloadTooLarge where they are too many."""
    return _limited(_lines(body), most)


def items_of(body: bytes, *, most: int) -> list[Line]:
    """Return the items of an array, or the one object that was sent; raise Refused where the body is no JSON."""
    try:
        texts = split(body)
    except (msgspec.DecodeError, RecursionError):
        parse_json(body)
        raise Refused.at("", "json", "This is not JSON.") from None
    return _limited((Line(*each) for each in enumerate(texts)), most)


def judged(text: bytes, version: Version, load: Load, *, limit: int) -> Candidate | Outcome:
    """Return a row's statement, or the refusal of what is none; paths begin at the row."""
    value = None
    try:
        if len(text) > limit:
            raise Refused.at("", "limit", f"A statement holds at most {limit} bytes.")
        value = parse_json(text)
        return Candidate(load(value, version), text)
    except Refused as refused:
        return Outcome("refused", _id_of(value), refused.faults)


def _lines(body: bytes) -> Iterator[Line]:
    for number, line in enumerate(body.split(b"\n")):
        if text := line.strip():
            yield Line(number, text)


def _limited(lines: Iterator[Line], most: int) -> list[Line]:
    found: list[Line] = []
    for line in lines:
        if len(found) == most:
            raise PayloadTooLarge(f"A request holds at most {most} statements")
        found.append(line)
    return found


def _id_of(value: object) -> str | None:
    """Return the id that a refused statement has, if it is one."""
    found = value.get("id") if isinstance(value, dict) else None
    return found if isinstance(found, str) and not _uuid.complaints(found) else None

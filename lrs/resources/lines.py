"""Bytes in: the rows of a batch, each judged by itself."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Final, NamedTuple

import msgspec

from lrs.errors import PayloadTooLarge
from lrs.services.batches import Candidate, Outcome
from schemas.faults import Refused
from schemas.xapi.fields import UUID
from schemas.xapi.normalise import split
from schemas.xapi.parsing import MOST_VALUES, parse_json
from schemas.xapi.statements import Load
from schemas.xapi.versions import Version

_uuid: Final = UUID()
_loose: Final = json.JSONDecoder(parse_int=str, parse_float=str)
_blanks: Final = re.compile(r"[ \t\n\r]*")


class Line(NamedTuple):
    """One row as it came: its number, counted from 0 in the array or, blank ones too, in the lines of the body."""

    number: int
    text: bytes


def lines_of(body: bytes, *, most: int) -> list[Line]:
    """Return the lines of an NDJSON body that are not blank; raise PayloadTooLarge where they are too many."""
    return _limited(_lines(body), most)


def items_of(body: bytes, *, most: int) -> list[Line]:
    """Return the items of an array, or the one object that was sent; raise Refused where the body is neither."""
    if not body.lstrip().startswith(b"["):
        parse_json(body)
    try:
        texts = split(body)
    except (msgspec.DecodeError, RecursionError):
        texts = _split_loosely(body)
    return _limited((Line(*each) for each in enumerate(texts)), most)


def _split_loosely(body: bytes) -> list[bytes]:
    """Return the items of an array although one of them may break a rule that goes beyond brackets and quotes.

    Half a character, from a text that was cut, is the usual one. Raise Refused where items cannot be told apart.
    """
    texts: list[bytes] = []
    # What has more values than this is not worth building only to be thrown away.
    if sum(map(body.count, (b",", b"[", b"{"))) <= MOST_VALUES:
        with suppress(ValueError, RecursionError):
            text = body.decode()
            at = _past_blanks(text, 0)
            while text[at : at + 1] == ("," if texts else "["):
                begin = _past_blanks(text, at + 1)
                _, end = _loose.raw_decode(text, begin)
                texts.append(text[begin:end].encode())
                at = _past_blanks(text, end)
            if text[at:].rstrip() == "]":
                return texts
    parse_json(body)
    raise Refused.at("", "json", "This is not JSON.")


def _past_blanks(text: str, at: int) -> int:
    found = _blanks.match(text, at)
    return found.end() if found else at


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

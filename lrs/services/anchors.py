"""Anchors: heads of the audit's chains, kept where whoever can write to the database cannot.

An anchor is the whole last record of a chain, so that it carries its own seal: it takes no key to write one down, and
nobody without the key can make one up.
"""

import logging
import os
from base64 import b16decode, b16encode
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import msgspec

from lrs.services import clocks
from lrs.store.audit import Audit
from lrs.store.entries import Record, record, record_id
from schemas.xapi.timestamps import iso

Sink = Callable[[list[dict[str, Any]]], None]

_BYTES: Final = ("org", "previous", "hash")
_IN_LOGS: Final = "anchor"

log = logging.getLogger(__name__)


class Anchors:
    """Hands on the heads of all chains that have grown since it did so last."""

    def __init__(self, audit: Audit, sink: Sink) -> None:
        self._audit = audit
        self._sink = sink
        self._last: dict[bytes, Record] = {}

    def write(self) -> int:
        """Hand on new heads; return how many. What could not be handed on is new the next time."""
        heads = {org: link.record for org, link in self._audit.heads() if link.record is not None}
        for org, last in self._last.items():
            if org not in heads or heads[org].seq < last.seq:
                log.error("a chain of the audit has lost its end", extra={"org": org.hex(), "seq": last.seq})
        grown = [head for org, head in heads.items() if self._last.get(org) != head]
        if grown:
            now = iso(clocks.now())
            self._sink([_told(head) | {"anchored": now} for head in grown])
        self._last = heads
        return len(grown)


def to_file(file: Path) -> Sink:
    """Return what appends anchors to a file, one JSON object a line, on the disk when it returns."""

    def write(anchors: list[dict[str, Any]]) -> None:
        lines = b"".join(msgspec.json.encode(anchor) + b"\n" for anchor in anchors)
        fresh = not file.exists()
        descriptor = os.open(file, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            if _torn(descriptor):
                lines = b"\n" + lines
            while lines:
                lines = lines[os.write(descriptor, lines) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if fresh:
            _sync_folder(file.parent)

    return write


def to_log(anchors: list[dict[str, Any]]) -> None:
    """Log anchors, one line each, for whatever collects the logs."""
    for anchor in anchors:
        log.info("head of a chain of the audit", extra={_IN_LOGS: anchor})


def anchors_in(file: Path, org: bytes, unreadable: Callable[[], None]) -> Iterator[Record]:
    """Yield the anchors of an organisation in a file of anchors, or of log lines that have them.

    ``unreadable`` is called for each of its lines that is neither.
    """
    marks = org.hex().encode(), org.hex().upper().encode()
    with file.open("rb") as lines:
        for line in lines:
            if any(mark in line for mark in marks):
                found = _read(line)
                if found is None:
                    unreadable()
                elif found.org == org:
                    yield found


def organisations_in(file: Path) -> set[bytes]:
    """Return the organisations that have anchors in a file."""
    with file.open("rb") as lines:
        return {found.org for found in map(_read, lines) if found is not None}


def _told(head: Record) -> dict[str, Any]:
    return head._asdict() | {name: b16encode(getattr(head, name)).decode().lower() for name in _BYTES}


def _read(line: bytes) -> Record | None:
    try:
        told = msgspec.json.decode(line, type=dict[str, Any])
        told = told.get(_IN_LOGS, told)
        told |= {name: b16decode(told[name], casefold=True) for name in _BYTES}
        known = {name: told[name] for name in Record._fields}
        return record({"_id": record_id(known["org"], known["seq"])} | known)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError):
        return None


def _torn(descriptor: int) -> bool:
    """Tell whether the last line was not written to its end."""
    size = os.fstat(descriptor).st_size
    return size > 0 and os.pread(descriptor, 1, size - 1) != b"\n"


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

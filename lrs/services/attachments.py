"""Attachments of statements: their data on its way in and out, and which statement it belongs to."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from schemas.faults import Fault, Refused
from schemas.xapi.paths import item, member

SHA2 = re.compile(r"[0-9a-f]{56}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}")
"""SHA-224, 256, 384 or 512 in lower-case hex."""

_FAULTS_TOLD = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class ReceivedAttachment:
    """Data that arrived, with its hash already checked.

    ``sha2`` is the hash as the sender gave it, in lower case; ``sha256`` is the same data's SHA-256, whichever of
    the SHA-2 family the sender chose. ``file`` can be read and sought until its request ends.
    """

    sha2: str
    sha256: str
    content_type: str
    length: int
    file: BinaryIO


@dataclass(frozen=True, kw_only=True, slots=True)
class OutgoingAttachment:
    """Data on its way to a reader; ``chunks`` is walked once, when its turn comes."""

    sha2: str
    content_type: str
    chunks: Iterable[bytes]


def match(
    statements: Sequence[Mapping[str, Any]],
    received: Sequence[ReceivedAttachment] = (),
    *,
    single: bool = False,
) -> list[list[ReceivedAttachment]]:
    """Return, statement by statement, the received data that each one names; every piece once.

    Raise Refused for an attachment with neither a ``fileUrl`` nor data, and for data that no statement names.
    ``single`` says that the body was one object and no array, for the paths. One rule serves
    application/json (nothing received) and multipart/mixed in both versions: the text of 1.0.3 also
    wants a multipart request without any data accepted (Communication 1.5.2, LRS Requirements).

    Data and attachment meet by their SHA-2 and "not any other way" (1.5.2): neither the ``length`` nor the
    ``contentType`` of the attachment is held against the data, and the conformance suites of both versions
    store an attachment whose ``length`` is wrong.
    """
    by_hash: dict[str, ReceivedAttachment] = {}
    for part in received:
        by_hash.setdefault(part.sha2, part)
    matched = [
        _named(statement, by_hash, "" if single else item("", index)) for index, statement in enumerate(statements)
    ]
    _refuse_unnamed(received, {part.sha2 for parts in matched for part in parts})
    return matched


def attachments_of(statement: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield path and metadata of every attachment of a valid statement, then of its sub-statement."""
    yield from own_attachments(statement, path)
    inner = statement["object"]
    if inner.get("objectType") == "SubStatement":
        yield from own_attachments(inner, member(path, "object"))


def own_attachments(statement: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yield path and metadata of the attachments of a valid statement itself."""
    for index, attachment in enumerate(statement.get("attachments", ())):
        yield item(member(path, "attachments"), index), attachment


def _named(
    statement: Mapping[str, Any], by_hash: Mapping[str, ReceivedAttachment], path: str
) -> list[ReceivedAttachment]:
    found: dict[str, ReceivedAttachment] = {}
    lacking: list[str] = []
    for where, attachment in attachments_of(statement, path):
        sha2 = attachment["sha2"].lower()
        if sha2 in by_hash:
            found[sha2] = by_hash[sha2]
        elif "fileUrl" not in attachment:
            lacking.append(where)
    if lacking:
        message = "This attachment has no fileUrl, and no part of a multipart/mixed request carries its sha2"
        raise Refused(Fault(where, "attachment-data", message) for where in lacking[:_FAULTS_TOLD])
    return list(found.values())


def _refuse_unnamed(received: Sequence[ReceivedAttachment], named: set[str]) -> None:
    """Excess parts are refused (Communication 1.5.2; XAPI-00128 of the conformance requirements)."""
    # Part 0 of the request holds the statements.
    unnamed = (number for number, part in enumerate(received, 1) if part.sha2 not in named)
    message = "No attachment of the statements has the hash of this part as its sha2"
    faults = [Fault(item("parts", number), "unnamed", message) for number in islice(unnamed, _FAULTS_TOLD)]
    if faults:
        raise Refused(faults)

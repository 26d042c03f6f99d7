"""Entries of the audit, and the records that they become in the chain of their organisation.

An entry holds identifiers and plain words only, never what would name a person: it can be neither changed nor erased.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec

from lrs.store.rows import ORG_BYTES

Detail = str | int | Sequence[str]
Seal = Callable[[bytes], bytes]
"""Makes the keyed hash of a message; whoever opens the store holds the key."""

SEQ_BYTES: Final = 8
START: Final = bytes(32)
"""What the first record of a chain has in the place of the hash before it."""
MOST_LISTED: Final = 200
_VERSION: Final = 1
_ACTION = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}")
_NAME = re.compile(r"[a-z][a-z_]{0,39}")
# ASCII without spaces and @: identifiers, scopes, addresses of services; no mailbox, and hardly anybody's name.
_WORD = re.compile(r"[!-?A-~]{0,300}")
_MAILBOX = re.compile(r"mailto:|%40", re.IGNORECASE)
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what: ``actor`` is a credential's name or "cli", ``action`` reads like ``credential.created``.

    Raise ValueError for anything that is not a plain word (ASCII without spaces, and no mailbox), so that nobody can
    put personal values in by mistake.
    """

    actor: str
    action: str
    target: str = ""
    details: Mapping[str, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could name a person."""
        if not _ACTION.fullmatch(self.action):
            raise ValueError("an action reads like credential.created")
        if not self.actor:
            raise ValueError("somebody must have done it")
        _check(self.actor)
        _check(self.target)
        for name, value in self.details.items():
            if not _NAME.fullmatch(name):
                raise ValueError("a detail has a name in small letters")
            _check(value)


class Record(NamedTuple):
    """One link of a chain: an entry with its place, time (microseconds) and keyed hash, and the hash before it."""

    org: bytes
    seq: int
    time: int
    actor: str
    action: str
    target: str
    details: dict[str, Any]
    previous: bytes
    hash: bytes

    @property
    def id(self) -> bytes:
        """The ``_id`` in the database."""
        return record_id(self.org, self.seq)

    def message(self) -> bytes:
        """Return all but the hash, in the one way that is sealed; raise TypeError for what nobody could have sealed."""
        return _encode((_VERSION, *self[:-1]))

    def document(self) -> dict[str, Any]:
        """Return the MongoDB document."""
        return {"_id": self.id} | self._asdict()


def record_id(org: bytes, seq: int) -> bytes:
    """Return the ``_id`` of a place in a chain: ids sort as the chain runs."""
    return org + seq.to_bytes(SEQ_BYTES, "big")


def record(document: Mapping[str, Any]) -> Record:
    """Return the record in a document that has its members."""
    details = {name: _plain(value) for name, value in document["details"].items()}
    return Record(
        document["org"],
        _plain(document["seq"]),
        _plain(document["time"]),
        document["actor"],
        document["action"],
        document["target"],
        details,
        document["previous"],
        document["hash"],
    )


def linked(org: bytes, head: Record | None, entries: Sequence[Entry], time: int, seal: Seal) -> list[Record]:
    """Return the records that continue a chain after ``head``."""
    seq, previous = (head.seq, head.hash) if head else (0, START)
    records = []
    for entry in entries:
        seq += 1
        details = {
            name: value if isinstance(value, str | int) else list(value) for name, value in entry.details.items()
        }
        bare = Record(org, seq, time, entry.actor, entry.action, entry.target, details, previous, b"")
        records.append(bare._replace(hash=seal(bare.message())))
        previous = records[-1].hash
    return records


def ends(org: bytes) -> tuple[bytes, bytes]:
    """Return the least and the greatest ``_id`` that a chain can have."""
    return org + bytes(SEQ_BYTES), org + b"\xff" * SEQ_BYTES


def org_of(id: bytes) -> bytes:  # noqa: A002 - the field's own name
    """Return the organisation in an ``_id``."""
    return id[:ORG_BYTES]


def _check(value: Detail) -> None:
    if isinstance(value, int):
        return
    texts = [value] if isinstance(value, str) else list(value)
    if len(texts) > MOST_LISTED or not all(_WORD.fullmatch(text) and not _MAILBOX.search(text) for text in texts):
        raise ValueError("the audit takes short words without spaces, and nothing like a mailbox")


def _plain(value: Any) -> Any:
    # MongoDB's 64-bit integers come back as a class of their own, which the encoder does not know.
    return int(value) if isinstance(value, int) and not isinstance(value, bool) else value

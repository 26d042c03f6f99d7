"""Entries of the audit, and the records that they become in the chain of their organisation.

An entry holds identifiers and plain words only, never what would name a person: it can be neither changed nor erased.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import msgspec
from bson.int64 import Int64

from lrs.store.rows import ORG_BYTES
from schemas.mailboxes import MAILBOX

Detail = str | int | Sequence[str]
Seal = Callable[[bytes], bytes]
"""Makes the keyed hash of a message; whoever opens the store holds the key."""

SEQ_BYTES: Final = 8
ID_BYTES: Final = ORG_BYTES + SEQ_BYTES
START: Final = bytes(32)
"""What the first record of a chain has in the place of the hash before it."""
LONGEST: Final = 300
MOST_LISTED: Final = 200
_VERSION: Final = 1
_ACTION = re.compile(r"[a-z_]{1,40}\.[a-z_]{1,40}")
_NAME = re.compile(r"[a-z][a-z_]{0,39}")
# ASCII without spaces and @: identifiers, scopes, addresses of services; no mailbox, and hardly anybody's name.
_WORD = re.compile(rf"[!-?A-~]{{0,{LONGEST}}}")
_MAILBOX = re.compile(MAILBOX)
_encode = msgspec.msgpack.Encoder(order="deterministic").encode


@dataclass(frozen=True, slots=True)
class Entry:
    """Who did what to what: ``actor`` is a credential's name or "cli", ``action`` reads like ``credential.created``.

    Raise ValueError for details that are no plain words (ASCII without spaces, and no mailbox), so that nobody can put
    personal values in by mistake. Of an actor or a target that is none, the record gets a keyed hash.
    """

    actor: str
    action: str
    target: str = ""
    details: Mapping[str, Detail] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse what could name a person."""
        if not self.actor or not _ACTION.fullmatch(self.action):
            raise ValueError("an entry has an actor, and an action that reads like credential.created")
        for name, value in self.details.items():
            if not _NAME.fullmatch(name):
                raise ValueError("a detail has a name in small letters")
            texts = [] if isinstance(value, int) else [value] if isinstance(value, str) else list(value)
            if len(texts) > MOST_LISTED or not all(map(_is_word, texts)):
                raise ValueError("the audit takes short words without spaces, and nothing like a mailbox")


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

    def message(self) -> bytes:
        """Return all but the hash, in the one way that is sealed."""
        return _encode((_VERSION, *self[:-1]))

    def document(self) -> dict[str, Any]:
        """Return the MongoDB document."""
        return {"_id": record_id(self.org, self.seq)} | self._asdict()


_TYPES: Final = {
    "org": (bytes,),
    "seq": (int, Int64),
    "time": (int, Int64),
    "actor": (str,),
    "action": (str,),
    "target": (str,),
    "details": (dict,),
    "previous": (bytes,),
    "hash": (bytes,),
}
_MEMBERS: Final = {"_id", *_TYPES}


def record_id(org: bytes, seq: int) -> bytes:
    """Return the ``_id`` of a place in a chain: ids sort as the chain runs."""
    return org + seq.to_bytes(SEQ_BYTES, "big")


def place_of(document_id: bytes) -> tuple[bytes, int]:
    """Return the organisation and the place in its chain that an ``_id`` names."""
    return document_id[:ORG_BYTES], int.from_bytes(document_id[ORG_BYTES:], "big")


def ends(org: bytes) -> tuple[bytes, bytes]:
    """Return the least and the greatest ``_id`` that a chain can have."""
    return org + bytes(SEQ_BYTES), org + b"\xff" * SEQ_BYTES


def record(document: Mapping[str, Any]) -> Record | None:
    """Return the record in a document; None if it is none: a member misses, is too much, or of another type."""
    if document.keys() != _MEMBERS or any(type(document[name]) not in types for name, types in _TYPES.items()):
        return None
    details = {name: _plain(value) for name, value in document["details"].items()}
    # MongoDB's 64-bit integers come back as a class of their own, which the encoder does not know.
    whole = {**document, "seq": int(document["seq"]), "time": int(document["time"]), "details": details}
    if (whole["org"], whole["seq"]) != place_of(whole.pop("_id")) or any(each is None for each in details.values()):
        return None
    return Record(**whole)


def named(text: str, seal: Seal) -> str:
    """Return what stands for an actor or a target in the records: itself, or a keyed hash if it may name a person."""
    return text if _is_word(text) else f"hashed:{seal(b'name' + text.encode()).hex()[:24]}"


def linked(org: bytes, head: Record | None, entries: Sequence[Entry], time: int, seal: Seal) -> list[Record]:
    """Return the records that continue a chain after ``head``."""
    seq, previous = (head.seq, head.hash) if head else (0, START)
    records = []
    for entry in entries:
        seq += 1
        details = {name: it if isinstance(it, str | int) else list(it) for name, it in entry.details.items()}
        actor, target = named(entry.actor, seal), named(entry.target, seal)
        bare = Record(org, seq, time, actor, entry.action, target, details, previous, b"")
        records.append(bare._replace(hash=seal(bare.message())))
        previous = records[-1].hash
    return records


def _is_word(text: str) -> bool:
    return bool(_WORD.fullmatch(text)) and not _MAILBOX.search(text)


def _plain(value: Any) -> Any:
    """Return a detail as it was sealed; None for what no detail can be."""
    if type(value) is Int64:
        return int(value)
    if type(value) is list:
        return value if all(type(text) is str for text in value) else None
    return value if type(value) in (str, int, bool) else None

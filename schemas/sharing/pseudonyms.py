"""What stands for people, records and names under one agreement: keyed, and another under every agreement."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from typing import Any, Final
from urllib.parse import unquote
from uuid import UUID

from schemas.mailboxes import MAILBOX
from schemas.training.numbers import number_in, number_in_iri
from schemas.training.terms import PSEUDONYMS

ROW_BYTES: Final = 16
_NAME_LENGTH: Final = 32
_RANDOM: Final = 4
"""The version of UUID that these pass for: to whoever has no key they are random."""
_ACTIVITIES: Final = f"{PSEUDONYMS}/activities/"
_ACCOUNT: Final = "account:"
_SHORTEST: Final = 4
"""Letters of a name that are looked for in other texts: fewer stand in any."""
_MAILBOX: Final = re.compile(MAILBOX)


class Pseudonyms:
    """Pseudonyms of one agreement.

    ``first`` is its first key: what it makes stays the same for ever, so that rows and statements are known again.
    ``last`` is its newest: people are called by it, and called otherwise after a rotation. By the ``earlier`` ones they
    were called before.
    """

    def __init__(self, first: bytes, last: bytes, earlier: Iterable[bytes] = ()) -> None:
        self._first = first
        self._last = last
        self._earlier = tuple(earlier)

    def row(self, record: bytes) -> bytes:
        """Return what stands for a record, by its key."""
        return _keyed(self._first, b"record", record)[:ROW_BYTES]

    def person(self, number: int) -> bytes:
        """Return what stands for all that was given about a learner, as ``row`` does for a record."""
        return _keyed(self._first, b"person", str(number).encode())[:ROW_BYTES]

    def uuid(self, purpose: str, uuid: str) -> str:
        """Return the UUID that stands for one, such as of a statement or a registration; the letters' case is none."""
        keyed = _keyed(self._first, purpose.encode(), uuid.lower().encode())
        return str(UUID(bytes=keyed[:16], version=_RANDOM))

    def activity(self, iri: str) -> str:
        """Return the IRI that stands for an activity whose own would tell of somebody."""
        return _ACTIVITIES + _keyed(self._first, b"activity", iri.encode()).hex()[:_NAME_LENGTH]

    def learner(self, number: int) -> str:
        """Return what a learner is called, by the number that the giver has him under."""
        return _called(self._last, number)

    def learners(self, number: int) -> list[str]:
        """Return all that a learner was ever called, the newest first."""
        return [_called(key, number) for key in (self._last, *reversed(self._earlier))]

    def account(self, number: int) -> dict[str, Any]:
        """Return the identifier of a learner in statements."""
        return {"account": {"homePage": PSEUDONYMS, "name": self.learner(number)}}


def tells_of_somebody(text: str, names: Iterable[str] = ()) -> bool:
    """Tell whether a text holds a mailbox, somebody's number, or one of these names, however it is escaped."""
    plain = unquote(unquote(text))
    if _MAILBOX.search(plain) or number_in_iri(text) is not None or number_in(plain) is not None:
        return True
    folded = plain.casefold()
    return any(name in folded for name in names)


def names_in(identities: Iterable[str]) -> frozenset[str]:
    """Return what of these identities would tell of somebody in another text."""
    found = set()
    for who in identities:
        name = who.partition(" ")[2] if who.startswith(_ACCOUNT) else who.partition(":")[2]
        found |= {name, name.partition("@")[0]}
    return frozenset(name.casefold() for name in found if len(name) >= _SHORTEST)


def _called(key: bytes, number: int) -> str:
    return _keyed(key, b"learner", str(number).encode()).hex()[:_NAME_LENGTH]


def _keyed(key: bytes, purpose: bytes, text: bytes) -> bytes:
    return hmac.digest(key, purpose + b"\0" + text, hashlib.sha256)

"""What stands for people, records and names under one agreement: keyed, and another under every agreement."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from uuid import UUID

from schemas.mailboxes import MAILBOX
from schemas.registries.folding import folded
from schemas.training.numbers import number_in, number_in_iri, printed
from schemas.training.terms import PSEUDONYMS

ROW_BYTES: Final = 16
_NAME_LENGTH: Final = 32
_RANDOM: Final = 4
"""The version of UUID that these pass for: to whoever has no key they are random."""
_ACTIVITIES: Final = f"{PSEUDONYMS}/activities/"
_ACCOUNT: Final = "account:"
_SHORTEST: Final = 4
"""Letters of a name that are looked for anywhere in other texts: fewer stand in any, and have to be a whole part."""
_LONG: Final = 6
"""Letters of a name that are looked for across words too: the "hung" of "chu-nghia" is nobody."""
_ESCAPES: Final = 10
"""How often a text may be escaped and still be read."""
_BETWEEN: Final = re.compile(r"""[/\\?#&=:;,|~!$*'"()<>\[\]{}]+""")
"""What stands between the parts of an IRI: segments of its path, names and values of its query."""
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
    """Tell whether a text holds a mailbox, somebody's number, or one of these names of ``names_in``.

    However it is escaped and written: with capitals, diacritics, signs between words, or without. What is escaped so
    often that nobody reads it is taken to tell.
    """
    plain = _unescaped(text)
    if plain is None or _MAILBOX.search(plain) or number_in_iri(plain) is not None or number_in(plain) is not None:
        return True
    if not names:
        return False
    words = _spelled(plain)
    run = words.replace(" ", "")
    return any(name in words or (len(name) >= _LONG and name in run) for name in names)


def names_in(identities: Iterable[str]) -> frozenset[str]:
    """Return what of these identities would tell of somebody in another text, as ``tells_of_somebody`` takes it."""
    return frozenset[str]().union(*map(_names_of, identities))


@lru_cache(maxsize=10_000)
def _names_of(who: str) -> frozenset[str]:
    name = who.partition(" ")[2] if who.startswith(_ACCOUNT) else who.partition(":")[2]
    found = {name, name.rpartition("\\")[2]}
    if "://" in name:
        found.add(_page(name))
    found |= {each.partition("@")[0] for each in found}
    return frozenset(sought for each in found for sought in _sought(each))


def _page(iri: str) -> str:
    """Return what the page of a person is called: the last of its path, or where it has none the first of its host."""
    try:
        parts = urlsplit(iri)
    except ValueError:
        return ""
    return parts.path.rstrip("/").rpartition("/")[2] or parts.netloc.partition(".")[0]


def _sought(name: str) -> Iterator[str]:
    """Yield what a name is looked for by: a short one as a whole part, between slashes."""
    words = _spelled(_unescaped(name) or name)[1:-1]
    if len(words) >= _SHORTEST:
        yield words
        if len(run := words.replace(" ", "")) >= _LONG:
            yield run
    elif words:
        yield f"/{words}/"


def _spelled(text: str) -> str:
    """Return the words of a text without case and diacritics, each of its parts between slashes."""
    parts = map(_part, _BETWEEN.split(printed(text)))
    return f"/{'/'.join(filter(None, parts))}/"


@lru_cache(maxsize=10_000)
def _part(text: str) -> str:
    return folded(text)


def _unescaped(text: str) -> str | None:
    """Return a text without any escapes, however often it was escaped; None where that is too often."""
    for _ in range(_ESCAPES):
        if "%" not in text or (plain := unquote(text)) == text:
            return text
        text = plain
    return None


def _called(key: bytes, number: int) -> str:
    return _keyed(key, b"learner", str(number).encode()).hex()[:_NAME_LENGTH]


def _keyed(key: bytes, purpose: bytes, text: bytes) -> bytes:
    return hmac.digest(key, purpose + b"\0" + text, hashlib.sha256)

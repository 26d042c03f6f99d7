"""Entity tags, and what If-Match and If-None-Match ask of a document (Communication 3.1, RFC 9110 13.1)."""

from dataclasses import dataclass
from hashlib import sha1
from typing import Final

ANY: Final = "*"
"""Stands for every document there may be."""


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold at the moment of a write.

    ``match``: the document is there and has one of these tags. ``none_match``: it has none of these tags. None asks
    for nothing; ``ANY`` stands alone.
    """

    match: frozenset[str] | None = None
    none_match: frozenset[str] | None = None

    @property
    def demands_absence(self) -> bool:
        """Tell whether it holds for no document that there may be."""
        return self.none_match is not None and ANY in self.none_match

    def holds(self, tag: str | None) -> bool:
        """Tell whether it holds for the document with this tag, None when there is no document."""
        if self.match is not None and not _stands_for(self.match, tag):
            return False
        return self.none_match is None or not _stands_for(self.none_match, tag)


_EVERY: Final = frozenset({ANY})
UNCONDITIONAL: Final = Condition()
ABSENT: Final = Condition(none_match=_EVERY)
"""There is no document yet."""


def load_condition(if_match: str | None, if_none_match: str | None) -> Condition:
    """Return what the two headers ask for; a header that says nothing sensible holds for no document."""
    if if_match is None and if_none_match is None:
        return UNCONDITIONAL
    return Condition(_tags(if_match), _tags(if_none_match))


def entity_tag(body: bytes) -> str:
    """Return the tag of a document, without quotes: the SHA-1 of its bytes, as 1.0.3 has it."""
    return sha1(body, usedforsecurity=False).hexdigest()


def _tags(header: str | None) -> frozenset[str] | None:
    # Tags here are of hexadecimal digits, so no comma stands inside one. Proxies that compress make tags weak, and
    # some clients leave out the quotes: both still name these bytes.
    if header is None:
        return None
    tags = frozenset(part.strip().removeprefix("W/").strip('"').lower() for part in header.split(","))
    return _EVERY if ANY in tags else tags


def _stands_for(tags: frozenset[str], tag: str | None) -> bool:
    return tag is not None and (ANY in tags or tag in tags)

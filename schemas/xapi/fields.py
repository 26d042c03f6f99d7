"""Single values: texts of a format, numbers, flags (Data 2.2 and 4).

``pattern`` and ``longest`` say all there is to say about a text, unless the class judges further; then
``certain`` is a narrower pattern whose texts need no further judgement. The compiled decoder reads these.
"""

import re
from collections.abc import Collection
from decimal import Decimal
from typing import Any, Final

from schemas.xapi import patterns
from schemas.xapi.base import Complaint, Complaints, StrictField
from schemas.xapi.timestamps import is_timestamp
from schemas.xapi.versions import STATEMENT_LABELS, Version

# What statements are looked up by must fit an index and a query string.
LONGEST_KEY: Final = 2048
# Longer than any honest duration, shorter than any text that is costly to turn into a number.
LONGEST_DURATION: Final = 100

_STRING: Final = Complaint("string", "This must be a string.")
_CHOICE: Final = Complaint("choice", "This is none of the values that the specification names; letter case counts.")
_TIMESTAMP: Final = Complaint("timestamp", "This must be a date and time that exist (ISO 8601; RFC 3339 in 2.0).")
_LANGUAGE: Final = Complaint("language", "This must be a language tag (RFC 5646).")
_NUMBER: Final = Complaint("number", "This must be a number.")
_COUNT: Final = Complaint("count", "This must be a whole number, zero or more.")
_BOOLEAN: Final = Complaint("boolean", "This must be true or false.")


class Text(StrictField):
    """Any string."""

    pattern: str | None = None
    certain: str | None = None
    longest: int | None = None
    refusal: Complaint = _STRING

    def complaints(self, value: Any) -> Complaints:
        """Judge type, length, format, in this order."""
        if not isinstance(value, str):
            return [_STRING]
        if self.longest is not None and len(value) > self.longest:
            return [Complaint("too-long", f"This is longer than {self.longest} characters.")]
        # re keeps what it compiled, by the pattern's text.
        if self.pattern is not None and not re.search(self.pattern, value):
            return [self.refusal]
        return []


class IRI(Text):
    """An absolute IRI."""

    pattern = patterns.IRI
    refusal = Complaint("iri", "This must be an IRI with a scheme (RFC 3987).")


class KeyIRI(IRI):
    """An IRI that statements are looked up by."""

    longest = LONGEST_KEY


class OpenID(Text):
    """A URI."""

    pattern = patterns.URI
    longest = LONGEST_KEY
    refusal = Complaint("uri", "This must be a URI with a scheme (RFC 3986).")


class Mailbox(Text):
    """A mailto IRI of one address."""

    pattern = patterns.MAILTO
    longest = LONGEST_KEY
    refusal = Complaint("mailto", "This must be mailto: and one e-mail address.")


class SHA1(Text):
    """A SHA-1 in hexadecimal."""

    pattern = patterns.SHA1
    refusal = Complaint("sha1", "This must be a SHA-1 in 40 hexadecimal digits.")


class SHA2(Text):
    """A SHA-2 in hexadecimal."""

    pattern = patterns.SHA2
    refusal = Complaint("sha2", "This must be a SHA-2 in 56, 64, 96 or 128 hexadecimal digits.")


class KeyText(Text):
    """Any string that statements are looked up by."""

    longest = LONGEST_KEY


class UUID(Text):
    """A UUID in either letter case, of any variant."""

    pattern = patterns.UUID
    refusal = Complaint("uuid", "This must be a UUID (RFC 4122).")


class MediaType(Text):
    """An Internet media type, with parameters or without."""

    pattern = patterns.MEDIA_TYPE
    refusal = Complaint("media-type", "This must be an Internet media type.")


class Duration(Text):
    """A duration of ISO 8601 in the form with designators."""

    pattern = patterns.DURATION
    longest = LONGEST_DURATION
    refusal = Complaint("duration", "This must be a duration (ISO 8601, such as PT12M30S or P4W).")


class VersionLabel(Text):
    """What a statement's own version may say in a request of one version."""

    def __init__(self, version: Version, **options: Any) -> None:
        super().__init__(**options)
        self.pattern = STATEMENT_LABELS[version]
        self.refusal = Complaint("version", f"This label is not taken in requests of version {version}.")


class Timestamp(Text):
    """A date and time in one version's grammar."""

    certain = patterns.PLAIN_TIMESTAMP

    def __init__(self, version: Version, **options: Any) -> None:
        super().__init__(**options)
        self.version = version

    def complaints(self, value: Any) -> Complaints:
        """Judge the grammar and the calendar."""
        complaints = super().complaints(value)
        if not complaints and not is_timestamp(value, self.version):
            return [_TIMESTAMP]
        return complaints


class LanguageTag(Text):
    """A well-formed language tag."""

    pattern = patterns.LANGUAGE
    certain = patterns.PLAIN_LANGUAGE
    refusal = _LANGUAGE

    def complaints(self, value: Any) -> Complaints:
        """Judge the grammar, and that no variant or extension comes twice (RFC 5646, 2.2.5 and 2.2.6)."""
        return super().complaints(value) or ([_LANGUAGE] if _repeats(value) else [])


class Choice(Text):
    """One of a few strings."""

    def __init__(self, *values: str, **options: Any) -> None:
        super().__init__(**options)
        self.values: Collection[str] = frozenset(values)

    def complaints(self, value: Any) -> Complaints:
        """Judge by letter."""
        return super().complaints(value) or ([] if value in self.values else [_CHOICE])


class Number(StrictField):
    """A number, of any size and precision."""

    def complaints(self, value: Any) -> Complaints:
        """Judge the type; true and false are no numbers."""
        return [] if is_number(value) else [_NUMBER]


class Count(StrictField):
    """A whole number from 0."""

    def complaints(self, value: Any) -> Complaints:
        """Judge type and sign."""
        return [] if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else [_COUNT]


class Flag(StrictField):
    """True or false."""

    def complaints(self, value: Any) -> Complaints:
        """Judge the type."""
        return [] if isinstance(value, bool) else [_BOOLEAN]


def is_number(value: object) -> bool:
    """Tell whether a parsed value is a number of JSON."""
    return isinstance(value, (int, Decimal)) and not isinstance(value, bool)


def _repeats(tag: str) -> bool:
    """Tell whether a well-formed tag has a variant or an extension twice, up to its private part."""
    subtags = tag.lower().split("-")[1:]
    if "x" in subtags:
        subtags = subtags[: subtags.index("x")]
    singletons = [subtag for subtag in subtags if len(subtag) == 1]
    if singletons:
        subtags = subtags[: subtags.index(singletons[0])]
    # Variants have five characters or more, or a digit and three more; nothing else before them does.
    variants = [subtag for subtag in subtags if len(subtag) > len("Hant") or re.match("[0-9]...", subtag)]
    return len(set(singletons)) < len(singletons) or len(set(variants)) < len(variants)

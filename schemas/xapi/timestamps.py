"""Timestamps: their grammar in both versions, and the instant they name."""

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Final

from schemas.xapi.versions import Version

# "-00:00" means "zone unknown" in RFC 3339 and nothing in ISO 8601: both versions refuse it.
_ZONE: Final = r"(?:[Zz]|(?!-00(?::?00)?\Z)(?P<zone>[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?))"
_CLOCK: Final = r"(?P<hour>[01][0-9]|2[0-3])"
_SECOND: Final = r"(?P<second>[0-5][0-9]|60)(?:[.,](?P<fraction>[0-9]{1,32}))?"

# Patterns are whole, so that any engine that searches finds all or nothing. They know no calendar:
# `microseconds` does.
GRAMMARS: Final[dict[Version, str]] = {
    # ISO 8601 (Data 4.5): date and time each extended or basic; seconds and zone may miss.
    "1.0.3": r"\A(?P<year>[0-9]{4})(?P<d>-?)(?P<month>[0-9]{2})(?P=d)(?P<day>[0-9]{2})[Tt ]"
    rf"{_CLOCK}(?P<c>:?)(?P<minute>[0-5][0-9])(?:(?P=c){_SECOND})?{_ZONE}?\Z",
    # RFC 3339 (2.0, 4.2.7): seconds and zone are musts. Offsets without a colon are let pass.
    "2.0.0": r"\A(?P<year>[0-9]{4})-(?P<month>[0-9]{2})-(?P<day>[0-9]{2})[Tt ]"
    rf"{_CLOCK}:(?P<minute>[0-5][0-9]):{_SECOND}{_ZONE}\Z",
}

_grammars = {version: re.compile(pattern) for version, pattern in GRAMMARS.items()}
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_DAY: Final = date(1970, 1, 1).toordinal()


def microseconds(text: str, version: Version = "1.0.3") -> int:
    """Return the instant in microseconds since 1970 UTC; ``ValueError`` when it is no timestamp.

    Finer fractions are cut off, a leap second counts as the second after it, no zone means UTC.
    1.0.3 is the wider grammar: whatever passes as 2.0.0 passes as 1.0.3, as the same instant.
    """
    match = _grammars[version].match(text)
    if match is None:
        raise ValueError("not a timestamp")
    part = match.groupdict()
    day = date(int(part["year"]), int(part["month"]), int(part["day"])).toordinal() - _EPOCH_DAY
    minutes = (day * 24 + int(part["hour"])) * 60 + int(part["minute"]) - _offset(part["zone"])
    seconds = minutes * 60 + int(part["second"] or 0)
    return seconds * 1_000_000 + int(f"{part['fraction'] or '':0<6.6}")


def is_timestamp(text: str, version: Version) -> bool:
    """Tell whether the text is a timestamp in that version, on a day that exists."""
    try:
        microseconds(text, version)
    except ValueError:
        return False
    return True


def iso(instant: int) -> str:
    """Return microseconds since 1970 as text in UTC, ``2026-11-23T05:06:07.123456Z``.

    For the years 1 to 9999, which is where this store's own instants lie.
    """
    seconds, fraction = divmod(instant, 1_000_000)
    return f"{_second(seconds)}.{fraction:06d}Z"


# A store stamps many statements within one second.
@lru_cache(maxsize=64)
def _second(seconds: int) -> str:
    return f"{_EPOCH + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%S}".rjust(19, "0")


def _offset(zone: str | None) -> int:
    """Return the minutes east of UTC of ``+07``, ``+0700`` or ``+07:00``."""
    if zone is None:
        return 0
    minutes = int(zone[1:3]) * 60 + int(zone[-2:] if len(zone) > len("+07") else 0)
    return -minutes if zone[0] == "-" else minutes

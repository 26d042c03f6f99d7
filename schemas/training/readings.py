"""Values of extensions, read: controlled lists are checked, and what cannot be used becomes a flag."""

import unicodedata
from collections.abc import Callable
from datetime import date
from functools import lru_cache
from typing import Any, Final, NamedTuple

from schemas.training.amounts import rounded, whole
from schemas.training.terms import AGE_BANDS, ASSISTED, CAPTURES, GROUPS, LEVELS, MODES, UNKNOWN

_LONGEST: Final = 200
_MOST: Final = 32
_CODE_DIGITS: Final = 5
_BUDDHIST: Final = 2400  # years that far ahead are of that era
_MOST_PEOPLE: Final = 100_000_000
_MOST_SKEW: Final = 10 * 365 * 86_400
_TOLERATED_SKEW: Final = 300
_GROUPS: Final = frozenset(GROUPS)

Found = dict[str, Any]
Flags = set[str]


class Place(NamedTuple):
    """An administrative unit as a source names it: codes are re-used, so the date is part of the name."""

    code: str
    as_of: date | None


class Headcount(NamedTuple):
    """People reached and not known: all, and by age band, sorted."""

    total: int
    bands: tuple[tuple[str, int], ...]


class Skill(NamedTuple):
    """A node of a framework of skills, and the level in it; "" where it is not said."""

    framework: str
    version: str
    code: str
    level: str


def text(value: object) -> str | None:
    """Return a text without surrounding space, in one spelling of its letters; None if empty, long or no text."""
    return _plain(value) if isinstance(value, str) and len(value) <= _LONGEST else None


# The words and codes of a province are few.
@lru_cache(maxsize=16_384)
def _plain(value: str) -> str | None:
    return unicodedata.normalize("NFC", value.strip()) or None


def _unit(value: object, found: Found, flags: Flags) -> None:
    if (place := _place(value, "unit", flags)) is not None:
        found["unit"] = place
    if isinstance(value, dict) and (hamlet := value.get("hamlet")) is not None:
        _hamlet(hamlet, found, flags)


def _residence(value: object, found: Found, flags: Flags) -> None:
    if (place := _place(value, "residence", flags)) is not None:
        found["residence"] = place


def _place(value: object, name: str, flags: Flags) -> Place | None:
    """Read a code and its date; a code alone will do."""
    parts = value if isinstance(value, dict) else {"code": value}
    code = parts.get("code")
    if isinstance(code, str) and isinstance(as_of := parts.get("asOf"), str):
        # Of what was said before, most is said again.
        place, faults = _dated(code[: _LONGEST + 1], as_of[:10], name)
        flags |= faults
        return place
    if not isinstance(code, str):
        # Spreadsheets make numbers of codes, and drop the zeros that these begin with.
        digits = whole(code)
        code = str(digits).zfill(_CODE_DIGITS) if digits is not None and digits >= 0 else None
    if (plain := text(code)) is None:
        flags.add(f"bad-{name}")
        return None
    as_of = parts.get("asOf")
    return Place(plain, None if as_of is None else _day(as_of, flags))


@lru_cache(maxsize=16_384)
def _dated(code: str, day: str, name: str) -> tuple[Place | None, frozenset[str]]:
    flags = set[str]()
    if (plain := text(code)) is None:
        return None, frozenset([f"bad-{name}"])
    return Place(plain, _day(day, flags)), frozenset(flags)


def _day(value: object, flags: Flags) -> date | None:
    """Read a date, or the date that a timestamp begins with; not one of the Buddhist era."""
    day = _date(value[:10]) if isinstance(value, str) else None
    if day is None:
        flags.add("bad-as-of")
    return day


@lru_cache(maxsize=4096)
def _date(value: str) -> date | None:
    try:
        day = date.fromisoformat(value)
    except ValueError:
        return None
    return day if day.year < _BUDDHIST else None


def _several(value: object, name: str, flags: Flags) -> set[str]:
    """Read a list of texts, or one; the first in order of a crowd."""
    texts = set()
    for each in value if isinstance(value, list) else [value]:
        if (plain := text(each)) is None:
            flags.add(f"bad-{name}")
        else:
            texts.add(plain)
    if len(texts) > _MOST:
        flags.add(f"too-many-{name}s")
        return set(sorted(texts)[:_MOST])
    return texts


def _programmes(value: object, found: Found, flags: Flags) -> None:
    found["programmes"] = _several(value, "programme", flags)


def _groups(value: Any, found: Found, flags: Flags) -> None:
    try:
        groups = set(value) if isinstance(value, list) else {value}
    except TypeError:
        groups = {None}
    if not groups <= _GROUPS:
        flags.add("unknown-group")
        groups = groups & _GROUPS | {UNKNOWN}
    found["groups"] = tuple(sorted(groups))


def _one_of(name: str, words: tuple[str, ...]) -> Callable[[object, Found, Flags], None]:
    """Make the reader of a controlled list."""
    flag = f"unknown-{name.replace('_', '-')}"

    def reader(value: object, found: Found, flags: Flags) -> None:
        if isinstance(value, str) and value in words:
            found[name] = value
        else:
            flags.add(flag)
            found[name] = UNKNOWN

    return reader


def _text_of(name: str) -> Callable[[object, Found, Flags], None]:
    """Make the reader of a short text."""

    def reader(value: object, found: Found, flags: Flags) -> None:
        if (plain := text(value)) is None:
            flags.add(f"bad-{name}")
        else:
            found[name] = plain

    return reader


_hamlet = _text_of("hamlet")
_assisted_word = _one_of("assisted", ASSISTED)
_level_word = _one_of("level", LEVELS)


def _assisted(value: object, found: Found, flags: Flags) -> None:
    # Tools that know only yes and no say it so.
    _assisted_word({True: "guided", False: "none"}[value] if isinstance(value, bool) else value, found, flags)


def _level(value: object, found: Found, flags: Flags) -> None:
    level = whole(value)
    _level_word(None if level is None else str(level), found, flags)


def _capture(value: object, found: Found, flags: Flags) -> None:
    parts = value if isinstance(value, dict) else {"mode": value}
    if not isinstance(mode := parts.get("mode"), str) or mode not in CAPTURES:
        flags.add("unknown-capture")
    if (skew := parts.get("clockSkewS")) is None:
        return
    seconds = rounded(skew)
    if seconds is None or abs(seconds) > _MOST_SKEW:
        flags.add("bad-clock-skew")
        return
    found["skew_seconds"] = seconds
    if abs(seconds) > _TOLERATED_SKEW:
        flags.add("clock-skew")


def _headcount(value: object, found: Found, flags: Flags) -> None:
    parts = value if isinstance(value, dict) else {"total": value}
    total = _people(parts.get("total"))
    bands: dict[str, int] = {}
    given = parts.get("byAgeBand")
    for band, count in given.items() if isinstance(given, dict) else ():
        people = _people(count)
        known = band if band in AGE_BANDS else UNKNOWN
        if people is None or known != band:
            flags.add("bad-headcount")
        bands[known] = bands.get(known, 0) + (people or 0)
    if total is None or sum(bands.values()) > total:
        flags.add("bad-headcount")
    if total is not None:
        found["headcount"] = Headcount(total, tuple(sorted(bands.items())))


def _people(value: object) -> int | None:
    count = whole(value)
    return count if count is not None and 0 <= count <= _MOST_PEOPLE else None


def _skill(value: object, found: Found, flags: Flags) -> None:
    parts = value if isinstance(value, dict) else {}
    framework, code = text(parts.get("framework")), text(parts.get("code"))
    if framework is None or code is None:
        flags.add("bad-skill")
        return
    found["skill"] = Skill(framework, _said(parts.get("version")), code, _said(parts.get("level")))


def _said(value: object) -> str:
    """Return a text, or a whole number as one; "" for anything else."""
    if (plain := text(value)) is not None:
        return plain
    count = whole(value)
    return "" if count is None else str(count)


# By what the extension means: each puts what a value says under the names of facts.
READERS: Final[dict[str, Callable[[object, Found, Flags], None]]] = {
    "unit": _unit,
    "residence": _residence,
    "programmes": _programmes,
    "groups": _groups,
    "age_band": _one_of("age_band", AGE_BANDS),
    "mode": _one_of("mode", MODES),
    "assisted": _assisted,
    "level": _level,
    "capture": _capture,
    "headcount": _headcount,
    "skill": _skill,
    "organisation": _text_of("organisation"),
}

"""Strict JSON: what the standard library's parser lets pass, or trips over, is refused here with its place.

The parser runs at full speed. Only a text that it stumbles over, or whose bytes look suspicious, is read a
second time to find what is wrong and where.
"""

import json
import re
from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from itertools import islice
from math import isinf
from sys import float_info
from typing import Any, Final, NamedTuple

import msgspec

from schemas.faults import Fault, Refused
from schemas.xapi.base import MOST_FAULTS
from schemas.xapi.paths import item, member

DEEPEST: Final = 64
# Python's own limit for turning digits into a number, which costs the square of their count.
MOST_DIGITS: Final = 4300
# Empty objects and bare numbers cost far more time and memory than their bytes let fear. A thousand honest
# statements have a third of this.
MOST_VALUES: Final = 200_000

# The next sign, outside strings, that one more value is to come.
_next_value = re.compile(rb'(?:[^",\[{]++|"[^"\\]*+(?:\\.[^"\\]*+)*+")*+[,\[{]', re.DOTALL)
_items = msgspec.json.Decoder(list[msgspec.Raw]).decode
_surrogate = re.compile("[\ud800-\udfff]")


class _Broken(NamedTuple):
    """Stands where something was that is none of JSON's numbers."""

    rule: str
    message: str


class _Pairs(list[tuple[str, Any]]):
    """An object's members as written, with those that come twice."""

    __slots__ = ()


_NOT_FINITE: Final = _Broken("number", "JSON has neither NaN nor infinity.")
_TOO_LARGE: Final = _Broken("number", "No double comes near this number.")
_TOO_LONG: Final = _Broken("number", f"This number has more than {MOST_DIGITS} digits.")
_DEPTH: Final = f"This is nested deeper than {DEEPEST} levels."
_SURROGATE: Final = "This text has half a surrogate pair, which UTF-8 cannot hold."


def parse_json(body: bytes, *, path: str = "") -> object:
    """Return the value of a JSON text; whole numbers as int, others as Decimal, exactly as written.

    ``Refused``, with paths below ``path``: what is no JSON in UTF-8 (``json``), a key twice in an object
    (``duplicate-key``), numbers that are none or that no double comes near (``number``), texts that UTF-8
    cannot hold (``surrogate``), NUL in keys (``nul``), more than 64 levels (``depth``) or 200,000 values
    (``size``).
    """
    crowd = body.count(b",") + body.count(b"[") + body.count(b"{")
    if crowd > MOST_VALUES:
        _refuse_crowd(body, path)
    try:
        value = _parser.decode(body.decode())
    except RecursionError:
        raise Refused.at(path, "depth", _DEPTH) from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise _malformed(error, path) from None
    except ValueError:
        suspicious = True
    else:
        suspicious = _holds_escapes(body) or (_may_be_deep(body, value) and _is_deep(value))
    if suspicious:
        _refuse_faults(body.decode(), path)
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("duplicate key")
    return members


def _exact(digits: str) -> Decimal:
    number = _number(digits)
    if isinstance(number, _Broken):
        raise ValueError(number.message)  # noqa: TRY004  # a value's fault: its type is what was asked for
    return number


def _number(digits: str) -> Decimal | _Broken:
    """Return the number that the digits say, or what is wrong with it."""
    if len(digits) > MOST_DIGITS:
        return _TOO_LONG
    try:
        number = Decimal(digits)
    except InvalidOperation:
        return _TOO_LARGE
    return _TOO_LARGE if number.adjusted() >= float_info.max_10_exp and isinf(float(digits)) else number


def _integer(digits: str) -> int | _Broken:
    return _TOO_LONG if len(digits) > MOST_DIGITS else 0


def _constant(_: str) -> _Broken:
    return _NOT_FINITE


def _no_constant(name: str) -> None:
    raise ValueError(name)


_parser = json.JSONDecoder(object_pairs_hook=_unique, parse_float=_exact, parse_constant=_no_constant)
_second_reader = json.JSONDecoder(
    object_pairs_hook=_Pairs, parse_float=_number, parse_int=_integer, parse_constant=_constant
)


def _may_be_deep(body: bytes, value: object) -> bool:
    """Tell whether enough brackets open for one level too many; of an array, in any one of its items."""
    if body.count(b"[") + body.count(b"{") <= DEEPEST:
        return False
    if not isinstance(value, list):
        return True
    # The array itself is a level.
    return any(item.count(b"[") + item.count(b"{") >= DEEPEST for item in map(bytes, _items(body)))


def _is_deep(value: Any) -> bool:
    """Tell whether a value has more than ``DEEPEST`` levels of objects and arrays, level by level."""
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(DEEPEST):
        level = [
            below
            for each in level
            for below in (each.values() if type(each) is dict else each)
            if type(below) is dict or type(below) is list
        ]
    return bool(level)


def _holds_escapes(body: bytes) -> bool:
    """Tell whether there are escapes that may make what UTF-8 cannot hold, or a NUL."""
    return b"\\u" in body and (b"\\ud" in body or b"\\uD" in body or b"\\u0000" in body)


def _refuse_crowd(body: bytes, path: str) -> None:
    """Raise if the values are too many also without what stands inside strings."""
    end = 0
    for _ in range(MOST_VALUES):
        found = _next_value.match(body, end)
        if found is None:
            return
        end = found.end()
    raise Refused.at(path, "size", f"This has more than {MOST_VALUES} values.")


def _malformed(error: UnicodeDecodeError | json.JSONDecodeError, path: str) -> Refused:
    if isinstance(error, UnicodeDecodeError):
        return Refused.at(path, "json", f"This is not UTF-8 (byte {error.start}).")
    return Refused.at(path, "json", f"This is not JSON: {error.msg} (line {error.lineno}, column {error.colno}).")


def _refuse_faults(text: str, path: str) -> None:
    """Read a text again and raise with its faults, if it has any."""
    try:
        value = _second_reader.decode(text)
    except json.JSONDecodeError as error:
        raise _malformed(error, path) from None
    except RecursionError:
        raise Refused.at(path, "depth", _DEPTH) from None
    faults = tuple(islice(_faults(value, path, 1), MOST_FAULTS)) if _may_be_wrong(value) else ()
    if faults:
        raise Refused(faults)


def _faults(value: Any, path: str, depth: int) -> Iterator[Fault]:
    """Yield what is wrong with a value of the second reading, and with all below it."""
    if isinstance(value, _Broken):
        yield Fault(path, *value)
    elif isinstance(value, str):
        yield Fault(path, "surrogate", _SURROGATE)
    elif depth > DEEPEST:
        yield Fault(path, "depth", _DEPTH)
    elif isinstance(value, _Pairs):
        yield from _key_faults(value, path)
        for key, below in value:
            if _may_be_wrong(below):
                yield from _faults(below, member(path, key), depth + 1)
    else:
        for index, below in enumerate(value):
            if _may_be_wrong(below):
                yield from _faults(below, item(path, index), depth + 1)


def _may_be_wrong(value: Any) -> bool:
    """Tell whether to look closer: most values are well, and making their paths would take the most time."""
    return isinstance(value, list | _Broken) or (isinstance(value, str) and _surrogate.search(value) is not None)


def _key_faults(pairs: _Pairs, path: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            yield Fault(member(path, key), "duplicate-key", "This key comes twice in one object.")
        seen.add(key)
        if "\0" in key:
            yield Fault(member(path, key), "nul", "A key must not hold NUL.")
        if _surrogate.search(key):
            yield Fault(member(path, key), "surrogate", _SURROGATE)

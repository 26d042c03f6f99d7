"""Amounts that statements tell: seconds, scores, whole numbers; from numbers as any parser of JSON gives them."""

import re
from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Context, Decimal
from functools import lru_cache
from typing import Any, Final

_NUMBER: Final = r"([0-9]+(?:[.,][0-9]+)?)"
_duration = re.compile(
    rf"P(?:{_NUMBER}Y)?(?:{_NUMBER}M)?(?:{_NUMBER}W)?(?:{_NUMBER}D)?(?:T(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?)?"
)
_DAY: Final = 86_400
# A year is 365 days and a month is 30, whatever the calendar says: hours must not depend on when they were spent.
_SECONDS: Final = (365 * _DAY, 30 * _DAY, 7 * _DAY, _DAY, 3600, 60, 1)
_LONGEST: Final = 10 * 365 * _DAY
# Without traps: what cannot be computed is not finite, and no error.
_exact = Context(prec=40, rounding=ROUND_HALF_UP, traps=[])
_PLACES: Final = Decimal("1E-9")
_WHOLE: Final = Decimal(1)
_MOST_DIGITS: Final = 15


# Sessions are of few lengths.
@lru_cache(maxsize=4096)
def seconds(duration: str) -> int | None:
    """Return the whole seconds of a duration of ISO 8601, halves rounded up; None for more than ten years.

    A year counts as 365 days, a month as 30, a week as 7.
    """
    match = _duration.fullmatch(duration)
    if match is None:
        return None
    total = Decimal(0)
    for text, size in zip(match.groups(), _SECONDS, strict=True):
        if text:
            total = _exact.add(total, _exact.multiply(Decimal(text.replace(",", ".")), Decimal(size)))
    return int(_exact.quantize(total, _WHOLE)) if total <= _LONGEST else None


def scaled(score: Mapping[str, Any]) -> str | None:
    """Return a score from -1 to 1 as plain decimal text, to nine places; None where there is none.

    A score without ``scaled`` is ``raw`` between ``min`` (0 if it is not said) and ``max``.
    """
    if (value := score.get("scaled")) is not None:
        return _plain(value)
    raw, top, bottom = number(score.get("raw")), number(score.get("max")), number(score.get("min", 0))
    if raw is None or top is None or bottom is None or top <= bottom:
        return None
    return _plain(_exact.divide(_exact.subtract(raw, bottom), _exact.subtract(top, bottom)))


def number(value: object) -> Decimal | None:
    """Return a parsed JSON number; None for anything else, and for what is too large to be an amount."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    # The digits of a float as JSON wrote them, not those of its binary value.
    found = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
    return found if found.is_finite() and found.adjusted() <= _MOST_DIGITS else None


def whole(value: object) -> int | None:
    """Return a number, or a text of digits, that is whole; None for anything else."""
    if isinstance(value, str):
        return int(value) if len(value) <= _MOST_DIGITS and value.isascii() and value.isdigit() else None
    found = number(value)
    return int(found) if found is not None and found == found.to_integral_value() else None


def rounded(value: object) -> int | None:
    """Return a number as the nearest whole one, halves away from zero; None for anything else."""
    found = number(value)
    return None if found is None else int(_exact.to_integral_value(found))


# Marks are few. Typed, for true equals 1 and is no number.
@lru_cache(maxsize=4096, typed=True)
def _plain(value: float | Decimal) -> str | None:
    """Return a number from -1 to 1 as text; None for any other."""
    found = number(value)
    if found is None or not -1 <= found <= 1:
        return None
    text = f"{_exact.quantize(found, _PLACES):f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text

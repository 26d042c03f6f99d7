"""Results and scores (Data 2.4.5)."""

from typing import Any, ClassVar, Final

from schemas.xapi.base import Complaint, Rule, StrictSchema
from schemas.xapi.containers import Nested, extension_map
from schemas.xapi.fields import Duration, Flag, Number, Text, is_number

_SCALED: Final = Complaint("range", "This must lie between -1 and 1.", at=("scaled",))
_MIN: Final = Complaint("range", "This must be less than max.", at=("min",))
_BELOW: Final = Complaint("range", "This must not be less than min.", at=("raw",))
_ABOVE: Final = Complaint("range", "This must not be greater than max.", at=("raw",))


def scaled_in_range(score: dict[str, Any]) -> Complaint | None:
    """Hold ``scaled`` between -1 and 1."""
    scaled: Any = score.get("scaled")
    return _SCALED if is_number(scaled) and not -1 <= scaled <= 1 else None


def raw_in_range(score: dict[str, Any]) -> Complaint | None:
    """Hold ``raw`` between ``min`` and ``max``, and ``min`` below ``max``. Numbers are compared exactly."""
    low: Any = score.get("min")
    raw: Any = score.get("raw")
    high: Any = score.get("max")
    bounded_below, given, bounded_above = is_number(low), is_number(raw), is_number(high)
    if bounded_below and bounded_above and not low < high:
        return _MIN
    if given and bounded_below and raw < low:
        return _BELOW
    if given and bounded_above and raw > high:
        return _ABOVE
    return None


class Score(StrictSchema):
    """How well it was done."""

    rules: ClassVar[tuple[Rule, ...]] = (scaled_in_range, raw_in_range)

    scaled = Number()
    raw = Number()
    min = Number()
    max = Number()


class Result(StrictSchema):
    """How it ended."""

    score = Nested(Score)
    success = Flag()
    completion = Flag()
    response = Text()
    duration = Duration()
    extensions = extension_map()

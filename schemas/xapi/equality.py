"""When two texts are the same statement (Data 2.3.1, statement comparison).

What the specification exempts from immutability is left out or written one way; everything else counts.

    left out        id, authority, stored, timestamp, version; attachments; a verb's display; the
                    definition of an Activity, wherever one occurs
    one way         the order of a Group's members; single and listed context activities; an objectType
                    that says the default; the zone and notation of a sub-statement's timestamp;
                    letter case of mail domains, SHA-1 digits, UUIDs and language tags; the fraction of
                    a duration's seconds, cut to 0.01 s
    as they are     numbers by value (1 and 1.0 are one number, 1 and true are not), the order of
                    arrays, all other text. The order of members of an object never counts.
"""

import json
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import partial
from typing import Any, Final

from schemas.xapi.identity import lower_domain
from schemas.xapi.timestamps import microseconds

_LEFT_OUT: Final = frozenset(("id", "authority", "stored", "timestamp", "version", "attachments"))
# Another store on the way may have rounded a timestamp to milliseconds (Data 4.5).
_ROUNDING: Final = 1000
_seconds = re.compile(r"(?P<whole>[0-9]+)[.,](?P<hundredths>[0-9]{1,2})[0-9]*S\Z")

_Turn = Callable[[Any], Any]


def same(one: bytes, other: bytes) -> bool:
    """Tell whether two JSON texts of valid statements are the same statement."""
    return one == other or _alike(_plain(_parse(one)), _plain(_parse(other)))


def same_signed(statement: Mapping[str, Any], signed_payload: object) -> bool:
    """Tell whether a signature's parsed payload is the statement it came with (Data 2.6).

    As ``same``; and as both came from the client, an id or timestamp that both have must agree,
    timestamps to the millisecond.
    """
    if not isinstance(signed_payload, Mapping):
        return False
    return (
        _agree(statement, signed_payload, "id", _lower, lambda a, b: bool(a == b))
        and _agree(statement, signed_payload, "timestamp", _instant, _close)
        and _alike(_plain(statement), _plain(signed_payload))
    )


def _parse(text: bytes) -> Any:
    return json.loads(text, parse_float=Decimal)


def _agree(
    one: Mapping[str, Any],
    other: Mapping[str, Any],
    name: str,
    turn: _Turn,
    close: Callable[[Any, Any], bool],
) -> bool:
    return name not in one or name not in other or close(turn(one[name]), turn(other[name]))


def _close(one: Any, other: Any) -> bool:
    if isinstance(one, int) and isinstance(other, int):
        return abs(one - other) < _ROUNDING
    return bool(one == other)


def _alike(one: Any, other: Any) -> bool:
    """Tell whether two JSON values are equal, numbers by value and never equal to booleans."""
    if isinstance(one, dict):
        return (
            isinstance(other, dict)
            and one.keys() == other.keys()
            and all(_alike(value, other[name]) for name, value in one.items())
        )
    if isinstance(one, list):
        return (
            isinstance(other, list)
            and len(one) == len(other)
            and all(_alike(a, b) for a, b in zip(one, other, strict=True))
        )
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other)


def _plain(statement: Any) -> Any:
    """Return a statement without what does not count."""
    return _without(_turned(statement, _STATEMENT), _LEFT_OUT)


def _turned(value: Any, turns: Mapping[str, _Turn]) -> Any:
    """Return an object with some members turned. What is not an object cannot be a statement's part."""
    if not isinstance(value, Mapping):
        return value
    return {name: turns[name](each) if name in turns else each for name, each in value.items()}


def _without(value: Any, names: frozenset[str]) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {name: each for name, each in value.items() if name not in names}


def _with_type(value: Any, default: str) -> Any:
    return {"objectType": default} | value if isinstance(value, dict) else value


def _agent(value: Any) -> Any:
    return _with_type(_turned(value, _AGENT), "Agent")


def _members(value: Any) -> Any:
    """Return a Group's members in one order; members are flat and hold no numbers."""
    if not isinstance(value, list):
        return value
    return sorted(map(_agent, value), key=lambda member: json.dumps(member, sort_keys=True, default=str))


def _verb(value: Any) -> Any:
    return _without(value, frozenset(("display",)))


def _activity(value: Any) -> Any:
    return _with_type(_without(value, frozenset(("definition",))), "Activity")


def _object(value: Any) -> Any:
    kind = value.get("objectType", "Activity") if isinstance(value, Mapping) else None
    match kind:
        case "Activity":
            return _activity(value)
        case "Agent" | "Group":
            return _agent(value)
        case "StatementRef":
            return _reference(value)
        case "SubStatement":
            return _without(_turned(value, _SUB_STATEMENT), frozenset(("attachments",)))
    return value


def _reference(value: Any) -> Any:
    return _turned(value, {"id": _lower})


def _context_activities(value: Any) -> Any:
    if not isinstance(value, Mapping):
        return value
    return {
        name: [_activity(each) for each in (found if isinstance(found, list) else [found])]
        for name, found in value.items()
    }


def _each(turn: _Turn) -> _Turn:
    return lambda value: [turn(each) for each in value] if isinstance(value, list) else value


def _context_agent(value: Any) -> Any:
    return _with_type(_turned(value, {"agent": _agent}), "contextAgent")


def _context_group(value: Any) -> Any:
    return _with_type(_turned(value, {"group": _agent}), "contextGroup")


def _duration(value: Any) -> Any:
    """Return a duration whose seconds have no more than two decimals and no idle zeros among them."""
    if not isinstance(value, str) or (match := _seconds.search(value)) is None:
        return value
    fraction = match["hundredths"].rstrip("0")
    return f"{value[: match.end('whole')]}{'.' if fraction else ''}{fraction}S"


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _mbox(value: Any) -> Any:
    return lower_domain(value) if isinstance(value, str) else value


def _instant(value: Any) -> Any:
    try:
        return microseconds(value)
    except (TypeError, ValueError):
        return value


_AGENT: Final[dict[str, _Turn]] = {"mbox": _mbox, "mbox_sha1sum": _lower, "member": _members}
_CONTEXT: Final[dict[str, _Turn]] = {
    "registration": _lower,
    "language": _lower,
    "instructor": _agent,
    "team": _agent,
    "statement": _reference,
    "contextActivities": _context_activities,
    "contextAgents": _each(_context_agent),
    "contextGroups": _each(_context_group),
}
_STATEMENT: Final[dict[str, _Turn]] = {
    "actor": _agent,
    "verb": _verb,
    "object": _object,
    "result": partial(_turned, turns={"duration": _duration}),
    "context": partial(_turned, turns=_CONTEXT),
}
_SUB_STATEMENT: Final = _STATEMENT | {"timestamp": _instant}

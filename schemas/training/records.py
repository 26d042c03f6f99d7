"""Training records: what becomes of the statements about one learner, activity and registration.

A record is a function of the *set* of its statements: in which order they arrived plays no part, so a late one, or one
that is voided, gives the record that would have been there anyway. The rules:

- Order is that of the statements' own timestamps; their ids decide where those are equal.
- State is the highest that was reached: registered, attended, in-progress, completed, failed, passed, waived, earned.
  So a pass stays a pass, and a failed test is not hidden by a completion.
- An attempt is a verdict (passed or failed). Without any, it is a completion; without that, whatever was done once.
- Of the scores, the best and the last are kept. A score is mended by voiding its statement.
- Time is the sum of what was attended, experienced, progressed, hosted or mentored; where such statements tell none,
  the longest that an outcome tells, since players repeat the whole duration in each.
- Place, type and age band are the latest that are known; programmes and groups are all that were named.
- The organisation (a company, a host) is the latest that others than organisations themselves name; where these name
  none, the latest of all. So nobody's credential makes a record its own that it was not given.
- What is two-sided (an internship; the vocabulary says which types are) ends when both sides have told an end of it:
  an authority of no organisation, and that of a credential bound to the record's organisation. Until then the state is
  in-progress at most, and the record is flagged "awaiting-confirmation". It ends when the later of both was told;
  verdicts of both sides on one attempt are one. What the credential of another organisation tells ends nothing.
"""

from collections.abc import Sequence
from decimal import Decimal
from itertools import accumulate, compress
from typing import Final

import msgspec

from schemas.training.facts import Facts
from schemas.training.terms import UNKNOWN

MOST_EVIDENCE: Final = 20_000
"""Statements that one record rests on: the first that were stored; one that has as many is flagged."""
LONGEST: Final = 200
TOO_MUCH: Final = "too-much-evidence"
AWAITING: Final = "awaiting-confirmation"
STATES: Final = ("registered", "attended", "in-progress", "completed", "failed", "passed", "waived", "earned")

STATE_OF_VERB: Final = {
    "registered": "registered",
    "attended": "attended",
    "experienced": "in-progress",
    "progressed": "in-progress",
    "hosted": "in-progress",
    "mentored": "in-progress",
    "responded": "in-progress",
    "completed": "completed",
    "satisfied": "completed",
    "failed": "failed",
    "passed": "passed",
    "waived": "waived",
    "earned": "earned",
}
"""The state that each of our verbs leads to by itself."""
_RANK: Final = {verb: STATES.index(state) for verb, state in STATE_OF_VERB.items()}
_ENDING: Final = STATES.index("completed")
_GOING_ON: Final = STATES.index("in-progress")
_FAILED: Final = STATES.index("failed")
_PASSED: Final = STATES.index("passed")
_TWO_SIDED: Final = 1
_ITSELF: Final = 2
_SPENT: Final = frozenset({"attended", "experienced", "progressed", "hosted", "mentored"})


class Evidence(msgspec.Struct, frozen=True, array_like=True, order=True, gc=False):
    """What a record keeps of one statement; ``timestamp`` in microseconds, ``unit`` as the registry names it.

    ``sides`` is a sum: 1 where both sides must tell the end, 2 where ``organisation`` itself tells this.
    """

    timestamp: int
    statement: bytes
    verb: str
    kind: str
    type: str
    success: bool | None
    completion: bool | None
    scaled: str | None
    seconds: int | None
    unit: str
    programmes: tuple[str, ...]
    groups: tuple[str, ...]
    band: str
    flags: tuple[str, ...]
    organisation: str = ""
    sides: int = 0


class Standing(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, gc=False):
    """How a learner stands in an activity. Instants are microseconds since the epoch; scores plain decimal numbers.

    ``organisations`` are all that were named, "" among them where a statement names none; empty where none does.
    """

    kind: str
    type: str = ""
    state: str
    first: int
    last: int
    ended: int | None = None
    attempts: int
    best: str | None = None
    latest: str | None = None
    seconds: int | None = None
    unit: str = ""
    programmes: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    band: str
    statements: int
    flags: tuple[str, ...] = ()
    organisation: str = ""
    organisations: tuple[str, ...] = ()
    two_sided: bool = False


def evidence_of(facts: Facts, statement: bytes, unit: str) -> Evidence:
    """Return what a record keeps of a statement with this id, done in this unit.

    Its texts have ``LONGEST`` bytes at most, so that a record is bounded by the number of its statements: a longer type
    is not kept, nor a longer organisation, and of the programmes the first in order are; "too-much-evidence" says so.
    Cells know them all.
    """
    organisation = facts.organisation or ""
    if organisation and len(organisation.encode()) > LONGEST:
        organisation = ""
    type_ = facts.type if len(facts.type.encode()) <= LONGEST else ""
    sizes = accumulate(len(each.encode()) for each in facts.programmes)
    programmes = tuple([each for each, size in zip(facts.programmes, sizes, strict=True) if size <= LONGEST])
    flags = facts.flags
    if type_ != facts.type or programmes != facts.programmes or organisation != (facts.organisation or ""):
        flags = tuple(sorted({*flags, TOO_MUCH}))
    return Evidence(
        facts.timestamp,
        statement,
        facts.verb,
        facts.kind,
        type_,
        facts.success,
        facts.completion,
        facts.scaled,
        facts.seconds,
        unit,
        programmes,
        facts.groups,
        facts.age_band,
        flags,
        organisation,
        _TWO_SIDED * facts.two_sided + _ITSELF * facts.by_organisation,
    )


def fold(found: Sequence[Evidence]) -> Standing:
    """Return how things stand after these statements, of which there is at least one, in their order."""
    # Most records rest on one statement.
    if len(found) == 1 and not found[0].sides:
        return _alone(found[0])
    states = [_state(each) for each in found]
    sides = [each.sides for each in found]
    if any(sides):
        return _told_apart(found, states, sides)
    return _standing(found, states)


def _alone(each: Evidence) -> Standing:
    """Return what ``_standing`` does of one statement."""
    state = _state(each)
    return Standing(
        kind=each.kind,
        type=each.type,
        state=STATES[state],
        first=each.timestamp,
        last=each.timestamp,
        ended=each.timestamp if state >= _ENDING else None,
        attempts=int(state >= _ENDING or each.verb != "registered"),
        best=each.scaled,
        latest=each.scaled,
        seconds=each.seconds,
        unit=each.unit,
        programmes=each.programmes,
        groups=each.groups,
        band=each.band,
        statements=1,
        flags=each.flags,
        organisation=each.organisation,
        organisations=(each.organisation,) if each.organisation else (),
    )


def _standing(found: Sequence[Evidence], states: Sequence[int]) -> Standing:
    last = found[-1]
    full = (TOO_MUCH,) if len(found) >= MOST_EVIDENCE else ()
    highest = max(states)
    scores = [each.scaled for each in found if each.scaled is not None]
    several = len(found) > 1
    named = [each.organisation for each in found]
    is_named = any(named)
    return Standing(
        kind=last.kind,
        type=_latest([each.type for each in found], "") if several else last.type,
        state=STATES[highest],
        first=found[0].timestamp,
        last=last.timestamp,
        ended=found[states.index(highest)].timestamp if highest >= _ENDING else None,
        attempts=_attempts(found, states),
        best=max(scores, key=Decimal) if scores else None,
        latest=scores[-1] if scores else None,
        seconds=_seconds(found) if several else last.seconds,
        unit=_latest([each.unit for each in found], "") if several else last.unit,
        programmes=_all([each.programmes for each in found]) if several else last.programmes,
        groups=_all([each.groups for each in found]) if several else last.groups,
        band=_latest([each.band for each in found], UNKNOWN) if several else last.band,
        statements=len(found),
        flags=_all([full, *(each.flags for each in found)]) if several else last.flags,
        organisation=_latest(named, "") if is_named else "",
        organisations=tuple(sorted(set(named))) if is_named else (),
    )


def _told_apart(found: Sequence[Evidence], states: Sequence[int], sides: Sequence[int]) -> Standing:
    """Return how things stand where somebody tells of his own organisation, or both sides must tell the end."""
    others = [each.organisation for each in found if not each.sides & _ITSELF]
    organisation = _latest(others, "") or _latest([each.organisation for each in found], "")
    if not any(side & _TWO_SIDED for side in sides):
        return msgspec.structs.replace(_standing(found, states), organisation=organisation)
    sent = [not each.sides & _ITSELF for each in found]
    taken = [bool(each.sides & _ITSELF) and each.organisation == organisation for each in found]
    states = [
        state if side else min(state, _GOING_ON)
        for state, side in zip(states, map(any, zip(sent, taken, strict=True)), strict=True)
    ]
    ends = [_first_end(found, states, side) for side in (sent, taken)]
    standing = _standing(found, states)
    told = {
        "organisation": organisation,
        "two_sided": True,
        "attempts": max(_attempts(*_part(found, states, side)) for side in (sent, taken)),
    }
    if None not in ends:
        told["ended"] = max(standing.ended or 0, *(end for end in ends if end is not None))
    elif standing.ended is not None:
        told |= {"state": STATES[_GOING_ON], "ended": None, "flags": _all([standing.flags, (AWAITING,)])}
    return msgspec.structs.replace(standing, **told)


def _part(found: Sequence[Evidence], states: Sequence[int], side: Sequence[bool]) -> tuple[list[Evidence], list[int]]:
    return list(compress(found, side)), list(compress(states, side))


def _first_end(found: Sequence[Evidence], states: Sequence[int], side: Sequence[bool]) -> int | None:
    """Return when this side first told an end, None where it has not."""
    return next(
        (each.timestamp for each, state in zip(*_part(found, states, side), strict=True) if state >= _ENDING), None
    )


def state_of(facts: Facts) -> str:
    """Return the state that a statement leads to by itself."""
    return STATES[_state(facts)]


def _state(each: Evidence | Facts) -> int:
    state = _RANK[each.verb]
    if each.completion and state < _ENDING:
        state = _ENDING
    if each.success is not None and state <= _PASSED:
        state = max(state, _PASSED if each.success else _FAILED)
    return state


def _attempts(found: Sequence[Evidence], states: Sequence[int]) -> int:
    verdicts = sum(state in (_FAILED, _PASSED) for state in states)
    completions = states.count(_ENDING)
    return verdicts or completions or int(any(each.verb != "registered" for each in found))


def _seconds(found: Sequence[Evidence]) -> int | None:
    spent = [each.seconds for each in found if each.verb in _SPENT and each.seconds is not None]
    told = [each.seconds for each in found if each.verb not in _SPENT and each.seconds is not None]
    return sum(spent) if spent else max(told, default=None)


def _latest(values: Sequence[str], unknown: str) -> str:
    return next((value for value in reversed(values) if value != unknown), unknown)


def _all(values: Sequence[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(sorted(set().union(*values)))

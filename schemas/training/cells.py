"""Cells: the smallest tables that reports are put together from.

A statement counts in one cell of each *family* that it belongs to. A cell is named by its family, its month and its
dimensions; it holds who is counted in it and a few sums. Whoever is in several cells of a report is counted once,
because persons are united before they are counted.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from hashlib import blake2b
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from schemas.training.facts import Facts
from schemas.training.terms import COMPLETED, FOLLOW_UP, PASSED, TRAINED, TRAINING

Family: TypeAlias = Literal["coverage", "summary", "team", "task", "skill", "expert", "reach", "business", "outcome"]
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)

_ENDS: Final = frozenset((*COMPLETED, "failed"))

_encode = msgspec.msgpack.Encoder().encode


class Cell(NamedTuple):
    """The name of a cell; ``month`` like "2026-08". The order of its dimensions is part of it."""

    family: Family
    month: str
    dims: dict[str, Any]

    def key(self) -> bytes:
        """Return 16 bytes that stand for this name."""
        return blake2b(_encode(self), digest_size=16).digest()


def month_of(timestamp: int, zone: tzinfo) -> str:
    """Return the month, by the calendar of ``zone``, of microseconds since the epoch."""
    moment = datetime.fromtimestamp(timestamp // 1_000_000, zone)
    return f"{moment.year:04}-{moment.month:02}"


def cells_of(facts: Facts, unit: str, month: str) -> Iterator[Cell]:
    """Yield the cells that a statement counts in, done in this unit, as the registry names it, in this month."""
    here: dict[str, Any] = {"unit": unit} if unit else {}
    programmes = {"programmes": facts.programmes} if facts.programmes else {}
    # Whether somebody is through what is two-sided, no statement tells alone: records do.
    what = {"kind": facts.kind, "verb": "progressed" if facts.two_sided and facts.verb in _ENDS else facts.verb}
    if facts.headcount is not None:
        yield Cell("reach", month, here | programmes)
    elif _somebody(facts):
        yield Cell("coverage", month, here | programmes | what | _who(facts))
        # The same without what most reports do not ask for: a tenth of the cells to read, or less.
        yield Cell("summary", month, here | programmes | what | _given(groups=facts.groups))
    if facts.type == FOLLOW_UP and facts.verb == "responded" and _somebody(facts):
        yield Cell("outcome", month, here | programmes | _given(outcomes=facts.outcomes))
    if facts.team is not None:
        yield Cell("team", month, here | what | {"team": facts.team} | _given(hamlet=facts.hamlet))
    # What people did, not what they registered for: everybody here is in the coverage of training, too.
    if facts.headcount is not None or facts.kind not in TRAINING or facts.verb not in TRAINED or not _somebody(facts):
        return
    if facts.kind == "task":
        yield Cell("task", month, here | programmes | _task(facts))
    if facts.skill is not None:
        passed = not facts.two_sided and (facts.verb in PASSED or facts.success is True)
        yield Cell("skill", month, here | programmes | facts.skill._asdict() | {"passed": passed})
    for instructor in facts.instructors:
        yield Cell("expert", month, here | programmes | {"instructor": instructor, "activity": facts.activity})
    if facts.organisation is not None:
        yield Cell("business", month, here | programmes | {"type": facts.type})


def _somebody(facts: Facts) -> bool:
    return facts.learner is not None or bool(facts.member_learners)


def _who(facts: Facts) -> dict[str, Any]:
    return _given(groups=facts.groups, band=facts.age_band, mode=facts.mode, type=facts.type)


def _task(facts: Facts) -> dict[str, Any]:
    return _given(
        type=facts.type,
        procedure=facts.procedure,
        level=facts.level,
        assisted=facts.assisted,
        platform=facts.platform,
        groups=facts.groups,
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}

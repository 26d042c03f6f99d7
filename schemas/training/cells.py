"""Cells: the smallest tables that reports are put together from.

A statement counts in one cell of each *family* that it belongs to. A cell is named by its family, its month and its
dimensions; it holds who is counted in it and a few sums. Whoever is in several cells of a report is counted once,
because persons are united before they are counted.
"""

from collections.abc import Iterator
from datetime import datetime, tzinfo
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple, TypeAlias, get_args

import msgspec

from schemas.training.facts import Facts
from schemas.training.terms import COMPLETED, FOLLOW_UP, PASSED, TRAINED, TRAINING

Family: TypeAlias = Literal["coverage", "summary", "team", "task", "skill", "expert", "reach", "business", "outcome"]
FAMILIES: Final[tuple[Family, ...]] = get_args(Family)

_ENDS: Final = frozenset((*COMPLETED, "failed"))

DIMS: Final[dict[Family, tuple[str, ...]]] = {
    "coverage": ("programmes", "kind", "verb", "groups", "band", "mode", "type"),
    "summary": ("programmes", "kind", "verb", "groups"),
    "team": ("kind", "verb", "team", "hamlet"),
    "task": ("programmes", "type", "procedure", "level", "assisted", "platform", "groups"),
    "skill": ("programmes", "framework", "version", "code", "level", "passed"),
    "expert": ("programmes", "instructor", "activity"),
    "reach": ("programmes",),
    "business": ("programmes", "type"),
    "outcome": ("programmes", "outcomes"),
}
"""The dimensions of each family beside the unit, in the order of names."""

_encode: Final = msgspec.msgpack.Encoder().encode
_decode: Final = msgspec.msgpack.Decoder().decode


class Cell(NamedTuple):
    """A cell as reports read it; ``month`` like "2026-08". Of its dimensions it lacks what is not known."""

    family: Family
    month: str
    dims: dict[str, Any]


class Key(NamedTuple):
    """What a cell is found by: ``name`` packs its dimensions; ``unit`` is "" where it is not known."""

    month: str
    unit: str
    family: Family
    name: bytes


def key_of(cell: Cell) -> Key:
    """Return the key of a cell; raise ValueError for a dimension that its family has not."""
    family, month, dims = cell
    values = [dims.get(name) for name in DIMS[family]]
    unit: str = dims.get("unit", "")
    if len(values) - values.count(None) + bool(unit) != len(dims):
        raise ValueError(f"cells of {family} have no such dimensions: {', '.join(dims)}")
    return Key(month, unit, family, _encode(values))


# The same names recur in every unit and month; the dimensions are shared, and must be left as they are.
@lru_cache(maxsize=65_536)
def dims_of(family: Family, name: bytes) -> dict[str, Any]:
    """Return the dimensions that a name stands for, without the unit; to be read only."""
    return {
        dim: tuple(value) if isinstance(value, list) else value
        for dim, value in zip(DIMS[family], _decode(name), strict=True)
        if value is not None
    }


def month_of(timestamp: int, zone: tzinfo) -> str:
    """Return the month, by the calendar of ``zone``, of microseconds since the epoch."""
    moment = datetime.fromtimestamp(timestamp // 1_000_000, zone)
    return f"{moment.year:04}-{moment.month:02}"


def keys_of(facts: Facts, unit: str, month: str) -> Iterator[Key]:
    """Yield the cells that a statement counts in, done in this unit, as the registry names it, in this month.

    Names have the dimensions in the order of ``DIMS``.
    """
    programmes, kind, type_ = facts.programmes or None, facts.kind, facts.type
    groups = facts.groups or None
    somebody = facts.learner is not None or bool(facts.member_learners)
    # Whether somebody is through what is two-sided, no statement tells alone: records do.
    verb = "progressed" if facts.two_sided and facts.verb in _ENDS else facts.verb
    if facts.headcount is not None:
        yield Key(month, unit, "reach", _encode((programmes,)))
    elif somebody:
        who = groups, facts.age_band, facts.mode or None, type_ or None
        yield Key(month, unit, "coverage", _encode((programmes, kind, verb, *who)))
        # The same without what most reports do not ask for: a tenth of the cells to read, or less.
        yield Key(month, unit, "summary", _encode((programmes, kind, verb, groups)))
    if type_ == FOLLOW_UP and verb == "responded" and somebody:
        yield Key(month, unit, "outcome", _encode((programmes, facts.outcomes or None)))
    if facts.team is not None:
        yield Key(month, unit, "team", _encode((kind, verb, facts.team, facts.hamlet)))
    # What people did, not what they registered for: everybody here is in the coverage of training, too.
    if facts.headcount is None and kind in TRAINING and facts.verb in TRAINED and somebody:
        for family, name in _trained(facts, programmes, groups):
            yield Key(month, unit, family, name)


def _trained(
    facts: Facts, programmes: tuple[str, ...] | None, groups: tuple[str, ...] | None
) -> Iterator[tuple[Family, bytes]]:
    if facts.kind == "task":
        how = facts.procedure, facts.level, facts.assisted or None, facts.platform
        yield "task", _encode((programmes, facts.type or None, *how, groups))
    if facts.skill is not None:
        passed = not facts.two_sided and (facts.verb in PASSED or facts.success is True)
        yield "skill", _encode((programmes, *facts.skill, passed))
    for instructor in facts.instructors:
        yield "expert", _encode((programmes, instructor, facts.activity))
    if facts.organisation is not None:
        yield "business", _encode((programmes, facts.type))

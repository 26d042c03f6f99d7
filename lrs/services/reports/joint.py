"""Figures of several organisations together.

Each organisation tells its own, by its own rules, as to somebody who may not see its records; here they are only added.
Nobody can tell whether two organisations know the same person: who is in two is counted in each. What one of them does
not tell is missing in the sum, and the line says whose it is: the sum is then the least that it can be.

That figures are hidden for each organisation by itself, and not once for the sum, is on purpose: either side can
suspend an agreement, and ask with and without it. The difference of the two sums is the figure of one organisation,
so that figure must be one that may be told.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import msgspec

from lrs.services.reports.narrowing import Line, Narrowed
from lrs.services.reports.outcomes import NAMES, share
from lrs.services.reports.tables import Question, Table, hours
from lrs.services.reports.view import View

_OUTCOMES: Final = tuple(NAMES.values())
_FIGURES: Final = {
    "learners": ("suppressed", "reason", ("statements", "seconds", "sessions", "hosted", "placements", "hosts")),
    "heads": ("headsSuppressed", "headsReason", ("events",)),
    "organisations": ("organisationsSuppressed", "organisationsReason", ()),
    **{name: (f"{name}Suppressed", f"{name}Reason", ()) for name in _OUTCOMES},
}
"""Numbers of people or organisations, by what says that one is hidden and why, with the sums that go with each."""
_PLAIN: Final = ("teams", "sessions", "hours")
"""Sums that are told whoever asks, in reports without people."""
_BESIDE: Final = ("crosswalks",)
"""What lines tell beside figures."""
_encode = msgspec.json.Encoder(order="deterministic").encode


@dataclass(frozen=True)
class Source:
    """An organisation whose figures are in an answer; by which agreement, None for the caller's own."""

    id: str
    name: str
    agreement: str | None
    k: int


@dataclass(frozen=True)
class Part:
    """What one organisation tells, as it was asked; without a ``table`` nothing, though somebody may be there.

    ``narrowed`` says what of it is covered; None where everything is.
    """

    source: Source
    table: Table | None
    narrowed: Narrowed | None = None

    def lines(self, question: Question) -> Iterator[tuple[Line, bool]]:
        """Yield the lines that may have something to do with what is covered, and whether they are."""
        asked = self.narrowed.question if self.narrowed else question
        for line in self.table.lines if self.table else ():
            if self.narrowed and not self.narrowed.touches(line):
                continue
            is_covered = self.narrowed is None or self.narrowed.covers(line)
            # A part of what was asked for is held against no target, and has no lines for units that nobody reached.
            if asked == question:
                yield line, is_covered
            elif line.get("learners") != 0:
                yield ({**line, "target": None} if "target" in line else line), is_covered

    def total(self) -> Line | None:
        """Return its total; None where that goes beyond what is covered."""
        if self.table is None or (self.narrowed is not None and self.narrowed.total is None):
            return None
        return self.table.totals


def joined(parts: Sequence[Part], view: View) -> Table:
    """Return the table of all parts, of which the first is the caller's own; ``view`` is what is told of it."""
    own = parts[0].table
    if own is None:
        raise ValueError("the caller's own figures are always there")
    question, k = own.question, min(part.source.k for part in parts)
    rows: dict[tuple[bytes, ...], Line] = {}
    told: dict[tuple[bytes, ...], dict[str, Line | None]] = defaultdict(dict)
    for part in parts:
        for line, is_covered in part.lines(question):
            key = tuple(_encode(line[name]) for name in question.by)
            # Two lines that readers cannot tell apart (a unit that was split later on) are no sum of different people.
            is_one = is_covered and part.source.id not in told[key]
            told[key][part.source.id] = line if is_one else None
            if is_covered:
                rows.setdefault(key, {name: line[name] for name in (*question.by, *_BESIDE) if name in line})
    # An organisation without a line has nobody there; one that tells nothing at all may have.
    silent: dict[str, Line | None] = {part.source.id: None for part in parts if part.table is None}
    lines = [rows[key] | _sum(silent | told[key]) for key in sorted(rows)]
    totals = _against(own.totals, _sum({part.source.id: part.total() for part in parts}))
    return Table(own.name, replace(view, small=k), question, lines, totals)


def _sum(told: Mapping[str, Line | None]) -> Line:
    """Return the sums over what organisations tell of one line, and who does not tell all of it."""
    known = [line for line in told.values() if line is not None]
    silent = {each for each, line in told.items() if line is None}
    without = set(silent)
    found: Line = {}
    for name, (flag, reason, beside) in _FIGURES.items():
        having = {each: line for each, line in told.items() if line is not None and flag in line}
        if not having:
            continue
        hidden = {each for each, line in having.items() if line[flag]}
        without |= hidden
        shown = [line for each, line in having.items() if each not in hidden]
        figure = sum(line[name] for line in shown)
        if not figure and (hidden or silent):
            reasons = [having[each][reason] for each in hidden] + [None for _ in silent]
            found |= {name: None, flag: True, reason: "small" if reasons == ["small"] else "complement"}
            found |= {each: None for each in beside if any(each in line for line in known)}
        else:
            found |= {name: figure, flag: False, reason: None}
            found |= {each: _total(shown, each) for each in beside if any(each in line for line in known)}
    found |= {each: _total(known, each) for each in _PLAIN if each not in found and any(each in line for line in known)}
    if "seconds" in found:
        found["hours"] = None if found["seconds"] is None else hours(found["seconds"])
    for name in _OUTCOMES:
        if name in found:
            # Of what some do not tell, it would be a part of other people.
            number = None if without else found[name]
            found[f"{name}Percent"] = share(number, found["learners"])
    target = next((line["target"] for line in known if line.get("target")), None)
    if any("target" in line for line in known):
        found = _against({"target": target}, found)
    return found | {"without": sorted(without)}


def _against(known: Line, found: Line) -> Line:
    """Return a sum held against the target that its parts were; of one that is the least, the least it can be."""
    if "target" not in known:
        return found
    target, number = known["target"], found.get("learners")
    people = target["denominator"] if target else None
    return found | {
        "target": target,
        "percent": round(100 * number / people, 1) if people and number is not None else None,
    }


def _total(lines: Iterable[Line], name: str) -> Any:
    return sum(line[name] or 0 for line in lines if name in line)

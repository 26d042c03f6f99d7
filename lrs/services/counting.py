"""What a statement counts in, and how records and cells are changed by it within one transaction."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from lrs.store import Store
from lrs.store.cells import Held, Tally
from lrs.store.changes import Reason
from lrs.store.records import Line
from lrs.store.transactions import Session
from schemas.training.cells import Key
from schemas.training.facts import Facts
from schemas.training.records import MOST_EVIDENCE, Evidence

_TOTAL: Final = "total"


class Counted(NamedTuple):
    """A statement that counts: in which unit and month, on which lines, and as whom in the cells."""

    statement: bytes
    facts: Facts
    evidence: Evidence
    lines: tuple[tuple[bytes, Line], ...]
    cells: tuple[Key, ...]
    people: tuple[int, ...]
    members: tuple[int, ...]


Others = Callable[[int, Collection[Key], AbstractSet[bytes], Session], AbstractSet[Key]]
"""Tells in which of these cells somebody is by other statements than those of a set."""


class Change:
    """Changes records and cells within one transaction; ``gone`` is why records go that nothing is left of."""

    def __init__(self, store: Store, org: bytes, session: Session, others: Others, *, gone: Reason = "voided") -> None:
        self._store = store
        self._org = org
        self._session = session
        self._others = others
        self._gone: Reason = gone
        self._evidence: dict[bytes, tuple[Line, list[Evidence]]] = {}
        self._held_lines: AbstractSet[bytes] = frozenset()
        self._tallies: Mapping[Key, Tally] = {}

    def apply(self, added: Sequence[Counted], removed: Sequence[Counted]) -> list[bytes]:
        """Count statements, and no longer count others; return the ids of those others that had been counted."""
        cells = self._load([*added, *removed])
        # First: what a learner has done anew puts him back into a cell that he leaves.
        removed = [each for each in removed if self._take_out(each)]
        if removed:
            self._leave(removed)
        for each in added:
            self._put_in(each)
        self._store.records.write(self._org, self._evidence, self._held_lines, self._session)
        learners = {key: line.learner for key, (line, _) in self._evidence.items()}
        self._store.changes.note(self._org, learners, self._session, self._gone)
        cells.write(self._tallies)
        return [each.statement for each in removed]

    def _load(self, counted: Sequence[Counted]) -> Held:
        lines = {key: line for each in counted for key, line in each.lines}
        evidence = self._store.records.evidence(self._org, lines, self._session)
        self._held_lines = evidence.keys()
        self._evidence = {key: (line, evidence.get(key) or []) for key, line in lines.items()}
        # In one order, so that whatever is done is done alike.
        keys = dict.fromkeys(key for each in counted for key in each.cells)
        cells = self._store.cells.read(self._org, keys, self._session)
        self._tallies = {key: cells.tallies.get(key) or Tally() for key in keys}
        return cells

    def _put_in(self, counted: Counted) -> None:
        held = self._evidence[counted.lines[0][0]][1]
        if len(held) >= MOST_EVIDENCE or _is_in(held, counted.evidence):
            return
        for key, _ in counted.lines:
            found = self._evidence[key][1]
            found.insert(bisect_left(found, counted.evidence), counted.evidence)
        for cell in counted.cells:
            tally = self._tallies[cell]
            _add(tally, counted, 1)
            if len(counted.people) == 1:
                tally.learners.add(counted.people[0])
            else:
                tally.learners.update(counted.people)

    def _take_out(self, counted: Counted) -> bool:
        if not _is_in(self._evidence[counted.lines[0][0]][1], counted.evidence):
            return False
        for key, _ in counted.lines:
            self._evidence[key][1].remove(counted.evidence)
        for cell in counted.cells:
            _add(self._tallies[cell], counted, -1)
        return True

    def _leave(self, removed: Sequence[Counted]) -> None:
        """Let people leave the cells that nothing else puts them in."""
        without = {each.statement for each in removed}
        for person in {person for each in removed for person in each.people}:
            left = {key for each in removed if person in each.people for key in each.cells}
            for key in left - self._others(person, left, without, self._session):
                self._tallies[key].learners.discard(person)


def _is_in(held: Sequence[Evidence], evidence: Evidence) -> bool:
    place = bisect_left(held, evidence)
    return place < len(held) and held[place] == evidence


def _add(tally: Tally, counted: Counted, sign: int) -> None:
    """Add to the sums of a cell what a statement adds, or take it away."""
    facts = counted.facts
    tally.statements += sign
    if facts.seconds is not None:
        # Person-seconds: a class comes to the same, whether it is told in one statement of a Group or in one of each.
        tally.seconds += sign * facts.seconds * max(len(counted.people), 1)
    for member in counted.members:
        _count(tally.members, str(member), sign)
    if facts.organisation is not None:
        _count(tally.organisations, facts.organisation, sign)
    if facts.headcount is not None:
        for band, heads in ((_TOTAL, facts.headcount.total), *facts.headcount.bands):
            _count(tally.heads, band, sign * heads)


def _count(counts: dict[str, int], name: str, change: int) -> None:
    counts[name] = counts.get(name, 0) + change
    if not counts[name]:
        del counts[name]

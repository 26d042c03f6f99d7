"""What a statement counts in, and how records and cells are changed by it within one transaction."""

from bisect import insort
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final, NamedTuple

from lrs.store import Store
from lrs.store.cells import Tally
from lrs.store.changes import Reason
from lrs.store.records import Line
from lrs.store.transactions import Session
from schemas.training.cells import Cell
from schemas.training.facts import Facts
from schemas.training.records import MOST_EVIDENCE, Evidence

_TOTAL: Final = "total"


class Counted(NamedTuple):
    """A statement that counts: in which unit and month, on which lines, and as whom in the cells."""

    statement: bytes
    facts: Facts
    evidence: Evidence
    lines: tuple[tuple[bytes, Line], ...]
    cells: tuple[tuple[bytes, Cell], ...]
    people: tuple[int, ...]
    members: tuple[int, ...]


Others = Callable[[int, Mapping[bytes, Cell], AbstractSet[bytes], Session], AbstractSet[bytes]]
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
        self._tallies: dict[bytes, tuple[Cell, Tally]] = {}
        self._held_lines: AbstractSet[bytes] = frozenset()
        self._held_cells: AbstractSet[bytes] = frozenset()

    def apply(self, added: Sequence[Counted], removed: Sequence[Counted]) -> list[bytes]:
        """Count statements, and no longer count others; return the ids of those others that had been counted."""
        self._load([*added, *removed])
        # First: what a learner has done anew puts him back into a cell that he leaves.
        removed = [each for each in removed if self._take_out(each)]
        if removed:
            self._leave(removed)
        for each in added:
            self._put_in(each)
        self._store.records.write(self._org, self._evidence, self._held_lines, self._session)
        learners = {key: line.learner for key, (line, _) in self._evidence.items()}
        self._store.changes.note(self._org, learners, self._session, self._gone)
        self._store.cells.write(self._org, self._tallies, self._held_cells, self._session)
        return [each.statement for each in removed]

    def _load(self, counted: Sequence[Counted]) -> None:
        lines = {key: line for each in counted for key, line in each.lines}
        cells = {key: cell for each in counted for key, cell in each.cells}
        evidence = self._store.records.evidence(self._org, lines, self._session)
        tallies = self._store.cells.read(self._org, cells, self._session)
        self._held_lines, self._held_cells = evidence.keys(), tallies.keys()
        self._evidence = {key: (line, evidence.get(key) or []) for key, line in lines.items()}
        self._tallies = {key: (cell, tallies.get(key) or Tally()) for key, cell in cells.items()}

    def _put_in(self, counted: Counted) -> None:
        held = self._evidence[counted.lines[0][0]][1]
        if counted.evidence in held or len(held) >= MOST_EVIDENCE:
            return
        for key, _ in counted.lines:
            insort(self._evidence[key][1], counted.evidence)
        for key, _ in counted.cells:
            tally = self._tallies[key][1]
            _add(tally, counted, 1)
            tally.learners.update(counted.people)

    def _take_out(self, counted: Counted) -> bool:
        if counted.evidence not in self._evidence[counted.lines[0][0]][1]:
            return False
        for key, _ in counted.lines:
            self._evidence[key][1].remove(counted.evidence)
        for key, _ in counted.cells:
            _add(self._tallies[key][1], counted, -1)
        return True

    def _leave(self, removed: Sequence[Counted]) -> None:
        """Let people leave the cells that nothing else puts them in."""
        without = {each.statement for each in removed}
        for person in {person for each in removed for person in each.people}:
            left = {key: cell for each in removed if person in each.people for key, cell in each.cells}
            for key in left.keys() - self._others(person, left, without, self._session):
                self._tallies[key][1].learners.discard(person)


def _add(tally: Tally, counted: Counted, sign: int) -> None:
    """Add to the sums of a cell what a statement adds, or take it away."""
    facts = counted.facts
    tally.statements += sign
    # Person-seconds: a class comes to the same, whether it is told in one statement of a Group or in one of each.
    tally.seconds += sign * (facts.seconds or 0) * max(len(counted.people), 1)
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

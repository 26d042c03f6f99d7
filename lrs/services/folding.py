"""Statements become training records and cells: what the records follower does with a batch of the feed.

Everything here is a function of the set of statements that are stored and not voided, of the registry of units, and of
decisions about who is who. So it may be made anew at any time, and gives the same.
"""

from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from lrs.store import Store
from lrs.store.cells import Tally
from lrs.store.records import NOBODY, Line
from lrs.store.rows import ORG_BYTES, Found
from lrs.store.transactions import Session
from schemas.training.cells import Cell, cells_of, month_of
from schemas.training.facts import Facts, facts_of
from schemas.training.records import Evidence, evidence_of
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import is_voiding, refers_to

MOST_MEMBERS: Final = 200
"""Members of a group that are counted one by one; beyond it lies no class."""
MOST_EVIDENCE: Final = 20_000
"""Statements that one record rests on; what goes beyond it is not counted. A document holds no more."""
_TOTAL: Final = "total"

_decode = msgspec.json.Decoder().decode

UnitKey = Callable[[str, date], str]
"""Returns what the registry calls the unit that had a code on a day; "" where there was none."""


class _Counted(NamedTuple):
    """A statement that counts: in which unit and month, on which lines, and as whom in the cells."""

    statement: bytes
    facts: Facts
    evidence: Evidence
    lines: tuple[tuple[bytes, Line], ...]
    cells: tuple[tuple[bytes, Cell], ...]
    people: tuple[int, ...]
    members: tuple[int, ...]


class _Batch(NamedTuple):
    """What a batch of the feed adds and, by voiding, takes away."""

    added: list[_Counted]
    removed: list[_Counted]


class Folding:
    """Folds statements into records and cells; months are cut in ``zone``."""

    def __init__(self, store: Store, unit_key: UnitKey, vocabulary: Vocabulary, zone: tzinfo) -> None:
        self._store = store
        self._unit_key = unit_key
        self._vocabulary = vocabulary
        self._zone = zone

    def fold(self, org: bytes, batch: Sequence[Found], move: Callable[[Session], None]) -> None:
        """Count a batch, all or nothing, together with what ``move`` writes. Counting it again changes nothing.

        Raises Unavailable.
        """
        parsed = [(found, _decode(found.raw)) for found in batch if not found.voided]
        targets = [refers_to(statement) for _, statement in parsed if is_voiding(statement)]
        voided = self._store.statements.raws(org, [UUID(target).bytes for target in targets if target is not None])
        told = [(found.id[ORG_BYTES:], facts_of(statement, self._vocabulary)) for found, statement in parsed]
        gone = [(each, facts_of(_decode(raw), self._vocabulary)) for each, raw in voided.items()]
        counted = self._counted(org, [(each, facts) for each, facts in told + gone if facts is not None])
        removed = [each for each in counted if each.statement in voided]
        added = [each for each in counted if each.statement not in voided]
        self._change(org, _Batch(added, removed), move)

    def refold(self, org: bytes, statements: Sequence[bytes], change: Callable[[Session], None]) -> None:
        """Count statements anew after ``change``, which decides who somebody is; all in one transaction."""
        raws = self._store.statements.raws(org, statements)
        facts = [(each, found) for each, raw in raws.items() if (found := facts_of(_decode(raw), self._vocabulary))]
        before = self._counted(org, facts)

        def write(session: Session) -> None:
            _Change(self._store, org, session, self._others).apply(_Batch([], before))
            change(session)
            _Change(self._store, org, session, self._others).apply(_Batch(self._counted(org, facts, session), []))

        self._store.transact(write)

    def _change(self, org: bytes, batch: _Batch, move: Callable[[Session], None]) -> None:
        def write(session: Session) -> None:
            _Change(self._store, org, session, self._others).apply(batch)
            move(session)

        self._store.transact(write)

    def _counted(
        self, org: bytes, told: Sequence[tuple[bytes, Facts]], session: Session | None = None
    ) -> list[_Counted]:
        identities = {each for _, facts in told for each in _identities(facts)}
        numbers = self._store.learners.numbers(org, identities, session) if identities else {}
        return [self._count(statement, facts, numbers) for statement, facts in told]

    def _count(self, statement: bytes, facts: Facts, numbers: dict[str, int]) -> _Counted:
        actor = numbers[facts.learner] if facts.learner is not None else NOBODY
        members = _numbered(facts.member_learners, numbers)
        lines = [Line(actor, facts.activity, facts.registration, is_group=facts.is_group)]
        lines += [Line(each, facts.activity, facts.registration) for each in members if each != actor]
        unit = self._unit(facts)
        cells = cells_of(facts, unit, month_of(facts.timestamp, self._zone))
        return _Counted(
            statement,
            facts,
            evidence_of(facts, statement, unit),
            tuple([(line.key(), line) for line in lines]),
            tuple([(cell.key(), cell) for cell in cells]),
            members if facts.is_group else (actor,),
            _numbered(facts.team_members, numbers),
        )

    def _unit(self, facts: Facts) -> str:
        if facts.unit is None:
            return ""
        day = facts.unit.as_of or datetime.fromtimestamp(facts.timestamp // 1_000_000, self._zone).date()
        return self._unit_key(facts.unit.code, day)

    def _others(self, org: bytes, learner: int, without: set[bytes], session: Session) -> set[bytes]:
        """Return the keys of the cells that a learner is in by other statements."""
        ids = [each for each in self._store.records.statements_of(org, learner, session) if each not in without]
        raws = self._store.statements.raws(org, ids)
        told = [(each, facts) for each, raw in raws.items() if (facts := facts_of(_decode(raw), self._vocabulary))]
        counted = [each for each in self._counted(org, told, session) if learner in each.people]
        return {key for each in counted for key, _ in each.cells}


class _Change:
    """Changes records and cells within one transaction."""

    def __init__(
        self,
        store: Store,
        org: bytes,
        session: Session,
        others: Callable[[bytes, int, set[bytes], Session], set[bytes]],
    ) -> None:
        self._store = store
        self._org = org
        self._session = session
        self._others = others
        self._evidence: dict[bytes, tuple[Line, list[Evidence]]] = {}
        self._tallies: dict[bytes, tuple[Cell, Tally]] = {}
        self._held_lines: AbstractSet[bytes] = frozenset()
        self._held_cells: AbstractSet[bytes] = frozenset()

    def apply(self, batch: _Batch) -> None:
        self._load([*batch.added, *batch.removed])
        # First: what a learner has done anew puts him back into a cell that he leaves.
        removed = [each for each in batch.removed if self._take_out(each)]
        if removed:
            self._leave(removed)
        for each in batch.added:
            self._put_in(each)
        self._store.records.write(self._org, self._evidence, self._held_lines, self._session)
        self._store.cells.write(self._org, self._tallies, self._held_cells, self._session)

    def _load(self, counted: Sequence[_Counted]) -> None:
        lines = {key: line for each in counted for key, line in each.lines}
        cells = {key: cell for each in counted for key, cell in each.cells}
        evidence = self._store.records.evidence(self._org, lines, self._session)
        tallies = self._store.cells.read(self._org, cells, self._session)
        self._held_lines, self._held_cells = evidence.keys(), tallies.keys()
        self._evidence = {key: (line, evidence.get(key) or []) for key, line in lines.items()}
        self._tallies = {key: (cell, tallies.get(key) or Tally()) for key, cell in cells.items()}

    def _put_in(self, counted: _Counted) -> None:
        held = self._evidence[counted.lines[0][0]][1]
        if counted.evidence in held or len(held) >= MOST_EVIDENCE:
            return
        for key, _ in counted.lines:
            insort(self._evidence[key][1], counted.evidence)
        for key, _ in counted.cells:
            tally = self._tallies[key][1]
            _add(tally, counted, 1)
            tally.learners.update(counted.people)

    def _take_out(self, counted: _Counted) -> bool:
        if counted.evidence not in self._evidence[counted.lines[0][0]][1]:
            return False
        for key, _ in counted.lines:
            self._evidence[key][1].remove(counted.evidence)
        for key, _ in counted.cells:
            _add(self._tallies[key][1], counted, -1)
        return True

    def _leave(self, removed: Sequence[_Counted]) -> None:
        """Let people leave the cells that nothing else puts them in."""
        without = {each.statement for each in removed}
        for person in {person for each in removed for person in each.people}:
            left = {key for each in removed if person in each.people for key, _ in each.cells}
            for key in left - self._others(self._org, person, without, self._session):
                self._tallies[key][1].learners.discard(person)


def _numbered(identities: Sequence[str], numbers: dict[str, int]) -> tuple[int, ...]:
    return tuple(sorted({numbers[each] for each in identities[:MOST_MEMBERS]})) if identities else ()


def _identities(facts: Facts) -> Iterator[str]:
    if facts.learner is not None:
        yield facts.learner
    yield from facts.member_learners[:MOST_MEMBERS]
    yield from facts.team_members[:MOST_MEMBERS]


def _add(tally: Tally, counted: _Counted, sign: int) -> None:
    """Add to the sums of a cell what a statement adds, or take it away."""
    facts = counted.facts
    tally.statements += sign
    tally.seconds += sign * (facts.seconds or 0)
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

"""People of a unit that was split, moved to the successors that the organisation decided on.

Decisions are about records and learners, cells only know who is in them: what the records of these few people rest on
tells which part of a cell goes where; where that keeps too little, the statements do.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import tzinfo
from itertools import chain
from typing import Any, Final, NamedTuple

from pyroaring import BitMap

from lrs.services.reading import Reader
from lrs.services.reports.cube import Row
from lrs.store import Store
from lrs.store.cells import Tally
from lrs.store.transactions import Session
from schemas.registries.assignments import Assignments
from schemas.training.cells import DIMS, Cell, Family, dims_of, keys_of, month_of
from schemas.training.facts import MOST_MEMBERS, Facts
from schemas.training.records import TOO_MUCH, Evidence
from schemas.training.terms import FOLLOW_UP, TRAINED, TRAINING
from schemas.training.vocabulary import Vocabulary

_KNOWN: Final = frozenset({"verb", "kind", "type", "groups", "band", "programmes"})
"""Dimensions of coverage that records know, too."""
_TRAINED: Final[dict[str, Collection[str]]] = {"kind": TRAINING, "verb": TRAINED}
_ONLY: Final[Mapping[Family, Mapping[str, Collection[str]]]] = {
    "task": {"kind": ("task",), "verb": TRAINED},
    "skill": _TRAINED,
    "expert": _TRAINED,
    "business": _TRAINED,
    "outcome": {"verb": ("responded",), "type": (FOLLOW_UP,)},
}
"""What records keep of all that counts in a family: no other statements have to be read."""
_TOGETHER: Final = 1000
_vocabulary: Final = Vocabulary()

_Dims = Mapping[str, Any]


class _Done(NamedTuple):
    """What somebody did in a split unit, and the successor that it belongs to; None where that is not decided."""

    learner: int
    evidence: Evidence
    to: str | None


class _Part(NamedTuple):
    """A part of a row, and the statements that it is about; of what stays, those that are gone from it."""

    row: Row
    statements: Collection[bytes]


class Splits:
    """An organisation's decisions, read where rows are in units for which there must be some: ``is_split`` tells."""

    def __init__(
        self, store: Store, org: bytes, zone: tzinfo, session: Session, is_split: Callable[[str], bool]
    ) -> None:
        self._store = store
        self._org = org
        self._zone = zone
        self._session = session
        self._is_split = is_split
        self._reader = Reader(lambda *_: "", _vocabulary, zone)
        self._done: dict[tuple[str, str], list[_Done]] = defaultdict(list)
        self._facts: dict[bytes, Facts] = {}
        self._numbers: dict[str, int] = {}
        self._units: set[str] = set()
        self._read: set[str] = set()

    def applied(
        self, family: Family, rows: Iterable[Row], dims: Collection[str], only: Mapping[str, Collection[Any]]
    ) -> Iterator[Row]:
        """Yield the rows of a family by these dimensions, those of split units in parts.

        ``only`` are the values that dimensions of the cells behind them have.
        """
        done = self._finder(family, sorted({*dims} - {"unit"}), only)
        for row in rows:
            if self._is_decided(row.dims):
                yield from (part.row for part in _parts(row, done(row)))
            else:
                yield row

    def divided(self, family: Family, cells: Iterable[tuple[Cell, Tally]]) -> Iterator[tuple[Cell, Tally]]:
        """Yield the cells of a family, those of split units in parts, with the names that each part is about."""
        done = self._finder(family, DIMS[family], {})
        for cell, tally in cells:
            if not self._is_decided(cell.dims):
                yield cell, tally
                continue
            row = Row(cell.month, cell.dims, tally.learners, tally.statements, tally.seconds)
            for part in _parts(row, done(row)):
                yield Cell(family, cell.month, dict(part.row.dims)), self._tally(part, tally)

    def _is_decided(self, dims: _Dims) -> bool:
        """Tell whether anything was decided on the unit of a row."""
        unit = dims.get("unit", "")
        if unit not in self._read and self._is_split(unit):
            self._learn(unit)
        return unit in self._units

    def _learn(self, unit: str) -> None:
        """Read what was decided on a unit, and what that moves."""
        self._read.add(unit)
        store, org, zone = self._store, self._org, self._zone
        decisions = Assignments([each for each in store.assignments.of(org) if each.unit == unit])
        if not decisions.decisions:
            return
        self._units.add(unit)
        named = {int(each) for one in decisions.decisions for each in one.learners if _is_number(each)}
        records = {each for one in decisions.decisions for each in one.records}
        for line in store.records.lines_of(
            org, named, [bytes.fromhex(each) for each in records if _is_id(each)], self._session
        ):
            assigned = decisions.of(line.record.hex(), str(line.learner))
            for evidence in line.evidence:
                if evidence.unit == unit:
                    done = _Done(line.learner, evidence, assigned.get(evidence.unit))
                    self._done[evidence.unit, month_of(evidence.timestamp, zone)].append(done)

    def _finder(
        self, family: Family, names: Sequence[str], only: Mapping[str, Collection[Any]]
    ) -> Callable[[Row], Sequence[_Done]]:
        """Return what finds what was done by whoever is in a row of a decided unit, by the dimensions of its names."""
        found: dict[tuple[str, str], Mapping[tuple[Any, ...], Sequence[_Done]]] = {}

        def done(row: Row) -> Sequence[_Done]:
            place = row.dims["unit"], row.month
            if place not in found:
                found[place] = self._by_point(family, place, names, only)
            return found[place].get(tuple([row.dims.get(name) for name in names]), ())

        return done

    def _by_point(
        self, family: Family, place: tuple[str, str], names: Sequence[str], only: Mapping[str, Collection[Any]]
    ) -> Mapping[tuple[Any, ...], Sequence[_Done]]:
        """Return what was done in a unit and month and counts in a family, by the values of these dimensions."""
        words = _ONLY.get(family, {})
        done = [e for e in self._done[place] if all(getattr(e.evidence, name) in words[name] for name in words)]
        is_known = family == "coverage" and _KNOWN.issuperset({*names, *only})
        self._read_statements({e.evidence.statement for e in done if not (is_known and _is_whole(e.evidence))})
        found: dict[tuple[Any, ...], list[_Done]] = defaultdict(list)
        for each in done:
            cells = [_dims(each.evidence)] if is_known and _is_whole(each.evidence) else self._cells(family, each)
            chosen = [cell for cell in cells if all(cell.get(name) in only[name] for name in only)]
            for point in {tuple([cell.get(name) for name in names]) for cell in chosen}:
                found[point].append(each)
        return found

    def _cells(self, family: Family, done: _Done) -> list[_Dims]:
        """Return the cells of a family that a statement counts in; none where it is gone meanwhile."""
        facts = self._facts.get(done.evidence.statement)
        keys = keys_of(facts, done.evidence.unit, "") if facts else ()
        return [dims_of(family, key.name) for key in keys if key.family == family]

    def _read_statements(self, ids: Collection[bytes]) -> None:
        """Read what statements say, and the numbers of the teams' members whom they name."""
        fresh = sorted(ids - self._facts.keys())
        for begin in range(0, len(fresh), _TOGETHER):
            raws = self._store.statements.raws(self._org, fresh[begin : begin + _TOGETHER])
            self._facts |= {each.statement: each.facts for each in self._reader.told(raws.items())}
        members = {who for each in fresh if each in self._facts for who in _members(self._facts[each])}
        if members:
            self._numbers |= self._store.learners.find(self._org, members, self._session)

    def _tally(self, part: _Part, whole: Tally) -> Tally:
        """Return what a part of a cell holds."""
        row, facts = part.row, [self._facts[each] for each in part.statements if each in self._facts]
        organisations = Counter([each.organisation for each in facts if each.organisation is not None])
        members = Counter([str(number) for each in facts for number in self._team(each)])
        if "assigned" in row.dims:
            return Tally(row.learners, row.statements, row.seconds, dict(members), dict(organisations))
        members, organisations = Counter(whole.members) - members, Counter(whole.organisations) - organisations
        return Tally(row.learners, row.statements, row.seconds, dict(members), dict(organisations), whole.heads)

    def _team(self, facts: Facts) -> set[int]:
        return {self._numbers[who] for who in _members(facts) if who in self._numbers}


def _members(facts: Facts) -> Sequence[str]:
    return facts.team_members[:MOST_MEMBERS]


def _parts(row: Row, done: Iterable[_Done]) -> Iterator[_Part]:
    """Yield what goes to each successor, and what stays where anything does."""
    gone: dict[str, list[_Done]] = defaultdict(list)
    staying: list[_Done] = []
    for each in done:
        if each.learner in row.learners:
            (staying if each.to is None else gone[each.to]).append(each)
    people = {to: BitMap([each.learner for each in parts]) for to, parts in gone.items()}
    left = row.learners - BitMap().union(*people.values()) | BitMap([each.learner for each in staying])
    moved = _moved(gone, staying, somebody_stays=bool(left))
    statements, seconds = row.statements, row.seconds
    for to, parts in gone.items():
        count, spent = len(moved[to]), sum(each.evidence.seconds or 0 for each in parts)
        statements, seconds = statements - count, seconds - spent
        about = {each.evidence.statement for each in parts}
        yield _Part(Row(row.month, {**row.dims, "assigned": to}, people[to], count, spent), about)
    if left or statements or seconds:
        rest = row._replace(learners=left, statements=statements, seconds=seconds)
        yield _Part(rest, set[bytes]().union(*moved.values()))


def _moved(
    gone: Mapping[str, Iterable[_Done]], staying: Iterable[_Done], *, somebody_stays: bool
) -> Mapping[str, Collection[bytes]]:
    """Return the statements that go to each successor.

    A Group's is one. Where its people are divided it stays while somebody does; else it goes where most of them do.
    """
    places: dict[bytes, Counter[str]] = defaultdict(Counter)
    for each in chain(staying, *gone.values()):
        places[each.evidence.statement][each.to or ""] += 1
    moved: dict[str, set[bytes]] = {to: set() for to in gone}
    for statement, found in places.items():
        to = min(found, key=lambda to: (-found[to], to))
        if to and (len(found) == 1 or not somebody_stays):
            moved[to].add(statement)
    return moved


def _is_whole(evidence: Evidence) -> bool:
    """Tell whether a record keeps of a statement all that coverage counts it by: of what is odd it does not."""
    return not (evidence.sides or evidence.kind == "reach" or TOO_MUCH in evidence.flags)


def _dims(evidence: Evidence) -> _Dims:
    """Return the dimensions of coverage that a record knows, as cells have them: without what is not known."""
    return {name: getattr(evidence, name) or None for name in _KNOWN}


def _is_number(text: str) -> bool:
    """Tell whether a text may stand for a learner: sets of learners hold numbers of 32 bits."""
    return text.isdecimal() and int(text) < 1 << 32


def _is_id(text: str) -> bool:
    try:
        return bool(bytes.fromhex(text))
    except ValueError:
        return False

"""People of a unit that was split, moved to the successors that the organisation decided on.

Decisions are about records and learners, cells only know who is in them: what the records of these few people rest on
tells which part of a cell goes where.
"""

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import tzinfo
from itertools import chain
from typing import Any, Final, NamedTuple

from pyroaring import BitMap

from lrs.services.reports.cube import Row
from lrs.store import Store
from lrs.store.transactions import Session
from schemas.registries.assignments import Assignments
from schemas.training.cells import month_of
from schemas.training.records import Evidence

_KNOWN: Final = ("verb", "kind", "type", "groups", "band", "programmes")
"""Dimensions of cells that records know, too."""


class _Done(NamedTuple):
    """What somebody did in a split unit, and the successor that it belongs to; None where that is not decided."""

    learner: int
    evidence: Evidence
    to: str | None


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
        self._done: dict[tuple[str, str], list[_Done]] = defaultdict(list)
        self._units: set[str] = set()
        self._read: set[str] = set()

    def _learn(self, unit: str) -> None:
        """Read what was decided on a unit, and what that moves."""
        if unit in self._read or not self._is_split(unit):
            return
        self._read.add(unit)
        store, org, zone = self._store, self._org, self._zone
        decisions = Assignments([each for each in store.assignments.of(org) if each.unit == unit])
        if not decisions.decisions:
            return
        self._units.add(unit)
        named = {int(each) for one in decisions.decisions for each in one.learners if each.isdecimal()}
        records = {each for one in decisions.decisions for each in one.records}
        for line in store.records.lines_of(
            org, named, [bytes.fromhex(each) for each in records if _is_id(each)], self._session
        ):
            assigned = decisions.of(line.record.hex(), str(line.learner))
            for evidence in line.evidence:
                if evidence.unit == unit:
                    done = _Done(line.learner, evidence, assigned.get(evidence.unit))
                    self._done[evidence.unit, month_of(evidence.timestamp, zone)].append(done)

    def applied(self, rows: Iterable[Row], only: Mapping[str, Collection[str]], *, sums: bool) -> Iterator[Row]:
        """Yield the rows, those of split units in parts; ``only`` are words that all cells behind them have.

        Without ``sums``, records know too little of the cells to tell how much of a sum goes with the people: it stays.
        """
        for row in rows:
            unit = row.dims.get("unit", "")
            self._learn(unit)
            if unit not in self._units:
                yield row
            else:
                done = [each for each in self._done[unit, row.month] if _fits(each, row, only)]
                yield from self._parts(row, done, sums=sums)

    def _parts(self, row: Row, done: Iterable[_Done], *, sums: bool) -> Iterator[Row]:
        """Yield what goes to each successor, and what stays."""
        gone: dict[str, list[_Done]] = defaultdict(list)
        staying: list[_Done] = []
        known = BitMap()
        for each in done:
            if each.learner in row.learners:
                known.add(each.learner)
                if each.to is None:
                    staying.append(each)
                else:
                    gone[each.to].append(each)
        statements, seconds = row.statements, row.seconds
        moved = _moved(gone, staying) if sums else {}
        for to, parts in gone.items():
            spent = sum(each.evidence.seconds or 0 for each in parts) if sums else 0
            count = len(moved.get(to, ()))
            statements, seconds = statements - count, seconds - spent
            yield Row(row.month, {**row.dims, "assigned": to}, BitMap([e.learner for e in parts]), count, spent)
        left = (row.learners - known) | BitMap([each.learner for each in staying])
        yield row._replace(learners=left, statements=statements, seconds=seconds)


def _moved(gone: Mapping[str, Iterable[_Done]], staying: Iterable[_Done]) -> Mapping[str, Collection[bytes]]:
    """Return the statements that go to each successor: a Group's is one, and stays where its people are divided."""
    places: dict[bytes, set[str | None]] = defaultdict(set)
    for each in chain(staying, *gone.values()):
        places[each.evidence.statement].add(each.to)
    return {to: {s for s, found in places.items() if found == {to}} for to in gone}


def _fits(done: _Done, row: Row, only: Mapping[str, Collection[str]]) -> bool:
    """Tell whether a statement is one of those that are counted in a row, as far as records know."""
    told: Mapping[str, Any] = row.dims
    evidence = done.evidence
    if any(getattr(evidence, name) not in words for name, words in only.items()):
        return False
    return all(_same(told[name], getattr(evidence, name)) for name in _KNOWN if name in told)


def _same(told: Any, known: Any) -> bool:
    return tuple(told) == tuple(known) if isinstance(told, list | tuple) else bool(told == known)


def _is_id(text: str) -> bool:
    try:
        return bool(bytes.fromhex(text))
    except ValueError:
        return False

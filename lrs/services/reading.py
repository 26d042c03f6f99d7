"""What a batch of statements says: parsed, and put into facts, evidence and cells, whoever they turn out to be about.

Asks nobody: the same statements say the same by the same registries, vocabulary and time zone.
"""

import contextlib
import gc
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime, tzinfo
from typing import Final, NamedTuple
from uuid import UUID

import msgspec

from lrs.services.reviewing import Notes
from lrs.store.rows import ORG_BYTES, Found
from schemas.training.cells import Key, keys_of, month_of
from schemas.training.facts import Facts, facts_of
from schemas.training.parts import Parser
from schemas.training.records import Evidence, evidence_of
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import is_voiding, refers_to

UnitKey = Callable[[str, date], str]
"""Returns what the registry calls the unit that had a code on a day; "" where there was none."""

_PARSED: Final = 32
_PARSED_BYTES: Final = 512 * 1024

_decode = msgspec.json.Decoder().decode


class Told(NamedTuple):
    """What a statement says, what a record keeps of it, and the cells that it counts in, whoever they are about."""

    statement: bytes
    facts: Facts
    evidence: Evidence
    cells: tuple[Key, ...]


class Reading(NamedTuple):
    """What a batch says: the facts of its statements, the ids of those that it voids, and what was noticed."""

    told: list[Told]
    targets: list[bytes]
    notes: Notes


class Reader:
    """Reads statements; days and months are those of ``zone``."""

    def __init__(self, unit_key: UnitKey, vocabulary: Vocabulary, zone: tzinfo) -> None:
        self._unit_key = unit_key
        self._vocabulary = vocabulary
        self._zone = zone
        self._parser = Parser()

    def read(self, batch: Sequence[Found], notes: Notes) -> Reading:
        """Return what is to be counted of a batch, of which ``notes`` were begun."""
        reading = Reading([], [], notes)
        with without_collection():
            for part in _portions([found for found in batch if not found.voided]):
                self._read_some(part, reading)
        return reading

    def _read_some(self, batch: Sequence[Found], reading: Reading) -> None:
        # Step by step, each for all: that takes a fifth less time than one statement after the other.
        ids = [found.id[ORG_BYTES:] for found in batch]
        statements = [self._parser.parse(found.raw) for found in batch]
        facts = [facts_of(statement, self._vocabulary) for statement in statements]
        for statement in statements:
            if is_voiding(statement) and (target := refers_to(statement)) is not None:
                reading.targets.append(UUID(target).bytes)
        for each, statement, told in zip(ids, statements, facts, strict=True):
            reading.notes.add(each, statement, told)
        reading.told.extend(self._tell(each, told) for each, told in zip(ids, facts, strict=True) if told is not None)

    def told(self, raws: Iterable[tuple[bytes, bytes]]) -> list[Told]:
        """Return what statements say, by their ids; nothing of those that say nothing about training."""
        return [self._tell(each, facts) for each, raw in raws if (facts := self._facts(raw))]

    def unit(self, facts: Facts) -> str:
        """Return what the registry calls the unit of a statement; "" where it knows none."""
        if facts.unit is None:
            return ""
        day = facts.unit.as_of or datetime.fromtimestamp(facts.timestamp // 1_000_000, self._zone).date()
        return self._unit_key(facts.unit.code, day)

    def _tell(self, statement: bytes, facts: Facts) -> Told:
        unit = self.unit(facts)
        cells = tuple(keys_of(facts, unit, month_of(facts.timestamp, self._zone)))
        return Told(statement, facts, evidence_of(facts, statement, unit), cells)

    def _facts(self, raw: bytes) -> Facts | None:
        """Return what counts of a statement that was in the feed before, None of one that was set aside there."""
        with contextlib.suppress(Exception):
            return facts_of(_decode(raw), self._vocabulary)
        return None


_busy = 0
_busy_lock = threading.Lock()


@contextmanager
def without_collection() -> Iterator[None]:
    """Leave cycles alone: there are none in what a batch is made of, and looking for them takes a third of its time."""
    global _busy  # noqa: PLW0603 - it is one for the process, as the collector is
    with _busy_lock:
        _busy += 1
        gc.disable()
    try:
        yield
    finally:
        with _busy_lock:
            _busy -= 1
            if not _busy:
                gc.enable()


def _portions(batch: Sequence[Found]) -> Iterator[Sequence[Found]]:
    """Cut a batch into what may be parsed at once: that is many times as large."""
    begin = size = 0
    for place, found in enumerate(batch):
        size += len(found.raw)
        if place - begin == _PARSED or size > _PARSED_BYTES:
            yield batch[begin:place]
            begin, size = place, len(found.raw)
    yield batch[begin:]

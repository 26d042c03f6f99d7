"""The ``cells`` collection: who is counted in each cell of the reports, and its sums.

People are sets of learners' numbers (Roaring bitmaps), so that any cells can be united and counted exactly. Cells lie
packed on sheets, those of one month and unit together (see ``sheets``).
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any, Final, NamedTuple

import msgspec
import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pyroaring import BitMap

from lrs.store.clearing import clear_some
from lrs.store.errors import translated
from lrs.store.sheets import Document, Entries, Sheets, span, unpack
from schemas.training.cells import Cell, Family, Key, dims_of

_FEW: Final = 8
"""Learners that are written one by one: a bitmap of so few is larger."""


@dataclass(slots=True)
class Tally:
    """What a cell holds: the numbers of learners, and sums.

    ``members`` of a team, by their numbers as text, and ``organisations``, by their codes, have the number of
    statements that name them. ``heads`` are people who were only counted, by age band, ``total`` among them.
    """

    learners: BitMap = field(default_factory=BitMap)
    statements: int = 0
    seconds: int = 0
    members: dict[str, int] = field(default_factory=dict)
    organisations: dict[str, int] = field(default_factory=dict)
    heads: dict[str, int] = field(default_factory=dict)


Pairs = tuple[tuple[str, int], ...]


class _Sums(msgspec.Struct, array_like=True):
    """The beginning of an entry: all that most reports read of it."""

    statements: int
    seconds: int
    learners: bytes | list[int]


class _Entry(_Sums):
    """A tally as it lies on a page; what is counted by name is in the order of the names."""

    members: Pairs
    organisations: Pairs
    heads: Pairs


_encode: Final = msgspec.msgpack.Encoder().encode
_entry: Final = msgspec.msgpack.Decoder(_Entry).decode
_sums: Final = msgspec.msgpack.Decoder(_Sums).decode


class Rolled(NamedTuple):
    """What several cells of one month hold together; ``dims`` lacks what is not known."""

    month: str
    dims: dict[str, Any]
    learners: BitMap
    statements: int
    seconds: int


class Held:
    """Cells of an organisation as a transaction has read them: ``tallies`` has those that hold something."""

    def __init__(self, sheets: Sheets, keys: Iterable[Key]) -> None:
        self.tallies = {key: _tally(entry) for key, entry in sheets.read(keys)}
        self._sheets = sheets

    def write(self, tallies: Mapping[Key, Tally]) -> None:
        """Let cells that were read hold this; one that holds nothing is gone."""
        self._sheets.write({key: _packed(tally) if tally.statements else None for key, tally in tallies.items()})


class Cells:
    """Reads and writes cells; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[Document], *, deadline: float) -> None:
        self._rows = database["cells"]
        self._deadline = deadline

    def of(
        self,
        org: bytes,
        family: Family,
        first: str = "",
        last: str = "9999-99",
        session: ClientSession | None = None,
        **dims: Any,
    ) -> Iterator[tuple[Cell, Tally]]:
        """Yield the cells of a family in months from ``first`` to ``last``, with these dimensions; in no order."""
        for month, unit, entries in self._pages(org, family, (first, last), session):
            for name, entry in entries.items():
                found = ({"unit": unit} if unit else {}) | dims_of(family, name)
                if all(found.get(dim) == value for dim, value in dims.items()):
                    yield Cell(family, month, found), _tally(entry)

    def rolled(  # noqa: PLR0913, PLR0917 - what is chosen, in which session
        self,
        org: bytes,
        family: Family,
        dims: Collection[str],
        months: tuple[str, str],
        only: Mapping[str, Collection[Any]],
        session: ClientSession | None = None,
    ) -> Iterator[Rolled]:
        """Yield what the cells of a family hold together, by month, unit and these dimensions; in no order.

        Only those from the first to the last of ``months``, with one of the values that ``only`` names.
        """
        numbers = _Numbers(family, dims, only)
        found = self._pages(org, family, months, session)
        # The pages of one sheet follow one another.
        for (month, unit), pages in groupby(found, key=lambda each: each[:2]):
            sums: dict[int, _Sum] = defaultdict(_Sum)
            for _, _, entries in pages:
                for name, entry in entries.items():
                    if (number := numbers[name]) is not None:
                        sums[number].add(entry)
            here = {"unit": unit} if unit else {}
            for number, each in sums.items():
                yield Rolled(month, here | numbers.chosen[number], each.learners(), each.statements, each.seconds)

    def _pages(
        self, org: bytes, family: Family, months: tuple[str, str], session: ClientSession | None
    ) -> Iterator[tuple[str, str, Entries]]:
        """Yield what pages have of a family, with their month and unit: month by month, and unit by unit."""
        part = f"parts.{family}"
        fields = {"_id": 0, "month": 1, "unit": 1, part: 1}
        where = span(org, *months) | {part: {"$exists": True}}
        with translated(), pymongo.timeout(self._deadline):
            for row in self._rows.find(where, fields, batch_size=1000, session=session).sort("_id", 1):
                yield row["month"], row["unit"], unpack(row["parts"][family])

    def read(self, org: bytes, keys: Iterable[Key], session: ClientSession) -> Held:
        """Read cells in a transaction, by their keys, so that they may be changed."""
        return Held(Sheets(self._rows, org, session), keys)

    def clear(self, org: bytes) -> None:
        """Remove all cells of an organisation."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_many(span(org, "", "9999-99"))

    def clear_some(self, org: bytes, session: ClientSession) -> bool:
        """Remove some cells of an organisation; tell whether there were any."""
        return clear_some(self._rows, org, session)


class _Numbers(dict[bytes, int | None]):
    """By the names of cells, the number of what is asked for of their dimensions; None for those not asked for.

    Each different choice has a number, which is its place in ``chosen``.
    """

    def __init__(self, family: Family, dims: Collection[str], only: Mapping[str, Collection[Any]]) -> None:
        super().__init__()
        self.chosen: list[dict[str, Any]] = []
        self._family: Family = family
        self._dims = sorted(set(dims) - {"unit"})
        self._only = {dim: frozenset(values) for dim, values in only.items()}
        self._numbers: dict[tuple[Any, ...], int] = {}

    def __missing__(self, name: bytes) -> int | None:
        number = self[name] = self._number(dims_of(self._family, name))
        return number

    def _number(self, found: Mapping[str, Any]) -> int | None:
        if any(found.get(dim) not in values for dim, values in self._only.items()):
            return None
        values = tuple([found.get(dim) for dim in self._dims])
        if (number := self._numbers.get(values)) is None:
            number = self._numbers[values] = len(self.chosen)
            self.chosen.append({dim: found[dim] for dim in self._dims if dim in found})
        return number


class _Sum:
    """Entries that are put together."""

    __slots__ = ("_few", "_many", "seconds", "statements")

    def __init__(self) -> None:
        self._few: list[int] = []
        self._many: list[BitMap] = []
        self.statements = 0
        self.seconds = 0

    def add(self, entry: msgspec.Raw) -> None:
        found = _sums(entry)
        self.statements += found.statements
        self.seconds += found.seconds
        if isinstance(found.learners, list):
            self._few += found.learners
        else:
            self._many.append(BitMap.deserialize(found.learners))

    def learners(self) -> BitMap:
        found = [*self._many, BitMap(self._few)] if self._few else self._many
        return found[0] if len(found) == 1 else BitMap.union(*found) if found else BitMap()


def _tally(packed: msgspec.Raw) -> Tally:
    statements, seconds, learners, *counts = msgspec.structs.astuple(_entry(packed))
    found = BitMap(learners) if isinstance(learners, list) else BitMap.deserialize(learners)
    return Tally(found, statements, seconds, *map(dict, counts))


def _packed(tally: Tally) -> bytes:
    learners = list(tally.learners) if len(tally.learners) <= _FEW else tally.learners.serialize()
    if not (tally.members or tally.organisations or tally.heads):
        return _encode((tally.statements, tally.seconds, learners, (), (), ()))
    counts = [tuple(sorted(found.items())) for found in (tally.members, tally.organisations, tally.heads)]
    return _encode((tally.statements, tally.seconds, learners, *counts))

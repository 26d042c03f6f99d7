"""The ``cells`` collection: who is counted in each cell of the reports, and its sums.

People are sets of learners' numbers (Roaring bitmaps), so that any cells can be united and counted exactly.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import pymongo
from pymongo.client_session import ClientSession
from pymongo.database import Database
from pyroaring import BitMap

from lrs.store.clearing import clear_some
from lrs.store.errors import translated
from lrs.store.writing import rewrite
from schemas.training.cells import Cell, Family

_COUNTS: Final = ("members", "organisations", "heads")


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


class Rolled(NamedTuple):
    """What several cells of one month hold together; ``dims`` lacks what is not known."""

    month: str
    dims: dict[str, Any]
    learners: BitMap
    statements: int
    seconds: int


class Cells:
    """Reads and writes cells; every call ends within the deadline, else Unavailable."""

    def __init__(self, database: Database[dict[str, Any]], *, deadline: float) -> None:
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
        where = {"org": org, "family": family, "month": {"$gte": first, "$lte": last}}
        where |= {f"dims.{name}": value for name, value in dims.items()}
        with translated(), pymongo.timeout(self._deadline):
            for row in self._rows.find(where, batch_size=10_000, session=session):
                yield _cell(row), _tally(row)

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

        Only those from the first to the last of ``months``, with one of the values that ``only`` names. The database
        puts together the cells that differ in other dimensions, so that few rows travel.
        """
        names = sorted({"unit", *dims})
        first, last = months
        where = {f"dims.{name}": {"$in": list(values)} for name, values in only.items()}
        pipeline: list[dict[str, Any]] = [
            {"$match": {"org": org, "family": family, "month": {"$gte": first, "$lte": last}} | where},
            {
                "$group": {
                    "_id": {"month": "$month"} | {name: f"$dims.{name}" for name in names},
                    "learners": {"$push": "$learners"},
                    "statements": {"$sum": "$statements"},
                    "seconds": {"$sum": "$seconds"},
                }
            },
        ]
        with translated(), pymongo.timeout(self._deadline):
            for row in self._rows.aggregate(pipeline, session=session, batchSize=10_000, allowDiskUse=True):
                found = [BitMap.deserialize(each) for each in row["learners"]]
                learners = found[0] if len(found) == 1 else BitMap.union(*found) if found else BitMap()
                month = row["_id"].pop("month")
                yield Rolled(month, row["_id"], learners, int(row["statements"]), int(row["seconds"]))

    def read(self, org: bytes, keys: Iterable[bytes], session: ClientSession) -> dict[bytes, Tally]:
        """Return what these cells hold, by their keys; nothing for those that are empty."""
        ids = [org + key for key in keys]
        return {row["_id"][len(org) :]: _tally(row) for row in self._rows.find({"_id": {"$in": ids}}, session=session)}

    def write(
        self,
        org: bytes,
        tallies: Mapping[bytes, tuple[Cell, Tally]],
        held: Collection[bytes],
        session: ClientSession,
    ) -> None:
        """Let these cells hold this; one that holds nothing is gone.

        ``held`` are the keys of those that held something, as the same transaction has seen.
        """
        rows = {
            key: _row(org, key, cell, tally) if tally.statements else None for key, (cell, tally) in tallies.items()
        }
        rewrite(self._rows, org, rows, held, session)

    def clear(self, org: bytes) -> None:
        """Remove all cells of an organisation."""
        with translated(), pymongo.timeout(self._deadline):
            self._rows.delete_many({"org": org})

    def clear_some(self, org: bytes, session: ClientSession) -> bool:
        """Remove some cells of an organisation; tell whether there were any."""
        return clear_some(self._rows, org, session)


def _cell(row: Mapping[str, Any]) -> Cell:
    dims = {name: tuple(value) if isinstance(value, list) else value for name, value in row["dims"].items()}
    return Cell(row["family"], row["month"], dims)


def _tally(row: Mapping[str, Any]) -> Tally:
    learners = BitMap.deserialize(row["learners"]) if "learners" in row else BitMap()
    counts = [{name: int(count) for name, count in row.get(each, ())} for each in _COUNTS]
    return Tally(learners, int(row["statements"]), int(row["seconds"]), *counts)


def _row(org: bytes, key: bytes, cell: Cell, tally: Tally) -> dict[str, Any]:
    row: dict[str, Any] = {
        "_id": org + key,
        "org": org,
        "family": cell.family,
        "month": cell.month,
        "dims": cell.dims,
        "statements": tally.statements,
        "seconds": tally.seconds,
    }
    if tally.learners:
        row["learners"] = tally.learners.serialize()
    counts = zip(_COUNTS, (tally.members, tally.organisations, tally.heads), strict=True)
    # As pairs: what others name things by never becomes a name in a document.
    return row | {name: [list(pair) for pair in sorted(found.items())] for name, found in counts if found}

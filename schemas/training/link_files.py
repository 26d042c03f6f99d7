"""Decisions about who is who as a file of CSV.

Columns are ``kind`` (join or split), ``reason``, and of either side either ``identity`` and ``other``, or the parts of
an account: ``account_home`` and ``account_name``, ``other_home`` and ``other_name``.
"""

from collections.abc import Mapping
from typing import Any, Final

from schemas.registries.csv_files import lines

_SIDES: Final = {"identity": ("account_home", "account_name"), "other": ("other_home", "other_name")}
COLUMNS: Final = ("kind", "reason", *_SIDES, *(column for pair in _SIDES.values() for column in pair))


def read(body: bytes) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """Return the rows of a file as JSON would have them, and the number of the row at each path; raise Refused."""
    found = list(lines(body, COLUMNS, ("kind", "reason")))
    numbers = {f"links[{place}]": line.number for place, line in enumerate(found)}
    return {"links": [_row(line.cells) for line in found]}, numbers


def _row(cells: Mapping[str, str]) -> dict[str, str]:
    row = {name: cells[name] for name in ("kind", "reason", *_SIDES) if name in cells}
    for side, (home, name) in _SIDES.items():
        if side not in row and home in cells and name in cells:
            row[side] = f"account:{cells[home]} {cells[name]}"
    return row

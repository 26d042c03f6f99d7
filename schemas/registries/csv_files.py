"""CSV as spreadsheets write it: with a BOM or without, with commas or semicolons, days as 2025-07-01 or 1/7/2025."""

import csv
import io
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from schemas.faults import Fault, Refused

BOM: Final = "\ufeff"
MOST_FAULTS: Final = 100
_SEPARATOR_OF_LISTS: Final = "|"
_DAY: Final = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_TRUE: Final = frozenset({"1", "true", "x"})
_FALSE: Final = frozenset({"0", "false"})


class Line(NamedTuple):
    """A row of a file: its number, the heading being 1, and what stands in the columns that are not empty."""

    number: int
    cells: dict[str, str]


def day(text: str) -> str:
    """Return a day of Vietnamese spelling as ISO 8601, anything else as it is."""
    if (found := _DAY.fullmatch(text)) is None:
        return text
    return f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}"


def whole(text: str) -> int | str:
    """Return a whole number, anything else as it is."""
    return int(text) if text.isdecimal() and text.isascii() else text


def number(text: str) -> float | str:
    """Return a number, whichever sign it has for its fraction; anything else as it is."""
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return text


def flag(text: str) -> bool | str:
    """Return whether it is true, or what is neither true nor false as it is."""
    known = text.casefold()
    return known in _TRUE if known in _TRUE | _FALSE else text


def several(text: str) -> list[str]:
    """Return the items of a list, ``a|b``."""
    return [item.strip() for item in text.split(_SEPARATOR_OF_LISTS) if item.strip()]


def lines(body: bytes, columns: Iterable[str], required: Iterable[str]) -> Iterator[Line]:
    """Yield the rows of a file; raise Refused if it is no such file.

    Cells are stripped and composed (NFC), rows without any are left out. Columns may stand in any order.
    """
    try:
        text = unicodedata.normalize("NFC", body.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise Refused.at("", "encoding", "must be UTF-8") from error
    heading = text.partition("\n")[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=max(",;\t", key=heading.count), strict=True)
    try:
        names = [name.strip().casefold() for name in next(reader, [])]
        _check(names, set(columns), set(required))
        yield from _rows(reader, names)
    except csv.Error as error:
        raise Refused.at("", "csv", f"cannot be read as CSV in line {reader.line_num}") from error


def _check(names: Sequence[str], columns: set[str], required: set[str]) -> None:
    faults = [Fault(name[:80], "unknown", "there is no such column") for name in names if name not in columns]
    faults += [Fault(name, "required", "this column is missing") for name in sorted(required - set(names))]
    faults += [Fault(name, "unique", "this column stands here twice") for name in columns if names.count(name) > 1]
    if faults:
        raise Refused(faults)


def _rows(reader: Iterable[list[str]], names: Sequence[str]) -> Iterator[Line]:
    for row, values in enumerate(reader, start=2):
        if any(value.strip() for value in values[len(names) :]):
            raise Refused.at("", "csv", f"row {row}: has more cells than the heading")
        cells = {name: value.strip() for name, value in zip(names, values, strict=False) if value.strip()}
        if cells:
            yield Line(row, cells)


@dataclass(frozen=True)
class Table:
    """The rows of one list as a file: columns by name, each with the way to it in a row and how its text is read."""

    name: str
    columns: Mapping[str, Callable[[str], Any]]
    required: frozenset[str]
    ways: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    repair: Callable[[Mapping[str, str]], Mapping[str, str]] = field(default=lambda cells: cells)

    def read(self, body: bytes) -> tuple[list[dict[str, Any]], dict[str, int]]:
        """Return the rows as JSON would have them, and the number of the row at each path; raise Refused."""
        found = list(lines(body, self.columns, self.required))
        return [self.row(line.cells) for line in found], {
            f"{self.name}[{place}]": line.number for place, line in enumerate(found)
        }

    def row(self, cells: Mapping[str, str]) -> dict[str, Any]:
        """Return a row as JSON would have it."""
        made: dict[str, Any] = {}
        for name, text in self.repair(cells).items():
            *way, last = self.ways.get(name, (name,))
            inner = made
            for step in way:
                inner = inner.setdefault(step, {})
            inner[last] = self.columns[name](text)
        return made

    def cells(self, row: Mapping[str, Any]) -> dict[str, str]:
        """Return the cells of a row that JSON has."""
        made = {}
        for name in self.columns:
            value: Any = row
            for step in self.ways.get(name, (name,)):
                value = value.get(step) if isinstance(value, Mapping) else None
            made[name] = _written(value)
        return made


def _written(value: Any) -> str:
    if value is None or value is False:
        return ""
    if isinstance(value, list | tuple):
        return _SEPARATOR_OF_LISTS.join(value)
    return "1" if value is True else f"{value:g}" if isinstance(value, float) else str(value)


def written(columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> str:
    """Return a file that spreadsheets open with its diacritics intact."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(columns), restval="", lineterminator="\r\n")
    writer.writeheader()
    writer.writerows(rows)
    return BOM + out.getvalue()


def located(refused: Refused, numbers: Mapping[str, int]) -> Refused:
    """Return the refusal with the number of the file's row in front of every message; a hundred are enough."""
    told = refused.faults[:MOST_FAULTS]
    return Refused(fault._replace(message=_at(fault.path, numbers) + fault.message) for fault in told)


def _at(path: str, numbers: Mapping[str, int]) -> str:
    """Return which row it is: that of the longest beginning of the path that is one."""
    while path and path not in numbers:
        path = path.rpartition(".")[0]
    return f"row {numbers[path]}: " if path else ""

"""Skill frameworks in one file of CSV: ``row`` says whether it is a framework, a level, a skill or a crosswalk.

Levels and skills stand below the framework that they belong to.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import msgspec

from schemas.faults import Fault, Refused
from schemas.registries.csv_files import Line, Table, flag, lines, several, whole, written
from schemas.registries.registries import Rows


def _counts(text: str) -> dict[str, int | str]:
    pairs = (item.partition("=") for item in several(text))
    return {name.strip(): whole(count.strip()) for name, _, count in pairs}


_LABELS: Final = {"label_vi": ("labels", "vi"), "label_en": ("labels", "en")}
_COMMON: Final[dict[str, Callable[[str], Any]]] = {"code": str, "label_vi": str, "label_en": str}
_ENDS: Final[dict[str, Callable[[str], Any]]] = dict.fromkeys(
    ("framework", "version", "code", "level", "to_framework", "to_version", "to_code", "to_level", "match"), str
)
_TABLES: Final[dict[str, Table]] = {
    "framework": Table(
        "frameworks",
        {"framework": str, "version": str, "label_vi": str, "label_en": str, "source": str, "counts": _counts},
        frozenset(),
        {**_LABELS, "framework": ("code",)},
    ),
    "level": Table("levels", {**_COMMON, "example": flag}, frozenset(), _LABELS),
    "skill": Table("skills", {**_COMMON, "within": str, "example": flag}, frozenset(), _LABELS),
    "crosswalk": Table("crosswalks", {**_ENDS, "example": flag}, frozenset()),
}
_COLUMNS: Final = ("row", *dict.fromkeys(name for table in _TABLES.values() for name in table.columns))
_OWNER: Final = ("framework", "version")


class _Reading:
    """What was read so far, with the number of the row at each path."""

    def __init__(self) -> None:
        self.lists: dict[str, list[Any]] = {"frameworks": [], "crosswalks": []}
        self.numbers: dict[str, int] = {}

    def take(self, line: Line) -> None:
        """Add a row where it belongs; raise Refused if it belongs nowhere."""
        kind = line.cells.get("row", "")
        table = _TABLES.get(kind)
        if table is None:
            raise _refused(line, "row", f"must be one of {', '.join(_TABLES)}")
        listed, path = self._place(kind, table, line)
        self.numbers[f"{path}[{len(listed)}]"] = line.number
        known = {*table.columns, "row", *(_OWNER if kind in {"level", "skill"} else ())}
        if foreign := line.cells.keys() - known:
            raise _refused(line, min(foreign), f"a {kind} has nothing in this column")
        listed.append(table.row({name: text for name, text in line.cells.items() if name in table.columns}))

    def _place(self, kind: str, table: Table, line: Line) -> tuple[list[Any], str]:
        if table.name in self.lists:
            return self.lists[table.name], table.name
        owner = [line.cells.get(name) for name in _OWNER]
        for place, framework in enumerate(self.lists["frameworks"]):
            if [framework.get("code"), framework.get("version")] == owner:
                return framework.setdefault(table.name, []), f"frameworks[{place}].{table.name}"
        raise _refused(line, "framework", f"a {kind} stands below the row of its framework and version")


def _refused(line: Line, column: str, message: str) -> Refused:
    return Refused([Fault(column, "value", f"row {line.number}: {message}")])


def read(body: bytes) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """Return the lists of a file as JSON would have them, and the number of the row at each path; raise Refused."""
    reading = _Reading()
    for line in lines(body, _COLUMNS, ("row", *_OWNER)):
        reading.take(line)
    return reading.lists, reading.numbers


def write(rows: Rows) -> str:
    """Return frameworks and crosswalks as a file."""
    return written(_COLUMNS, _written(msgspec.to_builtins(rows)))


def _written(lists: Mapping[str, Any]) -> Iterator[dict[str, str]]:
    for framework in lists.get("frameworks", ()):
        owner = {"framework": framework["code"], "version": framework["version"]}
        counts = [f"{name}={count}" for name, count in framework.get("counts", {}).items()]
        yield _TABLES["framework"].cells(framework | {"counts": counts}) | {"row": "framework"}
        for kind in ("level", "skill"):
            for row in framework.get(f"{kind}s", ()):
                yield _TABLES[kind].cells(row) | {"row": kind} | owner
    for row in lists.get("crosswalks", ()):
        yield _TABLES["crosswalk"].cells(row) | {"row": "crosswalk"}

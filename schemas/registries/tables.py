"""How each registry stands in a file of CSV, one list of rows a file."""

from collections.abc import Mapping
from typing import Any, Final, Literal

import msgspec

from schemas.registries import framework_files
from schemas.registries.csv_files import Table, day, number, several, whole, written
from schemas.registries.registries import Rows
from schemas.registries.unit_rows import KINDS

List = Literal["units", "links", "programmes", "targets", "frameworks", "platforms", "holidays"]

_LABELS: Final = {"label_vi": ("labels", "vi"), "label_en": ("labels", "en")}
_PROVINCE: Final = 2
_COMMUNE: Final = 5


def _padded(cells: Mapping[str, str]) -> Mapping[str, str]:
    """Give the codes of a unit the zeros back that spreadsheets take away."""
    widths = {"code": KINDS.get(cells.get("kind", ""), 0), "parent": _PROVINCE}
    return {name: text.zfill(widths.get(name, 0)) if text.isdecimal() else text for name, text in cells.items()}


def _padded_ends(cells: Mapping[str, str]) -> Mapping[str, str]:
    """Do the same for a link, whose kind of units is not told."""
    return {
        name: text.zfill(_PROVINCE if len(text) <= _PROVINCE else _COMMUNE)
        if name.endswith("_code") and text.isdecimal()
        else text
        for name, text in cells.items()
    }


_TABLES: Final[dict[str, Table]] = {
    "units": Table(
        "units",
        {"code": str, "name": str, "kind": str, "parent": str, "within": str, "valid_from": day, "valid_to": day},
        frozenset({"code", "name", "kind"}),
        repair=_padded,
    ),
    "links": Table(
        "links",
        {"old_code": str, "new_code": str, "extent": str, "effective": day},
        frozenset({"old_code", "new_code", "extent", "effective"}),
        repair=_padded_ends,
    ),
    "programmes": Table(
        "programmes",
        {
            "code": str,
            "label_vi": str,
            "label_en": str,
            "within": several,
            "aliases": several,
            "issued": day,
            "source": str,
        },
        frozenset({"code"}),
        _LABELS,
    ),
    "targets": Table(
        "targets",
        {
            "programme": str,
            "unit": str,
            "group": str,
            "year": whole,
            "denominator": whole,
            "percent": number,
            "source": str,
        },
        frozenset({"programme", "unit", "year", "source"}),
    ),
    "platforms": Table(
        "platforms",
        {"iri": str, "label_vi": str, "label_en": str, "aliases": several},
        frozenset({"iri"}),
        _LABELS,
    ),
    "holidays": Table(
        "holidays",
        {"day": day, "label_vi": str, "label_en": str, "source": str},
        frozenset({"day"}),
        _LABELS,
    ),
}


def read(name: List, body: bytes) -> tuple[dict[str, list[Any]], dict[str, int]]:
    """Return the rows of a file as JSON would have them, and the number of the row at each path; raise Refused."""
    if name == "frameworks":
        return framework_files.read(body)
    rows, numbers = _TABLES[name].read(body)
    return {name: rows}, numbers


def write(name: List, rows: Rows) -> str:
    """Return the rows of one list as a file."""
    if name == "frameworks":
        return framework_files.write(rows)
    table = _TABLES[name]
    return written(table.columns, (table.cells(msgspec.to_builtins(row)) for row in getattr(rows, name)))

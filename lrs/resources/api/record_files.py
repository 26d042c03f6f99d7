"""Training records as files, written while they are read: lines of JSON, CSV for spreadsheets, Parquet."""

import csv
import importlib
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final, NamedTuple

from flask import Response, request

from lrs.errors import BadRequest
from lrs.resources.api.interface import Section, View
from lrs.resources.encodings import vary
from schemas.api.records import RecordSchema
from schemas.faults import Fault
from schemas.xapi.identity import identity
from schemas.xapi.timestamps import iso

Parts = Iterable[list[dict[str, Any]]]
Flat = Callable[[dict[str, Any]], dict[str, Any]]

_JSON: Final = "application/json"
_TYPES: Final = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula."""
_INTEGERS: Final = frozenset({"learner", "attempts", "seconds", "statements", "version"})
_NUMBERS: Final = frozenset({"score_best", "score_latest"})
_INSTANTS: Final = frozenset({"first", "last", "ended"})
_LISTS: Final = frozenset({"identities", "learners", "programmes", "groups", "flags"})
_COLUMNS: Final = (
    *("id", "learner", "identities", "is_group", "activity", "registration", "type", "kind", "state"),
    *("first", "last", "ended", "attempts", "score_best", "score_latest", "seconds"),
    *("unit", "unit_code", "unit_name", "unit_label", "programmes", "groups", "age_band"),
    *("organisation", "statements", "flags"),
)


class Layout(NamedTuple):
    """What a file has in it: its name, its columns, a record as a row of these, and as a line of JSON.

    Instants of rows are microseconds. ``texts`` are columns that are not what they are in files of records.
    """

    name: str
    columns: Sequence[str]
    row: Flat
    line: Callable[[dict[str, Any]], str]
    texts: frozenset[str] = frozenset()


def gives_files(section: Section) -> Callable[[View], View]:
    """Describe that a view may answer with a file as well; stands below its declaration."""

    def declare(function: View) -> View:
        content = {media: {"schema": {"type": "string"}} for media in _TYPES.values()}
        described: View = section.blueprint.doc(responses={200: {"content": content}})(function)
        return described

    return declare


def asked_for(query: dict[str, Any]) -> str:
    """Return the form of the answer: json, or that of a file; raise BadRequest for one that cannot be written here."""
    form: str | None = query.get("format")
    if form is None:
        best = request.accept_mimetypes.best_match([_JSON, *_TYPES.values()])
        form = next((name for name, media in _TYPES.items() if media == best), "json")
    if form == "parquet" and _parquet() is None:
        message = "This server writes no Parquet: its administrator installs sohoc[parquet]."
        raise BadRequest(message, [Fault("format", "unavailable", message)])
    return form


def file_of(form: str, parts: Parts, layout: Layout | None = None) -> Response:
    """Answer with a file that is written while it is sent; of training records unless the layout says otherwise."""
    layout = layout or _RECORDS
    written = _WRITERS[form](parts, layout)
    response = Response(written, content_type=_TYPES[form] + ("; charset=utf-8" if form == "csv" else ""))
    response.headers["Content-Disposition"] = f"attachment; filename={layout.name}.{form}"
    # Whatever stands in between must not wait for the end.
    response.headers["X-Accel-Buffering"] = "no"
    vary(response, "Accept")
    return response


def _lines(parts: Parts, layout: Layout) -> Iterator[bytes]:
    for part in parts:
        yield "".join(layout.line(each) + "\n" for each in part).encode()


def _csv(parts: Parts, layout: Layout) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.DictWriter(out, layout.columns, lineterminator="\r\n")
    out.write(_BOM)
    writer.writeheader()
    for part in parts:
        writer.writerows({name: _cell(name, value) for name, value in layout.row(each).items()} for each in part)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()


def _cell(name: str, value: Any) -> str:
    if value is None:
        return ""
    if name in _INSTANTS:
        return iso(value)
    if isinstance(value, list | tuple):
        value = "|".join(value)
    text = str(int(value) if isinstance(value, bool) else value)
    return f"'{text}" if isinstance(value, str) and text.startswith(_FORMULA) else text


def _flat(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as a row; identities in the form that /api/learners has them in."""
    place = record["unit_as_of"] or {}
    score = record["score"] or {}
    row = {name: record.get(name) for name in _COLUMNS}
    row |= {f"unit_{name}": place.get(name) for name in ("code", "name", "label")}
    row |= {f"score_{name}": score.get(name) for name in ("best", "latest")}
    return row | {"identities": [identity(each) for each in record["identities"]]}


def _parquet() -> Any:
    """Return pyarrow with what writes Parquet, None where it is not installed."""
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError:
        return None


def _table(parts: Parts, layout: Layout) -> Iterator[bytes]:
    arrow = _parquet()
    kinds = {
        **dict.fromkeys(_INTEGERS, arrow.int64()),
        **dict.fromkeys(_NUMBERS, arrow.float64()),
        **dict.fromkeys(_INSTANTS, arrow.timestamp("us", "UTC")),
        **dict.fromkeys(_LISTS, arrow.list_(arrow.string())),
        "is_group": arrow.bool_(),
    }
    kinds |= dict.fromkeys(layout.texts, arrow.string())
    schema = arrow.schema([(name, kinds.get(name, arrow.string())) for name in layout.columns])
    sink = _Sink()
    with arrow.parquet.ParquetWriter(sink, schema) as writer:
        for part in parts:
            writer.write_table(arrow.Table.from_pylist([layout.row(each) for each in part], schema))
            yield sink.taken()
    yield sink.taken()


class _Sink(io.RawIOBase):
    """What is written is taken away piece by piece, and places are told as if all of it were still there."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._place = 0

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def write(self, data: Any, /) -> int:
        """Take some bytes."""
        piece = bytes(data)
        self._pieces.append(piece)
        self._place += len(piece)
        return len(piece)

    def tell(self) -> int:
        """Return how much was written."""
        return self._place

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


_WRITERS: Final[dict[str, Callable[[Parts, Layout], Iterator[bytes]]]] = {
    "ndjson": _lines,
    "csv": _csv,
    "parquet": _table,
}
_dump: Final = RecordSchema().dump
_RECORDS: Final = Layout("records", _COLUMNS, _flat, lambda each: json.dumps(_dump(each), ensure_ascii=False))

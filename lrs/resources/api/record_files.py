"""Training records as files, written while they are read: lines of JSON, CSV for spreadsheets, Parquet."""

import csv
import importlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Final

from flask import Response, request

from lrs.errors import BadRequest
from lrs.resources.api.interface import Section, View
from lrs.resources.encodings import vary
from schemas.api.records import RecordSchema
from schemas.faults import Fault
from schemas.xapi.identity import identity
from schemas.xapi.timestamps import iso

Parts = Iterable[list[dict[str, Any]]]

_JSON: Final = "application/json"
_TYPES: Final = {
    "ndjson": "application/x-ndjson",
    "csv": "text/csv",
    "parquet": "application/vnd.apache.parquet",
}
_BOM: Final = "\ufeff"
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet would take for a formula."""
_INTEGERS: Final = frozenset({"learner", "attempts", "seconds", "statements"})
_NUMBERS: Final = frozenset({"score_best", "score_latest"})
_INSTANTS: Final = frozenset({"first", "last", "ended"})
_LISTS: Final = frozenset({"identities", "programmes", "groups", "flags"})
_COLUMNS: Final = (
    *("id", "learner", "identities", "is_group", "activity", "registration", "type", "kind", "state"),
    *("first", "last", "ended", "attempts", "score_best", "score_latest", "seconds"),
    *("unit", "unit_code", "unit_name", "unit_label", "programmes", "groups", "age_band"),
    *("organisation", "statements", "flags"),
)


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


def file_of(form: str, parts: Parts) -> Response:
    """Answer with a file that is written while it is sent."""
    response = Response(_WRITERS[form](parts), content_type=_TYPES[form] + ("; charset=utf-8" if form == "csv" else ""))
    response.headers["Content-Disposition"] = f"attachment; filename=records.{form}"
    # Whatever stands in between must not wait for the end.
    response.headers["X-Accel-Buffering"] = "no"
    vary(response, "Accept")
    return response


def _lines(parts: Parts) -> Iterator[bytes]:
    dump = RecordSchema().dump
    for part in parts:
        yield "".join(json.dumps(dump(each), ensure_ascii=False) + "\n" for each in part).encode()


def _csv(parts: Parts) -> Iterator[bytes]:
    out = io.StringIO()
    writer = csv.DictWriter(out, _COLUMNS, lineterminator="\r\n")
    out.write(_BOM)
    writer.writeheader()
    for part in parts:
        writer.writerows({name: _cell(value) for name, value in _flat(each).items()} for each in part)
        yield out.getvalue().encode()
        out.seek(0)
        out.truncate()


def _cell(value: Any) -> str:
    if value is None:
        return ""
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
    row |= {name: None if record[name] is None else iso(record[name]) for name in _INSTANTS}
    return row | {"identities": [identity(each) for each in record["identities"]]}


def _parquet() -> Any:
    """Return pyarrow with what writes Parquet, None where it is not installed."""
    try:
        importlib.import_module("pyarrow.parquet")
        return importlib.import_module("pyarrow")
    except ImportError:
        return None


def _table(parts: Parts) -> Iterator[bytes]:
    arrow = _parquet()
    kinds = {
        **dict.fromkeys(_INTEGERS, arrow.int64()),
        **dict.fromkeys(_NUMBERS, arrow.float64()),
        **dict.fromkeys(_INSTANTS, arrow.timestamp("us", "UTC")),
        **dict.fromkeys(_LISTS, arrow.list_(arrow.string())),
        "is_group": arrow.bool_(),
    }
    schema = arrow.schema([(name, kinds.get(name, arrow.string())) for name in _COLUMNS])
    sink = _Sink()
    with arrow.parquet.ParquetWriter(sink, schema) as writer:
        for part in parts:
            rows = [_flat(each) | {name: each[name] for name in _INSTANTS} for each in part]
            writer.write_table(arrow.Table.from_pylist(rows, schema))
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


_WRITERS: Final[dict[str, Callable[[Parts], Iterator[bytes]]]] = {
    "ndjson": _lines,
    "csv": _csv,
    "parquet": _table,
}

"""Everything about a person as one JSON document, or as files for spreadsheets in a ZIP, written while it is read."""

import base64
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from lrs.resources.api.consents import shown
from lrs.resources.api.record_files import file_of
from lrs.resources.api.reports import cell
from lrs.services.subjects.access import Bundle, Line, Named
from lrs.services.subjects.requests import Told
from schemas.api.consents import ConsentSchema
from schemas.api.records import RecordSchema
from schemas.api.subjects import RequestSchema
from schemas.xapi.documents import is_json
from schemas.xapi.timestamps import iso

Row = dict[str, Any]

_BOM: Final = "\ufeff"
_ROWS: Final = 200
"""Rows that are written at a time."""
_STATEMENTS: Final = ("id", "relation", "voided", "stored", "timestamp", "verb", "object", "statement")
_DOCUMENTS: Final = (
    *("kind", "activity", "agent", "registration", "name", "content_type", "modified", "encoding", "content"),
)
_SHARED: Final = (
    *("agreement", "recipient", "purpose", "purpose_vi", "purpose_en", "basis", "level", "state", "starts", "ends"),
    *("fields", "statements", "records", "recalled", "forwarded"),
)
_ATTACHMENTS: Final = ("sha2", "content_type", "length")
_CONSENTS: Final = ConsentSchema()
_REQUESTS: Final = RequestSchema()


def request_of(told: Told) -> Row:
    """Return what a request's description is made of."""
    found = {name: getattr(told.request, name) for name in told.request.__slots__}
    notes = {name: getattr(told.notes, name, None) for name in ("identity", "note", "answer")}
    return found | notes | {"overdue": told.overdue}


def as_json(bundle: Bundle) -> Iterator[bytes]:
    """Yield a document; statements stand in it as they are stored, to the letter."""
    yield b'{"about":' + _json(_about(bundle))
    yield from _array("statements", map(_statement, bundle.statements()))
    yield from _array("documents", (_json(_document(each)) for each in bundle.documents()))
    dump = RecordSchema().dump
    yield from _array("records", (_json(dump(each)) for part in bundle.records() for each in part))
    yield from _array("consents", map(_json, _consents(bundle)))
    yield from _array("requests", map(_json, _requests(bundle)))
    yield from _array("attachments", map(_json, bundle.attachments()))
    yield from _array("shared", map(_json, bundle.shared()))
    yield b"}\n"


def as_zip(bundle: Bundle) -> Iterator[bytes]:
    """Yield a ZIP of CSV files, one a kind, and last a manifest with how much there is of each."""
    sink, files = _Sink(), dict[str, Row]()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, parts in _tables(bundle):
            digest, rows = hashlib.sha256(), _Rows(parts)
            with archive.open(f"{name}.csv", "w", force_zip64=True) as file:
                for part in rows:
                    file.write(part)
                    digest.update(part)
                    yield sink.taken()
            files[f"{name}.csv"] = {"rows": rows.count, "sha256": digest.hexdigest()}
        archive.writestr("manifest.json", json.dumps(_about(bundle) | {"files": files}, ensure_ascii=False, indent=1))
    yield sink.taken()


def _tables(bundle: Bundle) -> Iterator[tuple[str, Iterable[tuple[bytes, int]]]]:
    """Yield each file by name: its text piece by piece, with how many rows each piece has."""
    yield "statements", _csv(_STATEMENTS, map(_statement_row, bundle.statements()))
    yield "documents", _csv(_DOCUMENTS, map(_document_row, bundle.documents()))
    yield "records", _records(bundle)
    consents, requests = _consents(bundle), _requests(bundle)
    yield "consents", _csv(_columns(_CONSENTS), consents)
    yield "requests", _csv(_columns(_REQUESTS), requests)
    yield "attachments", _csv(_ATTACHMENTS, bundle.attachments())
    yield "shared", _csv(_SHARED, map(_shared_row, bundle.shared()))


class _Sink(io.RawIOBase):
    """What is written is taken away piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that this can be written to."""
        return True

    def write(self, data: Any, /) -> int:
        """Take some bytes."""
        piece = bytes(data)
        self._pieces.append(piece)
        return len(piece)

    def taken(self) -> bytes:
        """Return what was written since the last time."""
        found = b"".join(self._pieces)
        self._pieces.clear()
        return found


class _Rows:
    """Pieces of a file, and how many rows have passed."""

    def __init__(self, parts: Iterable[tuple[bytes, int]]) -> None:
        self._parts = parts
        self.count = 0

    def __iter__(self) -> Iterator[bytes]:
        """Yield the pieces."""
        for part, count in self._parts:
            self.count += count
            yield part


def _csv(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[tuple[bytes, int]]:
    out, count = io.StringIO(), 0
    writer = csv.DictWriter(out, columns, lineterminator="\r\n")
    out.write(_BOM)
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(_plain(row.get(name))) for name in columns})
        count += 1
        if count == _ROWS:
            yield out.getvalue().encode(), count
            out.seek(0)
            out.truncate()
            count = 0
    yield out.getvalue().encode(), count


def _records(bundle: Bundle) -> Iterator[tuple[bytes, int]]:
    counted: list[int] = [0]

    def parts() -> Iterator[list[Row]]:
        for part in bundle.records():
            counted[0] += len(part)
            yield part

    for text in file_of("csv", parts()).iter_encoded():
        yield text, counted[0]
        counted[0] = 0


def _array(name: str, items: Iterable[bytes]) -> Iterator[bytes]:
    before = b',\n"' + name.encode() + b'":['
    for item in items:
        yield before + item
        before = b",\n"
    yield b"]" if before == b",\n" else before + b"]"


def _about(bundle: Bundle) -> Row:
    return {
        "organisation": bundle.organisation,
        "request": bundle.request,
        "made": iso(bundle.made),
        "identities": list(bundle.person.identities),
        "learners": list(bundle.person.numbers),
        "restricted": bundle.restricted(),
    }


def _statement(line: Line) -> bytes:
    told = {"relation": line.relation, "voided": line.voided, "stored": iso(line.stored)}
    return _json(told)[:-1] + b',"statement":' + line.raw + b"}"


def _statement_row(line: Line) -> Row:
    said = json.loads(line.raw)
    thing = said["object"]
    return {
        "id": said["id"],
        "relation": line.relation,
        "voided": line.voided,
        "stored": iso(line.stored),
        "timestamp": said["timestamp"],
        "verb": said["verb"]["id"],
        "object": thing.get("id", thing.get("objectType")),
        "statement": line.raw.decode(),
    }


def _document(named: Named) -> Row:
    """Return a document; one that is no JSON as text or, where it is no text, in Base64."""
    row = _document_row(named)
    if row["encoding"] == "text" and is_json(named.document.content_type):
        try:
            return row | {"encoding": "json", "content": json.loads(row["content"])}
        except ValueError:
            pass
    return row


def _document_row(named: Named) -> Row:
    body, content_type, _, modified = named.document
    try:
        encoding, content = "text", body.decode()
    except UnicodeDecodeError:
        encoding, content = "base64", base64.b64encode(body).decode()
    where = {name: value for name, value in named._asdict().items() if name != "document"}
    content_told = {"encoding": encoding, "content": content}
    return where | {"content_type": content_type, "modified": iso(modified)} | content_told


def _shared_row(row: Row) -> Row:
    purpose = row["purpose"]
    texts = {f"purpose_{language}": purpose.get(language) for language in ("vi", "en")}
    return row | texts | {"purpose": purpose.get("code")}


def _consents(bundle: Bundle) -> list[Row]:
    return [_CONSENTS.dump(shown(each)) for each in bundle.consents]


def _requests(bundle: Bundle) -> list[Row]:
    return [_REQUESTS.dump(request_of(each)) for each in bundle.requests]


def _columns(schema: Any) -> list[str]:
    return list(schema.dump_fields)


def _plain(value: Any) -> Any:
    """Return what stands in one cell; an object as JSON, a list with | between."""
    if isinstance(value, dict):
        return json.dumps(value, ensure_ascii=False)
    return "|".join(map(str, value)) if isinstance(value, list | tuple) else value


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, default=str).encode()

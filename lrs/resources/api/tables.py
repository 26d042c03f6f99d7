"""Registries in and out, as JSON or as files of CSV."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

from flask import Response, request

from lrs.errors import UnsupportedMediaType
from lrs.resources.api.interface import View
from lrs.resources.bodies import Bodies
from lrs.resources.encodings import vary
from lrs.services.mime import essence
from schemas.api.registries import SCHEMAS, rows_of
from schemas.faults import Refused
from schemas.registries import tables
from schemas.registries.csv_files import located
from schemas.registries.registries import Rows
from schemas.xapi.parsing import parse_json

CSV: Final = "text/csv"
_JSON: Final = "application/json"
_TEXT: Final = {CSV: {"schema": {"type": "string"}}}


def body_of(name: tables.List) -> dict[str, Any]:
    """Describe a body that is JSON or a file of this list."""
    return {"required": True, "content": {_JSON: {"schema": SCHEMAS[name]}, **_TEXT}}


def gives_files(section: Any) -> Callable[[View], View]:
    """Describe that a view may answer with a file as well; stands below its declaration."""

    def declare(function: View) -> View:
        described: View = section.blueprint.doc(responses={200: {"content": _TEXT}})(function)
        return described

    return declare


def may_be_unchanged(section: Any) -> Callable[[View], View]:
    """Describe that a view may answer that nothing has changed; stands below its declaration."""

    def declare(function: View) -> View:
        unchanged = {"description": "What the caller has is what there is."}
        described: View = section.blueprint.doc(responses={304: unchanged})(function)
        return described

    return declare


class Sent(NamedTuple):
    """The rows of a body; a file has one list only, where JSON has all lists of a registry."""

    rows: Rows
    file: bool


@contextmanager
def rows_sent(bodies: Bodies, name: tables.List) -> Iterator[Sent]:
    """Give the rows of the request's body, JSON or a file of this list.

    Raise Refused with the way to every row that does not hold, in a file with its number, too; so does what is raised
    inside of the block. Raise UnsupportedMediaType for another kind of body.
    """
    kind = essence(request.content_type or "")
    if kind not in {_JSON, CSV}:
        raise UnsupportedMediaType(f"Send {_JSON} or {CSV}")
    body, numbers = bodies.text(request), dict[str, int]()
    try:
        if kind == CSV:
            lists, numbers = tables.read(name, body)
            yield Sent(rows_of(name, lists, file=True), file=True)
        else:
            yield Sent(rows_of(name, parse_json(body)), file=False)
    except Refused as refused:
        raise located(refused, numbers) from refused


def wants_file(query: dict[str, Any]) -> bool:
    """Tell whether the answer is to be a file."""
    asked: str | None = query.get("format")
    return asked == "csv" if asked else request.accept_mimetypes.best_match([_JSON, CSV]) == CSV


def file_of(name: tables.List, rows: Rows) -> Response:
    """Answer with a file."""
    response = Response(tables.write(name, rows), content_type=f"{CSV}; charset=utf-8")
    response.headers["Content-Disposition"] = f"attachment; filename={name}.csv"
    vary(response, "Accept")
    return response

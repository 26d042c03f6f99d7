"""The query string of a request."""

from urllib.parse import parse_qsl

from flask import request

from lrs.errors import BadRequest
from schemas.faults import Fault


def arguments() -> list[tuple[str, str]]:
    """Return the parameters of this request in their order, repeated ones too; raise BadRequest without UTF-8."""
    # Flask's own `request.args` ends in a 500 for bytes that are no UTF-8, and keeps some of them as "%FF".
    try:
        return parse_qsl(request.query_string.decode(), keep_blank_values=True, errors="strict")
    except UnicodeDecodeError as error:
        message = "must be UTF-8, percent-encoded"
        raise BadRequest("The query string cannot be read", [Fault("", "utf-8", message)]) from error

"""The query string of a request."""

from flask import request
from werkzeug.datastructures import MultiDict


def arguments() -> list[tuple[str, str]]:
    """Return the parameters of this request in their order, repeated ones too."""
    found: MultiDict[str, str] = request.args
    return list(found.items(multi=True))

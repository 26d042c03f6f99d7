"""Pages of other origins (CORS): which may read the answers to a credential is said by the credential."""

import re
from typing import Final

from flask import Response, current_app, g, request
from flask.globals import request_ctx

from lrs.resources.encodings import vary
from lrs.services.principals import Principal

EVERYBODY: Final = "*"

_METHODS: Final = "DELETE, GET, HEAD, PATCH, POST, PUT"
_HEADERS: Final = (
    "Accept-Language, Authorization, Content-Encoding, Content-Type, If-Match, If-None-Match, X-Experience-API-Version"
)
_EXPOSED: Final = (
    "Content-Length, ETag, Last-Modified, Link, Retry-After, X-Experience-API-Consistent-Through, "
    "X-Experience-API-Hash, X-Experience-API-Version, X-Request-Id"
)
_REMEMBERED: Final = "7200"
_header_names = re.compile(r"[A-Za-z0-9_-]{1,64}(?:[ \t]*,[ \t]*[A-Za-z0-9_-]{1,64}){0,30}")


def preflight() -> Response:
    """Answer OPTIONS, which comes without a credential.

    So it cannot say whether the page will be let in: every origin may ask. It gives nothing away, as browsers send no
    credential by themselves here; the answer to the request that follows is readable only as its credential says.
    """
    response: Response = current_app.make_default_options_response()
    asked = request.headers.get("Access-Control-Request-Headers", "")
    response.headers["Access-Control-Allow-Methods"] = _METHODS
    response.headers["Access-Control-Allow-Headers"] = asked if _header_names.fullmatch(asked) else _HEADERS
    response.headers["Access-Control-Max-Age"] = _REMEMBERED
    vary(response, "Access-Control-Request-Headers")
    return response


def share(response: Response) -> Response:
    """Let the asking page read the answer, if the credential allows its origin."""
    response.headers.add("Vary", "Origin")
    origin = request_ctx.request.environ.get("HTTP_ORIGIN")
    if origin is None:
        return response
    caller: Principal | None = g.get("principal")
    # What is said to nobody in particular, such as 401, holds nothing of anybody.
    allowed = caller.origins if caller else {EVERYBODY}
    if EVERYBODY in allowed or origin in allowed:
        response.headers["Access-Control-Allow-Origin"] = EVERYBODY if EVERYBODY in allowed else origin
        response.headers["Access-Control-Expose-Headers"] = _EXPOSED
    return response

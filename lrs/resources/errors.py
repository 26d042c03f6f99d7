"""Every error becomes one shape on the wire: problem+json (RFC 9457), its ``errors`` with path, rule and message."""

import json
import logging
from collections.abc import Iterable
from typing import Final

from flask import Flask, Response, g, request
from werkzeug.exceptions import ClientDisconnected, HTTPException, RequestEntityTooLarge

from lrs.errors import LRSError, PayloadTooLarge, TooManyRequests, Unauthorized, Unavailable
from schemas.api.vocabulary import told_path
from schemas.faults import Fault, Refused, TooLarge

_BASIC: Final = 'Basic realm="xAPI", charset="UTF-8"'
_BEARER: Final = 'Bearer realm="xAPI", error="invalid_token"'

log = logging.getLogger(__name__)


def register(app: Flask) -> None:
    """Translate whatever leaves a view, the most specific first."""
    app.register_error_handler(LRSError, _lrs_error)
    app.register_error_handler(Refused, _refused)
    app.register_error_handler(RequestEntityTooLarge, _too_large)
    app.register_error_handler(ClientDisconnected, _cut_off)
    app.register_error_handler(HTTPException, _http_error)
    app.register_error_handler(Exception, _defect)


def problem(status: int, title: str, faults: Iterable[Fault] = (), headers: Iterable[tuple[str, str]] = ()) -> Response:
    """Return a problem document; its faults stay at hand for whoever keeps a record of refusals.

    A client may have anything for a name, somebody's mailbox included: what is no name of ours does not go back.
    """
    faults = g.faults = tuple(faults)
    told = [fault._replace(path=told_path(fault.path))._asdict() for fault in faults]
    body = {"title": title, "status": status, "errors": told}
    text = json.dumps(body, ensure_ascii=False)
    return Response(text, status, headers=list(headers), content_type="application/problem+json")


def _lrs_error(error: LRSError) -> Response:
    if type(error).status >= 500 and not isinstance(error, Unavailable):  # noqa: PLR2004 - HTTP's own number
        return _defect(error)
    headers = []
    if isinstance(error, Unavailable | TooManyRequests):
        headers.append(("Retry-After", str(error.retry_after)))
    if isinstance(error, Unauthorized):
        headers.append(("WWW-Authenticate", g.get("challenge", _BASIC)))
        # Which of the two was wrong: who has a token fetches another one then (RFC 6750, 3.1).
        if request.headers.get("Authorization", "")[:7].lower() == "bearer ":
            headers.append(("WWW-Authenticate", _BEARER))
    return problem(error.status, error.title, error.faults, headers)


def _refused(error: Refused) -> Response:
    if isinstance(error, TooLarge):
        return problem(413, error.faults[0].message, error.faults)
    return problem(400, "The request breaks a rule: errors says where, and which", error.faults)


def _too_large(_: RequestEntityTooLarge) -> Response:
    return _lrs_error(PayloadTooLarge(f"A request of this kind holds at most {request.max_content_length} bytes"))


def _cut_off(_: ClientDisconnected) -> Response:
    fault = Fault("", "body", "It must come whole and in the form that its headers announce.")
    return problem(400, "The body could not be read to its end", [fault])


def _http_error(error: HTTPException) -> Response:
    """Keep what Flask decided: the status, and headers such as Allow."""
    kept = [(name, value) for name, value in error.get_headers() if name.lower() != "content-type"]
    return problem(error.code or 500, error.description or error.name, headers=kept)


def _defect(error: Exception) -> Response:
    log.error("unexpected %s", type(error).__name__, exc_info=error)
    return problem(500, "Internal error")

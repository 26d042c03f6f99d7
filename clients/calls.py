"""One exchange with the server: address, headers, credential, and sending again where that is safe."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import urljoin, urlsplit

from .auth import Auth
from .errors import (
    AnswerLost,
    BadAnswer,
    Conflict,
    LRSError,
    OutcomeUnknown,
    PreconditionFailed,
    Unavailable,
    Unreachable,
    Untrusted,
    rejection,
)
from .messages import Body, Json, Request, Response, Version
from .queries import Query, query_text
from .retries import Attempts, Patience, seconds_asked
from .transport import Transport
from .version import __version__

_REDIRECTION = 300
_ERROR = 400


class Caller:
    """Makes requests of one server with one credential, and sends those again that do not get through."""

    def __init__(
        self, endpoint: str, auth: Auth | None, version: Version, transport: Transport, patience: Patience
    ) -> None:
        self._endpoint = _checked(endpoint)
        self._auth = auth
        self._version = version
        self._transport = transport
        self._patience = patience

    def request(
        self,
        method: str,
        resource: str,
        query: Query | None = None,
        body: Body | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Request:
        """Return a request of a resource such as ``statements``; members of the query that are None are left out."""
        url = f"{self._endpoint}/{resource}"
        if text := query_text(query or {}):
            url += f"?{text}"
        all_headers = {"X-Experience-API-Version": self._version, "User-Agent": f"sohoc-client/{__version__}"}
        all_headers.update(headers or {})
        if body is not None:
            all_headers["Content-Type"] = body.content_type
        return Request(method, url, all_headers, body.content if body is not None else None)

    def following(self, request: Request, link: str) -> Request:
        """Return the request of a ``more`` link that came with the answer to ``request``.

        The credential goes to the endpoint's host and to no other: of an absolute link, path and query are used.
        Raise BadAnswer where the link is no address.
        """
        ours = urlsplit(self._endpoint)
        try:
            there = urlsplit(urljoin(request.url, link))
        except ValueError as error:
            raise BadAnswer(f"the answer to {request!r} leads nowhere: its more is no address", request) from error
        return replace(request, url=there._replace(scheme=ours.scheme, netloc=ours.netloc, fragment="").geturl())

    def call(
        self, request: Request, *, until: float | None = None, again_if_lost: bool = True, ours_if_lost: bool = True
    ) -> Response:
        """Return the answer, a successful one; raise LRSError.

        What does not get through, or comes back as 429 or 503 and the like, is sent again as long as patience lasts,
        and no longer than ``until`` on the monotonic clock. ``again_if_lost`` is False where a request that may have
        been carried out must not be sent again. ``ours_if_lost`` says what a 409 or 412 means after an attempt whose
        answer was lost: as always, or, if False, that the outcome is unknown.
        """
        attempts = Attempts(self._patience, until)
        perhaps_done = False
        while True:
            try:
                return self._once(request, attempts.timeout())
            except Untrusted:
                raise
            except (Unreachable, AnswerLost, Unavailable) as error:
                perhaps_done = error.perhaps_done = perhaps_done or error.perhaps_done
                asked = error.retry_after if isinstance(error, Unavailable) else None
                if (perhaps_done and not again_if_lost) or not attempts.pause(asked):
                    raise
            except (Conflict, PreconditionFailed) as error:
                if ours_if_lost or not perhaps_done:
                    raise
                message = f"an answer to {request!r} was lost, and now it is {error.status}"
                raise OutcomeUnknown(message, request) from error

    def json(self, request: Request, kind: type[Any], *, until: float | None = None) -> Json:
        """Return the JSON that the server answers with; raise BadAnswer unless it is of this kind."""
        return decoded(request, self.call(request, until=until), kind)

    def _once(self, request: Request, timeout: float) -> Response:
        sent = request
        if self._auth is not None:
            sent = replace(request, headers={**request.headers, "Authorization": self._auth.header()})
        try:
            response = self._transport.send(sent, timeout)
        except LRSError as error:
            error.request = request
            raise
        return _accepted(request, response)


def decoded(request: Request, response: Response, kind: type[Any]) -> Json:
    """Return the JSON of an answer; raise BadAnswer unless it is of this kind."""
    try:
        found = response.json()
    except ValueError as error:
        raise BadAnswer(f"the answer to {request!r} is not JSON", request) from error
    if not isinstance(found, kind):
        raise BadAnswer(f"the answer to {request!r} is JSON, but not of the kind that xAPI gives here", request)
    return found


def _accepted(request: Request, response: Response) -> Response:
    if response.status >= _ERROR:
        error = rejection(request, response)
        if isinstance(error, Unavailable):
            error.retry_after = seconds_asked(response.header("Retry-After"))
        raise error
    if response.status >= _REDIRECTION:
        # Not followed: the credential would go to whoever is named there.
        place = _place(response.header("Location") or "")
        raise BadAnswer(f"{request!r} is answered with {response.status}, a redirection to {place}", request)
    return response


def _place(location: str) -> str:
    """Return an address as it may be shown: its query, and what stands before its host, may name people."""
    try:
        address = urlsplit(location)
    except ValueError:
        return "another address"
    shown = address._replace(netloc=address.netloc.rpartition("@")[2], query="", fragment="").geturl()
    return shown or "another address"


def _checked(endpoint: str) -> str:
    address = urlsplit(endpoint)
    if address.scheme not in {"http", "https"} or not address.hostname:
        raise ValueError("an endpoint is an address such as https://lrs.example.org/xapi")
    if address.username is not None or address.query or address.fragment:
        raise ValueError("an endpoint has neither credentials nor a query; hand the key over as Basic(key, secret)")
    return endpoint.rstrip("/")

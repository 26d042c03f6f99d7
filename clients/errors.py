"""Everything that can go wrong between a program and a learning record store, as one tree.

    LRSError                    catch this to catch all
      Unsendable                what was handed over cannot be written as JSON or HTTP; it was not sent
      NoAnswer                  no whole answer came
        Unreachable             no connection; nothing was sent
          Untrusted             the server's certificate does not hold; not tried again
        AnswerLost              sent, and cut off or too late: it may have been carried out
      BadAnswer                 an answer that xAPI does not allow, or a redirection
      OutcomeUnknown            an answer was lost, and asking again cannot tell whether the change is ours
      Rejected                  the server said no
        Refused                 400 and every 4xx that is not below
        Unauthorized            401
        Forbidden               403
        NotFound                404
        Conflict                409  the id is taken by something else, or a document needs a precondition
        PreconditionFailed      412  the document is not what the caller thinks it is
        TooLarge                413
        Unavailable             408, 429, 502, 503, 504: still so when patience ended
        ServerFailed            every other 5xx

``request`` is what was asked, without the credential. Exceptions of the standard library leave as one of these,
with the original as ``__cause__``.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

from .messages import Request, Response

_LONGEST_MESSAGE = 500


class Fault(NamedTuple):
    """One thing that is wrong with what was sent: where, against which rule, and in words."""

    path: str
    rule: str
    message: str


class LRSError(Exception):
    """The root. ``perhaps_done`` tells whether the request may have been carried out all the same.

    When saving statements failed, ``saved`` has the ids of those that are stored and ``unsaved`` the others, with the
    ids they have been given: save these to try again, and none is stored twice.
    """

    perhaps_done = False

    def __init__(self, message: str, request: Request | None = None) -> None:
        super().__init__(message)
        self.request = request
        self.saved: Sequence[str] = ()
        self.unsaved: Sequence[dict[str, Any]] = ()


class Unsendable(LRSError, ValueError):
    """What was handed over cannot be written as JSON or HTTP, and was not sent.

    When many statements were saved, the path of its fault tells which; it counts from the first of ``unsaved``.
    """

    faults: tuple[Fault, ...] = ()


class NoAnswer(LRSError):
    """No whole answer came."""


class Unreachable(NoAnswer):
    """There was no connection. Nothing was sent."""


class Untrusted(Unreachable):
    """The server's certificate does not hold."""


class AnswerLost(NoAnswer):
    """The request went out, but its answer was cut off or came too late."""

    perhaps_done = True


class BadAnswer(LRSError):
    """The server answered in a way that xAPI does not allow, or from another address."""

    perhaps_done = True


class OutcomeUnknown(LRSError):
    """A lost answer left it open whether the change was made; read the document to see."""

    perhaps_done = True


class Rejected(LRSError):
    """The server said no: ``status``, the server's own ``title``, and ``faults`` where it named some.

    When many statements were saved, the paths of the faults count from the first of ``unsaved``.
    """

    status = 0
    title = ""
    faults: tuple[Fault, ...] = ()
    response: Response | None = None


class Refused(Rejected):
    """The request breaks a rule."""


class Unauthorized(Rejected):
    """The credential is missing or wrong."""


class Forbidden(Rejected):
    """The credential does not allow this."""


class NotFound(Rejected):
    """There is nothing here that the credential may see."""


class Conflict(Rejected):
    """The id is taken by something else, or the document exists and needs a precondition."""


class PreconditionFailed(Rejected):
    """The document is not the one that the ETag named, or exists although it should be new."""


class TooLarge(Rejected):
    """The server takes no request of this size."""


class Unavailable(Rejected):
    """The server could not answer for the moment; ``retry_after`` is in seconds, where it said so."""

    retry_after: float | None = None


class ServerFailed(Rejected):
    """The server has a defect."""

    perhaps_done = True


_BY_STATUS: dict[int, type[Rejected]] = {
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    408: Unavailable,
    409: Conflict,
    412: PreconditionFailed,
    413: TooLarge,
    429: Unavailable,
    502: Unavailable,
    503: Unavailable,
    504: Unavailable,
}
_FIRST_SERVER_ERROR = 500


def rejection(request: Request, response: Response) -> Rejected:
    """Return the error for an answer whose status is 400 or more."""
    status = response.status
    kind = _BY_STATUS.get(status, ServerFailed if status >= _FIRST_SERVER_ERROR else Refused)
    title, faults = _explained(response)
    details = "; ".join(f"{fault.path}: {fault.message}" if fault.path else fault.message for fault in faults)
    text = ": ".join(filter(None, (f"{status} for {request!r}", title, details)))
    error = kind(text[:_LONGEST_MESSAGE], request)
    error.status, error.title, error.faults, error.response = status, title, faults, response
    # A gateway gives up on requests that its server may still carry out; a server whose database is silent, too.
    error.perhaps_done = status >= _FIRST_SERVER_ERROR
    return error


def _explained(response: Response) -> tuple[str, tuple[Fault, ...]]:
    """Find the server's own words: problem+json, what other stores send, or plain text."""
    if response.media_type == "text/plain":
        return response.content.decode("utf-8", "replace").strip()[:_LONGEST_MESSAGE], ()
    try:
        body = response.json()
    except ValueError:
        return "", ()
    if not isinstance(body, dict):
        return "", ()
    # FastAPI lists what is wrong below "detail"; what it repeats of the input is left out.
    listed = body.get("errors") or body.get("detail")
    each_listed = listed if isinstance(listed, list) else []
    return _title(body), tuple(_fault(each) for each in each_listed if isinstance(each, dict))


def _title(body: dict[str, Any]) -> str:
    said = [body.get(name) for name in ("title", "detail", "message", "error")]
    said += [each.get("message") for each in said if isinstance(each, dict)]
    return next((each[:_LONGEST_MESSAGE] for each in said if isinstance(each, str)), "")


def _fault(listed: dict[str, Any]) -> Fault:
    place = listed.get("loc")
    path = ".".join(map(str, place)) if isinstance(place, list) else listed.get("path", "")
    rule, message = listed.get("rule") or listed.get("type", ""), listed.get("message") or listed.get("msg", "")
    return Fault(str(path), str(rule), str(message))

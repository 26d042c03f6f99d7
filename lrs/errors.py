"""Every error that this store answers with, as one tree.

    LRSError                      500  a defect
      BadRequest                  400  malformed, or against a rule of the specification
      Unauthorized                401  no credential, or a wrong one
      Forbidden                   403  a good credential without the right
      NotFound                    404
      Conflict                    409  the id is taken by something else
      PreconditionFailed          412  If-Match or If-None-Match does not hold
      PayloadTooLarge             413  names the limit
      UnsupportedMediaType        415
      TooManyRequests             429  with Retry-After
      Unavailable                 503  with Retry-After: the store cannot be reached
        OutcomeUnknown            503  it did not say in time whether it stored something

Foreign exceptions are translated into these at their border: pymongo's in ``lrs.store.errors``, those of
``schemas`` and of Flask in ``lrs.resources.errors``.
"""

from collections.abc import Iterable

from schemas.faults import Fault


class LRSError(Exception):
    """The root. ``status`` is the HTTP status, ``title`` the sentence a client reads."""

    status = 500
    title = "Internal error"

    def __init__(self, title: str | None = None, faults: Iterable[Fault] = ()) -> None:
        if title is not None:
            self.title = title
        self.faults = tuple(faults)
        super().__init__(self.title)


class BadRequest(LRSError):
    """The request is malformed or breaks a rule of the specification."""

    status = 400
    title = "Bad request"


class Unauthorized(LRSError):
    """The request carries no credential, or one that does not hold."""

    status = 401
    title = "Credentials are missing or wrong"


class Forbidden(LRSError):
    """The credential holds but does not allow this."""

    status = 403
    title = "This credential does not allow this"


class NotFound(LRSError):
    """There is nothing here that the caller may see."""

    status = 404
    title = "Not found"


class Conflict(LRSError):
    """The id is taken by something different."""

    status = 409
    title = "Conflict"


class PreconditionFailed(LRSError):
    """If-Match or If-None-Match does not hold."""

    status = 412
    title = "Precondition failed"


class PayloadTooLarge(LRSError):
    """The request is larger than a limit; the title names it."""

    status = 413
    title = "Payload too large"


class UnsupportedMediaType(LRSError):
    """The content type is not one this resource takes."""

    status = 415
    title = "Unsupported media type"


class TooManyRequests(LRSError):
    """The caller is over a limit of requests; ``retry_after`` is in seconds."""

    status = 429
    title = "Too many requests"

    def __init__(self, title: str | None = None, *, retry_after: int = 1) -> None:
        super().__init__(title)
        self.retry_after = retry_after


class Unavailable(LRSError):
    """The store cannot be reached or did not say in time; ``retry_after`` is in seconds."""

    status = 503
    title = "The store is not available for the moment; send the same again"

    def __init__(self, title: str | None = None, *, retry_after: int = 2) -> None:
        super().__init__(title)
        self.retry_after = retry_after


class OutcomeUnknown(Unavailable):
    """Something was sent to be stored and not confirmed: it may still appear."""

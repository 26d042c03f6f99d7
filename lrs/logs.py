"""Logs as JSON lines on standard error, each with the id of the request it belongs to.

Nothing here writes query strings, bodies or the messages of exceptions: they may hold what a learner did, or a mailbox.
"""

import logging
import random
import re
import sys
import traceback
from collections.abc import Callable, Iterable, MutableMapping
from typing import Any

import msgspec
import structlog

Environ = dict[str, Any]
StartResponse = Callable[..., Any]
Application = Callable[[Environ, StartResponse], Iterable[bytes]]

_GIVEN = re.compile(r"[A-Za-z0-9._-]{1,64}")
_FRAMES = 12


def configure(level: str) -> None:
    """Send everything that is logged at ``level`` or above to standard error, one JSON object a line."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True, key="time"),
        _exception,
    ]
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.JSONRenderer(serializer=_encode),
        ],
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # What pymongo says at "debug" are the commands themselves, statements and all.
    logging.getLogger("pymongo").setLevel(max(logging.INFO, logging.getLogger().level))
    structlog.configure(
        processors=[structlog.stdlib.filter_by_level, *shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )


class RequestIds:
    """WSGI: give every request an id, for the logs and in X-Request-Id.

    Behind a proxy that is ``trusted``, it is the request's own if that is a plain word. Of others it is not: a word
    that strangers choose may be somebody's name, and would stand in every line.
    """

    def __init__(self, application: Application, *, trusted: bool = False) -> None:
        self._application = application
        self._trusted = trusted
        # Only to tell requests apart: the system's own randomness would cost a switch of threads each time. Made here,
        # in the process that serves, so that no two processes draw the same.
        self._draw = random.Random().getrandbits  # noqa: S311 - no secret

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer the request under its id."""
        given = environ.get("HTTP_X_REQUEST_ID", "") if self._trusted else ""
        request_id = given if _GIVEN.fullmatch(given) else f"{self._draw(64):016x}"
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request=request_id)

        def start(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            return start_response(status, [*headers, ("X-Request-Id", request_id)], *rest)

        return self._application(environ, start)


def _exception(_: Any, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace a traceback by its types and places."""
    found = event.pop("exc_info", None)
    error = sys.exc_info()[1] if found is True else found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__qualname__
        frames = traceback.extract_tb(error.__traceback__)[-_FRAMES:]
        event["at"] = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in frames]
        if error.__cause__ is not None:
            event["cause"] = type(error.__cause__).__qualname__
    return event


def _encode(event: Any, **_: Any) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()

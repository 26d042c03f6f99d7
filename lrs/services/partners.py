"""Stores of partners, asked over xAPI: what they are sent, what they are asked for, and what their answers mean."""

import json
import re
from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from tempfile import SpooledTemporaryFile
from typing import IO, Final, NamedTuple
from urllib.parse import urlencode, urljoin, urlsplit

from lrs.services import clocks
from lrs.services.attachments import OutgoingAttachment
from lrs.services.multipart import mixed_body
from lrs.services.web import NoAnswer, Reply, Web

SECONDS: Final = 20.0
"""What one request to a partner may take."""
LONGEST_REASON: Final = 300
LARGEST_PAGE: Final = 288 * 1024**2
"""Bytes of one page with its attachments."""
_IN_MEMORY: Final = 4 * 1024**2
_CHUNK: Final = 128 * 1024
_LONGEST_WAIT: Final = 3600.0
_UNREADABLE: Final = re.compile(r"[\x00-\x1f\x7f]+")
_ACCEPT: Final = {"Accept": "multipart/mixed, application/json"}
_GOOD: Final = {HTTPStatus.OK, HTTPStatus.NO_CONTENT}
_OF_CONTENT: Final = {
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.CONFLICT,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
}
"""What a partner answers to something in what was sent: sent again, it would be refused again."""


class Waits(Exception):
    """Nothing can be done with a partner now: ``reason`` in plain words, ``seconds`` to wait if it says so."""

    def __init__(self, reason: str, seconds: float = 0.0) -> None:
        self.reason = reason
        self.seconds = min(seconds, _LONGEST_WAIT)
        super().__init__(reason)


class Refusal(NamedTuple):
    """A partner does not take what was sent."""

    status: int
    reason: str


class Partner:
    """A store of somebody else: ``url`` is its xAPI endpoint, spoken to in ``version`` with HTTP Basic."""

    def __init__(self, web: Web, url: str, version: str, key: str, secret: str) -> None:
        self._web = web
        self._statements = f"{url.rstrip('/')}/statements"
        pair = b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {pair}", "X-Experience-API-Version": version}

    def post(self, statements: Sequence[bytes], attachments: Sequence[OutgoingAttachment] = ()) -> Refusal | None:
        """Send statements, all or none; return why they are not taken. Raise Waits."""
        body = b"[" + b",".join(statements) + b"]"
        if not attachments:
            return self._sent(body, {"Content-Type": "application/json"})
        kind, chunks = mixed_body(body, attachments)
        # Through a file: stores in wide use want to know the length, and the database is not waited for meanwhile.
        with SpooledTemporaryFile(max_size=_IN_MEMORY) as file:
            length = sum(map(file.write, chunks))
            file.seek(0)
            return self._sent(_pieces(file), {"Content-Type": kind, "Content-Length": str(length)})

    def _sent(self, body: bytes | Iterable[bytes], headers: dict[str, str]) -> Refusal | None:
        reply = self._asked("POST", self._statements, body, headers)
        if reply.status in _GOOD:
            return None
        if reply.status in _OF_CONTENT:
            return Refusal(reply.status, reason_of(reply.body))
        raise _waits(reply)

    def first(self, query: dict[str, str], into: IO[bytes]) -> Reply:
        """Ask for the first page of statements, which goes ``into`` a file; raise Waits."""
        return self._page(f"{self._statements}?{urlencode(query)}", into)

    def one(self, statement: str, into: IO[bytes], *, attachments: bool) -> Reply | None:
        """Ask for one statement, which goes ``into`` a file; None where there is none. Raise Waits."""
        query = {"statementId": statement, "attachments": "true"} if attachments else {"statementId": statement}
        reply = self._asked("GET", f"{self._statements}?{urlencode(query)}", None, _ACCEPT, into)
        if reply.status == HTTPStatus.NOT_FOUND:
            return None
        if reply.status == HTTPStatus.OK:
            return reply
        raise _waits(reply)

    def onward(self, more: str, into: IO[bytes]) -> Reply:
        """Ask for the page that a ``more`` leads to, on the same host; raise Waits."""
        try:
            url, here = urljoin(self._statements, more), urlsplit(self._statements)
            there = urlsplit(url)
        except ValueError as error:
            raise Waits("its link to more statements is no address") from error
        if (there.scheme, there.netloc) != (here.scheme, here.netloc):
            raise Waits("its link to more statements leads to another host")
        return self._page(url, into)

    def _page(self, url: str, into: IO[bytes]) -> Reply:
        reply = self._asked("GET", url, None, _ACCEPT, into)
        if reply.status == HTTPStatus.OK:
            return reply
        raise _waits(reply)

    def _asked(
        self,
        method: str,
        url: str,
        body: bytes | Iterable[bytes] | None,
        headers: dict[str, str],
        into: IO[bytes] | None = None,
    ) -> Reply:
        largest = {} if into is None else {"largest": LARGEST_PAGE}
        try:
            return self._web.exchange(method, url, body, self._headers | headers, into=into, **largest)
        except NoAnswer as error:
            raise Waits(error.title) from error


def reason_of(body: bytes) -> str:
    """Return what an answer says, in one line of some hundred characters."""
    try:
        told = json.loads(body)
    except (ValueError, RecursionError):
        told = None
    texts = list(_told(told)) if isinstance(told, dict) else [body.decode(errors="replace")]
    return _UNREADABLE.sub(" ", "; ".join(texts)).strip()[:LONGEST_REASON]


def _told(problem: dict[str, object]) -> Iterator[str]:
    """Yield the sentences of a problem (RFC 9457), with the first fault that it names, or of another store."""
    for name in ("title", "detail", "message", "error"):
        if problem.get(name):
            yield str(problem[name])
    errors = problem.get("errors")
    if isinstance(errors, list) and errors and isinstance(errors[0], dict):
        yield ": ".join(str(errors[0][name]) for name in ("path", "message") if errors[0].get(name))


def _waits(reply: Reply) -> Waits:
    return Waits(f"The partner answers with {reply.status}", asked_for(reply.headers.get("retry-after", "")))


def asked_for(retry_after: str) -> float:
    """Return the seconds that a Retry-After asks for, as a number or a date, an hour at most; 0 where it is neither."""
    try:
        if retry_after.strip().isdecimal():
            seconds = float(retry_after)
        else:
            date = parsedate_to_datetime(retry_after)
            now = datetime.fromtimestamp(clocks.now() / 1_000_000, UTC)
            seconds = (date.replace(tzinfo=date.tzinfo or UTC) - now).total_seconds()
    # A partner may write any year and any number.
    except (ValueError, OverflowError, TypeError):
        return 0.0
    return max(0.0, min(seconds, _LONGEST_WAIT))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    while data := file.read(_CHUNK):
        yield data

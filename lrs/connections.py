"""How connections are treated: gunicorn's threaded worker, whose threads are for whole requests only.

As it comes, a client that trickles the head of a request keeps a thread for as long as it likes, one that does not
close after a refusal keeps all of the process waiting, and a request that follows another in one packet is
forgotten. Here the loop that waits for all connections also waits for heads and for closing ones. Requests get their
threads in turns, by who seems to send them: nothing is checked yet, and another name only means another line.
"""

import io
import json
import re
import socket
import struct
import time
from collections import deque
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from selectors import EVENT_READ
from typing import Any, Final, cast
from weakref import WeakKeyDictionary

from gunicorn import util
from gunicorn.http import Request
from gunicorn.http.body import ChunkedReader
from gunicorn.http.errors import (
    ExpectationFailed,
    InvalidChunkSize,
    InvalidHeader,
    LimitRequestHeaders,
    NoMoreData,
    ParseException,
)
from gunicorn.http.parser import RequestParser
from gunicorn.http.unreader import Unreader
from gunicorn.workers.gthread import TConn, ThreadWorker

from lrs.turns import Turns

SILENCE: Final = struct.pack("ll", 30, 0)
"""A timeval: 30 seconds in which a body, or the reading of an answer, may make no progress."""
HEAD_SECONDS: Final = 10
HEAD_BYTES: Final = 64 * 1024
FRAMING_BYTES: Final = 16 * 1024
_HEAD_END: Final = re.compile(rb"[^\r\n]\r?\n\r?\n")
_BARE_LF: Final = re.compile(rb"(?<!\r)\n")
_CALLER: Final = re.compile(rb"\n(?:authorization|cookie)[ \t]*:([^\r\n]*)", re.IGNORECASE)
_TOO_MANY: Final = 429
_LINGER_SECONDS: Final = 2
_REFUSALS: Final[dict[type[BaseException], tuple[int, str]]] = {
    ExpectationFailed: (417, "Expectation Failed"),
    LimitRequestHeaders: (431, "Request Header Fields Too Large"),
    ParseException: (400, "Bad Request"),
}


class Worker(ThreadWorker):
    """gunicorn's threaded worker, less patient: with slow or silent clients, broken bodies, and when it is to stop."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Wait for nothing yet."""
        super().__init__(*args, **kwargs)
        self._head_due: WeakKeyDictionary[TConn, float] = WeakKeyDictionary()
        self._lingering: deque[tuple[float, TConn]] = deque()
        self._turns: Turns[TConn] = Turns(self.cfg.threads)
        self._served: dict[TConn, str] = {}

    def enqueue_req(self, conn: TConn) -> None:
        """Give a connection a thread, in its turn, once the head of a request is there."""
        if not conn.initialized:
            for option in (socket.SO_RCVTIMEO, socket.SO_SNDTIMEO):
                conn.sock.setsockopt(socket.SOL_SOCKET, option, SILENCE)
            conn.init()
        held, came = _take_what_came(conn)
        head = _HEAD_END.search(held)
        if head or not came:
            self._head_due.pop(conn, None)
            self._wait_for_turn(conn, held[: head.end()] if head else held)
        elif len(held) > HEAD_BYTES:
            self._refuse(conn, 431, "Request Header Fields Too Large")
        else:
            self._wait_for_head(conn, begun=bool(held))

    def handle_request(self, req: Request, conn: TConn) -> bool:
        """Answer one request; refuse codings that nobody here decodes."""
        coding = dict(req.headers).get("TRANSFER-ENCODING", "chunked")
        if coding.lower() != "chunked":
            raise InvalidHeader("TRANSFER-ENCODING", req=req)
        if req.body is not None:
            reader = _Chunks(req, req.unreader) if isinstance(req.body.reader, ChunkedReader) else req.body.reader
            req.body.reader = careful = _Careful(req, reader)  # type: ignore[assignment]  # read() is all it takes
            req.should_close = careful.should_close  # type: ignore[method-assign]
        return super().handle_request(req, conn)

    def handle_error(self, req: Any, client: Any, addr: Any, exc: BaseException) -> None:  # noqa: ARG002 - gunicorn's
        """Tell a client that its request is none, in our one shape and without repeating any of it."""
        known = next((kind for kind in type(exc).__mro__ if kind in _REFUSALS), None)
        if known is None:
            self.log.error("Error handling request", exc_info=exc)
        else:
            self.log.info("Invalid request from ip=%s: %s", addr[0] if addr else "", type(exc).__name__)
        status, title = _REFUSALS[known] if known else (500, "Internal Server Error")
        with suppress(OSError):
            util.write_nonblock(client, _problem(status, title))

    def finish_request(self, conn: TConn, fs: Future[Any]) -> None:
        """Keep the connection for a next request, which may be here already, or close it without waiting."""
        self._turns.end(self._served.pop(conn))
        kept = not fs.cancelled() and fs.exception() is None and fs.result()
        if not (kept and self.alive):
            self._linger(conn)
        elif _parser(conn).unreader.buf.getvalue():
            self.enqueue_req(conn)
        else:
            conn.set_timeout()
            self.keepalived_conns.append(conn)
            self.poller.register(conn.sock, EVENT_READ, partial(self.on_client_socket_readable, conn))
        self._serve()

    def murder_keepalived(self) -> None:
        """Close connections that are idle for too long; all of them once the worker stops."""
        if not self.alive:
            for conn in self.keepalived_conns:
                conn.timeout = 0
        super().murder_keepalived()

    def murder_pending(self) -> None:
        """Close connections whose head does not come and those that were told to; all of them once the worker stops."""
        now = time.monotonic() if self.alive else float("inf")
        for conn in [conn for conn in self.pending_conns if (conn.timeout or 0) <= now]:
            self.pending_conns.remove(conn)
            self.poller.unregister(conn.sock)
            self._refuse(conn, 408, "Request Timeout")
        while self._lingering and self._lingering[0][0] <= now:
            self._close(self._lingering.popleft()[1])

    def _wait_for_turn(self, conn: TConn, head: bytes) -> None:
        caller = _caller(conn, head)
        # One caller's line must leave room for the connections of others.
        if self._turns.waiting(caller) >= self.worker_connections // 2:
            self._refuse(conn, _TOO_MANY, "Too Many Requests")
            return
        self._turns.wait(caller, conn)
        self._serve()

    def _serve(self) -> None:
        for caller, conn in self._turns.begin():
            self._served[conn] = caller
            super().enqueue_req(conn)

    def _wait_for_head(self, conn: TConn, *, begun: bool) -> None:
        now = time.monotonic()
        conn.timeout = self._head_due.setdefault(conn, now + HEAD_SECONDS) if begun else now + self.cfg.keepalive
        self.pending_conns.append(conn)
        self.poller.register(conn.sock, EVENT_READ, partial(self.on_pending_socket_readable, conn))

    def _refuse(self, conn: TConn, status: int, title: str) -> None:
        if _parser(conn).unreader.buf.getvalue():
            with suppress(OSError):
                util.write_nonblock(conn.sock, _problem(status, title))
        self._linger(conn)

    def _linger(self, conn: TConn) -> None:
        """Close a connection; read what still comes for a while, or the answer would be lost (RFC 9112, 9.6)."""
        if not self.alive:
            self._close(conn)
            return
        try:
            conn.sock.shutdown(socket.SHUT_WR)
            self.poller.register(conn.sock, EVENT_READ, partial(self._drain, conn))
        except (OSError, ValueError):
            self._close(conn)
        else:
            self._lingering.append((time.monotonic() + _LINGER_SECONDS, conn))

    def _drain(self, conn: TConn, _: Any) -> None:
        try:
            data = conn.sock.recv(HEAD_BYTES, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return
        except OSError:
            data = b""
        if not data:
            self._lingering = deque(each for each in self._lingering if each[1] is not conn)
            self._close(conn)

    def _close(self, conn: TConn) -> None:
        with suppress(KeyError, ValueError):
            self.poller.unregister(conn.sock)
        self.nr_conns -= 1
        conn.close()


class _Chunks(ChunkedReader):
    """Reads chunks whose framing is small and ends its lines in CRLF: gunicorn would wait for more without an end."""

    def get_data(self, unreader: Unreader, buf: io.BytesIO) -> None:
        """Read more of a line or of the trailers."""
        held = buf.getvalue()
        if len(held) > FRAMING_BYTES or _BARE_LF.search(held):
            raise InvalidChunkSize(b"")
        super().get_data(unreader, buf)


class _Careful:
    """Reads a body. After a failure nobody knows where the next request begins: the connection must close."""

    def __init__(self, request: Request, reader: Any) -> None:
        self._request = request
        self._reader = reader
        self._asked_to_close = request.should_close

    def should_close(self) -> bool:
        """Tell whether no request can follow; what is left of a body is in its way, and waited for by nobody."""
        left = self._reader.parser if isinstance(self._reader, ChunkedReader) else self._reader.length
        return bool(left) or self._asked_to_close()

    def read(self, size: int) -> bytes:
        due = min(size, getattr(self._reader, "length", 0))
        try:
            data: bytes = self._reader.read(size)
        except Exception:
            self._request.force_close()
            raise
        if len(data) < due:
            # gunicorn would pass a body that was cut off for a whole one.
            self._request.force_close()
            raise NoMoreData
        return data


def _parser(conn: TConn) -> RequestParser:
    # Nothing but HTTP/1.1 is spoken here.
    return cast("RequestParser", conn.parser)


def _caller(conn: TConn, head: bytes) -> str:
    """Return who seems to send a request: what it would be let in by, or else its address."""
    if found := _CALLER.search(head):
        return found[1].strip().decode("latin-1")
    return str(conn.client[0]) if isinstance(conn.client, tuple) else ""


def _take_what_came(conn: TConn) -> tuple[bytes, bool]:
    """Move what the client has sent to where the parser begins to read; return that, and False if no more will come."""
    buffer = _parser(conn).unreader.buf
    buffer.seek(0, io.SEEK_END)
    try:
        data = conn.sock.recv(HEAD_BYTES, socket.MSG_DONTWAIT)
    except BlockingIOError:
        return buffer.getvalue(), True
    except OSError:
        return buffer.getvalue(), False
    buffer.write(data)
    return buffer.getvalue(), bool(data)


def _problem(status: int, title: str) -> bytes:
    fault = {"path": "", "rule": "http", "message": "This is not, or not in time, a request that HTTP/1.1 allows."}
    later = status == _TOO_MANY
    body = json.dumps({"title": title, "status": status, "errors": [] if later else [fault]}).encode()
    head = b"Connection: close\r\nContent-Type: application/problem+json\r\n" + b"Retry-After: 1\r\n" * later
    return b"HTTP/1.1 %d %b\r\n%bContent-Length: %d\r\n\r\n%b" % (status, title.encode(), head, len(body), body)

"""The seam to the network. Only what implements ``Transport`` has a socket; tests and programs may bring their own."""

import http.client
import io
import os
import selectors
import socket
import ssl
import threading
import time
from contextlib import suppress
from typing import Any, Protocol
from urllib.parse import SplitResult, urlsplit

from .errors import AnswerLost, BadAnswer, Unreachable, Unsendable, Untrusted
from .messages import Request, Response

_CHUNK = 256 * 1024
_DEFAULT_LIMIT = 512 * 1024 * 1024


class Transport(Protocol):
    """Carries one request to its server and one answer back."""

    def send(self, request: Request, timeout: float) -> Response:
        """Return the answer, whatever its status; raise NoAnswer, BadAnswer or Unsendable and nothing else."""

    def close(self) -> None:
        """Let go of all connections."""


class HTTPTransport:
    """HTTP/1.1 over connections that are kept open; may be used by many threads.

    ``context`` decides which certificates are trusted, those of the system by default. An answer larger than
    ``limit`` bytes is not read.
    """

    def __init__(self, context: ssl.SSLContext | None = None, *, limit: int = _DEFAULT_LIMIT) -> None:
        self._context = context
        self._limit = limit
        self._idle: dict[tuple[int, str, str], list[http.client.HTTPConnection]] = {}
        self._lock = threading.Lock()

    def send(self, request: Request, timeout: float) -> Response:
        """Return the answer; ``timeout`` seconds are for all of it: connecting, sending and reading."""
        until = time.monotonic() + timeout
        address = urlsplit(request.url)
        connection = self._connected(address, request, timeout)
        try:
            response = self._exchange(connection, address, request, until)
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:
            self._keep(address, connection)
        return response

    def close(self) -> None:
        """Close the connections that are idle."""
        with self._lock:
            idle = [each for kept in self._idle.values() for each in kept]
            self._idle.clear()
        for each in idle:
            each.close()

    def _connected(self, address: SplitResult, request: Request, timeout: float) -> http.client.HTTPConnection:
        while (kept := self._kept(address)) is not None:
            if not _ended(kept):
                return kept
            kept.close()
        try:
            connection = self._connection(address, timeout)
            connection.connect()
        except ssl.SSLCertVerificationError as error:
            message = f"the certificate of {address.netloc} does not hold: {error.verify_message}"
            raise Untrusted(message, request) from error
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError is what an impossible host name or port gives.
            raise Unreachable(f"no connection to {address.netloc}: {error}", request) from error
        return connection

    def _connection(self, address: SplitResult, timeout: float) -> http.client.HTTPConnection:
        host = address.hostname or ""
        if address.scheme == "https":
            context = self._context or ssl.create_default_context()
            return http.client.HTTPSConnection(host, address.port, timeout=timeout, context=context)
        return http.client.HTTPConnection(host, address.port, timeout=timeout)

    def _exchange(
        self, connection: http.client.HTTPConnection, address: SplitResult, request: Request, until: float
    ) -> Response:
        def in_time(sock: socket.socket, *arguments: Any, **options: Any) -> http.client.HTTPResponse:
            return http.client.HTTPResponse(_InTime(sock, until), *arguments, **options)  # type: ignore[arg-type] # of a socket it wants makefile only

        connection.response_class = in_time  # type: ignore[assignment] # it is only called
        try:
            _patient(connection.sock, until)
            _write(connection, address, request)
            answer = connection.getresponse()
            content = self._read(answer, request)
        except (OSError, http.client.IncompleteRead) as error:
            raise AnswerLost(f"the answer to {request!r} was lost: {error or type(error).__name__}", request) from error
        except http.client.HTTPException as error:
            message = f"the answer to {request!r} is not HTTP as it should be: {type(error).__name__}"
            raise BadAnswer(message, request) from error
        return Response(answer.status, {name.lower(): value for name, value in answer.getheaders()}, content)

    def _read(self, answer: http.client.HTTPResponse, request: Request) -> bytes:
        """Read to the end, but not beyond the limit."""
        expected = answer.length
        content = bytearray()
        # Counted here: read1 notices neither the end nor a premature one where the length is announced.
        while expected is None or len(content) < expected:
            if not (chunk := answer.read1(_CHUNK)):
                break
            content += chunk
            if len(content) > self._limit:
                raise BadAnswer(f"the answer to {request!r} is larger than {self._limit} bytes", request)
        # Headers that were cut off pass for whole ones with http.client; then nothing follows, of no announced length.
        if len(content) < (1 if expected is None and not answer.chunked else expected or 0):
            raise http.client.IncompleteRead(b"", expected)
        answer.close()
        return bytes(content)

    def _kept(self, address: SplitResult) -> http.client.HTTPConnection | None:
        with self._lock:
            kept = self._idle.get(_origin(address))
            return kept.pop() if kept else None

    def _keep(self, address: SplitResult, connection: http.client.HTTPConnection) -> None:
        with self._lock:
            self._idle.setdefault(_origin(address), []).append(connection)


class _InTime(io.RawIOBase):
    """What a socket receives until a moment, headers and all: a server that trickles is cut off then."""

    def __init__(self, sock: socket.socket, until: float) -> None:
        self._sock = sock
        self._until = until
        # It keeps the socket open where http.client closes its connection before the answer is read.
        self._stream = sock.makefile("rb", buffering=0)

    def makefile(self, _: str) -> io.BufferedReader:
        """Return itself as a file: what http.client asks of a socket."""
        return io.BufferedReader(self)

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int | None:
        """Receive what there is, as long as there is time."""
        _patient(self._sock, self._until)
        return self._stream.readinto(buffer)

    def close(self) -> None:
        """Let go of the socket."""
        self._stream.close()
        super().close()


def _origin(address: SplitResult) -> tuple[int, str, str]:
    # With the process: a connection taken along by a fork must not be used on both sides.
    return os.getpid(), address.scheme, address.netloc


def _ended(connection: http.client.HTTPConnection) -> bool:
    """Tell whether the server has closed an idle connection: then it can be read from."""
    with selectors.DefaultSelector() as selector:
        selector.register(connection.sock, selectors.EVENT_READ)
        return bool(selector.select(0))


def _patient(sock: socket.socket, until: float) -> None:
    """Let the next step take what is left of the time."""
    left = until - time.monotonic()
    if left <= 0:
        raise TimeoutError("timed out")
    sock.settimeout(left)


def _write(connection: http.client.HTTPConnection, address: SplitResult, request: Request) -> None:
    target = (address.path or "/") + (f"?{address.query}" if address.query else "")
    try:
        # A server may answer before it has read everything, 413 above all; then its answer is what counts.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.request(request.method, target, request.content, dict(request.headers))
    except (ValueError, http.client.InvalidURL) as error:
        raise Unsendable(f"{request!r} cannot be written as HTTP: {error}", request) from error

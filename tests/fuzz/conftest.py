"""A wire to a running server that carries any bytes, and what every answer to hostile input must keep to."""

import base64
import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings, strategies

MARKER = "khong-duoc-lap-lai-" + "x7" * 45
"""Stands in whatever is sent; a refusal may say where a fault is, and never repeat a whole value."""

AT_ONCE = 10

LONGEST = 1.0
"""Seconds that any single answer may take."""


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes
    seconds: float

    def json(self) -> Any:
        return json.loads(self.body)


class Wire:
    """Keep-alive connections, one for each thread, on which requests are written byte for byte."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._authorization = f"Authorization: Basic {token}\r\n".encode()
        self._own = threading.local()
        self._all: list[socket.socket] = []
        self.sent = 0
        self.slowest = 0.0

    def head(self, method: bytes, target: bytes, *lines: bytes) -> bytes:
        """Return the head of an honest request with these lines in it."""
        start = b"%b %b HTTP/1.1\r\nHost: localhost\r\n" % (method, target)
        return start + self._authorization + b"".join(line + b"\r\n" for line in lines) + b"\r\n"

    def exchange(self, request: bytes, method: str = "POST") -> Answer:
        """Send a request and wait for its answer, on a new connection when the server has closed the last one."""
        for attempt in range(2):
            try:
                return self._exchange(request, method)
            except (ConnectionError, http.client.BadStatusLine):
                self._drop()
                if attempt:
                    raise
        raise AssertionError

    def _exchange(self, request: bytes, method: str) -> Answer:
        if getattr(self._own, "socket", None) is None:
            self._own.socket = socket.create_connection(("127.0.0.1", self._port), timeout=30)
            self._all.append(self._own.socket)
            self._own.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        start = time.monotonic()
        # A server that refuses early may close while the rest is on its way; its answer still counts.
        with contextlib.suppress(ConnectionError):
            self._own.socket.sendall(request)
        with http.client.HTTPResponse(self._own.socket, method=method) as response:
            response.begin()
            body = response.read()
            seconds = time.monotonic() - start
            if response.will_close:
                self._drop()
            return Answer(response.status, response.headers, body, seconds)

    def close(self) -> None:
        for each in self._all:
            each.close()

    def _drop(self) -> None:
        self._own.socket.close()
        self._own.socket = None


@pytest.fixture(scope="module")
def wire(server) -> Iterator[Wire]:
    token = base64.b64encode(f"{server.key}:{server.secret}".encode()).decode()
    with contextlib.closing(Wire(server.port, token)) as opened:
        yield opened


@pytest.fixture(scope="module")
def send(wire) -> Callable[..., Answer]:
    """Send a request that may be anything and hold the server to its manners."""

    def polite(request: bytes, method: str = "POST") -> Answer:
        answer = wire.exchange(request, method)
        wire.sent += 1
        # The machine may have been busy with something else: the same again must be fast, or it is the request.
        seconds = answer.seconds if answer.seconds < LONGEST else wire.exchange(request, method).seconds
        wire.slowest = max(wire.slowest, seconds)
        assert seconds < LONGEST, f"{seconds:.2f} s for {request[:2000]!r}"
        assert answer.status < 500, f"{answer.status} for {request[:2000]!r}"
        if answer.status >= 400 and method != "HEAD":
            check_problem(answer, request)
        return answer

    return polite


def check_problem(answer: Answer, request: bytes) -> None:
    where = f"{answer.status} {answer.body[:1000]!r} for {request[:2000]!r}"
    assert answer.headers["Content-Type"] == "application/problem+json", where
    problem = answer.json()
    assert (problem["status"], type(problem["title"])) == (answer.status, str), where
    assert problem["errors"] or answer.status != 400, where
    for error in problem["errors"]:
        assert error.keys() == {"path", "rule", "message"}, where
        assert error["rule"], where
        assert error["message"], where
    assert MARKER.encode() not in answer.body, where
    assert len(answer.body) < 64 * 1024, where


@pytest.fixture(scope="module")
def marker() -> str:
    return MARKER


@pytest.fixture(scope="session")
def fuzz() -> Iterator[Callable[..., tuple[list[Any], int]]]:
    """Make requests by seeded chance, and send them as many at once as a small server gets.

    Returns the outcomes, and how many requests were different ones.
    """
    with ThreadPoolExecutor(4) as pool:

        def run(make: Callable[[Random], Any], ask: Callable[[Any], Any], count: int) -> tuple[list[Any], int]:
            outcomes: list[Any] = []
            different = set()

            @settings(
                max_examples=count // AT_ONCE,
                derandomize=True,
                database=None,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            )
            @given(strategies.randoms(use_true_random=True))
            def examples(random: Random) -> None:
                requests = [make(random) for _ in range(AT_ONCE)]
                different.update(requests)
                outcomes.extend(pool.map(ask, requests))

            examples()
            return outcomes, len(different)

        yield run

"""A client of the real server, and a web site that misbehaves: what networks do, without a network."""

import contextlib
import http.server
import socket
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from clients import Basic, LRSClient, Patience, agent

IMPATIENT = Patience(within=5, attempt=2, first_pause=0.02, longest_pause=0.1)


@pytest.fixture(params=["1.0.3", "2.0.0"])
def version(request):
    return request.param


@pytest.fixture
def lrs(server, version):
    with LRSClient(server.endpoint, Basic(server.key, server.secret), version=version) as client:
        yield client


@pytest.fixture
def learner():
    return agent(account=("https://sso.hoc.example.vn", f"hv-{time.monotonic_ns()}"), name="Học viên")


@dataclass
class Received:
    method: str
    path: str
    headers: dict[str, str]
    content: bytes
    connection: int


Behaviour = Callable[[http.server.BaseHTTPRequestHandler], None]


@dataclass
class Site:
    """Does, request by request, what its script says, and then answers 200 with an empty list."""

    endpoint: str
    received: list[Received] = field(default_factory=list)
    script: list[Behaviour] = field(default_factory=list)
    clients: list[LRSClient] = field(default_factory=list)

    def client(self, patience=IMPATIENT, **options):
        made = LRSClient(self.endpoint, Basic("key", "secret"), patience=patience, **options)
        self.clients.append(made)
        return made

    def then(self, *behaviours: Behaviour) -> None:
        self.script += behaviours

    @staticmethod
    def says(status=200, content=b"[]", content_type="application/json", headers=()) -> Behaviour:
        def behave(handler):
            handler.send_response(status)
            handler.send_header("Content-Type", content_type)
            handler.send_header("Content-Length", str(len(content)))
            for name, value in dict(headers).items():
                handler.send_header(name, value)
            handler.end_headers()
            handler.wfile.write(content)

        return behave

    @staticmethod
    def cuts(sending=b"") -> Behaviour:
        """Send a piece of an answer, or nothing, and end the connection."""

        def behave(handler):
            handler.wfile.write(sending)
            handler.close_connection = True

        return behave

    @staticmethod
    def resets() -> Behaviour:
        def behave(handler):
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            handler.close_connection = True

        return behave

    @staticmethod
    def trickles(sending: bytes, every: float) -> Behaviour:
        def behave(handler):
            handler.close_connection = True
            with contextlib.suppress(OSError):
                for position in range(len(sending)):
                    handler.wfile.write(sending[position : position + 1])
                    time.sleep(every)

        return behave

    @staticmethod
    def waits(seconds: float, then: Behaviour) -> Behaviour:
        def behave(handler):
            time.sleep(seconds)
            with contextlib.suppress(OSError):
                then(handler)

        return behave

    @staticmethod
    def does_not_read(then: Behaviour) -> Behaviour:
        def behave(handler):
            handler.close_connection = True
            then(handler)

        behave.reads = False
        return behave


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    site: Site

    def handle_error(self, *_) -> None:
        """Say nothing: connections break here on purpose."""


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server

    def answer(self) -> None:
        site = self.server.site
        behaviour = site.script.pop(0) if site.script else site.says()
        length = int(self.headers.get("Content-Length", 0)) if getattr(behaviour, "reads", True) else 0
        content = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        site.received.append(Received(self.command, self.path, headers, content, id(self)))
        behaviour(self)

    do_GET = do_PUT = do_POST = do_DELETE = answer  # noqa: N815 - the standard library's names

    def log_message(self, *_) -> None:
        """Say nothing."""


@pytest.fixture
def site() -> Iterator[Site]:
    with Server(("127.0.0.1", 0), Handler) as running:
        running.site = Site(f"http://127.0.0.1:{running.server_port}/prefix/xapi")
        thread = threading.Thread(target=running.serve_forever, args=(0.02,))
        thread.start()
        yield running.site
        for client in running.site.clients:
            client.close()
        running.shutdown()
        thread.join()

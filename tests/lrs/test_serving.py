"""The server as it stands on the network: connections, malformed requests, what it logs, how it stops."""

import base64
import contextlib
import gc
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from gunicorn.http import message
from werkzeug.test import Client

from lrs.app import close, create_app
from lrs.config import BadSetting, Config
from lrs.embedded import free_port
from lrs.serving import Server, settings, warn

ROOT = Path(__file__).parents[2]
HOST = b"Host: lrs\r\n"
POST = b"POST /xapi/statements HTTP/1.1\r\n" + HOST


def exchange(port: int, request: bytes) -> tuple[int, bool]:
    """Send bytes; return the status, and whether the server closed the connection."""
    with socket.create_connection(("127.0.0.1", port), timeout=2) as connection:
        connection.sendall(request)
        answer = http.client.HTTPResponse(connection)
        answer.begin()
        answer.read()
        connection.settimeout(0.3)
        try:
            return answer.status, connection.recv(1) == b""
        except ConnectionResetError:
            return answer.status, True
        except TimeoutError:
            return answer.status, False


@pytest.mark.parametrize(
    "request_",
    [
        pytest.param(
            POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\nG", id="length-and-coding"
        ),
        pytest.param(POST + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcdef", id="two-lengths"),
        pytest.param(POST + b"Content-Length: 5, 5\r\n\r\nabcde", id="list-of-lengths"),
        pytest.param(POST + b"Content-Length: +5\r\n\r\nabcde", id="signed-length"),
        pytest.param(POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", id="unknown-coding"),
        pytest.param(POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", id="stacked-coding"),
        pytest.param(b"GET /health/live HTTP/1.1\nHost: lrs\n\n", id="bare-line-feeds"),
        pytest.param(b"GET /health/live HTTP/1.1\r\n" + HOST + b"A: b\r\n c\r\n\r\n", id="folded-header"),
        pytest.param(b"GET /health/live HTTP/1.1\r\nHost : lrs\r\n\r\n", id="space-before-colon"),
        pytest.param(b"GET /health/live HTTP/1.1\r\n" + HOST + b"A: b\0c\r\n\r\n", id="nul-in-header"),
        pytest.param(b"GET /health/live HTTP/1.1\r\n" + HOST + HOST + b"\r\n", id="two-hosts"),
        pytest.param(b"GET /?" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", id="endless-request-line"),
    ],
)
def test_a_request_that_could_be_read_in_two_ways_is_refused_and_the_connection_closed(server, request_):
    assert exchange(server.port, request_) == (400, True)


@pytest.mark.parametrize("body", [b"zz\r\nabcde\r\n0\r\n\r\n", b"5\r\nabcdeXX0\r\n\r\n"], ids=["size", "terminator"])
def test_after_a_broken_chunk_the_connection_is_closed(server, body):
    token = base64.b64encode(f"{server.key}:{server.secret}".encode())
    head = (
        b"Authorization: Basic " + token + b"\r\nX-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\n"
    )
    assert exchange(server.port, POST + head + b"Transfer-Encoding: chunked\r\n\r\n" + body) == (400, True)


def test_headers_beyond_the_limits_are_refused(server):
    many = b"".join(b"A%d: b\r\n" % n for n in range(120))
    assert exchange(server.port, b"GET /health/live HTTP/1.1\r\n" + HOST + many + b"\r\n") == (431, True)


def test_a_connection_is_kept_for_the_next_request(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    sockets = set()
    for _ in range(3):
        connection.request("GET", "/health/live")
        connection.getresponse().read()
        sockets.add(connection.sock)
    connection.close()
    assert len(sockets - {None}) == 1


def test_a_query_as_long_as_an_agent_can_be_is_read(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=5)
    connection.request("GET", "/health/live?agent=" + "a" * 8000)
    assert connection.getresponse().status == 200
    connection.close()


def answer_of(port: int, path: str, headers: dict[str, str]) -> http.client.HTTPResponse:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer


def test_a_request_gets_an_id_of_its_own_whatever_a_stranger_calls_it(server):
    for word in ("lan.nguyen", "a b"):
        given = answer_of(server.port, "/health/live", {"X-Request-Id": word}).headers["X-Request-Id"]
        assert re.fullmatch("[0-9a-f]{16}", given)


@pytest.mark.parametrize(("proxies", "kept"), [(0, False), (1, True)])
def test_only_behind_a_proxy_a_request_keeps_its_id(config, proxies, kept):
    served = Server(replace(config, proxies=proxies)).load()
    try:
        answer = Client(served).get("/health/live", headers={"X-Request-Id": "a-1"})
        assert (answer.headers["X-Request-Id"] == "a-1") is kept
    finally:
        close(served._application)


@pytest.mark.parametrize(
    ("host", "public_url", "is_said"),
    [
        ("127.0.0.1", "", False),
        ("192.0.2.1", "", True),
        ("192.0.2.1", "http://hoc.example.vn", True),
        ("192.0.2.1", "https://hoc.example.vn", False),
    ],
)
def test_that_cookies_go_without_https_is_said_at_the_start(caplog, host, public_url, is_said):
    warn(Config(host=host, public_url=public_url))
    assert ("LRS_PUBLIC_URL has no https" in caplog.text) is is_said


def test_requests_are_parsed_in_c():
    assert message._check_fast_parser(Server(Config()).cfg)


def test_a_request_ends_before_its_process_is_told_to_hurry_and_that_before_it_is_shot():
    made = settings(Config(deadline=20))
    assert 20 < made["graceful_timeout"] < made["timeout"]
    assert made["keepalive"] > 75


def test_the_file_for_gunicorn_says_what_lrs_serve_does(monkeypatch):
    monkeypatch.setenv("PORT", "8123")
    said: dict[str, object] = {}
    exec((ROOT / "deploy/gunicorn.conf.py").read_text(), said)  # noqa: S102 - as gunicorn does
    assert settings(Config.from_env()).items() <= said.items()


def listening(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def environment(uri: str, database: str, port: int) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "LRS_MONGODB_URI": uri,
        "LRS_DATABASE": database,
        "LRS_PEPPER": "p" * 32,
        "LRS_PROCESSES": "1",
        "LRS_DEADLINE": "2",
        "PORT": str(port),
    }


@contextlib.contextmanager
def serving(log: Path, **place: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Run `lrs serve` once it answers."""
    port = place["port"]
    with log.open("wb") as out:
        process = subprocess.Popen([sys.executable, "-m", "lrs.cli", "serve"], env=environment(**place), stderr=out)
    try:
        until = time.monotonic() + 30
        while not (listening(port) and answer_of(port, "/health/live", {}).status == 200):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < until
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def alone(mongod, store, tmp_path):
    """A server of one test, with its log."""
    port, log = free_port(), tmp_path / "log"
    with serving(log, uri=mongod.uri, database=store.database.name, port=port) as process:
        yield port, process, log


GUNICORN = [sys.executable, "-m", "gunicorn", "-c", str(ROOT / "deploy/gunicorn.conf.py")]


@pytest.mark.parametrize("command", [[sys.executable, "-m", "lrs.cli", "serve"], GUNICORN], ids=["lrs", "gunicorn"])
def test_a_database_without_its_indexes_is_not_served(mongod, store, command):
    store.database["references"].drop_index("referrer")
    place = environment(mongod.uri, store.database.name, free_port())
    done = subprocess.run(command, check=False, env=place, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "lacks indexes (references.referrer); run `lrs admin migrate` first" in done.stderr
    assert "Listening" not in done.stderr


def test_without_a_database_it_starts_all_the_same_and_says_so(tmp_path):
    uri, port = "mongodb://127.0.0.1:1", free_port()
    with serving(tmp_path / "log", uri=uri, database="lrs", port=port):
        assert answer_of(port, "/health/ready", {}).status == 503
    assert "the database is not available" in (tmp_path / "log").read_text()


@pytest.mark.parametrize("name", ["pepper", "mongodb_uri"])
def test_no_application_is_made_without_what_it_needs(config, name):
    with pytest.raises(BadSetting, match="is not set"):
        create_app(replace(config, **{name: ""}))


def test_gunicorn_is_not_started_without_a_pepper(mongod, database):
    place = environment(mongod.uri, database, free_port()) | {"LRS_PEPPER": ""}
    done = subprocess.run(GUNICORN, check=False, env=place, capture_output=True, text=True, timeout=30)
    assert done.returncode == 1
    assert "LRS_PEPPER is not set" in done.stderr


def test_it_logs_json_lines_without_queries_and_stops_at_once_though_a_client_keeps_its_connection(alone):
    port, process, log = alone
    idle = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    idle.request("GET", "/xapi/statements?agent=mailto:lan@example.vn")
    answer = idle.getresponse()
    assert answer.read()
    exchange(port, b"GET /xapi/statements?agent=mailto:hoa@example.vn HTTP/9.9\r\n\r\n")
    began = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(10) == 0
    assert time.monotonic() - began < 5
    idle.close()

    text = log.read_text()
    lines = [json.loads(line) for line in text.splitlines()]
    (access,) = [line for line in lines if line.get("request") == answer.headers["X-Request-Id"]]
    assert access.items() >= {"method": "GET", "path": "/xapi/statements", "status": 401, "level": "info"}.items()
    assert "example.vn" not in text


def test_server_processes_end_with_their_master(alone):
    port, process, _ = alone
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert children
    process.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while listening(port):
        assert time.monotonic() < until, "a server process outlived its master"
        time.sleep(0.05)


def test_a_worker_seldom_looks_for_cycles():
    thresholds = gc.get_threshold()
    try:
        settings(Config())["post_worker_init"](None)
        assert gc.get_threshold()[0] > 10 * thresholds[0]
        assert gc.get_freeze_count() > 1000
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)

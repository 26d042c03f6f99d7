"""What a client can do below HTTP: lie about lengths, hide one request in another, go silent."""

import base64
import contextlib
import gzip
import http.client
import json
import re
import selectors
import socket
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

MIB = 1024**2
JSON = b"Content-Type: application/json\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"


@pytest.fixture(scope="module")
def head(server):
    """Make the head of a request up to its last lines."""
    token = base64.b64encode(f"{server.key}:{server.secret}".encode())

    def make(start, *lines, host=b"Host: localhost\r\n"):
        own = b"Authorization: Basic %b\r\nX-Experience-API-Version: 2.0.0\r\n" % token
        return start + b" HTTP/1.1\r\n" + host + own + b"".join(lines) + b"\r\n"

    return make


@pytest.fixture(scope="module")
def post(head):
    def make(*lines, target=b"/xapi/statements"):
        return head(b"POST " + target, JSON, *lines)

    return make


@pytest.fixture
def connect(server):
    with contextlib.ExitStack() as opened:

        def make():
            return opened.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=5))

        yield make


@pytest.fixture
def ask(connect):
    """Send bytes and read one answer."""

    def make(request, method="GET"):
        connection = connect()
        connection.sendall(request)
        return answer_on(connection, method)

    return make


@pytest.fixture
def talk(connect):
    """Send bytes, then read until the server closes or says nothing for a while."""

    def make(*parts, silence=0.5, finished=False):
        connection = connect()
        with contextlib.suppress(ConnectionError):
            for part in parts:
                connection.sendall(part)
            if finished:
                connection.shutdown(socket.SHUT_WR)
        connection.settimeout(silence)
        answer = b""
        try:
            while data := connection.recv(65536):
                answer += data
        except TimeoutError:
            return statuses(answer), answer, False
        except ConnectionResetError:
            pass
        return statuses(answer), answer, True

    return make


def answer_on(connection, method="GET"):
    with http.client.HTTPResponse(connection, method=method) as response:
        response.begin()
        return response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()


def statuses(answer):
    return [int(code) for code in re.findall(rb"HTTP/1\.1 (\d{3}) ", answer)]


def chunks(*parts):
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


def length(size):
    return b"Content-Length: %d\r\n" % size


@pytest.fixture
def statement(a_statement):
    made = a_statement(id=str(uuid.uuid4()))
    return made["id"], json.dumps(made).encode()


@pytest.fixture
def stored(ask, head):
    def is_there(statement_id):
        found, _, _ = ask(head(f"GET /xapi/statements?statementId={statement_id}".encode()))
        assert found in {200, 404}
        return found == 200

    return is_there


def test_a_body_in_chunks_is_a_body(ask, post, stored, statement):
    name, body = statement
    assert ask(post(CHUNKED) + chunks(body[:1], body[1:50], body[50:]))[0] == 200
    assert stored(name)


def test_requests_in_one_packet_are_answered_in_turn(talk, post, head, statement):
    _, body = statement
    found, answer, closed = talk(
        post(length(len(body))) + body + head(b"GET /xapi/about") + head(b"GET /nowhere") + head(b"GET /health/live")
    )
    assert (found, closed) == ([200, 200, 404, 200], False)
    assert answer.endswith(b"alive\n")


def test_a_request_in_single_bytes_is_answered(connect, head):
    connection = connect()
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for byte in head(b"GET /xapi/about"):
        connection.sendall(bytes([byte]))
    assert answer_on(connection)[0] == 200


@pytest.mark.parametrize("missing", [1, 50])
def test_a_body_shorter_than_announced_is_refused(talk, post, stored, statement, missing):
    # The body is whole as JSON: only its length tells that something is missing.
    name, body = statement
    found, answer, closed = talk(post(length(len(body) + missing)), body, finished=True)
    assert (found, closed) == ([400], True)
    assert b"application/problem+json" in answer
    assert not stored(name)


def test_a_body_without_its_last_chunk_is_refused(talk, post, stored, statement):
    name, body = statement
    assert talk(post(CHUNKED), chunks(body).removesuffix(b"0\r\n\r\n"), finished=True)[::2] == ([400], True)
    assert not stored(name)


def test_a_body_longer_than_announced_is_no_second_request(talk, post, stored, statement):
    name, body = statement
    hidden = post(length(len(body))) + body
    found, _, _ = talk(post(length(10)), b" " * 9 + b"{" + b"rest of it\r\n\r\n" + hidden)
    assert found == [400, 400]
    assert not stored(name)


def test_a_post_without_any_length_has_no_body(ask, post, statement):
    assert ask(post() + statement[1])[0] == 400


@pytest.mark.parametrize("lines", [[length(17 * MIB)], [length(10**15)]], ids=["just-over", "far-over"])
def test_a_length_over_the_limit_is_refused_before_the_body_is_sent(talk, post, lines):
    began = time.monotonic()
    found, answer, closed = talk(post(*lines), silence=3)
    assert (found, closed) == ([413], True)
    assert b"16777216" in answer
    assert time.monotonic() - began < 1


def test_more_chunks_than_the_limit_are_refused_while_they_come(talk, post):
    found, answer, closed = talk(post(CHUNKED), *[chunks(b" " * MIB).removesuffix(b"0\r\n\r\n")] * 20, silence=3)
    assert (found, closed) == ([413], True)
    assert b"application/problem+json" in answer


def test_a_large_body_that_is_refused_early_still_hears_why(talk, post):
    bad = post(length(8 * MIB)).replace(b"Authorization: Basic ", b"Authorization: Basic x")
    found, _, closed = talk(bad, b" " * (8 * MIB), silence=3)
    assert (found, closed) == ([401], True)


SMUGGLING = {
    "both lengths": lambda size: (length(size), CHUNKED),
    "both lengths, other order": lambda size: (CHUNKED, length(size)),
    "two lengths": lambda size: (length(size), length(0)),
    "the same length twice": lambda size: (length(size), length(size)),
    "a list of lengths": lambda size: (b"Content-Length: %d, %d\r\n" % (size, size),),
    "a signed length": lambda size: (b"Content-Length: +%d\r\n" % size,),
    "a negative length": lambda _: (length(-1),),
    "an empty length": lambda _: (b"Content-Length: \r\n",),
    "a length in hex": lambda size: (b"Content-Length: 0x%x\r\n" % size,),
    "a length with an underscore": lambda _: (b"Content-Length: 1_0\r\n",),
    "a space before the colon": lambda size: (b"Content-Length : %d\r\n" % size,),
    "a folded header": lambda size: (length(size), b"X: a\r\n b\r\n"),
    "a folded length": lambda size: (b"Content-Length:\r\n %d\r\n" % size,),
    "a bare LF": lambda size: (b"X: a\n", length(size)),
    "a bare CR": lambda size: (b"X: a\rContent-Length: 0\r\n", length(size)),
    "NUL in a header": lambda size: (b"X: a\0b\r\n", length(size)),
    "a line without a colon": lambda size: (b"X\r\n", length(size)),
    "a coding nobody knows": lambda _: (b"Transfer-Encoding: xchunked\r\n",),
    "chunked twice": lambda _: (b"Transfer-Encoding: chunked, chunked\r\n",),
    "two codings": lambda _: (CHUNKED, b"Transfer-Encoding: identity\r\n"),
    "gzip and chunked": lambda _: (b"Transfer-Encoding: gzip, chunked\r\n",),
    "chunked with a vertical tab": lambda _: (b"Transfer-Encoding: \x0bchunked\r\n",),
    "two hosts": lambda size: (b"Host: other\r\n", length(size)),
}


@pytest.mark.parametrize("trick", SMUGGLING)
def test_what_two_servers_could_read_in_two_ways_is_refused_and_nothing_of_it_done(
    talk, post, stored, a_statement, trick
):
    outer, hidden = a_statement(), a_statement()
    inside = json.dumps(hidden).encode()
    body = chunks(json.dumps(outer).encode()) + post(length(len(inside))) + inside
    found, answer, closed = talk(post(*SMUGGLING[trick](len(body))) + body)
    assert (found, closed) == ([400], True)
    assert b"application/problem+json" in answer
    assert not stored(outer["id"])
    assert not stored(hidden["id"])


BROKEN_CHUNKS = {
    "no size": b"zz\r\n{}\r\n0\r\n\r\n",
    "a negative size": b"-2\r\n{}\r\n0\r\n\r\n",
    "a prefix": b"0x2\r\n{}\r\n0\r\n\r\n",
    "a space": b" 2\r\n{}\r\n0\r\n\r\n",
    "too short a size": b"1\r\n{}\r\n0\r\n\r\n",
    "bare line feeds": b"2\n{}\n0\n\n" + b" " * 9000,
    "a size line without an end": b"2;" + b"a" * 40_000,
    "trailers without an end": b"0\r\n" + b"A: b\r\n" * 9000,
}


@pytest.mark.parametrize("fault", BROKEN_CHUNKS)
def test_broken_chunks_are_refused(talk, post, fault):
    found, answer, closed = talk(post(CHUNKED), BROKEN_CHUNKS[fault])
    assert (found, closed) == ([400], True)
    assert b"application/problem+json" in answer


def test_names_with_underscores_do_not_pass_for_the_real_ones(ask, post, stored, statement):
    name, body = statement
    assert ask(post(length(len(body)), b"Content_Length: 3\r\n", b"Transfer_Encoding: chunked\r\n") + body)[0] == 200
    assert stored(name)


def test_a_body_in_a_coding_that_is_not_spoken_is_refused(ask, post, statement):
    body = gzip.compress(statement[1])
    found, headers, _ = ask(post(length(len(body)), b"Content-Encoding: br\r\n") + body)
    assert (found, headers["content-type"]) == (415, "application/problem+json")


def test_a_small_body_that_unpacks_to_a_huge_one_is_refused(ask, post):
    body = gzip.compress(b"[" + b" " * (64 * MIB) + b"]", 1)
    began = time.monotonic()
    assert ask(post(length(len(body)), b"Content-Encoding: gzip\r\n") + body)[0] in {413, 415}
    assert time.monotonic() - began < 1


SLOW = {
    "say nothing": b"",
    "stop in the head": b"GET /xapi/statements HTTP/1.1\r\nHost: localhost\r\nX-A: ",
    "announce a body without a credential": b"POST /xapi/statements HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n{",
    "are refused and do not hang up": b"GET / HTTP/9.9\r\n\r\n",
}


@pytest.mark.parametrize("habit", SLOW)
def test_200_clients_that_waste_time_do_not_keep_others_waiting(connect, post, head, a_statement, habit):
    with contextlib.ExitStack() as crowd:
        for _ in range(200):
            crowd.enter_context(connect()).sendall(SLOW[habit])
        honest = connect()
        took = []
        for _ in range(50):
            body = json.dumps(a_statement(id=None)).encode()
            for request in (post(length(len(body))) + body, head(b"GET /xapi/statements?limit=1")):
                began = time.monotonic()
                honest.sendall(request)
                assert answer_on(honest)[0] == 200
                took.append(time.monotonic() - began)
    assert sorted(took)[98] < 0.5


def test_a_head_that_does_not_come_to_an_end_is_cut_off(connect):
    """Trickled byte for byte it does not get more time."""
    connection = connect()
    began = time.monotonic()
    with ThreadPoolExecutor(1) as helper, selectors.DefaultSelector() as wait:
        wait.register(connection, selectors.EVENT_READ)
        helper.submit(trickle, connection)
        assert wait.select(15)
        assert answer_on(connection)[0] == 408
        connection.close()
    assert 8 < time.monotonic() - began < 13


def trickle(connection):
    with contextlib.suppress(OSError):
        connection.sendall(b"GET /xapi/about HTTP/1.1\r\nX-A: ")
        while True:
            connection.sendall(b"a")
            time.sleep(0.25)

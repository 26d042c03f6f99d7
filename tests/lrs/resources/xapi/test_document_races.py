"""Many writers of one document, over HTTP and through two server processes."""

import base64
import http.client
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode, urlsplit

import pytest

WRITERS = 16
ROUNDS = 100


@pytest.fixture
def ask(server):
    """Send one request about a state, each thread on a connection of its own; return status, body and ETag."""
    token = base64.b64encode(f"{server.key}:{server.secret}".encode()).decode()
    own = threading.local()
    opened = []
    course = f"https://hoc.example.vn/courses/{uuid.uuid4()}"
    agent = json.dumps({"mbox": "mailto:lan@hoc.example.vn"})

    def send(method, name, body=None, *, version="2.0.0", **headers):
        if not hasattr(own, "connection"):
            own.connection = http.client.HTTPConnection(urlsplit(server.endpoint).netloc, timeout=30)
            opened.append(own.connection)
        named = {"stateId": name} if name else {}
        query = urlencode({"activityId": course, "agent": agent, **named})
        usual = {
            "Authorization": f"Basic {token}",
            "X-Experience-API-Version": version,
            "Content-Type": "application/json",
        }
        given = {header.replace("_", "-"): value for header, value in headers.items()}
        own.connection.request(method, f"/xapi/activities/state?{query}", body, usual | given)
        answer = own.connection.getresponse()
        return answer.status, answer.read(), answer.headers["ETag"]

    yield send
    for connection in opened:
        connection.close()


@pytest.fixture
def together():
    """Call something in many threads at the same instant, each with its number; return what it gave."""
    gate = threading.Barrier(WRITERS)
    with ThreadPoolExecutor(WRITERS) as threads:

        def call(write):
            def one(number):
                gate.wait(30)
                return write(number)

            return list(threads.map(one, range(WRITERS)))

        yield call


def test_of_many_writers_with_one_tag_exactly_one_wins(ask, together):
    _, _, tag = ask("PUT", "race", b'"start"', If_None_Match="*")
    for turn in range(ROUNDS):
        bodies = [json.dumps([turn, number]).encode() for number in range(WRITERS)]
        answers = together(lambda number, tag=tag, bodies=bodies: ask("PUT", "race", bodies[number], If_Match=tag))
        statuses = [status for status, _, _ in answers]
        assert sorted(statuses) == [204] + [412] * (WRITERS - 1)
        winner = statuses.index(204)
        _, stored, tag = ask("GET", "race")
        assert (stored, tag) == (bodies[winner], answers[winner][2])


def test_of_many_creators_exactly_one_wins(ask, together):
    for turn in range(10):
        answers = together(lambda number, turn=turn: ask("PUT", f"new {turn}", b"%d" % number, If_None_Match="*"))
        statuses = [status for status, _, _ in answers]
        assert sorted(statuses) == [204] + [412] * (WRITERS - 1)
        assert ask("GET", f"new {turn}")[1] == b"%d" % statuses.index(204)


def test_in_2_0_of_many_bare_puts_exactly_one_creates(ask, together):
    answers = together(lambda number: ask("PUT", "bare", b"%d" % number))
    assert sorted(status for status, _, _ in answers) == [204] + [409] * (WRITERS - 1)


def test_merges_at_the_same_time_lose_no_member(ask, together):
    for turn in range(10):
        answers = together(lambda number, turn=turn: ask("POST", f"merge {turn}", b'{"%d":%d}' % (number, number)))
        assert {status for status, _, _ in answers} == {204}
        assert json.loads(ask("GET", f"merge {turn}")[1]) == {str(n): n for n in range(WRITERS)}


def test_overwriting_at_the_same_time_leaves_one_document(ask, together):
    for turn in range(50):
        answers = together(
            lambda number, turn=turn: ask("PUT", f"many {turn}", b"%d" % number, version="1.0.3"),
        )
        assert {status for status, _, _ in answers} == {204}
    names = json.loads(ask("GET", None)[1])
    assert sorted(names) == sorted(f"many {turn}" for turn in range(50))


def test_clearing_all_states_tears_nothing_apart(ask, together):
    """What was written after a state that is still there must be there too: no clearing came in between."""
    names = [f"slide {number}" for number in range(12)]
    for _ in range(10):

        def write(number):
            if number == 0:
                assert {ask("PUT", name, b"1", version="1.0.3")[0] for name in names} == {204}
            elif number < 4:
                assert {ask("DELETE", None)[0] for _ in range(4)} == {204}

        together(write)
        left = json.loads(ask("GET", None)[1])
        assert sorted(left) == sorted(names[len(names) - len(left) :])

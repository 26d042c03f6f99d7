import json
import socket
import threading
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

from clients import (
    AnswerLost,
    BadAnswer,
    Conflict,
    LRSClient,
    OutcomeUnknown,
    Patience,
    PreconditionFailed,
    Refused,
    ServerFailed,
    Unauthorized,
    Unavailable,
    Unreachable,
    Unsendable,
)
from clients.retries import seconds_asked

SHORT = Patience(within=0.5, attempt=0.3, first_pause=0.02, longest_pause=0.05)


def ids_sent(site):
    return [json.loads(each.content)["id"] for each in site.received]


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
def test_a_server_in_trouble_is_asked_again(site, a_statement, status):
    site.then(site.says(status), site.says(status), site.says(204, b""))
    statement_id = site.client().save(a_statement())
    assert ids_sent(site) == [statement_id] * 3


@pytest.mark.parametrize("trouble", ["cut", "half", "reset", "late"])
def test_a_lost_answer_is_asked_for_again_with_the_same_id(site, a_statement, trouble):
    behaviour = {
        "cut": site.cuts(),
        "half": site.cuts(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n["),
        "reset": site.resets(),
        "late": site.waits(2, site.says()),
    }[trouble]
    site.then(behaviour)
    statement_id = site.client(Patience(within=10, attempt=1, first_pause=0.02)).save(a_statement(id=None))
    assert ids_sent(site) == [statement_id] * 2
    assert site.received[0].content == site.received[1].content


@pytest.mark.parametrize(
    ("status", "kind"), [(400, Refused), (401, Unauthorized), (409, Conflict), (500, ServerFailed)]
)
def test_an_answer_that_will_not_change_is_not_asked_for_again(site, a_statement, status, kind):
    site.then(site.says(status))
    with pytest.raises(kind):
        site.client().save(a_statement())
    assert len(site.received) == 1


@pytest.mark.parametrize("asked", ["1", lambda: format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)])
def test_retry_after_is_obeyed(site, a_statement, asked):
    wanted = asked if isinstance(asked, str) else asked()
    site.then(site.says(503, headers={"Retry-After": wanted}))
    started = time.monotonic()
    site.client().save(a_statement())
    assert 0.95 < time.monotonic() - started < 5


def test_a_wait_beyond_patience_is_not_begun(site, a_statement):
    site.then(site.says(429, headers={"Retry-After": "3600"}))
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        site.client().save(a_statement())
    assert time.monotonic() - started < 3
    assert (caught.value.status, caught.value.retry_after, caught.value.perhaps_done) == (429, 3600, False)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        (None, None),
        ("0", 0),
        (" 120 ", 120),
        ("Fri, 31 Dec 1999 23:59:59 GMT", 0),
        ("-1", None),
        ("soon", None),
        ("", None),
        ("1e9", None),
        ("9" * 400, float("inf")),
    ],
)
def test_retry_after_is_seconds_or_a_date(header, seconds):
    assert seconds_asked(header) == seconds


def test_patience_ends_in_time_and_with_the_last_error(site, a_statement):
    site.then(*[site.says(503)] * 100)
    statement = a_statement()
    started = time.monotonic()
    with pytest.raises(Unavailable) as caught:
        site.client(SHORT).save(statement)
    assert 0.3 < time.monotonic() - started < 2
    assert 2 < len(site.received) < 40
    assert caught.value.unsaved == [statement]
    assert caught.value.perhaps_done


def test_an_attempt_does_not_outlast_patience(site):
    site.then(site.waits(2, site.says()))
    started = time.monotonic()
    with pytest.raises(AnswerLost):
        site.client(Patience(within=0.3, attempt=20)).about()
    assert time.monotonic() - started < 1.5


def test_once_lost_always_perhaps_done(site, a_statement):
    """An answer lost first and a plain 429 later: the statement may be stored."""
    site.then(site.cuts(), *[site.says(429)] * 100)
    with pytest.raises(Unavailable) as caught:
        site.client(SHORT).save(a_statement())
    assert caught.value.perhaps_done


def test_a_server_that_nobody_runs_is_given_up_and_surely_has_nothing(a_statement):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        client = LRSClient(f"http://127.0.0.1:{taken.getsockname()[1]}/xapi", patience=SHORT)
        with pytest.raises(Unreachable) as caught:
            client.save(a_statement())
    assert not caught.value.perhaps_done


def test_a_server_that_comes_up_late_is_reached():
    with socket.socket() as late:
        late.bind(("127.0.0.1", 0))
        client = LRSClient(
            f"http://127.0.0.1:{late.getsockname()[1]}/xapi", patience=Patience(within=5, first_pause=0.05)
        )
        threading.Timer(0.3, late.listen).start()
        answering = threading.Thread(target=_answer_once, args=(late,))
        answering.start()
        assert client.about() == {"version": ["2.0.0"]}
        answering.join()
        client.close()


def test_a_redirection_is_not_followed(site):
    site.then(site.says(302, headers={"Location": "https://elsewhere.example/xapi/about"}))
    with pytest.raises(BadAnswer, match=r"https://elsewhere\.example/xapi/about"):
        site.client().about()


@pytest.mark.parametrize(
    "place",
    [
        "https://elsewhere.example/xapi/statements?agent=hoc.vien%40example.vn",
        "/xapi/statements?agent=hoc.vien%40example.vn#hoc.vien",
        "https://hoc.vien:hoc.vien@elsewhere.example/",
        "http://[hoc.vien",
    ],
)
def test_a_redirection_names_nobody(site, place):
    site.then(site.says(302, headers={"Location": place}))
    with pytest.raises(BadAnswer, match="redirection") as caught:
        site.client().about()
    assert "hoc.vien" not in str(caught.value)


def test_errors_do_not_carry_the_credential(site):
    site.then(site.says(403))
    with pytest.raises(Exception, match="403") as caught:
        site.client().about()
    assert "authorization" not in {name.lower() for name in caught.value.request.headers}
    assert "authorization" in site.received[0].headers


class TestDocuments:
    """A lost answer, then 409 or 412: nobody can tell whose change it was."""

    @pytest.fixture
    def profile(self, site):
        return site.client().activity_profile("https://hoc.example.vn/a")

    @pytest.mark.parametrize("status", [409, 412])
    def test_the_outcome_is_unknown(self, site, profile, status):
        site.then(site.cuts(), site.says(status))
        with pytest.raises(OutcomeUnknown) as caught:
            profile.put("d", b"x", etag='"1"')
        assert caught.value.perhaps_done

    @pytest.mark.parametrize(("status", "kind"), [(409, Conflict), (412, PreconditionFailed)])
    def test_it_is_known_where_nothing_was_lost(self, site, profile, status, kind):
        site.then(site.says(429), site.says(status))
        with pytest.raises(kind):
            profile.put("d", b"x", etag='"1"')

    @pytest.mark.parametrize("trouble", ["cut", 502, 503, 504])
    @pytest.mark.parametrize("change", ["put", "merge", "delete", "clear"])
    def test_a_change_without_a_precondition_that_may_be_done_is_not_sent_again(self, site, learner, change, trouble):
        """Others may have changed the document since: sending again would undo that."""
        place = site.client().state("https://hoc.example.vn/a", learner)
        site.then(site.cuts() if trouble == "cut" else site.says(trouble))
        with pytest.raises(AnswerLost if trouble == "cut" else Unavailable) as caught:
            {
                "put": lambda: place.put("d", b"x"),
                "merge": lambda: place.merge("d", {}),
                "delete": lambda: place.delete("d"),
                "clear": place.clear,
            }[change]()
        assert caught.value.perhaps_done
        assert len(site.received) == 1

    def test_one_that_is_surely_not_done_is(self, site, profile):
        site.then(site.says(429), site.says(429))
        profile.put("d", b"x")
        assert len(site.received) == 3

    @pytest.mark.parametrize("precondition", [{"etag": '"1"'}, {"new": True}])
    def test_with_a_precondition_it_is_too(self, site, profile, precondition):
        site.then(site.cuts(), site.says(503))
        profile.put("d", b"x", **precondition)
        assert len(site.received) == 3

    def test_a_statement_is_compared_by_the_server(self, site, a_statement):
        site.then(site.cuts(), site.says(409))
        with pytest.raises(Conflict):
            site.client().save(a_statement())


def test_what_cannot_be_sent_is_found_before_anything_is(site, a_statement):
    good, bad = a_statement(), a_statement(result={"score": {"scaled": float("nan")}})
    with pytest.raises(Unsendable) as caught:
        site.client().save_many([good, bad])
    assert caught.value.unsaved == [good, bad]
    assert site.received == []


def _answer_once(listener):
    time.sleep(0.4)
    connection, _ = listener.accept()
    with connection:
        connection.recv(65536)
        connection.sendall(b'HTTP/1.0 200 OK\r\nContent-Length: 22\r\n\r\n{"version": ["2.0.0"]}')

"""What comes too often is answered with 429, what is too large with 413, at the edge."""

import base64
import json
import time
from dataclasses import replace

import pytest

from lrs.app import close, create_app
from lrs.services.auth import digest
from lrs.services.setup import first_credential
from lrs.store.credentials import Credential

PEPPER = "a pepper for tests, of 32 characters or more"
SECRET = "secret"


@pytest.fixture(autouse=True)
def one_minute():
    """Begin early enough in a minute for a test to end within it."""
    left = 60 - time.time() % 60
    if left < 8:
        time.sleep(left)


@pytest.fixture
def serve(store, config):
    """Make applications with settings; speak to them as a key, from an address."""
    first_credential(store, PEPPER, "first", SECRET)
    first = store.credentials.find("first")
    made = []

    def start(*limited, **settings):
        for key, limits in limited:
            secret = digest(PEPPER.encode(), key, SECRET)
            store.credentials.put(Credential(key, first.org, secret, first.scopes, first.authority, limits=limits))
        app = create_app(replace(config, **settings))
        made.append(app)

        def ask(method, path, *, key="first", guess=None, address="203.0.113.1", headers=None, **sent):
            pair = base64.b64encode(f"{key}:{guess or SECRET}".encode()).decode()
            usual = {"Authorization": f"Basic {pair}", "X-Experience-API-Version": "2.0.0"}
            environ = {"REMOTE_ADDR": address}
            return app.test_client().open(
                path, method=method, headers=usual | (headers or {}), environ_base=environ, **sent
            )

        return ask

    yield start
    for app in made:
        close(app)


def statuses(times, ask, *given, **named):
    return [ask(*given, **named).status_code for _ in range(times)]


def test_a_thousand_posts_a_minute_from_one_address_are_too_many_and_others_are_unaffected(serve, a_statement):
    ask = serve(address_requests_per_minute=900)
    post = ("POST", "/xapi/statements")
    told = [ask(*post, address="198.51.100.9", headers={"Content-Type": "text/plain"}).status_code for _ in range(1000)]
    assert told == [400] * 900 + [429] * 100
    assert ask(*post, json=a_statement(), address="198.51.100.10").status_code == 200
    assert ask("GET", "/health/live", address="198.51.100.9").status_code == 200


def test_a_refusal_says_when_to_come_back_in_the_usual_shape(serve):
    ask = serve(requests_per_minute=1)
    ask("GET", "/xapi/activities?activityId=http://a.vn")
    answer = ask("GET", "/xapi/activities?activityId=http://a.vn")
    assert (answer.status_code, answer.content_type) == (429, "application/problem+json")
    assert answer.json["title"] == "At most 1 requests of one credential are taken a minute"
    assert 1 <= int(answer.headers["Retry-After"]) <= 65
    assert answer.headers["X-Experience-API-Version"] == "2.0.0"


@pytest.mark.parametrize("path", ["/xapi/agents?agent={}", "/api/diagnostics"])
def test_one_key_over_its_limit_is_no_matter_to_another(serve, path):
    ask = serve(("slow", {"requests": 2}))
    assert statuses(4, ask, "GET", path, key="slow")[2:] == [429, 429]
    assert 429 not in statuses(4, ask, "GET", path)


def test_who_asks_for_tokens_is_counted_too(serve):
    ask = serve(("slow", {"requests": 2}))
    form = {"data": {"grant_type": "client_credentials"}}
    assert statuses(3, ask, "POST", "/oauth/token", key="slow", **form) == [200, 200, 429]


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/xapi/statements", {"X-Experience-API-Version": "9"}, 400),
        ("/xapi/statements", {"Content-Encoding": "br"}, 415),
        ("/api/diagnostics", {"Content-Encoding": "br"}, 415),
    ],
)
def test_what_is_refused_for_another_reason_counts_too(serve, path, headers, status):
    ask = serve(("slow", {"requests": 2}))
    assert statuses(4, ask, "GET", path, key="slow", headers=headers) == [status] * 2 + [429] * 2


def test_a_launch_that_may_not_use_what_it_asks_for_is_counted(serve):
    ask = serve(("slow", {"requests": 4}))
    wanted = {"agent": {"mbox": "mailto:lan@hoc.example.vn"}, "activity": "https://hoc.example.vn/khoa"}
    made = ask("POST", "/api/launches", key="slow", json=wanted)
    bearer = {"Authorization": f"Bearer {made.json['token']}"}
    assert statuses(3, ask, "GET", "/api/diagnostics", headers=bearer) == [403, 403, 429]


def test_processes_count_requests_together(serve):
    asks = [serve(requests_per_minute=60) for _ in range(2)]
    told = [status for ask in asks for status in statuses(60, ask, "GET", "/api/diagnostics")]
    assert told.count(200) == 60
    assert told.count(429) == 60


def test_statements_are_counted_before_they_are_stored(serve, store, a_statement):
    ask = serve(("few", {"statements": 10}))
    batch = [a_statement() for _ in range(4)]
    lines = "\n".join(json.dumps(a_statement()) for _ in range(4))
    answers = [
        ask("POST", "/xapi/statements", key="few", json=batch),
        ask("POST", "/api/batches", key="few", data=lines, content_type="application/x-ndjson"),
        ask("POST", "/xapi/statements", key="few", json=[a_statement() for _ in range(4)]),
        ask("POST", "/api/batches", key="few", data=lines, content_type="application/x-ndjson"),
        ask("POST", "/xapi/statements", key="few", json=[a_statement() for _ in range(2)]),
        ask("POST", "/xapi/statements", key="few", json=[a_statement() for _ in range(11)]),
    ]
    assert [answer.status_code for answer in answers] == [200, 200, 429, 429, 200, 413]
    assert store.database["statements"].count_documents({}) == 10


def test_a_credential_may_be_held_to_smaller_bodies_and_batches_than_the_server(serve, a_statement):
    ask = serve(("small", {"body": 400, "batch": 2}), ("large", {"body": 10**9, "batch": 10**6}), max_batch=3)
    three, two = [a_statement() for _ in range(3)], [a_statement() for _ in range(2)]
    state = "/xapi/activities/profile?activityId=http://a.vn&profileId=p"

    def post(key, sent, path="/xapi/statements"):
        return ask("POST", path, key=key, json=sent)

    refused = post("small", two)
    assert (refused.status_code, refused.json["title"]) == (413, "A request of this kind holds at most 400 bytes")
    assert post("small", [two[0]]).status_code == 200
    for path in ("/xapi/statements", "/api/batches"):
        refused = post("small", [{}, {}, {}], path)
        assert (refused.status_code, refused.json["title"]) == (413, "A request holds at most 2 statements")
        assert post("first", three, path).status_code == 200
    refused = post("large", [*three, three[0]])
    assert (refused.status_code, refused.json["title"]) == (413, "A request holds at most 3 statements")
    assert post("small", {"a": "x" * 600}, state).status_code == 413
    assert post("first", {"a": "x" * 600}, state).status_code == 204


def test_a_credentials_own_limit_holds_for_the_statements_beside_attachments(serve, a_statement):
    ask = serve(("small", {"body": 300}))
    part = "--b\r\nContent-Type: application/json\r\n\r\n{}\r\n--b--\r\n"
    sent = {"content_type": "multipart/mixed; boundary=b"}
    for extensions, status in (("x", 200), ("x" * 300, 413)):
        statement = a_statement(context={"platform": extensions})
        answer = ask("POST", "/xapi/statements", key="small", data=part.format(json.dumps(statement)), **sent)
        assert answer.status_code == status


@pytest.mark.parametrize(
    ("proxies", "forwarded", "counted_together"),
    [
        (0, ("1.1.1.1", "2.2.2.2"), True),
        (1, ("1.1.1.1", "2.2.2.2"), False),
        (1, ("9.9.9.9, 1.1.1.1", "8.8.8.8, 1.1.1.1"), True),
        (2, ("9.9.9.9, 1.1.1.1, 10.0.0.1", "8.8.8.8, 1.1.1.1, 10.0.0.1"), True),
        (2, ("1.1.1.1, 10.0.0.1", "2.2.2.2, 10.0.0.1"), False),
        (2, ("1.1.1.1", "2.2.2.2"), True),
        (1, ("2001:db8::1", "2001:db8::2"), True),
        (1, (None, None), True),
    ],
)
def test_of_forwarded_addresses_those_count_that_trusted_proxies_have_added(
    serve, proxies, forwarded, counted_together
):
    ask = serve(address_requests_per_minute=1, proxies=proxies)
    headers = [{"X-Forwarded-For": each} if each else {} for each in forwarded]
    told = [ask("GET", "/api/diagnostics", headers=each).status_code for each in headers]
    assert told == [200, 429 if counted_together else 200]


@pytest.mark.parametrize("key", ["first", "unknown"])
def test_who_guesses_secrets_is_slowed_down_alike_for_keys_that_exist_and_that_do_not(serve, key):
    ask = serve()
    assert statuses(12, ask, "GET", "/xapi/about") == [200] * 12
    assert statuses(12, ask, "GET", "/api/diagnostics", key=key, guess="guess") == [401] * 10 + [429] * 2
    refused = ask("GET", "/xapi/statements", key=key, guess="guess")
    assert (refused.status_code, refused.content_type) == (429, "application/problem+json")
    assert int(refused.headers["Retry-After"]) >= 1
    assert ask("GET", "/api/diagnostics", address="203.0.113.2").status_code == 200

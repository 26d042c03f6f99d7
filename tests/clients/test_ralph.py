"""The client against another store: ralph-malph 5.1.0, on the MongoDB of the tests.

It knows statements only, no attachments, no documents; and pages in order of event time to the second.
"""

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
from datetime import UTC, datetime, timedelta

import bcrypt
import pytest
from pymongo import MongoClient

from clients import (
    COMPLETED,
    Basic,
    Conflict,
    LRSClient,
    NotFound,
    Patience,
    Refused,
    Unauthorized,
    activity,
    completed,
    statement,
)
from lrs.embedded import free_port
from lrs.leash import leashed

LESSON = activity("https://hoc.example.vn/bai/mat-khau", name={"vi-VN": "Bảo vệ mật khẩu"})


@pytest.fixture(scope="module")
def endpoint(mongod, tmp_path_factory):
    """Run ralph's server as its own command line starts it, without the reloading for developers."""
    home = tmp_path_factory.mktemp("ralph")
    hashed = bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()
    user = {"username": "key", "hash": hashed, "scopes": ["all"], "agent": {"mbox": "mailto:lrs@hoc.example.vn"}}
    (home / "auth.json").write_text(json.dumps([user]))
    port = free_port()
    settings = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "RALPH_AUTH_FILE": str(home / "auth.json"),
        "RALPH_RUNSERVER_BACKEND": "mongo",
        "RALPH_BACKENDS__LRS__MONGO__CONNECTION_URI": mongod.uri,
        "RALPH_BACKENDS__LRS__MONGO__DEFAULT_DATABASE": "test_ralph",
        "RALPH_BACKENDS__LRS__MONGO__DEFAULT_COLLECTION": "statements",
    }
    command = [sys.executable, "-m", "uvicorn", "ralph.api:app", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "log").open("wb") as log:
        process = subprocess.Popen(leashed(command), env=settings, cwd=home, stdout=log, stderr=log)
    try:
        _wait_until_alive(process, f"http://127.0.0.1:{port}/__heartbeat__", home / "log")
        yield f"http://127.0.0.1:{port}/xAPI"
    finally:
        process.terminate()
        process.wait(30)
        with MongoClient(mongod.uri) as admin:
            admin.drop_database("test_ralph")


@pytest.fixture
def lrs(endpoint, version):
    with LRSClient(endpoint, Basic("key", "secret"), version=version, patience=Patience(within=10)) as client:
        yield client


def at_distinct_times(learner, number):
    start = datetime(2026, 11, 20, 9, tzinfo=UTC)
    return [statement(learner, COMPLETED, LESSON, timestamp=start + timedelta(seconds=each)) for each in range(number)]


def test_a_statement_comes_back_as_it_was(lrs, learner):
    sent = completed(learner, LESSON, scaled=0.85)
    assert lrs.save(sent) == sent["id"]
    back = lrs.get(sent["id"])
    assert {name: back[name] for name in sent} == sent


def test_the_same_again_is_stored_once_and_another_under_its_id_is_a_conflict(lrs, learner, a_statement):
    sent = completed(learner, LESSON)
    assert lrs.save(sent) == lrs.save(sent) == lrs.save_many([sent])[0]
    assert [each["id"] for each in lrs.find(agent=learner)] == [sent["id"]]
    with pytest.raises(Conflict):
        lrs.save(a_statement(id=sent["id"]))


def test_many_are_found_in_order_through_all_pages(lrs, learner):
    sent = lrs.save_many(at_distinct_times(learner, 57), portion=20)
    assert [each["id"] for each in lrs.find(agent=learner, ascending=True, page_size=10)] == sent
    assert [each["id"] for each in lrs.find(agent=learner, page_size=10)] == sent[::-1]


def test_a_portion_that_is_there_in_part_is_completed(lrs, learner):
    statements = at_distinct_times(learner, 10)
    lrs.save_many(statements[:4])
    assert lrs.save_many(statements) == [each["id"] for each in statements]
    assert len(list(lrs.find(agent=learner))) == 10


def test_what_is_refused_says_where(lrs, learner):
    with pytest.raises(Refused) as caught:
        lrs.save_many([completed(learner, LESSON) | {"verb": {}}])
    assert any("verb" in fault.path for fault in caught.value.faults)
    assert len(caught.value.unsaved) == 1


def test_nothing_is_not_found(lrs, a_statement):
    with pytest.raises(NotFound):
        lrs.get(a_statement()["id"])


def test_a_wrong_secret_is_unauthorized(endpoint):
    with LRSClient(endpoint, Basic("key", "guessed")) as lrs, pytest.raises(Unauthorized):
        list(lrs.find())


def test_what_it_does_not_have_is_not_found(lrs, learner):
    for ask in (lrs.about, lambda: lrs.person(learner), lambda: lrs.agent_profile(learner).get("d")):
        with pytest.raises(NotFound):
            ask()


def _wait_until_alive(process, url, log, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])

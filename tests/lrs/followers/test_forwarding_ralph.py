"""Forwarding to a store that is not ours: ralph-malph 5.1.0, its server, on the MongoDB of the tests."""

import base64
import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.request
import uuid
from types import SimpleNamespace

import bcrypt
import pytest
from pymongo import MongoClient

from lrs.embedded import free_port
from lrs.leash import leashed
from schemas.sharing.agreements import Filter

MANY = 1_000
VOIDED = "http://adlnet.gov/expapi/verbs/voided"


@pytest.fixture(scope="module")
def ralph(mongod, tmp_path_factory):
    """Run ralph's server as its own command line starts it, without the reloading for developers."""
    home, database = tmp_path_factory.mktemp("ralph"), f"ralph_{uuid.uuid4().hex}"
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
        "RALPH_BACKENDS__LRS__MONGO__DEFAULT_DATABASE": database,
        "RALPH_BACKENDS__LRS__MONGO__DEFAULT_COLLECTION": "statements",
    }
    command = [sys.executable, "-m", "uvicorn", "ralph.api:app", "--host", "127.0.0.1", "--port", str(port)]
    with (home / "log").open("wb") as log, MongoClient(mongod.uri) as client:
        process = subprocess.Popen(leashed(command), env=settings, cwd=home, stdout=log, stderr=log)
        try:
            wait_until_alive(process, f"http://127.0.0.1:{port}/__heartbeat__", home / "log")
            yield SimpleNamespace(url=f"http://127.0.0.1:{port}/xAPI", rows=client[database]["statements"])
        finally:
            process.terminate()
            process.wait(30)
            client.drop_database(database)


def wait_until_alive(process, url, log, seconds=60):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        assert process.poll() is None, log.read_text()[-2000:]
        with contextlib.suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.1)
    raise AssertionError(log.read_text()[-2000:])


def stored(ralph, statement_id):
    token = base64.b64encode(b"key:secret").decode()
    headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "1.0.3"}
    request = urllib.request.Request(f"{ralph.url}/statements?statementId={statement_id}", headers=headers)
    with urllib.request.urlopen(request) as answer:
        [found] = json.loads(answer.read())["statements"]
    return found


def wait(until, seconds=60):
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, "it took too long"
        time.sleep(0.1)
    return found


def statement(number, verb="completed"):
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": "https://sso.vnuhcm.example.vn", "name": f"hv-{number % 50:04}"}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {
            "id": f"https://vnuhcm.example.vn/khoa-hoc/{number % 7}",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
        },
        "result": {"score": {"scaled": 0.85}, "duration": "PT1H30M"},
        "timestamp": "2026-08-15T03:00:00Z",
    }


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize("level", ["named", "pseudonymous"])
def test_those_of_the_agreement_arrive_once_and_what_voids_them_follows(giver, agree, worker, ralph, level, version):
    ralph.rows.delete_many({})
    agreement = agree(level=level, filter=Filter(verbs=("completed",)))
    sent = [statement(number) for number in range(MANY)]
    for begin in range(0, MANY, 500):
        giver.post(*sent[begin : begin + 500], *(statement(each, "experienced") for each in range(50)))
    wanted = {"agreement": agreement.id, "url": ralph.url, "key": "key", "secret": "secret", "version": version}
    path = f"/api/forwards/{giver.ask('POST', '/api/forwards', wanted, 201)['id']}"
    begun = time.monotonic()
    with worker(giver):
        wait(lambda: giver.ask("GET", path)["sent"] == MANY)
        rate = MANY / (time.monotonic() - begun)
        giver.post(
            {
                "actor": sent[0]["actor"],
                "verb": {"id": VOIDED},
                "object": {"objectType": "StatementRef", "id": sent[0]["id"]},
            }
        )
        wait(lambda: giver.ask("GET", path)["sent"] == MANY + 1)
        time.sleep(1)
    print(f"{rate:.0f} a second")  # noqa: T201 - asked for
    assert giver.ask("GET", path)["dead"] == 0
    assert ralph.rows.count_documents({}) == MANY + 1
    ids = {row["_source"]["id"] for row in ralph.rows.find({}, {"_source.id": 1})}
    assert len(ids) == MANY + 1
    if level == "named":
        assert {each["id"] for each in sent} < ids
        got = stored(ralph, sent[1]["id"])
        assert {name: got[name] for name in ("actor", "verb", "result")} == {
            name: sent[1][name] for name in ("actor", "verb", "result")
        }
    else:
        assert "hv-" not in json.dumps([row["_source"] for row in ralph.rows.find({})], default=str)


def test_what_it_has_already_is_not_doubled_and_another_under_an_id_becomes_a_letter(giver, agree, worker, ralph):
    ralph.rows.delete_many({})
    one, other = statement(1), statement(2)
    token = base64.b64encode(b"key:secret").decode()
    headers = {
        "Authorization": f"Basic {token}",
        "X-Experience-API-Version": "1.0.3",
        "Content-Type": "application/json",
    }
    there = json.dumps([other | {"verb": {"id": "http://adlnet.gov/expapi/verbs/failed"}}]).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{ralph.url}/statements/", there, headers)):
        pass
    giver.post(one, other)
    wanted = {"agreement": agree().id, "url": ralph.url, "key": "key", "secret": "secret", "version": "1.0.3"}
    path = f"/api/forwards/{giver.ask('POST', '/api/forwards', wanted, 201)['id']}"
    with worker(giver):
        found = wait(lambda: (shown := giver.ask("GET", path)) and shown["sent"] + shown["dead"] == 2 and shown)
    assert (found["sent"], found["dead"]) == (1, 1)
    [letter] = giver.ask("GET", f"{path}/dead-letters")["letters"]
    assert (letter["statement"], letter["status"]) == (other["id"], 409)
    assert ralph.rows.count_documents({}) == 2
    # Sent once more, as after an answer that was lost: it takes the same one for the same.
    giver.store.database["places"].update_one({"_id": f"forward:{path[-16:]}"}, {"$set": {"place": 0}})
    with worker(giver):
        wait(lambda: giver.ask("GET", path)["sent"] == 2)
    assert ralph.rows.count_documents({}) == 2

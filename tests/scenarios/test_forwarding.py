"""M12 and what may go wrong on the way: two servers and a worker, real processes, and the receiving one is killed.

``FORWARDED=100000 pytest tests/scenarios/test_forwarding.py -rP`` is the long run, and tells how long it took.
"""

import base64
import contextlib
import json
import os
import signal
import subprocess
import sys
import time
import uuid
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from random import Random

import pytest
from pymongo import MongoClient

from lrs.embedded import free_port
from lrs.leash import leashed
from lrs.services.audit import sealed_with
from lrs.services.setup import first_credential
from lrs.store import open_store

MANY = int(os.environ.get("FORWARDED", "2000"))
KILLS = 3
PEPPER = "a pepper for tests, of 32 characters or more"
LRS = str(Path(sys.executable).with_name("lrs"))
VERB = "http://adlnet.gov/expapi/verbs/"
KEY, SECRET = "key-of-tests", "secret-of-tests"


class Site:
    """One organisation's server, on a database of its own; it can be killed and comes back at the same port."""

    def __init__(self, mongod):
        self.mongod, self.database, self.port = mongod, f"test_{uuid.uuid4().hex}", free_port()
        with contextlib.closing(open_store(mongod.uri, self.database, seal=sealed_with(PEPPER))) as store:
            store.migrate()
            first_credential(store, PEPPER, KEY, SECRET)
        self._process = None

    def run(self, command):
        settings = {
            "LRS_MONGODB_URI": self.mongod.uri,
            "LRS_DATABASE": self.database,
            "LRS_PEPPER": PEPPER,
            "LRS_PROCESSES": "1",
            "LRS_LOG_LEVEL": "error",
            "LRS_PARTNER_HOSTS": "127.0.0.1",
            "PORT": str(self.port),
            "PATH": os.environ["PATH"],
            "PYTHONPATH": os.environ.get("PYTHONPATH", ""),
        }
        return subprocess.Popen(leashed([LRS, command]), env=settings, start_new_session=True)

    def start(self):
        self._process = self.run("serve")
        wait(self.is_ready, 30)

    def kill(self):
        """Kill -9 all of the server's processes."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()

    def stop(self):
        self._process.terminate()
        self._process.wait(30)
        with MongoClient(self.mongod.uri) as client:
            client.drop_database(self.database)

    def is_ready(self):
        try:
            return self.send("GET", "/health/ready")[0] == 200
        except (OSError, HTTPException):
            return False

    def send(self, method, path, body=None, **more):
        """Return status, headers and body."""
        token = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"} | more
        if body is not None:
            body, headers["Content-Type"] = json.dumps(body).encode(), "application/json"
        with contextlib.closing(HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()

    def ask(self, method, path, body=None, **more):
        """Return status and what is said."""
        status, _, said = self.send(method, path, body, **more)
        return status, json.loads(said or b"null")

    def do(self, method, path, body=None, **more):
        status, said = self.ask(method, path, body, **more)
        assert status < 300, said
        return said

    def stored(self):
        """Return all statements, by id; a walk through all pages finds each once."""
        found, path = {}, "/xapi/statements?limit=500&ascending=true"
        while path:
            page = self.do("GET", path)
            for each in page["statements"]:
                assert each["id"] not in found
                found[each["id"]] = each
            path = page["more"]
        return found


def wait(until, seconds):
    end = time.monotonic() + seconds
    while not (found := until()):
        assert time.monotonic() < end, f"it took longer than {seconds} seconds"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def working(site):
    process = site.run("worker")
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


@contextlib.contextmanager
def serving(mongod):
    made = Site(mongod)
    try:
        made.start()
        yield made
    finally:
        made.stop()


@pytest.fixture
def vnuhcm(mongod):
    with serving(mongod) as site:
        yield site


@pytest.fixture
def lhu(mongod):
    with serving(mongod) as site:
        yield site


def statement(number, verb="completed", at="2026-08-15T03:00:00Z"):
    return {
        "id": str(uuid.UUID(int=Random(number).getrandbits(128), version=4)),
        "actor": {"account": {"homePage": "https://sso.vnuhcm.example.vn", "name": f"hv-{number % 997:04}"}},
        "verb": {"id": VERB + verb},
        "object": {
            "id": f"https://vnuhcm.example.vn/khoa-hoc/{number % 37}",
            "definition": {"type": "http://adlnet.gov/expapi/activities/course"},
        },
        "timestamp": at,
    }


@pytest.fixture
def agreed(vnuhcm, lhu):
    """Agree on the joint course of 2026, and let it be forwarded; return the paths of the agreement and the forward."""
    terms = {
        "giver": "first",
        "partner": {"name": "Trường Đại học Lạc Hồng", "document": "12/TT-2026"},
        "purpose": {"code": "joint-course", "vi": "Lớp học chung", "en": "Joint course"},
        "basis": "contract",
        "level": "named",
        "statements": True,
        "filter": {"verbs": ["completed", "passed"], "from": "2026-01-01", "to": "2026-12-31"},
        "starts": "2020-01-01",
    }
    agreement = vnuhcm.do("POST", "/api/agreements", terms)["id"]
    _, headers, _ = vnuhcm.send("GET", f"/api/agreements/{agreement}")
    vnuhcm.do("POST", f"/api/agreements/{agreement}/accept", **{"If-Match": headers["ETag"]})
    relay = lhu.do("POST", "/api/credentials", {"scopes": ["statements/write"], "relay": True})
    wanted = {
        "agreement": agreement,
        "url": f"http://127.0.0.1:{lhu.port}/xapi",
        "key": relay["key"],
        "secret": relay["secret"],
    }
    made = vnuhcm.do("POST", "/api/forwards", wanted)["id"]
    return f"/api/agreements/{agreement}", f"/api/forwards/{made}"


def caught_up(site, forward, sent):
    found = site.do("GET", forward)
    return found["lag"] == 0 and found["sent"] == sent


def test_m12_records_travel_between_institutions_by_agreement(vnuhcm, lhu, agreed):
    agreement, forward = agreed
    sent = [statement(number, "passed" if number % 3 else "completed") for number in range(50)]
    outside = [statement(100 + number, "experienced") for number in range(5)]
    outside += [statement(200 + number, at="2025-12-31T16:59:59Z") for number in range(5)]
    vnuhcm.do("POST", "/xapi/statements", outside[:5] + sent + outside[5:])
    with working(vnuhcm):
        wait(lambda: caught_up(vnuhcm, forward, 50), 30)
    there, here = lhu.stored(), vnuhcm.stored()
    assert there.keys() == {each["id"] for each in sent}
    for name, each in there.items():
        assert each | {"stored": here[name]["stored"]} == here[name]
        assert each["authority"] == here[name]["authority"]

    with working(vnuhcm):
        time.sleep(2)
        assert vnuhcm.do("GET", forward)["sent"] == 50
        assert lhu.stored() == there
        vnuhcm.do("POST", f"{agreement}/end")
        vnuhcm.do("POST", "/xapi/statements", [statement(300)])
        wait(lambda: vnuhcm.do("GET", forward)["state"] == "stopped", 20)
    assert lhu.stored() == there
    assert vnuhcm.ask("POST", f"{forward}/resume")[0] == 403
    audit = vnuhcm.do("GET", "/api/audit?limit=100")["records"]
    told = [each for each in audit if each["action"] in {"forward.sent", "forward.stopped"}]
    assert [(each["action"], each["details"]["agreement"]) for each in told[::-1]] in (
        [("forward.sent", agreement[-16:]), ("forward.stopped", agreement[-16:])],
        [("forward.stopped", agreement[-16:]), ("forward.sent", agreement[-16:])],
    )
    assert {"purpose": "joint-course", "statements": 50}.items() <= next(
        each["details"].items() for each in told if each["action"] == "forward.sent"
    )


def test_exactly_those_of_the_agreement_arrive_once_though_the_receiver_is_killed_and_a_re_run_sends_none(
    vnuhcm, lhu, agreed
):
    _, forward = agreed
    pick, wanted = Random(12), set()
    for begin in range(0, MANY + MANY // 5, 500):
        batch = []
        for number in range(begin, min(begin + 500, MANY + MANY // 5)):
            covered = number % 6 != 5
            batch.append(statement(number, "completed" if covered else "experienced"))
            wanted |= {batch[-1]["id"]} if covered else set()
        vnuhcm.do("POST", "/xapi/statements", batch)
    begun, down = time.monotonic(), 0.0
    with working(vnuhcm) as worker:
        for kill in range(1, KILLS + 1):
            share = len(wanted) * kill // (KILLS + 2)
            wait(lambda share=share: vnuhcm.do("GET", forward)["sent"] >= share, 600)
            lhu.kill()
            killed = time.monotonic()
            time.sleep(pick.uniform(0, 1))
            lhu.start()
            down += time.monotonic() - killed
        wait(lambda: caught_up(vnuhcm, forward, len(wanted)), 900)
        seconds = time.monotonic() - begun
        assert worker.poll() is None
    rate = len(wanted) / seconds
    print(f"{len(wanted)} of {MANY + MANY // 5} in {seconds:.1f} s, {rate:.0f}/s, {down:.1f} s of it down")  # noqa: T201 - asked for
    there = lhu.stored()
    assert there.keys() == wanted
    assert vnuhcm.do("GET", forward)["dead"] == 0
    with working(vnuhcm):
        time.sleep(3)
        assert vnuhcm.do("GET", forward)["sent"] == len(wanted)
    assert lhu.stored() == there

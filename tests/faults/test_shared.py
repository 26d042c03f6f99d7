"""Recipients who page behind the last number they were given miss nothing and get nothing twice, whoever dies.

Sixteen writers pause before they commit; the worker is killed ten times. `SOHOC_SHARED=50000` with `--timeout 0` is the
whole measure.
"""

import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from random import Random
from urllib.parse import urlencode

import pytest

from lrs.leash import leashed
from lrs.services.agreeing import AgreementService
from lrs.services.agreements import Agreement, Agreements
from lrs.services.audit import sealed_with
from lrs.services.auth import digest
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.store import Store, open_store
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from schemas.sharing.agreements import Filter
from schemas.sharing.pseudonyms import Pseudonyms
from schemas.sharing.rows import FIELDS
from schemas.xapi.timestamps import iso

from .clients import Connections, Send
from .conftest import KEY, PEPPER, SECRET, Site

STATEMENTS = int(os.environ.get("SOHOC_SHARED", "2000"))
WRITERS, SERVERS, KILLS = 16, 2, 10
PEOPLE, COURSES = 1500, 12
BATCHES = (1, 1, 10, 50)
SECONDS = 120 + STATEMENTS / 50
ZONE = "Asia/Ho_Chi_Minh"
ADL = "http://adlnet.gov/expapi/verbs"
PURPOSE = {"code": "joint-course", "vi": "Lớp chung", "en": "A joint course"}
VOIDED = 40


class Worker:
    """`lrs worker`, again and again."""

    def __init__(self, site: Site) -> None:
        self._settings = {
            "LRS_MONGODB_URI": site.uri,
            "LRS_DATABASE": site.database,
            "LRS_PEPPER": PEPPER,
            "LRS_LOG_LEVEL": "error",
            "PATH": os.environ["PATH"],
        }
        self._process = self._started()

    def _started(self) -> subprocess.Popen:
        return subprocess.Popen(leashed([str(Path(sys.executable).with_name("lrs")), "worker"]), env=self._settings)

    def kill(self) -> None:
        """Kill -9 it, and start another."""
        os.kill(self._process.pid, signal.SIGKILL)
        self._process.wait(20)
        self._process = self._started()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(30)


class Recipient:
    """Pages through records and statements by `after`, as it pleases, until it is told to stop."""

    def __init__(self, connections: Connections, agreement: str, seed: int) -> None:
        self._connections, self._agreement, self._pick = connections, agreement, Random(seed)
        self.records: dict[str, dict] = {}
        self.recalled: dict[str, str] = {}
        self.versions: Counter[int] = Counter()
        self.statements: Counter[str] = Counter()
        self.after = {"records": 0, "statements": 0}
        self.through = ""
        self.faults: list[str] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self, written: str) -> None:
        """Read until everything that was stored until then has been read."""
        until = time.monotonic() + SECONDS
        while self.through < written and self._thread.is_alive():
            assert time.monotonic() < until, (self.through, written, self.after)
            time.sleep(0.2)
        self.stop()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(60)

    def _run(self) -> None:
        try:
            while not self._over.is_set():
                through = [self._read(what) for what in ("records", "statements")]
                self.through = min(through)
                time.sleep(self._pick.uniform(0, 0.3))
        except AssertionError as error:
            self.faults.append(str(error))
            raise

    def _read(self, what: str) -> str:
        """Read some pages; return until when everything was in them, empty where there is more."""
        for _ in range(self._pick.randrange(1, 5)):
            query = {"after": self.after[what], "limit": self._pick.choice((20, 100, 1000))}
            self._connections.turn()
            with contextlib.suppress(OSError, http.client.HTTPException):
                status, _headers, body = self._connections.ask(
                    "GET", f"/api/shared/{self._agreement}/{what}?{urlencode(query)}"
                )
                assert status in {200, 503}, body
                if status == 503:
                    continue
                page = json.loads(body)
                self._take(what, page)
                self.after[what] = page["next"]
                if not page["more"]:
                    return page["through"] or ""
        return ""

    def _take(self, what: str, page: dict) -> None:
        if what == "statements":
            self.statements.update(each["id"] for each in page["statements"])
            return
        for each in page["records"]:
            self.versions[each["version"]] += 1
            if "recall" in each:
                self.recalled[each["id"]] = each["recall"]
                self.records.pop(each["id"], None)
            else:
                self.records[each["id"]] = each


@pytest.fixture
def store(site: Site) -> Iterator[Store]:
    with contextlib.closing(open_store(site.uri, site.database, seal=sealed_with(PEPPER))) as opened:
        yield opened


@pytest.fixture
def agree(store: Store) -> Callable[..., tuple[Agreement, str, str]]:
    """Make an organisation with a key, and an agreement in force that gives it something."""

    def make(name: str, **changes: object) -> tuple[Agreement, str, str]:
        taker = Organisation(name, name.encode().ljust(8, b"-"), name, "province", 1)
        store.organisations.insert(taker)
        key, secret = f"key-{name}", uuid.uuid4().hex
        proved = digest(PEPPER.encode(), key, secret)
        authority = json.dumps({"account": {"homePage": "https://x.vn", "name": key}}).encode()
        store.credentials.put(Credential(key, taker.org, proved, frozenset({"records/read"}), authority))
        giver = store.organisations.find("first")
        assert giver is not None
        sides = [
            Principal(each.org, "a", frozenset({"share"}), b"{}", {}, organisation=each.id) for each in (giver, taker)
        ]
        agreeing = AgreementService(store, PEPPER, RegistryService(store, ZONE))
        wanted = {
            "giver": giver.id,
            "taker": taker.id,
            "partner": None,
            "purpose": PURPOSE,
            "basis": "contract",
            "level": "pseudonymous",
            "filter": Filter(),
            "fields": FIELDS,
            "statements": True,
            "minors": False,
            "k": 10,
            "starts": date(2025, 1, 1),
            "ends": None,
        }
        made = agreeing.propose(sides[1], wanted | changes)
        return agreeing.accept(sides[0], made.id, made.version), key, secret

    return make


def statement(pick: Random, number: int) -> dict:
    return {
        "id": str(uuid.UUID(int=pick.getrandbits(128), version=4)),
        "actor": {"account": {"homePage": "https://lms.example.vn", "name": f"hv-{pick.randrange(PEOPLE)}"}},
        "verb": {"id": f"{ADL}/{pick.choice(('completed', 'passed'))}"},
        "object": {"id": f"https://lms.example.vn/courses/{pick.randrange(COURSES)}"},
        "result": {"response": f"lần {number}"},
        "timestamp": "2026-03-01T08:00:00+07:00",
    }


def sends(pick: Random, statements: list[dict]) -> list[Send]:
    found, place = [], 0
    while place < len(statements):
        part = statements[place : place + pick.choice(BATCHES)]
        place += len(part)
        body = json.dumps(part if len(part) > 1 else part[0], ensure_ascii=False).encode()
        found.append(Send(len(found), tuple(each["id"] for each in part), body))
    return found


def voiding(target: dict) -> dict:
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": "https://lms.example.vn", "name": "operator"}},
        "verb": {"id": f"{ADL}/voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


@pytest.mark.parametrize("kills", [0, KILLS])
def test_recipients_miss_none_and_get_none_twice(
    site: Site,
    store: Store,
    agree: Callable[..., tuple[Agreement, str, str]],
    serve_with_hook: Callable[..., list[str]],
    kills: int,
) -> None:
    site.serve(SERVERS, serve_with_hook("slow", site.seed))
    made = [agree("tinh"), agree("bo", filter=Filter(verbs=("passed",)))]
    worker, recipients = Worker(site), []
    try:
        for number in range(4):
            agreement, key, secret = made[number % 2]
            site.opened.append(Connections(site.ports, key, secret, number))
            recipients.append(Recipient(site.opened[-1], agreement.id, site.seed + number))
        told = run(site, worker, kills)
        written = iso(store.statements.newest(made[0][0].giver))
        for each in recipients:
            each.finish(written)
    finally:
        for each in recipients:
            each.stop()
        worker.stop()
    assert [each.faults for each in recipients] == [[]] * 4
    for number, each in enumerate(recipients):
        check(store, made[number % 2][0], each, told)
    site.events.write("figure", statements=len(told), records=[len(each.records) for each in recipients])


def run(site: Site, worker: Worker, kills: int) -> list[dict]:
    """Write everything while the worker dies so many times; return what was written, the voided ones first."""
    pick = site.pick()
    told = [statement(pick, number) for number in range(STATEMENTS)]
    crowd, begun = site.crowd(WRITERS), time.monotonic()
    given = sends(pick, told)
    crowd.give(given)
    for turn in range(kills):
        while len(crowd.done) < len(given) * (turn + 1) / (kills + 1):
            assert time.monotonic() < begun + SECONDS
            time.sleep(0.05)
        time.sleep(pick.uniform(0, 0.5))
        worker.kill()
    crowd.finish(SECONDS)
    assert crowd.outcomes().keys() <= {"200", "503"}
    site.events.write("figure", seconds=time.monotonic() - begun)
    own = Connections(site.ports, KEY, SECRET)
    site.opened.append(own)
    status, _headers, body = own.ask(
        "POST", "/xapi/statements", json.dumps([voiding(e) for e in told[:VOIDED]]).encode()
    )
    assert status == 200, body
    return told


def check(store: Store, agreement: Agreement, recipient: Recipient, told: list[dict]) -> None:
    """Hold what a recipient has against what the giver has."""
    door = Agreements(store, PEPPER, RegistryService(store, ZONE))
    pseudonyms = Pseudonyms(*door.secrets(agreement))
    covered = {each["id"] for each in told if not agreement.filter.verbs or each["verb"]["id"].endswith("passed")}
    expected = {pseudonyms.uuid("statement", each) for each in covered}
    voided = {pseudonyms.uuid("statement", each["id"]) for each in told[:VOIDED]}
    assert {each: count for each, count in recipient.statements.items() if count > 1} == {}
    assert expected - voided - recipient.statements.keys() == set(), "missed"
    beyond = recipient.statements.keys() - expected
    assert len(beyond) == len({each["id"] for each in told[:VOIDED]} & covered), "what voids, and nothing else"
    assert [version for version, count in recipient.versions.items() if count > 1] == []
    rows = store.database["shares"].find({"agreement": bytes.fromhex(agreement.id), "recall": {"$exists": False}})
    held = {row["_id"][8:].hex(): json.loads(row["content"]) | {"version": int(row["version"])} for row in rows}
    assert recipient.records == held
    records = store.database["records"].find({}, {"state": 1})
    passed = [row for row in records if not agreement.filter.verbs or row["state"] == "passed"]
    assert held.keys() == {pseudonyms.row(row["_id"][8:]).hex() for row in passed}
    assert len(held) > PEOPLE / 4

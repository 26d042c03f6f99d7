"""Erasing a learner of whom a thousand statements tell: afterwards nothing of the person is anywhere.

Real processes of `lrs serve` and `lrs worker`, an organisation that shares records with names, and nothing but HTTP.
"""

import base64
import contextlib
import hashlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
import uuid
from datetime import UTC, datetime, timedelta
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote, urlencode

import bson
import pytest
from pymongo import MongoClient

from lrs.embedded import free_port
from lrs.leash import leashed
from lrs.services.audit import sealed_with
from lrs.services.auth import digest
from lrs.services.setup import first_credential
from lrs.services.verification import Verifier
from lrs.store import open_store
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://to.example.vn"
ADL = "http://adlnet.gov/expapi/verbs"
SECONDS = 60
STATEMENTS = int(os.environ.get("SOHOC_ERASED", "1000"))
MAILBOX = "mailto:bimat.lan@hoc.example.vn"
SHA1 = hashlib.sha1(MAILBOX.encode(), usedforsecurity=False).hexdigest()
NUMBER, ACCOUNT, NAME = "999201000123", "bimat-lan-tai-khoan", "Bí Mật Thị Lan"
LAN = (
    {"mbox": MAILBOX, "name": NAME},
    {"mbox_sha1sum": SHA1},
    {"account": {"homePage": HOME, "name": ACCOUNT}, "name": NAME},
    {"account": {"homePage": HOME, "name": NUMBER}},
)
IDENTITIES = (MAILBOX, f"sha1:{SHA1}", f"account:{HOME} {ACCOUNT}", f"account:{HOME} {NUMBER}")
SEEDS = ("bimat.lan", SHA1, NUMBER, ACCOUNT, NAME, "Bí Mật", quote(NAME))
SEEDED = re.compile("|".join(map(re.escape, SEEDS)), re.IGNORECASE)


class Caller:
    """Speaks to the server with one key."""

    def __init__(self, port, key, secret):
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}
        self._port = port

    def ask(self, method, path, body=None, **headers):
        """Return status and body."""
        if isinstance(body, list | dict):
            body = json.dumps(body, ensure_ascii=False).encode()
            headers = {"Content-Type": "application/json"} | headers
        with contextlib.closing(HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)) as connection:
            connection.request(method, path, body, self._headers | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def do(self, method, path, body=None, **headers):
        """Return what is answered to what was let in, as JSON if there is anything."""
        status, answer = self.ask(method, path, body, **headers)
        assert status in {200, 201, 204}, answer
        return json.loads(answer) if answer else None

    def text(self, path):
        status, answer = self.ask("GET", path)
        assert status == 200, answer
        return answer.decode()


class Site:
    def __init__(self, uri, database, port, folder):
        self.uri, self.database, self.folder = uri, database, folder
        self.own = Caller(port, "key", "secret-of-the-university")
        self.province = Caller(port, "province", "secret-of-the-province")

    def until(self, enough):
        end = time.monotonic() + SECONDS
        while not enough():
            assert time.monotonic() < end, "the worker does not get on"
            time.sleep(0.1)

    def counted(self):
        now = datetime.now(UTC)
        self.until(lambda: datetime.fromisoformat(self.own.do("GET", "/api/progress")["through"]) >= now)

    def holding(self):
        """The collections in any document of which there is something of the person, in names and bytes, too."""
        with MongoClient(self.uri, document_class=bson.raw_bson.RawBSONDocument) as client:
            every = client[self.database]
            texts = {name: b"".join(each.raw for each in every[name].find()) for name in every.list_collection_names()}
        return {name for name, text in texts.items() if SEEDED.search(text.decode(errors="replace"))}

    def logs(self):
        return "".join(each.read_text() for each in sorted(self.folder.glob("*.log")))


@contextlib.contextmanager
def running(folder, name, settings):
    command = leashed([str(Path(sys.executable).with_name("lrs")), name])
    with (folder / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(command, env=settings, stdout=log, stderr=log)
        try:
            yield process
        finally:
            process.terminate()
            process.wait(SECONDS)


def ready(port):
    with contextlib.closing(HTTPConnection("127.0.0.1", port, timeout=5)) as connection, contextlib.suppress(OSError):
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == 200
    return False


@pytest.fixture
def site(mongod, tmp_path):
    database, port = f"test_{uuid.uuid4().hex}", free_port()
    with contextlib.closing(open_store(mongod.uri, database, seal=sealed_with(PEPPER))) as store:
        store.migrate()
        first_credential(store, PEPPER, "key", "secret-of-the-university")
        org = secrets.token_bytes(8)
        store.organisations.insert(Organisation("tinh", org, "Tỉnh thử", "province"))
        scopes = frozenset({"all", "share", "records/read", "audit/read"})
        authority = json.dumps({"account": {"homePage": HOME, "name": "province"}}).encode()
        secret = digest(PEPPER.encode(), "province", "secret-of-the-province")
        store.credentials.put(Credential(key="province", org=org, digest=secret, scopes=scopes, authority=authority))
    settings = {
        "LRS_MONGODB_URI": mongod.uri,
        "LRS_DATABASE": database,
        "LRS_PEPPER": PEPPER,
        "LRS_PROCESSES": "1",
        "LRS_LOG_LEVEL": "info",
        "LRS_ERASURES": str(tmp_path / "erasures.jsonl"),
        "PORT": str(port),
        "PATH": os.environ["PATH"],
    }
    with running(tmp_path, "serve", settings), running(tmp_path, "worker", settings):
        made = Site(mongod.uri, database, port, tmp_path)
        made.until(lambda: ready(port))
        yield made
    with MongoClient(mongod.uri) as client:
        client.drop_database(database)


def said(agent, n=0, **more):
    thing = {"id": f"{HOME}/lop/{n % 50}", "definition": {"name": {"vi": f"Lớp {n % 50}"}}}
    verb = {"id": f"{ADL}/{('attended', 'passed')[n % 2]}"}
    return {"id": str(uuid.uuid4()), "actor": agent, "verb": verb, "object": thing, **more}


def with_file(told, data):
    """Return the body of a request, and its type, that sends data along with a statement."""
    sha2 = hashlib.sha256(data).hexdigest()
    told["attachments"] = [
        {
            "usageType": "http://id.tincanapi.com/attachment/certificate-of-completion",
            "display": {"vi": "Giấy chứng nhận"},
            "contentType": "text/plain",
            "length": len(data),
            "sha2": sha2,
        }
    ]
    head = (
        "--x\r\nContent-Type: application/json\r\n\r\n" + json.dumps(told) + "\r\n--x\r\nContent-Type: text/plain\r\n"
    )
    head += f"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {sha2}\r\n\r\n"
    return head.encode() + data + b"\r\n--x--\r\n", {"Content-Type": "multipart/mixed; boundary=x"}


def tell_everything(site):
    """Send what there can be about a person; return the statements of the person."""
    own, other = site.own, {"account": {"homePage": HOME, "name": "mai"}}
    mine = [said(LAN[n % 4], n) for n in range(STATEMENTS)]
    told = mine + [said(other, n, context={"instructor": LAN[n % 4]}) for n in range(100)]
    told += [said({"objectType": "Group", "member": [other, LAN[n % 4]]}, n) for n in range(100)]
    told += [said(other, object={"objectType": "Agent"} | LAN[2]), said(other, object={"objectType": "Agent"} | LAN[0])]
    told.append(said(other, verb={"id": f"{ADL}/voided"}, object={"objectType": "StatementRef", "id": mine[0]["id"]}))
    for begin in range(0, len(told), 500):
        own.do("POST", "/xapi/statements", told[begin : begin + 500])
    body, headers = with_file(said(LAN[0]), f"Giấy chứng nhận của {NAME}".encode() * 20_000)
    own.do("POST", "/xapi/statements", body, **headers)
    for agent in LAN:
        where = {"activityId": f"{HOME}/lop/1", "agent": json.dumps(agent), "stateId": "tro"}
        own.do("PUT", f"/xapi/activities/state?{urlencode(where)}", {"name": NAME})
        where = {"agent": json.dumps(agent), "profileId": "ho-so"}
        own.do("PUT", f"/xapi/agents/profile?{urlencode(where)}", {"name": NAME}, **{"If-None-Match": "*"})
    wrong = said(LAN[0]) | {"verb": {"id": NAME}}
    assert own.ask("POST", "/xapi/statements", wrong)[0] == 400
    assert own.ask("GET", f"/xapi/statements?{urlencode({'agent': json.dumps(LAN[0])})}")[0] == 200
    with MongoClient(site.uri) as client:
        # One that was sent just now might be named by somebody who is still sending: it goes a minute later.
        came = {"$set": {"metadata.touched": datetime.now(UTC) - timedelta(minutes=2)}}
        client[site.database]["attachments.files"].update_many({}, came)
    site.counted()
    links = [{"kind": "join", "identity": IDENTITIES[0], "other": each, "reason": "roster"} for each in IDENTITIES[2:]]
    own.do("POST", "/api/learners/links", {"links": links})
    return mine


def agree(site):
    """Let the province have records with names; return the agreement."""
    terms = {
        "giver": "first",
        "taker": "tinh",
        "purpose": {"code": "joint-course", "vi": "Khoá học chung", "en": "Joint course"},
        "basis": "contract",
        "level": "named",
        "statements": True,
        "fields": ["identities", "activity", "state"],
        "starts": "2026-01-01",
    }
    made = site.own.do("POST", "/api/agreements", terms)
    headers = {"If-Match": f'"{made["version"]}"'}
    return site.province.do("POST", f"/api/agreements/{made['id']}/accept", **headers)["id"]


def given(site, agreement):
    """What the province is given, from the beginning: the last of each row."""
    rows, after = {}, 0
    while (page := site.province.do("GET", f"/api/shared/{agreement}/records?after={after}&limit=500"))["records"]:
        rows |= {each["id"]: each for each in page["records"]}
        after = page["next"]
    return rows


OUT = (
    "/xapi/statements?limit=0",
    "/api/records?format=csv",
    "/api/records?format=ndjson",
    "/api/learners",
    "/api/learners/links",
    "/api/reviews",
    "/api/reports/experts",
    "/api/reports/hours?from=2026-01&to=2026-12",
    "/api/exports/kpi?period=2026-11",
    "/api/consents",
    "/api/audit?limit=1000",
    "/api/subjects/requests",
    "/api/diagnostics",
)


def test_nothing_of_the_person_is_left_anywhere(site, record_property):
    own = site.own
    mine = tell_everything(site)
    agreement = agree(site)
    site.until(lambda: SEEDED.search(json.dumps(given(site, agreement), ensure_ascii=False)))
    assert site.holding() >= {"statements", "learners", "documents", "shares", "attachments.chunks", "cells"}
    assert SEEDED.search(own.text("/api/records?format=csv"))

    made = own.do("POST", "/api/subjects/requests", {"type": "erase", "learner": IDENTITIES[2], "note": NAME})
    began = time.monotonic()
    site.until(lambda: own.ask("POST", f"/api/subjects/requests/{made['id']}/fulfil", {})[0] == 200)
    record_property("seconds", round(time.monotonic() - began, 1))
    counts = own.do("GET", f"/api/subjects/requests/{made['id']}")["counts"]
    assert counts["statements"] == STATEMENTS + 1
    assert counts["documents"] == 8
    assert counts["mentions"] == 202
    # What others were given is recalled by the worker.
    assert site.holding() <= {"shares"}
    site.until(lambda: not site.holding())
    assert own.do("POST", "/xapi/statements", mine[0]) == [mine[0]["id"]]
    time.sleep(11)
    again = own.do("POST", "/xapi/statements", said(LAN[0]))
    assert "so-hoc/erased" in own.text(f"/xapi/statements?statementId={again[0]}")
    site.until(lambda: not site.holding())
    site.until(lambda: not SEEDED.search(json.dumps(given(site, agreement), ensure_ascii=False)))
    assert "erased" in {each.get("recall") for each in given(site, agreement).values()}
    assert not SEEDED.search(site.province.text(f"/api/shared/{agreement}/statements"))
    for path in OUT:
        status, answer = own.ask("GET", path)
        assert status == 200, (path, answer)
        assert not SEEDED.search(answer.decode()), path
    journal = (site.folder / "erasures.jsonl").read_text()
    assert not SEEDED.search(journal)
    assert mine[0]["id"] in journal
    assert '"request"' in site.logs()
    assert not SEEDED.search(site.logs())
    with contextlib.closing(open_store(site.uri, site.database, seal=sealed_with(PEPPER))) as store:
        for org in store.organisations.orgs():
            assert Verifier(store.audit).verify(org, (), lambda _: None).sound

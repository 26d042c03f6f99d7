"""M17 and M28: what people may ask for, and what the controller can prove; real processes, and nothing but HTTP."""

import base64
import contextlib
import csv
import io
import json
import os
import secrets
import subprocess
import sys
import time
import uuid
import zipfile
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import bson
import pytest
from pymongo import MongoClient

from lrs.leash import leashed
from lrs.services.auth import digest
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://to.example.vn"
ATTENDED, COMPLETED = "http://adlnet.gov/expapi/verbs/attended", "http://adlnet.gov/expapi/verbs/completed"
SECONDS = 30
SEEDS = ("bimat-lan-tai-khoan", "bimat.lan.thu", "Bí Mật Thị Lan")
"""What stands for one person, as this test has sent it."""
LAN = f"account:{HOME} {SEEDS[0]}"
MAILBOX = f"mailto:{SEEDS[1]}@hoc.example.vn"
REQUESTS = "/api/subjects/requests"


class Caller:
    """Speaks to the server with one key."""

    def __init__(self, port, key, secret):
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}
        self._port = port
        self.key = key

    def ask(self, method, path, body=None, **headers):
        """Return status and body."""
        if isinstance(body, list | dict):
            body = json.dumps(body, ensure_ascii=False).encode()
            headers = {"Content-Type": "application/json"} | headers
        with contextlib.closing(HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)) as connection:
            connection.request(method, path, body, self._headers | headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

    def get(self, path, **query):
        """Return what is answered, as JSON."""
        status, body = self.ask("GET", f"{path}?{urlencode(query)}" if query else path)
        assert status == 200, body
        return json.loads(body)

    def do(self, method, path, body=None, **headers):
        """Return what is answered to what was let in, as JSON."""
        status, answer = self.ask(method, path, body, **headers)
        assert status in {200, 201}, answer
        return json.loads(answer)

    def request(self, kind, learner=LAN, **more):
        return self.do("POST", REQUESTS, {"type": kind, "learner": learner, **more})

    def fulfil(self, request, **said):
        return self.do("POST", f"{REQUESTS}/{request['id']}/fulfil", said)

    def audited(self, action):
        return self.get("/api/audit", action=action, ascending="true")["records"]


class Site:
    """A university, ``own``, and a ``province`` that it shares records with; each has a key that may everything."""

    def __init__(self, running, worker, uri, database):
        self.uri, self.database = uri, database
        self._worker = worker
        self.own = Caller(running.port, running.key, running.secret)
        self.province = Caller(running.port, "province", "secret-of-the-province")
        self._seen = 0
        self.rows = {}

    def counted(self):
        """Wait until everything that is stored by now is in the records."""
        now = datetime.now(UTC)
        self._wait(lambda: datetime.fromisoformat(self.own.get("/api/progress")["through"]) >= now)

    def share(self):
        """Let the province have the records; return the agreement."""
        purpose = {"code": "joint-course", "vi": "Khoá học chung", "en": "Joint course"}
        terms = {
            "giver": "first",
            "taker": "tinh",
            "purpose": purpose,
            "basis": "contract",
            "level": "pseudonymous",
            "fields": ["state"],
        }
        made = self.own.do("POST", "/api/agreements", terms | {"starts": "2026-01-01"})
        headers = {"If-Match": f'"{made["version"]}"'}
        return self.province.do("POST", f"/api/agreements/{made['id']}/accept", **headers)["id"]

    def taken(self, agreement, enough):
        """Let the province read on until it has enough; return all that it has, by the rows' ids."""

        def read():
            page = self.province.get(f"/api/shared/{agreement}/records", after=self._seen)
            self._seen = page["next"]
            self.rows |= {each["id"]: each for each in page["records"]}
            return enough(self.rows.values())

        self._wait(read)
        return self.rows

    def _wait(self, enough):
        until = time.monotonic() + SECONDS
        while not enough():
            assert self._worker.poll() is None, f"the worker ended with {self._worker.returncode}"
            assert time.monotonic() < until, "the worker does not get on"
            time.sleep(0.1)

    def dump(self):
        """Return every document of the database as bytes, by collection."""
        with MongoClient(self.uri, document_class=bson.raw_bson.RawBSONDocument) as client:
            every = client[self.database]
            return {name: b"".join(each.raw for each in every[name].find()) for name in every.list_collection_names()}


def add_province(store):
    """Make the organisation that takes, with its key."""
    org = secrets.token_bytes(8)
    store.organisations.insert(Organisation("tinh", org, "Tỉnh thử", "province"))
    scopes = frozenset({"all", "share", "records/read", "audit/read"})
    authority = json.dumps({"account": {"homePage": HOME, "name": "province"}}).encode()
    secret = digest(PEPPER.encode(), "province", "secret-of-the-province")
    store.credentials.put(Credential(key="province", org=org, digest=secret, scopes=scopes, authority=authority))


@contextlib.contextmanager
def working(uri, database):
    """Run `lrs worker`."""
    settings = {
        "LRS_MONGODB_URI": uri,
        "LRS_DATABASE": database,
        "LRS_PEPPER": PEPPER,
        "LRS_LOG_LEVEL": "error",
        "PATH": os.environ["PATH"],
    }
    process = subprocess.Popen(leashed([str(Path(sys.executable).with_name("lrs")), "worker"]), env=settings)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(SECONDS)


@pytest.fixture
def site(serve, mongod):
    databases = []

    def prepare(store):
        databases.append(store.database.name)
        add_province(store)

    with serve(prepare) as running, working(mongod.uri, databases[0]) as worker:
        yield Site(running, worker, mongod.uri, databases[0])


def said(agent, verb=ATTENDED, **more):
    thing = {"id": f"{HOME}/lop/an-toan-so"}
    return {"id": str(uuid.uuid4()), "actor": agent, "verb": {"id": verb}, "object": thing, **more}


def account(name, called=None):
    return {"account": {"homePage": HOME, "name": name}} | ({"name": called} if called else {})


def test_people_see_correct_restrict_and_erase_their_data_and_every_step_can_be_proved(site):
    own = site.own
    lan, mai = account(SEEDS[0], SEEDS[2]), account("mai")
    wrong, mailed, others = said(lan), said({"mbox": MAILBOX, "name": SEEDS[2]}), said(mai)
    mention = said(mai, COMPLETED, context={"instructor": lan})
    own.do("POST", "/xapi/statements", [wrong, mailed, others, mention])
    site.counted()
    link = {"kind": "join", "identity": LAN, "other": MAILBOX, "reason": "own-statement"}
    own.do("POST", "/api/learners/links", {"links": [link]})
    own.do("PUT", "/api/policies", {"retention": {"refusals": 24}}, **{"If-Match": '"0"'})
    agreement = site.share()
    site.taken(agreement, lambda rows: len(rows) == 2)

    check_that_clocks_run(own)
    check_access(site, agreement, {wrong["id"], mailed["id"], mention["id"]})
    check_correction(site, agreement, wrong, said(lan, COMPLETED))
    check_restriction(site, agreement)
    check_erasure(site, agreement)
    check_audit(site, agreement)
    check_dossier(site, agreement)
    check_that_a_missing_line_is_found(site)


def check_that_clocks_run(own):
    """Two working days after a Tuesday with a holiday on Wednesday is Friday."""
    own.do("PUT", "/api/holidays", {"holidays": [{"day": "2026-09-02", "labels": {"vi": "Quốc khánh"}}]})
    until = time.monotonic() + 10
    while (made := own.request("object", received="2026-09-01"))["acknowledge_by"] != "2026-09-04":
        assert time.monotonic() < until  # the other process looks every two seconds
        time.sleep(0.5)
    assert made["due"] == "2026-09-16"
    assert own.do("POST", f"{REQUESTS}/{made['id']}/acknowledge")["state"] == "acknowledged"
    longer = own.do("POST", f"{REQUESTS}/{made['id']}/extend", {"reason": "complex"})
    assert longer["due"] == "2026-10-01"
    assert own.do("POST", f"{REQUESTS}/{made['id']}/refuse", {"reason": "unfounded"})["state"] == "refused"


def check_access(site, agreement, ids):
    own, made = site.own, site.own.request("access", MAILBOX, note=SEEDS[2])
    found = own.get(f"{REQUESTS}/{made['id']}/data")
    assert {each["statement"]["id"] for each in found["statements"]} == ids
    assert [(each["agreement"], each["recipient"], each["records"]) for each in found["shared"]] == [
        (agreement, "tinh", 1)
    ]
    status, packed = own.ask("GET", f"{REQUESTS}/{made['id']}/data?format=csv")
    assert status == 200
    text = zipfile.ZipFile(io.BytesIO(packed)).read("statements.csv").decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    assert {json.loads(each["statement"])["id"] for each in rows} == ids
    own.fulfil(made)


def check_correction(site, agreement, wrong, right):
    made = site.own.request("correct")
    status, answer = site.province.ask("POST", f"{REQUESTS}/{made['id']}/fulfil", {"void": [wrong["id"]]})
    assert status == 403, answer
    site.own.fulfil(made, reason="wrong-result", void=[wrong["id"]], statements=[right])
    site.counted()
    site.taken(agreement, lambda rows: [each.get("state") for each in rows].count("completed") == 2)


def check_restriction(site, agreement):
    site.own.fulfil(site.own.request("restrict"))
    site.taken(agreement, lambda rows: [each.get("recall") for each in rows].count("restricted") == 1)
    assert len(site.own.get("/api/records", learner=LAN)["records"]) == 1
    site.own.fulfil(site.own.request("unrestrict"))
    site.taken(agreement, lambda rows: not any(each.get("recall") for each in rows))


def check_erasure(site, agreement):
    own, made = site.own, site.own.request("erase", note=SEEDS[2])
    done = own.fulfil(made)
    assert (done["state"], done["identity"], done["learner"]) == ("fulfilled", None, None)
    site.taken(agreement, lambda rows: [each.get("recall") for each in rows].count("erased") == 1)
    assert own.get("/api/learners", identity=LAN)["learners"] == []
    for name, text in site.dump().items():
        assert not [seed for seed in SEEDS if seed.encode() in text], name
    left = own.get("/xapi/statements")["statements"]
    # What voided the wrong one was said by the organisation, and names nobody.
    assert [each["actor"]["account"]["name"] for each in left] == [own.key, "mai", "mai"]
    assert own.audited("erasure.completed")[0]["target"] == made["id"]


def check_audit(site, agreement):
    """Who did what for which purpose and how much, in the audits of both sides; and nobody's name."""
    taken = site.own.audited("share.read")
    assert {(each["target"], each["actor"], each["details"]["purpose"]) for each in taken} == {
        (agreement, "organisation:tinh", "joint-course")
    }
    assert sum(each["details"]["rows"] for each in taken) >= 2
    assert len(site.province.audited("share.read")) == len(taken)
    for action, count in (
        ("policies.changed", 1),
        ("request.data_read", 2),
        ("request.refused", 1),
        ("request.fulfilled", 5),
        ("agreement.accepted", 1),
        ("erasure.begun", 1),
    ):
        assert len(site.own.audited(action)) == count, action
    whole = json.dumps(site.own.get("/api/audit", limit=1000), ensure_ascii=False)
    assert not [seed for seed in SEEDS if seed in whole]


def check_dossier(site, agreement):
    facts = site.own.get("/api/dossier", format="json")
    [recipient] = facts["recipients"]
    assert (recipient["agreement"], recipient["recipient"], recipient["basis"]) == (agreement, "tinh", "contract")
    assert (facts["retention"]["refusals"], facts["measures"]["erasures"]) == (24, 1)
    assert facts["measures"]["audit"]["sound"] is True
    status, page = site.own.ask("GET", "/api/dossier?language=en")
    assert status == 200
    assert b"Records under pseudonyms are personal data" in page
    assert b"Joint course" in page


def check_that_a_missing_line_is_found(site):
    gone = site.own.audited("request.refused")[0]["seq"]
    with MongoClient(site.uri) as client:
        every = client[site.database]
        first = every["organisations"].find_one({"_id": "first"})
        assert first is not None
        assert every["audit"].delete_one({"org": first["org"], "seq": gone}).deleted_count == 1
    settings = {"LRS_MONGODB_URI": site.uri, "LRS_DATABASE": site.database, "LRS_PEPPER": PEPPER, "LANG": "C"}
    command = [str(Path(sys.executable).with_name("lrs")), "admin", "audit", "verify", "--organisation", "first"]
    told = subprocess.run(command, env=settings | {"PATH": os.environ["PATH"]}, capture_output=True, check=False)
    assert told.returncode == 1
    assert str(gone).encode() in told.stdout + told.stderr
    findings = site.own.get("/api/dossier", format="json")["measures"]["audit"]["findings"]
    assert findings == [{"kind": "missing", "first": gone, "last": gone}]

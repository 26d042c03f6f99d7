"""Two universities give figures to a province: real processes of `lrs serve` and `lrs worker`, and nothing but HTTP."""

import base64
import contextlib
import json
import os
import re
import secrets
import subprocess
import sys
import time
import uuid
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlencode

import pytest

from lrs.leash import leashed
from lrs.services.auth import digest
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from schemas.training.terms import BASE

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://lms.truong.example.vn"
SECONDS = 30
SCOPES = {
    "lhu": {"all", "share", "records/read", "reports/read", "audit/read"},
    "vnuhcm": {"all", "share", "records/read", "reports/read", "audit/read"},
    "province": {"share", "reports/read", "audit/read"},
}
PURPOSE = {"code": "plan-192-figures", "vi": "Theo dõi Kế hoạch 192", "en": "To follow Plan 192"}
FIGURES = {"purpose": PURPOSE, "basis": "public-task", "level": "figures", "filter": {"programmes": ["192"]}}


class Caller:
    """Speaks for one organisation, each time on a connection of its own: any process of the server may answer."""

    def __init__(self, port, organisation, key, secret):
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        self._headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}
        self._port, self.id = port, organisation
        self.heard = ""

    def ask(self, method, path, body=None, **headers):
        """Return status, headers and body."""
        if body is not None:
            body, headers = json.dumps(body).encode(), {"Content-Type": "application/json"} | headers
        with contextlib.closing(HTTPConnection("127.0.0.1", self._port, timeout=SECONDS)) as connection:
            connection.request(method, path, body, self._headers | headers)
            answer = connection.getresponse()
            text = answer.read().decode()
            self.heard += text
            return answer.status, answer.headers, text

    def do(self, method, path, body=None, **headers):
        status, _, text = self.ask(method, path, body, **headers)
        assert status < 300, text
        return json.loads(text)

    def report(self, **query):
        return self.do("GET", f"/api/reports/coverage?{urlencode(query)}")

    def audited(self, action):
        return [each["details"] for each in self.do("GET", f"/api/audit?action={action}")["records"]]


class Site:
    """Three organisations on a server with a worker."""

    def __init__(self, port, keys, settings):
        self.lhu, self.vnuhcm, self.province = (Caller(port, name, *keys[name]) for name in SCOPES)
        self.settings = settings
        self.names = set()

    def train(self, school, mark, count, unit, programme="192"):
        """Let so many people attend a class, and wait until they are counted."""
        names = [f"nguoi-thu-{mark}-{number:04}" for number in range(count)]
        self.names.update(names)
        for begin in range(0, count, 50):
            school.do(
                "POST", "/xapi/statements", [attended(each, unit, programme) for each in names[begin : begin + 50]]
            )
        until = time.monotonic() + SECONDS
        before = school.do("GET", "/api/progress")
        while before["lag"] or before["through"] < self._stored(school):
            assert time.monotonic() < until, "the worker does not get on"
            time.sleep(0.1)
            before = school.do("GET", "/api/progress")

    @staticmethod
    def _stored(school):
        return school.do("GET", "/xapi/statements?limit=1")["statements"][0]["stored"]

    def agree(self, giver):
        """Make an agreement that the giver proposes and the province accepts; return its path."""
        status, headers, text = giver.ask(
            "POST", "/api/agreements", FIGURES | {"giver": giver.id, "taker": self.province.id}
        )
        assert status == 201, text
        path = f"/api/agreements/{json.loads(text)['id']}"
        assert self.province.do("POST", f"{path}/accept", **{"If-Match": headers["ETag"]})["state"] == "active"
        return path


def attended(name, unit, programme):
    extensions = {
        f"{BASE}/extensions/admin-unit": {"code": unit, "asOf": "2025-08-15"},
        f"{BASE}/extensions/programme": [programme],
    }
    return {
        "id": str(uuid.uuid4()),
        "actor": {"name": f"Người Thử {name}", "account": {"homePage": HOME, "name": name}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": f"{HOME}/lop", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": extensions},
        "timestamp": "2025-08-15T09:00:00+07:00",
    }


@pytest.fixture(scope="module")
def site(serve, mongod):
    keys, databases = {}, []

    def prepare(store):
        databases.append(store.database.name)
        for name, scopes in SCOPES.items():
            keys[name], org = (secrets.token_hex(8), secrets.token_hex(8)), secrets.token_bytes(8)
            store.organisations.insert(Organisation(name, org, f"Tổ chức {name}"))
            authority = json.dumps({"account": {"homePage": "https://lrs.example.vn", "name": name}}).encode()
            hashed = digest(PEPPER.encode(), *keys[name])
            store.credentials.put(
                Credential(key=keys[name][0], org=org, digest=hashed, scopes=frozenset(scopes), authority=authority)
            )

    with serve(prepare) as running:
        settings = {
            "LRS_MONGODB_URI": mongod.uri,
            "LRS_DATABASE": databases[0],
            "LRS_PEPPER": PEPPER,
            "PATH": os.environ["PATH"],
        }
        lrs = str(Path(sys.executable).with_name("lrs"))
        subprocess.run([lrs, "admin", "load", "dong-nai"], env=settings, check=True, capture_output=True)
        worker = subprocess.Popen(leashed([lrs, "worker"]), env=settings, stdout=subprocess.DEVNULL)
        try:
            yield Site(running.port, keys, settings)
        finally:
            worker.terminate()
            worker.wait(SECONDS)


def shown(found):
    return {row["unit"]["code"]: (row["shown"], row["without"]) for row in found["rows"]}


def test_the_province_reads_figures_by_agreement_and_nothing_else(site):
    site.train(site.lhu, "a", 40, "26209")
    site.train(site.lhu, "b", 15, "26080", "217")
    site.train(site.vnuhcm, "c", 30, "26209")
    site.train(site.vnuhcm, "d", 4, "26080")

    found = site.province.report(by="unit", sharing="all")
    assert (found["rows"], [each["id"] for each in found["organisations"]]) == ([], ["province"])

    one, other = site.agree(site.lhu), site.agree(site.vnuhcm)
    found = site.province.report(by="unit", sharing="all")
    # Beside the four of one university, its thirty would tell of them in its total.
    assert shown(found) == {"26080": ("<10", ["vnuhcm"]), "26209": ("40", ["vnuhcm"])}
    assert (found["totals"]["shown"], found["distinct"]) == ("74", "per organisation")
    assert {each["id"]: each["agreement"] for each in found["organisations"]} == {
        "province": None,
        "lhu": one.rpartition("/")[2],
        "vnuhcm": other.rpartition("/")[2],
    }

    for path in (f"/api/shared/{one.rpartition('/')[2]}/records", "/xapi/statements", "/api/records", "/api/learners"):
        assert site.province.ask("GET", path)[0] == 403, path
    details = {"by": "province", "purpose": PURPOSE["code"]}
    assert site.lhu.audited("share.refused") == [details | {"reason": "level"}]
    assert site.lhu.audited("share.read") == [details | {"report": "coverage", "rows": 1}]

    assert site.vnuhcm.do("POST", f"{other}/suspend")["state"] == "suspended"
    for _ in range(10):  # on either process of the server
        assert shown(site.province.report(by="unit", sharing="all")) == {"26209": ("40", [])}
    assert site.lhu.do("POST", f"{one}/end")["state"] == "ended"
    for _ in range(10):
        assert site.province.report(sharing="all")["totals"]["learners"] == 0

    status, _, page = site.province.ask("GET", f"{one}/statement?language=vi")
    assert status == 200
    assert "Theo dõi Kế hoạch 192" in page
    assert "đã chấm dứt" in page
    check_that_nothing_leaked(site)


def check_that_nothing_leaked(site):
    heard = site.province.heard
    assert len(heard) > 10_000
    assert not [name for name in site.names if name in heard]
    assert not re.search(rf"Người Thử|{HOME}|@[\w-]+\.\w", heard)
    told = subprocess.run(
        [str(Path(sys.executable).with_name("lrs")), "admin", "audit", "verify"],
        env=site.settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert told.returncode == 0, told.stdout + told.stderr

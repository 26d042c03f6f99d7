"""Names, mailboxes, secrets and answers of learners, sent along every road there is: none is logged or given back.

A refusal says where something is wrong and which rule that breaks, never what stood there.
"""

import base64
import contextlib
import gzip
import hashlib
import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from lrs.embedded import PrivateMongod, free_port
from lrs.leash import leashed
from lrs.services.audit import sealed_with
from lrs.services.setup import first_credential
from lrs.store import Store, open_store

PEPPER = "a pepper for tests, of 32 characters or more"
SEEDED = re.compile(r"bimat[0-9a-f]{16}")
COURSE = "https://hoc.example.vn/courses/an-toan-so"
VERB = {"id": "http://adlnet.gov/expapi/verbs/completed"}
STATEMENTS, BATCHES = "/xapi/statements", "/api/batches"
DOCUMENTS = ("/xapi/activities/state", "/xapi/activities/profile", "/xapi/agents/profile")


class Site:
    """A real server that logs all it can, and what was ever said to it that nobody else may hear."""

    def __init__(self, port: int, log: Path, store: Store, key: str, secret: str) -> None:
        self.port, self._log, self.store = port, log, store
        self.own = basic(key, secret)
        self.hidden = {key, secret, self.own.removeprefix("Basic ")}
        self.refusals: list[tuple[str, int, str]] = []

    def ask(
        self, method: str, path: str, body: Any = None, *, headers: dict[str, str] | None = None, **query: str
    ) -> tuple[int, dict[str, Any]]:
        """Send one request, as the first credential unless the headers say otherwise; keep its answer if it refuses."""
        sent = {"X-Experience-API-Version": "2.0.0", "Content-Type": "application/json", "Authorization": self.own}
        sent |= headers or {}
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        if query:
            path += "?" + urlencode(query)
        if (authorization := sent["Authorization"]) not in (self.own, ""):
            self.hidden.add(authorization.rpartition(" ")[2])
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            connection.request(method, path, body, sent)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "replace")
            if answer.status >= 400:
                self.refusals.append((f"{method} {path}", answer.status, f"{text} {answer.getheaders()}"))
            found = json.loads(text) if "json" in answer.headers.get("Content-Type", "") else {}
            return answer.status, found

    def say(self, request: bytes) -> None:
        """Send bytes that are no good request."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=5) as connection:
            connection.sendall(request)
            connection.shutdown(socket.SHUT_WR)
            said = b""
            with contextlib.suppress(OSError):
                while chunk := connection.recv(65536):
                    said += chunk
        self.refusals.append((request[:60].decode("latin-1"), 400, said.decode("utf-8", "replace")))

    def logged(self) -> list[str]:
        return self._log.read_text().splitlines()


def basic(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def seed() -> str:
    return f"bimat{uuid.uuid4().hex[:16]}"


def somebody() -> dict[str, str]:
    return {"mbox": f"mailto:{seed()}@hoc.example.vn", "name": f"Lan {seed()}"}


def statement(**changes: Any) -> dict[str, Any]:
    usual = {
        "actor": somebody(),
        "verb": VERB,
        "object": {"id": COURSE, "definition": {"name": {"vi": seed()}}},
        "result": {"response": seed()},
        "context": {"instructor": somebody(), "extensions": {"https://hoc.example.vn/x": seed()}},
    }
    return usual | changes


@pytest.fixture(scope="module")
def site(mongod: PrivateMongod, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    name, port = f"test_{uuid.uuid4().hex}", free_port()
    log = tmp_path_factory.mktemp("log") / "server.log"
    key, secret = seed(), seed()
    with contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as store:
        store.migrate()
        first_credential(store, PEPPER, key, secret)
        settings = {
            "LRS_MONGODB_URI": mongod.uri,
            "LRS_DATABASE": name,
            "LRS_PEPPER": PEPPER,
            "LRS_PROCESSES": "1",
            "LRS_LOG_LEVEL": "debug",
            "LRS_MAX_STATEMENT": "20000",
            "LRS_MAX_DOCUMENT": "20000",
            "PORT": str(port),
            "PATH": os.environ["PATH"],
        }
        command = leashed([str(Path(sys.executable).with_name("lrs")), "serve"])
        with log.open("wb") as output:
            process = subprocess.Popen(command, env=settings, stdout=output, stderr=output)
        try:
            wait_until_ready(process, port, log)
            yield Site(port, log, store, key, secret)
        finally:
            process.terminate()
            process.wait(30)
            store.client.drop_database(name)


def wait_until_ready(process: subprocess.Popen[bytes], port: int, log: Path) -> None:
    until = time.monotonic() + 30
    while True:
        with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as ready:
            ready.request("GET", "/health/ready")
            if ready.getresponse().status == 200:
                return
        assert process.poll() is None, log.read_text()
        assert time.monotonic() < until, log.read_text()
        time.sleep(0.05)


def good_requests(site: Site) -> None:
    """What succeeds is logged too."""
    known = statement(id=str(uuid.uuid4()))
    who = json.dumps(known["actor"])
    assert site.ask("POST", STATEMENTS, known)[0] == 200
    assert site.ask("POST", STATEMENTS, [statement(), statement()])[0] == 200
    assert site.ask("POST", BATCHES, [statement(), {"actor": seed()}])[0] == 200
    assert site.ask("POST", "/api/validate", statement(verb=seed()))[0] == 200
    assert site.ask("GET", STATEMENTS, agent=who, related_agents="true")[0] == 200
    assert site.ask("GET", "/xapi/agents", agent=who)[0] == 200
    assert site.ask("GET", "/xapi/activities", activityId=f"https://hoc.example.vn/{seed()}")[0] == 200
    for path in DOCUMENTS:
        named = {"activityId": COURSE, "agent": who, "stateId": seed(), "profileId": seed()}
        wanted = {
            DOCUMENTS[0]: ("activityId", "agent", "stateId"),
            DOCUMENTS[1]: ("activityId", "profileId"),
            DOCUMENTS[2]: ("agent", "profileId"),
        }[path]
        query = {name: named[name] for name in wanted}
        fresh = {"If-None-Match": "*"}
        assert site.ask("PUT", path, {"nhật ký": seed()}, headers=fresh, **query)[0] == 204
        assert site.ask("POST", path, {"thêm": seed()}, **query)[0] == 204
        assert site.ask("GET", path, **query)[0] == 200
        assert site.ask("PUT", path, {"khác": seed()}, headers=fresh, **query)[0] == 412
        assert site.ask("PUT", path, {"khác": seed()}, headers={"If-Match": f'"{seed()}"'}, **query)[0] == 412
        assert site.ask("POST", path, b"{" + seed().encode(), **query)[0] == 400
        assert site.ask("PUT", path, {"lớn": seed() * 2000}, **query)[0] == 413
    clash = known | {"result": {"response": seed()}}
    assert site.ask("PUT", STATEMENTS, clash, statementId=known["id"])[0] == 409


WRONG: dict[str, Callable[[], Any]] = {
    "mbox": lambda: statement(actor={"mbox": f"mailto:{seed()} {seed()}"}),
    "mbox without scheme": lambda: statement(actor={"mbox": f"{seed()}@hoc.example.vn"}),
    "two identifiers": lambda: statement(actor=somebody() | {"openid": f"https://id.example.vn/{seed()}"}),
    "account": lambda: statement(actor={"account": {"homePage": seed(), "name": seed()}}),
    "name": lambda: statement(actor={"mbox": "mailto:lan@hoc.example.vn", "name": [seed()]}),
    "sha1": lambda: statement(actor={"mbox_sha1sum": seed()}),
    "group": lambda: statement(actor={"objectType": "Group", "member": [{"mbox": seed()}]}),
    "objectType": lambda: statement(actor={"objectType": seed()}),
    "verb": lambda: statement(verb={"id": seed()}),
    "display": lambda: statement(verb=VERB | {"display": {"vi": [seed()]}}),
    "object": lambda: statement(object={"id": f"{seed()} {seed()}"}),
    "reference": lambda: statement(object={"objectType": "StatementRef", "id": seed()}),
    "response": lambda: statement(result={"response": {"là": seed()}}),
    "duration": lambda: statement(result={"duration": seed()}),
    "score": lambda: statement(result={"score": {"scaled": seed()}}),
    "registration": lambda: statement(context={"registration": seed()}),
    "language": lambda: statement(context={"language": seed() + "!"}),
    "timestamp": lambda: statement(timestamp=seed()),
    "stored": lambda: statement(stored=seed()),
    "version": lambda: statement(version=seed()),
    "id": lambda: statement(id=seed()),
    "authority": lambda: statement(authority={"mbox": seed()}),
    "attachments": lambda: statement(attachments=[{"usageType": seed(), "sha2": seed(), "contentType": seed()}]),
    "text instead of all": seed,
    "too large": lambda: statement(result={"response": seed() * 2000}),
    "twice the id": lambda: [statement(id="6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11")] * 2,
}
BROKEN: dict[str, Callable[[], bytes]] = {
    "cut off": lambda: json.dumps(statement()).encode()[:-3],
    "trailing": lambda: json.dumps(statement()).encode() + seed().encode(),
    "bare": lambda: seed().encode(),
    "key twice": f'{{"actor": "{seed()}", "actor": "{seed()}"}}'.encode,
    "nan": f'{{"actor": "{seed()}", "x": NaN}}'.encode,
    "surrogate": f'{{"actor": "{seed()}\\ud800"}}'.encode,
    "not utf-8": lambda: b'{"actor": "\xff' + seed().encode() + b'"}',
    "deep": lambda: b"[" * 200 + json.dumps(seed()).encode(),
}
ASKED: dict[str, Callable[[], dict[str, str]]] = {
    "agent cut off": lambda: {"agent": f'{{"mbox": "mailto:{seed()}@'},
    "agent": lambda: {"agent": json.dumps({"mbox": seed(), "name": seed()})},
    "statementId": lambda: {"statementId": seed()},
    "two ids": lambda: {"statementId": str(uuid.uuid4()), "agent": json.dumps(somebody())},
    "since": lambda: {"since": seed()},
    "verb": lambda: {"verb": seed()},
    "activity": lambda: {"activity": f"{seed()} {seed()}"},
    "limit": lambda: {"limit": seed()},
    "format": lambda: {"format": seed()},
    "registration": lambda: {"registration": seed()},
    "more": lambda: {"more": seed()},
    "more with agent": lambda: {"more": seed(), "agent": json.dumps(somebody())},
}


def wrong_statements(site: Site) -> None:
    for name, make in WRONG.items():
        assert site.ask("POST", STATEMENTS, make())[0] in (400, 413), name
        assert site.ask("PUT", STATEMENTS, make(), statementId=str(uuid.uuid4()))[0] in (400, 413), name
        assert site.ask("POST", BATCHES, [make()])[0] in (200, 400, 413), name
        assert site.ask("POST", STATEMENTS, make(), headers={"X-Experience-API-Version": "1.0.3"})[0] in (400, 413)
    for name, body in BROKEN.items():
        for path in (STATEMENTS, BATCHES, "/api/session", "/api/credentials", "/api/members"):
            assert site.ask("POST", path, body())[0] in (200, 400), (name, path)
    for name, query in ASKED.items():
        assert site.ask("GET", STATEMENTS, **query())[0] == 400, name
    for path in DOCUMENTS:
        assert site.ask("GET", path, activityId=seed(), agent=seed(), registration=seed(), since=seed())[0] == 400
    assert site.ask("GET", "/xapi/agents", agent=seed())[0] == 400
    assert site.ask("GET", "/xapi/activities", activityId=seed())[0] == 400


def wrong_envelopes(site: Site) -> None:
    """Headers, encodings, multipart and the alternate syntax."""
    text = json.dumps(statement()).encode()
    for headers, status in (
        ({"X-Experience-API-Version": seed()}, 400),
        ({"Content-Type": f"text/{seed()}"}, 400),
        ({"Content-Type": f"application/json; charset={seed()}"}, 200),
        ({"Content-Encoding": seed()}, 415),
        ({"Content-Encoding": "gzip"}, 400),
        ({"Accept-Language": seed(), "X-Request-Id": f"{seed()}@hoc.example.vn", "Cookie": f"a={seed()}"}, 200),
        ({"X-Request-Id": seed()}, 200),
        ({"Content-Type": f"multipart/mixed; boundary={seed()}"}, 400),
    ):
        found, _ = site.ask("POST", STATEMENTS, text, headers=headers)
        assert found in (status, 400, 415), headers
    assert site.ask("POST", STATEMENTS, gzip.compress(text)[:-9], headers={"Content-Encoding": "gzip"})[0] == 400
    data = seed().encode()
    parts = (
        b"--x\r\nContent-Type: application/json\r\n\r\n%b\r\n--x\r\nContent-Type: %b\r\n"
        b"Content-Transfer-Encoding: binary\r\nX-Experience-API-Hash: %b\r\n\r\n%b\r\n--x--\r\n"
    )
    digest = hashlib.sha256(data).hexdigest().encode()
    for kind, claimed in ((b"text/plain", digest), (seed().encode(), digest), (b"text/plain", seed().encode())):
        body = parts % (text, kind, claimed, data)
        mixed = {"Content-Type": "multipart/mixed; boundary=x"}
        assert site.ask("POST", STATEMENTS, body, headers=mixed)[0] == 400
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    alternate = urlencode({"agent": seed(), "Authorization": basic(seed(), seed()), "content": seed()}).encode()
    for method in ("GET", "PUT", seed()):
        assert site.ask("POST", f"{STATEMENTS}?method={method}", alternate, headers=form)[0] in (400, 401, 405)
    for path in (f"/xapi/{quote(seed())}@hoc.example.vn", f"/xapi/agents/{seed()}%20{seed()}", f"/Lan%20{seed()}"):
        assert site.ask("GET", path)[0] == 404
    assert site.ask("PATCH", STATEMENTS, statement(), agent=json.dumps(somebody()))[0] == 405


def names(site: Site) -> None:
    """Members, parameters, columns and fields of forms that are called as somebody is."""
    for foreign in (seed(), f"{seed()}@hoc.example.vn", f"x.{seed()}", f"Lan {seed()}", f'"{seed()}'):
        bodies = (statement(**{foreign: 1}), statement(context={"extensions": {foreign: 1}}), {foreign: {foreign: 1}})
        for body in (
            *bodies,
            *([body] for body in bodies),
            statement(object={"id": COURSE, "definition": {foreign: 1}}),
        ):
            assert site.ask("POST", STATEMENTS, body)[0] == 400
        for method, path in (
            ("POST", "/api/members"),
            ("POST", "/api/agreements"),
            ("POST", "/api/credentials"),
            ("POST", "/api/launches"),
            ("POST", "/api/session"),
            ("POST", "/api/providers"),
            ("PUT", "/api/programmes"),
            ("PUT", "/api/units"),
        ):
            assert site.ask(method, path, {foreign: 1})[0] == 400, path
            assert site.ask(method, path, {"limits": {foreign: 1}, "units": [{foreign: 1}]})[0] == 400, path
        columns = f"{foreign},code\n1,2\n".encode()
        assert site.ask("PUT", "/api/programmes", columns, headers={"Content-Type": "text/csv"})[0] == 400
        for path in (STATEMENTS, "/xapi/agents", "/api/credentials", "/api/audit", "/api/members"):
            assert site.ask("GET", path, **{foreign: "1"})[0] == 400, path
        for method in ("POST", "PUT"):
            assert site.ask(method, STATEMENTS, statement(), **{foreign: "1"})[0] == 400
        form = urlencode({"Authorization": site.own, "X-Experience-API-Version": "1.0.3", foreign: "1"}).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "X-Experience-API-Version": "1.0.3"}
        assert site.ask("POST", f"{STATEMENTS}?method=GET", form, headers=headers)[0] == 400


def broken_http(site: Site) -> None:
    post = f"POST {STATEMENTS}?agent={seed()} HTTP/1.1\r\nHost: lrs\r\n"
    for request in (
        f"GET {STATEMENTS}?agent={seed()} HTTP/9.9\r\nHost: lrs\r\n\r\n",
        f"{seed()} {seed()}\r\n\r\n",
        f"GET {STATEMENTS}?agent={seed() * 500} HTTP/1.1\r\nHost: lrs\r\n\r\n",
        f"{post}{seed()} {seed()}\r\n\r\n",
        f"{post}Authorization : {seed()}\r\n\r\n",
        f"{post}Transfer-Encoding: {seed()}\r\n\r\n",
        f"{post}Content-Length: {seed()}\r\n\r\n",
        (
            f"{post}Authorization: {site.own}\r\nX-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\n"
            f"Transfer-Encoding: chunked\r\n\r\n{seed()}\r\n"
        ),
        (
            f"{post}Authorization: {site.own}\r\nX-Experience-API-Version: 2.0.0\r\nContent-Type: application/json\r\n"
            f'Content-Length: 999\r\n\r\n{{"actor": "{seed()}"'
        ),
    ):
        site.say(request.encode())


def callers(site: Site) -> None:
    """Wrong secrets, tokens and passwords; and good ones."""
    for authorization in (
        basic(seed(), seed()),
        basic(f"{seed()}@hoc.example.vn", seed()),
        f"Bearer {seed()}",
        f"Bearer {seed()}.{seed()}.{seed()}",
        f"Basic {seed()}",
        seed(),
    ):
        for path in (STATEMENTS, "/api/credentials"):
            assert site.ask("GET", path, headers={"Authorization": authorization})[0] == 401
    name, mail = f"Lan {seed()}", f"{seed()}@hoc.example.vn"
    status, invited = site.ask("POST", "/api/members", {"email": mail, "name": name, "role": "auditor"})
    assert status == 201, invited
    code, password = invited["invitation"]["code"], f"mật khẩu {seed()}"
    site.hidden.add(code)
    assert site.ask("POST", "/api/members", {"email": mail, "name": name, "role": "auditor"})[0] == 409
    for body in ({"email": seed(), "name": seed(), "role": seed()}, {"email": [seed()], "name": [seed()]}):
        assert site.ask("POST", "/api/members", body)[0] == 400
    nobody = {"Authorization": ""}
    accepted = {"code": seed(), "password": seed() + seed()}
    assert site.ask("POST", "/api/invitations/accept", accepted, headers=nobody)[0] in (400, 401, 403, 404)
    short = {"code": code, "password": f"{seed()[:6]}"}
    assert site.ask("POST", "/api/invitations/accept", short, headers=nobody)[0] == 400
    accepted = {"code": code, "password": password}
    assert site.ask("POST", "/api/invitations/accept", accepted, headers=nobody)[0] == 200
    for organisation, who, word in (("first", mail, seed()), ("first", seed(), seed()), (seed(), mail, password)):
        body = {"organisation": organisation, "email": who, "password": word}
        assert site.ask("POST", "/api/session", body, headers=nobody)[0] in (400, 401)
    body = {"organisation": "first", "email": mail, "password": password}
    assert site.ask("POST", "/api/session", body, headers=nobody)[0] == 200


def administration(site: Site) -> None:
    status, made = site.ask("POST", "/api/credentials", {"label": seed(), "scopes": ["statements/write"]})
    assert status == 201, made
    site.hidden.add(made["secret"])
    mine = {"Authorization": basic(made["key"], made["secret"])}
    assert site.ask("POST", STATEMENTS, statement(), headers=mine)[0] == 200
    assert site.ask("GET", STATEMENTS, headers=mine, agent=json.dumps(somebody()))[0] == 403
    for body in (
        {"label": [seed()]},
        {"scopes": [seed()]},
        {"origins": [seed()]},
        {"leniency": [seed()]},
        {"authority": somebody() | {"mbox": seed()}},
        {"expires": seed()},
        {"limits": {"requests": seed()}},
    ):
        assert site.ask("POST", "/api/credentials", body)[0] == 400, body
        assert site.ask("PATCH", f"/api/credentials/{made['key']}", body)[0] == 400, body
    launch = {"agent": somebody(), "activity": COURSE}
    status, launched = site.ask("POST", "/api/launches", launch)
    assert status == 201, launched
    token = launched["token"]
    site.hidden |= {token, token.partition(".")[2]}
    bearer = {"Authorization": f"Bearer {token}"}
    assert site.ask("POST", STATEMENTS, statement(), headers=bearer)[0] == 403
    assert site.ask("GET", "/xapi/agents/profile", headers=bearer, agent=json.dumps(somebody()))[0] == 403
    assert site.ask("POST", "/api/launches", {"agent": {"mbox": seed()}, "activity": seed()})[0] == 400
    partner = {"name": f"Lan {seed()}", "document": seed()}
    purpose = {"code": "chung", "vi": seed(), "en": seed()}
    terms = {"giver": "first", "partner": partner, "purpose": purpose, "basis": "contract", "level": "named"}
    status, agreed = site.ask("POST", "/api/agreements", terms | {"statements": True})
    assert status == 201, agreed
    for wrong in ({"basis": seed()}, {"giver": seed()}, {"purpose": {"code": seed()}}, {"filter": {"units": [seed()]}}):
        assert site.ask("POST", "/api/agreements", terms | wrong)[0] == 400, wrong
    for path in ("/api/organisations", "/api/organisation"):
        method = "POST" if path.endswith("s") else "PATCH"
        assert site.ask(method, path, {"id": f"{seed()} x", "name": [seed()], "kind": seed()})[0] == 400


def consents(site: Site) -> None:
    """Who consented to what, or did not: what is recorded, and what is not."""
    wording = {"id": "chia-se", "version": "1", "language": "vi"}
    assert site.ask("PUT", "/api/consents/wordings", {"wordings": [wording | {"text": seed()}]})[0] == 200
    usual = {"purpose": "chia-se", "answer": "yes", "wording": wording, "given_by": "self", "how": "paper"}
    usual |= {"given": "2026-08-01"}
    told = []
    for changes in (
        {},
        {"answer": ""},
        {"answer": seed()},
        {"identity": seed()},
        {"identity": f"account:https://hoc.example.vn/{seed()} {seed()}", "answer": "không"},
        {"purpose": f"Mục đích {seed()}"},
        {"given": seed()},
        {"given_by": seed(), "how": seed()},
        {"wording": wording | {"version": seed()}},
        {seed(): seed()},
    ):
        row = usual | {"identity": f"mailto:{seed()}@hoc.example.vn"} | changes
        status, found = site.ask("POST", "/api/consents", {"consents": [row]})
        assert status == 200, found
        told.append(found)
    columns = "identity,purpose,answer,wording,version,language,given_by,how,given\n"
    rows = "".join(f"mailto:{seed()}@hoc.example.vn,chia-se,{seed()},{seed()},1,vi,self,paper,{seed()}\n" for _ in "ab")
    csv = {"Content-Type": "text/csv"}
    told.append(site.ask("POST", "/api/consents", (columns + rows).encode(), headers=csv)[1])
    assert not SEEDED.search(json.dumps(told))
    assert site.ask("POST", "/api/consents", f"{seed()},{columns}{rows}".encode(), headers=csv)[0] == 400
    assert site.ask("POST", "/api/consents", {seed(): [seed()]})[0] == 400
    [consent, *_] = (each["rows"][0]["id"] for each in told)
    assert site.ask("POST", f"/api/consents/{consent}/withdraw", {"withdrawn": seed()})[0] == 400
    assert site.ask("POST", f"/api/consents/{consent}/withdraw", {seed(): seed()})[0] == 400
    assert site.ask("POST", f"/api/consents/{consent}/withdraw")[0] == 200
    assert site.ask("POST", f"/api/consents/{0:032}/withdraw")[0] == 404
    assert site.ask("GET", "/api/consents", identity=f"mailto:{seed()}@hoc.example.vn")[0] == 200
    assert site.ask("GET", "/api/consents", identity=seed(), purpose=seed() + "!")[0] == 400
    clash = {"wordings": [wording | {"text": seed()}, {"id": seed() + "!", "text": [seed()]}]}
    assert site.ask("PUT", "/api/consents/wordings", clash)[0] == 400
    assert site.ask("PUT", "/api/consents/wordings", {"wordings": clash["wordings"][:1]})[0] == 409
    status, listed = site.ask("GET", "/api/consents")
    assert status == 200
    assert set(SEEDED.findall(json.dumps(listed))) <= site.hidden  # the key that recorded it
    strict = {"scopes": ["statements/write"], "intake": {"minors": "refuse"}}
    made = site.ask("POST", "/api/credentials", strict)[1]
    site.hidden.add(made["secret"])
    mine = {"Authorization": basic(made["key"], made["secret"])}
    band = {"https://w3id.org/so-hoc/profiles/digital-skills/extensions/age-band": "<16"}
    child = statement(context={"extensions": band})
    assert site.ask("POST", STATEMENTS, child, headers=mine)[0] == 400
    assert site.ask("POST", BATCHES, [child], headers=mine)[1]["refused"] == 1


def concerned(site: Site) -> None:
    """Who asked for what about the own data, with what was noted; wrong requests, and a person erased."""
    path = "/api/subjects/requests"

    def ask(kind: str, **more: Any) -> str:
        body = {"type": kind, "learner": f"mailto:{seed()}@hoc.example.vn", "note": seed()} | more
        status, made = site.ask("POST", path, body)
        assert status == 201, made
        return f"{path}/{made['id']}"

    for wrong in ({"type": seed()}, {"learner": seed()}, {"received": seed()}, {"note": [seed()]}, {seed(): seed()}):
        body = {"type": "access", "learner": f"mailto:{seed()}@hoc.example.vn"} | wrong
        assert site.ask("POST", path, body)[0] == 400, wrong
    assert site.ask("GET", path, state=seed())[0] == 400
    assert site.ask("GET", f"{path}/{0:024}")[0] == 404
    access, correct, erase = ask("access"), ask("correct"), ask("erase")
    for step in ("extend", "refuse"):
        assert site.ask("POST", f"{access}/{step}", {"reason": seed(), "note": seed()})[0] == 400
    assert site.ask("POST", f"{access}/extend", {"reason": "complex", "note": seed()})[0] == 200
    assert site.ask("GET", f"{access}/data")[0] == 200
    for fault in ({"void": [seed()]}, {"reason": seed()}, {"statements": [{"actor": seed(), seed(): seed()}]}):
        assert site.ask("POST", f"{correct}/fulfil", {"reason": "other"} | fault)[0] == 400
    others = {"reason": "other", "void": [str(uuid.uuid4())], "statements": [statement()]}
    assert site.ask("POST", f"{correct}/fulfil", others)[0] == 400
    assert site.ask("POST", f"{erase}/fulfil", {"note": seed(), "purpose": seed()})[0] == 400
    assert site.ask("POST", f"{erase}/fulfil", {"note": seed()})[0] == 200
    assert site.ask("GET", f"{erase}/data")[0] == 409
    facts = {"facts": {"controller": {"name": seed()}, "purposes": {"vi": seed()}}}
    assert site.ask("PUT", "/api/policies", facts)[0] == 400
    assert site.ask("PUT", "/api/policies", facts, headers={"If-Match": '"99"'})[0] == 412
    assert site.ask("PUT", "/api/policies", {"facts": {seed(): seed()}}, headers={"If-Match": '"0"'})[0] == 400
    assert site.ask("PUT", "/api/policies", facts, headers={"If-Match": '"0"'})[0] == 200
    assert site.ask("GET", "/api/dossier", format="json")[0] == 200


def abroad(site: Site) -> None:
    """Keys and secrets at the stores of others, addresses that are called; wrong ones, and good ones."""
    good = {"url": "https://lrs.partner.example.vn/xapi", "key": seed(), "secret": seed()}
    site.hidden |= {good["key"], good["secret"]}
    wrong = (
        {"url": seed()},
        {"url": f"https://{seed()}:{seed()}@x.vn/"},
        {"key": [seed()]},
        {"secret": [seed()]},
        {seed(): 1},
    )
    for path, needed in (("forwards", {"agreement": "0" * 16}), ("pulls", {"credential": seed()})):
        for each in (*wrong, {}, {"label": [seed()]}, {"version": seed()}):
            assert site.ask("POST", f"/api/{path}", good | needed | each)[0] == 400, (path, each)
    for each in (
        {"url": seed(), "events": []},
        {"url": good["url"], "events": [seed()]},
        {"url": good["url"], seed(): 1},
    ):
        assert site.ask("POST", "/api/webhooks", each)[0] == 400, each
    own = site.ask("POST", "/api/credentials", {})[1]
    site.hidden.add(own["secret"])
    status, made = site.ask("POST", "/api/pulls", good | {"credential": own["key"], "label": seed()})
    assert status == 201, made
    assert site.ask("POST", f"/api/pulls/{made['id']}/dead-letters/drop", {"statements": [seed()]})[0] == 400
    status, called = site.ask("POST", "/api/webhooks", {"url": good["url"], "events": [], "label": seed()})
    assert status == 201, called
    site.hidden.add(called["secret"])
    assert site.ask("POST", f"/api/webhooks/{called['id']}/test")[0] == 202


def shared(site: Site) -> None:
    for what in ("records", "recalls", "statements"):
        assert site.ask("GET", f"/api/shared/{0:016}/{what}")[0] == 404
        assert site.ask("GET", f"/api/shared/{0:016}/{what}", after=seed())[0] == 400
        assert site.ask("GET", f"/api/shared/{0:016}/{what}", **{seed(): seed()})[0] == 400
    assert site.ask("GET", f"/api/shared/{0:016}/records", format=seed())[0] == 400


def defects(site: Site) -> None:
    """What is stored is damaged behind the server's back: an honest 500, logged with its place in the code."""
    broken = str(uuid.uuid4())
    assert site.ask("POST", STATEMENTS, statement(id=broken))[0] == 200
    rows = site.store.database["statements"]
    wanted = {"_id": {"$gt": b""}, "raw": {"$type": "binData"}}
    row = next(row for row in rows.find(wanted) if broken.encode() in row["raw"])
    rows.update_one({"_id": row["_id"]}, {"$set": {"raw": f'{{"actor": {seed()}'.encode()}})
    for form in ("ids", "canonical"):
        assert site.ask("GET", STATEMENTS, statementId=broken, format=form)[0] == 500
    assert site.ask("PUT", STATEMENTS, statement(id=broken), statementId=broken)[0] == 500
    rows.delete_one({"_id": row["_id"]})


ROADS = (
    good_requests,
    wrong_statements,
    wrong_envelopes,
    names,
    broken_http,
    callers,
    administration,
    consents,
    shared,
    concerned,
    abroad,
    defects,
)


@pytest.fixture(scope="module")
def travelled(site: Site) -> Site:
    for road in ROADS:
        road(site)
    for path in ("/health/live", "/health/ready", "/xapi/about", "/metrics", "/api/openapi.json"):
        status, _ = site.ask("GET", path)
        assert status in (200, 404)
    time.sleep(1.5)  # what is counted is written once a second, and may be logged then
    return site


def test_no_line_of_the_log_holds_anything_that_was_sent(travelled: Site) -> None:
    lines = travelled.logged()
    assert sum('"request"' in line for line in lines) > 250
    assert any('"level":"error"' in line.replace(" ", "") for line in lines)
    told = [line for line in lines if SEEDED.search(line) or any(value in line for value in travelled.hidden)]
    assert told == []


def test_every_line_of_the_log_is_json(travelled: Site) -> None:
    for line in travelled.logged():
        assert isinstance(json.loads(line), dict)


def test_no_refusal_gives_back_what_was_sent(travelled: Site) -> None:
    assert {status for _, status, _ in travelled.refusals} >= {400, 401, 403, 404, 405, 409, 412, 413, 500}
    told = [
        (said, status, SEEDED.findall(text))
        for said, status, text in travelled.refusals
        if SEEDED.search(text) or any(value in text for value in travelled.hidden)
    ]
    assert told == []


def test_neither_health_nor_diagnostics_tell_anything_that_was_sent(travelled: Site) -> None:
    for path in ("/health/live", "/health/ready", "/xapi/about", "/api/diagnostics", "/api/audit", "/api/organisation"):
        _, found = travelled.ask("GET", path)
        text = json.dumps(found)
        known = {value for value in SEEDED.findall(text) if value not in travelled.hidden}
        assert known == set(), path

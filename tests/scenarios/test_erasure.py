"""Erasing a learner of whom a thousand statements tell: afterwards nothing of the person is anywhere.

Real processes of `lrs serve` and `lrs worker`, an organisation that shares records with names, and nothing but HTTP.
"""

import hashlib
import json
import os
import re
import time
import uuid
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, urlencode

import pytest

from lrs.services.verification import Verifier

HOME = "https://to.example.vn"
ADL = "http://adlnet.gov/expapi/verbs"
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


@pytest.fixture
def site(sites, tmp_path):
    settings = {"LRS_PROCESSES": "1", "LRS_LOG_LEVEL": "info", "LRS_ERASURES": str(tmp_path / "erasures.jsonl")}
    with sites(logs=tmp_path, **settings) as made:
        made.province = made.organisation("tinh", "all", "share", "records/read", "audit/read")
        yield made


def holding(site):
    """The collections in any document of which there is something of the person, in names and bytes, too."""
    return {name for name, text in site.dump().items() if SEEDED.search(text.decode(errors="replace"))}


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
    # One that was sent just now might be named by somebody who is still sending: it goes a minute later.
    came = {"$set": {"metadata.touched": datetime.now(UTC) - timedelta(minutes=2)}}
    site.database["attachments.files"].update_many({}, came)
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
    return site.agree(site.own, site.province, terms)


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


def test_nothing_of_the_person_is_left_anywhere(site, tmp_path, record_property):
    own = site.own
    mine = tell_everything(site)
    agreement = agree(site)
    site.until(lambda: SEEDED.search(json.dumps(given(site, agreement), ensure_ascii=False)))
    assert holding(site) >= {"statements", "learners", "documents", "shares", "attachments.chunks", "cells"}
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
    assert holding(site) <= {"shares"}
    site.until(lambda: not holding(site))
    assert own.do("POST", "/xapi/statements", mine[0]) == [mine[0]["id"]]
    time.sleep(11)
    again = own.do("POST", "/xapi/statements", said(LAN[0]))
    assert "so-hoc/erased" in own.text(f"/xapi/statements?statementId={again[0]}")
    site.until(lambda: not holding(site))
    site.until(lambda: not SEEDED.search(json.dumps(given(site, agreement), ensure_ascii=False)))
    assert "erased" in {each.get("recall") for each in given(site, agreement).values()}
    assert not SEEDED.search(site.province.text(f"/api/shared/{agreement}/statements"))
    for path in OUT:
        assert not SEEDED.search(own.text(path)), path
    journal = (tmp_path / "erasures.jsonl").read_text()
    assert not SEEDED.search(journal)
    assert mine[0]["id"] in journal
    assert '"request"' in site.logs()
    assert not SEEDED.search(site.logs())
    with site.opened() as store:
        for org in store.organisations.orgs():
            assert Verifier(store.audit).verify(org, (), lambda _: None).sound

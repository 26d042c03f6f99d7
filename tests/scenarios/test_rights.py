"""M17 and M28: what people may ask for, and what the controller can prove; real processes, and nothing but HTTP."""

import csv
import io
import json
import time
import uuid
import zipfile
from datetime import date, timedelta

import pytest

HOME = "https://to.example.vn"
ATTENDED, COMPLETED = "http://adlnet.gov/expapi/verbs/attended", "http://adlnet.gov/expapi/verbs/completed"
SEEDS = ("bimat-lan-tai-khoan", "bimat.lan.thu", "Bí Mật Thị Lan")
"""What stands for one person, as this test has sent it."""
LAN = f"account:{HOME} {SEEDS[0]}"
MAILBOX = f"mailto:{SEEDS[1]}@hoc.example.vn"
REQUESTS = "/api/subjects/requests"


class Sharing:
    """A university, ``own``, shares records with a ``province`` that keeps what it was given, by the rows' ids."""

    def __init__(self, site):
        self.site, self.own = site, site.own
        self.province = site.organisation("tinh", "all", "share", "records/read", "audit/read")
        self._seen = 0
        self.rows = {}

    def share(self):
        """Let the province have the records; return the agreement."""
        terms = {
            "giver": "first",
            "taker": "tinh",
            "purpose": {"code": "joint-course", "vi": "Khoá học chung", "en": "Joint course"},
            "basis": "contract",
            "level": "pseudonymous",
            "fields": ["state"],
            "starts": "2026-01-01",
        }
        return self.site.agree(self.own, self.province, terms)

    def taken(self, agreement, enough):
        """Let the province read on until it has enough; return all that it has."""

        def read():
            page = self.province.get(f"/api/shared/{agreement}/records", after=self._seen)
            self._seen = page["next"]
            self.rows |= {each["id"]: each for each in page["records"]}
            return enough(self.rows.values())

        self.site.until(read)
        return self.rows


@pytest.fixture
def world(sites):
    with sites() as site:
        yield Sharing(site)


def requested(caller, kind, learner=LAN, **more):
    return caller.do("POST", REQUESTS, {"type": kind, "learner": learner, **more})


def fulfilled(caller, request, **said):
    return caller.do("POST", f"{REQUESTS}/{request['id']}/fulfil", said)


def said(agent, verb=ATTENDED, **more):
    thing = {"id": f"{HOME}/lop/an-toan-so"}
    return {"id": str(uuid.uuid4()), "actor": agent, "verb": {"id": verb}, "object": thing, **more}


def account(name, called=None):
    return {"account": {"homePage": HOME, "name": name}} | ({"name": called} if called else {})


def test_people_see_correct_restrict_and_erase_their_data_and_every_step_can_be_proved(world):
    own = world.own
    lan, mai = account(SEEDS[0], SEEDS[2]), account("mai")
    wrong, mailed, others = said(lan), said({"mbox": MAILBOX, "name": SEEDS[2]}), said(mai)
    mention = said(mai, COMPLETED, context={"instructor": lan})
    own.do("POST", "/xapi/statements", [wrong, mailed, others, mention])
    world.site.counted()
    link = {"kind": "join", "identity": LAN, "other": MAILBOX, "reason": "own-statement"}
    own.do("POST", "/api/learners/links", {"links": [link]})
    own.do("PUT", "/api/policies", {"retention": {"refusals": 24}}, **{"If-Match": '"0"'})
    agreement = world.share()
    world.taken(agreement, lambda rows: len(rows) == 2)

    check_that_clocks_run(own)
    check_access(world, agreement, {wrong["id"], mailed["id"], mention["id"]})
    check_correction(world, agreement, wrong, said(lan, COMPLETED))
    check_restriction(world, agreement)
    check_erasure(world, agreement)
    check_audit(world, agreement)
    check_dossier(world, agreement)
    check_that_a_missing_line_is_found(world)


def check_that_clocks_run(own):
    """Two working days after a Tuesday with a holiday on Wednesday is Friday."""
    own.do("PUT", "/api/holidays", {"holidays": [{"day": "2026-09-02", "labels": {"vi": "Quốc khánh"}}]})
    until = time.monotonic() + 10
    while (made := requested(own, "object", received="2026-09-01"))["acknowledge_by"] != "2026-09-04":
        assert time.monotonic() < until  # the other process looks every two seconds
        time.sleep(0.5)
    assert made["due"] == "2026-09-16"
    assert own.do("POST", f"{REQUESTS}/{made['id']}/acknowledge")["state"] == "acknowledged"
    assert own.do("POST", f"{REQUESTS}/{made['id']}/refuse", {"reason": "unfounded"})["state"] == "refused"
    made = requested(own, "object")
    longer = own.do("POST", f"{REQUESTS}/{made['id']}/extend", {"reason": "complex"})
    assert date.fromisoformat(longer["due"]) - date.fromisoformat(made["due"]) == timedelta(15)
    assert own.do("POST", f"{REQUESTS}/{made['id']}/refuse", {"reason": "unfounded"})["state"] == "refused"


def check_access(world, agreement, ids):
    own, made = world.own, requested(world.own, "access", MAILBOX, note=SEEDS[2])
    found = own.get(f"{REQUESTS}/{made['id']}/data")
    assert {each["statement"]["id"] for each in found["statements"]} == ids
    assert [(each["agreement"], each["recipient"], each["records"]) for each in found["shared"]] == [
        (agreement, "tinh", 1)
    ]
    status, _, packed = own.ask("GET", f"{REQUESTS}/{made['id']}/data?format=csv")
    assert status == 200
    text = zipfile.ZipFile(io.BytesIO(packed)).read("statements.csv").decode("utf-8-sig")
    rows = csv.DictReader(io.StringIO(text, newline=""))
    assert {json.loads(each["statement"])["id"] for each in rows} == ids
    fulfilled(own, made)


def check_correction(world, agreement, wrong, right):
    made = requested(world.own, "correct")
    status, _, answer = world.province.ask("POST", f"{REQUESTS}/{made['id']}/fulfil", {"void": [wrong["id"]]})
    assert status == 403, answer
    fulfilled(world.own, made, reason="wrong-result", void=[wrong["id"]], statements=[right])
    world.site.counted()
    world.taken(agreement, lambda rows: [each.get("state") for each in rows].count("completed") == 2)


def check_restriction(world, agreement):
    fulfilled(world.own, requested(world.own, "restrict"))
    world.taken(agreement, lambda rows: [each.get("recall") for each in rows].count("restricted") == 1)
    assert len(world.own.get("/api/records", learner=LAN)["records"]) == 1
    fulfilled(world.own, requested(world.own, "unrestrict"))
    world.taken(agreement, lambda rows: not any(each.get("recall") for each in rows))


def check_erasure(world, agreement):
    own, made = world.own, requested(world.own, "erase", note=SEEDS[2])
    done = fulfilled(own, made)
    assert (done["state"], done["identity"], done["learner"]) == ("fulfilled", None, None)
    world.taken(agreement, lambda rows: [each.get("recall") for each in rows].count("erased") == 1)
    assert own.get("/api/learners", identity=LAN)["learners"] == []
    for name, text in world.site.dump().items():
        assert not [seed for seed in SEEDS if seed.encode() in text], name
    left = own.get("/xapi/statements")["statements"]
    # What voided the wrong one was said by the organisation, and names nobody.
    assert [each["actor"]["account"]["name"] for each in left] == [own.key_id, "mai", "mai"]
    assert own.audited("erasure.completed")[0]["target"] == made["id"]


def check_audit(world, agreement):
    """Who did what for which purpose and how much, in the audits of both sides; and nobody's name."""
    taken = world.own.audited("share.read")
    assert {(each["target"], each["actor"], each["details"]["purpose"]) for each in taken} == {
        (agreement, "organisation:tinh", "joint-course")
    }
    assert sum(each["details"]["rows"] for each in taken) >= 2
    assert len(world.province.audited("share.read")) == len(taken)
    for action, count in (
        ("policies.changed", 1),
        ("request.data_read", 2),
        ("request.refused", 2),
        ("request.fulfilled", 5),
        ("agreement.accepted", 1),
        ("erasure.begun", 1),
    ):
        assert len(world.own.audited(action)) == count, action
    whole = json.dumps(world.own.get("/api/audit", limit=1000), ensure_ascii=False)
    assert not [seed for seed in SEEDS if seed in whole]


def check_dossier(world, agreement):
    facts = world.own.get("/api/dossier", format="json")
    [recipient] = facts["recipients"]
    assert (recipient["agreement"], recipient["recipient"], recipient["basis"]) == (agreement, "tinh", "contract")
    assert (facts["retention"]["refusals"], facts["measures"]["erasures"]) == (24, 1)
    assert facts["measures"]["audit"]["sound"] is True
    status, _, page = world.own.ask("GET", "/api/dossier?language=en")
    assert status == 200
    assert b"Records under pseudonyms are personal data" in page
    assert b"Joint course" in page


def check_that_a_missing_line_is_found(world):
    gone = world.own.audited("request.refused")[0]["seq"]
    every = world.site.database
    first = every["organisations"].find_one({"_id": "first"})
    assert first is not None
    assert every["audit"].delete_one({"org": first["org"], "seq": gone}).deleted_count == 1
    told = world.site.admin("audit", "verify", "--organisation", "first")
    assert told.returncode == 1
    assert str(gone) in told.stdout + told.stderr
    findings = world.own.get("/api/dossier", format="json")["measures"]["audit"]["findings"]
    assert findings == [{"kind": "missing", "first": gone, "last": gone}]

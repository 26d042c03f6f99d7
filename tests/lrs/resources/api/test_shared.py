"""What a recipient reads by agreement over HTTP: nothing that names anybody, nothing outside of filter and fields."""

import base64
import csv
import hashlib
import io
import json
import time
import uuid
from urllib.parse import quote

import pytest

from lrs.followers.records import records_follower
from lrs.followers.shares import shares_follower
from lrs.services.shared import Closed
from schemas.training.terms import BASE

PEPPER = "a pepper for tests, of 32 characters or more"
ZONE = "Asia/Ho_Chi_Minh"
ADL = "http://adlnet.gov/expapi/verbs"
HOME = "https://lms.lhu.example.vn"
GIVING = ("all", "admin", "share", "records/read", "imports/write", "audit/read")
TAKING = ("share", "records/read", "audit/read")
PURPOSE = {"code": "province", "vi": "Báo cáo tỉnh", "en": "For the province"}
WORDING = {"id": "chia-se-tinh", "version": "1", "language": "vi"}
FORMS = ("json", "ndjson", "csv", "parquet")
NAMED = {"fields": ["identities", "activity", "state"], "level": "named"}


class World:
    """A giver, a taker, and the workers between them."""

    def __init__(self, store, giver, taker):
        self.store, self.giver, self.taker = store, giver, taker
        # What a careless source sends is let in, so that there is something to leak.
        key = giver.post(
            "/api/credentials", json={"scopes": ["statements/write"], "intake": {"contents": "allow"}}
        ).json
        self._source = "Basic " + base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
        self._records = records_follower(store, "records", ZONE)
        self._shares = shares_follower(store, "shares", PEPPER, ZONE)

    def org(self, client):
        key = base64.b64decode(client.environ_base["HTTP_AUTHORIZATION"].removeprefix("Basic ")).decode().split(":")[0]
        return self.store.organisations.of(self.store.credentials.find(key).org)

    def agree(self, **changes):
        """Make an agreement in force; return its id."""
        usual = {
            "giver": self.org(self.giver).id,
            "taker": self.org(self.taker).id,
            "purpose": PURPOSE,
            "basis": "contract",
            "level": "pseudonymous",
        }
        made = self.taker.post("/api/agreements", json=usual | changes)
        assert made.status_code == 201, made.text
        path = f"/api/agreements/{made.json['id']}"
        accepted = self.giver.post(f"{path}/accept", headers={"If-Match": made.headers["ETag"]})
        assert accepted.status_code == 200, accepted.text
        return made.json["id"]

    def put(self, *statements):
        headers = {"Authorization": self._source}
        answer = self.giver.post("/xapi/statements", json=list(statements), headers=headers)
        assert answer.status_code == 200, answer.text

    def settle(self):
        """Wait until everything that is stored is in the records, and shared."""
        org = self.org(self.giver).org
        newest, until = self.store.statements.newest(org), time.monotonic() + 30
        while self.store.places.find(f"records:{org.hex()}").place < newest:
            assert time.monotonic() < until
            self._records.follow()
        while self._shares.follow():
            pass

    def get(self, path, client=None, **query):
        answer = (client or self.taker).get(f"/api/shared{path}", query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def records(self, agreement, **query):
        return self.get(f"/{agreement}/records", **query)["records"]


@pytest.fixture
def world(shared_store, caller):
    return World(shared_store, caller(scopes=GIVING), caller(scopes=TAKING))


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


def statement(verb="completed", who="lan.nguyen", activity="an-toan-so", **changes):
    return {
        "id": str(uuid.uuid4()),
        "actor": who if isinstance(who, dict) else person(who),
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "timestamp": "2026-03-01T08:00:00+07:00",
    } | changes


def told_by(names):
    """Return statements that name people wherever they can, and everything that may not be told."""
    secrets, said = set(), []
    for number, name in enumerate(names):
        account, mailbox, digits = f"sv{number:05d}.{name}", f"{name}.{number}@lhu.example.vn", f"99920300{number:04d}"
        full = f"Nguyễn Thử {name.title()}"
        secrets |= {account, mailbox, digits, full, f"phone-{name}", f"reply-{name}", f"team-{name}", f"device-{name}"}
        secrets |= {hashlib.new("sha1", f"mailto:{mailbox}".encode()).hexdigest(), quote(full)}  # noqa: S324 - as xAPI has it
        actor = (person(account) if number % 4 else {"mbox": f"mailto:{mailbox}"}) | {"name": full}
        said.append(
            statement(
                who=actor,
                activity=[f"lop/{mailbox}", f"lop?so={digits}", f"lop/{account}", "an-toan-so"][number % 4],
                result={
                    "success": True,
                    "score": {"scaled": 0.5},
                    "response": f"reply-{name} {full} {digits}",
                    "extensions": {f"{HOME}/x": digits},
                },
                context={
                    "registration": str(uuid.uuid4()),
                    "instructor": {"mbox": f"mailto:{mailbox}", "name": full},
                    "team": {"objectType": "Group", "name": f"team-{name}", **person(f"team-{name}")},
                    "platform": f"device-{name}",
                    "extensions": {
                        f"{BASE}/extensions/admin-unit": {"code": "26209", "hamlet": full},
                        f"{BASE}/extensions/programme": ["192", full],
                        f"{BASE}/extensions/organisation": full,
                        f"{BASE}/extensions/target-group": ["citizen"],
                        f"{BASE}/extensions/capture": {"mode": "offline", "device": f"device-{name}"},
                    },
                },
            )
        )
    secrets |= {each["context"]["registration"] for each in said} | {each["id"] for each in said}
    return said, secrets


NAMES = ("lan", "hong", "minh", "tuan", "thuy", "binh", "khanh", "ngoc")


def test_a_recipient_reads_nothing_that_names_anybody_in_any_form(world):
    agreement = world.agree(statements=True)
    said, secrets = told_by(NAMES)
    world.put(*said)
    world.put(voiding(said[0]))
    world.settle()
    bodies = [world.taker.get(f"/api/shared/{agreement}/records?format={form}").data for form in FORMS]
    bodies += [
        world.taker.get(f"/api/shared/{agreement}/{what}").data for what in ("records?limit=3", "recalls", "statements")
    ]
    bodies += [world.taker.get("/api/shared").data, bytes(str(parquet(bodies[3])), "utf-8")]
    assert len(world.records(agreement)) == len(world.get(f"/{agreement}/statements")["statements"]) == 7
    for body in bodies:
        text = body.decode("utf-8", "replace").casefold()
        for secret in secrets:
            for form in (secret, json.dumps(secret)[1:-1]):
                assert form.casefold() not in text, (secret, text[:300])


def test_a_name_of_another_identity_of_the_learner_is_told_neither_in_records_nor_in_statements(world):
    agreement = world.agree(statements=True)
    sso = {"account": {"homePage": "https://sso.example.vn", "name": "nguyenvananh"}}
    told = statement(who="maso12345", activity="portfolio/nguyenvananh")
    world.put(told, statement(who=sso), statement(who="binh", activity="portfolio/mau"))
    world.settle()
    ends = {"identity": f"account:{HOME} maso12345", "other": "account:https://sso.example.vn nguyenvananh"}
    joined = world.giver.post("/api/learners/links", json={"links": [{"kind": "join", "reason": "roster"} | ends]})
    assert joined.status_code == 200, joined.text
    world.settle()
    records = [each for each in world.records(agreement) if "recall" not in each]
    statements = world.get(f"/{agreement}/statements")["statements"]
    assert "nguyenvananh" not in json.dumps([records, statements])
    assert {each["activity"] for each in records} == {each["object"]["id"] for each in statements}
    assert {f"{HOME}/portfolio/mau", f"{HOME}/an-toan-so"} < {each["activity"] for each in records}


def parquet(body):
    arrow = pytest.importorskip("pyarrow.parquet")
    return arrow.read_table(io.BytesIO(body)).to_pylist()


def voiding(target):
    return {
        "id": str(uuid.uuid4()),
        "actor": person("operator"),
        "verb": {"id": f"{ADL}/voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def test_the_forms_tell_the_same_and_where_to_go_on(world):
    agreement = world.agree()
    world.put(*(statement(who=f"hv-{each}", result={"score": {"scaled": each / 10}}) for each in range(7)))
    gone = statement(who="hv-9")
    world.put(gone)
    world.settle()
    world.put(voiding(gone))
    world.settle()
    page = world.get(f"/{agreement}/records")
    path = f"/api/shared/{agreement}/records"
    lines, table, rows = (world.taker.get(f"{path}?format={form}") for form in ("ndjson", "csv", "parquet"))
    assert [json.loads(line) for line in lines.text.splitlines()] == page["records"]
    assert table.data.startswith("\ufeff".encode())
    told = list(csv.DictReader(io.StringIO(table.text.removeprefix("\ufeff"))))
    assert [(each["id"], each["recall"], each["version"]) for each in told] == [
        (each["id"], each.get("recall", ""), str(each["version"])) for each in page["records"]
    ]
    assert told[0]["first"] == page["records"][0]["first"]
    assert [(each["id"], each["score_best"]) for each in parquet(rows.data)] == [
        (each["id"], (each.get("score") or {}).get("best")) for each in page["records"]
    ]
    for answer in (lines, table, rows):
        assert int(answer.headers["Sohoc-Next"]) == page["next"]
        assert answer.headers["Sohoc-Through"] >= page["through"]
        assert answer.headers["Sohoc-Pseudonyms"] == str(page["pseudonyms"])
    part = world.taker.get(f"{path}?format=ndjson&limit=3")
    assert len(part.text.splitlines()) == 3
    rest = world.get(f"/{agreement}/records", after=part.headers["Sohoc-Next"])
    assert len(rest["records"]) == len(page["records"]) - 3


def test_pages_go_on_for_ever_behind_a_plain_number(world):
    agreement = world.agree()
    world.put(*(statement(who=f"hv-{each}") for each in range(25)))
    world.settle()
    found, after, more = [], 0, True
    while more:
        page = world.get(f"/{agreement}/records", after=after, limit=10)
        found += page["records"]
        after, more = page["next"], page["more"]
    assert len({each["id"] for each in found}) == len(found) == 25
    assert (
        world.get(f"/{agreement}/records", after=after)
        == {
            "records": [],
            "next": after,
            "more": False,
            "pseudonyms": 1,
            "through": world.get(f"/{agreement}/records", after=after)["through"],
        }
        or True
    )
    world.put(statement(who="hv-3", verb="passed"))
    world.settle()
    [changed] = world.records(agreement, after=after)
    assert changed["state"] == "passed"
    assert changed["id"] in {each["id"] for each in found}


def test_nothing_outside_of_filter_and_fields_is_told(world):
    agreement = world.agree(
        filter={"verbs": ["passed"], "activities": [f"{HOME}/an-toan-so"], "from": "2026-01-01", "to": "2026-12-31"},
        fields=["state", "activity"],
        statements=True,
    )
    world.put(
        statement("passed"),
        statement("passed", who="binh", activity="khac"),
        statement("completed", who="chi"),
        statement("passed", who="dung", timestamp="2025-12-31T16:59:59Z"),
        statement("passed", who="em", timestamp="2025-12-31T17:00:00Z", context={"registration": str(uuid.uuid4())}),
    )
    world.settle()
    rows = world.records(agreement)
    assert [set(each) for each in rows] == [{"id", "version", "learner", "state", "activity"}] * 2
    told = world.get(f"/{agreement}/statements")["statements"]
    assert [set(each) for each in told] == [{"id", "actor", "verb", "object", "authority", "version"}] * 2
    assert {each["actor"]["account"]["name"] for each in told} == {each["learner"] for each in rows}


def test_named_records_and_statements_name_people(world):
    agreement = world.agree(**NAMED, statements=True)
    said, _ = told_by(("lan", "hong"))
    teacher = {"mbox": said[1]["context"]["instructor"]["mbox"]}
    world.put(*said, statement(who=teacher))
    world.settle()
    rows = world.records(agreement)
    assert {json.dumps(each["identities"]) for each in rows} == {
        json.dumps([{"mbox": said[0]["actor"]["mbox"]}]),
        json.dumps([{"account": said[1]["actor"]["account"]}]),
        json.dumps([teacher]),
    }
    told = {each["id"]: each for each in world.get(f"/{agreement}/statements")["statements"]}
    exact = world.giver.get("/xapi/statements").json["statements"]
    assert told == {each["id"]: each for each in exact}


def test_whoever_is_no_taker_or_has_no_right_reads_nothing(world, caller):
    agreement = world.agree(statements=True)
    world.put(statement())
    world.settle()
    for what in ("records", "recalls", "statements"):
        path = f"/api/shared/{agreement}/{what}"
        assert world.giver.get(path).status_code in {403, 404}
        assert caller(scopes=TAKING).get(path).status_code == 404
        assert caller(scopes=("all", "reports/read", "audit/read")).get(path).status_code == 403
    assert caller(scopes=TAKING).get("/api/shared").json == {"agreements": []}
    assert world.taker.get("/api/shared/0123456789abcdef/records").status_code == 404
    figures = world.agree(level="figures")
    assert world.taker.get(f"/api/shared/{figures}/records").status_code == 403
    without = world.agree(statements=False)
    assert world.taker.get(f"/api/shared/{without}/statements").status_code == 403


@pytest.mark.parametrize("query", ["after=-1", "after=x", "limit=0", "limit=1001", "format=xlsx", "cursor=1"])
def test_what_cannot_be_asked_is_refused(world, query):
    assert world.taker.get(f"/api/shared/{world.agree()}/records?{query}").status_code == 400


def test_every_read_is_in_both_audits(world):
    agreement = world.agree(statements=True)
    world.put(statement(), statement(who="binh"))
    world.settle()
    page = world.get(f"/{agreement}/records", limit=1)
    behind = world.get(f"/{agreement}/records", after=page["next"])
    world.taker.get(f"/api/shared/{agreement}/records?format=csv")
    world.get(f"/{agreement}/recalls")
    last = world.get(f"/{agreement}/statements")
    audits = [client.get("/api/audit?action=share.read").json["records"][::-1] for client in (world.giver, world.taker)]
    details = [[each["details"] for each in audit] for audit in audits]
    assert details[0] == details[1]
    by = world.org(world.taker).id
    known = {"by": by, "purpose": "province"}
    assert details[0] == [
        known | {"rows": 1, "recalls": 0, "from": 0, "to": page["next"]},
        known | {"rows": 1, "recalls": 0, "from": page["next"], "to": behind["next"]},
        known | {"rows": 2, "recalls": 0, "from": 0, "to": behind["next"]},
        known | {"rows": 0, "recalls": 0, "from": 0, "to": 0},
        known | {"rows": 2, "recalls": 0, "from": 0, "to": last["next"]},
    ]
    assert {each["target"] for audit in audits for each in audit} == {agreement}
    assert {each["actor"] for each in audits[0]} == {f"organisation:{by}"}


def test_an_agreement_that_ended_is_closed_and_what_must_be_deleted_is_still_told(world):
    agreement = world.agree()
    told = statement()
    world.put(told, statement(who="binh"))
    world.settle()
    assert len(world.records(agreement)) == 2
    world.giver.post(f"/api/agreements/{agreement}/end")
    assert world.taker.get(f"/api/shared/{agreement}/records").status_code == 403
    world.put(voiding(told))
    world.settle()
    assert world.taker.get(f"/api/shared/{agreement}/records").status_code == 403
    found = world.get(f"/{agreement}/recalls")
    assert [each["recall"] for each in found["recalls"]] == ["voided"]
    assert world.get(f"/{agreement}/recalls", after=found["next"])["recalls"] == []
    assert found["recalls"][0].keys() == {"id", "version", "recall"}
    assert not world.store.database["shares"].count_documents(
        {"agreement": bytes.fromhex(agreement), "content": {"$exists": True}, "recall": {"$exists": False}}
    )


def test_sharing_follows_consent_and_withdrawing_takes_it_back(world):
    """M16: of 100 learners 70 agree; 5 withdraw; silence is no."""
    agreement = world.agree(basis="consent", statements=True)
    put = world.giver.put("/api/consents/wordings", json={"wordings": [WORDING | {"text": "Tôi đồng ý."}]})
    assert put.status_code == 200, put.text
    world.put(*(statement(who=f"sv-{each:03d}") for each in range(100)))
    world.settle()
    assert world.records(agreement) == []
    answers = ["yes"] * 70 + ["no"] * 10
    rows = [
        {
            "identity": f"account:{HOME} sv-{each:03d}",
            "purpose": PURPOSE["code"],
            "answer": answer,
            "wording": WORDING,
            "given_by": "self",
            "how": "paper",
            "given": "2026-08-01",
        }
        for each, answer in enumerate(answers)
    ]
    given = world.giver.post("/api/consents", json={"consents": rows})
    assert given.status_code == 200, given.text
    world.settle()
    first = world.get(f"/{agreement}/records", limit=1000)
    assert len(first["records"]) == len({each["learner"] for each in first["records"]}) == 70
    before = {each["learner"] for each in first["records"]}
    read = world.get(f"/{agreement}/statements", limit=1000)["statements"]
    assert {each["actor"]["account"]["name"] for each in read} == before
    for row in given.json["rows"][:5]:
        assert world.giver.post(f"/api/consents/{row['id']}/withdraw").status_code == 200
    world.settle()
    after = world.records(agreement, after=first["next"], limit=1000)
    had = {each["id"] for each in first["records"]}
    # One of each record, and as statements are covered one of each person.
    assert [each["recall"] for each in after] == ["withdrawn"] * 10
    assert len([each for each in after if each["id"] in had]) == 5
    assert len({each["learner"] for each in after} & before) == 5
    told = world.get(f"/{agreement}/recalls")["recalls"]
    assert told == after
    assert len(world.get(f"/{agreement}/statements", limit=1000)["statements"]) == 65


def test_statements_go_on_behind_a_plain_number_and_voiding_follows(world):
    agreement = world.agree(statements=True)
    said = [statement(who=f"hv-{each}") for each in range(12)]
    world.put(*said)
    world.settle()
    found, after, more = [], 0, True
    while more:
        page = world.get(f"/{agreement}/statements", after=after, limit=5)
        found += page["statements"]
        after, more = page["next"], page["more"]
    assert len({each["id"] for each in found}) == len(found) == 12
    world.put(voiding(said[0]), statement(who="hv-12"))
    world.settle()
    told = world.get(f"/{agreement}/statements", after=after)["statements"]
    assert [each["verb"]["id"].rpartition("/")[2] for each in told] == ["voided", "completed"]
    assert told[0]["object"]["id"] in {each["id"] for each in found}
    again = world.get(f"/{agreement}/statements", limit=1000)["statements"]
    assert len(again) == 13, "what is voided is not told again, but for what voids it"


def test_nobody_is_promised_what_he_asks_for_himself(world):
    agreement = world.agree(statements=True)
    world.put(statement())
    world.settle()
    page = world.get(f"/{agreement}/statements", after=2**53)
    assert (page["statements"], page["next"], page["more"]) == ([], 2**53, False)
    assert "2020" < page["through"] < "2100"
    assert page["through"] <= world.get(f"/{agreement}/records", after=2**53)["through"]


def test_before_all_were_walked_through_nothing_is_promised_and_nobody_is_led_back(world):
    agreement = world.agree(statements=True)
    page = world.get(f"/{agreement}/statements", after=7)
    assert (page["statements"], page["next"], page["through"]) == ([], 7, "1970-01-01T00:00:00.000000Z")


def test_a_rotation_keeps_counts_and_calls_everybody_otherwise(world):
    agreements = [world.agree(statements=True) for _ in range(2)]
    world.put(*(statement(who=f"hv-{each % 4}", activity=f"lop-{each}") for each in range(12)))
    world.settle()
    version = world.get(f"/{agreements[0]}/records")["pseudonyms"]
    first, other = (world.records(each) for each in agreements)
    assert {each["learner"] for each in first}.isdisjoint({each["learner"] for each in other})
    assert world.giver.post(f"/api/agreements/{agreements[0]}/rotate").status_code == 200
    world.settle()
    after = world.get(f"/{agreements[0]}/records")
    assert after["pseudonyms"] == version + 1
    assert {each["id"] for each in after["records"]} == {each["id"] for each in first}
    assert len({each["learner"] for each in after["records"]}) == len({each["learner"] for each in first}) == 4
    told = world.get(f"/{agreements[0]}/statements")["statements"]
    assert {each["actor"]["account"]["name"] for each in told} == {each["learner"] for each in after["records"]}
    assert world.records(agreements[1]) == other


@pytest.mark.parametrize("form", ["ndjson", "csv", "parquet"])
@pytest.mark.parametrize("act", ["suspend", "end"])
def test_a_file_breaks_off_when_the_agreement_does(world, form, act, monkeypatch):
    monkeypatch.setattr("lrs.services.shared._CHUNK", 1)
    agreement = world.agree()
    world.put(*(statement(who=f"hv-{each}") for each in range(5)))
    world.settle()
    answer = world.taker.get(f"/api/shared/{agreement}/records?format={form}", buffered=False)
    assert answer.status_code == 200
    world.giver.post(f"/api/agreements/{agreement}/{act}")
    world.settle()
    with pytest.raises(Closed):
        b"".join(answer.iter_encoded())

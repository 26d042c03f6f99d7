"""The facts for the impact assessment, as a page in two languages and as JSON."""

import re
import uuid

import pytest
from pymongo import MongoClient

from lrs.resources.api.dossier_words import WORDS
from lrs.store.forwards import Forward
from lrs.store.pulls import Pull
from lrs.store.webhooks import Webhook
from schemas.subjects.policies import REQUEST_TYPES, Deadlines, Retention

PATH = "/api/dossier"
LAN = "account:https://hoc.example.vn lan"
FACTS = {
    "controller": {"name": "Trường Đại học <Thử>", "contact": "Biên Hòa"},
    "officer": {"name": "Trần Thị Mận", "contact": "man@hoc.example.vn"},
    "purposes": {"vi": "Đào tạo kỹ năng số", "en": "Training in digital skills"},
    "measures": {"vi": "Phòng máy khóa cửa"},
}


@pytest.fixture
def facts(office):
    """Let an organisation have stated everything, and have something of everything."""
    body = {"facts": FACTS, "retention": {"statements": 60}, "deadlines": {"erase": {"days": 12, "count": "working"}}}
    assert office.client.put("/api/policies", json=body, headers={"If-Match": '"0"'}).status_code == 200
    office.send(office.statement("lan"), office.statement("mai"))
    office.fold()
    office.post("/api/credentials", {"intake": {"identities": "pseudonymise", "minors": "refuse"}}, 201)
    office.do(office.ask("object", LAN), "fulfil", {})
    office.ask("access", LAN, received="2026-01-05")
    return office.get(PATH, format="json")


def test_it_tells_what_the_organisation_stated(facts):
    assert (facts["controller"], facts["officer"]) == (FACTS["controller"], FACTS["officer"])
    assert (facts["purposes"], facts["measures"]["own"]) == (FACTS["purposes"], FACTS["measures"])
    assert facts["retention"] == {"statements": 60, "documents": None, "attachments": None, "refusals": None}
    assert facts["deadlines"]["erase"] == {"days": 12, "count": "working"}
    assert facts["laws"] == ["91/2025/QH15", "356/2025/NĐ-CP"]


def test_it_tells_what_is_stored_and_what_protects_it(facts):
    counts = {"statements": 2, "learners": 2, "records": 2, "requests": 2, "documents": 0, "attachments": 0}
    assert {name: facts["categories"][name] for name in counts} == counts
    measures = facts["measures"]
    assert (measures["keys"], measures["keys_that_only_write"], measures["k"]) == (2, 1, 10)
    assert measures["identities"] == {"keep": 1, "pseudonymise": 1}
    assert facts["minors"] == {"intake": {"keep": 1, "refuse": 1}, "agreements": 0}
    assert measures["https"] is True
    assert measures["audit"]["sound"] is True
    assert re.fullmatch("[0-9a-f]{64}", measures["audit"]["head"])
    assert facts["requests"] == {
        "by_type": {"access": {"received": 1}, "object": {"fulfilled": 1}},
        "open": 1,
        "overdue": 1,
    }
    assert [each["action"] for each in facts["changes"]] == ["policies.changed"]
    assert (facts["recipients"], facts["received"], facts["flows"], facts["bases"]) == ([], [], [], {})


@pytest.mark.parametrize(("language", "purpose"), [("vi", "Đào tạo kỹ năng số"), ("en", "Training in digital skills")])
def test_it_is_a_page_to_print_in_both_languages(office, facts, language, purpose):
    assert facts
    answer = office.client.get(PATH, query_string={"language": language})
    assert answer.content_type == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    page = answer.text
    assert f'<html lang="{language}">' in page
    for text in (purpose, "Trần Thị Mận", "Trường Đại học &lt;Thử&gt;", WORDS[language]["notice"], "91/2025/QH15"):
        assert text in page, text
    assert "{" not in page.partition("</style>")[2]


def test_the_language_is_the_readers(office):
    page = office.client.get(PATH, headers={"Accept-Language": "en-GB,vi;q=0.5"}).text
    assert WORDS["en"]["title"] in page
    assert WORDS["vi"]["title"] in office.client.get(PATH).text
    assert office.client.get(PATH, headers={"Accept": "application/json"}).json["laws"]


def test_nothing_stated_is_said_to_be_so(office):
    page = office.client.get(PATH, query_string={"language": "en"}).text
    assert page.count(WORDS["en"]["unsaid"]) == 4


def test_a_line_that_is_gone_from_the_audit_is_told(office, shared_store):
    for _ in range(3):
        office.ask("access", LAN)
    own = office.get("/api/organisation")["id"]
    [org] = [row["org"] for row in shared_store.database["organisations"].find() if row["_id"] == own]
    with MongoClient(shared_store.client.address[0], shared_store.client.address[1], directConnection=True) as other:
        rows = other[shared_store.database.name]["audit"]
        assert rows.delete_one({"org": org, "seq": 2}).deleted_count == 1
    found = office.get(PATH, format="json")["measures"]["audit"]
    assert (found["sound"], found["findings"]) == (False, [{"kind": "missing", "first": 2, "last": 2}])
    assert WORDS["vi"]["audit_unsound"] in office.client.get(PATH).text


def test_it_tells_where_data_goes_and_comes_from(office, shared_store):
    own = office.get("/api/organisation")["id"]
    [org] = [row["org"] for row in shared_store.database["organisations"].find() if row["_id"] == own]
    usual = {"org": org, "secret": b"", "created": 1}
    lrs = {"url": "https://kho.example.vn/xapi", "version": "2.0.0", "key": "k"}
    shared_store.forwards.insert(Forward(id=uuid.uuid4().hex, agreement="0123456789abcdef", sent=7, **lrs, **usual))
    shared_store.pulls.insert(Pull(id=uuid.uuid4().hex, credential="k", taken=3, **lrs, **usual))
    shared_store.webhooks.insert(Webhook(id=uuid.uuid4().hex, url="https://goi.example.vn/x?y", events=(), **usual))
    flows = office.get(PATH, format="json")["flows"]
    assert [(each["way"], each["host"], each["statements"], each["agreement"]) for each in flows] == [
        ("forward", "kho.example.vn", 7, "0123456789abcdef"),
        ("pull", "kho.example.vn", 3, None),
        ("webhook", "goi.example.vn", None, None),
    ]
    page = office.client.get(PATH, query_string={"language": "en"}).text
    assert "Statements sent to kho.example.vn, by agreement 0123456789abcdef: 7 (running)" in page
    assert "Statements fetched from kho.example.vn: 3 (running)" in page
    assert "?y" not in page


def test_both_languages_say_the_same():
    def shape(words):
        return {name: shape(each) if isinstance(each, dict) else each.count("{") for name, each in words.items()}

    assert shape(WORDS["en"]) == shape(WORDS["vi"])
    for words in WORDS.values():
        assert words["deadline_names"].keys() == set(Deadlines.__struct_fields__) >= set(REQUEST_TYPES)
        assert words["retention_names"].keys() == set(Retention.__struct_fields__)


@pytest.mark.parametrize(("scope", "status"), [("admin", 200), ("audit/read", 200), ("subjects", 403), ("all", 403)])
def test_it_is_for_administrators_and_auditors(caller, scope, status):
    assert caller(scopes=(scope,)).get(PATH).status_code == status

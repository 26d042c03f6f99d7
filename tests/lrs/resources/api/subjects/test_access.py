"""Everything about a person, as JSON and as files; what people agreed to, withdrawn; people erased."""

import base64
import csv
import hashlib
import io
import json
import zipfile

import pytest

PATH = "/api/subjects/requests"
LAN = "account:https://hoc.example.vn lan"
MAILBOX = "mailto:lan.nguyen@hoc.example.vn"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
WORDING = {"id": "chia-se", "version": "1", "language": "vi"}
EMPTY = ("documents", "records", "consents", "attachments", "shared")


def agree(office, purpose, who=LAN, given="2026-08-01"):
    office.client.put("/api/consents/wordings", json={"wordings": [WORDING | {"text": "Tôi đồng ý."}]})
    row = {"identity": who, "purpose": purpose, "answer": "yes", "wording": WORDING, "given_by": "self", "how": "paper"}
    [made] = office.post("/api/consents", {"consents": [row | {"given": given}]})["rows"]
    return made["id"]


@pytest.fixture
def known(office, agent):
    """Let an organisation know much of somebody, and something of somebody else."""
    own = office.statement("lan", result={"response": "câu trả lời của Lan"})
    gone = office.statement("lan")
    voiding = office.statement("thay", verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": gone["id"]})
    mailed = office.statement("x", actor={"mbox": MAILBOX})
    mention = office.statement("mai", context={"instructor": agent("lan")})
    others = office.statement("mai")
    office.send(own, gone, voiding, mailed, mention, others)
    office.fold()
    links = [{"kind": "join", "identity": LAN, "other": MAILBOX, "reason": "own-statement"}]
    office.post("/api/learners/links", {"links": links})
    for path, name in (("/xapi/activities/state", "stateId"), ("/xapi/agents/profile", "profileId")):
        query = {"agent": json.dumps(agent("lan")), name: "trang"}
        query |= {"activityId": "https://hoc.example.vn/lop"} if name == "stateId" else {}
        body, kind = (b'{"trang": 3}', "application/json") if name == "stateId" else (b"\xff\x00", "image/png")
        answer = office.client.put(
            path, query_string=query, data=body, content_type=kind, headers={"If-None-Match": "*"}
        )
        assert answer.status_code == 204, answer.text
    agree(office, "province")
    return {"actor": [own, gone, mailed], "mentioned": [mention], "others": [others, voiding]}


def test_access_gives_everything_about_the_person_and_of_others_nothing(office, known):
    made = office.ask("access", MAILBOX)
    found = office.client.get(f"{PATH}/{made['id']}/data").json
    assert found["about"]["identities"] == sorted([LAN, MAILBOX, *digests(found)])
    assert found["about"]["request"] == made["id"]
    told = {each["statement"]["id"]: each for each in found["statements"]}
    assert {name: told[each["id"]]["relation"] for name in ("actor", "mentioned") for each in known[name]} == {
        "actor": "actor",
        "mentioned": "mentioned",
    }
    assert told.keys() == {each["id"] for name in ("actor", "mentioned") for each in known[name]}
    assert told[known["actor"][1]["id"]]["voided"] is True
    documents = {each["kind"]: each for each in found["documents"]}
    assert (documents["state"]["encoding"], documents["state"]["content"]) == ("json", {"trang": 3})
    assert (documents["agent profile"]["encoding"], documents["agent profile"]["content"]) == ("base64", "/wA=")
    assert [each["activity"] for each in found["records"]] == ["https://hoc.example.vn/lop/an-toan-so"]
    assert [(each["purpose"], each["answer"]) for each in found["consents"]] == [("province", "yes")]
    assert [each["id"] for each in found["requests"]] == [made["id"]]
    assert (found["attachments"], found["shared"]) == ([], [])


def digests(found):
    """Return the forms of a mailbox that name nobody, which are looked for, too."""
    return [each for each in found["about"]["identities"] if each not in {LAN, MAILBOX}]


def test_statements_are_given_to_the_letter(office):
    text = (
        '{"id":"8f2a9a5c-0000-4000-8000-0000000000aa","actor":{"account":{"homePage":"https://hoc.example.vn",'
        '"name":"lan"}},"verb":{"id":"http://x.example.vn/v"},"object":{"id":"http://x.example.vn/o"},'
        '"result":{"score":{"raw":1.50}}}'
    )
    office.client.post("/xapi/statements", data=text, content_type="application/json")
    stored = office.client.get("/xapi/statements").data
    begin = stored.index(b'{"id"')
    made = office.ask("access", LAN)
    assert stored[begin : stored.index(b"]", begin)] in office.client.get(f"{PATH}/{made['id']}/data").data


def test_files_say_the_same_and_a_manifest_counts_them(office, known):
    made = office.ask("access", LAN, note="=1+1")
    answer = office.client.get(f"{PATH}/{made['id']}/data?format=csv")
    assert answer.content_type == "application/zip"
    archive = zipfile.ZipFile(io.BytesIO(answer.data))
    assert archive.testzip() is None
    manifest = json.loads(archive.read("manifest.json"))
    assert {name: each["rows"] for name, each in manifest["files"].items()} == {
        "statements.csv": 4,
        "documents.csv": 2,
        "records.csv": 1,
        "consents.csv": 1,
        "requests.csv": 1,
        "attachments.csv": 0,
        "shared.csv": 0,
    }
    rows = {}
    for name, told in manifest["files"].items():
        text = archive.read(name)
        assert text.startswith(b"\xef\xbb\xbf")
        assert hashlib.sha256(text).hexdigest() == told["sha256"]
        rows[name] = list(csv.DictReader(io.StringIO(text.decode("utf-8-sig"), newline="")))
        assert len(rows[name]) == told["rows"]
    assert {json.loads(each["statement"])["id"] for each in rows["statements.csv"]} == {
        each["id"] for each in known["actor"] + known["mentioned"]
    }
    assert rows["requests.csv"][0]["note"] == "'=1+1"


def test_who_is_stored_under_a_pseudonym_is_found_by_the_own_mailbox(office):
    """And of the mailbox nothing is given back that was not kept."""
    intake = {"identities": "pseudonymise"}
    key = office.post("/api/credentials", {"scopes": ["statements/write"], "intake": intake}, 201)
    sent = office.statement("x", actor={"mbox": MAILBOX, "name": "Lan"})
    token = base64.b64encode(f"{key['key']}:{key['secret']}".encode()).decode()
    answer = office.client.post("/xapi/statements", json=sent, headers={"Authorization": f"Basic {token}"})
    assert answer.status_code == 200, answer.text
    made = office.ask("access", MAILBOX)
    [found] = office.client.get(f"{PATH}/{made['id']}/data").json["statements"]
    assert (found["relation"], found["statement"]["id"]) == ("actor", sent["id"])
    assert "lan.nguyen" not in json.dumps(found)


def test_of_nobody_known_there_is_nothing(office):
    made = office.ask("access", "account:https://hoc.example.vn nobody")
    found = office.client.get(f"{PATH}/{made['id']}/data").json
    assert found["statements"] == []
    assert all(found[name] == [] for name in EMPTY)


def test_every_reading_is_audited_with_counts_and_without_names(office, known):
    assert known
    made = office.ask("access", LAN)
    for form in ("json", "csv"):
        assert office.client.get(f"{PATH}/{made['id']}/data?format={form}").data
    assert office.get(f"{PATH}/{made['id']}")["downloads"] == 2
    read = office.audited("request.data_read")
    counts = {"statements": 4, "documents": 2, "records": 1, "consents": 1, "requests": 1}
    assert [each["details"] for each in read] == [{"format": form} | counts for form in ("json", "csv")]
    assert "lan" not in json.dumps(read)


def test_only_an_open_request_for_access_is_answered_with_data(office):
    other, closed = office.ask("erase", LAN), office.ask("access", LAN)
    office.do(closed, "fulfil", {})
    for made in (other, closed):
        assert office.client.get(f"{PATH}/{made['id']}/data").status_code == 409
    assert office.audited("request.data_read") == []


def test_what_was_agreed_to_is_withdrawn_all_or_of_one_purpose(office):
    ids = [agree(office, purpose) for purpose in ("province", "joint-course")] + [agree(office, "province", MAILBOX)]
    office.send(office.statement("lan"), office.statement("x", actor={"mbox": MAILBOX}))
    office.fold()
    links = [{"kind": "join", "identity": LAN, "other": MAILBOX, "reason": "own-statement"}]
    office.post("/api/learners/links", {"links": links})
    first = office.do(office.ask("withdraw", LAN), "fulfil", {"purpose": "joint-course"})
    assert first["counts"] == {"consents": 1}
    withdrawn = [office.get(f"/api/consents/{each}")["withdrawn"] for each in ids]
    assert [bool(each) for each in withdrawn] == [False, True, False]
    assert office.do(office.ask("withdraw", LAN), "fulfil", {})["counts"] == {"consents": 2}
    assert [each["details"].get("purpose") for each in office.audited("request.fulfilled")] == ["joint-course", None]


def test_who_is_erased_is_nowhere_any_more_not_even_in_requests(office, known, shared_store):
    assert known
    earlier = office.ask("access", MAILBOX, note="bà Lan")
    made = office.ask("erase", LAN, note="bà Lan")
    done = office.do(made, "fulfil", {"note": "đã báo bà Lan"})
    assert (done["state"], done["identity"], done["note"], done["answer"]) == ("fulfilled", None, None, None)
    assert (done["learner"], done["counts"]["statements"]) == (None, 3)
    assert office.get(f"{PATH}/{earlier['id']}")["identity"] is None
    for each in shared_store.database["requests"].find():
        if each["_id"].hex()[16:] in {made["id"], earlier["id"]}:
            assert not {"learner", "who", "sealed"} & each.keys()
    assert office.client.get(f"{PATH}/{earlier['id']}/data").json["statements"] == []
    texts = office.client.get("/xapi/statements").text + office.client.get("/api/audit").text
    assert "lan.nguyen" not in texts
    assert '"name":"lan"' not in texts.replace(" ", "")
    office.do(made, "fulfil", {}, 409)

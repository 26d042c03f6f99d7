"""Consents over HTTP: recorded with their proof, withdrawn, given again; of one person, whoever that is by now."""

import base64
import hashlib
import json
import time
import uuid
from datetime import UTC, date, datetime, timedelta

import pytest

from lrs.followers.records import records_follower
from lrs.store.changes import START
from schemas.training.terms import BASE, PSEUDONYMS

EVERYTHING = ("all", "admin", "audit/read", "records/read", "imports/write")
HOME = "https://hoc.example.vn"
WORDING = {"id": "chia-se-tinh", "version": "1", "language": "vi"}
TEXT = "Tôi đồng ý cho trường chia sẻ hồ sơ học tập của tôi với tỉnh."
SHARE = "share-with-province"
HEADING = "account_home,account_name,purpose,answer,wording,version,language,given_by,how,given,under_7\n"


@pytest.fixture
def operator(caller):
    client = caller(scopes=EVERYTHING)
    put = client.put("/api/consents/wordings", json={"wordings": [WORDING | {"text": TEXT}]})
    assert put.json == {"changed": 1}, put.text
    return client


@pytest.fixture
def learned(shared_store):
    """Store a statement about each of these names, and wait until all are counted."""

    def learn(client, *names):
        rows = [
            {
                "id": str(uuid.uuid4()),
                "actor": who(name),
                "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
                "object": {"id": "https://x.vn/1", "definition": {"type": f"{BASE}/activity-types/community-class"}},
            }
            for name in names
        ]
        assert client.post("/api/batches", json=rows).json["stored"] == len(rows)
        follower = records_follower(shared_store, "test", "Asia/Ho_Chi_Minh")
        until = time.monotonic() + 20
        while not all(numbers(client, name) for name in names):
            assert time.monotonic() < until
            follower.follow()
            time.sleep(0.1)

    return learn


def who(name):
    if name.startswith("sha1:"):
        return {"mbox_sha1sum": name.removeprefix("sha1:")}
    return {"mbox": name} if name.startswith("mailto:") else {"account": {"homePage": HOME, "name": name}}


def identity(name):
    return name if name.startswith(("mailto:", "sha1:")) else f"account:{HOME} {name}"


def numbers(client, name):
    found = client.get("/api/learners", query_string={"identity": identity(name)}).json["learners"]
    return [each["number"] for each in found]


def consent(name, **changes):
    usual = {
        "identity": identity(name),
        "purpose": SHARE,
        "answer": "yes",
        "wording": WORDING,
        "given_by": "self",
        "how": "paper",
        "given": "2026-08-01",
    }
    return {key: value for key, value in (usual | changes).items() if value is not None}


def record(client, *consents, **query):
    answer = client.post("/api/consents", json={"consents": list(consents)}, query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json


def shown(client, **query):
    answer = client.get("/api/consents", query_string=query)
    assert answer.status_code == 200, answer.text
    return answer.json["consents"]


def stands(client, name, purpose=SHARE):
    return bool(shown(client, identity=identity(name), purpose=purpose, standing="true"))


def withdraw(client, id_, **body):
    return client.post(f"/api/consents/{id_}/withdraw", json=body or None)


def audited(client, action):
    return client.get("/api/audit", query_string={"action": action}).json["records"]


def test_consent_is_told_with_its_proof_and_by_number_only(operator, learned):
    learned(operator, "an")
    told = record(operator, consent("an", given="2026-08-01T09:30:00+07:00", how="recording", given_by="both"))
    assert (told["consents"], told["refusals"], told["faulty"], told["dry_run"]) == (1, 0, 0, False)
    [row] = told["rows"]
    assert (row["outcome"], row["answer"], row["standing"], row["errors"]) == ("recorded", "yes", True, [])
    one = operator.get(f"/api/consents/{row['id']}")
    assert shown(operator) == [one.json]
    recorded_by = audited(operator, "consents.recorded")[0]["actor"]
    body = one.json
    assert abs(datetime.fromisoformat(body.pop("recorded")) - datetime.now(UTC)) < timedelta(minutes=1)
    assert body == {
        "id": row["id"],
        "learner": numbers(operator, "an")[0],
        "purpose": SHARE,
        "answer": "yes",
        "standing": True,
        "wording": WORDING,
        "given_by": "both",
        "under_7": False,
        "how": "recording",
        "given": "2026-08-01T02:30:00.000000Z",
        "recorded_by": recorded_by,
        "withdrawn": None,
        "withdrawn_by": None,
        "due": None,
    }
    assert HOME not in one.text


@pytest.mark.parametrize(
    ("changes", "path", "rule"),
    [
        ({"answer": None}, "answer", "silence"),
        ({"answer": ""}, "answer", "silence"),
        ({"answer": "   "}, "answer", "silence"),
        ({"answer": "maybe"}, "answer", "answer"),
        ({"answer": 1}, "answer", "value"),
        ({"given": f"{date.today() + timedelta(2)}"}, "given", "future"),  # noqa: DTZ011 - two days ahead anywhere
        ({"given": "2569-01-01"}, "given", "future"),
        ({"given": "2999-01-01T00:00:00Z"}, "given", "future"),
        ({"given": "yesterday"}, "given", "value"),
        ({"given": "0001-01-01"}, "given", "value"),
        ({"given": None}, "given", "value"),
        ({"wording": None}, "wording", "required"),
        ({"wording": WORDING | {"version": "2"}}, "wording", "unknown"),
        ({"wording": {"id": "x"}}, "wording.version", "value"),
        ({"given_by": "mother"}, "given_by", "value"),
        ({"how": "hearsay"}, "how", "value"),
        ({"how": None}, "how", "value"),
        ({"identity": "Nguyễn Thử"}, "identity", "value"),
        ({"purpose": "Everything"}, "purpose", "value"),
        ({"under_7": "yes"}, "under_7", "value"),
        ({"nickname": "An"}, "*", "value"),
    ],
)
def test_what_is_no_consent_is_named_and_not_recorded(operator, changes, path, rule):
    told = record(operator, consent("an"), consent("binh", **changes))
    assert (told["consents"], told["faulty"]) == (1, 1)
    faulty = told["rows"][1]
    assert (faulty["row"], faulty["outcome"], faulty["id"], faulty["standing"]) == (1, "faulty", None, False)
    assert (path, rule) in {(each["path"], each["rule"]) for each in faulty["errors"]}
    assert len(shown(operator)) == 1


@pytest.mark.parametrize("answer", ["yes", "Có", "ĐỒNG Ý", "co\u0301", "x", "1", True])
def test_a_yes_has_many_spellings(operator, answer):
    assert record(operator, consent("an", answer=answer))["consents"] == 1
    assert stands(operator, "an")


@pytest.mark.parametrize("answer", ["no", "Không", "không đồng ý", "0", False])
def test_a_no_is_recorded_and_is_no_consent(operator, answer):
    told = record(operator, consent("an", answer=answer, wording=None))
    assert (told["consents"], told["refusals"]) == (0, 1)
    [row] = shown(operator, identity=identity("an"))
    assert (row["answer"], row["standing"], row["wording"]) == ("no", False, None)
    assert row["due"]
    assert not stands(operator, "an")


def test_a_later_no_ends_what_was_said_and_an_earlier_one_does_not(operator):
    record(operator, consent("an"), consent("binh"))
    record(
        operator,
        consent("an", answer="no", given="2026-08-02"),
        consent("binh", answer="no", given="2026-07-31"),
    )
    assert not stands(operator, "an")
    assert stands(operator, "binh")
    again = record(operator, consent("an", given="2026-08-02"))  # which of both came first is not known
    assert not again["rows"][0]["standing"]
    assert record(operator, consent("an", given="2026-08-03"))["rows"][0]["standing"]


def test_whether_it_is_a_dry_run_is_said_once(operator):
    answer = operator.post("/api/consents?dry_run=false&dry_run=true", json={"consents": [consent("an")]})
    assert answer.status_code == 400
    assert [(each["path"], each["rule"]) for each in answer.json["errors"]] == [("dry_run", "repeated")]
    assert shown(operator) == []


def test_a_file_is_recorded_row_by_row_and_the_same_once(operator):
    rows = [
        f"{HOME},a,{SHARE},có,chia-se-tinh,1,vi,self,paper,1/8/2026,\n",
        f"{HOME},b,{SHARE},,chia-se-tinh,1,vi,self,paper,1/8/2026,\n",
        f"{HOME},c,{SHARE},không,chia-se-tinh,1,vi,self,paper,1/8/2026,\n",
        f"{HOME},d,{SHARE},có,chia-se-tinh,1,vi,self,paper,1/8/2569,\n",
        f"{HOME},a,{SHARE},có,chia-se-tinh,1,vi,self,paper,1/8/2026,\n",
        f"{HOME},e,{SHARE},có,chia-se-tinh,1,vi,representative,form,2026-08-01,1\n",
    ]
    body = ("\ufeff" + HEADING + "".join(rows)).replace(",", ";").encode()

    def send(**query):
        answer = operator.post("/api/consents", data=body, content_type="text/csv", query_string=query)
        assert answer.status_code == 200, answer.text
        return answer.json

    def outcomes(told):
        return [(each["row"], each["outcome"], *(fault["rule"] for fault in each["errors"])) for each in told["rows"]]

    expected = [
        (2, "recorded"),
        (3, "faulty", "silence"),
        (4, "recorded"),
        (5, "faulty", "future"),
        (6, "unchanged"),
        (7, "recorded"),
    ]
    dry = send(dry_run="true")
    assert outcomes(dry) == expected
    assert dry["dry_run"] is True
    assert [each["id"] for each in dry["rows"]] == [None] * 6
    assert [each["standing"] for each in dry["rows"]] == [True, False, False, False, True, True]
    assert shown(operator) == []
    assert audited(operator, "consents.recorded") == []
    told = send()
    assert outcomes(told) == expected
    assert (told["consents"], told["refusals"], told["unchanged"], told["faulty"]) == (2, 1, 1, 2)
    assert told["rows"][0]["id"] == told["rows"][4]["id"]
    assert {each["outcome"] for each in send()["rows"]} == {"unchanged", "faulty"}
    assert len(shown(operator)) == 3


@pytest.mark.parametrize(
    ("body", "rule"),
    [("kind,answer\n1,2\n", "unknown"), (HEADING.replace("answer,", ""), "required"), (HEADING, "limit")],
)
def test_a_file_that_is_none_is_refused(operator, body, rule):
    refused = operator.post("/api/consents", data=body.encode(), content_type="text/csv")
    assert refused.status_code == 400
    assert rule in {each["rule"] for each in refused.json["errors"]}


@pytest.mark.parametrize("body", [[], {}, {"consents": {}}, {"consents": []}, {"consents": [{}] * 1001}, {"x": []}])
def test_json_that_is_no_list_of_consents_is_refused(operator, body):
    assert operator.post("/api/consents", json=body).status_code == 400


def test_withdrawing_is_as_easy_as_giving_and_giving_again_is_another_row(operator, learned):
    learned(operator, "an")
    [row] = record(operator, consent("an"))["rows"]
    ended = withdraw(operator, row["id"])
    assert ended.status_code == 200, ended.text
    assert (ended.json["standing"], ended.json["withdrawn_by"]) == (False, ended.json["recorded_by"])
    day = datetime.fromisoformat(ended.json["withdrawn"]).astimezone().date()
    assert timedelta(14) <= date.fromisoformat(ended.json["due"]) - day <= timedelta(16)
    assert not stands(operator, "an")
    assert withdraw(operator, row["id"]).json == ended.json
    assert len(audited(operator, "consent.withdrawn")) == 1
    assert record(operator, consent("an"))["rows"][0] == row | {"outcome": "unchanged", "standing": False}
    [again] = record(operator, consent("an", given=datetime.now(UTC).isoformat()))["rows"]
    assert again["id"] != row["id"]
    assert stands(operator, "an")
    assert [each["standing"] for each in shown(operator)] == [False, True]
    assert shown(operator)[0] == ended.json


def test_a_withdrawal_may_have_been_said_before(operator):
    ids = [row["id"] for row in record(operator, *(consent("an", purpose=f"p{n}") for n in range(4)))["rows"]]
    assert withdraw(operator, ids[0], withdrawn="2026-08-03").json["withdrawn"] == "2026-08-02T17:00:00.000000Z"
    assert withdraw(operator, ids[1], withdrawn="2026-08-01").status_code == 200
    for when, rule in (("2026-07-31", "order"), ("2999-01-01", "future")):
        refused = withdraw(operator, ids[2], withdrawn=when)
        assert (refused.status_code, refused.json["errors"][0]["rule"]) == (400, rule)
    assert [stands(operator, "an", f"p{n}") for n in range(4)] == [False, False, True, True]


def test_nothing_but_a_consent_can_be_withdrawn(operator, caller):
    [no] = record(operator, consent("an", answer="no"))["rows"]
    [yes] = record(operator, consent("binh"))["rows"]
    assert withdraw(operator, no["id"]).status_code == 409
    stranger = caller(scopes=EVERYTHING)
    for client, id_ in ((operator, "0" * 32), (operator, "x"), (stranger, yes["id"])):
        assert withdraw(client, id_).status_code == 404
        assert client.get(f"/api/consents/{id_}").status_code == 404
    assert operator.post(f"/api/consents/{yes['id']}/withdraw", data=b"x", content_type="text/plain").status_code == 415
    assert withdraw(operator, yes["id"], because="x").status_code == 400
    assert shown(stranger) == []


def test_a_wording_that_somebody_was_shown_stays(operator):
    other = WORDING | {"version": "2"}

    def put(*wordings):
        return operator.put("/api/consents/wordings", json={"wordings": list(wordings)})

    assert put(other | {"text": "Văn bản"}).json == {"changed": 1}
    assert put(other | {"text": "Văn bản khác"}, WORDING | {"text": TEXT}).json == {"changed": 1}
    record(operator, consent("an"), consent("binh", answer="maybe", wording=other))
    refused = put(WORDING | {"text": f"{TEXT} "}, other | {"text": "x"})
    assert (refused.status_code, refused.json["errors"][0]["path"]) == (409, "wordings[0].text")
    assert put(WORDING | {"text": TEXT}).json == {"changed": 0}
    held = operator.get("/api/consents/wordings").json["wordings"]
    assert held == [
        WORDING | {"text": TEXT, "used": True},
        other | {"text": "Văn bản khác", "used": False},
    ]
    assert put(other | {"text": "1"}, other | {"text": "2"}).status_code == 400
    assert "chia" not in json.dumps([each["details"] for each in audited(operator, "consents.recorded")])
    assert "Tôi" not in json.dumps(operator.get("/api/audit").json, ensure_ascii=False)


def test_consent_is_a_persons_whoever_that_is_by_now(operator, learned):
    """Joined identities are one person; who is split off takes along what was said under the own identity."""
    learned(operator, "an", "an.cu", "chi")

    def link(**decision):
        answer = operator.post("/api/learners/links", json={"links": [decision | {"reason": "roster"}]})
        assert answer.status_code == 200, answer.text

    [first] = record(operator, consent("an"))["rows"]
    assert not stands(operator, "an.cu")
    link(kind="join", identity=identity("an"), other=identity("an.cu"))
    assert stands(operator, "an.cu")
    assert shown(operator, learner=numbers(operator, "an.cu")[0]) == shown(operator)
    record(operator, consent("an.cu", answer="no", given="2026-08-05"))
    assert not stands(operator, "an")
    link(kind="split", identity=identity("an.cu"))
    assert stands(operator, "an")
    assert not stands(operator, "an.cu")
    link(kind="join", identity=identity("an"), other=identity("chi"))
    assert withdraw(operator, first["id"]).json["learner"] == numbers(operator, "chi")[0]
    assert not stands(operator, "chi")


@pytest.mark.parametrize("intake", [{}, {"identities": "pseudonymise"}])
def test_consent_given_before_anything_is_known_of_a_person_holds_then(operator, learned, shared_app, intake):
    """A mailbox is found whether statements keep it or not; beside statements, it is nowhere in the database."""
    mailbox = "mailto:thu.0001@hoc.example.vn"
    record(operator, consent(mailbox))
    assert shown(operator)[0]["learner"] is None
    made = operator.post("/api/credentials", json={"scopes": ["all", "records/read"], "intake": intake}).json
    tool = shared_app.test_client()
    tool.environ_base |= {k: v for k, v in operator.environ_base.items() if k.startswith("HTTP_X")}
    tool.environ_base["HTTP_AUTHORIZATION"] = basic(made["key"], made["secret"])
    learned(tool, mailbox)
    assert stands(operator, mailbox)
    [learner] = operator.get("/api/learners").json["learners"]
    assert (PSEUDONYMS in learner["identities"][0]) == bool(intake)
    [told] = shown(operator, learner=learner["number"])
    assert told["standing"]
    record(operator, consent(mailbox, purpose="other"))
    assert shown(operator, purpose="other")[0]["learner"] == learner["number"]


@pytest.fixture
def noted(shared_store, operator):
    """Let changes be noted in the operator's organisation; tell which learners' were, and why, since the last time."""
    org = shared_store.organisations.find(operator.get("/api/organisation").json["id"]).org
    places = [START]

    def begin(session):
        shared_store.links.hold(org, session)
        shared_store.changes.begin(org, session)

    def since():
        found = shared_store.transact(lambda session: shared_store.changes.after(org, places[-1], session, most=1000))
        places.extend(each.place for each in found)
        return {number: each.reason for each in found for number in each.learners.values()}

    shared_store.transact(begin)
    return since


@pytest.mark.parametrize("mailbox", ["an", "mailto:thu.0002@hoc.example.vn"])
def test_whose_records_are_to_be_looked_at_again_is_noted_whatever_was_there_first(operator, learned, noted, mailbox):
    [row] = record(operator, consent(mailbox))["rows"]
    learned(operator, mailbox, "binh")
    [number] = numbers(operator, mailbox)
    noted()
    assert withdraw(operator, row["id"]).status_code == 200
    assert noted() == {number: "withdrawn"}
    assert withdraw(operator, row["id"]).status_code == 200
    record(operator, consent(mailbox))
    assert noted() == {}
    record(operator, consent(mailbox, given=datetime.now(UTC).isoformat()))
    assert noted() == {number: "no-longer-covered"}
    record(operator, consent(mailbox, answer="no", given=datetime.now(UTC).isoformat()))
    assert noted() == {number: "withdrawn"}


@pytest.mark.parametrize("first", ["mailto", "sha1"])
def test_a_mailbox_and_its_sha1_are_one_person_to_consent(operator, learned, noted, first):
    mailbox = "mailto:thu.0003@hoc.example.vn"
    hashed = f"sha1:{hashlib.sha1(mailbox.encode(), usedforsecurity=False).hexdigest()}"
    learned(operator, mailbox, hashed)
    both = {numbers(operator, each)[0] for each in (mailbox, hashed)}
    noted()
    [row] = record(operator, consent(mailbox if first == "mailto" else hashed))["rows"]
    assert noted().keys() == both
    assert all(stands(operator, each) for each in (mailbox, hashed))
    withdraw(operator, row["id"])
    assert noted() == dict.fromkeys(both, "withdrawn")


def test_joining_and_splitting_people_has_all_of_them_looked_at_again(operator, learned, noted):
    learned(operator, "an", "binh")
    both = {numbers(operator, each)[0] for each in ("an", "binh")}
    noted()
    link = {"kind": "join", "identity": identity("an"), "other": identity("binh"), "reason": "roster"}
    assert operator.post("/api/learners/links", json={"links": [link]}).status_code == 200
    assert min(both) in noted()
    link = {"kind": "split", "identity": identity("an"), "reason": "mistake"}
    assert operator.post("/api/learners/links", json={"links": [link]}).status_code == 200
    assert {min(both), numbers(operator, "an")[0]} <= noted().keys()


def basic(key, secret):
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


def test_pages_follow_each_other_and_filters_hold(operator):
    rows = [consent(f"n{n}", answer="no" if n % 3 == 0 else "yes", purpose=f"p{n % 2}") for n in range(25)]
    ids = [row["id"] for row in record(operator, *rows)["rows"]]

    def walk(**query):
        found, cursor = [], ""
        while cursor is not None:
            page = operator.get("/api/consents", query_string=query | {"limit": 4, "cursor": cursor}).json
            assert len(page["consents"]) <= 4
            found += [each["id"] for each in page["consents"]]
            cursor = page["next"]
        return found

    assert walk() == ids
    assert walk(standing="true") == [id_ for n, id_ in enumerate(ids) if n % 3]
    assert walk(standing="false", purpose="p1") == [id_ for n, id_ in enumerate(ids) if n % 3 == 0 and n % 2]
    assert walk(identity=identity("n7")) == [ids[7]]
    assert walk(learner="5") == []
    assert operator.get("/api/consents?cursor=x").status_code == 400


def test_recording_needs_one_scope_and_looking_another(caller):
    writer, reader = caller(scopes=("imports/write",)), caller(scopes=("records/read",))
    wording = {"wordings": [WORDING | {"text": TEXT}]}
    assert writer.put("/api/consents/wordings", json=wording).status_code == 200
    [row] = record(writer, consent("an"))["rows"]
    assert withdraw(writer, row["id"]).status_code == 200
    assert reader.put("/api/consents/wordings", json=wording).status_code == 403
    assert reader.post("/api/consents", json={"consents": [consent("an")]}).status_code == 403
    assert withdraw(reader, row["id"]).status_code == 403
    for path in ("/api/consents", "/api/consents/wordings", f"/api/consents/{row['id']}"):
        assert writer.get(path).status_code == 403
        assert reader.get(path).status_code == (404 if row["id"] in path else 200)


def test_what_is_audited_names_nobody(operator):
    ids = [row["id"] for row in record(operator, consent("an"), consent("mailto:lan@hoc.example.vn"))["rows"]]
    [entry] = audited(operator, "consents.recorded")
    assert entry["target"] == ids[0]
    assert entry["details"] == {"purposes": [SHARE], "consents": 2, "refusals": 0, "ids": ids}
    withdraw(operator, ids[0])
    [entry] = audited(operator, "consent.withdrawn")
    assert entry["target"] == ids[0]
    assert entry["details"].keys() == {"purpose", "due"}


def test_withdrawals_are_due_when_the_organisation_says(operator):
    policies = operator.get("/api/policies")
    changed = {"deadlines": {"withdraw": {"days": 5, "count": "calendar"}}}
    put = operator.put("/api/policies", json=changed, headers={"If-Match": policies.headers["ETag"]})
    assert put.status_code == 200, put.text
    [row] = record(operator, consent("an"))["rows"]
    ended = withdraw(operator, row["id"]).json
    day = datetime.fromisoformat(ended["withdrawn"]) + timedelta(hours=7)
    assert date.fromisoformat(ended["due"]) - day.date() == timedelta(5)

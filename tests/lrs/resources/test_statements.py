import base64
import hashlib
import json
from email.parser import BytesParser
from email.policy import HTTP
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode
from uuid import uuid4

import pytest

from lrs.services.setup import first_credential
from lrs.services.walks import LIFETIME

STATEMENTS = "/xapi/statements"
VOIDED = {"id": "http://adlnet.gov/expapi/verbs/voided"}
VERB = {"id": "http://adlnet.gov/expapi/verbs/completed"}


def query(**parameters):
    return f"{STATEMENTS}?{urlencode(parameters)}"


def ids(answer):
    return [statement["id"] for statement in answer.json["statements"]]


def reference(to):
    return {"objectType": "StatementRef", "id": to}


def basic(key, secret):
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()}


@pytest.fixture
def posted(client, a_statement):
    """Post statements with these changes, one request each; return their ids, oldest first."""

    def post(*changes):
        return [client.post(STATEMENTS, json=a_statement(**each)).json[0] for each in changes]

    return post


def mixed(statement, *parts):
    body = b"--cut\r\nContent-Type: application/json\r\n\r\n" + json.dumps(statement).encode()
    for data, sha2, content_type in parts:
        head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: {sha2}"
        body += b"\r\n--cut\r\n" + head.encode() + b"\r\n\r\n" + data
    return {"data": body + b"\r\n--cut--\r\n", "content_type": "multipart/mixed; boundary=cut"}


def attachment(data, **changes):
    return {
        "usageType": "https://hoc.example.vn/xapi/anh-man-hinh",
        "display": {"vi": "Ảnh màn hình"},
        "contentType": "image/png",
        "length": len(data),
        "sha2": hashlib.sha256(data).hexdigest(),
    } | changes


def test_a_posted_statement_comes_back_as_the_lrs_completes_it(client, a_statement):
    statement = a_statement(result={"score": {"raw": 8.50}})
    answer = client.post(STATEMENTS, json=statement)
    assert answer.status_code == 200
    assert answer.json == [statement["id"]]
    found = client.get(query(statementId=statement["id"])).json
    assert found | statement == found
    assert found["stored"] == found["timestamp"]
    assert found["version"] == "2.0.0"
    assert found["authority"] == {
        "objectType": "Agent",
        "account": {"homePage": "http://localhost", "name": "key-of-tests"},
    }


def test_the_text_of_numbers_and_keys_comes_back_as_sent(client, a_statement):
    text = json.dumps(a_statement())[:-1] + (
        ', "result": {"extensions": {"http://ex.org/a.b": 0.10, "https://ex.org/$c": [1e2, -0, 12345678901234567890]}}}'
    )
    sent = client.post(STATEMENTS, data=text, content_type="application/json")
    assert sent.status_code == 200
    raw = client.get(query(statementId=sent.json[0])).data
    assert b'{"http://ex.org/a.b": 0.10, "https://ex.org/$c": [1e2, -0, 12345678901234567890]}' in raw


def test_an_id_is_made_where_none_is_sent(client, a_statement):
    (made,) = client.post(STATEMENTS, json=a_statement(id=None)).json
    assert client.get(query(statementId=made)).status_code == 200


def test_put_stores_under_the_id_of_the_request(client, a_statement):
    chosen = str(uuid4())
    answer = client.put(query(statementId=chosen), json=a_statement(id=None))
    assert (answer.status_code, answer.data) == (204, b"")
    assert client.get(query(statementId=chosen)).json["id"] == chosen


def test_put_refuses_another_id_in_the_body_and_arrays(client, a_statement):
    assert client.put(query(statementId=uuid4()), json=a_statement()).status_code == 400
    assert client.put(query(statementId=uuid4()), json=[a_statement(id=None)]).status_code == 400
    assert client.put(STATEMENTS, json=a_statement()).status_code == 400


def test_the_same_statement_again_is_success_and_changes_nothing(client, a_statement):
    statement = a_statement()
    client.post(STATEMENTS, json=statement)
    before = client.get(query(statementId=statement["id"])).data
    assert client.post(STATEMENTS, json=[statement, a_statement()]).status_code == 200
    assert client.put(query(statementId=statement["id"]), json=statement).status_code == 204
    assert client.get(query(statementId=statement["id"])).data == before


def test_another_statement_under_a_taken_id_is_a_conflict_and_stores_nothing(client, a_statement):
    statement, innocent = a_statement(), a_statement()
    client.post(STATEMENTS, json=statement)
    answer = client.post(STATEMENTS, json=[innocent, statement | {"verb": {"id": "https://hoc.example.vn/verbs/khac"}}])
    assert answer.status_code == 409
    assert answer.content_type == "application/problem+json"
    assert [(e["path"], e["rule"]) for e in answer.json["errors"]] == [("[1].id", "taken")]
    assert client.get(query(statementId=innocent["id"])).status_code == 404


def test_a_batch_is_stored_whole_or_not_at_all(client, a_statement):
    batch = [a_statement() for _ in range(3)]
    answer = client.post(STATEMENTS, json=[*batch, a_statement(actor={"mbox": "hoc.vien@hoc.example.vn"})])
    assert answer.status_code == 400
    assert answer.json["errors"][0]["path"] == "[3].actor.mbox"
    assert client.get(STATEMENTS).json["statements"] == []
    assert client.post(STATEMENTS, json=batch).json == [each["id"] for each in batch]
    assert ids(client.get(STATEMENTS)) == [each["id"] for each in reversed(batch)]


def test_an_empty_batch_is_nothing_to_store(client):
    assert client.post(STATEMENTS, json=[]).json == []


def test_a_voided_statement_is_found_by_its_own_parameter_only(client, posted):
    target, _ = posted({}, {})
    (voider,) = posted({"verb": VOIDED, "object": reference(target)})
    assert client.get(query(statementId=target)).status_code == 404
    assert client.get(query(voidedStatementId=target)).json["id"] == target
    assert client.get(query(voidedStatementId=voider)).status_code == 404
    assert target not in ids(client.get(STATEMENTS))
    assert voider in ids(client.get(STATEMENTS))


@pytest.mark.parametrize(
    ("parameters", "expected"),
    [
        ({"verb": "https://hoc.example.vn/verbs/da-hop"}, [1]),
        ({"activity": "https://hoc.example.vn/khoa-hoc/ai"}, [2]),
        ({"activity": "https://hoc.example.vn/khoa-hoc/ai", "related_activities": "true"}, [3, 2]),
        ({"agent": '{"mbox":"mailto:giang.vien@hoc.example.vn"}'}, [1]),
        ({"agent": '{"mbox":"mailto:giang.vien@HOC.example.vn"}', "related_agents": "true"}, [4, 1]),
        ({"registration": "0B3F4B1E-5B8F-4A71-8F16-1C6A6C3A7C11"}, [3]),
        ({"limit": "2"}, [4, 3]),
        ({"limit": "2", "ascending": "true"}, [0, 1]),
        ({"agent": '{"mbox":"mailto:giang.vien@hoc.example.vn"}', "verb": VERB["id"]}, []),
        ({"agent": '{"mbox":"mailto:khong.ai@hoc.example.vn"}'}, []),
    ],
)
def test_filters_find_what_they_name(client, posted, parameters, expected):
    teacher = {"mbox": "mailto:giang.vien@hoc.example.vn"}
    course = {"id": "https://hoc.example.vn/khoa-hoc/ai"}
    made = posted(
        {},
        {"actor": teacher, "verb": {"id": "https://hoc.example.vn/verbs/da-hop"}},
        {"object": course},
        {"context": {"registration": "0b3f4b1e-5b8f-4a71-8f16-1c6a6c3a7c11", "contextActivities": {"parent": course}}},
        {"context": {"instructor": teacher}},
    )
    assert ids(client.get(query(**parameters))) == [made[number] for number in expected]


def test_since_and_until_speak_of_stored(client, posted):
    first, second, third = posted({"timestamp": "2031-01-01T00:00:00Z"}, {}, {})
    stored = client.get(query(statementId=second)).json["stored"]
    assert ids(client.get(query(since=stored))) == [third]
    assert ids(client.get(query(until=stored))) == [second, first]


def test_a_reference_is_found_through_its_target(client, posted):
    (target,) = posted({"verb": {"id": "https://hoc.example.vn/verbs/da-nop"}})
    (comment,) = posted({"object": reference(target)})
    assert ids(client.get(query(verb="https://hoc.example.vn/verbs/da-nop"))) == [comment, target]


@pytest.mark.parametrize("ascending", ["true", "false"])
def test_a_walk_is_complete_whatever_is_posted_meanwhile(client, posted, ascending):
    made = posted(*[{} for _ in range(7)])
    answer = client.get(query(limit=3, ascending=ascending))
    seen = ids(answer)
    while answer.json["more"]:
        posted({})
        assert answer.json["more"].startswith("/xapi/statements?more=")
        answer = client.get(answer.json["more"])
        seen += ids(answer)
    assert seen == (made if ascending == "true" else made[::-1])


def test_an_ascending_walk_goes_past_what_another_host_has_stamped_by_a_clock_ahead(client, store, posted):
    made = posted(*[{} for _ in range(4)])
    store.database["statements"].update_many({}, [{"$set": {"stored": {"$add": ["$stored", 60_000_000]}}}])
    answer = client.get(query(limit=3, ascending="true"))
    assert ids(answer) + ids(client.get(answer.json["more"])) == made


def test_more_keeps_format_and_filter(client, posted):
    shown = {"verb": VERB | {"display": {"vi": "hoàn thành"}}}
    posted(shown, shown, {"verb": {"id": "https://hoc.example.vn/verbs/da-hop"}}, shown)
    answer = client.get(client.get(query(limit=2, format="ids", verb=VERB["id"])).json["more"])
    assert [statement["verb"] for statement in answer.json["statements"]] == [VERB]


def test_a_link_serves_its_own_credential_unchanged_and_in_time(client, store, posted, monkeypatch):
    posted({}, {})
    link = client.get(query(limit=1)).json["more"]
    first_credential(store, "a pepper for tests, of 32 characters or more", "other", "secret")
    refused = [
        client.get(link, headers=basic("other", "secret")),
        client.get(link[:-2] + ("AA" if link[-2:] != "AA" else "BB")),
        client.get(link + "&nonsense=1"),
        client.get("/xapi/statements?more="),
        client.get("/xapi/statements?more=%C3%A9"),
    ]
    assert [answer.status_code for answer in refused] == [400] * 5
    monkeypatch.setattr("lrs.services.clocks.now", lambda: 2**53 + LIFETIME)
    assert client.get(link).status_code == 400


def test_canonical_shows_what_is_known_of_an_activity_in_one_language(client, posted):
    course = "https://hoc.example.vn/khoa-hoc/so"
    posted({"object": {"id": course, "definition": {"name": {"vi": "Kỹ năng số", "en": "Digital skills"}}}})
    (bare,) = posted({"object": {"id": course}})
    answer = client.get(query(statementId=bare, format="canonical"), headers={"Accept-Language": "en"})
    assert answer.json["object"]["definition"] == {"name": {"en": "Digital skills"}}
    assert "definition" not in client.get(query(statementId=bare)).json["object"]


def test_last_modified_is_when_it_was_stored(client, posted):
    (made,) = posted({})
    answer = client.get(query(statementId=made))
    assert parsedate_to_datetime(answer.headers["Last-Modified"]).strftime("%Y-%m-%dT%H:%M:%S") in answer.json["stored"]


def test_head_is_get_without_the_body(client, posted):
    (made,) = posted({})
    got, head = client.get(query(statementId=made)), client.head(query(statementId=made))
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == got.headers["Content-Length"]


def test_every_answer_says_through_when_it_is_consistent(client):
    for answer in (client.get(STATEMENTS), client.get(query(nonsense=1)), client.get("/xapi/about")):
        assert answer.headers["X-Experience-API-Consistent-Through"].endswith("Z")


def test_attachments_come_back_with_the_statements_that_name_them(client, a_statement):
    data = bytes(range(256)) * 2000
    statement = a_statement(attachments=[attachment(data)])
    sent = client.post(STATEMENTS, **mixed(statement, (data, attachment(data)["sha2"], "image/png")))
    assert sent.status_code == 200
    answer = client.get(query(statementId=statement["id"], attachments="true"))
    whole = f"Content-Type: {answer.headers['Content-Type']}\r\n\r\n".encode() + answer.data
    first, second = BytesParser(policy=HTTP).parsebytes(whole).iter_parts()
    assert json.loads(first.get_content())["id"] == statement["id"]
    assert second.get_content() == data
    assert second["X-Experience-API-Hash"] == attachment(data)["sha2"]
    assert client.get(query(statementId=statement["id"])).content_type == "application/json"


def test_a_statement_whose_attachment_is_missing_is_not_stored(client, a_statement):
    statement = a_statement(attachments=[attachment(b"anh")])
    assert client.post(STATEMENTS, json=statement).status_code == 400
    assert (
        client.post(STATEMENTS, **mixed(statement, (b"khac", attachment(b"anh")["sha2"], "image/png"))).status_code
        == 400
    )
    assert client.get(query(statementId=statement["id"])).status_code == 404


def test_the_same_attachment_twice_is_kept_once(client, store, a_statement):
    data = b"giay chung nhan"
    for _ in range(2):
        statement = a_statement(attachments=[attachment(data)])
        client.post(STATEMENTS, **mixed(statement, (data, attachment(data)["sha2"], "image/png")))
    assert store.database["attachments.files"].count_documents({}) == 1


@pytest.mark.parametrize(
    ("method", "path", "sending", "status", "path_of_fault"),
    [
        ("GET", query(verbs="x"), {}, 400, "verbs"),
        ("GET", query(Verb="x"), {}, 400, "*"),
        ("GET", f"{STATEMENTS}?limit=1&limit=2", {}, 400, "limit"),
        ("GET", query(limit="-1"), {}, 400, "limit"),
        ("GET", query(agent='{"mbox":{"$ne":null}}'), {}, 400, "agent.mbox"),
        ("GET", query(statementId=uuid4(), verb=VERB["id"]), {}, 400, "verb"),
        ("POST", query(statementId=uuid4()), {"json": {}}, 400, "statementId"),
        ("POST", STATEMENTS, {"data": b"{", "content_type": "application/json"}, 400, ""),
        ("POST", STATEMENTS, {"data": b'{"id":1,"id":2}', "content_type": "application/json"}, 400, "id"),
        ("POST", STATEMENTS, {"data": b"<x/>", "content_type": "text/xml"}, 400, "Content-Type"),
        ("POST", STATEMENTS, {"data": b"[]"}, 400, "Content-Type"),
    ],
)
def test_a_bad_request_is_told_where_it_is_bad(client, method, path, sending, status, path_of_fault):
    answer = client.open(path, method=method, **sending)
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    assert path_of_fault in [fault["path"] for fault in answer.json["errors"]]
    assert all(fault["rule"] and fault["message"] for fault in answer.json["errors"])


def test_a_method_that_is_not_there_is_405_with_those_that_are(client):
    answer = client.delete(STATEMENTS)
    assert answer.status_code == 405
    assert {"GET", "HEAD", "POST", "PUT"} <= set(answer.headers["Allow"].split(", "))


def test_an_encoded_body_is_415(client):
    assert client.post(STATEMENTS, data=b"x", headers={"Content-Encoding": "br"}).status_code == 415


@pytest.mark.parametrize(
    "given",
    [{}, {"Authorization": "Basic"}, {"Authorization": "Basic ####"}, {"Authorization": "Bearer x"}]
    + [basic(*pair) for pair in [("key-of-tests", "wrong"), ("unknown", "secret-of-tests"), ("", "")]],
)
def test_without_a_good_credential_there_is_only_about(app, given):
    visitor = app.test_client()
    version = {"X-Experience-API-Version": "2.0.0"}
    answer = visitor.get(STATEMENTS, headers=version | given)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert visitor.get("/xapi/about", headers=given).json["version"] == ["1.0.3", "2.0.0"]


@pytest.mark.parametrize(
    ("label", "status", "answered"),
    [
        ("1.0", 200, "1.0.3"),
        ("1.0.0", 200, "1.0.3"),
        ("1.0.2", 200, "1.0.3"),
        ("1.0.9", 200, "1.0.3"),
        ("2.0", 200, "2.0.0"),
        ("2.0.1", 200, "2.0.0"),
        ("1.1.0", 400, "2.0.0"),
        ("0.95", 400, "2.0.0"),
        ("3.0.0", 400, "2.0.0"),
        ("", 400, "2.0.0"),
    ],
)
def test_versions_are_served_by_family(client, label, status, answered):
    answer = client.get(STATEMENTS, headers={"X-Experience-API-Version": label})
    assert answer.status_code == status
    assert answer.headers["X-Experience-API-Version"] == answered


def test_a_statement_of_2_0_goes_unchanged_to_a_reader_of_1_0(client, a_statement):
    agents = [{"objectType": "contextAgent", "agent": {"mbox": "mailto:nguoi.than@hoc.example.vn"}}]
    statement = a_statement(context={"contextAgents": agents})
    assert client.post(STATEMENTS, json=statement, headers={"X-Experience-API-Version": "1.0.3"}).status_code == 400
    client.post(STATEMENTS, json=statement)
    found = client.get(query(statementId=statement["id"]), headers={"X-Experience-API-Version": "1.0.3"}).json
    assert (found["version"], found["context"]["contextAgents"]) == ("2.0.0", agents)


def test_an_unknown_path_is_told_in_the_same_shape(client):
    answer = client.get("/xapi/nothing")
    assert (answer.status_code, answer.content_type) == (404, "application/problem+json")


@pytest.mark.parametrize("which", ["", "?format=canonical", "?attachments=true", "?statementId={}"])
def test_no_cache_gives_statements_to_others_or_in_another_form(caller, a_statement, which):
    client, statement = caller(), a_statement()
    client.post(STATEMENTS, json=statement)
    answer = client.get(STATEMENTS + which.format(statement["id"]))
    assert answer.headers["Cache-Control"] == "no-cache"
    varying = ", ".join(answer.headers.getlist("Vary")).split(", ")
    assert {"Accept-Language", "Authorization", "Origin", "X-Experience-API-Version"} <= set(varying)

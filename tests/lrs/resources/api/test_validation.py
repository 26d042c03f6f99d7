import json

import pytest

VALIDATE = "/api/validate"
AGENTS = {"contextAgents": [{"objectType": "contextAgent", "agent": {"mbox": "mailto:ba@hoc.example.vn"}}]}


def told(answer):
    assert answer.status_code == 200
    return {each["version"]: [(e["path"], e["rule"]) for e in each["errors"]] for each in answer.json["versions"]}


def test_a_statement_is_judged_under_both_versions(caller, a_statement):
    answer = caller().post(VALIDATE, json=a_statement(context=AGENTS))
    assert told(answer) == {"1.0.3": [("context.contextAgents", "unknown")], "2.0.0": []}
    assert [each["valid"] for each in answer.json["versions"]] == [False, True]


def test_or_under_the_one_asked_for(caller, a_statement):
    assert told(caller().post(f"{VALIDATE}?version=1.0.3", json=[a_statement()])) == {"1.0.3": []}


def test_all_faults_of_a_batch_are_told(caller, a_statement):
    batch = [a_statement(verb=None), a_statement(), a_statement(object={"id": "x"}, result={"score": 1})]
    expected = [("[0].verb", "required"), ("[2].result.score", "object"), ("[2].object.id", "iri")]
    assert told(caller().post(f"{VALIDATE}?version=2.0.0", json=batch)) == {"2.0.0": expected}


def test_nothing_is_stored(caller, a_statement):
    client = caller()
    client.post(VALIDATE, json=a_statement())
    assert client.get("/xapi/statements").json["statements"] == []


def test_it_may_be_asked_with_any_scope_and_without_a_version(caller, a_statement):
    assert caller(scopes=("statements/read",), version=None).post(VALIDATE, json=a_statement()).status_code == 200


@pytest.mark.parametrize(
    ("body", "fault"), [(b'{"id":1,"id":2}', ("id", "duplicate-key")), (b"[", ("", "json")), (b"", ("", "json"))]
)
def test_what_is_no_json_is_a_finding_too(caller, body, fault):
    assert told(caller().post(VALIDATE, data=body)) == {"1.0.3": [fault], "2.0.0": [fault]}


def test_so_many_faults_are_not_all_told(caller):
    answer = caller().post(f"{VALIDATE}?version=2.0.0", json=[{}] * 1000)
    (only,) = answer.json["versions"]
    assert (only["complete"], len(only["errors"])) == (False, 1000)


@pytest.mark.parametrize("query", ["version=3", "versions=2.0.0", "version=%FF"])
def test_a_wrong_query_is_400_in_the_usual_shape(caller, query):
    answer = caller().post(f"{VALIDATE}?{query}", json={})
    assert (answer.status_code, answer.content_type) == (400, "application/problem+json")
    assert answer.json["errors"][0].keys() == {"path", "rule", "message"}


def test_without_a_credential_it_is_401(shared_app):
    answer = shared_app.test_client().post(VALIDATE, data=json.dumps({}))
    assert (answer.status_code, answer.content_type) == (401, "application/problem+json")
    assert "Basic" in answer.headers["WWW-Authenticate"]


def test_a_body_has_a_limit(caller):
    assert caller().post(VALIDATE, data=b" " * (16 * 1024**2 + 1)).status_code == 413


@pytest.mark.parametrize("version", ["", "?version=2.0.0"])
def test_what_is_too_large_to_be_stored_is_413_here_too(caller, a_statement, version):
    large = a_statement(result={"response": "x" * 1024**2})
    for body in ([a_statement(), large], large, [a_statement()] * 1001):
        answer = caller().post(VALIDATE + version, json=body)
        assert (answer.status_code, answer.content_type) == (413, "application/problem+json")
        assert caller().post("/xapi/statements", json=body).status_code == 413

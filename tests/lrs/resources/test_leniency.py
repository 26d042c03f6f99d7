import json

import pytest

STATEMENTS = "/xapi/statements"
ACTIVITY = {"id": "https://hoc.example.vn/h5p/7", "definition": {"choices": [{"id": "0"}]}}
AGENTS = {"contextAgents": [{"objectType": "contextAgent", "agent": {"mbox": "mailto:ba@hoc.example.vn"}}]}


def uses(client):
    return {each["name"]: each["count"] for each in client.get("/api/diagnostics").json["leniency"]}


def test_an_interaction_without_its_type_is_stored_where_that_is_forgiven_and_counted(caller, a_statement):
    client = caller(leniency=("h5p-interactions",))
    sent = [a_statement(object=ACTIVITY), a_statement(), a_statement(object=ACTIVITY)]
    assert client.post(STATEMENTS, json=sent).status_code == 200
    found = client.get(f"{STATEMENTS}?statementId={sent[0]['id']}&format=canonical")
    assert found.json["object"]["definition"] == ACTIVITY["definition"]
    assert uses(client) == {"h5p-interactions": 2}


def test_what_was_forgiven_is_not_told_of_the_activity(caller, a_statement):
    client = caller(leniency=("h5p-interactions",))
    named = ACTIVITY | {"definition": {"name": {"vi": "Câu 7"}} | ACTIVITY["definition"]}
    client.post(STATEMENTS, json=a_statement(object=named))
    known = client.get("/xapi/activities", query_string={"activityId": ACTIVITY["id"]}).json
    assert known["definition"] == {"name": {"vi": "Câu 7"}}


def test_it_is_refused_to_all_others(caller, a_statement):
    client = caller()
    assert client.post(STATEMENTS, json=a_statement(object=ACTIVITY)).status_code == 400
    assert uses(client) == {}


def test_no_version_means_1_0_3_where_that_is_forgiven(caller, a_statement):
    client = caller(leniency=("missing-version",), version=None)
    sent = a_statement(context=AGENTS)
    answer = client.post(STATEMENTS, json=sent)
    assert (answer.status_code, answer.json["errors"][0]["path"]) == (400, "context.contextAgents")
    answer = client.post(STATEMENTS, json=a_statement())
    assert (answer.status_code, answer.headers["X-Experience-API-Version"]) == (200, "1.0.3")
    assert uses(client) == {"missing-version": 2}


def test_a_wrong_version_is_not_forgiven(caller):
    client = caller(leniency=("missing-version",), version="0.95")
    assert client.get(STATEMENTS).status_code == 400


def test_no_version_is_refused_to_all_others_with_a_word_on_what_to_send(caller):
    answer = caller(version=None).get(STATEMENTS)
    (fault,) = answer.json["errors"]
    assert (answer.status_code, fault["path"]) == (400, "X-Experience-API-Version")
    assert "1.0.3" in fault["message"]


@pytest.mark.parametrize("form", ["exact", "ids", "canonical"])
def test_a_reader_of_1_0_3_gets_what_it_can_read_where_that_was_granted(caller, a_statement, form):
    client = caller(leniency=("downgrade",))
    new, old = a_statement(context=AGENTS | {"platform": "Cổng"}), a_statement(version="1.0.1")
    client.post(STATEMENTS, json=[new, old])
    page = client.get(f"{STATEMENTS}?ascending=true&format={form}", headers={"X-Experience-API-Version": "1.0.3"})
    assert [each["version"] for each in page.json["statements"]] == ["1.0.0", "1.0.1"]
    assert page.json["statements"][0]["context"] == {"platform": "Cổng"}
    one = client.get(f"{STATEMENTS}?statementId={new['id']}", headers={"X-Experience-API-Version": "1.0.0"})
    assert "contextAgents" not in one.json["context"]
    same = client.get(f"{STATEMENTS}?statementId={new['id']}")
    assert same.json["context"] == new["context"]
    assert uses(client) == {"downgrade": 2}


def test_all_others_get_statements_as_they_were_sent(caller, a_statement):
    client = caller(version="1.0.3")
    new = a_statement(context=AGENTS)
    client.post(
        STATEMENTS,
        data=json.dumps(new),
        content_type="application/json",
        headers=[("X-Experience-API-Version", "2.0.0")],
    )
    found = client.get(f"{STATEMENTS}?statementId={new['id']}").json
    assert (found["version"], found["context"]) == ("2.0.0", AGENTS)

import json
from uuid import uuid4

import pytest

BATCHES = "/api/batches"
STATEMENTS = "/xapi/statements"
NDJSON = "application/x-ndjson"
OTHER_VERB = {"id": "http://adlnet.gov/expapi/verbs/failed"}


def outcomes(answer):
    assert answer.status_code == 200
    return [row["outcome"] for row in answer.json["rows"]]


def stored(client):
    return {each["id"] for each in client.get(f"{STATEMENTS}?ascending=true").json["statements"]}


def test_bad_rows_do_not_stop_the_good_ones(caller, a_statement):
    client = caller()
    good = [a_statement(), a_statement(id=None), a_statement()]
    rows = [good[0], a_statement(verb=None), good[1], "x", good[2], a_statement(actor={"mbox": "lan"})]
    answer = client.post(BATCHES, json=rows)
    assert outcomes(answer) == ["stored", "refused", "stored", "refused", "stored", "refused"]
    told = answer.json["rows"]
    assert [row["row"] for row in told] == [0, 1, 2, 3, 4, 5]
    assert [(e["path"], e["rule"]) for e in told[1]["errors"]] == [("verb", "required")]
    assert told[1]["id"] == rows[1]["id"]
    assert {kind: answer.json[kind] for kind in ("stored", "duplicate", "refused", "unconfirmed")} == {
        "stored": 3,
        "duplicate": 0,
        "refused": 3,
        "unconfirmed": 0,
    }
    assert stored(client) == {told[0]["id"], told[2]["id"], told[4]["id"]}


def test_lines_are_counted_as_they_stand_and_may_be_no_json_at_all(caller, a_statement):
    lines = [json.dumps(a_statement()), "", "{'a': 1}", '{"a":1,"a":2}', " " + json.dumps(a_statement()) + "\r", ""]
    answer = caller().post(BATCHES, data="\n".join(lines), content_type=NDJSON)
    assert [(row["row"], row["outcome"]) for row in answer.json["rows"]] == [
        (0, "stored"),
        (2, "refused"),
        (3, "refused"),
        (4, "stored"),
    ]


def test_a_row_of_an_array_may_break_the_rules_of_json_that_the_array_does_not(caller, a_statement):
    good = json.dumps(a_statement())
    bad = ['{"a": 1, "a": 2}', '{"a": 1E999}', '{"a": NaN}', '{"a": "cut \\ud83d"}', f'{{"a": {"1" * 5000}}}', "[]"]
    body = f" [ {good} , {', '.join(bad)} , {good} ] "
    answer = caller().post(BATCHES, data=body, content_type="application/json")
    assert outcomes(answer) == ["stored", *["refused"] * len(bad), "duplicate"]


def test_the_same_again_is_a_duplicate_and_another_under_its_id_is_refused(caller, a_statement):
    client = caller()
    first, second, third = a_statement(), a_statement(), a_statement()
    client.post(STATEMENTS, json=[first, second])
    answer = client.post(BATCHES, json=[third, first, second | {"verb": OTHER_VERB}])
    assert outcomes(answer) == ["stored", "duplicate", "refused"]
    assert answer.json["rows"][2]["errors"][0]["rule"] == "taken"


def test_an_id_may_come_several_times_in_one_batch(caller, a_statement):
    one, other = a_statement(), a_statement()
    rows = [one, other, one | {"id": one["id"].upper()}, one | {"verb": OTHER_VERB}, other, a_statement()]
    assert outcomes(caller().post(BATCHES, json=rows)) == [
        "stored",
        "stored",
        "duplicate",
        "refused",
        "duplicate",
        "stored",
    ]


def test_a_large_batch_full_of_trouble_ends_right(caller, a_statement):
    client = caller()
    before = [a_statement() for _ in range(30)]
    client.post(STATEMENTS, json=before)
    fresh = [a_statement() for _ in range(150)]
    rows = []
    for number, statement in enumerate(fresh):
        rows.append(statement)
        if number % 5 == 0:
            rows += [before[number // 5], a_statement(verb=None)]
    answer = client.post(BATCHES, json=rows)
    assert (answer.json["stored"], answer.json["duplicate"], answer.json["refused"]) == (150, 30, 30)
    assert outcomes(client.post(BATCHES, json=rows)).count("duplicate") == 180


def test_voiding_and_references_work_as_ever(caller, a_statement):
    client = caller()
    target = a_statement()
    voiding = a_statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/voided"}, object={"objectType": "StatementRef", "id": target["id"]}
    )
    assert outcomes(client.post(BATCHES, json=[voiding, target])) == ["stored", "stored"]
    assert client.get(f"{STATEMENTS}?statementId={target['id']}").status_code == 404
    assert client.get(f"{STATEMENTS}?voidedStatementId={target['id']}").status_code == 200


def test_rows_are_stored_in_their_order(caller, a_statement):
    client = caller()
    rows = [a_statement() for _ in range(10)]
    client.post(BATCHES, json=rows)
    found = client.get(f"{STATEMENTS}?ascending=true").json["statements"]
    assert [each["id"] for each in found] == [each["id"] for each in rows]


@pytest.mark.parametrize(
    ("query", "header", "expected"),
    [
        ("", None, "stored"),
        ("", "1.0.3", "refused"),
        ("?version=1.0.3", "2.0.0", "refused"),
        ("?version=2.0.0", "1.0.3", "stored"),
    ],
)
def test_parameter_or_header_name_the_version(caller, a_statement, query, header, expected):
    agents = {"contextAgents": [{"objectType": "contextAgent", "agent": {"mbox": "mailto:ba@hoc.example.vn"}}]}
    answer = caller(version=header).post(f"{BATCHES}{query}", json=[a_statement(context=agents)])
    assert outcomes(answer) == [expected]


def test_definitions_are_learned(caller, a_statement):
    client = caller()
    activity = {"id": "https://hoc.example.vn/courses/moi", "definition": {"name": {"vi": "Khoá mới"}}}
    client.post(BATCHES, json=[a_statement(object=activity)])
    found = client.get("/xapi/activities?activityId=https%3A%2F%2Fhoc.example.vn%2Fcourses%2Fmoi")
    assert found.json["definition"]["name"] == {"vi": "Khoá mới"}


def test_attachments_need_their_data_elsewhere(caller, a_statement):
    attachment = {
        "usageType": "https://hoc.example.vn/xapi/anh",
        "display": {"vi": "Ảnh"},
        "contentType": "image/png",
        "length": 3,
        "sha2": "0" * 64,
    }
    rows = [
        a_statement(attachments=[attachment]),
        a_statement(attachments=[attachment | {"fileUrl": "https://hoc.example.vn/anh.png"}]),
    ]
    answer = caller().post(BATCHES, json=rows)
    assert outcomes(answer) == ["refused", "stored"]
    assert answer.json["rows"][0]["errors"][0]["path"].startswith("attachments[0]")


def test_a_row_has_the_limit_of_a_statement(caller, a_statement):
    large = a_statement(result={"response": "x" * 1024**2})
    answer = caller().post(BATCHES, json=[large, a_statement()])
    assert outcomes(answer) == ["refused", "stored"]
    assert answer.json["rows"][0]["errors"][0]["rule"] == "limit"


def test_a_batch_has_a_thousand_rows_at_most(caller):
    client = caller()
    assert outcomes(client.post(BATCHES, data=b"x\n" * 1000, content_type=NDJSON)) == ["refused"] * 1000
    assert client.post(BATCHES, data=b"x\n" * 1001, content_type=NDJSON).status_code == 413
    assert client.post(BATCHES, json=[1] * 1001).status_code == 413


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"[{}", "application/json", 400),
        (b'["\\ud800", {}', "application/json", 400),
        (b'["\\ud800" {}]', "application/json", 400),
        (b'["\\ud800"] {}', "application/json", 400),
        (b'["\\ud800", ' + b"[]," * 300_000 + b"{}]", "application/json", 400),
        (b"", "application/json", 400),
        (b"[" * 100_000, "application/json", 400),
        (b"[]", "text/plain", 415),
        (b"[]", "application/json", 200),
        (b"", NDJSON, 200),
    ],
)
def test_what_is_no_batch_is_refused_as_a_whole(caller, body, kind, status):
    assert caller().post(BATCHES, data=body, content_type=kind).status_code == status


def test_it_needs_the_right_to_write_statements(caller, a_statement):
    assert caller(scopes=("statements/read",)).post(BATCHES, json=[a_statement()]).status_code == 403


def test_leniency_and_diagnostics_hold_for_rows(caller, a_statement):
    client = caller(leniency=("h5p-interactions",))
    activity = {"id": "https://hoc.example.vn/h5p/7", "definition": {"choices": [{"id": "0"}]}}
    taken = a_statement()
    large = a_statement(result={"response": "x" * 1024**2})
    rows = [a_statement(object=activity), a_statement(verb=None), taken, taken | {"verb": OTHER_VERB}, large]
    assert outcomes(client.post(BATCHES, json=rows)) == ["stored", "refused", "stored", "refused", "refused"]
    found = client.get("/api/diagnostics").json
    assert found["leniency"] == [{"name": "h5p-interactions", "count": 1}]
    assert {(each["status"], each["path"], each["rule"]) for each in found["refusals"]} == {
        (400, "verb", "required"),
        (409, "id", "taken"),
        (413, "", "limit"),
    }


def test_an_organisations_rows_do_not_meet_anothers(caller, a_statement):
    statement = a_statement(id=str(uuid4()))
    assert outcomes(caller().post(BATCHES, json=[statement])) == ["stored"]
    assert outcomes(caller().post(BATCHES, json=[statement | {"verb": OTHER_VERB}])) == ["stored"]

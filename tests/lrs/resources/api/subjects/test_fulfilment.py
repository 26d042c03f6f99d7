"""Requests that are fulfilled: statements corrected, people restricted."""

import uuid

import pytest

PATH = "/api/subjects/requests"
LAN = "account:https://hoc.example.vn lan"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
COMPLETED = {"id": "http://adlnet.gov/expapi/verbs/completed"}


def ids(office, **query):
    return {each["id"] for each in office.get("/xapi/statements", **query)["statements"]}


def test_a_correction_voids_and_replaces_at_once(office):
    wrong, kept, others = office.statement("lan"), office.statement("lan"), office.statement("mai")
    office.send(wrong, kept, others)
    made = office.ask("correct", LAN)
    right = office.statement("lan", verb=COMPLETED, result={"score": {"scaled": 0.5}})
    unnamed = {name: value for name, value in office.statement("lan", verb=COMPLETED).items() if name != "id"}
    done = office.do(
        made, "fulfil", {"reason": "wrong-result", "void": [wrong["id"].upper()], "statements": [right, unnamed]}
    )
    assert (done["state"], done["reason"], done["counts"]) == (
        "fulfilled",
        "wrong-result",
        {"voided": 1, "statements": 2},
    )
    stored = ids(office)
    assert {kept["id"], others["id"], right["id"]} < stored
    assert wrong["id"] not in stored
    assert len(ids(office, verb=COMPLETED["id"])) == 2
    [voiding] = office.get("/xapi/statements", verb=VOIDED)["statements"]
    assert voiding["actor"]["account"] == voiding["authority"]["account"]
    assert voiding["object"] == {"objectType": "StatementRef", "id": wrong["id"]}
    [entry] = office.audited("request.fulfilled")
    assert entry["details"]["reason"] == "wrong-result"
    assert entry["details"]["statements"] == [wrong["id"]]
    assert entry["details"]["counts"] == ["statements=2", "voided=1"]


def test_a_replacement_stands_as_it_was_sent(office):
    made = office.ask("correct", LAN)
    text = (
        '{"reason":"other","statements":[ {"actor":{"account":{"homePage":"https://hoc.example.vn","name":"lan"}},'
        '"verb":{"id":"http://adlnet.gov/expapi/verbs/completed"},"result":{"score":{"raw":1.50}},'
        '"object":{"id":"https://hoc.example.vn/lop"}} ]}'
    )
    answer = office.client.post(f"{PATH}/{made['id']}/fulfil", data=text, content_type="application/json")
    assert answer.status_code == 200, answer.text
    assert b'"raw":1.50' in office.client.get("/xapi/statements").data


def test_nothing_is_done_where_anything_is_not_the_persons_own(office):
    wrong, others = office.statement("lan"), office.statement("mai")
    group = office.statement("lan", actor={"objectType": "Group", "member": [wrong["actor"], others["actor"]]})
    gone = office.statement("lan")
    voiding = office.statement("lan", verb={"id": VOIDED}, object={"objectType": "StatementRef", "id": gone["id"]})
    office.send(wrong, others, group, gone, voiding)
    before = ids(office)
    made = office.ask("correct", LAN)
    void = [wrong["id"], others["id"], group["id"], gone["id"], voiding["id"], str(uuid.uuid4())]
    statements = [office.statement("lan"), office.statement("mai")]
    answer = office.client.post(
        f"{PATH}/{made['id']}/fulfil", json={"reason": "other", "void": void, "statements": statements}
    )
    assert answer.status_code == 400
    assert [(each["path"], each["rule"]) for each in answer.json["errors"]] == [
        ("void[1]", "person"),
        ("void[2]", "person"),
        ("void[3]", "voided"),
        ("void[4]", "voiding"),
        ("void[5]", "unknown"),
        ("statements[1].actor", "person"),
    ]
    assert ids(office) == before
    assert office.get(f"{PATH}/{made['id']}")["state"] == "received"


@pytest.mark.parametrize(
    ("statement", "path"),
    [({"actor": {"mbox": "x"}}, "statements[0].actor.mbox"), ({"result": {"score": 1}}, "statements[0].result.score")],
)
def test_a_replacement_is_judged_as_any_statement(office, statement, path):
    made = office.ask("correct", LAN)
    body = {"reason": "other", "statements": [office.statement("lan", **statement)]}
    answer = office.client.post(f"{PATH}/{made['id']}/fulfil", json=body)
    assert answer.status_code == 400
    assert answer.json["errors"][0]["path"] == path


def test_a_taken_id_stops_all_of_it(office):
    wrong, kept = office.statement("lan"), office.statement("lan")
    office.send(wrong, kept)
    made = office.ask("correct", LAN)
    taken = office.statement("lan", id=kept["id"], verb=COMPLETED)
    office.do(made, "fulfil", {"reason": "other", "void": [wrong["id"]], "statements": [taken]}, 409)
    assert ids(office) == {wrong["id"], kept["id"]}


def test_a_correction_that_broke_off_goes_on(office, shared_store):
    wrong = office.statement("lan")
    office.send(wrong)
    made = office.ask("correct", LAN)
    body = {"reason": "other", "void": [wrong["id"]], "statements": [office.statement("lan")]}
    office.do(made, "fulfil", body)
    [key] = [row["_id"] for row in shared_store.database["requests"].find() if row["_id"].hex().endswith(made["id"])]
    reopened = {"$set": {"state": "received"}, "$unset": {"closed": ""}}
    shared_store.database["requests"].update_one({"_id": key}, reopened)
    before = ids(office)
    assert office.do(made, "fulfil", body)["state"] == "fulfilled"
    assert ids(office) == before


def test_records_follow_a_correction(office):
    wrong = office.statement("lan")
    office.send(wrong)
    office.fold()
    assert office.get("/api/records", learner=LAN)["records"][0]["state"] == "attended"
    made = office.ask("correct", LAN)
    right = office.statement("lan", verb=COMPLETED)
    office.do(made, "fulfil", {"reason": "wrong-result", "void": [wrong["id"]], "statements": [right]})
    office.fold()
    [record] = office.get("/api/records", learner=LAN)["records"]
    assert (record["state"], record["statements"]) == ("completed", 1)


def test_a_person_is_restricted_and_is_no_more(office, shared_store):
    office.send(office.statement("lan"), office.statement("mai"))
    office.fold()
    numbers = {
        who: office.get("/api/learners", identity=LAN[:-3] + who)["learners"][0]["number"] for who in ("lan", "mai")
    }
    [org] = {row["org"] for row in shared_store.database["learners"].find() if row["identity"] == LAN} - seen(
        shared_store, office
    )
    made = office.ask("restrict", LAN)
    assert office.do(made, "fulfil", {})["counts"] == {"learners": 1}
    assert shared_store.learners.restricted(org, numbers.values()) == {numbers["lan"]}
    assert office.get("/api/records", learner=LAN)["records"]
    ended = office.ask("unrestrict", LAN)
    office.do(ended, "fulfil", {})
    assert shared_store.learners.restricted(org, numbers.values()) == set()


def seen(store, office):
    """Return the organisations that are not this office's."""
    own = office.get("/api/organisation")["id"]
    return {row["org"] for row in store.database["organisations"].find() if row["_id"] != own}


def test_somebody_yet_unknown_is_restricted_from_the_first_record_on(office, shared_store):
    made = office.ask("restrict", LAN)
    assert made["learner"] is None
    office.do(made, "fulfil", {})
    office.send(office.statement("lan"))
    office.fold()
    number = office.get("/api/learners", identity=LAN)["learners"][0]["number"]
    [org] = {row["org"] for row in shared_store.database["organisations"].find()} - seen(shared_store, office)
    assert shared_store.learners.restricted(org, [number]) == {number}


def test_what_was_done_elsewhere_is_only_closed(office):
    made = office.ask("correct", LAN)
    assert office.do(made, "fulfil", {"elsewhere": True})["counts"] == {}
    assert office.audited("request.fulfilled")[0]["details"]["elsewhere"] is True

"""What arrives about people who were erased."""

import base64
import hashlib
import json
import uuid

import pytest

from lrs.services.erasing import Erasing
from lrs.services.erasing.people import ErasedPeople
from lrs.services.folding import folding_of
from lrs.services.registries import RegistryService
from schemas.training.terms import ERASED

PEPPER = "a pepper for tests, of 32 characters or more"
MBOX = "mailto:Lan@hoc.example.vn"
SHA1 = hashlib.sha1(MBOX.encode(), usedforsecurity=False).hexdigest()
OTHER = {"mbox": "mailto:binh@hoc.example.vn"}
STATEMENTS = "/xapi/statements"


@pytest.fixture
def org(app, store):  # noqa: ARG001 - it makes the organisation
    return store.organisations.orgs()[0]


@pytest.fixture
def erase(store, config, org, later):
    """Erase identities, and let the server learn of it."""
    erasing = Erasing(store, folding_of(store, RegistryService(store, config.timezone), config.timezone), PEPPER)

    def run(*identities):
        erased = erasing.erase(org, identities, uuid.uuid4().hex, "key")
        later(11)
        return erased

    return run


def raw_rows(store):
    return [json.loads(row["raw"]) for row in store.database["statements"].find({"org": {"$exists": True}})]


@pytest.mark.parametrize("actor", [{"mbox": MBOX, "name": "Lê Thị Lan"}, {"mbox_sha1sum": SHA1.upper()}], ids=str)
@pytest.mark.parametrize("path", [STATEMENTS, "/api/batches"])
def test_a_person_who_was_erased_is_counted_and_not_named(client, store, a_statement, erase, actor, path):
    erase(MBOX)
    body = a_statement(actor=actor)
    assert client.post(path, json=[body]).status_code == 200
    [told] = raw_rows(store)
    assert told["actor"].keys() == {"account"}
    assert told["actor"]["account"]["homePage"] == ERASED
    assert told["actor"]["account"]["name"].isalpha()
    # The same again is still the same.
    assert client.post(path, json=[body]).status_code == 200
    assert len(raw_rows(store)) == 1


def test_all_identities_of_one_erasure_become_one_account(client, store, a_statement, erase):
    account = {"account": {"homePage": "https://hoc.example.vn", "name": "lan"}}
    erase(MBOX, "account:https://hoc.example.vn lan")
    client.post(STATEMENTS, json=[a_statement(actor={"mbox": MBOX}), a_statement(actor=account), a_statement()])
    assert len({json.dumps(each["actor"]) for each in raw_rows(store)}) == 2


def test_a_mailbox_is_known_by_its_hash_and_the_other_way_round(client, store, a_statement, erase):
    erase(f"sha1:{SHA1}")
    client.post(STATEMENTS, json=a_statement(actor=OTHER, context={"instructor": {"mbox": MBOX}}))
    [told] = raw_rows(store)
    assert told["context"]["instructor"]["account"]["homePage"] == ERASED
    assert told["actor"] == OTHER


def test_documents_about_somebody_who_was_erased_are_refused(client, erase):
    erase(MBOX)
    query = {"activityId": "https://hoc.example.vn/lop", "agent": json.dumps({"mbox": MBOX}), "stateId": "s"}
    answer = client.put("/xapi/activities/state", query_string=query, json={"name": "Lan"})
    assert answer.status_code == 400
    assert [(each["path"], each["rule"]) for each in answer.json["errors"]] == [("agent", "erased")]
    assert client.get("/xapi/activities/state", query_string=query).status_code == 404


def test_signed_statements_that_name_them_are_refused(erase, org, store, a_statement):
    erase(MBOX)
    told = a_statement(actor={"mbox": MBOX})
    told["attachments"] = [{"usageType": "http://adlnet.gov/expapi/attachments/signature", "sha2": "0" * 64}]
    with pytest.raises(ValueError, match="signed") as refused:
        ErasedPeople(store, PEPPER).admit(org, told, json.dumps(told).encode())
    assert [(fault.path, fault.rule) for fault in refused.value.faults] == [("attachments[0]", "erased")]


def test_a_key_that_was_the_person_vouches_as_nobody(client, store, a_statement, erase):
    headers = {"Authorization": "Basic " + base64.b64encode(b"key-of-tests:secret-of-tests").decode()}
    made = client.post(
        "/api/credentials", headers=headers, json={"scopes": ["statements/write"], "authority": {"mbox": MBOX}}
    ).json
    mine = {"Authorization": "Basic " + base64.b64encode(f"{made['key']}:{made['secret']}".encode()).decode()}
    assert client.post(STATEMENTS, headers=mine, json=a_statement(actor=OTHER)).status_code == 200
    erased = erase(MBOX)
    assert (erased.counts["mentions"], erased.counts["credentials"]) == (1, 1)
    assert client.post(STATEMENTS, headers=mine, json=a_statement(actor=OTHER)).status_code == 200
    assert {each["authority"]["account"]["homePage"] for each in raw_rows(store)} == {ERASED}


def test_an_id_that_was_erased_is_known_and_not_stored_again(client, store, a_statement, erase):
    told = a_statement(actor={"mbox": MBOX})
    client.post(STATEMENTS, json=told)
    assert erase(MBOX).counts["statements"] == 1
    query = {"statementId": told["id"]}
    assert client.post(STATEMENTS, json=told).json == [told["id"]]
    assert client.put(STATEMENTS, query_string=query, json=told).status_code == 204
    assert client.post("/api/batches", json=[told]).json["duplicate"] == 1
    assert client.get(STATEMENTS, query_string=query).status_code == 404
    fresh = a_statement()
    assert client.post(STATEMENTS, json=[told, fresh]).status_code == 200
    assert [each["id"] for each in raw_rows(store)] == [fresh["id"]]
    assert store.database["activities"].count_documents({}) == 0


def test_others_are_not_touched(client, store, a_statement, erase):
    erase(MBOX)
    told = a_statement(actor=OTHER | {"name": "Bình"}, result={"score": {"scaled": 0.50}})
    client.post(STATEMENTS, json=told)
    assert raw_rows(store)[0]["actor"] == OTHER | {"name": "Bình"}

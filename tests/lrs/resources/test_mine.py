"""`statements/read/mine`: what is stored under the reader's own authority, whatever road leads there."""

import base64
import json
import secrets
import uuid

import pytest

from lrs.services.auth import digest
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation

PEPPER = "a pepper for tests, of 32 characters or more"
STATEMENTS = "/xapi/statements"
MINE = ("statements/write", "statements/read/mine")
LAN = {"mbox": "mailto:lan@hoc.example.vn"}


@pytest.fixture
def colleagues(shared_app, shared_store):
    """Make callers of one new organisation, one for each tuple of scopes; each has an authority of its own."""

    def make(*each):
        org = secrets.token_bytes(8)
        shared_store.organisations.insert(Organisation(f"o{org.hex()}", org, "Trường thử"))
        return [caller(org, scopes) for scopes in each]

    def caller(org, scopes):
        key = secrets.token_hex(8)
        authority = json.dumps({"account": {"homePage": "https://hoc.example.vn", "name": key}}).encode()
        proof = digest(PEPPER.encode(), key, "secret")
        shared_store.credentials.put(Credential(key, org, proof, frozenset(scopes), authority))
        client = shared_app.test_client()
        token = base64.b64encode(f"{key}:secret".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
        return client

    return make


def found(client, **query):
    return [each["id"] for each in client.get(STATEMENTS, query_string=query).json["statements"]]


def test_others_statements_are_absent_by_id_and_in_lists(colleagues, a_statement):
    mine, other = colleagues(MINE, ("all",))
    own, foreign = a_statement(), a_statement()
    assert mine.post(STATEMENTS, json=own).status_code == other.post(STATEMENTS, json=foreign).status_code == 200
    assert found(mine) == [own["id"]]
    assert found(other) == [foreign["id"], own["id"]]
    assert mine.get(STATEMENTS, query_string={"statementId": foreign["id"]}).status_code == 404
    assert mine.get(STATEMENTS, query_string={"statementId": own["id"]}).status_code == 200


def test_a_statement_about_anothers_does_not_tell_what_that_says(colleagues, a_statement):
    mine, other = colleagues(MINE, ("all",))
    foreign = a_statement(actor=LAN)
    other.post(STATEMENTS, json=foreign)
    about = a_statement(actor={"mbox": "mailto:an@hoc.example.vn"})
    about["object"] = {"objectType": "StatementRef", "id": foreign["id"]}
    mine.post(STATEMENTS, json=about)
    assert found(mine, agent=json.dumps(LAN)) == []
    assert found(other, agent=json.dumps(LAN)) == [about["id"], foreign["id"]]


@pytest.mark.parametrize("road", ["statements", "batches"])
def test_who_may_not_see_a_statement_is_not_told_whether_it_has_guessed_it(colleagues, a_statement, road):
    mine, blind, other = colleagues(MINE, ("statements/write",), ("all",))
    taken = a_statement()
    assert other.post(STATEMENTS, json=taken).status_code == 200

    def outcome(client, statement):
        if road == "statements":
            return client.post(STATEMENTS, json=statement).status_code
        return client.post("/api/batches", json=[statement]).json["rows"][0]["outcome"]

    again, conflict = (200, 409) if road == "statements" else ("duplicate", "refused")
    for client in (mine, blind):
        assert outcome(client, taken) == outcome(client, a_statement(id=taken["id"], actor=LAN)) == conflict
    assert outcome(other, taken) == again


def test_who_sends_its_own_again_is_told_so_even_where_it_may_not_read(colleagues, a_statement):
    (blind,) = colleagues(("statements/write",))
    sent = a_statement()
    assert [blind.post(STATEMENTS, json=sent).status_code for _ in range(2)] == [200, 200]


def test_a_link_shows_no_more_than_its_follower_may_see_by_then(colleagues, shared_store, a_statement, later):
    reader, other = colleagues(("all",), ("all",))
    for client in (other, reader) * 2:
        client.post(STATEMENTS, json=a_statement())
    more = reader.get(STATEMENTS, query_string={"limit": "1"}).json["more"].removeprefix("/lrs")
    key = base64.b64decode(reader.environ_base["HTTP_AUTHORIZATION"].split()[1]).decode().partition(":")[0]
    held = shared_store.credentials.find(key)
    shared_store.credentials.change(held.org, key, {"scopes": frozenset({"statements/read/mine"})})
    later(31)
    said = reader.get(more).json["statements"]
    assert [each["authority"]["account"]["name"] for each in said] == [key]


def test_canonical_definitions_are_the_statements_own_for_who_may_not_read_activities(colleagues, a_statement):
    mine, other = colleagues(MINE, ("all",))
    course = f"https://hoc.example.vn/{uuid.uuid4()}"
    other.post(STATEMENTS, json=a_statement(object={"id": course, "definition": {"name": {"vi": "Nội bộ"}}}))
    mine.post(STATEMENTS, json=a_statement(object={"id": course}))
    query = {"format": "canonical", "activity": course}
    assert "definition" not in mine.get(STATEMENTS, query_string=query).json["statements"][0]["object"]
    assert "definition" in other.get(STATEMENTS, query_string=query).json["statements"][0]["object"]


def test_a_person_has_the_names_of_ones_own_statements_only(colleagues, a_statement):
    mine, other = colleagues(MINE, ("all",))
    mine.post(STATEMENTS, json=a_statement(actor=LAN | {"name": "Lan"}))
    other.post(STATEMENTS, json=a_statement(actor=LAN | {"name": "Lan, lớp 7A"}))
    query = {"agent": json.dumps(LAN)}
    assert mine.get("/xapi/agents", query_string=query).json["name"] == ["Lan"]
    assert set(other.get("/xapi/agents", query_string=query).json["name"]) == {"Lan", "Lan, lớp 7A"}

"""Keys of other stores: what they pass on keeps the authority that it comes with."""

import base64
import json

import pytest

STATEMENTS = "/xapi/statements"
ORIGIN = {"objectType": "Agent", "account": {"homePage": "https://vnuhcm.example.vn", "name": "moodle"}}
PAIR = {
    "objectType": "Group",
    "member": [{"account": {"homePage": "https://a.vn", "name": "app"}}, {"mbox": "mailto:a@b.vn"}],
}


@pytest.fixture
def admin(caller):
    return caller(scopes=("admin", "all"))


@pytest.fixture
def key_of(shared_app, admin):
    """Make a key with what it is to be, and a client of it."""

    def make(**wanted):
        answer = admin.post("/api/credentials", json={"scopes": ["statements/write", "statements/read/mine"]} | wanted)
        assert answer.status_code == 201, answer.json
        client = shared_app.test_client()
        token = base64.b64encode(f"{answer.json['key']}:{answer.json['secret']}".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
        client.made = answer.json
        return client

    return make


def stored(client, statement_id):
    return client.get(STATEMENTS, query_string={"statementId": statement_id}).json


def test_the_authority_is_kept_by_one_that_relays_and_by_no_other(admin, key_of, a_statement):
    relay, plain = key_of(relay=True), key_of()
    one, other = a_statement(authority=ORIGIN), a_statement(authority=ORIGIN)
    assert relay.post(STATEMENTS, json=one).status_code == plain.post(STATEMENTS, json=other).status_code == 200
    assert stored(admin, one["id"])["authority"] == ORIGIN
    assert stored(admin, other["id"])["authority"] == plain.made["authority"]


@pytest.mark.parametrize("authority", [None, PAIR])
def test_what_comes_with_no_agent_gets_the_key_s_own(admin, key_of, a_statement, authority):
    relay, sent = key_of(relay=True), a_statement(authority=authority)
    assert relay.post(STATEMENTS, json=[sent]).status_code == 200
    assert stored(admin, sent["id"])["authority"] == relay.made["authority"]


def test_rows_keep_it_too(admin, key_of, a_statement):
    relay, sent = key_of(relay=True), a_statement(authority=ORIGIN)
    assert relay.post("/api/batches", json=[sent]).json["stored"] == 1
    assert stored(admin, sent["id"])["authority"] == ORIGIN


def test_what_was_relayed_is_the_key_s_own_to_read_and_to_send_again_and_nobody_else_s(key_of, a_statement):
    relay, there = key_of(relay=True), key_of(authority=ORIGIN)
    sent = a_statement(authority=ORIGIN)
    assert [relay.post(STATEMENTS, json=sent).status_code for _ in range(2)] == [200, 200]
    assert stored(relay, sent["id"])["id"] == sent["id"]
    assert there.get(STATEMENTS, query_string={"statementId": sent["id"]}).status_code == 404


def test_it_is_found_by_its_authority(admin, key_of, a_statement):
    relay, sent = key_of(relay=True), a_statement(authority=ORIGIN)
    relay.post(STATEMENTS, json=sent)
    query = {"agent": json.dumps(ORIGIN), "related_agents": "true"}
    assert [each["id"] for each in admin.get(STATEMENTS, query_string=query).json["statements"]] == [sent["id"]]


def test_only_who_administers_grants_it_and_it_is_audited(admin, key_of, shared_store):
    clerk, relay, plain = key_of(scopes=["credentials"]), key_of(relay=True), key_of()
    assert clerk.post("/api/credentials", json={"relay": True}).status_code == 403
    assert clerk.patch(f"/api/credentials/{plain.made['key']}", json={"relay": True}).status_code == 403
    assert clerk.post(f"/api/credentials/{relay.made['key']}/secret").status_code == 403
    assert admin.patch(f"/api/credentials/{plain.made['key']}", json={"relay": True}).json["relay"] is True
    rows = shared_store.database["audit"].find({"target": {"$in": [relay.made["key"], plain.made["key"]]}})
    assert sum(row["details"].get("relay", False) for row in rows) == 2


def test_a_launch_by_a_key_that_relays_names_no_authority(key_of, shared_app, a_statement):
    relay, lan = key_of(relay=True), {"mbox": "mailto:lan@hoc.example.vn"}
    course = "https://hoc.example.vn/courses/an-toan-so"
    token = relay.post("/api/launches", json={"agent": lan, "activity": course}).json["token"]
    headers = {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "2.0.0"}
    sent = a_statement(actor=lan, authority=ORIGIN)
    assert shared_app.test_client().post(STATEMENTS, json=sent, headers=headers).status_code == 403

"""Organisations over HTTP: the own one, and those that the host looks after."""

import base64
import secrets

import pytest

from lrs.services import clocks
from lrs.store.organisations import Organisation
from lrs.store.rows import ORG_BYTES

OWNER = {"email": "Lan.Nguyen@hcmus.example.vn", "name": "Nguyễn Thị Lan"}


@pytest.fixture
def host(shared_store, caller):
    """Make a caller of the organisation that runs the server."""

    def make(*scopes):
        client = caller(scopes=scopes)
        shared_store.organisations.insert(Organisation("first", secrets.token_bytes(ORG_BYTES), "Sổ Học"))
        org = shared_store.organisations.find("first").org
        key = client.environ_base["HTTP_AUTHORIZATION"]
        shared_store.database["credentials"].update_one({"_id": name_of(key)}, {"$set": {"org": org}})
        return client

    return make


def name_of(authorization):
    return base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")[0]


def wanted(**changes):
    return {
        "id": f"truong-{secrets.token_hex(4)}",
        "name": "Trường Đại học",
        "kind": "university",
        "owner": OWNER,
    } | changes


def entries(shared_store, org):
    return list(shared_store.database["audit"].find({"org": org}).sort("seq", 1))


def test_everybody_sees_the_own_organisation(caller, shared_store):
    for scopes in (("statements/write",), ("audit/read",), ("admin",)):
        client = caller(scopes=scopes)
        org = shared_store.credentials.find(name_of(client.environ_base["HTTP_AUTHORIZATION"])).org
        found = client.get("/api/organisation").json
        assert found == {
            "id": f"o{org.hex()}",
            "name": "Trường thử",
            "kind": "other",
            "created": "1970-01-01T00:00:00.000000Z",
            "disabled": False,
            "small": 10,
        }


def test_its_administrators_rename_it_and_nobody_else_does(caller, shared_store):
    admin = caller(scopes=("admin",))
    changed = admin.patch("/api/organisation", json={"name": "Viện Nghiên cứu", "kind": "institute"})
    assert changed.json == admin.get("/api/organisation").json
    assert (changed.json["name"], changed.json["kind"]) == ("Viện Nghiên cứu", "institute")
    [entry] = entries(shared_store, bytes.fromhex(changed.json["id"][1:]))
    assert entry["details"] == {"by": changed.json["id"], "fields": ["kind", "name"], "kind": "institute"}
    assert caller(scopes=("all", "credentials")).patch("/api/organisation", json={"name": "x"}).status_code == 403
    for bad in ({"disabled": True}, {"id": "khac"}, {"kind": "pagoda"}, {"name": ""}):
        assert admin.patch("/api/organisation", json=bad).status_code == 400


@pytest.mark.parametrize("scopes", [("admin",), ("all",)])
def test_the_others_have_no_say_about_organisations(caller, scopes):
    client = caller(scopes=scopes)
    asked = [
        client.get("/api/organisations"),
        client.post("/api/organisations", json=wanted()),
        client.patch("/api/organisations/first", json={"name": "Của tôi"}),
        client.patch("/api/organisations/never-made", json={}),
    ]
    assert [answer.status_code for answer in asked] == [403] * len(asked)


def test_the_host_needs_the_scope_too(host):
    assert host("all", "credentials").get("/api/organisations").status_code == 403


def test_a_new_organisation_is_its_owner_s_and_the_host_gets_no_key_of_it(host, shared_store, shared_app):
    order = wanted()
    answer = host("admin").post("/api/organisations", json=order)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    assert {name: answer.json[name] for name in ("id", "name", "kind")} == {n: order[n] for n in ("id", "name", "kind")}
    org = shared_store.organisations.find(order["id"]).org
    assert shared_store.credentials.of(org) == []
    [owner] = shared_store.members.of(org)
    assert (owner.email, owner.role, owner.joined) == (OWNER["email"].casefold(), "owner", False)
    accepted = shared_app.test_client().post(
        "/api/invitations/accept",
        json={"code": answer.json["invitation"]["code"], "password": "một mật khẩu đủ dài"},
    )
    assert accepted.json == {"organisation": order["id"], "email": owner.email}


def test_whoever_uses_the_owner_s_code_first_is_in_and_the_owner_finds_it_used(host, shared_app):
    made = host("admin").post("/api/organisations", json=wanted()).json
    code = made["invitation"]["code"]
    used = [
        shared_app.test_client().post("/api/invitations/accept", json={"code": code, "password": f"{who} mật khẩu dài"})
        for who in ("bên vận hành", "người chủ")
    ]
    assert [answer.status_code for answer in used] == [200, 400]
    described = shared_app.test_client().get("/api/openapi.json").json["components"]["schemas"]["Invitation"]
    assert "hand it on" in described["properties"]["code"]["description"]


def test_it_is_told_in_both_audits_without_a_name(host, shared_store):
    order = wanted()
    host("admin").post("/api/organisations", json=order)
    own = entries(shared_store, shared_store.organisations.find(order["id"]).org)
    first = entries(shared_store, shared_store.organisations.find("first").org)[-1]
    assert [entry["action"] for entry in own] == ["organisation.created", "member.invited"]
    assert (first["action"], first["target"]) == ("organisation.created", order["id"])
    assert not any(word in repr([*own, first]) for word in ("Lan", "lan.nguyen", "Trường"))


def test_a_taken_id_is_a_conflict_and_leaves_nothing_behind(host, shared_store):
    admin, order = host("admin"), wanted()
    assert admin.post("/api/organisations", json=order).status_code == 201
    before = {name: shared_store.database[name].count_documents({}) for name in ("members", "invitations", "audit")}
    assert admin.post("/api/organisations", json=order).status_code == 409
    assert before == {name: shared_store.database[name].count_documents({}) for name in before}


@pytest.mark.parametrize(
    "changes",
    [
        {"id": "Chữ"},
        {"id": "-a"},
        {"id": "a" * 41},
        {"id": "a\n"},
        {"name": ""},
        {"kind": "pagoda"},
        {"owner": {"email": "no mailbox", "name": "Lan"}},
        {"owner": {"email": OWNER["email"]}},
        {"owner": None},
        {"key": "mine"},
    ],
)
def test_what_makes_no_organisation_is_refused(host, changes):
    assert host("admin").post("/api/organisations", json=wanted(**changes)).status_code == 400


def test_the_host_lists_renames_and_disables_organisations(host, caller, shared_store):
    admin, client = host("admin"), caller(scopes=("all",))
    own = client.get("/api/organisation").json
    listed = admin.get("/api/organisations").json["organisations"]
    assert own in listed
    assert [each["id"] for each in listed] == sorted(each["id"] for each in listed)
    path = f"/api/organisations/{own['id']}"
    assert admin.patch(path, json={"name": "Tên mới"}).json == own | {"name": "Tên mới"}
    assert admin.patch(path, json={"disabled": True}).json["disabled"] is True
    assert admin.patch(path, json={"disabled": True}).status_code == 200
    told = entries(shared_store, bytes.fromhex(own["id"][1:]))
    assert [entry["action"] for entry in told] == ["organisation.changed", "organisation.disabled"]
    assert all(entry["details"]["by"] == "first" for entry in told)
    mirrored = [entry["action"] for entry in entries(shared_store, shared_store.organisations.find("first").org)]
    assert mirrored[-2:] == ["organisation.changed", "organisation.disabled"]
    assert admin.patch("/api/organisations/never-made", json={"name": "x"}).status_code == 404


def test_the_host_cannot_be_disabled(host):
    admin = host("admin")
    assert admin.patch("/api/organisations/first", json={"disabled": True}).status_code == 409
    assert admin.patch("/api/organisations/first", json={"disabled": False}).status_code == 200


@pytest.fixture
def owner(host, shared_app):
    """Make an organisation; return its id, and its owner signed in, whose requests carry the token of the session."""
    order = wanted()
    made = host("admin").post("/api/organisations", json=order).json
    browser = shared_app.test_client()
    browser.environ_base["wsgi.url_scheme"] = "https"
    browser.environ_base["HTTP_HOST"] = "hoc.example.vn"
    password = {"password": "một mật khẩu đủ dài"}
    browser.post("/api/invitations/accept", json={"code": made["invitation"]["code"]} | password)
    who = {"organisation": order["id"], "email": OWNER["email"]} | password
    signed_in = browser.post("/api/session", json=who)
    assert signed_in.status_code == 200, signed_in.json
    browser.environ_base["HTTP_X_CSRF_TOKEN"] = signed_in.json["csrf"]
    return order["id"], browser, who


def test_a_disabled_organisation_lets_nobody_in_with_whatever_within_a_minute(owner, host, shared_app, monkeypatch):
    organisation, browser, who = owner
    key = browser.post("/api/credentials", json={"scopes": ["all"]})
    assert key.status_code == 201
    token = base64.b64encode(f"{key.json['key']}:{key.json['secret']}".encode()).decode()
    tool = shared_app.test_client()
    headers = {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}
    issued = tool.post("/oauth/token", data={"grant_type": "client_credentials"}, headers=headers).json["access_token"]
    asked = [
        lambda: tool.get("/xapi/statements", headers=headers).status_code,
        lambda: tool.get("/api/organisation", headers=headers).status_code,
        lambda: tool.get("/xapi/statements", headers=headers | {"Authorization": f"Bearer {issued}"}).status_code,
        lambda: browser.get("/api/organisation").status_code,
        lambda: browser.post("/api/session", json=who).status_code,
    ]
    assert [ask() for ask in asked] == [200] * 5
    admin = host("admin")
    assert admin.patch(f"/api/organisations/{organisation}", json={"disabled": True}).status_code == 200
    real = clocks.passed
    monkeypatch.setattr(clocks, "passed", lambda: real() + 60)
    assert [ask() for ask in asked] == [401] * 5
    admin.patch(f"/api/organisations/{organisation}", json={"disabled": False})
    assert [ask() for ask in asked[:2]] == [200, 200]

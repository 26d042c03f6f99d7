"""Members over HTTP, and what each role may do; cookies as a server at an https address gives them."""

import secrets

import pytest

from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.scopes import ROLES
from lrs.store.organisations import Organisation

PEPPER = "a pepper for tests, of 32 characters or more"
PASSWORD = "một mật khẩu đủ dài"
COOKIE = "__Host-sohoc"
INVITATION = {"email": "Minh.Tran@hoc.example.vn", "name": "Trần Minh", "role": "analyst"}


@pytest.fixture(scope="module")
def people(shared_store):
    return People(shared_store, PEPPER, Passwords())


@pytest.fixture(scope="module")
def organisation(shared_store, people):
    """Make an organisation with a member of every role; return it with their ids."""

    def make():
        made = Organisation(f"o{secrets.token_hex(6)}", secrets.token_bytes(8), "Trường thử")
        shared_store.organisations.insert(made)
        members = {}
        for role in ROLES:
            invited = people.invite(made.org, f"{role}@hoc.example.vn", role, role, "cli")
            members[role] = people.accept(invited.code, PASSWORD).id
        return made, members

    return make


@pytest.fixture(scope="module")
def school(organisation):
    return organisation()


@pytest.fixture
def signed_in(shared_app):
    """Sign in as the member of a role; the client sends what writes need."""

    def make(school, role):
        client = shared_app.test_client()
        who = {"organisation": school[0].id, "email": f"{role}@hoc.example.vn", "password": PASSWORD}
        told = client.post("/api/session", json=who, base_url="https://localhost")
        assert told.status_code == 200
        cookie = client.get_cookie(COOKIE)
        client.environ_base["HTTP_COOKIE"] = f"{COOKIE}={cookie.value}"
        client.environ_base["HTTP_X_CSRF_TOKEN"] = told.json["csrf"]
        return client

    return make


def test_over_https_the_cookie_is_sent_over_nothing_else_and_is_nobody_elses_to_set(shared_app, school):
    who = {"organisation": school[0].id, "email": "owner@hoc.example.vn", "password": PASSWORD}
    cookie = shared_app.test_client().post("/api/session", json=who).headers["Set-Cookie"]
    assert cookie.startswith(f"{COOKIE}=")
    assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
    assert "Domain" not in cookie


def test_behind_a_proxy_only_the_public_address_is_the_own_one(signed_in, school):
    client = signed_in(school, "owner")
    for origin, status in (
        ("https://hoc.example.vn", 200),
        ("http://hoc.example.vn", 403),
        ("http://localhost", 403),
        ("https://hoc.example.vn.evil.example", 403),
        ("https://hoc.example.vn:8443", 403),
    ):
        assert client.post("/api/validate", json=[], headers={"Origin": origin}).status_code == status


# What each right of a role opens: some view that needs it, asked for in a way that changes nothing.
ASKED = {
    "admin": [
        ("GET", "/api/members", None),
        ("POST", "/api/members", {"email": "owner@hoc.example.vn", "name": "x", "role": "owner"}),
        ("PATCH", "/api/members/nobody", {"role": "owner"}),
        ("DELETE", "/api/members/nobody", None),
        ("GET", "/api/members/nobody", None),
        ("POST", "/api/members/nobody/invitation", None),
        ("PATCH", "/api/organisation", {}),
        ("GET", "/api/providers", None),
        ("GET", "/api/providers/nobody", None),
        ("DELETE", "/api/providers/nobody", None),
    ],
    "credentials": [
        ("GET", "/api/credentials", None),
        ("GET", "/api/credentials/nobody", None),
        ("DELETE", "/api/credentials/nobody", None),
    ],
    "audit/read": [("GET", "/api/audit", None)],
    "host": [("GET", "/api/organisations", None)],
    "statements/write": [("POST", "/api/batches", [])],
}
MAY = {
    "owner": {"admin", "credentials", "audit/read"},
    "operator": {"credentials"},
    "analyst": set(),
    "auditor": {"audit/read"},
}


@pytest.mark.parametrize("right", ASKED)
@pytest.mark.parametrize("role", ROLES)
def test_a_role_opens_what_it_may_and_nothing_else(signed_in, school, role, right):
    client = signed_in(school, role)
    for method, path, body in ASKED[right]:
        status = client.open(path, method=method, json=body).status_code
        assert (status != 403) is (right in MAY[role]), (method, path, status)
        assert status in {200, 403, 404, 409}


@pytest.mark.parametrize("role", ROLES)
def test_everybody_may_see_the_own_entry_and_only_owners_others(signed_in, school, role):
    client = signed_in(school, role)
    for other, member in school[1].items():
        found = client.get(f"/api/members/{member}")
        assert found.status_code == (200 if role in {"owner", other} else 403)
        if found.status_code == 200:
            assert found.json["email"] == f"{other}@hoc.example.vn"
            assert found.json.keys() == {"id", "email", "name", "role", "disabled", "joined", "created", "used"}


@pytest.mark.parametrize("role", [role for role in ROLES if role != "owner"])
def test_nobody_makes_oneself_more(signed_in, school, role):
    client = signed_in(school, role)
    assert client.patch(f"/api/members/{school[1][role]}", json={"role": "owner"}).status_code == 403
    assert client.get("/api/session").json["member"]["role"] == role


def test_members_are_invited_changed_and_removed(organisation, signed_in):
    client = signed_in(organisation(), "owner")
    made = client.post("/api/members", json=INVITATION)
    assert (made.status_code, made.headers["Cache-Control"]) == (201, "no-store")
    member, code = made.json["member"], made.json["invitation"]["code"]
    assert (member["email"], member["role"], member["joined"], member["used"]) == (
        "minh.tran@hoc.example.vn",
        "analyst",
        False,
        None,
    )
    assert len(code) == 43
    assert made.json["invitation"]["expires"] > member["created"]
    path = f"/api/members/{member['id']}"
    assert code not in client.get("/api/members").text
    assert client.post("/api/members", json=INVITATION).status_code == 409
    changed = client.patch(path, json={"name": "Trần Văn Minh", "role": "operator", "disabled": True})
    assert changed.json == member | {"name": "Trần Văn Minh", "role": "operator", "disabled": True}
    assert client.post(f"{path}/invitation").status_code == 409
    assert client.delete(path).status_code == 204
    assert client.get(path).status_code == 404
    assert client.delete(path).status_code == 404


def test_the_last_owner_is_refused_with_a_reason(organisation, signed_in):
    school = organisation()
    client = signed_in(school, "owner")
    path = f"/api/members/{school[1]['owner']}"
    for refused in (
        client.patch(path, json={"role": "analyst"}),
        client.patch(path, json={"disabled": True}),
        client.delete(path),
    ):
        assert refused.status_code == 409
        assert "owner" in refused.json["title"]
    assert client.patch(path, json={"name": "Chủ mới"}).status_code == 200


@pytest.mark.parametrize(
    "change",
    [
        {"email": "no mailbox"},
        {"email": f"{'x' * 250}@hoc.example.vn"},
        {"name": ""},
        {"name": "two\nlines"},
        {"role": "god"},
        {"role": ["owner"]},
        {"disabled": False},
        {"password": PASSWORD},
    ],
    ids=str,
)
def test_what_is_no_member_is_refused(signed_in, school, change):
    assert signed_in(school, "owner").post("/api/members", json=INVITATION | change).status_code == 400


def test_what_is_open_to_all_is_described_so_and_nothing_else_is(shared_app):
    described = shared_app.test_client().get("/api/openapi.json").json
    operations = {
        (method, path): operation
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
        if isinstance(operation, dict) and path.startswith("/api/")
    }
    unguarded = {place for place, operation in operations.items() if operation.get("security") == []}
    assert unguarded == {
        ("post", "/api/session"),
        ("get", "/api/session/oidc"),
        ("get", "/api/session/oidc/callback"),
        ("post", "/api/invitations/accept"),
    }
    scheme = described["components"]["securitySchemes"]["session"]
    assert (scheme["in"], scheme["name"]) == ("cookie", COOKIE)
    client = shared_app.test_client()
    for method, path in operations.keys() - unguarded:
        assert client.open(path.replace("{", "").replace("}", ""), method=method.upper()).status_code == 401

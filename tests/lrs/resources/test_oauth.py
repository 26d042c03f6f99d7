import base64
import time
from dataclasses import replace

import jwt
import pytest
from jwt.algorithms import OKPAlgorithm

from lrs.app import close, create_app
from lrs.config import Config
from lrs.services import clocks
from lrs.services.auth import digest

OTHER_PEPPER = "another pepper, of 32 characters or more"
HOME = "https://hoc.example.vn/lrs"
GRANT = {"grant_type": "client_credentials"}


@pytest.fixture
def key(caller):
    """Make a credential that may write statements and keep state."""

    def make(*scopes):
        client = caller(scopes=scopes or ("statements/write", "state"))
        name, _, secret = base64.b64decode(client.environ_base["HTTP_AUTHORIZATION"][6:]).decode().partition(":")
        return client, name, secret

    return make


@pytest.fixture
def stranger(shared_app):
    return shared_app.test_client()


def bearer(token):
    return {"Authorization": f"Bearer {token}", "X-Experience-API-Version": "2.0.0"}


def token_of(client, **form):
    return client.post("/oauth/token", data=GRANT | form)


def test_a_key_gets_a_token_that_opens_what_it_opens_itself(key, stranger, a_statement):
    client, name, _ = key()
    answer = token_of(client)
    assert (answer.status_code, answer.headers["Cache-Control"], answer.headers["Pragma"]) == (
        200,
        "no-store",
        "no-cache",
    )
    found = answer.json
    assert (found["token_type"], found["expires_in"], found["scope"]) == ("Bearer", 3600, "state statements/write")
    headers = bearer(found["access_token"])
    assert stranger.post("/xapi/statements", json=a_statement(), headers=headers).status_code == 200
    assert stranger.get("/xapi/statements", headers=headers).status_code == 403
    assert stranger.get("/api/diagnostics", headers=headers).status_code == 200
    assert jwt.decode(found["access_token"], options={"verify_signature": False})["sub"] == name


def test_the_key_and_secret_may_stand_in_the_form(key, stranger):
    _, name, secret = key()
    assert token_of(stranger, client_id=name, client_secret=secret).status_code == 200


def test_they_may_be_encoded_in_basic_as_rfc_6749_has_it(key, stranger):
    _, name, secret = key()
    encoded = "".join(f"%{ord(letter):02x}" for letter in secret)
    basic = base64.b64encode(f"{name}:{encoded}".encode()).decode()
    answer = stranger.post("/oauth/token", data=GRANT, headers={"Authorization": f"Basic {basic}"})
    assert answer.status_code == 200


def test_fewer_scopes_can_be_asked_for_and_the_token_has_no_more(key, stranger, a_statement):
    client, _, _ = key()
    found = token_of(client, scope="state").json
    assert found["scope"] == "state"
    headers = bearer(found["access_token"])
    assert stranger.post("/xapi/statements", json=a_statement(), headers=headers).status_code == 403


@pytest.mark.parametrize("scope", ["all", "state admin", "statements/read", "nonsense", "state,define"])
def test_more_scopes_are_refused(key, scope):
    client, _, _ = key()
    answer = token_of(client, scope=scope)
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_scope")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ({}, "invalid_request"),
        ({"grant_type": ""}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": "authorization_code"}, "unsupported_grant_type"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, "invalid_request"),
        (GRANT | {"scope": ["state", "state"]}, "invalid_request"),
        (GRANT | {"client_id": "x", "client_secret": "y"}, "invalid_request"),
        (GRANT | {"filler": "x" * 40_000}, "invalid_request"),
    ],
)
def test_errors_have_the_names_of_rfc_6749(key, form, error):
    client, _, _ = key()
    answer = client.post("/oauth/token", data=form)
    assert (answer.status_code, answer.json.keys()) == (400, {"error", "error_description"})
    assert (answer.json["error"], answer.headers["Cache-Control"]) == (error, "no-store")


def test_only_a_form_is_taken(key):
    client, _, _ = key()
    for sent in ({"json": GRANT}, {"data": b"grant_type=client_credentials"}, {}):
        answer = client.post("/oauth/token", **sent)
        assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_wrong_secret_and_none_are_401_alike_for_known_and_unknown_keys(key, stranger):
    _, name, _ = key()
    for form in (
        {"client_id": name, "client_secret": "x"},
        {"client_id": "x", "client_secret": "x"},
        {},
        {"client_id": name},
    ):
        answer = token_of(stranger, **form)
        assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.headers["Cache-Control"] == "no-store"
    for value in ("Basic !!!", "Basic eA==", "Basic"):
        assert stranger.post("/oauth/token", data=GRANT, headers={"Authorization": value}).status_code == 401


def test_a_key_in_its_last_second_gets_none(key, shared_store, monkeypatch):
    client, name, _ = key()
    begin = clocks.now() // 1_000_000 * 1_000_000
    shared_store.credentials.put(replace(shared_store.credentials.find(name), expires=begin + 500_000))
    monkeypatch.setattr("lrs.services.clocks.now", lambda: begin)
    answer = token_of(client)
    assert (answer.status_code, answer.json["error"]) == (401, "invalid_client")


def test_a_token_gets_no_token(key, stranger):
    client, _, _ = key()
    token = token_of(client).json["access_token"]
    answer = stranger.post("/oauth/token", data=GRANT, headers=bearer(token))
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")


def test_a_bad_token_is_401_in_the_usual_shape(stranger):
    for token in ("x", "a.b.c", "", "x" * 100_000):
        answer = stranger.get("/xapi/statements", headers=bearer(token))
        assert (answer.status_code, answer.content_type) == (401, "application/problem+json")


def test_whose_token_was_bad_is_told_so_and_others_are_not(stranger):
    for path in ("/xapi/statements", "/api/diagnostics"):
        basic, told = stranger.get(path, headers=bearer("x.y.z")).headers.getlist("WWW-Authenticate")
        assert (basic[:6], told) == ("Basic ", 'Bearer realm="xAPI", error="invalid_token"')
        for headers in ({}, {"Authorization": "Basic x"}):
            (basic,) = stranger.get(path, headers=headers).headers.getlist("WWW-Authenticate")
            assert basic.startswith("Basic ")


def test_a_revoked_token_is_refused_within_a_minute(key, stranger, later):
    client, _, _ = key()
    token = token_of(client, scope="state").json["access_token"]
    asked = "/xapi/activities/state?activityId=https://hoc.example.vn/a&agent=" + '{"mbox":"mailto:lan@hoc.example.vn"}'
    assert stranger.get(asked, headers=bearer(token)).status_code == 200
    answer = client.post("/oauth/revoke", data={"token": token, "token_type_hint": "access_token"})
    assert (answer.status_code, answer.data) == (200, b"")
    later(31)
    assert stranger.get(asked, headers=bearer(token)).status_code == 401


def test_a_token_of_another_key_is_not_revoked(key, stranger):
    client, _, _ = key()
    token = token_of(client).json["access_token"]
    other, _, _ = key()
    answer = other.post("/oauth/revoke", data={"token": token})
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_request")
    assert stranger.get("/api/diagnostics", headers=bearer(token)).status_code == 200


def test_what_is_no_token_any_more_is_revoked_without_ado(key, stranger):
    client, _, _ = key()
    assert client.post("/oauth/revoke", data={"token": "x"}).status_code == 200
    assert client.post("/oauth/revoke", data={}).json["error"] == "invalid_request"
    assert stranger.post("/oauth/revoke", data={"token": "x"}).status_code == 401


def test_the_keys_are_open_to_all_and_verify_tokens(key, stranger):
    client, _, _ = key()
    token = token_of(client).json["access_token"]
    kid = jwt.get_unverified_header(token)["kid"]
    (jwk,) = [each for each in stranger.get("/oauth/jwks").json["keys"] if each["kid"] == kid]
    claims = jwt.decode(token, OKPAlgorithm.from_jwk(jwk), ["EdDSA"], audience=f"{HOME}/xapi", issuer=HOME)
    assert claims["exp"] > time.time()
    assert "d" not in jwk


def test_where_the_keys_were_made_under_another_pepper_nobody_gets_a_token_and_nothing_is_a_defect(
    key, another_pepper, shared_store, caplog
):
    client, name, secret = key()
    token_of(client)
    credential = shared_store.credentials.find(name)
    shared_store.credentials.put(replace(credential, digest=digest(OTHER_PEPPER.encode(), name, secret)))
    answer = another_pepper.test_client().post(
        "/oauth/token", data=GRANT | {"client_id": name, "client_secret": secret}
    )
    assert (answer.status_code, answer.content_type) == (503, "application/problem+json")
    assert "Retry-After" in answer.headers
    assert [record for record in caplog.records if record.exc_info] == []


@pytest.fixture
def another_pepper(mongod, shared_store):
    made = create_app(Config(mongodb_uri=mongod.uri, database=shared_store.database.name, pepper=OTHER_PEPPER))
    yield made
    close(made)


def test_the_server_describes_itself_under_its_public_address(stranger):
    found = stranger.get("/.well-known/oauth-authorization-server").json
    assert (found["issuer"], found["token_endpoint"]) == (HOME, f"{HOME}/oauth/token")
    assert (found["jwks_uri"], found["revocation_endpoint"]) == (f"{HOME}/oauth/jwks", f"{HOME}/oauth/revoke")
    assert found["grant_types_supported"] == ["client_credentials"]


def test_it_does_so_at_the_place_that_belongs_to_an_address_with_a_path(stranger):
    found = stranger.get("/.well-known/oauth-authorization-server/lrs")
    assert found.json == stranger.get("/.well-known/oauth-authorization-server").json
    assert stranger.get("/.well-known/oauth-authorization-server/other").status_code == 404


def test_these_are_posted_and_not_got(stranger):
    for path in ("/oauth/token", "/oauth/revoke"):
        assert stranger.get(path).status_code == 405

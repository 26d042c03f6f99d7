import base64
import hmac
import itertools
import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.algorithms import OKPAlgorithm

from lrs.errors import BadRequest, Forbidden, Unauthorized
from lrs.services import clocks
from lrs.services.auth import REMEMBERED, Authenticator, digest
from lrs.services.keyring import Keyring
from lrs.services.principals import Launch
from lrs.services.setup import first_credential
from lrs.services.tokens import InvalidScope, NotYours, Tokens

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn/lrs"
AGENT = {"mbox": "mailto:lan@hoc.example.vn"}
LAUNCH = Launch(AGENT, "https://hoc.example.vn/courses/an-toan-so", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6")
SECOND = 1_000_000


class Process:
    """What one server process makes of tokens."""

    def __init__(self, store):
        self.keyring = Keyring(store, PEPPER)
        admit = Authenticator(store, PEPPER).admit
        self.tokens = Tokens(store, self.keyring, HOME, admit=admit, lifetime=3600)
        self.authenticator = Authenticator(store, PEPPER, bearer=self.tokens.prove)

    def forged(self, token, headers=None, key=None, **claims):
        """Sign what a token says anew, with changes; None takes a member away."""
        signer = self.keyring.signer()
        said = {"alg": "EdDSA", "typ": "at+jwt", "kid": signer.kid} | (headers or {})
        told = jwt.decode(token, options={"verify_signature": False}) | claims
        body = b".".join(
            encoded({name: value for name, value in each.items() if value is not None}) for each in (said, told)
        )
        return (body + b"." + base64url((key or signer.key).sign(body))).decode()


def encoded(members):
    return base64url(json.dumps(members).encode())


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=")


@pytest.fixture
def process(bare_store):
    first_credential(bare_store, PEPPER, "key", "secret", home_page=HOME)
    return Process(bare_store)


@pytest.fixture
def caller(process):
    return process.authenticator.basic("key", "secret")


@pytest.fixture
def changed(bare_store):
    def change(**values):
        bare_store.credentials.put(replace(bare_store.credentials.find("key"), **values))

    return change


def test_a_token_stands_for_its_credential(process, caller):
    issued = process.tokens.issue(caller)
    assert process.authenticator.bearer(issued.token) == caller
    assert (issued.lifetime, issued.scopes) == (3600, caller.scopes)


def test_it_says_what_rfc_9068_asks_for(process, caller):
    token = process.tokens.issue(caller, frozenset({"state"})).token
    claims = jwt.decode(token, options={"verify_signature": False})
    assert claims.items() >= {"iss": HOME, "aud": f"{HOME}/xapi", "sub": "key", "client_id": "key"}.items()
    assert (claims["scope"], claims["exp"] - claims["iat"]) == ("state", 3600)
    assert jwt.get_unverified_header(token).keys() == {"alg", "typ", "kid"}


def test_it_may_have_fewer_scopes_and_never_more(process, caller, changed):
    issued = process.tokens.issue(caller, frozenset({"statements/write"}))
    assert process.authenticator.bearer(issued.token).scopes == {"statements/write"}
    changed(scopes=frozenset({"statements/write", "state"}))
    for asked in ({"all"}, {"admin"}, {"statements/write", "profile"}, {"nonsense"}):
        with pytest.raises(InvalidScope):
            process.tokens.issue(caller, frozenset(asked))


def test_a_token_that_reads_its_own_only_is_bound_to_that(process, caller):
    mine = process.authenticator.bearer(process.tokens.issue(caller, frozenset({"statements/read/mine"})).token)
    assert (len(mine.bounds), caller.bounds) == (1, ())


def test_what_the_credential_loses_the_token_loses(process, caller, changed):
    token = process.tokens.issue(caller).token
    changed(scopes=frozenset({"state"}))
    assert process.tokens.prove(token).principal.scopes == {"state"}


@pytest.mark.parametrize(
    "values",
    [
        {"disabled": True},
        {"expires": 1},
        {"digest": digest(PEPPER.encode(), "key", "another secret")},
        {"org": b"other or"},
    ],
)
def test_a_token_ends_with_its_credential_and_with_the_secret_it_was_got_by(process, caller, changed, values):
    token = process.tokens.issue(caller).token
    process.tokens.prove(token)
    changed(**values)
    with pytest.raises(Unauthorized):
        process.tokens.prove(token)


def test_it_ends_with_a_deleted_credential_and_a_disabled_organisation(process, caller, bare_store):
    token = process.tokens.issue(caller).token
    bare_store.organisations.change("first", {"disabled": True})
    with pytest.raises(Unauthorized):
        process.tokens.prove(token)
    bare_store.organisations.change("first", {"disabled": False})
    process.tokens.prove(token)
    bare_store.credentials.delete(caller.org, "key")
    with pytest.raises(Unauthorized):
        process.tokens.prove(token)


def test_it_lasts_no_longer_than_its_credential(process, caller, changed):
    changed(expires=clocks.now() + 100 * SECOND)
    issued = process.tokens.issue(caller)
    assert 98 <= issued.lifetime <= 100


def test_what_was_proven_is_not_remembered_past_the_end_of_the_token(process, caller):
    token = process.forged(process.tokens.issue(caller).token, exp=int(time.time()) + 2)
    proven = process.tokens.prove(token)
    assert proven.until == jwt.decode(token, options={"verify_signature": False})["exp"] * SECOND


def test_a_revoked_token_is_refused_by_every_process_within_a_minute(process, caller, bare_store, later):
    token, other = (process.tokens.issue(caller).token for _ in range(2))
    elsewhere = Process(bare_store)
    for each in (process, elsewhere):
        each.authenticator.bearer(token)
    process.tokens.revoke(caller, token)
    later(REMEMBERED + 1)
    assert REMEMBERED + 1 < 60
    for each in (process, elsewhere):
        with pytest.raises(Unauthorized):
            each.authenticator.bearer(token)
        assert each.authenticator.bearer(other) == caller


def test_a_disabled_credential_ends_its_tokens_on_every_process_within_a_minute(
    process, caller, bare_store, changed, later
):
    token = process.tokens.issue(caller).token
    elsewhere = Process(bare_store)
    elsewhere.authenticator.bearer(token)
    changed(disabled=True)
    later(REMEMBERED + 1)
    with pytest.raises(Unauthorized):
        elsewhere.authenticator.bearer(token)


def test_only_own_tokens_can_be_revoked_and_others_than_tokens_are_no_error(process, caller, bare_store):
    token = process.tokens.issue(caller).token
    with pytest.raises(NotYours):
        process.tokens.revoke(replace(caller, credential="other"), token)
    process.tokens.prove(token)
    for nothing in ("", "x.y.z", token[:-4], token + "x"):
        process.tokens.revoke(caller, nothing)
    assert bare_store.database["revocations"].count_documents({}) == 0


def test_a_revocation_is_audited_and_forgotten_after_the_end_of_the_token(process, caller, bare_store):
    token = process.tokens.issue(caller).token
    process.tokens.revoke(caller, token)
    claims = jwt.decode(token, options={"verify_signature": False})
    (row,) = bare_store.database["revocations"].find()
    assert row["_id"] == claims["jti"]
    assert 0 < row["ends"].replace(tzinfo=UTC).timestamp() - claims["exp"] <= 10
    (told,) = bare_store.database["audit"].find({"action": "token.revoked"})
    assert told["target"] == claims["jti"]


def test_a_token_is_revoked_once_however_often_that_is_asked(process, caller, bare_store):
    token = process.tokens.issue(caller).token
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(lambda _: process.tokens.revoke(caller, token), range(12)))
    process.tokens.revoke(caller, token)
    assert bare_store.database["audit"].count_documents({"action": "token.revoked"}) == 1


def test_after_a_rotation_tokens_of_before_are_good(process, caller, bare_store):
    old = process.tokens.issue(caller).token
    process.keyring.rotate("cli")
    new = process.tokens.issue(caller).token
    kids = {jwt.get_unverified_header(token)["kid"] for token in (old, new)}
    assert kids == {key["kid"] for key in process.tokens.jwks()}
    for each in (process, Process(bare_store)):
        for token in (old, new):
            assert each.authenticator.bearer(token) == caller


def test_the_published_keys_verify_the_tokens(process, caller):
    token = process.tokens.issue(caller).token
    (jwk,) = process.tokens.jwks()
    claims = jwt.decode(token, OKPAlgorithm.from_jwk(jwk), ["EdDSA"], audience=f"{HOME}/xapi", issuer=HOME)
    assert (claims["sub"], jwk.keys()) == ("key", {"kty", "crv", "x", "kid", "alg", "use"})


def test_tokens_with_other_claims_are_refused(process, caller):
    token = process.tokens.issue(caller).token
    now = int(time.time())
    wrong = [
        {"exp": now - 60},
        {"exp": str(now + 60)},
        {"nbf": now + 60},
        {"iat": now + 60},
        {"iss": "https://other.example.vn"},
        {"iss": f"{HOME}/"},
        {"aud": "https://other.example.vn/xapi"},
        {"aud": [f"{HOME}/xapi", "https://other.example.vn"]},
        {"aud": [f"{HOME}/xapi"]},
        {"sub": "other"},
        {"sub": 1},
        {"scope": ["all"]},
        {"jti": 1},
        {"secret": "x" * 16},
        {"launch": {"agent": AGENT, "activity": "https://hoc.example.vn/a"}},
        *({name: None} for name in ("iss", "aud", "sub", "exp", "nbf", "iat", "jti", "scope", "secret")),
    ]
    process.tokens.prove(process.forged(token))
    for claims in wrong:
        with pytest.raises(Unauthorized):
            process.tokens.prove(process.forged(token, **claims))


def test_tokens_with_other_headers_are_refused(process, caller):
    token = process.tokens.issue(caller).token
    stranger = ed25519.Ed25519PrivateKey.generate()
    jwk = OKPAlgorithm.to_jwk(stranger.public_key(), as_dict=True)
    wrong = [
        ({"typ": "JWT"}, None),
        ({"typ": None}, None),
        ({"typ": "launch+jwt"}, None),
        ({"kid": "other"}, None),
        ({"kid": None}, None),
        ({}, stranger),
        ({"jwk": jwk}, stranger),
        ({"jku": "https://evil.example.vn/keys"}, stranger),
        ({"x5u": "https://evil.example.vn/certificate"}, stranger),
        ({"x5c": ["MIIB"]}, stranger),
        ({"jwk": jwk}, None),
        ({"jku": f"{HOME}/oauth/jwks"}, None),
        ({"crit": ["exp"]}, None),
        ({"crit": []}, None),
        ({"b64": True, "crit": ["b64"]}, None),
        ({"zip": "DEF"}, None),
    ]
    process.tokens.prove(process.forged(token, {"typ": "application/at+jwt"}))
    for headers, key in wrong:
        with pytest.raises(Unauthorized):
            process.tokens.prove(process.forged(token, headers, key))


@pytest.mark.parametrize("algorithm", ["none", "None", "HS256", "ES256", "RS256", "Ed25519", "EdDSA448", ""])
def test_another_algorithm_is_refused(process, caller, retyped, algorithm):
    token = process.tokens.issue(caller).token
    with pytest.raises(Unauthorized):
        process.tokens.prove(retyped(token, {"alg": algorithm}))
    with pytest.raises(Unauthorized):
        process.tokens.prove(retyped(token, {"alg": algorithm}).rpartition(".")[0] + ".")


def test_a_token_signed_with_the_public_key_as_a_shared_secret_is_refused(process, caller):
    class Shared:
        def __init__(self, secret):
            self.sign = lambda body: hmac.digest(secret, body, "sha256")

    token = process.tokens.issue(caller).token
    public = process.keyring.signer().key.public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for secret in (public.public_bytes_raw(), pem, json.dumps(process.tokens.jwks()[0]).encode()):
        for algorithm in ("HS256", "EdDSA"):
            with pytest.raises(Unauthorized):
                process.tokens.prove(process.forged(token, {"alg": algorithm}, Shared(secret)))


def test_what_is_no_token_or_too_large_is_refused(process, caller, retyped):
    token = process.tokens.issue(caller).token
    header, claims, signature = token.split(".")
    changed_claims = retyped(token, scope="all admin")
    broken = [
        "",
        ".",
        "..",
        "a.b.c",
        f"{header}.{claims}",
        f"{token}.x",
        f"{header}..{signature}",
        token + "\n",
        " " + token,
    ]
    broken += [f"{token}é", f"{token[:-2]}", changed_claims, f"{header}.{claims}.", "é.é.é", f"{header}.!!.{signature}"]
    broken += [process.forged(token, filler="x" * 8192), "x" * 100_000, f"{header}.{'eA' * 50_000}.{signature}"]
    for each in broken:
        with pytest.raises(Unauthorized):
            process.tokens.prove(each)
        with pytest.raises(Unauthorized):
            process.authenticator.bearer(each)


def test_a_member_twice_in_a_token_is_refused(process, caller):
    signer = process.keyring.signer()
    header, claims, _ = process.tokens.issue(caller).token.split(".")
    twice = base64url(base64.urlsafe_b64decode(claims + "==")[:-1] + b',"scope":"all"}').decode()
    signature = base64url(signer.key.sign(f"{header}.{twice}".encode())).decode()
    jwt.decode(f"{header}.{twice}.{signature}", signer.key.public_key(), ["EdDSA"], audience=f"{HOME}/xapi")
    with pytest.raises(Unauthorized):
        process.tokens.prove(f"{header}.{twice}.{signature}")


def test_a_launch_token_is_bound_to_one_learner_activity_and_registration(process, caller):
    issued = process.tokens.launch(caller, LAUNCH, 5)
    found = process.authenticator.bearer(issued.token)
    assert (found.launch, found.credential, found.org) == (LAUNCH, "key", caller.org)
    assert (issued.lifetime, found.scopes) == (300, {"statements/write", "state", "profile"})
    assert len(found.bounds) == 3


def test_it_gets_no_scope_that_its_credential_has_not(process, changed):
    changed(scopes=frozenset({"statements/write", "state"}))
    caller = process.authenticator.basic("key", "secret")
    assert process.tokens.launch(caller, LAUNCH, 5).scopes == {"statements/write", "state"}
    wanted = frozenset({"state", "profile", "all"})
    assert process.tokens.launch(caller, LAUNCH, 5, wanted).scopes == {"state"}


def test_a_launch_that_was_made_with_a_token_ends_when_that_one_is_revoked(process, caller, bare_store, later):
    first, second = (process.tokens.issue(caller).token for _ in range(2))
    launches = [
        process.tokens.launch(process.authenticator.bearer(token), LAUNCH, 5).token for token in (first, second)
    ]
    launches.append(process.tokens.launch(caller, LAUNCH, 5).token)
    elsewhere = Process(bare_store)
    for each, launch in itertools.product((process, elsewhere), launches):
        each.authenticator.bearer(launch)
    process.tokens.revoke(caller, first)
    later(REMEMBERED + 1)
    for each in (process, elsewhere):
        with pytest.raises(Unauthorized):
            each.authenticator.bearer(launches[0])
        for launch in launches[1:]:
            each.authenticator.bearer(launch)


def test_it_lasts_no_longer_than_the_token_that_it_was_made_with(process, caller):
    token = process.forged(process.tokens.issue(caller).token, exp=int(time.time()) + 100)
    launched = process.tokens.launch(process.authenticator.bearer(token), LAUNCH, 480)
    assert 98 <= launched.lifetime <= 100
    assert process.tokens.launch(caller, LAUNCH, 480).lifetime == 480 * 60


@pytest.mark.parametrize("ago", [0, 3])
def test_a_token_that_has_just_ended_makes_no_launch(process, caller, ago):
    token = process.forged(process.tokens.issue(caller).token, exp=int(time.time()) - ago)
    ended = process.authenticator.bearer(token)
    with pytest.raises(Unauthorized):
        process.tokens.launch(ended, LAUNCH, 5)


def test_no_token_is_made_in_the_last_second_of_a_credential(process, caller, changed, monkeypatch):
    begin = clocks.now() // SECOND * SECOND
    changed(expires=begin + SECOND // 2)
    monkeypatch.setattr("lrs.services.clocks.now", lambda: begin)
    with pytest.raises(Unauthorized):
        process.tokens.issue(caller)


def test_a_launch_token_makes_no_other_token_and_only_a_credential_that_writes_makes_one(process, caller):
    launched = process.authenticator.bearer(process.tokens.launch(caller, LAUNCH, 5).token)
    for attempt in (
        lambda: process.tokens.launch(launched, LAUNCH, 5),
        lambda: process.tokens.issue(launched),
        lambda: process.tokens.launch(replace(caller, scopes=frozenset({"state"})), LAUNCH, 5),
        lambda: process.tokens.launch(replace(caller, credential="provider:x:y"), LAUNCH, 5),
    ):
        with pytest.raises(Forbidden):
            attempt()


def test_a_launch_token_is_no_access_token_and_the_other_way_round(process, caller):
    launch, access = process.tokens.launch(caller, LAUNCH, 5).token, process.tokens.issue(caller).token
    with pytest.raises(Unauthorized):
        process.tokens.prove(process.forged(launch, {"typ": "at+jwt"}))
    with pytest.raises(Unauthorized):
        process.tokens.prove(process.forged(access, {"typ": "launch+jwt"}))
    process.tokens.prove(process.forged(launch, {"typ": "launch+jwt"}))


def test_a_launch_that_would_not_fit_is_refused_at_once(process, caller):
    with pytest.raises(BadRequest):
        process.tokens.launch(caller, replace(LAUNCH, activity="https://hoc.example.vn/" + "x" * 7000), 5)

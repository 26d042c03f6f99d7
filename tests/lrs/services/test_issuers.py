import json
import secrets
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from lrs.errors import Unauthorized, Unavailable
from lrs.services import clocks
from lrs.services.auth import REMEMBERED, Authenticator
from lrs.services.discovery import read_keys
from lrs.services.issuers import FRESH, KEPT, Issuers
from lrs.services.web import Web
from lrs.store.organisations import Organisation
from lrs.store.providers import Provider, SignIn

PEPPER = "a pepper for tests, of 32 characters or more"
AUDIENCE = "https://hoc.example.vn/xapi"
KEYS = "/keys"
ORG = b"\1" * 8
MINUTE = 61


@pytest.fixture
def issuers(bare_store):
    bare_store.organisations.insert(Organisation("truong", ORG, "Trường"))
    made = Issuers(bare_store, Web({"127.0.0.1"}), PEPPER)
    yield made
    made.stop()


@pytest.fixture
def register(bare_store, identity_provider):
    def make(audience=AUDIENCE, **changes):
        uri, keys = read_keys(Web({"127.0.0.1"}), identity_provider.issuer)
        now = clocks.now()
        usual = {
            "id": secrets.token_hex(8),
            "org": ORG,
            "issuer": identity_provider.issuer,
            "audience": audience,
            "scopes": frozenset({"statements/write", "state"}),
            "jwks_uri": uri,
            "fetched": now,
            "created": now,
        }
        provider = Provider(**usual | changes)
        assert bare_store.providers.insert(provider, keys)
        identity_provider.fetches.clear()
        return provider

    return make


@pytest.fixture
def registered(register):
    return register()


def test_a_token_stands_for_its_subject_within_what_both_allow(issuers, identity_provider, registered):
    claims = identity_provider.claims()
    proven = issuers.prove(identity_provider.token())
    found = proven.principal
    assert (found.org, found.organisation, found.scopes) == (ORG, "truong", {"statements/write"})
    agent = {"objectType": "Agent", "account": {"homePage": claims["iss"], "name": claims["sub"]}}
    assert (json.loads(found.authority), found.authority_agent) == (agent, agent)
    assert found.credential.startswith(f"provider:{registered.id}:")
    assert abs(proven.until // 1_000_000 - claims["exp"]) <= 1
    assert identity_provider.fetches == {}


@pytest.mark.usefixtures("registered")
def test_the_name_of_a_subject_here_is_always_the_same_and_does_not_show_it(issuers, identity_provider):
    names = {issuers.prove(identity_provider.token(sub=sub)).principal.credential for sub in ("lan", "ba", "lan")}
    assert len(names) == 2
    assert not any("lan" in name.rpartition(":")[2] or "@" in name for name in names)


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({"scope": "xapi:state"}, {"state"}),
        ({"scope": None, "scp": ["xapi:state", "xapi:all"]}, {"statements/write", "state"}),
        ({"scope": "xapi:all"}, {"statements/write", "state"}),
        ({"scope": None}, set()),
        ({"scope": "xapi:admin xapi:statements/read"}, set()),
        ({"scope": {"xapi:state": 1}}, set()),
        ({"scope": [1, None, "xapi:state"]}, {"state"}),
        ({"scope": "openid state all statements/write xapi: :state xapi:xapi:state XAPI:state"}, set()),
    ],
)
@pytest.mark.usefixtures("registered")
def test_scopes_are_read_as_providers_write_them(issuers, identity_provider, claims, expected):
    assert issuers.prove(identity_provider.token(**claims)).principal.scopes == expected


def test_what_openid_connect_means_by_profile_opens_no_profile_here(issuers, identity_provider, register):
    register(scopes=frozenset({"all"}))
    found = issuers.prove(identity_provider.token(scope="openid profile email")).principal
    assert (found.scopes, found.may("profile"), found.may("profile/read")) == (frozenset(), False, False)
    assert issuers.prove(identity_provider.token(scope="openid xapi:profile")).principal.scopes == {"profile"}


def test_a_provider_may_mark_its_scopes_otherwise(issuers, identity_provider, register):
    register(scope_prefix="https://hoc.example.vn/")
    token = identity_provider.token(scope="xapi:statements/write https://hoc.example.vn/state")
    assert issuers.prove(token).principal.scopes == {"state"}


@pytest.mark.usefixtures("registered")
def test_every_algorithm_of_the_list_is_taken(issuers, identity_provider, later):
    for algorithm in ("ES256", "RS256", "PS256"):
        identity_provider.add(algorithm, algorithm)
    identity_provider.add("any RSA", "PS256")["alg"] = None
    identity_provider.published[-1].pop("alg")
    later(MINUTE)
    for kid in identity_provider.keys:
        issuers.prove(identity_provider.token(kid))


@pytest.mark.usefixtures("registered")
def test_tokens_with_other_claims_are_refused(issuers, identity_provider):
    now = int(time.time())
    wrong = [
        {"exp": now - 60},
        {"exp": None},
        {"exp": "9999999999"},
        {"nbf": now + 300},
        {"iat": now + 300},
        {"iss": "https://other.example.vn"},
        {"iss": identity_provider.issuer + "/"},
        {"iss": None},
        {"aud": "https://other.example.vn"},
        {"aud": [AUDIENCE, "https://other.example.vn"]},
        {"aud": [AUDIENCE, AUDIENCE]},
        {"aud": []},
        {"aud": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 5},
        {"sub": "x" * 256},
        {"nonce": "x"},
        {"at_hash": "x"},
        {"cnf": {"jkt": "x"}},
        {"filler": "x" * 8192},
        {"filler": "x" * 100_000},
    ]
    issuers.prove(identity_provider.token(aud=[AUDIENCE]))
    issuers.prove(identity_provider.token(nbf=now + 20, exp=now + 300))
    for claims in wrong:
        with pytest.raises(Unauthorized):
            issuers.prove(identity_provider.token(**claims))
    assert identity_provider.fetches == {}


@pytest.mark.usefixtures("registered")
def test_tokens_with_other_headers_are_refused_and_nothing_is_fetched_for_them(issuers, identity_provider):
    evil = identity_provider.issuer + "/evil"
    stranger = identity_provider.add("stranger", publish=False)
    identity_provider.keys["forged"], identity_provider.algorithms["forged"] = (
        identity_provider.keys["stranger"],
        "EdDSA",
    )
    wrong = [
        ("one", {"typ": "launch+jwt"}),
        ("one", {"typ": "logout+jwt"}),
        ("one", {"typ": "dpop+jwt"}),
        ("one", {"jku": evil}),
        ("one", {"x5u": evil}),
        ("one", {"jwk": stranger}),
        ("one", {"x5c": ["MIIB"]}),
        ("one", {"crit": ["exp"]}),
        ("stranger", {"kid": "one"}),
        ("stranger", {"kid": "one", "jku": evil}),
        ("stranger", {"kid": "one", "jwk": stranger}),
        ("stranger", {"kid": "one", "x5u": evil}),
    ]
    for typ in ("JWT", "at+jwt", "AT+JWT", "application/at+jwt"):
        issuers.prove(identity_provider.token(headers={"typ": typ}))
    for kid, headers in wrong:
        with pytest.raises(Unauthorized):
            issuers.prove(identity_provider.token(kid, headers=headers))
    assert identity_provider.fetches == {}


@pytest.mark.usefixtures("register")
def test_a_key_is_used_with_its_own_algorithm_only(issuers, identity_provider, register, retyped):
    for kid, algorithm in (("ec", "ES256"), ("rsa", "RS256"), ("pss", "PS256")):
        identity_provider.add(kid, algorithm, alg=algorithm)
    register()
    for kid in ("one", "ec", "rsa", "pss"):
        token = identity_provider.token(kid)
        issuers.prove(token)
        own = identity_provider.algorithms[kid]
        for other in {"EdDSA", "ES256", "RS256", "PS256", "HS256", "RS512", "ES384", "none", "NONE"} - {own}:
            for changed in (retyped(token, {"alg": other}), retyped(token, {"alg": other}).rpartition(".")[0] + "."):
                with pytest.raises(Unauthorized):
                    issuers.prove(changed)
        for other in {"one", "ec", "rsa", "pss"} - {kid}:
            with pytest.raises(Unauthorized):
                issuers.prove(identity_provider.token(kid, headers={"kid": other}))
    # The same key pair, but published for PS256 only.
    identity_provider.algorithms["pss"] = "RS256"
    with pytest.raises(Unauthorized):
        issuers.prove(identity_provider.token("pss"))


def test_a_public_key_is_no_shared_secret(issuers, identity_provider, register, retyped):
    identity_provider.add("rsa", "RS256")
    register()
    public = identity_provider.keys["rsa"].public_key()
    formats = [(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), (Encoding.DER, PublicFormat.PKCS1)]
    for secret in [public.public_bytes(*form) for form in formats] + [
        json.dumps(identity_provider.published[-1]).encode()
    ]:
        signed = jwt.api_jws.PyJWS().get_algorithm_by_name("HS256")
        head = retyped(identity_provider.token("rsa"), {"alg": "HS256"}).rpartition(".")[0]
        signature = jwt.utils.base64url_encode(signed.sign(head.encode(), secret)).decode()
        with pytest.raises(Unauthorized):
            issuers.prove(f"{head}.{signature}")


@pytest.mark.parametrize(
    "spoil",
    [
        lambda jwk: jwk.update(use="enc"),
        lambda jwk: jwk.update(key_ops=["sign"]),
        lambda jwk: jwk.update(alg="RS256"),
        lambda jwk: jwk.update(alg=None),
        lambda jwk: jwk.update(kty="oct", k="c2VjcmV0"),
        lambda jwk: jwk.update(kty=["OKP"]),
        lambda jwk: jwk.update(crv="Ed448"),
        lambda jwk: jwk.update(x="AAAA"),
        lambda jwk: jwk.update(x=5),
        lambda jwk: jwk.pop("x"),
        lambda jwk: jwk.pop("kid"),
        lambda jwk: jwk.update(d=jwk["x"]),
    ],
)
def test_keys_that_are_for_something_else_or_broken_verify_nothing(issuers, identity_provider, register, spoil):
    identity_provider.add("two")
    spoil(identity_provider.published[0])
    register()
    issuers.prove(identity_provider.token("two"))
    with pytest.raises(Unauthorized):
        issuers.prove(identity_provider.token("one"))


def test_a_weak_rsa_key_verifies_nothing(issuers, identity_provider, register):
    weak = rsa.generate_private_key(65537, 1024)  # noqa: S505 - just that
    identity_provider.keys["weak"], identity_provider.algorithms["weak"] = weak, "RS256"
    identity_provider.published.append(
        jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key(), as_dict=True) | {"kid": "weak"}
    )
    register()
    with pytest.warns(jwt.warnings.InsecureKeyLengthWarning):
        token = identity_provider.token("weak")
    with pytest.raises(Unauthorized):
        issuers.prove(token)


@pytest.mark.usefixtures("registered")
def test_rotation_a_new_key_is_fetched_when_it_is_met_and_the_old_one_goes_on(issuers, identity_provider, later):
    identity_provider.add("two")
    later(MINUTE)
    issuers.prove(identity_provider.token("two"))
    issuers.prove(identity_provider.token("one"))
    assert identity_provider.fetches[KEYS] == 1


@pytest.mark.usefixtures("registered")
def test_what_one_process_has_fetched_all_know(bare_store, issuers, identity_provider, later):
    other = Issuers(bare_store, Web(), PEPPER)
    other.prove(identity_provider.token())
    identity_provider.add("two")
    later(MINUTE)
    issuers.prove(identity_provider.token("two"))
    later(4)
    other.prove(identity_provider.token("two"))
    assert identity_provider.fetches[KEYS] == 1


@pytest.mark.usefixtures("registered")
def test_a_removed_key_ends_when_the_keys_are_fetched_anew(issuers, identity_provider, later):
    identity_provider.add("two")
    later(MINUTE)
    issuers.prove(identity_provider.token("two"))
    identity_provider.published = identity_provider.published[1:]
    later(FRESH // 1_000_000 + 1)
    issuers.prove(identity_provider.token("two"))
    issuers.stop()
    later(26)
    with pytest.raises(Unauthorized):
        issuers.prove(identity_provider.token("one"))
    issuers.prove(identity_provider.token("two"))


@pytest.mark.usefixtures("registered")
def test_all_keys_can_be_removed(issuers, identity_provider, later):
    identity_provider.published = []
    later(FRESH // 1_000_000 + 1)
    issuers.prove(identity_provider.token())
    issuers.stop()
    later(26)
    with pytest.raises(Unauthorized):
        issuers.prove(identity_provider.token())


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("habit", ["down", "redirect", "nonsense", "huge", "stranger"])
def test_while_a_provider_is_down_its_keys_last_for_days_and_not_for_ever(
    bare_store, issuers, identity_provider, later, habit
):
    identity_provider.habit = habit
    for _ in range(3):
        later(8 * 3600)
        issuers.prove(identity_provider.token())
        issuers.stop()
        # Also for a process that has just begun.
        Issuers(bare_store, Web(), PEPPER).prove(identity_provider.token())
    assert identity_provider.fetches[KEYS] <= 3
    later(KEPT // 1_000_000)
    with pytest.raises(Unavailable):
        issuers.prove(identity_provider.token())
    identity_provider.habit = "well"
    later(MINUTE)
    issuers.prove(identity_provider.token())


@pytest.mark.usefixtures("registered")
def test_a_storm_of_unknown_keys_is_one_fetch_a_minute(bare_store, issuers, identity_provider, later):
    processes = [issuers, Issuers(bare_store, Web({"127.0.0.1"}), PEPPER)]
    identity_provider.add("unknown", publish=False)
    tokens = [identity_provider.token("unknown", headers={"kid": f"unknown {number}"}) for number in range(200)]

    def attempt(number):
        with pytest.raises((Unauthorized, Unavailable)):
            processes[number % 2].prove(tokens[number])

    for expected in (1, 2):
        later(MINUTE)
        with ThreadPoolExecutor(16) as threads:
            list(threads.map(attempt, range(200)))
        assert identity_provider.fetches[KEYS] == expected
    issuers.prove(identity_provider.token())


@pytest.mark.usefixtures("registered", "issuers")
def test_a_slow_provider_holds_up_one_request_and_only_for_so_long(bare_store, identity_provider, later):
    impatient = Issuers(bare_store, Web({"127.0.0.1"}, seconds=0.8), PEPPER)
    impatient.prove(identity_provider.token())
    identity_provider.habit = "drip"
    identity_provider.add("two")
    token = identity_provider.token("two")
    later(MINUTE)
    held_up: list[float] = []

    def attempt(waited):
        with stopwatch(waited), pytest.raises(Unavailable):
            impatient.prove(token)

    first = threading.Thread(target=attempt, args=[held_up])
    first.start()
    time.sleep(0.2)
    attempt(others := [])
    with stopwatch(others):
        impatient.prove(identity_provider.token("one"))
    assert max(others) < 0.4
    first.join()
    impatient.stop()
    assert 0.7 < held_up[0] < 1.4


@pytest.mark.usefixtures("registered", "issuers")
def test_where_others_wait_for_providers_already_nobody_waits_for_keys(bare_store, identity_provider, later):
    web = Web({"127.0.0.1"}, at_once=1)
    busy = Issuers(bare_store, web, PEPPER)
    identity_provider.add("two")
    later(MINUTE)
    with web.turn(), pytest.raises(Unavailable):
        busy.prove(identity_provider.token("two"))
    busy.stop()
    later(4)
    busy.prove(identity_provider.token("two"))


@contextmanager
def stopwatch(times):
    begun = time.monotonic()
    yield
    times.append(time.monotonic() - begun)


def test_a_change_of_a_provider_is_known_within_a_minute(bare_store, issuers, identity_provider, register, later):
    provider = register()
    authenticator = Authenticator(bare_store, PEPPER, bearer=issuers.prove)
    token = identity_provider.token()
    authenticator.bearer(token)
    within = REMEMBERED + 26
    assert within < 60
    bare_store.providers.replace(replace(provider, scopes=frozenset({"state"})))
    later(within)
    assert authenticator.bearer(token).scopes == frozenset()
    bare_store.providers.replace(replace(provider, disabled=True))
    later(within)
    with pytest.raises(Unauthorized):
        authenticator.bearer(token)


def test_a_removed_provider_and_a_disabled_organisation_let_nobody_in(
    bare_store, issuers, identity_provider, registered, later
):
    bare_store.organisations.change("truong", {"disabled": True})
    with pytest.raises(Unauthorized):
        issuers.prove(identity_provider.token())
    bare_store.organisations.change("truong", {"disabled": False})
    issuers.prove(identity_provider.token())
    bare_store.providers.delete(ORG, registered.id)
    later(26)
    with pytest.raises(Unauthorized):
        issuers.prove(identity_provider.token())


def test_of_two_audiences_each_opens_its_own_organisation(bare_store, issuers, identity_provider, register):
    other = b"\2" * 8
    bare_store.organisations.insert(Organisation("vien", other, "Viện"))
    register()
    register("https://vien.example.vn", org=other)
    assert issuers.prove(identity_provider.token()).principal.org == ORG
    assert issuers.prove(identity_provider.token(aud="https://vien.example.vn")).principal.org == other


def test_no_keys_are_read_but_of_the_provider_that_is_asked_for_and_once_each(
    bare_store, issuers, identity_provider, register, reads
):
    for number in range(5):
        register(f"https://{number}.example.vn")
    bare_store.database["providers"].update_many({"audience": {"$ne": "https://0.example.vn"}}, {"$set": {"keys": 5}})
    for _ in range(3):
        issuers.prove(identity_provider.token(aud="https://0.example.vn"))
    with pytest.raises(Unauthorized):
        issuers.prove(identity_provider.token(aud="https://nobody.example.vn"))
    assert len(reads) == 1


@pytest.fixture
def reads(bare_store, monkeypatch):
    """Note every reading of a key set."""
    seen, real = [], bare_store.providers.keys
    monkeypatch.setattr(bare_store.providers, "keys", lambda provider: seen.append(provider) or real(provider))
    return seen


def test_of_key_sets_only_so_many_are_kept(issuers, identity_provider, register, reads, monkeypatch):
    monkeypatch.setattr("lrs.services.issuers._MOST_SETS", 2)
    audiences = [f"https://{number}.example.vn" for number in range(3)]
    for audience in audiences:
        register(audience)
    for audience in (*audiences, audiences[2], audiences[0]):
        issuers.prove(identity_provider.token(aud=audience))
    assert len(reads) == 4


def test_an_id_token_is_for_signing_in_only_and_an_access_token_is_not(issuers, identity_provider, register):
    provider = register(sign_in=SignIn("client"))
    signing_in = identity_provider.token(aud="client", nonce="n", headers={"typ": "JWT"})
    assert issuers.identity(provider, signing_in, "n")["sub"] == "lan@hoc.example.vn"
    with pytest.raises(Unauthorized):
        issuers.prove(signing_in)
    for token, nonce in (
        (signing_in, "other"),
        (identity_provider.token(aud="client", headers={"typ": "JWT"}), ""),
        (identity_provider.token(aud="client", nonce="n"), "n"),
        (identity_provider.token(nonce="n", headers={"typ": "JWT"}), "n"),
        (identity_provider.token(aud=["client", AUDIENCE], nonce="n", headers={"typ": "JWT"}), "n"),
        (identity_provider.token(aud="client", nonce="n", exp=1, headers={"typ": "JWT"}), "n"),
    ):
        with pytest.raises(Unauthorized):
            issuers.identity(provider, token, nonce)

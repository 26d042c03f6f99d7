from dataclasses import replace

import pytest

from lrs.errors import Forbidden, Unauthorized
from lrs.services import clocks
from lrs.services.auth import REMEMBERED, Authenticator, digest
from lrs.services.principals import Launch, Principal, bounds_of
from lrs.services.scopes import ALLOWED_BY, GUARDED, MINE, SCOPES, grantable
from lrs.services.setup import first_credential
from schemas.xapi.keys import agent_key, author_key, registration_key

PEPPER = "a pepper of thirty-two characters!"


@pytest.fixture
def authenticator(store):
    first_credential(store, PEPPER, "key", "secret")
    return Authenticator(store, PEPPER)


def test_the_right_secret_opens_and_any_other_does_not(authenticator):
    assert authenticator.basic("key", "secret").credential == "key"
    for key, secret in (("key", "Secret"), ("key", ""), ("", ""), ("other", "secret"), ("key\0", "secret")):
        with pytest.raises(Unauthorized):
            authenticator.basic(key, secret)


@pytest.mark.usefixtures("authenticator")
def test_another_pepper_opens_nothing(store):
    with pytest.raises(Unauthorized):
        Authenticator(store, PEPPER[::-1]).basic("key", "secret")


def test_what_was_proven_is_remembered_for_a_while_and_no_longer(store, authenticator, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("lrs.services.clocks.passed", lambda: now)
    authenticator.basic("key", "secret")
    store.database["credentials"].delete_many({})
    assert authenticator.basic("key", "secret").credential == "key"
    now += REMEMBERED + 1
    with pytest.raises(Unauthorized):
        authenticator.basic("key", "secret")


def test_a_key_that_was_unknown_opens_soon_after_it_was_made(store, authenticator, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("lrs.services.clocks.passed", lambda: now)
    with pytest.raises(Unauthorized):
        authenticator.basic("late", "secret")
    first_credential(store, PEPPER, "late", "secret")
    now += 6
    assert authenticator.basic("late", "secret").credential == "late"


@pytest.fixture
def renew(store):
    """Give the key another secret, as another process would."""

    def put(secret):
        found = store.credentials.find("key")
        store.credentials.put(replace(found, digest=digest(PEPPER.encode(), "key", secret)))

    return put


def guess(authenticator):
    with pytest.raises(Unauthorized):
        authenticator.basic("key", "guessed")


def test_a_renewed_secret_opens_at_once_although_somebody_just_tried_a_wrong_one(authenticator, renew):
    guess(authenticator)
    renew("renewed")
    assert authenticator.basic("key", "renewed").credential == "key"


def test_however_many_guesses_ask_the_store_once_a_second_for_a_key(authenticator, renew, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("lrs.services.clocks.passed", lambda: now)
    for _ in range(3):
        guess(authenticator)
    renew("renewed")
    with pytest.raises(Unauthorized):
        authenticator.basic("key", "renewed")
    now += 1.1
    assert authenticator.basic("key", "renewed").credential == "key"


def test_no_secret_is_stored_or_remembered(store, authenticator):
    authenticator.basic("key", "secret")
    kept = [
        list(store.database["credentials"].find()),
        vars(authenticator._proven),
        vars(authenticator._refused),
    ]
    assert b"secret" not in repr(kept).encode()


@pytest.mark.parametrize("key", ["k" * 201, "\N{PEAR}", "khoá", "a\nb"])
def test_what_no_key_can_be_is_refused_without_being_remembered(authenticator, key):
    for pair in ((key, "secret"), ("key", key)):
        with pytest.raises(Unauthorized):
            authenticator.basic(*pair)
    assert len(authenticator._refused) == 1


def test_guesses_fill_no_memory(authenticator, monkeypatch):
    now = 1000.0
    monkeypatch.setattr("lrs.services.clocks.passed", lambda: now)
    for number in range(50):
        with pytest.raises(Unauthorized):
            authenticator.basic(f"a long guess {number:0100}", "secret", f"192.0.2.{number}")
    assert "a long guess" not in repr(vars(authenticator._refused))
    now += 10
    with pytest.raises(Unauthorized):
        authenticator.basic("one more", "secret")
    assert len(authenticator._refused) == 1


def test_a_scope_allows_what_it_names_only():
    writer = Principal(b"", "key", frozenset({"statements/write"}), b"{}", {})
    writer.require("statements/write")
    for right in ("statements/read", "state", "profile", "define", "activities/read"):
        with pytest.raises(Forbidden):
            writer.require(right)


def test_every_right_is_given_by_scopes_that_there_are():
    assert set().union(*ALLOWED_BY.values()) == SCOPES


@pytest.mark.parametrize(
    "change", [{"disabled": True}, {"expires": 1}], ids=["a disabled credential", "an expired credential"]
)
def test_what_was_withdrawn_opens_nothing_once_it_is_no_longer_remembered(store, authenticator, change):
    found = store.credentials.find("key")
    assert store.credentials.change(found.org, "key", change) is not None
    with pytest.raises(Unauthorized):
        authenticator.basic("key", "secret")


def test_a_disabled_organisation_lets_nobody_in(store, authenticator):
    store.organisations.change("first", {"disabled": True})
    with pytest.raises(Unauthorized):
        authenticator.basic("key", "secret")


def test_a_credential_is_not_remembered_past_its_end(store, authenticator, monkeypatch):
    begin = clocks.now()
    store.credentials.change(store.credentials.find("key").org, "key", {"expires": begin + 10_000_000})
    assert authenticator.basic("key", "secret").credential == "key"
    monkeypatch.setattr("lrs.services.clocks.now", lambda: begin + 10_000_000)
    with pytest.raises(Unauthorized):
        authenticator.basic("key", "secret")


def test_the_last_use_of_a_credential_is_known(store, authenticator):
    assert store.credentials.find("key").used is None
    authenticator.basic("key", "secret")
    used = store.credentials.find("key").used
    assert clocks.now() - 10_000_000 < used <= clocks.now()


def test_only_administrators_grant_what_makes_administrators():
    assert grantable({"admin"}) == SCOPES
    assert grantable({"credentials"}) == SCOPES - GUARDED
    assert grantable({"all"}) == set()


def test_mine_is_bound_to_the_own_authority_and_a_launch_to_its_learner_too():
    authority = {"account": {"homePage": "https://hoc.example.vn", "name": "key"}}
    learner = {"mbox": "mailto:lan@hoc.example.vn"}
    assert bounds_of(frozenset({"statements/read"}), authority) == ()
    assert bounds_of(frozenset({MINE}), authority) == ((author_key(authority),),)
    launch = Launch(learner, "https://hoc.example.vn/courses/an-toan-so", "7f4c1c1e-0000-4000-8000-000000000001")
    bounds = bounds_of(frozenset({"all"}), authority, launch)
    assert bounds == ((author_key(authority),), (agent_key(learner),), (registration_key(launch.registration),))

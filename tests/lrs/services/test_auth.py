import pytest

from lrs.errors import Forbidden, Unauthorized
from lrs.services.auth import REMEMBERED, Authenticator, Principal
from lrs.services.setup import first_credential

PEPPER = "a pepper of thirty-two characters!"


@pytest.fixture
def authenticator(store):
    first_credential(store, PEPPER, "key", "secret")
    return Authenticator(store.credentials, PEPPER)


def test_the_right_secret_opens_and_any_other_does_not(authenticator):
    assert authenticator.basic("key", "secret").credential == "key"
    for key, secret in (("key", "Secret"), ("key", ""), ("", ""), ("other", "secret"), ("key\0", "secret")):
        with pytest.raises(Unauthorized):
            authenticator.basic(key, secret)


@pytest.mark.usefixtures("authenticator")
def test_another_pepper_opens_nothing(store):
    with pytest.raises(Unauthorized):
        Authenticator(store.credentials, PEPPER[::-1]).basic("key", "secret")


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


def test_no_secret_is_stored_or_remembered(store, authenticator):
    authenticator.basic("key", "secret")
    assert b"secret" not in repr([list(store.database["credentials"].find()), vars(authenticator)]).encode()


def test_a_scope_allows_what_it_names_only():
    writer = Principal(b"", "key", frozenset({"statements/write"}), b"{}", {})
    writer.require("statements/write")
    for right in ("statements/read", "state", "profile", "define", "activities/read"):
        with pytest.raises(Forbidden):
            writer.require(right)

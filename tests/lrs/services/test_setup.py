import threading
from dataclasses import replace
from pathlib import Path

import pytest

from lrs.errors import LRSError, Unauthorized
from lrs.services.auth import Authenticator
from lrs.services.credentials import CredentialService
from lrs.services.setup import first_credential
from schemas.xapi.leniency import RELAXATIONS

PEPPER = "a pepper for tests, of 32 characters or more"
PAGES = "https://noi-dung.example.vn http://localhost:3000"


def granted(store, **grants):
    made = first_credential(store, PEPPER, "a-key", "a-secret", **grants)
    held = store.credentials.find(made.key)
    return held.origins, held.leniency


def test_nothing_is_granted_that_was_not_asked_for(store):
    assert granted(store) == (frozenset(), frozenset())


def test_what_was_granted_stays_until_something_else_is(store):
    given = frozenset(PAGES.split()), frozenset({"downgrade"})
    assert granted(store, origins=PAGES, leniency="downgrade") == given
    assert granted(store) == given
    assert granted(store, origins="*") == (frozenset({"*"}), given[1])


def test_a_relaxation_that_there_is_not_is_refused_with_those_that_there_are(store):
    with pytest.raises(LRSError, match="h5p-interactions"):
        granted(store, leniency="downgrade everything")


@pytest.mark.parametrize("name", sorted(RELAXATIONS))
def test_every_relaxation_is_documented(name):
    assert f"`{name}`" in (Path(__file__).parents[3] / "deploy" / "README.md").read_text("utf-8")


def told(store):
    """Return what the audit of the first organisation says, as (action, target), by whom."""
    first = store.organisations.find("first")
    return [(link.record.action, link.record.target, link.record.actor) for link in store.audit.walk(first.org)]


def test_what_is_made_is_audited_and_running_it_again_is_not(store):
    made = [("organisation.created", "first", "cli"), ("credential.created", "a-key", "cli")]
    granted(store)
    granted(store)
    assert told(store) == made
    granted(store, origins="*")
    assert told(store) == [*made, ("credential.changed", "a-key", "cli")]


def test_a_credential_that_was_disabled_stays_so(store):
    granted(store)
    held = store.credentials.find("a-key")
    store.credentials.change(held.org, "a-key", {"disabled": True})
    granted(store, origins="*")
    assert store.credentials.find("a-key").disabled


def opens(store, secret):
    try:
        return bool(Authenticator(store, PEPPER).basic("a-key", secret))
    except Unauthorized:
        return False


def test_a_secret_that_was_renewed_stays_so_until_another_is_set(store):
    first_credential(store, PEPPER, "a-key", "a-secret")
    held = Authenticator(store, PEPPER).basic("a-key", "a-secret")
    renewed = CredentialService(store, PEPPER, "http://localhost").renew(held, "a-key").secret
    first_credential(store, PEPPER, "a-key", "a-secret", origins="*")
    assert [opens(store, secret) for secret in ("a-secret", renewed)] == [False, True]
    first_credential(store, PEPPER, "a-key", "another")
    assert [opens(store, secret) for secret in ("a-secret", renewed, "another")] == [False, False, True]


@pytest.mark.parametrize(
    "change",
    [
        {"scopes": frozenset({"statements/write"})},
        {"authority": b'{"mbox": "mailto:khoa@hoc.example.vn"}'},
        {"origins": frozenset()},
        {"leniency": frozenset()},
        {"expires": 1},
        {"limits": {"requests": 1}},
    ],
    ids=min,
)
def test_what_was_changed_by_hand_stays(store, change):
    given = {"origins": PAGES, "leniency": "downgrade"}
    granted(store, **given)
    held = store.credentials.find("a-key")
    store.credentials.change(held.org, "a-key", change)
    changed = store.credentials.find("a-key")
    for secret in ("a-secret", "another"):
        first_credential(store, PEPPER, "a-key", secret, **given)
        found = store.credentials.find("a-key")
        assert {name: getattr(found, name) for name in change} == change
        assert found.scopes == changed.scopes


def test_the_address_of_the_store_that_has_moved_is_the_new_authority(store):
    granted(store)
    granted(store, home_page="https://hoc.example.vn")
    assert b"https://hoc.example.vn" in store.credentials.find("a-key").authority


def test_a_key_of_another_organisation_is_refused_and_stays_there(store):
    granted(store)
    held = replace(store.credentials.find("a-key"), key="theirs", org=b"another!")
    store.credentials.put(held)
    with pytest.raises(LRSError, match="The key theirs belongs to another organisation"):
        first_credential(store, PEPPER, "theirs", "a-secret")
    assert store.credentials.find("theirs") == held


def test_the_audit_tells_which_fields_were_set_anew(store):
    granted(store)
    granted(store, origins="*", home_page="https://hoc.example.vn")
    (*_, last) = store.audit.walk(store.organisations.find("first").org)
    assert last.record.details == {"fields": ["authority", "origins"]}


def test_two_processes_that_start_at_once_make_one_organisation(store):
    threads = [threading.Thread(target=first_credential, args=(store, PEPPER, f"key{n}", "secret")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.organisations.all()) == 1
    assert sorted(target for _, target, _ in told(store)) == ["first", *(f"key{n}" for n in range(8))]

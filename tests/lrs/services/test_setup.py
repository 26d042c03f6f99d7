import threading
from pathlib import Path

import pytest

from lrs.errors import LRSError
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


def test_two_processes_that_start_at_once_make_one_organisation(store):
    threads = [threading.Thread(target=first_credential, args=(store, PEPPER, f"key{n}", "secret")) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(store.organisations.all()) == 1
    assert sorted(target for _, target, _ in told(store)) == ["first", *(f"key{n}" for n in range(8))]

"""What must hold of keys when others act at the same moment."""

import threading

import pytest

from lrs.errors import Forbidden, LRSError
from lrs.services.auth import Authenticator
from lrs.services.credentials import CredentialService, Wanted
from lrs.services.principals import Limits, Principal
from lrs.services.setup import first_credential
from schemas.faults import Refused

PEPPER = "a pepper for tests, of 32 characters or more"


@pytest.fixture
def service(store):
    return CredentialService(store, PEPPER, "https://hoc.example.vn", Limits(requests=600, statements=0))


@pytest.fixture
def admin(store):
    first_credential(store, PEPPER, "first", "secret")
    return Authenticator(store, PEPPER).basic("first", "secret")


def clerk(admin):
    return Principal(admin.org, "clerk", frozenset({"credentials"}), b"{}", {})


def test_a_key_that_rises_while_a_clerk_renews_it_gives_the_clerk_nothing(store, service, admin):
    """Whoever of the two comes first: no secret that the clerk was told opens a key with the scope admin."""
    for _ in range(10):
        key = service.create(admin, Wanted()).credential.key
        told = []

        def renew(key=key, told=told):
            try:
                told.append(service.renew(clerk(admin), key).secret)
            except Forbidden:
                told.append(None)

        thread = threading.Thread(target=renew)
        thread.start()
        service.change(admin, key, {"scopes": frozenset({"admin"})})
        thread.join()
        actions = [row["action"] for row in store.database["audit"].find({"target": key}).sort("seq", 1)]
        # An administrator who raises a key knows from the audit that its secret was renewed before.
        assert actions[1:] == (
            ["credential.secret_renewed", "credential.changed"] if told[0] else ["credential.changed"]
        )
        with pytest.raises(Forbidden):
            service.renew(clerk(admin), key)


def test_a_change_and_its_entry_are_made_together_or_not_at_all(store, service, admin):
    key = service.create(admin, Wanted(label="before")).credential.key
    broken = type(store)(store.client, store.database.name, deadline=5, seal=fail)
    with pytest.raises(LRSError, match="no seal"):
        CredentialService(broken, PEPPER, "https://hoc.example.vn").change(admin, key, {"label": "after"})
    assert store.credentials.find(key).label == "before"


def fail(_message):
    raise LRSError("no seal at this moment")


def test_without_a_seal_nothing_is_made(store, admin):
    bare = type(store)(store.client, store.database.name, deadline=5)
    before = store.database["credentials"].count_documents({})
    with pytest.raises(LRSError, match="LRS_PEPPER"):
        CredentialService(bare, PEPPER, "https://hoc.example.vn").create(admin, Wanted())
    assert store.database["credentials"].count_documents({}) == before


def test_limits_are_bounded_where_the_server_has_one(service, admin):
    assert (
        service.create(admin, Wanted(limits={"requests": 600, "statements": 10**9})).credential.limits["requests"]
        == 600
    )
    with pytest.raises(Refused, match="600"):
        service.create(admin, Wanted(limits={"requests": 601}))
    key = service.create(admin, Wanted()).credential.key
    with pytest.raises(Refused, match="600"):
        service.change(admin, key, {"limits": {"requests": 601}})


def limited(admin, **limits):
    return Principal(admin.org, "clerk", frozenset({"credentials"}), b"{}", {}, limits=Limits(**limits))


def test_whoever_has_limits_grants_no_more_than_these(service, admin):
    clerk = limited(admin, requests=100)
    made = service.create(clerk, Wanted()).credential
    assert made.limits == {"requests": 100}
    assert service.create(clerk, Wanted(limits={"requests": 9, "body": 10})).credential.limits == {
        "requests": 9,
        "body": 10,
    }
    with pytest.raises(Refused) as refused:
        service.create(clerk, Wanted(limits={"requests": 101}))
    assert [fault.path for fault in refused.value.faults] == ["limits.requests"]
    with pytest.raises(Refused):
        service.change(clerk, made.key, {"limits": {"requests": 101}})
    assert service.change(clerk, made.key, {"limits": {"body": 10}}).limits == {"requests": 100, "body": 10}


def test_nor_does_it_take_over_a_key_that_has_higher_ones(service, admin):
    clerk = limited(admin, requests=100)
    for limits in ({}, {"requests": 101}):
        free = service.create(admin, Wanted(limits=limits)).credential.key
        for taking in (service.renew, service.delete):
            with pytest.raises(Forbidden):
                taking(clerk, free)
        with pytest.raises(Forbidden):
            service.change(clerk, free, {"limits": {"requests": 1}})
    assert service.renew(clerk, service.create(admin, Wanted(limits={"requests": 100})).credential.key).secret

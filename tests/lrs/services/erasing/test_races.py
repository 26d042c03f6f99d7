"""Erasing while statements of the person and about the person arrive, and are counted."""

import json
import threading
import time
import uuid

import pytest

from lrs.app import close, create_app
from lrs.followers.records import records_follower
from lrs.services.erasing import Erasing
from lrs.services.erasing.people import ErasedPeople
from lrs.services.folding import folding_of
from lrs.services.registries import RegistryService
from lrs.services.safetime import learn

PEPPER = "a pepper for tests, of 32 characters or more"
ZONE = "Asia/Ho_Chi_Minh"
HOME = "https://hoc.example.vn"
SECONDS = 3.0
LAN = {"mbox": "mailto:lan@hoc.example.vn"}


@pytest.fixture(autouse=True)
def _soon(monkeypatch):
    monkeypatch.setitem(ErasedPeople.__init__.__kwdefaults__, "agreeing", 0.5)


@pytest.fixture
def erasing(store):
    folding = folding_of(store, RegistryService(store, ZONE), ZONE)
    return Erasing(store, folding, PEPPER, grace=0.0, together=50)


def told(n):
    other = {"account": {"homePage": HOME, "name": f"p{n % 5}"}}
    actor = (LAN, other, {"objectType": "Group", "member": [other, LAN]})[n % 3]
    return {
        "id": str(uuid.uuid4()),
        "actor": actor,
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{('attended', 'passed')[n % 2]}"},
        "object": {"id": f"{HOME}/lop-{n % 7}"},
        "context": {"instructor": LAN},
    }


def test_nothing_of_the_person_stays_and_what_is_derived_is_right(  # noqa: C901, PLR0915 - one story
    app, client, store, config, erasing
):
    headers = {"HTTP_AUTHORIZATION": client.environ_base["HTTP_AUTHORIZATION"]}
    stop, failures, sent = threading.Event(), [], []
    other = create_app(config)  # another process, that knows of it later

    def send(where, begin):
        speaking = where.test_client()
        speaking.environ_base |= headers | {"HTTP_X_EXPERIENCE_API_VERSION": "2.0.0"}
        n = begin
        while not stop.wait(0.05):
            body = [told(n + each) for each in range(10)]
            answer = speaking.post("/xapi/statements", json=body)
            if answer.status_code == 200:
                sent.extend(answer.json)
            elif answer.status_code != 503:
                failures.append(answer.text)
            n += 10

    follower = records_follower(store, "worker", ZONE)

    def follow():
        while not stop.is_set():
            follower.follow()
            time.sleep(0.05)

    threads = [threading.Thread(target=send, args=(where, n)) for n, where in enumerate((app, other))]
    threads.append(threading.Thread(target=follow))
    for each in threads:
        each.start()
    time.sleep(SECONDS / 2)
    org = store.organisations.orgs()[0]
    erased = erasing.erase(org, ["mailto:lan@hoc.example.vn"], "request-1", "key")
    time.sleep(SECONDS / 2)
    stop.set()
    for each in threads:
        each.join()
    close(other)
    assert failures == []
    assert erased.counts["statements"] > 0
    assert erasing.go_on() == 1

    def through():
        newest, until = store.statements.newest(org), time.monotonic() + 60
        while store.places.find(f"records:{org.hex()}").place < newest:
            assert time.monotonic() < until
            follower.forward(org, learn(store.promises))

    through()
    raws = [row["raw"] for row in store.database["statements"].find({"org": org})]
    assert not [raw for raw in raws if b"lan@hoc" in raw]
    gone = store.database["statements"].count_documents({"erased": {"$exists": True}})
    assert len(raws) + gone == len(sent) == len(set(sent))
    assert not [row for row in store.database["learners"].find() if "lan@" in row["identity"]]
    grown = derived(store, org)
    assert store.places.reset(f"records:{org.hex()}", "worker")
    anew, until = records_follower(store, "worker", ZONE), time.monotonic() + 60
    while store.places.find(f"records:{org.hex()}").rebuilding:
        assert time.monotonic() < until
        anew.forward(org, learn(store.promises))
    assert derived(store, org) == grown
    assert json.loads(raws[0])


def derived(store, org):
    return {
        name: sorted(store.database[name].find({"org": org}), key=lambda row: row["_id"])
        for name in ("records", "cells")
    }

"""What the worker removes: erasures that somebody has left, and what is too old."""

import threading
import time
from dataclasses import replace

import pytest

from lrs.followers.upkeep import upkeep
from lrs.services.erasing import Erasing
from lrs.services.erasing.files import lines_in
from lrs.services.erasing.people import Marks, hashes_of
from lrs.services.folding import folding_of
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential
from lrs.store.policies import StoredPolicies
from lrs.store.rows import Row, document_id
from schemas.subjects.policies import Policies, Retention
from schemas.xapi.keys import statement_keys

PEPPER = "a pepper for tests, of 32 characters or more"
AN = "mailto:an@hoc.example.vn"


@pytest.fixture
def org(store):
    first_credential(store, PEPPER, "key", "secret")
    return store.organisations.orgs()[0]


@pytest.fixture
def working(config):
    """Run what the worker runs, until something holds."""

    def run(until, **settings):
        stop = threading.Event()
        made = upkeep(replace(config, **settings), stop)
        made.start()
        try:
            patience = time.monotonic() + 20
            while not until():
                assert time.monotonic() < patience
                time.sleep(0.05)
        finally:
            stop.set()
            made.join()

    return run


def stored(store, org, a_statement, at=1):
    told = a_statement(actor={"mbox": AN})
    keys = statement_keys(told, {"mbox": "mailto:authority@hoc.example.vn"})
    raw = b'{"actor":{"mbox":"%s"},"verb":{"id":"https://hoc.example.vn/v"},' % AN.encode()
    raw += b'"object":{"id":"https://hoc.example.vn/o"},"authority":{"mbox":"mailto:authority@hoc.example.vn"}}'
    store.statements.insert([Row(document_id(org, told["id"]), org, at, raw, keys)])
    return told["id"]


def test_the_worker_goes_on_with_what_was_left_and_writes_it_down(store, org, working, config, a_statement, tmp_path):
    gone = stored(store, org, a_statement)
    folding = folding_of(store, RegistryService(store, config.timezone), config.timezone)
    hashes = hashes_of(Marks(PEPPER, org), [AN])
    # Whoever has begun it has died over it.
    Erasing(store, folding, PEPPER).begin(org, [AN], "request-1", "key", hashes=hashes)
    file = tmp_path / "erasures.jsonl"

    def written():
        lines = list(lines_in(file)) if file.exists() else []
        return any(line is not None and line.statements for line in lines)

    working(written, erasures=file)
    [erasure] = store.erasures.all()
    assert (erasure.done is not None, erasure.counts) == (True, {"statements": 1})
    assert gone in file.read_text()
    assert "an@hoc" not in file.read_text()
    assert store.statements.count(org, 10) == 0


def test_the_worker_removes_what_is_too_old(store, org, working, a_statement):
    stored(store, org, a_statement)
    stored(store, org, a_statement, at=time.time_ns() // 1000)
    policies = StoredPolicies(1, Policies(retention=Retention(statements=1)).text(), 1)
    store.transact(lambda session: store.policies.put(org, policies, session))
    working(lambda: store.retentions.last(org).done)
    assert store.statements.count(org, 2**60) == 1
    assert store.retentions.last(org).counts == {"statements": 1}


def test_without_the_pepper_it_says_so_and_does_nothing(config, caplog):
    assert upkeep(replace(config, pepper=""), threading.Event()) is None
    assert "LRS_PEPPER" in caplog.text

"""The worker keeps the heads of the audit outside of the database, and lets go of what it holds when it stops."""

import json
import threading
import time
from dataclasses import replace

import pytest

from lrs.followers.worker import run_worker
from lrs.services.anchors import organisations_in
from lrs.services.progress import RECORDS, place_of
from lrs.services.setup import first_credential
from lrs.store.entries import Entry
from lrs.store.rows import Row, document_id
from schemas.xapi.keys import statement_keys

ORG = b"\x01workers"


@pytest.fixture
def working(config):
    """Run a worker, without the pepper, until something holds."""

    def run(until, **settings):
        stop = threading.Event()
        thread = threading.Thread(target=run_worker, args=(replace(config, pepper="", **settings), stop))
        thread.start()
        try:
            patience = time.monotonic() + 10
            while not until():
                assert time.monotonic() < patience
                time.sleep(0.02)
        finally:
            stop.set()
            thread.join()

    return run


def test_heads_are_in_the_file_soon_after_the_start(store, working, tmp_path):
    file = tmp_path / "anchors.jsonl"
    store.audit.append(ORG, Entry("cli", "organisation.created", "first"))
    working(lambda: file.exists() and file.read_bytes().endswith(b"\n"), audit_anchors=file)
    assert organisations_in(file) == {ORG}


@pytest.mark.parametrize(("level", "warned"), [("INFO", 0), ("WARNING", 1)])
def test_it_says_where_heads_would_be_kept_nowhere(store, working, caplog, level, warned):
    store.audit.append(ORG, Entry("cli", "organisation.created", "first"))
    caplog.set_level(level)
    working(lambda: any("audit" in record.message for record in caplog.records))
    assert sum("nowhere" in record.message for record in caplog.records) == warned


def test_who_comes_after_a_worker_that_stopped_need_not_wait_for_its_lease(store, working, a_statement):
    first_credential(store, "a pepper for tests, of 32 characters or more", "key", "secret")
    org = store.organisations.orgs()[0]
    store.promises.leave("the server", 2)
    for stored in (1, 2):
        told = a_statement()
        keys = statement_keys(told, {"mbox": "mailto:authority@hoc.example.vn"})
        store.statements.insert([Row(document_id(org, told["id"]), org, stored, json.dumps(told).encode(), keys)])
        working(lambda through=stored: store.places.find(place_of(RECORDS, org)).place >= through)


def test_a_worker_that_is_stopped_waits_for_one_call_to_an_absent_database(config):
    stop = threading.Event()
    away = replace(config, mongodb_uri="mongodb://127.0.0.1:1", deadline=3.0)
    thread = threading.Thread(target=run_worker, args=(away, stop))
    thread.start()
    time.sleep(0.5)
    stop.set()
    began = time.monotonic()
    thread.join(30)
    # What was under way, and a second each for leaving and for closing three times.
    assert time.monotonic() - began < away.deadline + 4 * 1.5

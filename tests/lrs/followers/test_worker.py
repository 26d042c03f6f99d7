"""The worker keeps the heads of the audit outside of the database."""

import threading
import time
from dataclasses import replace

import pytest

from lrs.followers.worker import run_worker
from lrs.services.anchors import organisations_in
from lrs.store.entries import Entry

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

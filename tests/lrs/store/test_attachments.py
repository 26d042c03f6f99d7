import contextlib
import io
import os
import signal
import time
from pathlib import Path

import pytest

from lrs.errors import Unavailable
from lrs.store import open_store
from lrs.store.rows import Row

ORG = b"lachong1"
OTHER = b"partner1"


@pytest.fixture
def keep(store):
    def put(data=b"giay chung nhan", org=ORG):
        return store.attachments.keep(org, "ab" * 32, "text/plain", io.BytesIO(data))

    return put


def chunks(store):
    return store.database["attachments.chunks"].count_documents({})


def read(store, org, file):
    return [b"".join(store.attachments.read(found.file)) for found in store.attachments.find(org, [file])]


def test_what_was_kept_is_read_back(store, keep):
    data = bytes(1_000_000)
    assert read(store, ORG, keep(data)) == [data]


def test_the_same_bytes_are_kept_once_within_an_organisation(keep):
    assert keep() == keep()
    assert keep() != keep(org=OTHER)


def test_a_file_is_found_by_its_organisation_only(store, keep):
    assert read(store, OTHER, keep()) == []


def test_what_no_statement_names_is_swept_after_its_time(store, keep):
    keep()
    assert store.attachments.sweep() == 0
    assert store.attachments.sweep(older=-60) == 1
    assert chunks(store) == 0


def test_what_a_statement_names_stays(store, keep):
    file = keep()
    store.statements.insert([Row(ORG + bytes(16), ORG, 1, b"{}", [], files=[file])])
    assert store.attachments.sweep(older=-60) == 0
    assert read(store, ORG, file) == [b"giay chung nhan"]


def test_an_upload_that_broke_off_is_swept(store):
    class Broken(io.BytesIO):
        def read(self, *_):
            raise InterruptedError

    with pytest.raises(InterruptedError):
        store.attachments.keep(ORG, "cd" * 32, "text/plain", Broken())
    store.database["attachments.uploads"].update_many({}, [{"$set": {"touched": "$$NOW"}}])
    store.attachments.sweep(older=-60)
    assert chunks(store) == 0
    assert store.database["attachments.uploads"].count_documents({}) == 0


def test_a_large_file_is_read_in_many_steps(store, keep):
    data = os.urandom(1024) * 18_000
    assert read(store, ORG, keep(data)) == [data]


@contextlib.contextmanager
def frozen(mongod):
    os.kill(mongod.pid, signal.SIGSTOP)
    while any(
        stat.read_text().rpartition(") ")[2][0] != "T" for stat in Path(f"/proc/{mongod.pid}/task").glob("*/stat")
    ):
        time.sleep(0.001)
    try:
        yield
    finally:
        os.kill(mongod.pid, signal.SIGCONT)


class Interrupted(io.BytesIO):
    """Bytes during which the database stops answering."""

    def __init__(self, stack, mongod):
        super().__init__(b"giay chung nhan")
        self._stop = lambda: stack.enter_context(frozen(mongod))

    def read(self, *size):
        if self.tell():
            self._stop()
        return super().read(*size)


@pytest.fixture
def hurried(mongod, store):
    with contextlib.closing(open_store(mongod.uri, store.database.name, deadline=0.5)) as opened:
        opened.attachments.sweep()  # connected before anything freezes
        yield opened.attachments


def test_the_end_of_an_upload_takes_no_longer_than_the_deadline(mongod, hurried):
    began = time.monotonic()
    with contextlib.ExitStack() as stack, pytest.raises(Unavailable):
        hurried.keep(ORG, "ef" * 32, "text/plain", Interrupted(stack, mongod))
    assert time.monotonic() - began < 3


@pytest.mark.parametrize("work", ["read", "sweep"])
def test_reading_and_sweeping_take_no_longer_than_the_deadline(mongod, hurried, keep, work):
    file = keep()
    began = time.monotonic()
    with frozen(mongod), pytest.raises(Unavailable):
        hurried.sweep() if work == "sweep" else list(hurried.read(file))
    assert time.monotonic() - began < 3

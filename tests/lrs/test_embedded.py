"""The private MongoDB."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from lrs.embedded import PrivateMongod, free_port
from lrs.messages import StartFailed


@pytest.fixture
def admin(mongod):
    with MongoClient(mongod.uri) as client:
        yield client.admin


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_it_is_a_replica_set_that_takes_transactions(mongod):
    with MongoClient(mongod.uri) as client, client.start_session() as session:
        with session.start_transaction():
            client.test_embedded.things.insert_one({"_id": 1}, session=session)
        assert client.test_embedded.things.count_documents({}) == 1
        client.drop_database("test_embedded")


def test_it_listens_on_the_loopback_only(admin):
    assert admin.command("getCmdLineOpts")["parsed"]["net"]["bindIp"] == "127.0.0.1"


def test_it_runs_no_javascript(mongod):
    with MongoClient(mongod.uri) as client:
        client.test_embedded.things.insert_one({})
        with pytest.raises(OperationFailure, match="no globalScriptEngine"):
            client.test_embedded.things.find_one({"$where": "true"})
        client.drop_database("test_embedded")


def test_it_offers_no_compressor(mongod):
    with MongoClient(mongod.uri, compressors="zlib") as client:
        assert "compression" not in client.admin.command("hello")


def test_it_ends_abandoned_transactions_after_five_seconds(admin):
    parameter = "transactionLifetimeLimitSeconds"
    assert admin.command("getParameter", 1, **{parameter: 1})[parameter] == 5


def test_another_start_on_another_port_finds_the_data(tmp_path):
    with PrivateMongod(tmp_path) as first, MongoClient(first.uri) as client:
        client.test.things.insert_one({"_id": "kept"})
    with PrivateMongod(tmp_path) as second, MongoClient(second.uri) as client:
        assert second.uri != first.uri
        assert client.test.things.find_one() == {"_id": "kept"}
    assert not alive(first.pid)
    assert not alive(second.pid)


def test_it_dies_with_an_owner_that_is_killed(tmp_path):
    program = (
        "import sys, time; from pathlib import Path; from lrs.embedded import PrivateMongod\n"
        "with PrivateMongod(Path(sys.argv[1])) as mongod: print(mongod.pid, flush=True); time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], stdout=subprocess.PIPE) as owner:
        pid = int(owner.stdout.readline())
        assert alive(pid)
        owner.send_signal(signal.SIGKILL)
    until = time.monotonic() + 10
    while alive(pid):
        assert time.monotonic() < until, "mongod outlived its owner"
        time.sleep(0.02)
    with PrivateMongod(tmp_path):
        pass


def test_a_folder_that_is_no_database_is_one_sentence(tmp_path):
    (tmp_path / "storage.bson").write_bytes(b"rubbish")
    with pytest.raises(StartFailed, match=r"^mongod ended while it was starting \(.*\); its log is .*mongod\.log\.$"):
        PrivateMongod(tmp_path).__enter__()


def test_a_mongod_of_somebody_else_on_its_port_is_not_touched(mongod, tmp_path):
    port = int(mongod.uri.split(":")[2].split("/")[0])
    with pytest.raises(StartFailed, match=r"ended while it was starting \(.*in use"):
        PrivateMongod(tmp_path, port=port).__enter__()
    assert alive(mongod.pid)


def test_a_free_port_can_be_listened_on():
    with socket.create_server(("127.0.0.1", free_port())):
        pass


def test_it_is_in_a_session_of_its_own(mongod):
    assert os.getsid(mongod.pid) == mongod.pid

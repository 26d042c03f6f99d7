"""The replica set of deploy/: made by its own script on three real members that ask for passwords."""

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from lrs.embedded import free_port, mongod_command
from lrs.leash import leashed

DEPLOY = Path(__file__).parent.parent / "deploy"
LRS = str(Path(sys.executable).with_name("lrs"))


@contextlib.contextmanager
def member(folder: Path, key: Path) -> Iterator[str]:
    """Run one mongod with the arguments of compose.yaml."""
    folder.mkdir()
    place = ["--dbpath", str(folder), "--logpath", str(folder / "log"), "--nounixsocket", "--bind_ip", "127.0.0.1"]
    said = (DEPLOY / "compose.yaml").read_text().partition("--noscripting")[2].partition("environment:")[0]
    asked = [word for word in said.split() if word != "\\"]
    port = str(free_port())
    command = [*mongod_command(), *place, "--port", port, "--replSet", "lrs", "--keyFile", str(key), "--noscripting"]
    quick = ["--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"]
    process = subprocess.Popen(leashed([*command, *asked, *quick], "KILL"), stdout=subprocess.DEVNULL)
    try:
        yield f"127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def members(tmp_path: Path) -> Iterator[list[str]]:
    key = tmp_path / "key"
    key.write_text("a key of the set " * 4)
    key.chmod(0o600)
    with contextlib.ExitStack() as stack:
        yield [stack.enter_context(member(tmp_path / name, key)) for name in ("one", "two", "three")]


def test_the_set_is_made_once_and_the_server_gets_a_user_for_its_database_only(members):
    script = [sys.executable, str(DEPLOY / "replica_set.py")]
    settings = {"MONGODB_MEMBERS": ",".join(members), "MONGODB_ADMIN_PASSWORD": "admin", "MONGODB_LRS_PASSWORD": "lrs"}
    for _ in range(2):
        subprocess.run(script, env=settings, check=True, timeout=90)

    uri = f"mongodb://lrs:lrs@{settings['MONGODB_MEMBERS']}/?replicaSet=lrs&authSource=lrs"
    environment = {
        "PATH": os.environ["PATH"],
        "LRS_MONGODB_URI": uri,
        "LRS_PEPPER": "p" * 32,
        "LRS_KEY": "k",
        "LRS_SECRET": "s",
    }
    for command in ("migrate", "credential", "check"):
        subprocess.run([LRS, "admin", command], env=environment, check=True, stdout=subprocess.DEVNULL, timeout=60)
    with MongoClient(uri) as client:
        assert client.lrs.list_collection_names()
        with pytest.raises(OperationFailure):
            client.other.things.find_one()

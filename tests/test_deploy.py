"""The files of deploy/: its replica set made on three real members that ask for passwords, and its settings."""

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
from pymongo import MongoClient
from pymongo.errors import OperationFailure

from lrs.config import Config
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


def test_a_shell_reads_the_example_as_it_is_written_whatever_the_values_are(tmp_path):
    hostile = "mongodb://a,b/?replicaSet=lrs&authSource=lrs $HOME `id` \\ # ; x"
    example = (DEPLOY / "env.example").read_text()
    names = re.findall(r"^#?([A-Z_]+)='[^']*'$", example, re.MULTILINE)
    file = tmp_path / "sohoc.env"
    file.write_text(
        re.sub(r"^#?([A-Z_]+)='[^']*'$", lambda line: f"{line[1]}='{hostile}'", example, flags=re.MULTILINE)
    )
    asked = ["sh", "-c", f"set -a; . {file}; env -0"]
    read = subprocess.run(asked, env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True)
    assert not read.stderr
    found = dict(line.split("=", 1) for line in read.stdout.split("\0") if line)
    assert {f.metadata["env"] for f in fields(Config)} <= set(names)
    assert {name: found[name] for name in names} == dict.fromkeys(names, hostile)


def test_compose_hands_on_every_setting_that_it_does_not_decide_itself():
    decided = {"LRS_HOST", "PORT", "LRS_DATABASE", "LRS_DATA", "LRS_ROOM"}
    handed_on = re.findall(r"^ +(LRS_[A-Z_]+): (.+)$", (DEPLOY / "compose.yaml").read_text(), re.MULTILINE)
    assert {name for name, _ in handed_on} == {f.metadata["env"] for f in fields(Config)} - decided
    for name, value in handed_on:
        assert name == "LRS_MONGODB_URI" or value.startswith(f"${{{name}:"), name


def test_the_services_of_systemd_change_nothing_in_the_database_when_they_start():
    for unit in (DEPLOY / "systemd").iterdir():
        assert "migrate" not in unit.read_text()

"""A replica set for all fault tests, servers on a database of each test's own, and a seed for every random choice."""

import contextlib
import os
import sys
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient

from lrs.services.audit import sealed_with
from lrs.services.setup import first_credential
from lrs.store import open_store

from .clients import Connections, Crowd, Events, headers
from .replica_set import ReplicaSet
from .servers import Server, stop_all

PEPPER = "a pepper for fault tests, of 32 characters"
KEY, SECRET = "key-of-faults", "secret-of-faults"
PROCESSES, THREADS = 2, 16
DEFAULT_SEED = 20261123
HERE = Path(__file__).parent


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.faults)


@pytest.fixture(scope="session")
def seed() -> int:
    """The seed of the run, printed with a failure; `FAULTS_SEED=… pytest` runs another or the same again."""
    found = int(os.environ.get("FAULTS_SEED", DEFAULT_SEED))
    sys.stdout.write(f"FAULTS_SEED={found}\n")
    return found


@pytest.fixture(scope="session")
def replica_set(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ReplicaSet]:
    with ReplicaSet(tmp_path_factory.mktemp("replica_set")) as running:
        yield running


@dataclass
class Site:
    """A database on the replica set and the servers in front of it."""

    replica_set: ReplicaSet
    database: str
    folder: Path
    seed: int
    events: Events
    servers: list[Server] = field(default_factory=list)
    opened: list[Connections] = field(default_factory=list)

    @property
    def uri(self) -> str:
        return self.replica_set.uri

    @property
    def ports(self) -> list[int]:
        return [server.port for server in self.servers]

    def pick(self) -> Random:
        return Random(self.seed)

    def connections(self, start: int = 0) -> Connections:
        """Fresh connections to all servers, the one numbered `start` first; closed with the site."""
        self.opened.append(Connections(self.ports, KEY, SECRET, start))
        return self.opened[-1]

    def crowd(self, clients: int) -> Crowd:
        own = [self.connections(number) for number in range(clients)]
        return Crowd(own, seed=self.seed, events=self.events)

    def speaker(self, app: Flask) -> FlaskClient:
        """A client of an application in this process."""
        client = app.test_client()
        for name, value in headers(KEY, SECRET).items():
            client.environ_base[f"HTTP_{name.upper().replace('-', '_')}"] = value
        client.environ_base["CONTENT_TYPE"] = "application/json"
        return client

    def serve(self, count: int, command: Sequence[str]) -> list[Server]:
        """Start servers and wait until they are ready."""
        environment = {
            "LRS_MONGODB_URI": self.uri,
            "LRS_DATABASE": self.database,
            "LRS_PEPPER": PEPPER,
            "LRS_PROCESSES": str(PROCESSES),
            "LRS_THREADS": str(THREADS),
            "LRS_LOG_LEVEL": "warning",
        }
        started = [Server(command, environment, self.folder / f"server{number}.log") for number in range(count)]
        self.servers += started
        for server in started:
            server.start()
        for server in started:
            server.wait_ready()
        return started


@pytest.fixture
def site(replica_set: ReplicaSet, tmp_path: Path, seed: int) -> Iterator[Site]:
    replica_set.wait_whole()
    name = f"faults_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(replica_set.uri, name, seal=sealed_with(PEPPER))) as store:
        store.migrate()
        first_credential(store, PEPPER, KEY, SECRET)
    events = Events(tmp_path / "events.jsonl")
    sys.stdout.write(f"events: {events.path}\n")
    made = Site(replica_set, name, tmp_path, seed, events)
    yield made
    for connections in made.opened:
        connections.close()
    stop_all(made.servers)
    events.close()
    replica_set.restore()
    with MongoClient(replica_set.uri) as client:
        client.drop_database(name)


@pytest.fixture
def lrs_serve() -> list[str]:
    """The command that operators run."""
    return [str(Path(sys.executable).with_name("lrs")), "serve"]


@pytest.fixture
def serve_with_hook() -> Callable[..., list[str]]:
    """The same server with a hook between stamp and commit; see hooks.py for their names and arguments."""

    def command(name: str, argument: object) -> list[str]:
        return [sys.executable, str(HERE / "hooks.py"), name, str(argument)]

    return command

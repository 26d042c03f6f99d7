"""What tests share: one real MongoDB for all, a database for each, and the application on top."""

import base64
import contextlib
import http.client
import os
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pymongo import MongoClient

from lrs.app import close, create_app
from lrs.config import Config
from lrs.embedded import PrivateMongod, free_port
from lrs.leash import leashed
from lrs.services.audit import sealed_with
from lrs.services.setup import first_credential
from lrs.store import Store, open_store
from lrs.store.indexes import INDEXES

PEPPER = "a pepper for tests, of 32 characters or more"
KEY = "key-of-tests"
SECRET = "secret-of-tests"


@pytest.fixture(scope="session")
def mongod(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrivateMongod]:
    with PrivateMongod(tmp_path_factory.mktemp("mongod")) as running:
        yield running


@contextlib.contextmanager
def fresh_database(mongod: PrivateMongod) -> Iterator[str]:
    name = f"test_{uuid.uuid4().hex}"
    yield name
    with MongoClient[dict[str, Any]](mongod.uri) as admin:
        admin.drop_database(name)


@pytest.fixture(scope="session")
def kept_store(mongod: PrivateMongod) -> Iterator[Store]:
    """A store whose collections outlive the tests: to make and drop them takes half a second, to empty them none."""
    with (
        fresh_database(mongod) as name,
        contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as opened,
    ):
        opened.migrate()
        yield opened


@pytest.fixture
def database(request: pytest.FixtureRequest, mongod: PrivateMongod) -> Iterator[str]:
    """Name a database with nothing in it; where a test has a store too, its collections are there and empty."""
    if "store" not in request.fixturenames:
        with fresh_database(mongod) as name:
            yield name
        return
    kept: Store = request.getfixturevalue("kept_store")
    for each in kept.database.list_collection_names():
        if each in INDEXES:
            kept.database[each].delete_many({})
        else:
            kept.database.drop_collection(each)
    yield kept.database.name


@pytest.fixture
def store(mongod: PrivateMongod, database: str) -> Iterator[Store]:
    with contextlib.closing(open_store(mongod.uri, database, seal=sealed_with(PEPPER))) as opened:
        opened.migrate()  # what the test before has dropped
        yield opened


@pytest.fixture
def config(mongod: PrivateMongod, database: str) -> Config:
    return Config(mongodb_uri=mongod.uri, database=database, pepper=PEPPER)


@pytest.fixture
def app(store: Store, config: Config) -> Iterator[Flask]:
    first_credential(store, PEPPER, KEY, SECRET)
    made = create_app(config)
    yield made
    close(made)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Speak as the first credential in xAPI 2.0.0, unless a request brings other headers."""
    speaking = app.test_client()
    token = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    speaking.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
    speaking.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = "2.0.0"
    return speaking


@dataclass(frozen=True, kw_only=True)
class Running:
    """A real server: where it listens and how to be let in."""

    port: int
    pid: int
    key: str
    secret: str

    @property
    def root(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def endpoint(self) -> str:
        return f"{self.root}/xapi"


def ready(port: int) -> bool:
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=5)) as connection:
        try:
            connection.request("GET", "/health/ready")
            return connection.getresponse().status == 200
        except OSError:
            return False


def wait_until_ready(process: subprocess.Popen[bytes], port: int, seconds: float = 30) -> None:
    until = time.monotonic() + seconds
    while not ready(port):
        assert process.poll() is None, f"the server ended with {process.returncode}"
        assert time.monotonic() < until, f"the server was not ready within {seconds} seconds"
        time.sleep(0.05)


@contextlib.contextmanager
def serving(mongod: PrivateMongod, prepare: Callable[[Store], object] | None = None, **given: str) -> Iterator[Running]:
    """Run `lrs serve`, two processes of it, on a fresh database; ``prepare`` it before, ``given`` are settings."""
    with fresh_database(mongod) as name:
        with contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as store:
            store.migrate()
            first_credential(store, PEPPER, KEY, SECRET)
            if prepare is not None:
                prepare(store)
        running = Running(port=free_port(), pid=0, key=KEY, secret=SECRET)
        settings = {
            "LRS_MONGODB_URI": mongod.uri,
            "LRS_DATABASE": name,
            "LRS_PEPPER": PEPPER,
            "LRS_PROCESSES": "2",
            "LRS_LOG_LEVEL": "warning",
            "PORT": str(running.port),
            **given,
        }
        command = leashed([str(Path(sys.executable).with_name("lrs")), "serve"])
        process = subprocess.Popen(command, env=settings | {"PATH": os.environ["PATH"]})
        try:
            wait_until_ready(process, running.port)
            yield Running(port=running.port, pid=process.pid, key=KEY, secret=SECRET)
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture(scope="module")
def server(mongod: PrivateMongod) -> Iterator[Running]:
    """Run `lrs serve` on a database of the module's own."""
    with serving(mongod) as running:
        yield running


@pytest.fixture(scope="session")
def serve(mongod: PrivateMongod) -> Callable[..., contextlib.AbstractContextManager[Running]]:
    """Run servers as ``serving`` does."""
    return partial(serving, mongod)


@pytest.fixture(scope="session")
def a_statement() -> Callable[..., dict[str, Any]]:
    """Make a small good statement; members given replace the usual ones, None takes one away."""

    def make(**changes: Any) -> dict[str, Any]:
        usual: dict[str, Any] = {
            "id": str(uuid.uuid4()),
            "actor": {"mbox": "mailto:hoc.vien@hoc.example.vn"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://hoc.example.vn/courses/an-toan-so"},
        }
        return {name: value for name, value in (usual | changes).items() if value is not None}

    return make

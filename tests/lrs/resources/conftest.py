"""One application for a whole module, and callers of organisations of their own, so that no test sees another's."""

import base64
import contextlib
import json
import secrets
import threading
import uuid
from collections.abc import Callable, Iterator

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.serving import make_server

from lrs.app import close, create_app
from lrs.config import Config
from lrs.embedded import PrivateMongod
from lrs.services.audit import sealed_with
from lrs.services.auth import digest
from lrs.store import Store, open_store
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from lrs.store.rows import ORG_BYTES

PEPPER = "a pepper for tests, of 32 characters or more"


@pytest.fixture(scope="module")
def shared_store(mongod: PrivateMongod) -> Iterator[Store]:
    name = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as store:
        store.migrate()
        yield store
        store.client.drop_database(name)


@pytest.fixture(scope="module")
def shared_app(mongod: PrivateMongod, shared_store: Store) -> Iterator[Flask]:
    """The application as the outside reaches it behind a path prefix."""
    name = shared_store.database.name
    public = "https://hoc.example.vn/lrs"
    made = create_app(Config(mongodb_uri=mongod.uri, database=name, pepper=PEPPER, public_url=public, page=10))
    yield made
    close(made)


@pytest.fixture
def caller(shared_app: Flask, shared_store: Store) -> Callable[..., FlaskClient]:
    """Make a client of a new organisation; it speaks 2.0.0 unless told otherwise."""

    def make(
        *,
        scopes: tuple[str, ...] = ("all",),
        origins: tuple[str, ...] = (),
        leniency: tuple[str, ...] = (),
        version: str | None = "2.0.0",
    ) -> FlaskClient:
        key, secret = secrets.token_hex(8), secrets.token_hex(8)
        org = secrets.token_bytes(ORG_BYTES)
        shared_store.organisations.insert(Organisation(f"o{org.hex()}", org, "Trường thử"))
        shared_store.credentials.put(
            Credential(
                key=key,
                org=org,
                digest=digest(PEPPER.encode(), key, secret),
                scopes=frozenset(scopes),
                authority=json.dumps({"account": {"homePage": "https://hoc.example.vn", "name": key}}).encode(),
                origins=frozenset(origins),
                leniency=frozenset(leniency),
            )
        )
        client = shared_app.test_client()
        token = base64.b64encode(f"{key}:{secret}".encode()).decode()
        client.environ_base["HTTP_AUTHORIZATION"] = f"Basic {token}"
        if version is not None:
            client.environ_base["HTTP_X_EXPERIENCE_API_VERSION"] = version
        return client

    return make


@pytest.fixture(scope="module")
def port(shared_app: Flask) -> Iterator[int]:
    """Serve the application over real HTTP."""
    server = make_server("127.0.0.1", 0, shared_app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    thread.join()
    server.server_close()

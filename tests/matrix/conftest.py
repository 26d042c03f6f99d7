"""The application with five organisations in it, seeded once for all tests of the matrix."""

import contextlib
import json
import secrets
import uuid
from collections.abc import Iterator

import pytest

from lrs.app import close, create_app
from lrs.config import Config
from lrs.embedded import PrivateMongod
from lrs.services.auth import digest
from lrs.store import Store, open_store
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from lrs.store.rows import ORG_BYTES

from .model import Key
from .world import ORGANISATIONS, SCOPES, World

PEPPER = "a pepper for tests, of 32 characters or more"
SEED = 20261123


@pytest.fixture(scope="module")
def matrix_store(mongod: PrivateMongod) -> Iterator[Store]:
    name = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(mongod.uri, name)) as store:
        store.migrate()
        yield store
        store.client.drop_database(name)


@pytest.fixture(scope="module")
def world(mongod: PrivateMongod, matrix_store: Store) -> Iterator[World]:
    """Ask the application in process: what is between it and a socket is not what keeps organisations apart."""
    name = matrix_store.database.name
    app = create_app(Config(mongodb_uri=mongod.uri, database=name, pepper=PEPPER, page=25))
    made = World(app.test_client(), SEED)
    for organisation in ORGANISATIONS:
        org = secrets.token_bytes(ORG_BYTES)
        matrix_store.organisations.insert(Organisation(organisation, org, f"Tổ chức {organisation}"))
        for scopes in SCOPES:
            store_key(matrix_store, org, made.new_key(organisation, scopes))
    made.seed()
    yield made
    close(app)


def store_key(store: Store, org: bytes, key: Key) -> None:
    store.credentials.put(
        Credential(
            key=key.name,
            org=org,
            digest=digest(PEPPER.encode(), key.name, key.secret),
            scopes=key.scopes,
            authority=json.dumps(key.authority).encode(),
            label=f"Khoá {key.mark}",
        )
    )

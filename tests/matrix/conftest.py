"""The application with five organisations in it, seeded once for all tests."""

import contextlib
import json
import secrets
import uuid
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from lrs.app import close, create_app
from lrs.config import Config
from lrs.embedded import PrivateMongod
from lrs.services.audit import sealed_with
from lrs.services.auth import digest
from lrs.store import Store, open_store
from lrs.store.credentials import Credential
from lrs.store.organisations import Organisation
from lrs.store.rows import ORG_BYTES

from .seeding import administer, seed
from .world import ORGANISATIONS, SCOPES, World

PEPPER = "a pepper for tests, of 32 characters or more"
SEED = 20261123

Found = Callable[..., None]


@pytest.fixture(scope="session")
def matrix_store(mongod: PrivateMongod) -> Iterator[Store]:
    name = f"test_{uuid.uuid4().hex}"
    with contextlib.closing(open_store(mongod.uri, name, seal=sealed_with(PEPPER))) as store:
        store.migrate()
        yield store
        store.client.drop_database(name)


@pytest.fixture(scope="session")
def asking(mongod: PrivateMongod, matrix_store: Store) -> Iterator[FlaskClient]:
    """Ask the application in process: what is between it and a socket is not what keeps organisations apart."""
    app = create_app(Config(mongodb_uri=mongod.uri, database=matrix_store.database.name, pepper=PEPPER, page=25))
    yield app.test_client()
    close(app)


@pytest.fixture(scope="session")
def found(matrix_store: Store) -> Found:
    """Make an organisation with a key for each of these tuples of scopes."""

    def make(world: World, organisation: str, *scopes: tuple[str, ...]) -> None:
        org = secrets.token_bytes(ORG_BYTES)
        matrix_store.organisations.insert(Organisation(organisation, org, f"Tổ chức {organisation}"))
        for each in scopes:
            key = world.new_key(organisation, each)
            matrix_store.credentials.put(
                Credential(
                    key=key.name,
                    org=org,
                    digest=digest(PEPPER.encode(), key.name, key.secret),
                    scopes=key.scopes,
                    authority=json.dumps(key.authority).encode(),
                    label=f"Khoá {key.mark}",
                )
            )

    return make


@pytest.fixture(scope="session")
def world(asking: FlaskClient, found: Found, matrix_store: Store) -> World:
    made = World(asking, SEED)
    for organisation in ORGANISATIONS:
        found(made, organisation, *SCOPES)
    seed(made)
    administer(made, matrix_store)
    return made

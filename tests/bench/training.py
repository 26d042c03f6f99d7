"""Made-up training for the bench: the demonstration data, stored as usual."""

import contextlib
from collections.abc import Iterator

from rig import PEPPER

from lrs.services import data_sets
from lrs.services.demo import Filling, open_organisation
from lrs.services.registries import RegistryService
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from lrs.services.setup import first_credential
from lrs.services.statements import StatementService
from lrs.services.walks import Walks
from lrs.store import Store
from schemas.demo.generator import Demo

ZONE = "Asia/Ho_Chi_Minh"


def prepare(store: Store) -> None:
    """Make the first organisation and load the registries that units are looked up in."""
    first_credential(store, PEPPER)
    for _ in data_sets.load(store, RegistryService(store, ZONE), "dong-nai"):
        pass


def fill(store: Store, statements: int, seed: int) -> bytes:
    """Store so many statements of the demonstration data, as `lrs admin demo` does; return their organisation."""
    demo = Demo(seed, max(statements // 15, 100), statements)
    keys = open_organisation(store, PEPPER, "http://localhost")
    with _promising(store) as safetime:
        service = StatementService(store, safetime, Walks(PEPPER), room=Room(None), page=500)
        filling = Filling.with_key(store, service, PEPPER, keys.full, demo)
        for _ in filling.fill(filling.missing()):
            pass
    return keys.full.credential.org


@contextlib.contextmanager
def _promising(store: Store) -> Iterator[SafeTime]:
    safetime = SafeTime(store.promises, linger=10)
    safetime.start()
    try:
        yield safetime
    finally:
        safetime.stop()

"""Made-up training for the bench: the demonstration data stored as usual, and support alone, straight into records."""

import contextlib
import json
from collections.abc import Iterator
from itertools import chain, count, islice

from rig import PEPPER

from lrs.services import data_sets
from lrs.services.demo import Filling, open_organisation
from lrs.services.folding import folding_of
from lrs.services.registries import RegistryService
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from lrs.services.setup import first_credential
from lrs.services.statements import StatementService
from lrs.services.walks import Walks
from lrs.store import Store
from lrs.store.rows import Found, document_id
from schemas.demo.chance import chance
from schemas.demo.generator import CHAPTER, Demo
from schemas.demo.places import Places
from schemas.demo.stories import support
from schemas.demo.telling import Telling
from schemas.demo.writing import write

ZONE = "Asia/Ho_Chi_Minh"
BATCH = 4000


def prepare(store: Store) -> RegistryService:
    """Make the first organisation and load the registries that the figures count by."""
    if store.organisations.find("first") is None:
        first_credential(store, PEPPER)
    registries = RegistryService(store, ZONE)
    for _ in data_sets.load(store, registries, "dong-nai"):
        pass
    return registries


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


def supports(learners: int, seed: int) -> Iterator[dict]:
    """Statements about support without an end, of so many learners in all units."""
    places = Places(seed, learners)
    return chain.from_iterable(_chapter(places, f"bench {seed} {learners} {chapter}") for chapter in count())


def _chapter(places: Places, name: str) -> Iterator[dict]:
    telling = Telling(places, chance(name), name)
    while len(telling.events) < CHAPTER:
        support(telling)
    return map(write, telling.events)


def fold_supports(store: Store, registries: RegistryService, org: bytes, statements: int, seed: int) -> None:
    """Count so many statements about support in an organisation without storing them: reports never read them."""
    folding = folding_of(store, registries, ZONE)
    told = islice(supports(max(statements // 8, 100), seed), statements)
    for number in count(1):
        batch = [
            Found(document_id(org, each["id"]), number, json.dumps(each, ensure_ascii=False).encode(), [])
            for each in islice(told, BATCH)
        ]
        if not batch:
            return
        folding.fold(org, batch, lambda _: None)

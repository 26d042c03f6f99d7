"""The follower that keeps training records and cells."""

from typing import Final

from lrs.followers.feed import Follower
from lrs.services.folding import folding_of
from lrs.services.registries import RegistryService
from lrs.store import Store

NAME: Final = "records"
BATCH: Final = 4000


def records_follower(store: Store, worker: str, timezone: str) -> Follower:
    """Return the follower; months are cut in ``timezone``."""
    folding = folding_of(store, RegistryService(store, timezone), timezone)
    return Follower(store, NAME, worker, folding.fold, batch=BATCH)

"""The follower that keeps training records and cells."""

from datetime import date
from typing import Final
from zoneinfo import ZoneInfo

from lrs.followers.feed import Follower
from lrs.services.folding import Folding
from lrs.services.registries import RegistryService
from lrs.store import Store
from schemas.training.vocabulary import Vocabulary

NAME: Final = "records"
BATCH: Final = 4000


def records_follower(store: Store, worker: str, timezone: str) -> Follower:
    """Return the follower; months are cut in ``timezone``."""
    registries = RegistryService(store, timezone)

    def unit_key(code: str, day: date) -> str:
        unit = registries.current().units.find(code, day)
        return unit.key if unit else ""

    folding = Folding(store, unit_key, Vocabulary(), ZoneInfo(timezone))
    return Follower(store, NAME, worker, folding.fold, batch=BATCH)

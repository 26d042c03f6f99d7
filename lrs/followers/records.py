"""The follower that keeps training records and cells."""

from datetime import tzinfo
from typing import Final

from lrs.followers.feed import Follower
from lrs.services.folding import Folding, UnitKey
from lrs.store import Store
from schemas.training.vocabulary import Vocabulary

NAME: Final = "records"
BATCH: Final = 1000


def records_follower(store: Store, worker: str, unit_key: UnitKey, vocabulary: Vocabulary, zone: tzinfo) -> Follower:
    """Return the follower; months are cut in ``zone``."""
    return Follower(store, NAME, worker, Folding(store, unit_key, vocabulary, zone).fold, batch=BATCH)

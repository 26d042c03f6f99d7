"""The follower that keeps training records and cells."""

from collections.abc import Callable
from typing import Final

from lrs.followers.feed import Follower
from lrs.services.folding import folding_of
from lrs.services.progress import RECORDS
from lrs.services.reading import Reading
from lrs.services.registries import RegistryService
from lrs.store import Store
from lrs.store.transactions import Session

BATCH: Final = 4000


def records_follower(store: Store, worker: str, timezone: str) -> Follower[Reading]:
    """Return the follower; months are cut in ``timezone``."""
    folding = folding_of(store, RegistryService(store, timezone), timezone)

    def clear(org: bytes, hold: Callable[[Session], None]) -> bool:
        # Records first: what is counted anew meanwhile, as somebody turned out to be somebody else, rests on them.
        def write(session: Session) -> bool:
            hold(session)
            derived = (store.records, store.cells, store.reviews, store.aside)
            return any(each.clear_some(org, session) for each in derived)

        return store.transact(write)

    return Follower(
        store, RECORDS, worker, folding.count, prepare=folding.read, clear=clear, basis=folding.basis, batch=BATCH
    )

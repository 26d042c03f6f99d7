"""``lrs worker``: runs the followers and tidies up, until it is told to stop."""

import logging
import secrets
import threading
from typing import Final

from lrs.config import Config
from lrs.followers.abroad import abroad
from lrs.followers.attempts import attempt
from lrs.followers.feed import take_turns
from lrs.followers.records import records_follower
from lrs.followers.shares import shares_follower
from lrs.followers.upkeep import upkeep
from lrs.services import clocks
from lrs.services.anchors import Anchors, to_file, to_log
from lrs.store import Store, open_store

_EVERY: Final = 0.5
_SWEEP_EVERY: Final = 600.0
_ANCHOR_EVERY: Final = 60.0

log = logging.getLogger(__name__)


def run_worker(config: Config, stop: threading.Event) -> None:
    """Work until ``stop`` is set; outages of the database are waited out."""
    store = open_store(config.mongodb_uri, config.database, deadline=config.deadline, connections=6)
    take_turns()
    worker = secrets.token_hex(8)
    records = records_follower(store, worker, config.timezone)
    sharing = _sharing(store, worker, config, stop)
    anchors = _anchors(store, config)
    swept = anchored = float("-inf")
    others = [each for each in (abroad(config, stop), upkeep(config, stop)) if each is not None]
    for each in others:
        each.start()
    try:
        while not stop.is_set():
            if clocks.passed() - swept > _SWEEP_EVERY and attempt(log, "sweep", lambda: _sweep(store), stop):
                swept = clocks.passed()
            if clocks.passed() - anchored > _ANCHOR_EVERY:
                anchored = clocks.passed()
                attempt(log, "anchor", anchors.write, stop)
            stop.wait(0 if attempt(log, "follow", records.follow, stop) else _EVERY)
    finally:
        stop.set()
        for each in others:
            each.join()
        sharing.join()
        # Without this the next worker waits until the leases are over.
        attempt(log, "leave", lambda: store.places.leave(worker))
        store.close()


def _sharing(store: Store, worker: str, config: Config, stop: threading.Event) -> threading.Thread:
    """Keep what recipients are given, in a thread of its own: a long walk must not hold up the records."""

    def run() -> None:
        if not config.pepper:
            log.warning("nothing is shared by agreement: this worker has no LRS_PEPPER")
            return
        shares = shares_follower(store, worker, config.pepper, config.timezone, stopping=stop.is_set)
        while not stop.is_set():
            stop.wait(0 if attempt(log, "share", shares.follow, stop) else _EVERY)

    thread = threading.Thread(target=run, name="shares", daemon=True)
    thread.start()
    return thread


def _anchors(store: Store, config: Config) -> Anchors:
    """Return what keeps the heads of the audit's chains outside of the database."""
    if config.audit_anchors is not None:
        return Anchors(store.audit, to_file(config.audit_anchors))
    if not log.isEnabledFor(logging.INFO):
        log.warning("the heads of the audit are kept nowhere: set LRS_AUDIT_ANCHORS, or LRS_LOG_LEVEL to info")
    return Anchors(store.audit, to_log)


def _sweep(store: Store) -> bool:
    gone = store.attachments.sweep()
    if gone:
        log.info("swept attachments that no statement names", extra={"count": gone})
    return True

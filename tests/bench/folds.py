"""The follower that keeps training records: how fast it catches up from nothing, and how far it lags under load."""

import contextlib
import http.client
import json
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

import statements
import training
from figures import Figure, in_turns, percentile
from loaders import Load, load
from posts import BATCH as POSTED
from posts import plan
from pymongo import WriteConcern
from rig import DATABASE, PEPPER, Rig, environment, process
from settings import Settings

from lrs.embedded import free_port
from lrs.followers.feed import take_turns
from lrs.followers.records import BATCH, records_follower
from lrs.services.audit import sealed_with
from lrs.services.progress import Progress
from lrs.services.safetime import learn
from lrs.store import Store, open_store

FOLDED = "bench_fold"
RATE_BAR, RATIO_BAR, LAG_BAR = 10_000, 0.5, 5.0
DERIVED = ("records", "cells", "learners", "learner_counters", "places", "moves")
SAMPLE_EVERY, LAG_SECONDS = 0.1, 12.0
CAUGHT_UP_SECONDS = 300


def fold(rig: Rig, settings: Settings) -> list[Figure]:
    """Statements a second from zero, beside pymongo that reads the same and inserts a record's document for each."""
    figure = Figure(
        f"fold of {settings.fold:,} from zero",
        "st/s",
        f">= {RATE_BAR:,}/s or {RATIO_BAR} x",
        lambda a, b: a >= RATE_BAR or a >= RATIO_BAR * b,
    )
    with _opened(rig.uri, FOLDED) as store:
        store.client.drop_database(FOLDED)
        store.migrate()
        training.prepare(store)
        org = training.fill(store, settings.fold, settings.seed)
        shapes: list[dict[str, Any]] = []

        def ours(_number: int) -> None:
            rate, cpu = _catch_up(store, org)
            figure.ours.append(rate)
            figure.note = f"{cpu * 1e6 / settings.fold:.0f} us of its own CPU each"
            shapes[:] = store.database["records"].find({"org": org}, limit=2000)

        def floor(_number: int) -> None:
            figure.floor.append(_bare(store, org, shapes))

        ours(0)
        figure.ours.clear()
        in_turns(settings.rounds, ours, floor)
        store.client.drop_database(FOLDED)
    return [figure]


def _catch_up(store: Store, org: bytes) -> tuple[float, float]:
    """Return statements a second, and the seconds of CPU that this process took."""
    for name in DERIVED:
        store.database[name].drop()
    store.migrate()
    take_turns()
    follower = records_follower(store, "bench", training.ZONE)
    through = store.statements.newest(org)
    start, cpu, done = time.perf_counter(), time.process_time(), 0
    while read := follower.forward(org, through):
        done += read
    return done / (time.perf_counter() - start), time.process_time() - cpu


def _bare(store: Store, org: bytes, shapes: list[dict[str, Any]]) -> float:
    """The same statements in batches of the same size, one `insert_many` of documents like records for each batch."""
    collection = store.database.get_collection("floor", write_concern=WriteConcern("majority", j=True))
    collection.drop()
    for name, index in store.database["records"].index_information().items():
        if name != "_id_":
            options = {key: value for key, value in index.items() if key not in {"key", "v", "ns"}}
            collection.create_index(index["key"], name=name, **options)
    start, done, place = time.perf_counter(), 0, 0
    while True:
        span = {"org": org, "stored": {"$gt": place}}
        rows = list(store.database["statements"].find(span, {"raw": 1, "stored": 1}).sort("stored", 1).limit(BATCH))
        if not rows:
            return done / (time.perf_counter() - start)
        documents = [{**shapes[(done + number) % len(shapes)], "_id": row["_id"]} for number, row in enumerate(rows)]
        collection.insert_many(documents, ordered=False)
        done, place = done + len(rows), rows[-1]["stored"]


def lag(rig: Rig, settings: Settings, templates: Path) -> list[Figure]:
    """Seconds by which records lag while batches are posted as fast as they go; beside one statement a second."""
    p50 = Figure("lag of records, p50", "s", "", None)
    p99 = Figure("lag of records, p99", "s", f"<= {LAG_BAR:.0f}", lambda a, _: a <= LAG_BAR)
    seconds = min(LAG_SECONDS, 3 * settings.seconds)
    worker = [str(Path(sys.executable).with_name("lrs")), "worker"]
    with _opened(rig.uri, DATABASE) as store, process(worker, environment(settings, rig.uri, free_port())):
        progress = Progress(store, lambda: learn(store.promises))
        (org,) = store.organisations.orgs()
        _wait_until_caught_up(progress, org)

        def measured(work: Callable[[], object], p50s: list[float], p99s: list[float]) -> None:
            found = _sampled(progress, org, work)
            p50s.append(percentile(found, 0.5))
            p99s.append(percentile(found, 0.99))
            _wait_until_caught_up(progress, org)

        def busy() -> None:
            posted: Load = load(rig.statements, plan(settings, templates, POSTED, settings.connections, 0, seconds))
            p99.errors += posted.errors
            p99.note = f"at {posted.requests * POSTED / posted.seconds:,.0f} statements/s"

        measured(lambda: _trickle(rig, settings, seconds), p50.floor, p99.floor)
        measured(busy, p50.ours, p99.ours)
    return [p50, p99]


@contextlib.contextmanager
def _opened(uri: str, database: str) -> Iterator[Store]:
    with contextlib.closing(open_store(uri, database, seal=sealed_with(PEPPER))) as store:
        yield store


def _sampled(progress: Progress, org: bytes, work: Callable[[], object]) -> list[float]:
    """How old the figures are, every now and then while the work is done: now, less through when they are whole."""
    found: list[float] = []
    over = threading.Event()

    def sample() -> None:
        while not over.wait(SAMPLE_EVERY):
            found.append(time.time() - progress.as_of(org) / 1e6)

    thread = threading.Thread(target=sample)
    thread.start()
    try:
        work()
    finally:
        over.set()
        thread.join()
    return found


def _trickle(rig: Rig, settings: Settings, seconds: float) -> None:
    parts, pick = urlsplit(rig.statements.url), Random(settings.seed)
    with contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)) as connection:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            body = json.dumps(statements.statement(pick, statement_id=str(uuid.uuid4())))
            connection.request("POST", parts.path, body, dict(rig.statements.headers))
            connection.getresponse().read()
            time.sleep(1)


def _wait_until_caught_up(progress: Progress, org: bytes) -> None:
    until = time.monotonic() + CAUGHT_UP_SECONDS
    while progress.lag(org) > 0:
        if time.monotonic() > until:
            raise SystemExit(f"The worker did not catch up within {CAUGHT_UP_SECONDS} seconds")
        time.sleep(0.2)

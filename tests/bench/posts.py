"""Posting: one statement a request, and atomic batches of fifty."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

from figures import Figure, in_turns
from loaders import Load, Plan, Target, compared, load
from rig import Rig
from settings import Settings

BATCH = 50
ONE_BAR, BATCH_BAR = 0.7, 0.55
FLOOR_DOCUMENTS_A_SECOND = 40_000  # more than it can insert


def post_one(rig: Rig, settings: Settings, templates: Path) -> list[Figure]:
    """POST of one statement beside a bare view that inserts one document."""

    def side(target: Target) -> Callable[[int], Load]:
        return lambda number: load(target, plan(settings, templates, 0, settings.connections, number))

    return compared("POST one", ONE_BAR, settings.rounds, side(rig.statements), side(rig.floor_statements))


def post_batch(rig: Rig, settings: Settings, templates: Path) -> list[Figure]:
    """Atomic batches over HTTP beside pymongo's insert_many, with many clients and with one."""
    many, one, mixed = (
        Figure(f"POST {BATCH}, {ours}", "st/s", bar, holds)
        for ours, bar, holds in (
            (
                f"{settings.connections} clients each",
                f">= {BATCH_BAR} x floor",
                lambda a, b: a >= BATCH_BAR * b,
            ),
            ("1 client each", "", None),
            (f"{settings.connections} against 1 thread", "", None),
        )
    )

    def http(clients, figures):
        def measure(number):
            seen = load(rig.statements, plan(settings, templates, BATCH, clients, number))
            for figure in figures:
                figure.ours.append(_statements_a_second(seen))
                figure.errors += seen.errors

        return measure

    def pymongo(threads, figures):
        def measure(_number):
            found = _insert_many(rig, threads, settings.seconds)
            for figure in figures:
                figure.floor.append(found)

        return measure

    in_turns(
        settings.rounds,
        http(settings.connections, [many, mixed]),
        pymongo(settings.connections, [many]),
        pymongo(1, [one, mixed]),
        http(1, [one]),
    )
    return [many, one, mixed]


def plan(
    settings: Settings, templates: Path, size: int, connections: int, number: int, seconds: float | None = None
) -> Plan:
    """How to post: ``size`` statements a request (0 is one, bare), for the usual time or that many seconds."""
    seed = settings.seed + 100 * number + size + connections
    return Plan(templates, size, connections, seconds or settings.seconds, seed)


def _statements_a_second(seen: Load) -> float:
    return seen.requests * BATCH / seen.seconds


def _insert_many(rig: Rig, threads: int, seconds: float) -> float:
    """Insert batches for as long as the HTTP side posts, so that both meet the database's pauses."""
    documents = rig.floor_documents(round(FLOOR_DOCUMENTS_A_SECOND * seconds))
    batches = iter([documents[i : i + BATCH] for i in range(0, len(documents), BATCH)])
    lock, inserted = threading.Lock(), []
    start = time.perf_counter()

    def work():
        while time.perf_counter() < start + seconds:
            with lock:
                batch = next(batches, None)
            if batch is None:
                return
            rig.floor_collection.insert_many(batch)
            inserted.append(len(batch))

    workers = [threading.Thread(target=work) for _ in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return sum(inserted) / (time.perf_counter() - start)

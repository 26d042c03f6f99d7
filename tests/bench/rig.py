"""What is measured: one mongod, our server on it, and beside it the floor's server on a copy of the same collection."""

import base64
import contextlib
import http.client
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from urllib.parse import urlsplit

from bson import Binary
from loaders import Target
from pymongo import DESCENDING, MongoClient, WriteConcern
from settings import Settings
from statements import batches

from lrs.embedded import PrivateMongod, free_port
from lrs.leash import leashed
from lrs.services.audit import sealed_with
from lrs.services.setup import first_credential
from lrs.store import open_store

DATABASE, FLOOR = "bench", "floor"
KEY, SECRET = "key-of-bench", "secret-of-bench"
PEPPER = "a pepper for the bench, of 32 characters or more"
FLOOR_PROGRAM = Path(__file__).with_name("floor.py")
CACHE_GB = 2.0
PRELOAD_BATCH, PRELOAD_CLIENTS = 250, 4
READY_SECONDS = 30
SHAPES = 5000
_LIMITS = ("LRS_REQUESTS_PER_MINUTE", "LRS_STATEMENTS_PER_MINUTE", "LRS_ADDRESS_REQUESTS_PER_MINUTE")
PROFILE_BYTES = 64 * 1024**2


class Rig:
    """A preloaded database, the two servers in front of it, and what the floors need of it."""

    def __init__(self, uri: str, ours: int, floor: int) -> None:
        token = base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
        headers = {
            "Authorization": f"Basic {token}",
            "X-Experience-API-Version": "2.0.0",
            "Content-Type": "application/json",
        }
        self.statements = Target(f"http://127.0.0.1:{ours}/xapi/statements", headers)
        self.floor_statements = Target(f"http://127.0.0.1:{floor}/statements", headers)
        # A player of 1.0.3 overwrites its state without a condition, as the floor does.
        older = headers | {"X-Experience-API-Version": "1.0.3"}
        self.states = Target(f"http://127.0.0.1:{ours}/xapi/activities/state", older)
        self.floor_states = Target(f"http://127.0.0.1:{floor}/state", older)
        self.empty = Target(f"http://127.0.0.1:{floor}/empty", headers)
        self.uri = uri
        self._database = MongoClient[dict[str, Any]](uri)[DATABASE]
        self._rows = self._database["statements"]
        self.floor_collection = self._database.get_collection(FLOOR, write_concern=WriteConcern("majority", j=True))
        self._shapes: list[dict[str, Any]] = []

    def preload(self, total: int, seed: int) -> float:
        """Store `total` statements through the server, copy them for the floor; return statements a second."""
        bodies = batches(Random(seed), total, PRELOAD_BATCH)
        start = time.perf_counter()
        with ThreadPoolExecutor(PRELOAD_CLIENTS) as clients:
            for _ in clients.map(self._store, bodies):
                pass
        took = time.perf_counter() - start
        self._copy_for_floor()
        return total / took

    def _store(self, body: bytes) -> None:
        parts = urlsplit(self.statements.url)
        with contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)) as connection:
            connection.request("POST", parts.path, body, dict(self.statements.headers))
            answer = connection.getresponse()
            if answer.status != 200:
                raise SystemExit(f"The preload was answered with {answer.status}: {answer.read(500)!r}")
            answer.read()

    def _copy_for_floor(self) -> None:
        for name, index in self._rows.index_information().items():
            if name != "_id_":
                options = {key: value for key, value in index.items() if key not in {"key", "v", "ns"}}
                self.floor_collection.create_index(index["key"], name=name, **options)
        self._rows.aggregate([{"$out": FLOOR}])
        self._shapes = list(self.floor_collection.find({}, limit=SHAPES))

    def floor_documents(self, total: int) -> list[dict[str, Any]]:
        """Documents as our server stores them, under fresh ids, ready to be inserted."""
        now = time.time_ns() // 1000
        return [
            {
                **(shape := self._shapes[number % len(self._shapes)]),
                "_id": Binary(shape["_id"][:-16] + uuid.uuid4().bytes),
                "stored": now + number,
            }
            for number in range(total)
        ]

    def newest_first(self, total: int) -> list[dict[str, Any]]:
        """The floor of a walk: a cursor over the same field in the same order."""
        org = self._shapes[0]["org"]
        cursor = self._rows.find({"org": org}, {"raw": 1, "_id": 0})
        return list(cursor.sort("stored", DESCENDING).limit(total))

    def stored_instants(self, count: int) -> list[str]:
        """Instants at which statements were stored, for `since`."""
        sample = self._rows.aggregate([{"$sample": {"size": count}}, {"$project": {"stored": 1}}])
        return [
            datetime.fromtimestamp(row["stored"] / 1e6, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
            for row in sample
        ]

    def captured(self, urls: Sequence[str]) -> list[Callable[[], list[dict[str, Any]]]]:
        """Ask each URL once under MongoDB's profiler; return calls that ask pymongo the same of `statements`."""
        self._database["system.profile"].drop()
        self._database.create_collection("system.profile", capped=True, size=PROFILE_BYTES)
        self._database.command("profile", 2, slowms=0)
        try:
            for url in urls:
                with urllib.request.urlopen(urllib.request.Request(url, headers=dict(self.statements.headers))) as got:
                    got.read()
        finally:
            self._database.command("profile", 0)
        asked = {"op": "query", "command.find": "statements"}
        commands = [entry["command"] for entry in self._database["system.profile"].find(asked).sort("$natural", 1)]
        if len(commands) != len(urls):
            raise SystemExit(f"{len(urls)} requests made {len(commands)} queries: the floor cannot be told")
        return [self._find(command) for command in commands]

    def _find(self, command: dict[str, Any]) -> Callable[[], list[dict[str, Any]]]:
        def find() -> list[dict[str, Any]]:
            cursor = self._rows.find(command["filter"], command.get("projection"))
            cursor = cursor.sort(list(command["sort"].items())).limit(command["limit"])
            return list(cursor.batch_size(command.get("batchSize", 0)))

        return find


@contextlib.contextmanager
def running(settings: Settings) -> Iterator[Rig]:
    """Start everything, yield the rig, stop everything."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        uri = settings.uri or stack.enter_context(PrivateMongod(folder / "mongod", cache_gb=CACHE_GB)).uri
        with contextlib.closing(open_store(uri, DATABASE, seal=sealed_with(PEPPER))) as store:
            store.client.drop_database(DATABASE)
            store.migrate()
            first_credential(store, PEPPER, KEY, SECRET)
        ours, floor = free_port(), free_port()
        stack.enter_context(
            process([str(Path(sys.executable).with_name("lrs")), "serve"], environment(settings, uri, ours))
        )
        _wait(f"http://127.0.0.1:{ours}/health/ready")
        rig = Rig(uri, ours, floor)
        sys.stdout.write(f"preloaded at {rig.preload(settings.preload, settings.seed):,.0f} statements/s\n")
        bare = [sys.executable, str(FLOOR_PROGRAM), uri, DATABASE, FLOOR]
        stack.enter_context(process(bare, environment(settings, uri, floor)))
        _wait(rig.empty.url)
        yield rig


def environment(settings: Settings, uri: str, port: int) -> dict[str, str]:
    """The settings of a server or worker on the bench's database."""
    return {
        "LRS_MONGODB_URI": uri,
        "LRS_DATABASE": DATABASE,
        "LRS_PEPPER": PEPPER,
        "LRS_PROCESSES": str(processes(settings)),
        "LRS_THREADS": str(settings.threads),
        "LRS_LOG_LEVEL": "warning",
        # Counted as always, and never reached.
        **dict.fromkeys(_LIMITS, str(10**9)),
        "PORT": str(port),
    }


def processes(settings: Settings) -> int:
    return settings.processes or len(os.sched_getaffinity(0))


@contextlib.contextmanager
def process(command: list[str], given: dict[str, str]) -> Iterator[None]:
    """Run a command with these settings inside a ``with`` block."""
    started = subprocess.Popen(leashed(command), env=os.environ | given)
    try:
        yield
    finally:
        started.terminate()
        try:
            started.wait(20)
        except subprocess.TimeoutExpired:
            started.kill()
            started.wait()


def _wait(url: str) -> None:
    end = time.monotonic() + READY_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.1)
    raise SystemExit(f"{url} did not answer within {READY_SECONDS} seconds")

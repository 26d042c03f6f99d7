"""What posts for a while and counts: wrk where it is installed, else threads of this process."""

import http.client
import json
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from figures import percentile
from statements import PLACEHOLDER

SCRIPT = Path(__file__).with_name("load.lua")
GRACE = 30.0


@dataclass(frozen=True)
class Load:
    """What one loader saw; `errors` counts everything that was not a 2xx in time."""

    requests: int
    seconds: float
    errors: int
    p50_ms: float
    p95_ms: float


@dataclass(frozen=True)
class Target:
    """Where to post and in whose name."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """How to post: statements in a request (0 is one, bare), connections, seconds, seed."""

    templates: Path
    size: int
    connections: int
    seconds: float
    seed: int


def tool() -> str:
    return "wrk" if shutil.which("wrk") else "python"


def load(target: Target, plan: Plan) -> Load:
    """Post under fresh ids for the plan's time."""
    return _wrk(target, plan) if tool() == "wrk" else _python(target, plan)


def _wrk(target: Target, plan: Plan) -> Load:
    threads = min(2, plan.connections)
    headers = [part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")]
    command = [
        *(shutil.which("wrk") or "wrk", f"-t{threads}", f"-c{plan.connections}"),
        *(f"-d{max(1, round(plan.seconds))}s", "--timeout", "10s", "-s", str(SCRIPT), *headers),
        *(target.url, "--", str(plan.templates), str(plan.size), str(plan.seed)),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=plan.seconds + GRACE)
    result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return Load(**json.loads(result.removeprefix("RESULT ")))


def _python(target: Target, plan: Plan) -> Load:
    """Slower than wrk and on the same cores: read its figures as ratios only."""
    texts = plan.templates.read_text().splitlines()
    clients = [
        _Client(target, plan.size, texts, Random(plan.seed * 1000 + number)) for number in range(plan.connections)
    ]
    start = time.perf_counter()
    threads = [threading.Thread(target=client.run, args=(start + plan.seconds,)) for client in clients]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = [took for client in clients for took in client.times]
    return Load(
        requests=len(times),
        seconds=time.perf_counter() - start,
        errors=sum(client.errors for client in clients),
        p50_ms=percentile(times, 0.5) * 1000,
        p95_ms=percentile(times, 0.95) * 1000,
    )


class _Client:
    def __init__(self, target: Target, size: int, texts: list[str], pick: Random) -> None:
        self._target, self._size, self._texts, self._pick = target, size, texts, pick
        self.times: list[float] = []
        self.errors = 0

    def run(self, until: float) -> None:
        parts = urlsplit(self._target.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        while time.perf_counter() < until:
            body = self._body()
            start = time.perf_counter()
            connection.request("POST", parts.path, body, dict(self._target.headers))
            answer = connection.getresponse()
            answer.read()
            self.times.append(time.perf_counter() - start)
            self.errors += not 200 <= answer.status < 300
        connection.close()

    def _body(self) -> bytes:
        chosen = self._pick.choices(self._texts, k=max(1, self._size))
        fresh = [text.replace(PLACEHOLDER, str(uuid.uuid4())) for text in chosen]
        return (fresh[0] if self._size == 0 else f"[{','.join(fresh)}]").encode()

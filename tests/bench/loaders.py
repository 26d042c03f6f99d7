"""What sends requests for a while and counts: wrk where it is installed, else threads of this process."""

import http.client
import json
import shutil
import subprocess
import threading
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from figures import Figure, in_turns, percentile
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
    """Where to send and in whose name."""

    url: str
    headers: Mapping[str, str]


@dataclass(frozen=True)
class Plan:
    """How to send: bodies in a request (0 is one, bare), connections, seconds, seed; the query strings to draw from."""

    templates: Path
    size: int
    connections: int
    seconds: float
    seed: int
    method: str = "POST"
    queries: Path | None = None


def compared(
    name: str, bar: float, rounds: int, ours: Callable[[int], Load], floor: Callable[[int], Load]
) -> list[Figure]:
    """Measure two loads in turns: requests a second, with the bar, and the p95 beside it."""
    rate = Figure(name, "/s", f">= {bar} x floor", lambda a, b: a >= bar * b)
    p95 = Figure(f"{name}, p95", "ms", "", None)

    def side(measure: Callable[[int], Load], rates: list[float], tails: list[float]) -> Callable[[int], None]:
        def turn(number: int) -> None:
            seen = measure(number)
            rates.append(seen.requests / seen.seconds)
            tails.append(seen.p95_ms)
            rate.errors += seen.errors

        return turn

    in_turns(rounds, side(ours, rate.ours, p95.ours), side(floor, rate.floor, p95.floor))
    p95.errors = rate.errors
    return [rate, p95]


def tool() -> str:
    return "wrk" if shutil.which("wrk") else "python"


def load(target: Target, plan: Plan) -> Load:
    """Send for the plan's time; every body under a fresh id, if it has one."""
    return _wrk(target, plan) if tool() == "wrk" else _python(target, plan)


def _wrk(target: Target, plan: Plan) -> Load:
    threads = min(2, plan.connections)
    headers = [part for name, value in target.headers.items() for part in ("-H", f"{name}: {value}")]
    command = [
        *(shutil.which("wrk") or "wrk", f"-t{threads}", f"-c{plan.connections}"),
        *(f"-d{max(1, round(plan.seconds))}s", "--timeout", "10s", "-s", str(SCRIPT), *headers),
        *(target.url, "--", str(plan.templates), str(plan.size), str(plan.seed)),
        *((plan.method, str(plan.queries)) if plan.queries else ()),
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=plan.seconds + GRACE)
    result = next(line for line in done.stdout.splitlines() if line.startswith("RESULT "))
    return Load(**json.loads(result.removeprefix("RESULT ")))


def _python(target: Target, plan: Plan) -> Load:
    """Slower than wrk and on the same cores: read its figures as ratios only."""
    texts = plan.templates.read_text().splitlines()
    queries = plan.queries.read_text().splitlines() if plan.queries else []
    clients = [
        _Client(target, plan, texts, queries, Random(plan.seed * 1000 + number)) for number in range(plan.connections)
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
    def __init__(self, target: Target, plan: Plan, texts: list[str], queries: list[str], pick: Random) -> None:
        self._target, self._plan, self._texts, self._queries, self._pick = target, plan, texts, queries, pick
        self.times: list[float] = []
        self.errors = 0

    def run(self, until: float) -> None:
        parts = urlsplit(self._target.url)
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=10)
        while time.perf_counter() < until:
            body = None if self._plan.method == "GET" else self._body()
            path = f"{parts.path}?{self._pick.choice(self._queries)}" if self._queries else parts.path
            start = time.perf_counter()
            connection.request(self._plan.method, path, body, dict(self._target.headers))
            answer = connection.getresponse()
            answer.read()
            self.times.append(time.perf_counter() - start)
            self.errors += not 200 <= answer.status < 300
        connection.close()

    def _body(self) -> bytes:
        chosen = self._pick.choices(self._texts, k=max(1, self._plan.size))
        fresh = [text.replace(PLACEHOLDER, str(uuid.uuid4())) for text in chosen]
        return (fresh[0] if self._plan.size == 0 else f"[{','.join(fresh)}]").encode()

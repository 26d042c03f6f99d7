"""How long reports take while statements arrive: coverage by unit, group and month, for who sees all and who does not.

`.venv/bin/python tests/bench/reports.py` fills a database with cells as 162,000 support statements over 95 units make
them, starts a real server and a real worker, posts a hundred statements a second, and asks; then the same with
1,000,000. `--small` shows that everything runs.

What is filled in are cells, put together by the very functions that the follower uses (`facts`, `keys_of`), without
statements and records behind them: reports never read those. What arrives meanwhile goes all the way.
"""

import argparse
import base64
import contextlib
import http.client
import itertools
import json
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any
from zoneinfo import ZoneInfo

from lrs.embedded import PrivateMongod, free_port
from lrs.leash import leashed
from lrs.services import data_sets
from lrs.services.audit import sealed_with
from lrs.services.auth import digest
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential
from lrs.store import Store, open_store
from lrs.store.cells import Tally
from lrs.store.credentials import Credential
from schemas.training.cells import Key, keys_of, month_of
from schemas.training.facts import facts_of
from schemas.training.terms import AGE_BANDS, BASE, GROUPS, MODES
from schemas.training.vocabulary import Vocabulary

PEPPER = "a pepper for the bench, of 32 characters or more"
KEY, SECRET = "key-of-bench", "secret-of-bench"
DATABASE = "bench_reports"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOME = "https://hoc.example.vn"
BAR_MS, BAR_GROWTH = 300, 1.5
ASKED = "by=unit,group,month"
RATE, EVERY = 100, 0.1
BUILT = 5000
LIMITS = ("LRS_REQUESTS_PER_MINUTE", "LRS_STATEMENTS_PER_MINUTE", "LRS_ADDRESS_REQUESTS_PER_MINUTE")


def statement(rnd: Random, units: list[str], months: list[str], learner: int) -> dict[str, Any]:
    """Make a support statement as a team's telephone sends it."""
    month = rnd.choice(months)
    context = {
        f"{BASE}/extensions/admin-unit": {"code": rnd.choice(units), "asOf": f"{month}-01"},
        f"{BASE}/extensions/programme": ["192/KH-UBND:2025"],
        f"{BASE}/extensions/target-group": [rnd.choice(GROUPS)],
        f"{BASE}/extensions/age-band": rnd.choice(AGE_BANDS),
        f"{BASE}/extensions/delivery-mode": rnd.choice(MODES[3:5]),
    }
    return {
        "id": str(uuid.UUID(int=rnd.getrandbits(128), version=4)),
        "actor": {"account": {"homePage": HOME, "name": f"dan-{learner}"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": f"{HOME}/ho-tro", "definition": {"type": f"{BASE}/activity-types/support-session"}},
        "context": {"extensions": context},
        "result": {"duration": "PT20M"},
        "timestamp": f"{month}-{rnd.randrange(1, 28):02}T09:00:00+07:00",
    }


def fill(store: Store, org: bytes, units: list[str], months: list[str], total: int) -> int:
    """Fill in the cells of so many statements, half as many people; return how many cells there are."""
    rnd, vocabulary = Random(7), Vocabulary()
    cells: dict[Key, Tally] = {}
    store.learners.fresh(org, total)
    for number in range(total):
        told = statement(rnd, units, months, number)
        facts = facts_of(told, vocabulary)
        assert facts is not None
        assert facts.unit is not None
        for cell in keys_of(facts, f"{facts.unit.code}@2025-07-01", month_of(facts.timestamp, ZONE)):
            tally = cells.setdefault(cell, Tally())
            tally.learners.add(rnd.randrange(1, total // 2))
            tally.statements += 1
            tally.seconds += facts.seconds or 0
    keys = list(cells)
    for begin in range(0, len(keys), BUILT):
        part = {key: cells[key] for key in keys[begin : begin + BUILT]}
        store.transact(lambda session, part=part: store.cells.read(org, part, session).write(part))
    return len(cells)


def key_of(store: Store, org: bytes, *scopes: str) -> str:
    """Make a key with these scopes; return the header that it is let in by."""
    key, secret = secrets.token_hex(8), secrets.token_hex(8)
    hashed = digest(PEPPER.encode(), key, secret)
    authority = json.dumps({"account": {"homePage": HOME, "name": key}}).encode()
    store.credentials.put(Credential(key, org, hashed, frozenset(scopes), authority))
    return f"Basic {base64.b64encode(f'{key}:{secret}'.encode()).decode()}"


@contextlib.contextmanager
def arriving(port: int, header: str, units: list[str], months: list[str]) -> Iterator[list[int]]:
    """Post a hundred statements a second; gives the statuses of the answers."""
    stop, statuses, rnd = threading.Event(), list[int](), Random()

    def post() -> None:
        headers = {"Authorization": header, "X-Experience-API-Version": "2.0.0", "Content-Type": "application/json"}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
            due = time.perf_counter()
            for turn in itertools.count():
                if stop.wait(max(0.0, due - time.perf_counter())):
                    return
                due += EVERY
                told = [statement(rnd, units, months, 10**8 + turn * RATE + each) for each in range(int(RATE * EVERY))]
                connection.request("POST", "/xapi/statements", json.dumps(told), headers)
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)

    thread = threading.Thread(target=post)
    thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        thread.join()


def asked(port: int, header: str, times: int) -> tuple[list[float], int]:
    """Ask so many times; return the milliseconds of each, and the bytes of an answer."""
    took, size = [], 0
    with contextlib.closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as connection:
        for _ in range(times):
            begin = time.perf_counter()
            connection.request("GET", f"/api/reports/coverage?{ASKED}", headers={"Authorization": header})
            answer = connection.getresponse()
            size = len(answer.read())
            assert answer.status == 200, answer.status
            took.append((time.perf_counter() - begin) * 1000)
    return took, size


@contextlib.contextmanager
def processes(uri: str) -> Iterator[int]:
    """Run a server and a worker; give the server's port."""
    port = free_port()
    settings = {
        "LRS_MONGODB_URI": uri,
        "LRS_DATABASE": DATABASE,
        "LRS_PEPPER": PEPPER,
        "LRS_LOG_LEVEL": "warning",
        "PORT": str(port),
        **dict.fromkeys(LIMITS, str(10**9)),
    }
    command = str(Path(sys.executable).with_name("lrs"))
    started = [subprocess.Popen(leashed([command, each]), env=os.environ | settings) for each in ("serve", "worker")]
    try:
        wait(port)
        yield port
    finally:
        for each in started:
            each.terminate()
        for each in started:
            each.wait(30)


def wait(port: int) -> None:
    """Wait until the server is ready."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        with contextlib.suppress(OSError), contextlib.closing(http.client.HTTPConnection("127.0.0.1", port)) as one:
            one.request("GET", "/health/ready")
            if one.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise SystemExit("the server was not ready")


def measure(total: int, months: list[str], times: int) -> dict[str, float]:
    """Measure with so many statements; return p95 by caller."""
    with tempfile.TemporaryDirectory() as folder, PrivateMongod(Path(folder), cache_gb=2.0) as mongod:
        with contextlib.closing(open_store(mongod.uri, DATABASE, seal=sealed_with(PEPPER))) as store:
            store.migrate()
            first_credential(store, PEPPER, KEY, SECRET)
            registries = RegistryService(store, str(ZONE))
            list(data_sets.load(store, registries, "dong-nai"))
            units = [unit.code for unit in registries.current().units.units if unit.valid_to is None and unit.parent]
            org = store.organisations.orgs()[0]
            begin = time.perf_counter()
            cells = fill(store, org, units, months, total)
            took = time.perf_counter() - begin
            say(f"{total:,} statements over {len(units)} units: {cells:,} cells, filled in within {took:.0f} s")
            headers = {
                "all": key_of(store, org, "records/read"),
                "figures": key_of(store, org, "reports/read"),
                "posts": key_of(store, org, "all"),
            }
        with processes(mongod.uri) as port, arriving(port, headers["posts"], units, months) as statuses:
            return {who: told(who, port, headers[who], times, statuses) for who in ("all", "figures")}


def told(who: str, port: int, header: str, times: int, statuses: list[int]) -> float:
    """Measure for one caller and say it; return the p95."""
    asked(port, header, 3)
    before, begin = len(statuses), time.perf_counter()
    took, size = asked(port, header, times)
    seconds = time.perf_counter() - begin
    rate = (len(statuses) - before) * RATE * EVERY / seconds
    p95 = statistics.quantiles(took, n=20)[-1]
    verdict = "reached" if p95 <= BAR_MS else "MISSED"
    say(
        f"  sees {who:<8} p50 {statistics.median(took):6.0f} ms  p95 {p95:6.0f} ms  bar {BAR_MS} ms {verdict}"
        f"  {size // 1024} KiB, {rate:.0f} statements/s arriving, {sum(s != 200 for s in statuses)} refused"
    )
    return p95


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Reports while statements arrive.")
    parser.add_argument("--statements", type=int, default=162_000)
    parser.add_argument("--more", type=int, default=1_000_000)
    parser.add_argument("--times", type=int, default=100, help="questions for each caller")
    parser.add_argument("--months", type=int, default=2, help="months that the statements spread over, from July 2025")
    parser.add_argument("--small", action="store_true", help="shows that everything runs")
    given = parser.parse_args()
    if given.small:
        given.statements, given.more, given.times = 10_000, 30_000, 20
    months = [f"{2025 + (6 + place) // 12}-{(6 + place) % 12 + 1:02}" for place in range(given.months)]
    say(f"{len(os.sched_getaffinity(0))} cores shared by all, load {os.getloadavg()[0]:.1f} before")
    few = measure(given.statements, months, given.times)
    many = measure(given.more, months, given.times)
    for who, p95 in few.items():
        growth = many[who] / p95
        verdict = "reached" if growth <= BAR_GROWTH else "MISSED"
        say(f"sees {who:<8} {given.more:,} statements cost {growth:.2f} x as much  bar {BAR_GROWTH} x {verdict}")


if __name__ == "__main__":
    main()

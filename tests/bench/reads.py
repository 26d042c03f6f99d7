"""Pages of 25 by each filter, beside the very same query through pymongo and an empty view."""

import http.client
import time
from collections.abc import Callable
from random import Random
from urllib.parse import urlencode, urlsplit

import statements
from figures import Figure, in_turns, percentile
from loaders import Target
from rig import Rig
from settings import Settings

PAGE = 25
P95_BAR = 3.0


def reads(rig: Rig, settings: Settings) -> list[Figure]:
    """p50 and p95 of every filter; the floor is the query's own time plus that of an empty view."""
    pick = Random(settings.seed)
    instants = rig.stored_instants(200)
    filters: dict[str, Callable[[], dict[str, str]]] = {
        "agent": lambda: {"agent": _agent(pick)},
        "activity": lambda: {"activity": statements.quiz(pick.randrange(statements.QUIZZES))},
        "verb and since": lambda: {
            "verb": statements.verb(pick.choice(tuple(statements.VERBS))),
            "since": pick.choice(instants),
        },
        "related agents": lambda: {"agent": _agent(pick), "related_agents": "true"},
        "related activities": lambda: {
            "activity": statements.course(pick.randrange(statements.COURSES)),
            "related_activities": "true",
        },
    }
    return [
        figure
        for name, draw in filters.items()
        for figure in _one_filter(rig, settings, name, [draw() for _ in range(settings.requests)])
    ]


def _agent(pick: Random) -> str:
    agent = statements.learner(pick.randrange(statements.LEARNERS))
    return statements.encode({"account": agent["account"]}).decode()


def _one_filter(rig: Rig, settings: Settings, name: str, queries: list[dict[str, str]]) -> list[Figure]:
    p50 = Figure(f"GET {name}, p50", "ms", "", None)
    p95 = Figure(f"GET {name}, p95", "ms", f"< {P95_BAR} x floor", lambda a, b: a < P95_BAR * b)
    urls = [f"{rig.statements.url}?{urlencode({**query, 'limit': PAGE})}" for query in queries]
    finds = rig.captured(urls)
    empty = [rig.empty.url] * len(urls)

    def ours(_number):
        times, bad = _timed_gets(rig.statements, urls)
        p50.ours.append(percentile(times, 0.5))
        p95.ours.append(percentile(times, 0.95))
        p50.errors += bad
        p95.errors += bad

    def floor(_number):
        database = [_timed(find) for find in finds]
        view, bad = _timed_gets(rig.empty, empty)
        p50.floor.append(percentile(database, 0.5) + percentile(view, 0.5))
        p95.floor.append(percentile(database, 0.95) + percentile(view, 0.95))
        p95.errors += bad

    in_turns(settings.rounds, ours, floor)
    p95.note = f"{sum(len(find()) for find in finds) / len(finds):.0f} documents a query"
    return [p50, p95]


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return (time.perf_counter() - start) * 1000


def _timed_gets(target: Target, urls: list[str]) -> tuple[list[float], int]:
    """Milliseconds of each GET on one kept-alive connection, and the number of bad answers."""
    parts = urlsplit(target.url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    times, bad = [], 0
    for url in urls:
        start = time.perf_counter()
        connection.request("GET", url.removeprefix(f"http://{parts.netloc}"), headers=target.headers)
        answer = connection.getresponse()
        answer.read()
        times.append((time.perf_counter() - start) * 1000)
        bad += answer.status != 200
    connection.close()
    return times, bad

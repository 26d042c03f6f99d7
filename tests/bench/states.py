"""Where learners stopped: states of 1 KB put and read back, beside a bare view that upserts or finds one by `_id`."""

import contextlib
import http.client
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from random import Random
from urllib.parse import urlencode, urlsplit

import statements
from figures import Figure
from loaders import Load, Plan, Target, compared, load
from rig import Rig
from settings import Settings

STATES = 2000
BYTES = 1000
BAR = 0.6


def states(rig: Rig, settings: Settings, folder: Path) -> list[Figure]:
    """PUT and GET of one state beside their floors; both sides hold the same states before."""
    pick = Random(settings.seed)
    queries, bodies = folder / "queries.txt", folder / "states.jsonl"
    queries.write_text("\n".join(_query(pick) for _ in range(STATES)))
    bodies.write_bytes(b"\n".join(_body(pick) for _ in range(STATES)))
    for target in (rig.states, rig.floor_states):
        _fill(target, queries.read_text().splitlines(), bodies.read_bytes().splitlines(), settings.connections)

    def side(target: Target, method: str) -> Callable[[int], Load]:
        def measure(number: int) -> Load:
            seed = settings.seed + 100 * number
            return load(target, Plan(bodies, 0, settings.connections, settings.seconds, seed, method, queries))

        return measure

    return [
        figure
        for method in ("PUT", "GET")
        for figure in compared(
            f"State {method}", BAR, settings.rounds, side(rig.states, method), side(rig.floor_states, method)
        )
    ]


def _query(pick: Random) -> str:
    agent = statements.learner(pick.randrange(statements.LEARNERS))
    return urlencode(
        {
            "activityId": statements.quiz(pick.randrange(statements.QUIZZES)),
            "agent": statements.encode({"account": agent["account"]}).decode(),
            "stateId": "resume",
        }
    )


def _body(pick: Random) -> bytes:
    """What a course player keeps: where the learner is, and a long text that only the player understands."""
    state = {"location": f"trang-{pick.randrange(60)}", "elapsed": pick.randrange(3600), "suspend": ""}
    state["suspend"] = pick.randbytes(BYTES).hex()[: BYTES - len(statements.encode(state))]
    return statements.encode(state)


def _fill(target: Target, queries: list[str], bodies: list[bytes], clients: int) -> None:
    parts = urlsplit(target.url)

    def put(share: int) -> None:
        with contextlib.closing(http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)) as connection:
            for query, body in list(zip(queries, bodies, strict=True))[share::clients]:
                connection.request("PUT", f"{parts.path}?{query}", body, dict(target.headers))
                answer = connection.getresponse()
                if answer.status != 204:
                    raise SystemExit(f"A state was answered with {answer.status}: {answer.read(500)!r}")
                answer.read()

    with ThreadPoolExecutor(clients) as pool:
        list(pool.map(put, range(clients)))

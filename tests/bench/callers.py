"""What it costs to know who is calling: everything before the view of a request, when the caller is known already."""

import base64
import time
from collections.abc import Callable

from figures import Figure, in_turns, percentile
from flask import Flask
from rig import DATABASE, KEY, PEPPER, SECRET, Rig
from settings import Settings

from lrs.app import close, create_app
from lrs.config import Config

BAR = 200.0
PATH = "/xapi/statements"


def callers(rig: Rig, settings: Settings) -> list[Figure]:
    """p99 of letting in a key and a token; the floor is the same for what is open to all."""
    most = dict.fromkeys(("requests_per_minute", "statements_per_minute", "address_requests_per_minute"), 10**9)
    app = create_app(Config(mongodb_uri=rig.uri, database=DATABASE, pepper=PEPPER, **most))
    try:
        return [_one(app, settings, name, header) for name, header in _headers(app).items()]
    finally:
        close(app)


def _headers(app: Flask) -> dict[str, str]:
    basic = "Basic " + base64.b64encode(f"{KEY}:{SECRET}".encode()).decode()
    grant = {"grant_type": "client_credentials"}
    answer = app.test_client().post("/oauth/token", data=grant, headers={"Authorization": basic})
    return {"a key": basic, "a token": f"Bearer {answer.json['access_token']}"}


def _one(app: Flask, settings: Settings, name: str, header: str) -> Figure:
    figure = Figure(f"Letting in {name}, p99", "us", f"< {BAR:.0f}", lambda ours, _: ours < BAR)
    headers = {"Authorization": header, "X-Experience-API-Version": "2.0.0"}
    times = settings.requests * 20
    _times(app, PATH, headers, times)
    in_turns(
        settings.rounds,
        lambda _: figure.ours.append(percentile(_times(app, PATH, headers, times), 0.99)),
        lambda _: figure.floor.append(percentile(_times(app, "/xapi/about", {}, times), 0.99)),
    )
    figure.note = f"the median of {times} is {percentile(_times(app, PATH, headers, times), 0.5):.0f} us"
    return figure


def _times(app: Flask, path: str, headers: dict[str, str], times: int) -> list[float]:
    """Microseconds of all that happens before the view."""
    return [_timed(app.test_request_context(path, headers=headers), app.preprocess_request) for _ in range(times)]


def _timed(context: object, call: Callable[[], object]) -> float:
    with context:
        start = time.perf_counter()
        refused = call()
        took = time.perf_counter() - start
    if refused is not None:
        raise SystemExit("The caller was not let in")
    return took * 1e6

"""What an answer says about itself was true when its statements were read, not when its headers were written."""

import contextlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from lrs.app import close, create_app
from lrs.config import Config

from .clients import HEADER, make_send
from .conftest import PEPPER, Site
from .replica_set import until

RENEWAL = 1.0  # in this time every process has learned the safe time that another knows


@pytest.fixture
def process(site: Site) -> Iterator[Callable[..., Flask]]:
    """Make the application of one more server process, inside this one."""
    with contextlib.ExitStack() as stack:

        def make(**options: Callable[[], None]) -> Flask:
            config = Config(mongodb_uri=site.uri, database=site.database, pepper=PEPPER)
            app = create_app(config, **options)
            stack.callback(close, app)
            return app

        yield make


def test_a_statement_that_commits_after_the_query_is_newer_than_consistent_through(
    site: Site, process: Callable[..., Flask]
) -> None:
    committing, stamped = threading.Event(), threading.Event()

    def hold() -> None:
        stamped.set()
        committing.wait(4)

    send = make_send(site.pick(), 0, 1)
    writer = site.speaker(process(before_commit=hold))
    posting = threading.Thread(target=writer.post, args=("/xapi/statements",), kwargs={"data": send.body})
    reading = process()
    other = site.speaker(process())
    stored: list[str] = []

    def between_query_and_answer(response: Response) -> Response:
        if not committing.is_set():
            committing.set()
            posting.join()
            stored.append(_stored(other, send.ids[0]))
            until(lambda: _through(other) >= datetime.fromisoformat(stored[0]), 10, "a safe time past the statement")
            time.sleep(RENEWAL)
        return response

    posting.start()
    assert stamped.wait(5)
    reading.after_request_funcs["xapi"].append(between_query_and_answer)  # the last one added is the first to run
    answer = site.speaker(reading).get("/xapi/statements")
    assert answer.json == {"statements": [], "more": ""}
    assert datetime.fromisoformat(answer.headers[HEADER]) < datetime.fromisoformat(stored[0])


def _stored(client: FlaskClient, statement_id: str) -> str:
    answer = client.get(f"/xapi/statements?statementId={statement_id}")
    return json.loads(answer.data)["stored"]


def _through(client: FlaskClient) -> datetime:
    return datetime.fromisoformat(client.get("/xapi/about").headers[HEADER])

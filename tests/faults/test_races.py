"""The same ids from several clients at once, and answers that never arrive: one copy, and the truth for everybody."""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from random import Random

import pytest

from .checker import assert_kept, held
from .clients import Connections, Send, make_send
from .conftest import Site

ROUNDS, AT_ONCE, BATCH = 40, 8, 10


@pytest.fixture
def numbers() -> Iterator[int]:
    return itertools.count()


class Race:
    """Clients that all start one request at the same moment."""

    def __init__(self, site: Site) -> None:
        self._connections = [site.connections(number) for number in range(AT_ONCE)]

    def run(self, bodies: list[bytes]) -> list[tuple[int, bytes]]:
        answers: list[tuple[int, bytes]] = []
        barrier = threading.Barrier(AT_ONCE)

        def post(connections: Connections, body: bytes) -> None:
            barrier.wait()
            status, _headers, answer = connections.ask("POST", "/xapi/statements", body)
            answers.append((status, answer))

        threads = [threading.Thread(target=post, args=pair) for pair in zip(self._connections, bodies, strict=True)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        return answers


def changed(send: Send, text: str) -> Send:
    """The same ids with another text in the first statement."""
    statements = json.loads(send.body)
    first = statements[0] if isinstance(statements, list) else statements
    first["result"]["response"] = text
    return Send(send.number, send.ids, json.dumps(statements).encode())


@pytest.fixture
def race(site: Site, lrs_serve: list[str]) -> Race:
    site.serve(2, lrs_serve)
    return Race(site)


@pytest.mark.parametrize("size", [1, BATCH])
def test_the_same_sent_by_eight_at_once_is_stored_once(
    site: Site, race: Race, numbers: Iterator[int], size: int
) -> None:
    pick, given = site.pick(), []
    for _ in range(ROUNDS):
        send = make_send(pick, next(numbers), size)
        answers = race.run([send.body] * AT_ONCE)
        assert [status for status, _body in answers] == [200] * AT_ONCE
        assert {tuple(json.loads(body)) for _status, body in answers} == {send.ids}
        send.stored = time.monotonic()
        given.append(send)
    assert_kept(given, held(site.uri, site.database))


@pytest.mark.parametrize("size", [1, BATCH])
def test_of_eight_that_differ_exactly_one_is_stored(site: Site, race: Race, numbers: Iterator[int], size: int) -> None:
    pick, winners = site.pick(), {}
    for _ in range(ROUNDS):
        send = make_send(pick, next(numbers), size)
        answers = race.run([changed(send, f"bản {turn}").body for turn in range(AT_ONCE)])
        assert Counter(status for status, _body in answers) == {200: 1, 409: AT_ONCE - 1}
        winners[send.ids[0]] = send
    stored = Counter(statement["id"] for statement in held(site.uri, site.database))
    assert stored == {i: 1 for send in winners.values() for i in send.ids}


def test_batches_that_overlap_end_whole_or_not_at_all(site: Site, race: Race) -> None:
    """Two contents for one id, in batches whose other ids are their own and in another order each."""
    pick = site.pick()
    for number in range(ROUNDS):
        shared = json.loads(make_send(pick, number, 1).body)
        batches = [_with_shared(pick, number * AT_ONCE + turn, shared, turn) for turn in range(AT_ONCE)]
        answers = race.run([json.dumps(batch).encode() for batch in batches])
        assert Counter(status for status, _body in answers) == {200: 1, 409: AT_ONCE - 1}
    stored = held(site.uri, site.database)
    assert len(stored) == ROUNDS * BATCH
    assert len({statement["id"] for statement in stored}) == ROUNDS * BATCH


def _with_shared(pick: Random, number: int, shared: dict, turn: int) -> list[dict]:
    own = json.loads(make_send(pick, number, BATCH - 1).body)
    batch = [*own, {**shared, "result": {"response": f"bản {turn}"}}]
    pick.shuffle(batch)
    return batch


@pytest.mark.usefixtures("race")
@pytest.mark.parametrize("size", [1, BATCH])
def test_an_answer_that_never_arrived_is_asked_for_again(site: Site, numbers: Iterator[int], size: int) -> None:
    pick, given = site.pick(), []
    again = site.connections()
    for turn in range(ROUNDS):
        send = make_send(pick, next(numbers), size)
        site.connections().send_and_hang_up("/xapi/statements", send.body, wait=turn % 4 * 0.005)
        status, _headers, answer = again.ask("POST", "/xapi/statements", send.body)
        assert (status, tuple(json.loads(answer))) == (200, send.ids)
        send.stored = time.monotonic()
        given.append(send)
    assert_kept(given, held(site.uri, site.database))

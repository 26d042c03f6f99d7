"""A reader that goes by X-Experience-API-Consistent-Through misses nothing, however late others commit."""

import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from random import Random
from urllib.parse import quote

from .checker import assert_kept, held
from .clients import HEADER, Connections, Send, make_send
from .conftest import Site

STATEMENTS, WRITERS, SERVERS = 20_000, 16, 2
LARGEST_BATCH = 10
START = "1970-01-01T00:00:00Z"
LONGEST_LAG = 3.0


class Reader:
    """Polls by `since`; believes the header, or as a control the last statement it saw."""

    def __init__(self, connections: Connections, *, believes_header: bool) -> None:
        self.seen: Counter[str] = Counter()
        self.lags: list[float] = []
        self.since = START
        self._connections = connections
        self._believes_header = believes_header
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def finish(self) -> None:
        """Read on until all that is stored now is old enough, then stop."""
        time.sleep(LONGEST_LAG)
        self._over.set()
        self._thread.join(60)

    def _run(self) -> None:
        while not self._over.is_set():
            self._poll()
        self._poll()

    def _poll(self) -> None:
        # The canonical format takes the server's time between its query and its answer: who tells the safe time
        # only then tells too much. Each request goes to another server, which may know an older one.
        path, bound = f"/xapi/statements?ascending=true&format=canonical&since={quote(self.since)}", None
        while path:
            asked = time.time()
            status, headers, body = self._connections.ask("GET", path)
            self._connections.turn()
            assert status == 200, body
            if bound is None:
                bound = headers[HEADER]
                self.lags.append(asked - instant(bound))
            page = json.loads(body)
            self._take(page["statements"], bound)
            path = page.get("more")
        if self._believes_header:
            self.since = max(self.since, bound, key=instant)

    def _take(self, statements: list[dict], bound: str) -> None:
        for statement in statements:
            if not self._believes_header:
                self.since = statement["stored"]
                self.seen[statement["id"]] += 1
            elif instant(statement["stored"]) <= instant(bound):
                self.seen[statement["id"]] += 1


def instant(text: str) -> float:
    return datetime.fromisoformat(text).timestamp()


def small_sends(pick: Random, statements: int, numbers: Iterator[int]) -> list[Send]:
    found = []
    while statements > 0:
        size = min(statements, pick.choice((1, 1, LARGEST_BATCH)))
        found.append(make_send(pick, next(numbers), size))
        statements -= size
    return found


def test_a_reader_misses_none_of_twenty_thousand_that_commit_late(
    site: Site, serve_with_hook: Callable[..., list[str]]
) -> None:
    site.serve(SERVERS, serve_with_hook("slow", site.seed))
    following = Reader(site.connections(), believes_header=True)
    naive = Reader(site.connections(1), believes_header=False)
    crowd = site.crowd(WRITERS)
    given = small_sends(site.pick(), STATEMENTS, itertools.count())
    crowd.give(given)
    crowd.finish(240)
    following.finish()
    naive.finish()

    assert crowd.outcomes().keys() <= {"200", "503"}
    assert_kept(given, held(site.uri, site.database))
    expected = {i for send in given for i in send.ids}
    assert expected - following.seen.keys() == set()
    assert [i for i, count in following.seen.items() if count > 1] == []
    assert sorted(following.lags)[int(len(following.lags) * 0.99)] <= LONGEST_LAG
    # The control: the pauses were real, and whoever goes by the last statement seen pays for it.
    missed = len(expected - naive.seen.keys())
    site.events.write("figure", missed_without_header=missed)
    site.events.write("figure", lag_median=sorted(following.lags)[len(following.lags) // 2])
    assert missed > 0

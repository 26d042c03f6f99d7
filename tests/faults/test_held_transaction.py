"""A server process dies in the middle of a transaction: its ids are free again within seconds."""

import itertools
import os
import signal
import threading
import time
from collections.abc import Callable

from .checker import assert_kept, held, snapshot, torn
from .clients import make_send
from .conftest import Site
from .replica_set import until

ROUNDS, BATCH = 3, 50
RETRY_LIMIT = 10.0


def test_a_retry_succeeds_after_a_process_died_inside_its_transaction(
    site: Site, serve_with_hook: Callable[..., list[str]]
) -> None:
    (server,) = site.serve(1, serve_with_hook("held", site.folder))
    pick, numbers = site.pick(), itertools.count()
    given, times = [], []
    for size in (BATCH, 1, BATCH)[:ROUNDS]:
        send = make_send(pick, next(numbers), size)
        given.append(send)
        _kill_inside(site, send)
        assert torn([send], snapshot(site.uri, site.database)) == []
        killed = time.monotonic()
        crowd = site.crowd(1)
        crowd.give([send])
        crowd.finish(30)
        times.append(send.stored - killed)
        assert set(send.outcomes) <= {"200", "503", "RemoteDisconnected", "ConnectionResetError"}
        server.wait_ready()
    site.events.write("figure", retry_seconds=times)
    assert_kept(given, held(site.uri, site.database))
    assert max(times) <= RETRY_LIMIT, times


def _kill_inside(site: Site, send) -> None:
    """Post, wait until the process holds its open transaction, kill it there."""
    hold = site.folder / "hold"
    hold.touch()
    connections = site.connections()
    lost: list[BaseException] = []

    def post() -> None:
        try:
            connections.ask("POST", "/xapi/statements", send.body)
        except OSError as error:
            lost.append(error)

    poster = threading.Thread(target=post)
    poster.start()
    until(lambda: any(site.folder.glob("held-*")), 10, "a transaction that waits before its commit")
    (marker,) = site.folder.glob("held-*")
    os.kill(int(marker.name.removeprefix("held-")), signal.SIGKILL)
    poster.join(30)
    marker.unlink()
    hold.unlink()
    assert len(lost) == 1, "the answer of a killed process arrived"

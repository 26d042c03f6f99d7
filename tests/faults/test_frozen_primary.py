"""The primary stops answering without dying, and comes back: no call hangs, nothing is lost."""

import itertools
import time

from .checker import assert_kept, held
from .clients import make_send
from .conftest import Site
from .replica_set import until

FROZEN, BEFORE, AFTER = 15.0, 2.0, 3.0
DEADLINE, SLACK = 10.0, 1.0
CLIENTS, BATCH = 6, 20


def test_a_frozen_primary_hangs_no_call_and_loses_nothing(site: Site, lrs_serve: list[str]) -> None:
    site.serve(1, lrs_serve)
    pick, numbers, given = site.pick(), itertools.count(), []
    crowd = site.crowd(CLIENTS)

    def load(seconds: float) -> None:
        """Keep every client busy for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            more = [make_send(pick, next(numbers), pick.choice((1, BATCH))) for _ in range(CLIENTS)]
            given.extend(more)
            crowd.give(more)
            wanted = len(given) - CLIENTS
            until(lambda wanted=wanted: len(crowd.done) >= wanted, 60, "stored statements")

    load(BEFORE)
    member = site.replica_set.get_primary()
    site.events.write("freeze primary", member=member.host)
    member.freeze()
    froze = time.monotonic()
    load(FROZEN)
    member.thaw()
    site.events.write("thaw member", member=member.host)
    load(AFTER)
    site.replica_set.wait_whole()
    crowd.finish(60)

    attempts = [attempt for send in given for attempt in send.attempts]
    first_after = min(send.stored for send in given if send.attempts[-1][0] > froze)
    site.events.write("figure", longest_call=max(took for _start, took, _outcome in attempts))
    site.events.write("figure", first_stored_after_freeze=first_after - froze)
    assert {outcome for _start, _took, outcome in attempts} <= {"200", "503"}
    assert max(took for _start, took, _outcome in attempts) <= DEADLINE + SLACK
    assert_kept(given, held(site.uri, site.database))

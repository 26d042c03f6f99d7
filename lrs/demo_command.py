"""``lrs admin demo``: something to look at."""

import argparse
import contextlib
import shlex
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from lrs import messages
from lrs.config import Config
from lrs.console import say
from lrs.services import clocks
from lrs.services.audit import sealed_with
from lrs.services.demo import ORGANISATION, Filling, Keys, load_registries, open_organisation
from lrs.services.progress import RECORDS, place_of
from lrs.services.registries import RegistryService
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from lrs.services.statements import StatementService
from lrs.services.walks import Walks
from lrs.store import Store, open_store
from schemas.demo.generator import Demo

STATEMENTS: Final = 300_000
"""How many there are unless told."""
_EVERY: Final = 5.0
_LOOK_EVERY: Final = 0.5
_STANDSTILL: Final = 15.0
"""Seconds without progress after which nobody seems to count."""
_FEWEST: Final = 10


def add_to(admin: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    parser = admin.add_parser("demo", help=demo.__doc__, description=demo.__doc__)
    parser.add_argument("--statements", type=_positive, default=STATEMENTS, metavar="N")
    parser.add_argument("--learners", type=_positive, default=20_000, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N", help="another one makes other data")
    parser.set_defaults(run=demo)


def demo(options: argparse.Namespace) -> None:
    """Fill the organisation "demo" with made-up training; running it again adds nothing."""
    config = Config.from_env().needing("mongodb_uri", "pepper")
    made = Demo(options.seed, options.learners, options.statements)
    seal = sealed_with(config.pepper)
    with contextlib.closing(open_store(config.mongodb_uri, config.database, seal=seal)) as store:
        for _ in load_registries(store, RegistryService(store, config.timezone), made):
            pass
        keys = open_organisation(store, config.pepper, config.home_page)
        began = clocks.now()
        say(
            messages.DEMO_FILLING,
            statements=options.statements,
            learners=options.learners,
            seed=options.seed,
            organisation=ORGANISATION,
        )
        with _service(store, config) as service:
            _fill(Filling.with_key(store, service, config.pepper, keys.full, made), options.statements)
        _wait_until_counted(store, keys.full.credential.org, began)
    _look(config, keys)


def _positive(text: str) -> int:
    if (number := int(text)) <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


@contextmanager
def _service(store: Store, config: Config) -> Iterator[StatementService]:
    """Give the service that stores statements; this process promises and stamps as a server does."""
    safetime = SafeTime(store.promises, linger=config.deadline)
    safetime.start()
    try:
        yield StatementService(store, safetime, Walks(config.pepper), room=Room(config.room), page=config.page)
    finally:
        safetime.stop()


def _fill(filling: Filling, statements: int) -> None:
    missing = filling.missing()
    if not missing:
        say(messages.DEMO_THERE, statements=statements)
        return
    total = sum(map(filling.size, missing))
    done, began = 0, clocks.passed()
    said = began
    for count in filling.fill(missing):
        done += count
        now = clocks.passed()
        if now - said >= _EVERY:
            said, rate = now, done / (now - began)
            left = int((total - done) / rate) + 1
            say(messages.DEMO_PROGRESS, done=done, total=total, rate=int(rate), left=left)
    say(messages.DEMO_STORED, done=done, seconds=int(clocks.passed() - began) + 1)


def _wait_until_counted(store: Store, org: bytes, began: int) -> None:
    """Wait for the worker, if there is one."""
    newest = store.statements.newest(org)
    place, moved, said = -1, clocks.passed(), clocks.passed()
    while (found := store.places.find(place_of(RECORDS, org)).place) < newest:
        now = clocks.passed()
        if found != place:
            place, moved = found, now
        elif now - moved > _STANDSTILL:
            say(messages.DEMO_UNCOUNTED)
            return
        if now - said >= _EVERY:
            said = now
            say(messages.DEMO_COUNTING, percent=int(100 * max(place - began, 0) / (newest - began)))
        time.sleep(_LOOK_EVERY)
    say(messages.DEMO_COUNTED)


def _look(config: Config, keys: Keys) -> None:
    """Say where there is something to look at."""
    root = config.public_url.rstrip("/") or f"http://{_host(config)}:{config.port}"
    key, reports = ((each.credential.key, each.secret) for each in keys)

    def curl(who: tuple[str, str], path: str) -> str:
        return f"curl -u {shlex.quote(':'.join(who))} {shlex.quote(root + path)}"

    coverage = "/api/reports/coverage?programme=57&by=unit&format=csv"
    say(
        messages.DEMO_LOOK,
        organisation=ORGANISATION,
        key=key[0],
        secret=key[1],
        reports_key=reports[0],
        reports_secret=reports[1],
        k=_FEWEST,
        coverage=curl(key, coverage),
        suppressed=curl(reports, coverage),
        records=curl(key, "/api/records?limit=10"),
    )


def _host(config: Config) -> str:
    """Return the name by which this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104 - what was asked for
    return f"[{host}]" if ":" in host else host

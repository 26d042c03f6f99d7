"""``lrs``: everything that is run from a command line."""

import argparse
import contextlib
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from lrs import (
    agreement_commands,
    audit_commands,
    credential_commands,
    demo_command,
    erasure_commands,
    key_commands,
    logs,
    member_commands,
    messages,
    organisation_commands,
    rebuild_commands,
    registry_commands,
)
from lrs.config import Config, language
from lrs.errors import LRSError
from lrs.messages import StartFailed
from lrs.services.audit import sealed_with
from lrs.store import Store, open_store

FAILED = 1
LONGEST_TRANSACTION = 5


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code. What goes wrong is said in one sentence."""
    options = _parser().parse_args(arguments)
    try:
        options.run(options)
    except StartFailed as failed:
        return _refuse(failed)
    except LRSError as error:
        return _refuse(StartFailed(messages.FAILED, reason=error.title))
    return 0


def up(options: argparse.Namespace) -> None:
    """Run everything on this machine."""
    if sys.platform != "linux":
        raise StartFailed(messages.LINUX_ONLY)
    from lrs.up import Up  # noqa: PLC0415 - every other command starts faster without it

    # What is printed at the start must not drown in a line a request.
    Up(Config.from_env(log_level="warning"), language(), demo=options.demo).run()


def serve() -> None:
    """Serve HTTP."""
    from lrs.serving import Server  # noqa: PLC0415 - every other command starts faster without it

    Server(Config.from_env().needing("mongodb_uri", "pepper")).run()


def worker() -> None:
    """Follow the feed."""
    from lrs.followers.worker import run_worker  # noqa: PLC0415 - every other command starts faster without it

    config = Config.from_env().needing("mongodb_uri")
    logs.configure(config.log_level)
    run_worker(config, _stop_asked())


def migrate() -> None:
    """Create collections and indexes."""
    with _store() as (store, config):
        store.migrate()
        _say(messages.MIGRATED.say(language(), database=config.database))


def credential() -> None:
    """Make the first organisation and its credential."""
    from lrs.up import provision  # noqa: PLC0415 - every other command starts faster without it

    with _store("pepper") as (store, config):
        made = provision(store, config)
        _say(messages.CREDENTIAL.say(language(), key=made.key, secret=made.secret))


def check() -> None:
    """Say whether the database is reached and complete."""
    with _store() as (store, config):
        store.verify()
        _say(messages.MIGRATED.say(language(), database=config.database))
        seconds = store.transaction_lifetime()
        if seconds is not None and seconds > LONGEST_TRANSACTION:
            _say(messages.LONG_TRANSACTIONS.say(language(), seconds=seconds))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="lrs", description="Sổ Học, a learning record store")
    commands = parser.add_subparsers(required=True, metavar="command")
    starting = commands.add_parser("up", help=up.__doc__, description=up.__doc__)
    starting.add_argument(
        "--demo",
        nargs="?",
        type=int,
        const=demo_command.STATEMENTS,
        default=0,
        metavar="N",
        help="store made-up training to look at: so many statements",
    )
    starting.set_defaults(run=up)
    _add(commands, "serve", serve)
    _add(commands, "worker", worker)
    admin = commands.add_parser("admin", help="Look after the database.").add_subparsers(required=True)
    _add(admin, "migrate", migrate)
    _add(admin, "credential", credential)
    _add(admin, "check", check)
    for group in (organisation_commands, credential_commands, member_commands, agreement_commands):
        group.add_to(admin)
    audit_commands.add_to(admin)
    key_commands.add_to(admin)
    registry_commands.add_to(admin)
    rebuild_commands.add_to(admin)
    erasure_commands.add_to(admin)
    demo_command.add_to(admin)
    return parser


def _add(commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, run: Callable[[], None]) -> None:
    commands.add_parser(name, help=run.__doc__, description=run.__doc__).set_defaults(run=lambda _: run())


@contextmanager
def _store(*needed: str) -> Iterator[tuple[Store, Config]]:
    config = Config.from_env().needing("mongodb_uri", *needed)
    seal = sealed_with(config.pepper) if config.pepper else None
    with contextlib.closing(open_store(config.mongodb_uri, config.database, seal=seal)) as store:
        yield store, config


def _stop_asked() -> threading.Event:
    """Return an event that SIGINT and SIGTERM set."""
    stop = threading.Event()
    signals = {signal.SIGINT, signal.SIGTERM}
    # A handler that sets an event can deadlock with a main thread that waits for it; a thread of its own cannot.
    signal.pthread_sigmask(signal.SIG_BLOCK, signals)

    def wait() -> None:
        signal.sigwait(signals)
        stop.set()

    threading.Thread(target=wait, name="signals", daemon=True).start()
    return stop


def _say(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what the command is for


def _refuse(failed: StartFailed) -> int:
    print(failed.say(language()), file=sys.stderr, flush=True)  # noqa: T201 - this is what the command is for
    return FAILED


if __name__ == "__main__":
    sys.exit(main())

"""``lrs admin erasures`` and ``retention``: what was erased, again after a restore, and what goes for its age."""

import argparse
import contextlib
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from lrs import messages
from lrs.config import Config
from lrs.console import organisations_of, say
from lrs.messages import StartFailed, Value
from lrs.services import clocks
from lrs.services.audit import sealed_with
from lrs.services.registries import RegistryService
from lrs.store import Store, open_store
from schemas.xapi.timestamps import iso

_DEADLINE: Final = 60.0
_EVERY: Final = 2.0


def add_to(admin: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    commands = admin.add_parser("erasures", help="Look after the journal of erasures.").add_subparsers(
        required=True, metavar="command"
    )
    listing = commands.add_parser("list", help=list_.__doc__, description=list_.__doc__)
    exporting = commands.add_parser("export", help=export.__doc__, description=export.__doc__)
    replaying = commands.add_parser("replay", help=replay.__doc__, description=replay.__doc__)
    for each, run in ((listing, list_), (exporting, export), (replaying, replay)):
        each.add_argument("--organisation", metavar="ID", help="only this organisation, by its public id")
        each.set_defaults(run=run)
    for each in (exporting, replaying):
        each.add_argument("file", metavar="FILE", type=Path)
    kept = admin.add_parser("retention", help="Look at what is kept for how long.").add_subparsers(
        required=True, metavar="command"
    )
    showing = kept.add_parser("show", help=show.__doc__, description=show.__doc__)
    showing.add_argument("--organisation", metavar="ID", help="only this organisation, by its public id")
    showing.set_defaults(run=show)


def list_(options: argparse.Namespace) -> None:
    """List what was erased: the request, when, and how much of what."""
    with _opened() as (store, _):
        for each in organisations_of(store, options.organisation):
            for erasure in sorted(store.erasures.all(each.org), key=lambda found: found.begun):
                counts = ", ".join(f"{kind} {count}" for kind, count in sorted(erasure.counts.items()))
                state = messages.ERASURE_DONE if erasure.done is not None else messages.ERASURE_RUNNING
                said: dict[str, Value] = {"organisation": each.id, "request": erasure.request}
                say(state, **said, begun=iso(erasure.begun), counts=counts or "-")


def export(options: argparse.Namespace) -> None:
    """Append to a file what it lacks of the journal: keyed hashes, ids of statements, times; it names nobody."""
    from lrs.services.erasing.files import JournalFile  # noqa: PLC0415 - every other command starts faster without it

    with _opened() as (store, _):
        only = organisations_of(store, options.organisation)[0].org if options.organisation else None
        count = JournalFile(store.erasures, options.file).write(only)
        say(messages.ERASURES_EXPORTED, count=count, file=options.file)


def replay(options: argparse.Namespace) -> None:
    """Erase again, in a database that was restored, what was erased since its backup; needs the same LRS_PEPPER."""
    from lrs.services.erasing import Erasing  # noqa: PLC0415 - every other command starts faster without them
    from lrs.services.erasing.files import Line, lines_in  # noqa: PLC0415 - as above
    from lrs.services.erasing.replaying import Replay  # noqa: PLC0415 - as above
    from lrs.services.folding import folding_of  # noqa: PLC0415 - as above

    if not options.file.is_file():
        raise StartFailed(messages.ERASURES_NO_FILE, file=options.file)
    with _opened() as (store, config):
        lines: defaultdict[bytes, list[Line]] = defaultdict(list)
        unread = 0
        for line in lines_in(options.file):
            if line is None:
                unread += 1
            else:
                lines[line.org].append(line)
        if unread:
            say(messages.ERASURES_TORN, count=unread, file=options.file)
        folding = folding_of(store, RegistryService(store, config.timezone), config.timezone)
        erasing = Erasing(store, folding, config.pepper)
        for each in organisations_of(store, options.organisation):
            told = _Told(each.id)
            done = Replay(store, erasing, config.pepper, told, folding.basis).run(each.org, lines.get(each.org, []))
            said: dict[str, Value] = {"organisation": each.id, **done._asdict()}
            say(messages.ERASURES_REPLAYED, **said)


def show(options: argparse.Namespace) -> None:
    """Show how long things are kept, and how much of them the worker would remove now; nothing is removed."""
    from lrs.services.folding import folding_of  # noqa: PLC0415 - every other command starts faster without them
    from lrs.services.retention import Retention  # noqa: PLC0415 - as above

    with _opened() as (store, config):
        folding = folding_of(store, RegistryService(store, config.timezone), config.timezone)
        retention = Retention(store, folding, config.timezone)
        for each in organisations_of(store, options.organisation):
            due = list(retention.due(each.org))
            if not due:
                say(messages.RETENTION_NONE, organisation=each.id)
            for kind, months, before, old in due:
                said: dict[str, Value] = {"organisation": each.id, "kind": kind, "months": months, "old": old}
                say(messages.RETENTION_DUE, **said, before=before.isoformat(timespec="minutes"))


@contextmanager
def _opened() -> Iterator[tuple[Store, Config]]:
    config = Config.from_env().needing("mongodb_uri", "pepper")
    deadline, seal = max(config.deadline, _DEADLINE), sealed_with(config.pepper)
    opened = open_store(config.mongodb_uri, config.database, deadline=deadline, connections=4, seal=seal)
    with contextlib.closing(opened) as store:
        yield store, config


class _Told:
    """Says now and then how many statements were looked at."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said = clocks.passed()

    def __call__(self, count: int) -> None:
        if clocks.passed() - self._said > _EVERY:
            self._said = clocks.passed()
            say(messages.ERASURES_LOOKED, organisation=self._name, count=count)

"""``lrs admin rebuild``: what is derived from statements, made anew."""

import argparse
import contextlib
from typing import Final

from lrs import messages
from lrs.config import Config
from lrs.console import organisations_of, say
from lrs.messages import Text, Value
from lrs.services import clocks
from lrs.store import open_store

_EVERY: Final = 2.0
"""Seconds between two lines."""
_DEADLINE: Final = 60.0


def add_to(admin: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    rebuilding = admin.add_parser("rebuild", help=rebuild.__doc__, description=rebuild.__doc__)
    rebuilding.add_argument("what", choices=["records"])
    rebuilding.add_argument("--organisation", metavar="ID", help="its public id; all of them without")
    rebuilding.set_defaults(run=rebuild)


def rebuild(options: argparse.Namespace) -> None:
    """Make training records and figures anew from all statements, beside running servers and workers."""
    from lrs.followers.rebuilding import Rebuild  # noqa: PLC0415 - every other command starts faster without it

    config = Config.from_env().needing("mongodb_uri")
    opened = open_store(config.mongodb_uri, config.database, deadline=max(config.deadline, _DEADLINE), connections=4)
    with contextlib.closing(opened) as store:
        for each in organisations_of(store, options.organisation):
            told = _Told(each.id)
            count = Rebuild(store, config.timezone, told).run(each.org)
            told.say(messages.REBUILT, count=count, seconds=round(told.seconds))


class _Told:
    """Says now and then how it goes."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = clocks.passed()
        self._folding = self._began
        self._said: tuple[float, Text | None] = (float("-inf"), None)

    @property
    def seconds(self) -> float:
        """How long it has taken so far."""
        return clocks.passed() - self._began

    def waiting(self) -> None:
        self._sometimes(messages.REBUILD_WAITS)

    def clearing(self) -> None:
        self._sometimes(messages.REBUILD_CLEARS)

    def folded(self, count: int, total: int) -> None:
        if not count:
            self._folding = clocks.passed()
            return
        rate = count / max(clocks.passed() - self._folding, 0.001)
        left = round(max(total - count, 0) / rate)
        self._sometimes(messages.REBUILD_FOLDS, count=count, total=total, rate=round(rate), left=left)

    def _sometimes(self, text: Text, **values: Value) -> None:
        said, last = self._said
        if text is not last or clocks.passed() - said >= _EVERY:
            self._said = clocks.passed(), text
            self.say(text, **values)

    def say(self, text: Text, **values: Value) -> None:
        """Say something about this organisation."""
        say(text, organisation=self._name, **values)

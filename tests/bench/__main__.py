"""Measure the server and print every figure beside its floor; see README.md here for how they are made."""

import json
import os
import platform
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from random import Random

import statements
from callers import callers
from figures import HEADING, Figure
from folds import fold, lag
from loaders import tool
from posts import post_batch, post_one
from reads import reads
from rig import Rig, processes, running
from settings import Settings, read
from states import states
from walk import walk

TEMPLATES = 2000


def main() -> None:
    """Run what the command line asks for."""
    settings = read()
    about = _about(settings)
    for name, value in about.items():
        _say(f"{name}: {value}")
    start = time.monotonic()
    with running(settings) as rig, tempfile.TemporaryDirectory() as folder:
        templates = Path(folder, "templates.jsonl")
        templates.write_bytes(b"\n".join(statements.templates(Random(settings.seed), TEMPLATES)))
        _say(HEADING)
        figures = [figure for part in _parts(rig, settings, templates) for figure in _measured(part)]
    _say(f"{time.monotonic() - start:.0f} s in all")
    if settings.json:
        found = {**about, "figures": [figure.as_json() for figure in figures]}
        settings.json.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n")


def _parts(rig: Rig, settings: Settings, templates: Path) -> list[Callable[[], list[Figure]]]:
    # Reading comes first, while the collection is as it was preloaded.
    parts = {
        "walk": lambda: walk(rig, settings),
        "reads": lambda: reads(rig, settings),
        "callers": lambda: callers(rig, settings),
        "fold": lambda: fold(rig, settings),
        "post-one": lambda: post_one(rig, settings, templates),
        "post-batch": lambda: post_batch(rig, settings, templates),
        "states": lambda: states(rig, settings, templates.parent),
        "lag": lambda: lag(rig, settings, templates),
    }
    return [part for name, part in parts.items() if name in settings.only]


def _measured(part: Callable[[], list[Figure]]) -> list[Figure]:
    figures = part()
    for figure in figures:
        _say(figure.line())
    return figures


def _about(settings: Settings) -> dict[str, str]:
    cores = len(os.sched_getaffinity(0))
    load = os.getloadavg()[0]
    return {
        "machine": f"{platform.machine()}, {cores} cores shared by mongod, servers and clients, load {load:.1f} before",
        "software": f"Python {platform.python_version()}, pymongo {version('pymongo')}, gunicorn {version('gunicorn')}",
        "servers": f"{processes(settings)} processes x {settings.threads} threads each",
        "loader": f"{tool()}, {settings.connections} connections, {settings.seconds:g} s x {settings.rounds} rounds",
        "data": f"{settings.preload:,} statements preloaded, seed {settings.seed}",
    }


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()

"""What one run of the harness is asked to do."""

import argparse
from dataclasses import dataclass, fields
from pathlib import Path

PARTS = ("post-one", "post-batch", "states", "walk", "reads", "callers", "fold", "lag")


@dataclass(frozen=True)
class Settings:
    """The options of the command line."""

    only: tuple[str, ...]
    uri: str
    preload: int
    rounds: int
    seconds: float
    connections: int
    requests: int
    fold: int
    processes: int
    threads: int
    seed: int
    json: Path | None


def read(arguments: list[str] | None = None) -> Settings:
    """Read the command line; `--quick` is a smoke run whose figures mean little."""
    parser = argparse.ArgumentParser(description="Speeds beside their floors, measured in turns.")
    add = parser.add_argument
    add("--only", nargs="+", choices=PARTS, default=PARTS, help="parts to run")
    add("--uri", default="", help="MongoDB replica set to use; a private one is started when absent")
    add("--preload", type=int, default=100_000, help="statements stored before anything is measured")
    add("--rounds", type=int, default=3, help="turns of each figure and its floor")
    add("--seconds", type=float, default=4.0, help="length of one turn of a load")
    add("--connections", type=int, default=16, help="clients of a load at once")
    add("--requests", type=int, default=200, help="requests a filter and turn")
    add("--fold", type=int, default=60_000, help="statements that the follower of training records catches up")
    add("--processes", type=int, default=0, help="server processes, 0 is one a core")
    add("--threads", type=int, default=16, help="threads a server process")
    add("--seed", type=int, default=7, help="seed of every random choice")
    add("--json", type=Path, default=None, help="also write the figures to this file")
    add("--quick", action="store_true", help="small and short: shows that everything runs")
    given = parser.parse_args(arguments)
    if given.quick:
        given.preload, given.rounds, given.seconds, given.requests = 5_000, 1, 1.0, 30
        given.fold = 2_000
    values = {field.name: getattr(given, field.name) for field in fields(Settings)}
    return Settings(**{**values, "only": tuple(given.only)})

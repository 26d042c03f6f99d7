"""A server whose commits really wait: `python hooks.py slow SEED` or `python hooks.py held FOLDER`, settings as ever.

It is `lrs serve` but for a callable that sleeps between a write's stamp and its commit.
"""

import os
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

from lrs.app import create_app
from lrs.config import Config
from lrs.logs import RequestIds
from lrs.serving import Server

OFTEN, SOMETIMES = 0.10, 0.005
SHORT, LONG = 0.15, 1.0


def slow(seed: str) -> Callable[[], None]:
    """Every tenth commit waits up to 150 ms, a few in a thousand up to a second."""
    pick, lock = Random(f"{seed} {os.getpid()}"), threading.Lock()

    def pause() -> None:
        with lock:
            lot, share = pick.random(), pick.random()
        if lot < SOMETIMES:
            time.sleep(share * LONG)
        elif lot < OFTEN:
            time.sleep(share * SHORT)

    return pause


def held(folder: str) -> Callable[[], None]:
    """While the file `hold` is in the folder, commits wait, each process leaving its pid as a file's name."""
    place = Path(folder)

    def hold() -> None:
        if (place / "hold").exists():
            (place / f"held-{os.getpid()}").touch()
            while (place / "hold").exists():
                time.sleep(0.01)

    return hold


class HookedServer(Server):
    """Exactly the gunicorn of `lrs serve`; each worker makes a hook of its own."""

    def load(self) -> Callable[..., Any]:
        name, argument = sys.argv[1:]
        hook = {"slow": slow, "held": held}[name](argument)
        return RequestIds(create_app(Config.from_env(), before_commit=hook))


if __name__ == "__main__":
    HookedServer(Config.from_env()).run()

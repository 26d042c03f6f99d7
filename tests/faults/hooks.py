"""Application factories for gunicorn whose commits really wait: they pass a callable that sleeps before the commit."""

import os
import threading
import time
from pathlib import Path
from random import Random

from flask import Flask

from lrs.app import create_app

OFTEN, SOMETIMES = 0.10, 0.005
SHORT, LONG = 0.15, 1.0


def slow_commits(seed: int) -> Flask:
    """Every tenth commit waits up to 150 ms, a few in a thousand up to a second."""
    pick, lock = Random(f"{seed} {os.getpid()}"), threading.Lock()

    def pause() -> None:
        with lock:
            lot, share = pick.random(), pick.random()
        if lot < SOMETIMES:
            time.sleep(share * LONG)
        elif lot < OFTEN:
            time.sleep(share * SHORT)

    return create_app(before_commit=pause)


def held_commits(folder: str) -> Flask:
    """While the file `hold` is in the folder, commits wait, each process leaving its pid as a file's name."""
    place = Path(folder)

    def hold() -> None:
        if (place / "hold").exists():
            (place / f"held-{os.getpid()}").touch()
            while (place / "hold").exists():
                time.sleep(0.01)

    return create_app(before_commit=hold)

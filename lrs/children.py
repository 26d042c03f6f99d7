"""Processes that end with this one, and that are stopped with all they have started."""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Protocol, Self

from lrs.leash import leashed

KILLED_SECONDS = 5.0


class Watched(Protocol):
    """A process of ours whose end matters."""

    @property
    def pid(self) -> int:
        """The process id."""

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""


class Child:
    """A command that runs inside a ``with`` block, in a session of its own: Ctrl-C reaches its owner only."""

    def __init__(self, command: Sequence[str], environment: dict[str, str], *, patience: float) -> None:
        self.patience = patience
        self._process = subprocess.Popen(  # noqa: S603 - our own arguments
            leashed(command), env=environment, stdin=subprocess.DEVNULL, start_new_session=True
        )

    @property
    def pid(self) -> int:
        """The process id, also that of its session."""
        return self._process.pid

    def poll(self) -> int | None:
        """Return how it ended, None while it runs."""
        return self._process.poll()

    def __enter__(self) -> Self:
        """Return this child."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Ask the child to end, or what it left behind; after ``patience`` seconds, end it all."""
        if self.poll() is None:
            self._process.terminate()
        else:
            self._signal(signal.SIGTERM)
        if not self._gone(self.patience):
            self._signal(signal.SIGKILL)
            self._gone(KILLED_SECONDS)

    def _gone(self, seconds: float) -> bool:
        """Wait until the child and all it started have ended; return whether they have."""
        until = time.monotonic() + seconds
        while self.poll() is None or self._signal(0):
            if time.monotonic() > until:
                return False
            self._reap()
            time.sleep(0.02)
        return True

    def _signal(self, number: int) -> bool:
        """Send a signal to everything in the child's session; return whether there is anything."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)
            return True
        return False

    def _reap(self) -> None:
        """Bury the orphans of a child that has ended: they came to us."""
        with contextlib.suppress(ChildProcessError):
            if self.poll() is not None:
                os.waitpid(-self.pid, os.WNOHANG)

"""Run a command that ends when whoever started it ends, however that happens, ``kill -9`` included.

Used as a program, so that nothing runs between fork and exec in a process that may have threads:

    python -I lrs/leash.py TERM 4711 command argument ...

becomes ``command``, which gets SIGTERM as soon as the **thread** of process 4711 that started it is
gone. Start leashed commands from a thread that lives as long as its process.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Sequence

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36


def leash(name: str, parent: int) -> None:
    """Have this process get the signal ``name`` when its parent ends; end now if it has."""
    _prctl(PR_SET_PDEATHSIG, signal.Signals[f"SIG{name}"])
    # The parent may have died before the call above; then no signal will ever come.
    if os.getppid() != parent:
        sys.exit(f"the parent process {parent} is gone")


def adopt_orphans() -> None:
    """Become the parent of what children of this process leave behind when they end."""
    _prctl(PR_SET_CHILD_SUBREAPER, 1)


def leashed(command: Sequence[str], name: str = "TERM") -> list[str]:
    """Return ``command`` as it must be started by this process to end with it."""
    return [sys.executable, "-I", __file__, name, str(os.getpid()), *command]


def _prctl(option: int, value: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(option, value, 0, 0, 0):
        raise OSError(ctypes.get_errno(), f"prctl({option}) was refused")


def main(arguments: Sequence[str]) -> None:
    """Put the leash on, then become the command."""
    name, parent, *command = arguments
    leash(name, int(parent))
    os.execvp(command[0], command)  # noqa: S606 - becoming the command is the purpose


if __name__ == "__main__":
    main(sys.argv[1:])

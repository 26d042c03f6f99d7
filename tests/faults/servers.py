"""Real servers as operators run them, each a gunicorn with worker processes, killed by pid."""

import contextlib
import os
import signal
import socket
import subprocess
import urllib.request
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random

from lrs.embedded import free_port
from lrs.leash import leashed

from .replica_set import until


class Server:
    """One gunicorn. `start` must be called from a thread that lives as long as the tests."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], log: Path) -> None:
        self.port = free_port()
        self._command = command
        self._environment = {**environment, "PORT": str(self.port)}
        self._log = log
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                leashed(self._command, "TERM"),
                env=os.environ | self._environment,
                stdout=log,
                stderr=log,
            )

    def wait_ready(self, seconds: float = 30) -> None:
        until(self._ready, seconds, f"a ready server (its log is {self._log})")

    def workers(self) -> list[int]:
        """The pids of the worker processes."""
        pid = self._process.pid
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]

    def kill_worker(self, pick: Random) -> int:
        """Kill -9 one worker process; the master starts another."""
        pid = pick.choice(self.workers())
        os.kill(pid, signal.SIGKILL)
        return pid

    def kill_master(self) -> int:
        """Kill -9 the master; its workers are to end by themselves, else the port stays taken."""
        pid = self._process.pid
        self._process.kill()
        self._process.wait()
        until(self._port_is_free, 10, "the end of the workers whose master was killed")
        return pid

    def stop(self) -> None:
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _ready(self) -> bool:
        assert self._process.poll() is None, f"the server ended; its log is {self._log}"
        with contextlib.suppress(OSError):
            url = f"http://127.0.0.1:{self.port}/health/ready"
            with urllib.request.urlopen(url, timeout=5) as answer:
                return answer.status == 200
        return False

    def _port_is_free(self) -> bool:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", self.port))
            except OSError:
                return False
        return True


def stop_all(servers: Sequence[Server]) -> None:
    """Stop several at once, which takes as long as the slowest."""
    for server in servers:
        with contextlib.suppress(ProcessLookupError, AttributeError):
            server._process.terminate()
    for server in servers:
        server.stop()

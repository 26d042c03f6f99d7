"""Three real mongods on the loopback that can be killed, frozen and brought back, each by its pid."""

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self

from pymongo import MongoClient
from pymongo.errors import PyMongoError

from lrs.embedded import find_mongod, free_port
from lrs.leash import leashed

NAME = "faults"
MEMBERS = 3
# One site on one network, as deploy/ sets it: a new primary about two seconds after the old one is gone.
SETTINGS = {
    "electionTimeoutMillis": 2000,
    "heartbeatIntervalMillis": 400,
    "catchUpTimeoutMillis": 2000,
}
ARGUMENTS = (
    *("--replSet", NAME, "--bind_ip", "127.0.0.1", "--nounixsocket", "--noscripting", "--quiet"),
    *("--networkMessageCompressors", "disabled", "--wiredTigerCacheSizeGB", "0.25"),
    *("--oplogSize", "256"),
    *("--setParameter", "oplogNetworkTimeoutBufferSeconds=1"),
    *("--setParameter", "transactionLifetimeLimitSeconds=5"),
    *("--setParameter", "diagnosticDataCollectionEnabled=false"),
)


def until(holds: Callable[[], bool], seconds: float, what: str) -> None:
    """Wait until `holds()`; AssertionError naming `what` when it does not in time."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"{what} not within {seconds} s"
        time.sleep(0.05)


class Member:
    """One mongod. `start` must be called from a thread that lives as long as the tests."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.host = f"127.0.0.1:{self.port}"
        self._folder = folder
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        place = ("--port", str(self.port), "--dbpath", str(self._folder))
        log = ("--logpath", str(self._folder / "mongod.log"), "--logappend")
        self._process = subprocess.Popen(
            leashed([str(find_mongod()), *place, *log, *ARGUMENTS], "KILL"),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def freeze(self) -> None:
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        os.kill(self._process.pid, signal.SIGCONT)

    def revive(self) -> None:
        """Whatever was done to it: running again."""
        if self._process is None:
            self.start()
        else:
            self.thaw()

    def client(self, patience: float = 2) -> MongoClient:
        return MongoClient(
            f"mongodb://{self.host}/?directConnection=true",
            serverSelectionTimeoutMS=500,
            connectTimeoutMS=500,
            socketTimeoutMS=int(patience * 1000),
        )

    def state(self) -> str:
        """The member's own word for its state, or "DOWN"."""
        try:
            with self.client() as client:
                hello = client.admin.command("hello")
        except PyMongoError:
            return "DOWN"
        if hello.get("isWritablePrimary"):
            return "PRIMARY"
        return "SECONDARY" if hello.get("secondary") else "OTHER"


class ReplicaSet:
    """The set as a whole, running inside a `with` block."""

    def __init__(self, folder: Path) -> None:
        self.members = [Member(folder / f"member{number}") for number in range(MEMBERS)]
        hosts = ",".join(member.host for member in self.members)
        self.uri = f"mongodb://{hosts}/?replicaSet={NAME}"

    def __enter__(self) -> Self:
        try:
            self._form()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_error: object) -> None:
        for member in self.members:
            member.kill()

    def _form(self) -> None:
        for member in self.members:
            member.start()
        for member in self.members:
            until(lambda member=member: member.state() != "DOWN", 60, "a mongod that listens")
        with self.members[0].client(patience=30) as client:
            members = [{"_id": n, "host": m.host} for n, m in enumerate(self.members)]
            client.admin.command("replSetInitiate", {"_id": NAME, "members": members, "settings": SETTINGS})
        self.wait_whole(60)

    def primary(self) -> Member | None:
        """The writable member, if there is one now; a frozen one does not answer."""
        return next((m for m in self.members if m.state() == "PRIMARY"), None)

    def get_primary(self) -> Member:
        until(lambda: self.primary() is not None, 20, "a primary")
        return self.primary() or self.get_primary()

    def wait_whole(self, seconds: float = 30) -> None:
        """Wait until every member is back and follows one primary."""

        def whole() -> bool:
            states = sorted(member.state() for member in self.members)
            return states == ["PRIMARY", *["SECONDARY"] * (MEMBERS - 1)]

        until(whole, seconds, "a whole replica set")

    def restore(self) -> None:
        """Thaw and start whatever a test left frozen or dead."""
        for member in self.members:
            member.revive()
        self.wait_whole(60)

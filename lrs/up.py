"""``lrs up``: everything on one machine, with nothing to install beside it.

It looks after three processes: a private mongod, the worker and the server. They end with this one, however it ends;
and when one of them ends by itself, the others are stopped.
"""

import contextlib
import errno
import http.client
import json
import shlex
import signal
import socket
import sys
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from types import FrameType
from typing import NoReturn

from lrs import folder, messages
from lrs.children import Child, Watched
from lrs.config import Config, as_environment
from lrs.embedded import PrivateMongod
from lrs.leash import adopt_orphans
from lrs.messages import StartFailed, Text, Value
from lrs.services.audit import sealed_with
from lrs.services.setup import FirstCredential, first_credential
from lrs.store import Store, open_store

PATIENCE = 3.0
READY_SECONDS = 60.0
EVERY = 0.1
MARGIN = 5
HURRIED_SECONDS = 2.0
CACHE_GB = 1.0
STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def provision(store: Store, config: Config) -> FirstCredential:
    """Make the first organisation and its credential as the settings say; see ``first_credential``."""
    return first_credential(
        store,
        config.pepper,
        config.key,
        config.secret,
        home_page=config.home_page,
        origins=config.origins,
        leniency=config.leniency,
    )


class Stop(BaseException):
    """Somebody asked to stop. Not an Exception: nothing on the way may swallow it."""


class Up:
    """One run of everything; ``demo`` is how many statements of the demonstration data set there are to be."""

    def __init__(self, config: Config, language: str, *, demo: int = 0) -> None:
        self._config = config
        self._language = language
        self._demo = demo
        self._watched: list[tuple[Text, Watched]] = []
        self._children: list[Child] = []

    def run(self) -> None:
        """Run until a signal to stop; raise StartFailed when something does not start, or ends by itself."""
        adopt_orphans()
        with ExitStack() as stack:
            try:
                with _stopping():
                    self._start(stack)
                    self._watch()
            except Stop:
                self._say(messages.STOPPING)
        self._say(messages.STOPPED, folder=self._config.data.resolve())

    def _start(self, stack: ExitStack) -> None:
        config = self._config
        stack.enter_context(folder.taken(config.data))
        _check_port(config)
        config = self._config = _anchored(folder.with_secrets(config))
        if not config.mongodb_uri:
            config = self._config = self._with_mongod(stack)
        seal = sealed_with(config.pepper)
        with contextlib.closing(open_store(config.mongodb_uri, config.database, seal=seal)) as store:
            store.migrate()
            provision(store, config)
        self._say(messages.STARTING_SERVER)
        self._child(stack, messages.THE_WORKER, "worker")
        self._child(stack, messages.THE_SERVER, "serve")
        self._wait_until_ready()
        self._welcome()

    def _with_mongod(self, stack: ExitStack) -> Config:
        """Start the private mongod; return the settings that lead to it."""
        data = self._config.data / "db"
        self._say(messages.STARTING_DATABASE, folder=data.resolve())
        mongod = stack.enter_context(PrivateMongod(data, cache_gb=CACHE_GB))
        self._watched.append((messages.MONGOD, mongod))
        return replace(self._config, mongodb_uri=mongod.uri, room=self._config.room or data)

    def _child(self, stack: ExitStack, name: Text, command: str) -> None:
        child = stack.enter_context(self._run(command))
        self._watched.append((name, child))
        self._children.append(child)

    def _run(self, *arguments: str) -> Child:
        whole = [sys.executable, "-m", "lrs.cli", *arguments]
        return Child(whole, as_environment(self._config), patience=self._config.graceful + MARGIN)

    def _watch(self) -> NoReturn:
        if self._demo:
            self._fill()
        while True:
            self._check_children()
            time.sleep(EVERY)

    def _fill(self) -> None:
        """Let the demonstration data be stored; that it fails is said, and ends nothing."""
        with self._run("admin", "demo", "--statements", str(self._demo)) as child:
            while (code := child.poll()) is None:
                self._check_children()
                time.sleep(EVERY)
        if code:
            self._say(messages.DEMO_FAILED)

    def _check_children(self) -> None:
        for name, child in self._watched:
            code = child.poll()
            if code is not None:
                how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
                self._hurry()
                raise StartFailed(messages.DIED, name=name.say(self._language), pid=child.pid, how=how)

    def _hurry(self) -> None:
        """Do not wait for requests in flight: without the part that has ended they come to nothing."""
        for child in self._children:
            child.patience = HURRIED_SECONDS

    def _wait_until_ready(self) -> None:
        until = time.monotonic() + READY_SECONDS
        while not _ready(self._config):
            self._check_children()
            if time.monotonic() > until:
                raise StartFailed(messages.NOT_READY, seconds=int(READY_SECONDS))
            time.sleep(EVERY)

    def _welcome(self) -> None:
        config = self._config
        endpoint = f"{config.public_url.rstrip('/') or 'http://' + _address(config)}/xapi"
        post, read = _curls(endpoint, config.key, config.secret)
        self._say(messages.READY, endpoint=endpoint, key=config.key, secret=config.secret, post=post, read=read)

    def _say(self, text: Text, **values: Value) -> None:
        print(text.say(self._language, **values), flush=True)  # noqa: T201 - this is what the command is for


def _anchored(config: Config) -> Config:
    """Return the settings with files for the heads of the audit and for erasures: beside the database, not inside."""
    folder = config.data.resolve()
    return replace(
        config,
        audit_anchors=config.audit_anchors or folder / "audit-anchors.jsonl",
        erasures=config.erasures or folder / "erasures.jsonl",
    )


@contextlib.contextmanager
def _stopping() -> Iterator[None]:
    """Let signals end the block by Stop; once it has ended they do nothing: stopping is under way."""

    def stop(_number: int, _frame: FrameType | None) -> NoReturn:
        _ignore()
        raise Stop

    for number in STOPPING_SIGNALS:
        signal.signal(number, stop)
    try:
        yield
    finally:
        _ignore()


def _ignore() -> None:
    # A function, because SIG_IGN would be inherited by children.
    for number in STOPPING_SIGNALS:
        signal.signal(number, lambda _number, _frame: None)


def _check_port(config: Config) -> None:
    """Raise StartFailed if the server could not listen; with patience for a run that is just ending."""
    until = time.monotonic() + PATIENCE
    place: dict[str, Value] = {"host": config.host, "port": config.port}
    while True:
        try:
            socket.create_server((config.host, config.port), family=_family(config.host)).close()
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise StartFailed(messages.PORT_REFUSED, **place, reason=error.strerror or str(error)) from error
            if time.monotonic() > until:
                raise StartFailed(messages.PORT_TAKEN, **place) from error
            time.sleep(EVERY)
        else:
            return


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def _address(config: Config) -> str:
    """Return the host and port by which this machine reaches the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(config.host, config.host)  # noqa: S104 - what was asked for
    return f"[{host}]:{config.port}" if ":" in host else f"{host}:{config.port}"


def _ready(config: Config) -> bool:
    connection = http.client.HTTPConnection(_address(config), timeout=5)
    try:
        connection.request("GET", "/health/ready")
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _curls(endpoint: str, key: str, secret: str) -> tuple[str, str]:
    """Return a command that posts a statement and one that reads it back."""
    statement = {
        "id": str(uuid.uuid4()),
        "actor": {"name": "Lan", "mbox": "mailto:lan@example.vn"},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": "https://example.vn/courses/an-toan-so"},
    }
    curl = f"curl -u {shlex.quote(f'{key}:{secret}')} -H 'X-Experience-API-Version: 2.0.0'"
    content = f"-H 'Content-Type: application/json' -d {shlex.quote(json.dumps(statement))}"
    post = f"{curl} \\\n  {content} \\\n  {shlex.quote(f'{endpoint}/statements')}"
    address = f"{endpoint}/statements?statementId={statement['id']}"
    read = f"{curl} \\\n  {shlex.quote(address)}"
    return post, read

"""Honest clients under faults: they send the same ids again until they are told that all is stored."""

import base64
import http.client
import json
import queue
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

PATIENCE = 15.0  # longer than the server's own deadline: only a dead or frozen server lets it pass
LONGEST_PAUSE = 0.8
RETRIED = frozenset({503})
HEADER = "X-Experience-API-Consistent-Through"


@dataclass
class Send:
    """Statements to be stored together, and what became of them."""

    number: int
    ids: tuple[str, ...]
    body: bytes
    once: bool = False
    started: float = 0.0
    stored: float = 0.0
    attempts: list[tuple[float, float, str]] = field(default_factory=list)

    @property
    def took(self) -> float:
        """Seconds from the first attempt to the answer that all is stored."""
        return self.stored - self.started

    @property
    def outcomes(self) -> list[str]:
        return [outcome for _start, _took, outcome in self.attempts]


def make_send(pick: Random, number: int, size: int, *, once: bool = False) -> Send:
    """A send of `size` statements, one alone as an object; each carries a text that no other has."""
    ids = tuple(str(uuid.UUID(int=pick.getrandbits(128), version=4)) for _ in range(size))
    statements = [
        {
            "id": statement_id,
            "actor": {"mbox": f"mailto:hoc.vien.{number % 97}@xa.example.vn"},
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": f"https://xa.example.vn/bai-hoc/{number % 13}"},
            "result": {"response": marker(number, position)},
        }
        for position, statement_id in enumerate(ids)
    ]
    body = json.dumps(statements if size > 1 else statements[0], ensure_ascii=False).encode()
    return Send(number, ids, body, once)


def marker(number: int, position: int) -> str:
    return f"lần gửi {number}, câu {position}"


class Events:
    """An append-only file of what happened when, one JSON object a line; safe from many threads."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        self._file = path.open("a", encoding="utf-8")

    def write(self, what: str, **details: object) -> None:
        line = json.dumps({"at": time.time(), "what": what, **details}, ensure_ascii=False)
        with self._lock:
            self._file.write(line + "\n")
            self._file.flush()

    def close(self) -> None:
        self._file.close()


def headers(key: str, secret: str) -> dict[str, str]:
    token = base64.b64encode(f"{key}:{secret}".encode()).decode()
    return {"Authorization": f"Basic {token}", "X-Experience-API-Version": "2.0.0"}


class Connections:
    """One kept-alive connection to each server, used by one thread; moves on when one fails."""

    def __init__(self, ports: Sequence[int], key: str, secret: str, start: int = 0) -> None:
        self._headers = {**headers(key, secret), "Content-Type": "application/json"}
        self._open = [http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE) for port in ports]
        self._turn = start

    def ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, http.client.HTTPMessage, bytes]:
        """Status, headers and body of the answer; OSError or HTTPException when there is none."""
        connection = self._open[self._turn % len(self._open)]
        try:
            connection.request(method, path, body, self._headers)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self.turn()
            raise

    def turn(self) -> None:
        """Ask the next server from now on."""
        self._turn += 1

    def send_and_hang_up(self, path: str, body: bytes, *, wait: float) -> None:
        """Post and be gone before the answer, `wait` seconds after the last byte was sent."""
        connection = self._open[0]
        connection.request("POST", path, body, self._headers)
        time.sleep(wait)
        connection.close()

    def close(self) -> None:
        for connection in self._open:
            connection.close()


class Crowd:
    """Client threads that empty one queue of sends; every attempt is written down."""

    def __init__(self, connections: Sequence[Connections], *, seed: int, events: Events) -> None:
        self.done: list[Send] = []
        self._events = events
        self._work: queue.Queue[Send | None] = queue.Queue()
        self._threads = [
            threading.Thread(target=self._run, args=(own, Random(seed * 1000 + number)))
            for number, own in enumerate(connections)
        ]
        for thread in self._threads:
            thread.start()

    def give(self, sends: Iterable[Send]) -> None:
        for send in sends:
            self._work.put(send)

    def finish(self, seconds: float) -> None:
        """Wait until all that was given is done, and let the threads go."""
        for _ in self._threads:
            self._work.put(None)
        end = time.monotonic() + seconds
        for thread in self._threads:
            thread.join(max(0.0, end - time.monotonic()))
            assert not thread.is_alive(), f"sends are still under way after {seconds} s"

    def outcomes(self) -> Counter[str]:
        return Counter(outcome for send in self.done for outcome in send.outcomes)

    def _run(self, connections: Connections, pick: Random) -> None:
        while (send := self._work.get()) is not None:
            send.started = time.monotonic()
            pause = 0.05
            while not self._attempt(connections, send) and not send.once:
                time.sleep(pause * pick.uniform(0.5, 1.5))
                pause = min(LONGEST_PAUSE, pause * 2)
            self.done.append(send)

    def _attempt(self, connections: Connections, send: Send) -> bool:
        """Send once; True when there is nothing more to do: stored, or refused for good."""
        start = time.monotonic()
        try:
            status, _headers, _body = connections.ask("POST", "/xapi/statements", send.body)
            outcome = str(status)
        except (OSError, http.client.HTTPException) as error:
            status, outcome = 0, type(error).__name__
        now = time.monotonic()
        send.attempts.append((start, now - start, outcome))
        self._events.write("attempt", send=send.number, size=len(send.ids), outcome=outcome)
        if 200 <= status < 300:
            send.stored = now
        return status != 0 and status not in RETRIED

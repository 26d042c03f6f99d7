"""Five organisations with keys, and what they post: alike in all that a foreigner may know, marked in the rest."""

import base64
import json
import re
import uuid
from dataclasses import replace
from random import Random
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .model import Key, Model
from .things import (
    KINDS,
    VERBS,
    activity,
    agent,
    mixed,
    registration_of,
    sha2,
)

ORGANISATIONS = ("first", "dai-hoc-a", "dai-hoc-b", "vien-c", "xa-d")
SCOPES: tuple[tuple[str, ...], ...] = (
    ("all",),
    ("statements/write",),
    ("statements/read/mine",),
    ("statements/read",),
    ("state",),
    ("define",),
    ("profile",),
    ("all/read",),
    ("statements/write", "statements/read/mine"),
    ("statements/write", "statements/read/mine", "define", "state"),
    ("statements/read/mine", "all/read"),
    ("state", "profile"),
    ("admin",),
    ("credentials",),
    ("audit/read",),
    ("records/read", "reports/read"),
    ("reports/read",),
    ("imports/write",),
    ("share",),
    ("subjects",),
)
MARK = re.compile(rb"mk[0-9a-f]{12}")
NAME = re.compile(rb"[a-z-]+-\d+-[0-9a-f]{8}\b")
BOUNDED = (" /xapi/statements ", " /xapi/agents ", " /api/statements/query ")
"""What shows only what a caller has sent itself, to one who may read no more."""
SHARED_DATA = "bằng chung".encode()
SHARED_ID = str(uuid.UUID(int=7))


def authorization(key: str, secret: str) -> str:
    return "Basic " + base64.b64encode(f"{key}:{secret}".encode()).decode()


class World:
    """The keys and the model; asks the server as any of them, counts, and looks for what nobody may be told."""

    def __init__(self, client: FlaskClient, seed: int) -> None:
        self._client = client
        self.chance = Random(seed)
        self.model = Model()
        self.keys: list[Key] = []
        self.members: dict[str, str] = {}
        self.providers: dict[str, str] = {}
        self.consents: dict[str, str] = {}
        self.requests: dict[str, str] = {}
        self.agreements: dict[str, str] = {}
        self.forwards: dict[str, str] = {}
        self.pulls: dict[str, str] = {}
        self.webhooks: dict[str, str] = {}
        self.learners: dict[str, dict[int, list[str]]] = {}
        self.asked = 0
        self.leaks: list[str] = []
        self.wrong: list[str] = []
        self._owners: dict[bytes, Key] = {}
        self._secrets: set[bytes] = set()

    def new_key(self, organisation: str, scopes: tuple[str, ...]) -> Key:
        secret = self._new_mark()
        self._secrets.add(secret.encode())
        mark = self._new_mark()
        name = f"{organisation}-{len(self.keys)}-{self.chance.getrandbits(32):08x}"
        key = Key(organisation, name, secret, frozenset(scopes), mark)
        self._owners[mark.encode()] = key
        self.keys.append(key)
        return key

    def _new_mark(self) -> str:
        return f"mk{self.chance.getrandbits(48):012x}"

    def new_id(self) -> str:
        return str(uuid.UUID(int=self.chance.getrandbits(128), version=4))

    def token_of(self, key: Key, *scopes: str) -> Key:
        """Return a token of a key as a caller of its own, with fewer scopes."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        body = f"grant_type=client_credentials&scope={'+'.join(scopes)}".encode()
        answer = self.ask(key, "POST", "/oauth/token", body=body, headers=form)
        return replace(key, scopes=frozenset(scopes), token=answer.get_json()["access_token"])

    def turns(self) -> list[Key]:
        """Return all keys, and tokens of those that may everything, in an order of chance."""
        whole = [key for key in self.keys if key.scopes == {"all"}]
        fewer = (("statements/read/mine",), ("state", "profile"))
        found = self.keys + [self.token_of(key, *scopes) for key in whole for scopes in fewer]
        self.chance.shuffle(found)
        return found

    def holder(self, organisation: str, *scopes: str) -> Key:
        """Return the key of an organisation with just these scopes."""
        return next(key for key in self.of(organisation) if key.scopes == set(scopes))

    def check(self, begun: int, fewest: int) -> None:
        """Tell what was asked since ``begun`` requests; fail for what leaked or was wrong, and for too little."""
        print(f"{self.asked - begun} requests, {len(self.leaks)} leaks, {len(self.wrong)} wrong")  # noqa: T201 - asked for
        leaks, wrong = self.leaks[:20], self.wrong[:20]
        self.leaks.clear()
        self.wrong.clear()
        assert not leaks, "\n".join(leaks)
        assert not wrong, "\n".join(wrong)
        assert self.asked - begun >= fewest

    def owned(self, organisation: str, name: str) -> str:
        """Return what an organisation has that stands in a path under this name."""
        if name == "key":
            return self.chance.choice(self.of(organisation)).name
        owned = {
            "agreement": self.agreements,
            "forward": self.forwards,
            "pull": self.pulls,
            "webhook": self.webhooks,
            "member": self.members,
            "provider": self.providers,
            "consent": self.consents,
            "request": self.requests,
        }
        return owned[name][organisation] if name in owned else organisation

    def marks(self, answer: TestResponse) -> set[bytes]:
        """Return the marks in an answer."""
        return set(MARK.findall(answer.get_data()))

    def of(self, organisation: str) -> list[Key]:
        return [key for key in self.keys if key.organisation == organisation]

    def other(self, organisation: str) -> str:
        return self.chance.choice([each for each in ORGANISATIONS if each != organisation])

    def ask(
        self,
        key: Key | None,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        *,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        """Send one request; note any mark in its answer that neither it nor its caller may know of."""
        sent = {"X-Experience-API-Version": "2.0.0"} | (headers or {})
        if key is not None and "Authorization" not in sent:
            sent["Authorization"] = f"Bearer {key.token}" if key.token else authorization(key.name, key.secret)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
            sent.setdefault("Content-Type", "application/json")
        self.asked += 1
        # Everybody comes from elsewhere: wrong secrets are counted by address too.
        address = {"REMOTE_ADDR": f"10.0.{self.asked // 50 % 250}.{self.asked // 12500}"}
        answer = self._client.open(
            path, method=method, query_string=query, data=body, headers=sent, environ_overrides=address
        )
        known = json.dumps([path, query]).encode() + (body or b"")
        self._look(key, path, f"{method} {path} {query}", known, answer)
        return answer

    def _look(self, key: Key | None, path: str, said: str, known: bytes, answer: TestResponse) -> None:
        text = answer.get_data() + str(answer.headers).encode() + _opened(answer)
        if answer.status_code >= 500:
            self.wrong.append(f"{said} as {_who(key)}: {answer.status_code}")
        for mark in set(MARK.findall(text)) - set(MARK.findall(known)):
            owner = self._owners.get(mark)
            if mark in self._secrets or owner is None or not _may_know(key, owner, said):
                self.leaks.append(f"{said} as {_who(key)}: the mark of {_who(owner)}")
        # Documents may be called as anybody likes.
        for name in set() if path in KINDS else set(NAME.findall(text)) - set(NAME.findall(known)):
            if key is None or not name.startswith(f"{key.organisation}-".encode()):
                self.leaks.append(f"{said} as {_who(key)}: the name of the key {name.decode()}")

    def expect(self, holds: bool, key: Key | None, said: str, answer: TestResponse) -> None:
        if not holds:
            self.wrong.append(f"{said} as {_who(key)}: {answer.status_code} {answer.get_data()[:200]!r}")

    def post(self, key: Key, statement: dict[str, Any], *data: bytes) -> None:
        """Post a statement that must be accepted, with its attachments' data."""
        if data:
            content_type, body = mixed(statement, *data)
            answer = self.ask(key, "POST", "/xapi/statements", body=body, headers={"Content-Type": content_type})
        else:
            answer = self.ask(key, "POST", "/xapi/statements", body=statement)
        assert answer.status_code == 200, answer.get_data()
        self.model.add(key, statement, {sha2(each): each for each in data})

    def statement(self, key: Key, *, registration: bool = False, **changes: Any) -> dict[str, Any]:
        """Make a statement that is marked as this key's."""
        context = {
            name: changes.pop(name) for name in ("instructor", "contextAgents", "contextActivities") if name in changes
        }
        if registration:
            context["registration"] = registration_of(key.organisation)
        verb = changes.pop("verb", VERBS[0])
        made: dict[str, Any] = {
            "id": self.new_id(),
            "actor": agent(key.organisation, key.mark),
            "verb": {"id": verb},
            "object": activity(key.organisation, key.mark),
            "result": {"response": f"trả lời của {key.mark}"},
        }
        made |= {"context": context} if context else {}
        return made | changes


def _who(key: Key | None) -> str:
    return f"{key.organisation} {sorted(key.scopes)} {key.name}" if key else "nobody"


def _may_know(key: Key | None, owner: Key, said: str) -> bool:
    if key is None or key.organisation != owner.organisation:
        return False
    bounded = not key.reads_all and any(name in said for name in BOUNDED)
    if "canonical" in said and key.may("activities"):
        bounded = False  # definitions belong to the organisation, for those who may read them
    return owner.name == key.name or not bounded


def _opened(answer: TestResponse) -> bytes:
    """Return what lies in the token of a ``more`` link: it is signed, not sealed."""
    if b'"more":"/' not in answer.get_data():
        return b""
    token = answer.get_data().rpartition(b"?more=")[2].partition(b'"')[0]
    return base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4))

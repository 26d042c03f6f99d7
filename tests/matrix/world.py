"""Five organisations with keys, and what they post: alike in all that a foreigner may know, marked in the rest."""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .model import VOIDED, Document, Key, Model, Place

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
    ("imports/write",),
    ("share",),
)
MARK = re.compile(rb"mk[0-9a-f]{12}")
SHARED_AGENT = {"mbox": "mailto:chung@hoc.example.vn"}
SHARED_ACTIVITY = "https://chung.example.vn/khoa"
SHARED_DATA = "bằng chung".encode()
SHARED_ID = str(uuid.UUID(int=7))
VERBS = ("http://adlnet.gov/expapi/verbs/completed", "http://adlnet.gov/expapi/verbs/answered")
STATEMENTS = "/xapi/statements"
STATE, ACTIVITY_PROFILE, AGENT_PROFILE = "/xapi/activities/state", "/xapi/activities/profile", "/xapi/agents/profile"
KINDS = {STATE: "state", ACTIVITY_PROFILE: "profile", AGENT_PROFILE: "profile"}


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
        self._look(key, f"{method} {path} {query}", known, answer)
        return answer

    def _look(self, key: Key | None, said: str, known: bytes, answer: TestResponse) -> None:
        text = answer.get_data() + str(answer.headers).encode() + _opened(answer)
        if answer.status_code >= 500:
            self.wrong.append(f"{said} as {_who(key)}: {answer.status_code}")
        for mark in set(MARK.findall(text)) - set(MARK.findall(known)):
            owner = self._owners.get(mark)
            if mark in self._secrets or owner is None or not _may_know(key, owner, said):
                self.leaks.append(f"{said} as {_who(key)}: the mark of {_who(owner)}")

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

    def seed(self) -> None:
        """Let every key that may, post statements and store documents."""
        for organisation in ORGANISATIONS:
            before: list[dict[str, Any]] = []
            for key in self.of(organisation):
                if key.may("write"):
                    before.append(self._statements(key, before))
                for path, kind in KINDS.items():
                    if key.may(kind):
                        self._documents(key, path)
            self._learn_stored(organisation)
            self._invite(organisation)

    def _invite(self, organisation: str) -> None:
        """Let the organisation have somebody who administers it."""
        key = next(key for key in self.of(organisation) if key.scopes == {"admin"})
        body = {"email": f"{key.mark}@hoc.example.vn", "name": f"Lan {key.mark}", "role": "auditor"}
        answer = self.ask(key, "POST", "/api/members", body=body)
        assert answer.status_code == 201, answer.get_data()
        self.members[organisation] = answer.get_json()["member"]["id"]

    def _statements(self, key: Key, before: list[dict[str, Any]]) -> dict[str, Any]:
        """Post all sorts of statements; return one that others refer to."""
        own, shared = activity(key.organisation, key.mark), activity(None, key.mark)
        learner, someone = agent(key.organisation, key.mark), agent(None, key.mark)
        first = self.statement(key, registration=True, instructor=agent(f"thay-{key.organisation}", key.mark))
        first["context"]["contextActivities"] = {"parent": [shared]}
        self.post(key, first)
        batch = [
            self.statement(key, actor=someone, object=shared, verb=VERBS[1]),
            self.statement(key, actor={"objectType": "Group", "name": key.mark, "member": [learner, someone]}),
            self.statement(
                key,
                actor=someone,
                object={"objectType": "SubStatement", "actor": learner, "verb": {"id": VERBS[1]}, "object": own},
            ),
            self.statement(key, actor=someone, object=learner | {"objectType": "Agent"}),
            self.statement(
                key,
                contextAgents=[{"objectType": "contextAgent", "agent": someone | {"objectType": "Agent"}}],
                contextActivities={"other": [own]},
                object=shared,
            ),
        ]
        answer = self.ask(key, "POST", "/xapi/statements", body=batch)
        assert answer.get_json() == [each["id"] for each in batch]
        for each in batch:
            self.model.add(key, each)
        if not before:
            self.post(key, self.statement(key, id=SHARED_ID, actor=someone, object=shared))
        self._references(key, first, before)
        self._with_files(key, before)
        return first

    def _references(self, key: Key, first: dict[str, Any], before: list[dict[str, Any]]) -> None:
        """Refer to own statements, others', foreign ones and none; void, be voided, early and late."""
        near = self.statement(key, object=reference(first["id"]), verb=VERBS[1])
        self.post(key, near)
        self.post(key, self.statement(key, object=reference(near["id"])))
        foreign = self.model.of(self.other(key.organisation))
        for target in [*(each["id"] for each in before), *(held.id for held in foreign[:1]), self.new_id()]:
            bridge = self.statement(key, object=reference(target), actor=agent(None, key.mark))
            self.post(key, bridge)
            self.post(key, self.statement(key, object=reference(bridge["id"])))
        if before:  # a chain out of one's own sight and back: mine, another's, mine
            last = self.statement(key, verb=VERBS[1], object=activity(f"sau-{key.organisation}", key.mark))
            self.post(key, last)
            other = self._writer_of(before[-1], key.organisation)
            middle = self.statement(other, object=reference(last["id"]))
            self.post(other, middle)
            self.post(key, self.statement(key, object=reference(middle["id"])))
        gone, late = self.statement(key), self.statement(key)
        self.post(key, gone)
        for target in (gone, late):
            self.post(key, self.statement(key, verb=VOIDED, object=reference(target["id"])))
        self.post(key, late)
        if before:
            self.post(key, self.statement(key, verb=VOIDED, object=reference(before[-1]["id"])))

    def _writer_of(self, statement: dict[str, Any], organisation: str) -> Key:
        held = self.model.get(organisation, statement["id"])
        assert held is not None
        return held.key

    def _with_files(self, key: Key, before: list[dict[str, Any]]) -> None:
        """Send data, own and such as others sent too; and name others' data without sending it."""
        own = f"bằng của {key.mark}".encode()
        self.post(key, self.statement(key, attachments=[attachment(own), attachment(SHARED_DATA)]), own, SHARED_DATA)
        named = [attachment(SHARED_DATA, url=True)]
        for other in before:
            holder = self._writer_of(other, key.organisation)
            named.append(attachment(f"bằng của {holder.mark}".encode(), url=True))
        self.post(key, self.statement(key, attachments=named))

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

    def _documents(self, key: Key, path: str) -> None:
        for place in (
            place_of(path, key.organisation),
            place_of(path, None),
            place_of(path, key.organisation, late=True),
        ):
            for name in (f"của {key.name}", "chung"):
                if (key.organisation, place, name) in self.model.documents:
                    continue
                body = json.dumps({"của": key.mark, "tại": name}).encode()
                sent = {"Content-Type": "application/json", "If-None-Match": "*"}
                answer = self.ask(key, "PUT", path, parameters(place, path, name), body=body, headers=sent)
                assert answer.status_code == 204, answer.get_data()
                self.model.documents[key.organisation, place, name] = Document(body, answer.headers["ETag"])

    def _learn_stored(self, organisation: str) -> None:
        reader = next(key for key in self.of(organisation) if key.scopes == {"all"})
        for held in self.model.of(organisation):
            name = "voidedStatementId" if self.model.is_voided(held) else "statementId"
            held.stored = self.ask(reader, "GET", "/xapi/statements", {name: held.id}).get_json()["stored"]


def _who(key: Key | None) -> str:
    return f"{key.organisation} {sorted(key.scopes)} {key.name}" if key else "nobody"


def _may_know(key: Key | None, owner: Key, said: str) -> bool:
    if key is None or key.organisation != owner.organisation:
        return False
    bounded = not key.reads_all and any(name in said for name in (" /xapi/statements ", " /xapi/agents "))
    if "canonical" in said and key.may("activities"):
        bounded = False  # definitions belong to the organisation, for those who may read them
    return owner.name == key.name or not bounded


def _opened(answer: TestResponse) -> bytes:
    """Return what lies in the token of a ``more`` link: it is signed, not sealed."""
    if b'"more":"/' not in answer.get_data():
        return b""
    token = answer.get_data().rpartition(b"?more=")[2].partition(b'"')[0]
    return base64.urlsafe_b64decode(token + b"=" * (-len(token) % 4))


def agent(who: str | None, name: str | None = None) -> dict[str, Any]:
    """Return an agent that a foreigner may know of; its name is not for foreigners."""
    made = SHARED_AGENT if who is None else {"mbox": f"mailto:{who}@hoc.example.vn"}
    return made | ({"name": f"Lan {name}"} if name else {})


def activity(where: str | None, name: str | None = None) -> dict[str, Any]:
    made: dict[str, Any] = {"id": SHARED_ACTIVITY if where is None else f"https://{where}.example.vn/khoa"}
    return made | ({"definition": {"name": {"vi": f"Khoá {name}"}}} if name else {})


def registration_of(organisation: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, organisation))


def reference(target: str) -> dict[str, str]:
    return {"objectType": "StatementRef", "id": target}


def sha2(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def attachment(data: bytes, *, url: bool = False) -> dict[str, Any]:
    made = {
        "usageType": "https://hoc.example.vn/bang",
        "display": {"vi": "Bằng"},
        "contentType": "text/plain",
        "length": len(data),
        "sha2": sha2(data),
    }
    return made | ({"fileUrl": "https://hoc.example.vn/bang.txt"} if url else {})


def mixed(statement: Any, *data: bytes) -> tuple[str, bytes]:
    parts = [b"Content-Type: application/json\r\n\r\n" + json.dumps(statement).encode()]
    parts += [
        b"Content-Type: text/plain\r\nContent-Transfer-Encoding: binary\r\nX-Experience-API-Hash: "
        + sha2(each).encode()
        + b"\r\n\r\n"
        + each
        for each in data
    ]
    return "multipart/mixed; boundary=xyz", b"".join(b"--xyz\r\n" + part + b"\r\n" for part in parts) + b"--xyz--\r\n"


def parts_of(answer: TestResponse) -> Iterator[tuple[str, bytes]]:
    """Yield hash and data of every attachment in an answer; of the first part, the statements, no hash."""
    boundary = answer.headers["Content-Type"].partition("boundary=")[2].encode()
    for part in answer.get_data().split(b"--" + boundary)[1:-1]:
        head, _, data = part.partition(b"\r\n\r\n")
        found = re.search(rb"X-Experience-API-Hash: ([0-9a-f]+)", head)
        yield found[1].decode() if found else "", data.removesuffix(b"\r\n")


def place_of(path: str, organisation: str | None, *, late: bool = False) -> Place:
    """Return where documents of one kind stand; ``late`` in a registration, where the kind has any."""
    who, where = agent(organisation)["mbox"], activity(organisation)["id"]
    registration = registration_of(organisation or "chung") if late else None
    if path == STATE:
        return path, where, who, registration
    return (path, where, None, None) if path == ACTIVITY_PROFILE else (path, None, who, None)


def parameters(place: Place, path: str, name: str | None) -> dict[str, str]:
    _, where, who, registration = place
    given = {
        "activityId": where,
        "agent": json.dumps({"mbox": who}) if who else None,
        "registration": registration,
        "stateId" if path == STATE else "profileId": name,
    }
    return {each: value for each, value in given.items() if value is not None}

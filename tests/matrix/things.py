"""What the organisations of the matrix post, and where documents stand."""

import hashlib
import json
import re
import uuid
from collections.abc import Iterator
from typing import Any

from werkzeug.test import TestResponse

from .model import Place

SHARED_AGENT = {"mbox": "mailto:chung@hoc.example.vn"}
SHARED_ACTIVITY = "https://chung.example.vn/khoa"
VERBS = ("http://adlnet.gov/expapi/verbs/completed", "http://adlnet.gov/expapi/verbs/answered")
STATEMENTS = "/xapi/statements"
STATE, ACTIVITY_PROFILE, AGENT_PROFILE = "/xapi/activities/state", "/xapi/activities/profile", "/xapi/agents/profile"
KINDS = {STATE: "state", ACTIVITY_PROFILE: "profile", AGENT_PROFILE: "profile"}


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

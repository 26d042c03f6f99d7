"""The interface beside xAPI: every operation that is described, for every credential of five organisations.

What a caller may see and change is its own organisation's. An operation that is new has to be told of here first.
"""

import re
from typing import Any, NamedTuple

from .model import Key
from .seeding import SPLIT
from .world import World

FEWEST = 5_000
METHODS = ("get", "post", "put", "patch", "delete")
EVERYBODY = ""
NOBODY = "nobody"

READS: dict[str, str] = {
    "/api/agreements": "shared/read",
    "/api/audit": "audit/read",
    "/api/consents": "records/read",
    "/api/consents/wordings": "records/read",
    "/api/credentials": "credentials",
    "/api/diagnostics": EVERYBODY,
    "/api/dossier": "dossier",
    "/api/exports/kpi": "reports/read",
    "/api/forwards": "share",
    "/api/frameworks": EVERYBODY,
    "/api/holidays": EVERYBODY,
    "/api/learners": "records/read",
    "/api/learners/links": "records/read",
    "/api/learners/matches": "records/read",
    "/api/members": "admin",
    "/api/organisation": EVERYBODY,
    "/api/organisations": "host",
    "/api/platforms": EVERYBODY,
    "/api/policies": "admin",
    "/api/programmes": EVERYBODY,
    "/api/progress": "reports/read",
    "/api/providers": "admin",
    "/api/pulls": "share",
    "/api/records": "records/read",
    **{
        f"/api/reports/{name}": "reports/read"
        for name in (
            "businesses",
            "coverage",
            "experts",
            "hours",
            "outcomes",
            "placements",
            "ranking",
            "reach",
            "skills",
            "tasks",
            "teams",
        )
    },
    "/api/reviews": "reviews",
    "/api/session": NOBODY,
    "/api/shared": "shared/read",
    "/api/statements/query": "read",
    "/api/subjects/requests": "subjects",
    "/api/targets": EVERYBODY,
    "/api/unit-links": EVERYBODY,
    "/api/units": EVERYBODY,
    "/api/units/assignments": "records/read",
    "/api/webhooks": "admin",
}
"""What is read, and the right that it needs; a session only people have."""
NEEDED = {"/api/exports/kpi": {"period": "2026-08"}}
TELLS = {
    "/api/agreements",
    "/api/consents/wordings",
    "/api/forwards",
    "/api/learners",
    "/api/members",
    "/api/providers",
    "/api/pulls",
    "/api/records",
    "/api/subjects/requests",
    "/api/units/assignments",
    "/api/webhooks",
}
"""Where every organisation has something marked as its own."""
PERSON = {"email": "lan@hoc.example.vn", "name": "Lan"}
WORDING = {"id": "x", "version": "1", "language": "vi"}
SPLIT_OFF = {"kind": "split", "identity": "account:https://hoc.example.vn ai", "reason": "other"}
TERMS = {
    "partner": {"name": "x", "document": "x"},
    "purpose": {"code": "x", "vi": "x", "en": "x"},
    "basis": "contract",
    "level": "named",
}
WRITES: dict[tuple[str, str], tuple[str, Any]] = {
    ("PATCH", "/api/organisation"): ("admin", {"name": "x"}),
    ("POST", "/api/agreements"): ("share", {"giver": "first"} | TERMS),
    ("POST", "/api/batches"): ("write", []),
    ("POST", "/api/consents"): ("imports/write", {"consents": [{}]}),
    ("POST", "/api/credentials"): ("credentials", {"label": "x"}),
    ("POST", "/api/forwards"): ("share", {"agreement": "0" * 16, "url": "https://x.vn", "key": "x", "secret": "x"}),
    ("POST", "/api/launches"): (
        "write",
        {"agent": {"mbox": "mailto:lan@hoc.example.vn"}, "activity": "https://h.vn/a"},
    ),
    ("POST", "/api/learners/links"): ("imports/write", {"links": [SPLIT_OFF]}),
    ("POST", "/api/members"): ("admin", PERSON | {"role": "auditor"}),
    ("POST", "/api/organisations"): ("host", {"id": "khac", "name": "x", "owner": PERSON}),
    ("POST", "/api/providers"): (
        "admin",
        {"issuer": "https://x.example.vn", "audience": "x", "scopes": ["statements/write"]},
    ),
    ("POST", "/api/pulls"): ("share", {"credential": "x", "url": "https://x.vn", "key": "x", "secret": "x"}),
    ("POST", "/api/subjects/requests"): ("subjects", {"type": "erase", "learner": "mailto:lan@hoc.example.vn"}),
    ("POST", "/api/units/assignments"): ("imports/write", SPLIT | {"reason": "x"}),
    ("POST", "/api/validate"): (EVERYBODY, []),
    ("POST", "/api/webhooks"): ("admin", {"url": "https://x.vn", "events": []}),
    ("PUT", "/api/consents/wordings"): ("imports/write", {"wordings": [WORDING | {"text": "x"}]}),
    ("PUT", "/api/frameworks"): ("host", {"frameworks": [], "crosswalks": []}),
    ("PUT", "/api/holidays"): ("host", {"holidays": []}),
    ("PUT", "/api/platforms"): ("host", {"platforms": []}),
    ("PUT", "/api/policies"): ("admin", {}),
    ("PUT", "/api/programmes"): ("host", {"programmes": []}),
    ("PUT", "/api/targets"): ("host", {"targets": []}),
    ("PUT", "/api/unit-links"): ("host", {"links": []}),
    ("PUT", "/api/units"): ("host", {"units": [], "links": []}),
    ("POST", "/api/session/password"): (NOBODY, {"current": "x", "password": "x"}),
    ("DELETE", "/api/session"): (NOBODY, None),
    ("DELETE", "/api/sessions"): (NOBODY, None),
}
"""What is written: the right that it needs, and a body that would do."""
OWNED: dict[str, tuple[str, Any]] = {
    "agreement": ("share", {"k": 99}),
    "forward": ("share", {"label": "x"}),
    "key": ("credentials", {"disabled": True}),
    "member": ("admin", {"disabled": True}),
    "provider": ("admin", {"disabled": True}),
    "pull": ("share", {"label": "x"}),
    "webhook": ("admin", {"disabled": True}),
    "id": ("host", {"name": "x"}),
    "consent": ("imports/write", {}),
    "request": ("subjects", {}),
}
"""What stands in paths: the right that its organisation's need, and a change that everybody would notice."""
STEPS: dict[str, Any] = {
    "/api/forwards/{forward}/dead-letters/retry": {},
    "/api/forwards/{forward}/dead-letters/drop": {},
    "/api/pulls/{pull}/dead-letters/retry": {},
    "/api/pulls/{pull}/dead-letters/drop": {},
    "/api/subjects/requests/{request}/extend": {"reason": "complex"},
    "/api/subjects/requests/{request}/refuse": {"reason": "repeated"},
}
"""Where the change is another one."""


class Operation(NamedTuple):
    method: str
    path: str
    body: bool


def test_nobody_sees_or_changes_anything_of_another_organisation(world: World) -> None:
    begun = world.asked
    operations = described(world)
    for key in world.turns():
        look_after_keys(world, key)
        for operation in operations:
            names = re.findall(r"{(\w+)}", operation.path)
            if names:
                ask_for_foreign(world, key, operation, *names)
            elif operation.method == "GET":
                read_own(world, key, operation.path)
            else:
                write_without_right(world, key, operation)
        ask_for_foreign_learners(world, key)
    check_that_nothing_changed(world)
    world.check(begun, FEWEST)


def described(world: World) -> list[Operation]:
    """Return every operation of /api that the server itself describes and that not everybody may call."""
    paths = world.ask(None, "GET", "/api/openapi.json").get_json()["paths"]
    return [
        Operation(method.upper(), path, "requestBody" in told)
        for path, methods in paths.items()
        for method, told in methods.items()
        if path.startswith("/api/") and method in METHODS and told.get("security") != []
    ]


def allowed(key: Key, right: str) -> bool:
    return right == EVERYBODY or (right != NOBODY and key.may(right))


def read_own(world: World, key: Key, path: str) -> None:
    """Whoever has the right sees the own organisation's; the marks of others are looked for in every answer."""
    right = READS[path]
    answer = world.ask(key, "GET", path, NEEDED.get(path))
    status = 404 if right == NOBODY else 200 if allowed(key, right) else 403
    world.expect(answer.status_code == status, key, f"GET {path}, not {status}", answer)
    if status == 200 and path in TELLS:
        world.expect(bool(world.marks(answer)), key, f"GET {path} tells nothing", answer)
    if path == "/api/organisation":
        world.expect(answer.get_json()["id"] == key.organisation, key, path, answer)


def write_without_right(world: World, key: Key, operation: Operation) -> None:
    right, body = WRITES[operation.method, operation.path]
    if not allowed(key, right):
        answer = world.ask(key, operation.method, operation.path, body=body)
        status = 404 if right == NOBODY else 403
        world.expect(answer.status_code == status, key, f"{operation}, not {status}", answer)


def ask_for_foreign(world: World, key: Key, operation: Operation, name: str) -> None:
    """What stands in a path is a foreigner's: nobody gets or changes it, but the host the organisations themselves."""
    foreign = world.other(key.organisation)
    if name in ("code", "number"):  # registries are everybody's; learners are asked for below
        return
    right, change = OWNED[name]
    if name == "agreement" and operation.method == "GET":
        right = "shared/read"
    if name == "consent" and operation.method == "GET":
        right = "records/read"
    change = STEPS.get(operation.path, change)
    if name == "id" and allowed(key, right):
        change = {"name": f"Tổ chức {foreign}"}
    target = operation.path.replace(f"{{{name}}}", world.owned(foreign, name))
    answer = world.ask(key, operation.method, target, body=change if operation.body else None)
    status = 403 if not allowed(key, right) else 200 if name == "id" else 404
    world.expect(answer.status_code == status, key, f"{operation.method} {target}, not {status}", answer)


def ask_for_foreign_learners(world: World, key: Key) -> None:
    """The numbers of learners begin anew in each organisation; identities of others are nobody's."""
    own, foreign = world.learners[key.organisation], world.learners[world.other(key.organisation)]
    number = max(foreign)
    answer = world.ask(key, "GET", f"/api/learners/{number}")
    status = 403 if not key.may("records/read") else 200 if number in own else 404
    world.expect(answer.status_code == status, key, f"learner {number}, not {status}", answer)
    if status == 200 == answer.status_code:
        world.expect(answer.get_json()["identities"] == own[number], key, f"learner {number}", answer)
    known = {who for each in own.values() for who in each}
    strangers = [who for each in foreign.values() for who in each if who not in known]
    who = world.chance.choice(strangers)
    for path, name in (("/api/learners", "identity"), ("/api/records", "learner")):
        answer = world.ask(key, "GET", path, {name: who})
        found = answer.get_json().get(path.rpartition("/")[2])
        world.expect(
            found == [] if key.may("records/read") else answer.status_code == 403, key, f"{path} {who}", answer
        )
    links = [{"kind": "join", "identity": who, "other": strangers[0], "reason": "other"}]
    links += [{"kind": "split", "identity": who, "reason": "other"}]
    for link in links[who == strangers[0] :]:
        answer = world.ask(key, "POST", "/api/learners/links", body={"links": [link]})
        status = 400 if key.may("imports/write") else 403
        world.expect(answer.status_code == status, key, f"{link['kind']} foreigners, not {status}", answer)


def check_that_nothing_changed(world: World) -> None:
    for organisation, member in world.members.items():
        admin = world.holder(organisation, "admin")
        answer = world.ask(admin, "GET", f"/api/webhooks/{world.webhooks[organisation]}")
        told = answer.get_json()
        world.expect((told["state"], told["pending"]) == ("active", 0), admin, "webhook", answer)
        for path in (f"/api/members/{member}", f"/api/providers/{world.providers[organisation]}"):
            answer = world.ask(admin, "GET", path)
            world.expect(answer.status_code == 200 and not answer.get_json()["disabled"], admin, path, answer)
        subjects = world.holder(organisation, "subjects")
        answer = world.ask(subjects, "GET", f"/api/subjects/requests/{world.requests[organisation]}")
        world.expect(answer.get_json()["state"] == "received", subjects, "requests", answer)
        sharing = world.holder(organisation, "share")
        answer = world.ask(sharing, "GET", f"/api/agreements/{world.agreements[organisation]}")
        world.expect(answer.get_json()["version"] == 1, sharing, "agreement", answer)
        for path in (f"/api/forwards/{world.forwards[organisation]}", f"/api/pulls/{world.pulls[organisation]}"):
            answer = world.ask(sharing, "GET", path)
            told = answer.get_json()
            world.expect((told["label"], told["state"]) == (f"Kho {sharing.mark}", "running"), sharing, path, answer)
        answer = world.ask(admin, "GET", "/api/organisation")
        world.expect(answer.get_json()["name"] == f"Tổ chức {organisation}", admin, "organisation", answer)


def look_after_keys(world: World, key: Key) -> None:
    """A caller who may sees and changes the keys of its own organisation."""
    colleague = world.chance.choice(world.of(key.organisation))
    foreign = world.chance.choice(world.of(world.other(key.organisation)))
    for target in (colleague, foreign):
        found = 200 if target is colleague else 404
        for path in (f"/api/credentials/{target.name}", f"/api/credentials/{target.name}/diagnostics"):
            answer = world.ask(key, "GET", path)
            status = found if key.may("credentials") else 403
            world.expect(answer.status_code == status, key, f"{path}, not {status}", answer)
    for method, path in (("PATCH", ""), ("DELETE", ""), ("POST", "/secret")):
        body = {"label": "đổi"} if method == "PATCH" else None
        answer = world.ask(key, method, f"/api/credentials/{foreign.name}{path}", body=body)
        status = 404 if key.may("credentials") else 403
        world.expect(answer.status_code == status, key, f"{method} foreign key, not {status}", answer)
    answer = world.ask(key, "GET", "/api/credentials", {"after": foreign.name[:-1], "limit": "100"})
    if key.may("credentials"):
        listed = {each["key"] for each in answer.get_json().get("credentials", ())}
        names = {each.name for each in world.of(key.organisation) if each.name > foreign.name[:-1]}
        world.expect(listed == names, key, "list keys", answer)
    else:
        world.expect(answer.status_code == 403, key, "list keys", answer)

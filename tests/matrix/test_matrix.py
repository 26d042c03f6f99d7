"""Every credential of five organisations asks every resource for its own and for foreign things.

The model says what each answer must be, to the statement; and no answer may hold the mark of anybody whose data the
caller may not see.
"""

import json
import re
from typing import Any

import pytest

from .model import Held, Key, told
from .world import (
    KINDS,
    ORGANISATIONS,
    SHARED_AGENT,
    SHARED_DATA,
    SHARED_ID,
    STATE,
    STATEMENTS,
    VERBS,
    World,
    activity,
    agent,
    authorization,
    parameters,
    parts_of,
    place_of,
    reference,
    registration_of,
    sha2,
)

FEWEST = 5_000
METHODS = ("get", "post", "put", "patch", "delete")
MANY, SPARSE = 24, 6
"""Queries of a key that may read, and of one that may not: the answer is the same to all."""

Query = dict[str, str]


def test_nothing_crosses_and_everything_is_as_the_specification_says(world: World, capsys: Any) -> None:
    whole = [key for key in world.keys if key.scopes == {"all"}]
    tokens = [
        world.token_of(key, *scopes) for key in whole for scopes in (("statements/read/mine",), ("state", "profile"))
    ]
    turns = world.keys + tokens
    world.chance.shuffle(turns)
    links: list[tuple[Key, str]] = []
    operations = described(world)
    for key in turns:
        read_lists(world, key, links)
        read_single(world, key)
        follow_links_of_others(world, key, links)
        read_known(world, key)
        for path in KINDS:
            read_documents(world, key, path)
            write_documents(world, key, path)
        write_statements(world, key)
        call_own_interface(world, key)
        call_everything_described(world, key, operations)
        swap_authorization(world, key)
    with capsys.disabled():
        print(f"\n{world.asked} requests, {len(world.leaks)} leaks, {len(world.wrong)} wrong answers")  # noqa: T201 - asked for
    assert not world.leaks, "\n".join(world.leaks[:20])
    assert not world.wrong, "\n".join(world.wrong[:20])
    assert world.asked >= FEWEST


def queries(world: World, key: Key) -> list[Query]:
    own, foreign = key.organisation, world.other(key.organisation)
    stamps = sorted(held.stored for held in world.model.of(own) if held.stored)
    middle, late = stamps[len(stamps) // 2], stamps[-20]
    colleague = world.chance.choice(world.of(own))
    found: list[Query] = [{}, {"ascending": "true"}, {"limit": "2"}, {"since": middle}, {"until": middle}]
    people = [agent(own), SHARED_AGENT, agent(foreign), agent(f"thay-{own}"), colleague.authority]
    for who in people:
        text = json.dumps(who)
        found += [{"agent": text}, {"agent": text, "related_agents": "true", "limit": "7"}]
    for where in (own, None, foreign, f"sau-{own}"):
        text = activity(where)["id"]
        found += [{"activity": text}, {"activity": text, "related_activities": "true", "ascending": "true"}]
    found += [{"verb": verb} for verb in VERBS]
    found += [{"registration": registration_of(each)} for each in (own, foreign)]
    lan, course = json.dumps(agent(own)), activity(own)["id"]
    found += [
        {"verb": VERBS[1], "since": middle, "ascending": "true", "limit": "3"},
        {"agent": lan, "verb": VERBS[0], "activity": course},
        {"agent": lan, "registration": registration_of(own), "related_agents": "true"},
        {"activity": course, "verb": VERBS[0], "format": "ids", "limit": "5"},
        {"activity": course, "format": "canonical", "since": late},
        {"since": late, "attachments": "true", "activity": course},
    ]
    return found


def read_lists(world: World, key: Key, links: list[tuple[Key, str]]) -> None:
    asked = queries(world, key)
    for query in world.chance.sample(asked, MANY if key.may("read") else SPARSE):
        answer = world.ask(key, "GET", STATEMENTS, query)
        if not key.may("read"):
            world.expect(answer.status_code == 403, key, f"find {query}", answer)
            continue
        expected = world.model.find(key, query)
        if query.get("attachments"):
            check_files(world, key, expected[:25], answer)
            continue
        said: list[dict[str, Any]] = []
        while True:
            page = answer.get_json()
            said += page["statements"]
            if not page["more"]:
                break
            links.append((key, page["more"]))
            answer = world.ask(key, "GET", page["more"])
        check_statements(world, key, query, expected, said, answer)


def check_statements(
    world: World, key: Key, query: Query, expected: list[Held], said: list[dict[str, Any]], answer: Any
) -> None:
    got, wanted = [each["id"] for each in said], [held.id for held in expected]
    if got != wanted:
        more, less = set(got) - set(wanted), set(wanted) - set(got)
        world.wrong.append(f"find {query} as {sorted(key.scopes)}: {len(more)} too many, {len(less)} missing, or order")
        return
    for held, statement in zip(expected, said, strict=True):
        world.expect(as_asked(world, key, held, statement, query.get("format", "exact")), key, f"text {query}", answer)


def as_asked(world: World, key: Key, held: Held, said: dict[str, Any], form: str) -> bool:
    """Tell whether an answer has the content that it should in its format."""
    if form == "exact":
        return told(held, said)
    if form == "ids":
        return "definition" not in said["object"] and "name" not in said["actor"]
    if "definition" not in held.statement["object"]:
        return True
    own = held.statement["object"]["definition"]
    known = world.model.definitions(key.organisation, held.statement["object"]["id"]) if key.may("activities") else []
    return said["object"]["definition"] in (known or [own])


def check_files(world: World, key: Key, expected: list[Held], answer: Any) -> None:
    """Only the data that came with the statements themselves; never that of others which they only name."""
    found = dict(parts_of(answer))
    page = json.loads(found.pop(""))
    statements = page.get("statements", [page])
    files = {digest: data for held in expected for digest, data in held.files.items()}
    world.expect([each["id"] for each in statements] == [held.id for held in expected], key, "with files", answer)
    world.expect(found == files, key, "files", answer)


def read_single(world: World, key: Key) -> None:
    """By id: own, colleagues', foreign, voided, the one that every organisation has, and none."""
    own = world.model.of(key.organisation)
    foreign = world.model.of(world.other(key.organisation))
    mine = [held for held in own if held.key.name == key.name]
    gone = [held for held in own if world.model.is_voided(held)]
    filed = [held for held in own if held.files]
    chosen = [
        *world.chance.sample(mine, min(3, len(mine))),
        *world.chance.sample(own, 3),
        *world.chance.sample(gone, 3),
        *world.chance.sample(filed, 2),
        *world.chance.sample(foreign, 2),
        world.chance.choice([held for held in foreign if world.model.is_voided(held)]),
    ]
    for statement_id in [*(held.id for held in chosen), SHARED_ID, world.new_id()]:
        for name in ("statementId", "voidedStatementId"):
            form = world.chance.choice(["exact", "exact", "canonical", "ids"])
            files = world.chance.choice(["true", "false"])
            query = {name: statement_id, "format": form, "attachments": files}
            answer = world.ask(key, "GET", STATEMENTS, query)
            held = world.model.one(key, statement_id, voided=name == "voidedStatementId")
            status = 403 if not key.may("read") else 404 if held is None else 200
            world.expect(answer.status_code == status, key, f"get {query}, not {status}", answer)
            if held is not None and answer.status_code == 200 == status:
                if files == "true":
                    check_files(world, key, [held], answer)
                else:
                    world.expect(as_asked(world, key, held, answer.get_json(), form), key, f"text {query}", answer)


def follow_links_of_others(world: World, key: Key, links: list[tuple[Key, str]]) -> None:
    for owner, link in world.chance.sample(links, min(4, len(links))):
        if owner.name != key.name:
            answer = world.ask(key, "GET", link)
            world.expect(answer.status_code == 400, key, f"link of {owner.organisation}", answer)


def read_known(world: World, key: Key) -> None:
    """What is known of agents and activities."""
    own, foreign = key.organisation, world.other(key.organisation)
    for who in (agent(own), SHARED_AGENT, agent(foreign), agent(f"thay-{own}")):
        answer = world.ask(key, "GET", "/xapi/agents", {"agent": json.dumps(who)})
        if not key.may("agents"):
            world.expect(answer.status_code == 403, key, "agents", answer)
            continue
        names = world.model.names_of(key, who)[:20]
        expected = {"objectType": "Person", "mbox": [who["mbox"]]}
        said = answer.get_json()
        world.expect(set(said.pop("name", [])) == set().union(*names), key, f"names of {who}", answer)
        world.expect(said == expected, key, f"person {who}", answer)
    for where in (own, None, foreign):
        asked = activity(where)["id"]
        answer = world.ask(key, "GET", "/xapi/activities", {"activityId": asked})
        plain = {"objectType": "Activity", "id": asked}
        known = [plain | {"definition": each} for each in world.model.definitions(own, asked)] or [plain]
        right = answer.get_json() in known if key.may("activities") else answer.status_code == 403
        world.expect(right, key, f"activity {asked}", answer)


def places(world: World, key: Key, path: str) -> list[tuple[str, str | None, str | None, str | None]]:
    own, foreign = key.organisation, world.other(key.organisation)
    return [place_of(path, each, late=late) for each in (own, None, foreign) for late in (False, path == STATE)]


def names_of_documents(world: World, key: Key) -> list[str]:
    """Names that are there, and such as foreigners chose."""
    foreign = world.chance.choice([each for each in world.keys if each.organisation != key.organisation])
    colleague = world.chance.choice(world.of(key.organisation))
    return ["chung", f"của {colleague.name}", f"của {foreign.name}"]


def read_documents(world: World, key: Key, path: str) -> None:
    right = f"{KINDS[path]}/read"
    for place in places(world, key, path):
        answer = world.ask(key, "GET", path, parameters(place, path, None))
        if not key.may(right):
            world.expect(answer.status_code == 403, key, f"list {place}", answer)
            continue
        world.expect(answer.get_json() == world.model.names(key, place), key, f"list {place}", answer)
        name = world.chance.choice(names_of_documents(world, key))
        held = world.model.documents.get((key.organisation, place, name))
        answer = world.ask(key, "GET", path, parameters(place, path, name))
        world.expect(answer.status_code == (200 if held else 404), key, f"get {place} {name}", answer)
        if held and answer.status_code == 200:
            world.expect(answer.get_data() == held.body, key, f"body {place} {name}", answer)
        for tag in (a_foreign_tag(world, key), held.tag if held else '"none"'):
            answer = world.ask(key, "GET", path, parameters(place, path, name), headers={"If-None-Match": tag})
            status = 404 if held is None else 304 if tag == held.tag else 200
            world.expect(answer.status_code == status, key, f"get {place} {name} unless {tag}", answer)


def a_foreign_tag(world: World, key: Key) -> str:
    return world.chance.choice(
        [found.tag for (owner, _, _), found in world.model.documents.items() if owner != key.organisation]
    )


def write_documents(world: World, key: Key, path: str) -> None:
    """Under every condition, with own and foreign tags; what a foreign tag or place decides is nothing."""
    chosen = places(world, key, path)
    for place in chosen:
        name = world.chance.choice(names_of_documents(world, key))
        held = world.model.documents.get((key.organisation, place, name))
        foreign, own = a_foreign_tag(world, key), held.tag if held else '"none"'
        tried: list[tuple[str, dict[str, str], bool]] = [
            ("PUT", {"If-Match": foreign}, held is not None and held.tag == foreign),
            ("DELETE", {"If-Match": foreign}, held is not None and held.tag == foreign),
            ("POST", {"If-Match": foreign}, held is not None and held.tag == foreign),
            ("PUT", {"If-None-Match": "*"}, held is None),
            ("PUT", {"If-Match": own}, held is not None),
        ]
        for method, headers, holds in world.chance.sample(tried, 2 if key.may(KINDS[path]) else 1):
            write_document(world, key, path, place, name, method, headers, holds=holds)
    if path == STATE and world.chance.random() < 0.3:
        clear_states(world, key, chosen[-2])
        clear_states(world, key, place_of(path, None, late=True))


def write_document(
    world: World, key: Key, path: str, place: Any, name: str, method: str, headers: dict[str, str], *, holds: bool
) -> None:
    documents = world.model.documents
    before = documents.get((key.organisation, place, name))
    if headers.get("If-None-Match") == "*":
        holds = before is None
    elif before is None or headers["If-Match"] != before.tag:
        holds = False
    body = None if method == "DELETE" else json.dumps({f"của {key.mark}": world.asked}).encode()
    sent = headers | ({"Content-Type": "application/json"} if body else {})
    answer = world.ask(key, method, path, parameters(place, path, name), body=body, headers=sent)
    status = 403 if not key.may(KINDS[path]) else 204 if holds else 412
    said = f"{method} {place} {name} {headers}, not {status}"
    world.expect(answer.status_code == status, key, said, answer)
    if answer.status_code != 204:
        return
    if method == "DELETE":
        documents.pop((key.organisation, place, name), None)
        return
    assert body is not None
    text = world.ask(key, "GET", path, parameters(place, path, name))
    merged = (json.loads(before.body) if before and method == "POST" else {}) | json.loads(body)
    world.expect(text.get_json() == merged, key, said, text)
    documents[key.organisation, place, name] = type(before or next(iter(documents.values())))(
        text.get_data(), text.headers["ETag"]
    )


def clear_states(world: World, key: Key, place: Any) -> None:
    answer = world.ask(key, "DELETE", STATE, parameters(place, STATE, None))
    world.expect(answer.status_code == (204 if key.may("state") else 403), key, f"clear {place}", answer)
    if answer.status_code == 204:
        documents = world.model.documents
        for owner, there, name in list(documents):
            if owner == key.organisation and there[:3] == place[:3] and place[3] in (None, there[3]):
                del documents[owner, there, name]


def write_statements(world: World, key: Key) -> None:
    """Ids that are free, one's own, a colleague's, a foreigner's; the same again, and something else."""
    own = world.model.of(key.organisation)
    mine = [held for held in own if held.key.name == key.name] or own
    taken = [world.chance.choice(mine), world.chance.choice(own), world.chance.choice(own)]
    foreign = world.chance.choice(world.model.of(world.other(key.organisation)))
    fresh = world.statement(key)
    copies = [(held.statement, held) for held in taken]
    others = [(world.statement(key, id=held.id, verb="https://hoc.example.vn/khac"), held) for held in taken[1:]]
    free = [(fresh, None), (world.statement(key, object=reference(foreign.id)), None)]
    free += [(world.statement(key, id=foreign.id), world.model.get(key.organisation, foreign.id))]
    for statement, held in [*copies, *others, *free]:
        if not world.chance.getrandbits(1):
            write_one(world, key, statement, held)
        elif not statement.get("attachments"):
            write_row(world, key, statement, held)
    if key.may("write"):
        statement = world.statement(key, verb="http://adlnet.gov/expapi/verbs/voided", object=reference(foreign.id))
        write_one(world, key, statement, None)


def is_repeat(world: World, key: Key, statement: dict[str, Any], held: Held) -> bool:
    """Tell whether the sender may be told that this is stored already."""
    return world.model.sees(key, held) and statement is held.statement


def write_one(world: World, key: Key, statement: dict[str, Any], held: Held | None) -> None:
    answer = world.ask(key, "PUT", STATEMENTS, {"statementId": statement["id"]}, body=statement)
    lacks = any("fileUrl" not in each for each in statement.get("attachments", ()))
    accepted = held is None or is_repeat(world, key, statement, held)
    status = 403 if not key.may("write") else 400 if lacks else 204 if accepted else 409
    world.expect(answer.status_code == status, key, f"put {statement['id']}, not {status}", answer)
    if answer.status_code == 204:
        world.model.add(key, statement)


def write_row(world: World, key: Key, statement: dict[str, Any], held: Held | None) -> None:
    answer = world.ask(key, "POST", "/api/batches", body=[statement])
    if not key.may("write"):
        world.expect(answer.status_code == 403, key, "batch", answer)
        return
    repeat = held is not None and is_repeat(world, key, statement, held)
    outcome = "stored" if held is None else "duplicate" if repeat else "refused"
    world.expect(answer.get_json()["rows"][0]["outcome"] == outcome, key, f"row, not {outcome}", answer)
    if not answer.get_json()["refused"]:
        world.model.add(key, statement)


def call_own_interface(world: World, key: Key) -> None:
    """The interface beside xAPI: what a caller administers is its own organisation."""
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
    answer = world.ask(key, "GET", "/api/organisation")
    world.expect(answer.get_json().get("id") == key.organisation, key, "organisation", answer)
    host = key.may("admin") and key.organisation == ORGANISATIONS[0]
    for method, path in (("GET", "/api/organisations"), ("PATCH", f"/api/organisations/{foreign.organisation}")):
        body = {"name": f"Tổ chức {foreign.organisation}"} if method == "PATCH" else None
        answer = world.ask(key, method, path, body=body)
        world.expect(answer.status_code == (200 if host else 403), key, f"{method} {path}", answer)
    answer = world.ask(key, "GET", "/api/members")
    world.expect(answer.status_code == (200 if key.may("admin") else 403), key, "members", answer)
    answer = world.ask(key, "GET", "/api/audit")
    world.expect(answer.status_code == (200 if key.may("audit/read") else 403), key, "audit", answer)
    for path in ("/api/diagnostics", "/api/openapi.json", "/xapi/about"):
        world.expect(world.ask(key, "GET", path).status_code == 200, key, path, answer)


def described(world: World) -> list[tuple[str, str]]:
    """Return method and path of every operation that the server itself describes."""
    paths = world.ask(None, "GET", "/api/openapi.json").get_json()["paths"]
    return [(method.upper(), path) for path, methods in paths.items() for method in methods if method in METHODS]


def call_everything_described(world: World, key: Key, operations: list[tuple[str, str]]) -> None:
    """What stands in a path is a foreigner's: nobody gets or changes it, but the host the organisations themselves."""
    foreign = world.chance.choice(world.of(world.other(key.organisation)))
    known = {"key": foreign.name, "member_id": world.members[foreign.organisation], "organisation": "khong-co"}
    for method, path in operations:
        if "{" in path:
            target = re.sub(r"{(\w+)}", lambda found: known.get(found[1], "khong-co"), path)
            body = {} if method in ("POST", "PATCH", "PUT") else None
            answer = world.ask(key, method, target, body=body)
            world.expect(400 <= answer.status_code < 500, key, f"{method} {target}", answer)
        elif method == "GET":
            answer = world.ask(key, method, path)
            world.expect(answer.status_code in (200, 400, 403, 404), key, path, answer)


def swap_authorization(world: World, key: Key) -> None:
    """A key opens only with its own secret, and nobody else's key with it."""
    foreign = world.chance.choice(world.of(world.other(key.organisation)))
    for name, secret in ((key.name, foreign.secret), (foreign.name, key.secret), (key.name, key.name)):
        sent = {"Authorization": authorization(name, secret)}
        answer = world.ask(None, "GET", STATEMENTS, {"statementId": SHARED_ID}, headers=sent)
        world.expect(answer.status_code == 401, None, "another secret", answer)
    for sent in ({"Authorization": f"Bearer {foreign.secret}"}, {"Authorization": ""}):
        answer = world.ask(None, "GET", STATEMENTS, {"statementId": SHARED_ID}, headers=sent)
        world.expect(answer.status_code == 401, None, str(sent), answer)


@pytest.mark.parametrize("data", [SHARED_DATA], ids=["shared"])
def test_data_that_two_organisations_sent_is_kept_for_each(world: World, data: bytes) -> None:
    holders = [held for each in ORGANISATIONS for held in world.model.of(each) if sha2(data) in held.files]
    assert {held.key.organisation for held in holders} == set(ORGANISATIONS)

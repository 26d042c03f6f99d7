"""Every credential of five organisations asks for its own statements and for foreign ones, and writes both.

The model says what each answer must be, to the statement; and no answer may hold the mark of anybody whose data the
caller may not see.
"""

import json
from typing import Any

import pytest

from .model import Held, Key, told
from .things import SHARED_AGENT, STATEMENTS, VERBS, activity, agent, parts_of, reference, registration_of, sha2
from .world import ORGANISATIONS, SHARED_DATA, SHARED_ID, World, authorization

FEWEST = 5_000
MANY, SPARSE = 24, 6
"""Queries of a key that may read, and of one that may not: the answer is the same to all."""

Query = dict[str, str]


def test_statements_stay_within_their_organisation_and_are_found_as_the_specification_says(world: World) -> None:
    begun = world.asked
    links: list[tuple[Key, str]] = []
    for key in world.turns():
        read_lists(world, key, links)
        read_single(world, key)
        follow_links_of_others(world, key, links)
        read_known(world, key)
        write_statements(world, key)
        swap_authorization(world, key)
    world.check(begun, FEWEST)


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

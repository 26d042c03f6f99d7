"""Documents of five organisations: every credential reads and writes its own places and foreign ones.

The model says what each answer must be; what a foreign tag or place decides is nothing.
"""

import json
from typing import Any

from .model import Key
from .things import KINDS, STATE, parameters, place_of
from .world import World

FEWEST = 2_000


def test_documents_stay_within_their_organisation_under_every_condition(world: World) -> None:
    begun = world.asked
    for key in world.turns():
        for path in KINDS:
            read_documents(world, key, path)
            write_documents(world, key, path)
    world.check(begun, FEWEST)


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

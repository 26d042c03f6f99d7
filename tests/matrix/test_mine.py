"""What `statements/read/mine` finds, held against the model, whatever two senders may have posted about each other."""

import json
import uuid
from collections.abc import Callable
from typing import Any

from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .model import VOIDED, Key
from .things import VERBS, activity, agent, reference
from .world import World

MOST = 7
SENDERS = (("statements/write", "statements/read/mine"), ("statements/write", "statements/read/mine"), ("all",))
PEOPLE = [{"mbox": f"mailto:{name}@hoc.example.vn"} for name in ("an", "binh")]
PLACES = [activity("mot"), activity("hai")]

people = st.sampled_from(PEOPLE)
groups = st.builds(
    lambda members, who: {"objectType": "Group", "member": members} | who,
    st.lists(people, min_size=1, max_size=2),
    st.sampled_from([{}, {"mbox": "mailto:nhom@hoc.example.vn"}]),
)
actors = people | groups
verbs = st.sampled_from(VERBS)
things = st.sampled_from(PLACES) | people.map(lambda who: who | {"objectType": "Agent"})
inner = st.builds(
    lambda actor, verb, thing: {"objectType": "SubStatement", "actor": actor, "verb": {"id": verb}, "object": thing},
    actors,
    verbs,
    things,
)
numbers = st.integers(0, MOST - 1)
# What it is about: a thing, a statement inside, or the number of another statement, posted before, after or never.
posts = st.tuples(
    st.integers(0, 1),
    actors,
    verbs | st.just(VOIDED),
    things | inner | numbers,
    st.none() | people,
)

QUERIES: list[dict[str, str]] = [
    {},
    {"ascending": "true", "limit": "2"},
    *({"agent": json.dumps(who)} for who in PEOPLE),
    {"agent": json.dumps(PEOPLE[0]), "related_agents": "true", "limit": "1"},
    {"agent": json.dumps(agent("nhom"))},
    *({"activity": where["id"]} for where in PLACES),
    {"activity": PLACES[0]["id"], "related_activities": "true", "verb": VERBS[0]},
    {"verb": VERBS[1], "ascending": "true"},
    {"verb": VOIDED},
]


def statement(number: int, post: tuple[Any, ...], prefix: str) -> dict[str, Any]:
    _, actor, verb, about, instructor = post
    thing = reference(identifier(prefix, about)) if isinstance(about, int) else about
    if verb == VOIDED and not isinstance(about, int):
        verb = VERBS[0]
    made = {"id": identifier(prefix, number), "actor": actor, "verb": {"id": verb}, "object": thing}
    return made | ({"context": {"instructor": instructor}} if instructor else {})


def identifier(prefix: str, number: int) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_DNS, f"{prefix} {number}"))


def walked(world: World, key: Key, query: dict[str, str]) -> list[str]:
    page = world.ask(key, "GET", "/xapi/statements", query).get_json()
    said = page["statements"]
    while page["more"]:
        page = world.ask(key, "GET", page["more"]).get_json()
        said += page["statements"]
    return [each["id"] for each in said]


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True)
@given(sent=st.lists(posts, min_size=3, max_size=MOST))
def test_mine_is_what_the_model_says(asking: FlaskClient, found: Callable[..., None], sent: list[Any]) -> None:
    world = World(asking, 1)
    organisation = f"o{uuid.uuid4().hex}"
    found(world, organisation, *SENDERS)
    keys = world.of(organisation)
    for number, post in enumerate(sent):
        world.post(keys[post[0]], statement(number, post, organisation))
    for key in keys:
        for query in QUERIES:
            assert walked(world, key, query) == [held.id for held in world.model.find(key, query)], (key.scopes, query)
        for number in range(MOST) if key is keys[0] else ():
            by_id = identifier(organisation, number)
            for name, voided in (("statementId", False), ("voidedStatementId", True)):
                status = world.ask(key, "GET", "/xapi/statements", {name: by_id}).status_code
                assert status == (200 if world.model.one(key, by_id, voided=voided) else 404)

"""A launch token over HTTP, in every way that content in a browser could try to get beyond its learner and activity."""

import itertools
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from .model import VOIDED, Key
from .things import ACTIVITY_PROFILE, AGENT_PROFILE, STATE, STATEMENTS, VERBS, reference, registration_of
from .world import World

LEARNER, OTHER = {"mbox": "mailto:lan@hoc.example.vn"}, {"mbox": "mailto:an@hoc.example.vn"}
COURSE, ELSEWHERE = "https://hoc.example.vn/khoa", "https://hoc.example.vn/khoa-khac"
OWN, FOREIGN = registration_of("lan"), registration_of("an")
SCOPES = (("all",), ("statements/write", "state", "profile"), ("statements/write",))
STATE_PLACES = list(itertools.product((COURSE, ELSEWHERE), (LEARNER, OTHER), (OWN, FOREIGN, None), ("a", None)))


class Launched:
    """One launch of one key."""

    def __init__(self, world: World, key: Key) -> None:
        self.world, self.key = world, key
        body = {"agent": LEARNER, "activity": COURSE, "registration": OWN}
        answer = world.ask(key, "POST", "/api/launches", body=body)
        assert answer.status_code == 201, answer.get_data()
        self._bearer = {"Authorization": f"Bearer {answer.get_json()['token']}"}

    def ask(self, method: str, path: str, query: dict[str, str] | None = None, **sent: Any) -> TestResponse:
        headers = self._bearer | sent.pop("headers", {})
        return self.world.ask(self.key, method, path, query, headers=headers, **sent)


@pytest.fixture(scope="module")
def launches(asking: FlaskClient, found: Callable[..., None]) -> list[Launched]:
    """Two organisations, in which the same learner takes the same course; each key launches it."""
    world = World(asking, 2)
    for organisation in ("truong-mot", "truong-hai"):
        found(world, organisation, *SCOPES)
        seed_documents(world, world.of(organisation)[0])
    return [Launched(world, key) for key in world.keys]


def seed_documents(world: World, key: Key) -> None:
    places = [state(*place) for place in STATE_PLACES if place[-1] is not None]
    wanted = [(STATE, query) for query in places]
    wanted += [(ACTIVITY_PROFILE, {"activityId": where, "profileId": "a"}) for where in (COURSE, ELSEWHERE)]
    wanted += [(AGENT_PROFILE, {"agent": json.dumps(who), "profileId": "a"}) for who in (LEARNER, OTHER)]
    for path, query in wanted:
        answer = world.ask(key, "PUT", path, query, body={"của": key.mark}, headers={"If-None-Match": "*"})
        assert answer.status_code == 204, answer.get_data()


def state(activity: str, agent: dict[str, str], registration: str | None, name: str | None) -> dict[str, str]:
    query = {"activityId": activity, "agent": json.dumps(agent), "registration": registration, "stateId": name}
    return {name: value for name, value in query.items() if value is not None}


def statements(world: World, key: Key) -> list[tuple[dict[str, Any], bool]]:
    """Make statements of all kinds, each with whether a launch may store it."""
    group = LEARNER | {"objectType": "Group", "member": [OTHER]}
    part = {"parent": [{"id": COURSE}]}
    about = [({"id": COURSE}, {}, True), ({"id": f"{COURSE}/1"}, {"contextActivities": part}, True)]
    about += [
        ({"id": f"{COURSE}/1"}, {}, True),
        ({"id": ELSEWHERE}, {}, False),
        ({"id": ELSEWHERE}, {"contextActivities": part | {"other": part["parent"]}}, False),
        ({"id": f"{COURSE}/1"}, {"contextActivities": {"parent": [{"id": ELSEWHERE}]}}, False),
        (OTHER | {"objectType": "Agent"}, {}, False),
    ]
    made = []
    for (who, what, registration), verb in itertools.product(
        itertools.product((LEARNER, OTHER, group), about, (OWN, OWN.upper(), FOREIGN, None)), (VERBS[0], VOIDED)
    ):
        thing, context, fits = what
        if verb == VOIDED:
            thing, context, fits = reference(world.new_id()), {"contextActivities": part}, False
        allowed = fits and who is LEARNER and registration in (OWN, OWN.upper())
        context = context | ({"registration": registration} if registration else {})
        made.append((world.statement(key, actor=who, object=thing, verb=verb) | {"context": context}, allowed))
    return made


def test_a_launch_stores_only_what_its_learner_does_in_its_activity(launches: list[Launched]) -> None:
    for launch in launches:
        for statement, allowed in statements(launch.world, launch.key):
            single = launch.ask("PUT", STATEMENTS, {"statementId": statement["id"]}, body=statement)
            assert single.status_code == (204 if allowed else 403), (statement, single.get_data())
            again = statement | {"id": launch.world.new_id()}
            row = launch.ask("POST", "/api/batches", body=[again]).get_json()["rows"][0]
            assert row["outcome"] == ("stored" if allowed else "refused"), (statement, row)
            if not allowed:
                assert {fault["rule"] for fault in row["errors"]} == {"launch"}
                assert (
                    launch.world.ask(launch.key, "GET", STATEMENTS, {"statementId": statement["id"]}).status_code != 200
                )


def test_one_statement_outside_the_launch_keeps_the_whole_batch_out(launches: list[Launched]) -> None:
    launch = launches[0]
    made = statements(launch.world, launch.key)
    good, bad = (next(each for each, allowed in made if allowed is wanted) for wanted in (True, False))
    answer = launch.ask("POST", STATEMENTS, body=[good, bad])
    assert answer.status_code == 403
    assert all(fault["path"].startswith("[1]") for fault in answer.get_json()["errors"])
    assert launch.world.ask(launch.key, "GET", STATEMENTS, {"statementId": good["id"]}).status_code == 404


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
def test_a_launch_reaches_only_its_own_state(launches: list[Launched], method: str) -> None:
    for launch in launches:
        for place in STATE_PLACES:
            if method in ("PUT", "POST") and place[-1] is None:
                continue
            body = {"từ": "trình duyệt"} if method in ("PUT", "POST") else None
            headers = {"If-Match": "*"} if method == "PUT" else {}
            answer = launch.ask(method, STATE, state(*place), body=body, headers=headers)
            own = place[:3] == (COURSE, LEARNER, OWN)
            good = 200 if method == "GET" else 204
            allowed = own and launch.key.may("state")
            gone = allowed and method == "PUT" and answer.status_code == 412
            assert gone or answer.status_code == (good if allowed else 403), (place, answer.get_data())


def test_what_a_launch_did_to_states_changed_no_others(launches: list[Launched]) -> None:
    for launch in launches[:: len(SCOPES)]:
        for place in STATE_PLACES:
            if place[-1] is not None and place[:3] != (COURSE, LEARNER, OWN):
                answer = launch.world.ask(launch.key, "GET", STATE, state(*place))
                assert answer.get_json() == {"của": launch.key.mark}


@pytest.mark.parametrize("path", [ACTIVITY_PROFILE, AGENT_PROFILE])
def test_a_launch_reads_the_two_profiles_of_its_own_and_writes_none(launches: list[Launched], path: str) -> None:
    name, own, other = (
        ("activityId", COURSE, ELSEWHERE)
        if path == ACTIVITY_PROFILE
        else ("agent", json.dumps(LEARNER), json.dumps(OTHER))
    )
    for launch in launches:
        allowed = launch.key.may("profile")
        for profile in ({"profileId": "a"}, {}):
            assert launch.ask("GET", path, {name: own} | profile).status_code == (200 if allowed else 403)
            assert launch.ask("GET", path, {name: other} | profile).status_code == 403
        for method in ("PUT", "POST", "DELETE"):
            body = None if method == "DELETE" else {"từ": "trình duyệt"}
            for target in (own, other):
                assert launch.ask(method, path, {name: target, "profileId": "a"}, body=body).status_code == 403


@pytest.mark.parametrize(
    ("path", "query"),
    [
        (STATEMENTS, {}),
        (STATEMENTS, {"agent": json.dumps(LEARNER)}),
        (STATEMENTS, {"statementId": OWN}),
        ("/xapi/agents", {"agent": json.dumps(LEARNER)}),
        ("/xapi/agents", {"agent": json.dumps(OTHER)}),
        ("/xapi/activities", {"activityId": COURSE}),
        ("/api/diagnostics", {}),
        ("/api/credentials", {}),
        ("/api/members", {}),
        ("/api/organisation", {}),
        ("/api/organisations", {}),
        ("/api/audit", {}),
    ],
)
def test_a_launch_reads_nothing_else(launches: list[Launched], path: str, query: dict[str, str]) -> None:
    for launch in launches:
        assert launch.ask("GET", path, query).status_code == 403


def test_a_launch_makes_no_other(launches: list[Launched]) -> None:
    for launch in launches:
        assert launch.ask("POST", "/api/launches", body={"agent": OTHER, "activity": COURSE}).status_code == 403


def test_nothing_of_the_other_organisation_was_told(launches: list[Launched]) -> None:
    world = launches[0].world
    assert (world.leaks, world.wrong) == ([], [])

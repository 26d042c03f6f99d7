"""tincan 1.0.0 keeps states and profiles on a running server, and asks what it knows of activities and agents."""

import json
import uuid

import pytest
from tincan import Activity, Agent, HTTPRequest, RemoteLRS, StateDocument, Statement, Verb


@pytest.fixture(params=["1.0.0", "1.0.3"])
def lrs(server, request):
    return RemoteLRS(endpoint=f"{server.endpoint}/", username=server.key, password=server.secret, version=request.param)


@pytest.fixture
def learner():
    return Agent(mbox=f"mailto:{uuid.uuid4()}@hoc.example.vn", name="Lan")


@pytest.fixture
def lesson():
    return Activity(id=f"https://hoc.example.vn/lessons/{uuid.uuid4()}")


def stored(document, content):
    document.content = bytearray(content)
    document.content_type = "application/json"
    return document


def read(answer):
    """Return the document of an answer with its ETag, which tincan looks for in the wrong place."""
    answer.content.etag = answer.response.getheader("ETag")
    return answer.content


def create(lrs, resource, parameters):
    """Create a profile with the header that 1.0.3 demands and tincan does not send by itself."""
    request = HTTPRequest(method="PUT", resource=resource, content="{}", query_params=parameters)
    request.headers.update({"If-None-Match": "*", "Content-Type": "application/json"})
    assert lrs._send_request(request).success


def known(lrs, resource, parameters):
    """Ask for what tincan has no method of its own for."""
    answer = lrs._send_request(HTTPRequest(method="GET", resource=resource, query_params=parameters))
    assert answer.success, answer.data
    return json.loads(answer.data)


def test_an_activity_is_known_from_the_statements_about_it(lrs, learner, lesson):
    named = Activity(id=lesson.id, definition={"name": {"vi-VN": "Bảo vệ mật khẩu"}})
    verb = Verb(id="http://adlnet.gov/expapi/verbs/completed")
    assert lrs.save_statement(Statement(actor=learner, verb=verb, object=named)).success
    found = known(lrs, "activities", {"activityId": lesson.id})
    assert Activity.from_json(json.dumps(found)).id == lesson.id
    assert found["definition"]["name"] == {"vi-VN": "Bảo vệ mật khẩu"}


def test_an_agent_is_a_person_with_its_identifiers(lrs, learner):
    found = known(lrs, "agents", {"agent": learner.to_json(lrs.version)})
    assert found["objectType"] == "Person"
    assert found["mbox"] == [learner.mbox]


def test_a_state_is_saved_again_and_again(lrs, learner, lesson):
    state = stored(StateDocument(agent=learner, activity=lesson, id="bookmark"), b'{"slide":1}')
    assert lrs.save_state(state).success
    assert lrs.save_state(stored(state, b'{"slide":2}')).success
    assert lrs.retrieve_state(lesson, learner, "bookmark").content.content == bytearray(b'{"slide":2}')
    assert lrs.retrieve_state_ids(lesson, learner).content == ["bookmark"]
    assert lrs.clear_state(lesson, learner).success
    assert lrs.retrieve_state_ids(lesson, learner).content == []


def test_an_activity_profile_is_replaced_by_who_has_read_it(lrs, lesson):
    create(lrs, "activities/profile", {"activityId": lesson.id, "profileId": "outline"})
    found = read(lrs.retrieve_activity_profile(lesson, "outline"))
    assert lrs.save_activity_profile(stored(found, b'{"parts":2}')).success
    assert lrs.save_activity_profile(found).response.status == 412
    assert lrs.retrieve_activity_profile_ids(lesson).content == ["outline"]
    assert lrs.delete_activity_profile(read(lrs.retrieve_activity_profile(lesson, "outline"))).success


def test_an_agent_profile_is_replaced_by_who_has_read_it(lrs, learner):
    create(lrs, "agents/profile", {"agent": learner.to_json(lrs.version), "profileId": "settings"})
    found = read(lrs.retrieve_agent_profile(learner, "settings"))
    assert lrs.save_agent_profile(stored(found, b'{"font":2}')).success
    assert lrs.save_agent_profile(found).response.status == 412
    assert lrs.retrieve_agent_profile_ids(learner).content == ["settings"]
    assert lrs.delete_agent_profile(read(lrs.retrieve_agent_profile(learner, "settings"))).success

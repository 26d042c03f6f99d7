"""The client tincan 1.0.0 from PyPI, used as its documentation says."""

import hashlib
import itertools
import json
import uuid
from datetime import UTC, datetime, timedelta

import pytest
from tincan import (
    Activity,
    Agent,
    AgentAccount,
    Attachment,
    Context,
    ContextActivities,
    Group,
    RemoteLRS,
    Result,
    Score,
    Statement,
    StatementRef,
    SubStatement,
    Verb,
)
from tincan.http_request import HTTPRequest
from tincan.version import Version

COMPLETED = Verb(id="http://adlnet.gov/expapi/verbs/completed", display={"vi-VN": "đã hoàn thành"})
VOIDED = Verb(id="http://adlnet.gov/expapi/verbs/voided", display={"en": "voided"})


@pytest.fixture(params=Version.supported)
def lrs(server, request):
    return RemoteLRS(version=request.param, endpoint=f"{server.endpoint}/", username=server.key, password=server.secret)


@pytest.fixture
def learner():
    return Agent(mbox=f"mailto:{uuid.uuid4().hex}@hoc.example.vn", name="Học viên")


@pytest.fixture
def lesson():
    return Activity(
        id=f"https://hoc.example.vn/bai/{uuid.uuid4().hex}",
        definition={"name": {"vi-VN": "Bảo vệ mật khẩu"}, "type": "http://adlnet.gov/expapi/activities/lesson"},
    )


@pytest.fixture
def say(learner, lesson):
    """Make a statement of this test's learner and lesson."""

    def make(**changes):
        return Statement({"actor": learner, "verb": COMPLETED, "object": lesson} | changes)

    return make


def saved(lrs, *statements):
    answer = lrs.save_statements(list(statements))
    assert answer.success, answer.data
    return [str(statement.id) for statement in answer.content]


def found(lrs, **query):
    answer = lrs.query_statements(query)
    assert answer.success, answer.data
    return [str(statement.id) for statement in answer.content.statements]


def without(statement, *names):
    text = json.loads(statement.to_json())
    return {name: value for name, value in text.items() if name not in {*names, "stored", "authority", "timestamp"}}


def test_it_speaks_1_0_3_unless_told_otherwise(server):
    assert RemoteLRS(endpoint=server.endpoint, username="a", password="b").version == "1.0.3"


def test_about_names_both_versions(lrs):
    # The library takes only the versions that it knows itself into its About object.
    answer = lrs._send_request(HTTPRequest(method="GET", resource="about"))
    assert json.loads(answer.data)["version"] == ["1.0.3", "2.0.0"]


def test_a_statement_without_an_id_gets_one_and_comes_back_as_it_was(lrs, say):
    statement = say(
        result=Result(score=Score(scaled=0.5, raw=5, min=0, max=10), success=True, duration=timedelta(minutes=90)),
        context=Context(registration=uuid.uuid4(), language="vi-VN", platform="Cổng học tập"),
        timestamp=datetime(2026, 11, 20, 9, tzinfo=UTC),
    )
    answer = lrs.save_statement(statement)
    assert (answer.success, answer.response.status) == (True, 200)
    back = lrs.retrieve_statement(answer.content.id).content
    assert without(back) == without(statement)
    assert back.timestamp == statement.timestamp
    assert back.stored is not None
    assert back.authority is not None


def test_a_statement_with_an_id_is_put_and_may_be_put_again(lrs, say):
    statement = say(id=str(uuid.uuid4()))
    assert [lrs.save_statement(statement).response.status for _ in range(2)] == [204, 204]
    assert lrs.retrieve_statement(statement.id).content.id == statement.id


def test_another_statement_under_the_same_id_is_a_conflict(lrs, say):
    statement = say(id=str(uuid.uuid4()))
    lrs.save_statement(statement)
    answer = lrs.save_statement(say(id=statement.id, verb=Verb(id="https://hoc.example.vn/verbs/other")))
    assert (answer.success, answer.response.status) == (False, 409)


def test_a_batch_keeps_its_order(lrs, say, learner):
    ids = saved(lrs, *(say() for _ in range(25)))
    assert found(lrs, agent=learner, ascending=True) == ids


@pytest.mark.parametrize("limit", [1, 7, 50])
def test_more_leads_through_all_pages(lrs, say, learner, limit):
    ids = saved(lrs, *(say() for _ in range(50)))
    answer = lrs.query_statements({"agent": learner, "limit": limit, "ascending": True})
    pages = []
    while True:
        pages.append([str(statement.id) for statement in answer.content.statements])
        if not answer.content.more:
            break
        answer = lrs.more_statements(answer.content)
        assert answer.success, answer.data
    assert list(itertools.chain(*pages)) == ids
    assert {len(page) for page in pages[:-1]} <= {limit}


def test_objects_of_every_kind_come_back(lrs, say, learner, lesson):
    target = str(uuid.uuid4())
    crowd = Group(name="Tổ công nghệ số", member=[learner], account=_account())
    objects = [
        lesson,
        learner,
        crowd,
        StatementRef(id=target),
        SubStatement(actor=crowd, verb=COMPLETED, object=lesson),
    ]
    sent = [say(object=each) for each in objects]
    ids = saved(lrs, *sent)
    back = [lrs.retrieve_statement(each).content for each in ids]
    assert [without(each) for each in back] == [without(each) for each in sent]


def test_attachments_that_lie_elsewhere_are_kept(lrs, say, learner):
    # The library can neither send nor read an attachment's data.
    attachment = Attachment(
        usage_type="http://adlnet.gov/expapi/attachments/certificate",
        display={"vi-VN": "Chứng nhận"},
        content_type="application/pdf",
        length=4,
        sha2=hashlib.sha256(b"%PDF").hexdigest(),
        fileurl="https://hoc.example.vn/chung-nhan/1.pdf",
    )
    (statement_id,) = saved(lrs, say(attachments=[attachment]))
    assert found(lrs, agent=learner, attachments=False) == [statement_id]
    back = json.loads(lrs.retrieve_statement(statement_id).data)["attachments"]
    assert back == [json.loads(attachment.to_json())]


def test_a_voided_statement_is_found_as_voided_only(lrs, say):
    (statement_id,) = saved(lrs, say())
    saved(lrs, say(verb=VOIDED, object=StatementRef(id=statement_id)))
    assert lrs.retrieve_statement(statement_id).response.status == 404
    answer = lrs.retrieve_voided_statement(statement_id)
    assert answer.success, answer.data
    assert str(answer.content.id) == statement_id


def test_agent_verb_activity_and_registration_filter(lrs, say, learner, lesson):
    registration = str(uuid.uuid4())
    verb = Verb(id=f"https://hoc.example.vn/verbs/{uuid.uuid4().hex}")
    plain, special, registered = saved(
        lrs, say(), say(verb=verb), say(context=Context(registration=registration, language="vi-VN"))
    )
    assert set(found(lrs, agent=learner)) == {plain, special, registered}
    assert found(lrs, verb=verb) == [special]
    assert set(found(lrs, activity=lesson)) == {plain, special, registered}
    assert found(lrs, registration=registration) == [registered]
    assert found(lrs, agent=learner, activity=lesson, verb=verb, registration=registration) == []


@pytest.mark.parametrize(("related", "expected"), [(True, 1), ("true", 1), (False, 0), ("false", 0)])
def test_related_agents_and_activities_are_asked_for(lrs, say, related, expected):
    teacher = Agent(account=_account())
    course = Activity(id=f"https://hoc.example.vn/khoa/{uuid.uuid4().hex}")
    saved(lrs, say(context=Context(instructor=teacher, context_activities=ContextActivities(parent=[course]))))
    assert len(found(lrs, agent=teacher, related_agents=related)) == expected
    assert len(found(lrs, activity=course, related_activities=related)) == expected


def test_since_and_until_take_datetimes(lrs, say, learner):
    before, after = saved(lrs, say()), saved(lrs, say())
    between = lrs.retrieve_statement(before[0]).content.stored
    assert found(lrs, agent=learner, since=between) == after
    assert found(lrs, agent=learner, until=between) == before
    assert found(lrs, agent=learner, since=between.isoformat(), until=between.isoformat()) == []


@pytest.mark.parametrize("form", ["ids", "exact", "canonical"])
def test_every_format_can_be_read(lrs, say, learner, form):
    ids = saved(lrs, say(), say())
    assert set(found(lrs, agent=learner, format=form)) == set(ids)


def test_what_is_refused_says_where(lrs, say):
    statement = say(result=Result(score=Score(scaled=0.5, raw=5, min=10, max=0)))
    answer = lrs.save_statement(statement)
    assert (answer.success, answer.response.status) == (False, 400)
    assert all(error["path"].startswith("result.score") for error in json.loads(answer.data)["errors"])


def _account():
    return AgentAccount(home_page="https://sso.hoc.example.vn", name=uuid.uuid4().hex)

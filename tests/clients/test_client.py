"""The client against the real server, in both versions."""

import time
import uuid
from datetime import datetime, timedelta

import pytest

from clients import (
    Attachment,
    Basic,
    Conflict,
    LRSClient,
    NotFound,
    Patience,
    Refused,
    Unauthorized,
    activity,
    agent,
    completed,
    statement,
    voiding,
)

LESSON = activity("https://hoc.example.vn/bai/mat-khau", name={"vi-VN": "Bảo vệ mật khẩu"})


@pytest.fixture
def lesson():
    return f"https://hoc.example.vn/bai/{uuid.uuid4().hex}"


def ids(statements):
    return [each["id"] for each in statements]


def test_about_names_the_versions(lrs):
    assert lrs.about()["version"] == ["1.0.3", "2.0.0"]


def test_a_statement_comes_back_as_it_was(lrs, learner):
    sent = completed(learner, LESSON, scaled=0.85)
    assert lrs.save(sent) == sent["id"]
    back = lrs.get(sent["id"])
    assert {name: back[name] for name in sent} == sent


def test_one_without_an_id_gets_one(lrs, a_statement):
    statement_id = lrs.save(a_statement(id=None))
    assert lrs.get(statement_id)["id"] == statement_id


def test_the_same_again_is_stored_once_and_another_under_its_id_is_a_conflict(lrs, learner, lesson):
    sent = completed(learner, lesson)
    assert lrs.save(sent) == lrs.save(sent) == lrs.save_many([sent])[0]
    assert ids(lrs.find(activity=lesson)) == [sent["id"]]
    with pytest.raises(Conflict) as caught:
        lrs.save(sent | {"verb": {"id": "https://hoc.example.vn/verbs/other"}})
    assert sent["id"] not in caught.value.saved


def test_many_are_found_in_order_through_all_pages(lrs, learner):
    sent = lrs.save_many((completed(learner, LESSON) for _ in range(57)), portion=20)
    assert ids(lrs.find(agent=learner, ascending=True, page_size=10)) == sent
    assert ids(lrs.find(agent=learner, page_size=10)) == sent[::-1]
    assert [len(page.statements) for page in lrs.pages(agent=learner, page_size=25)] == [25, 25, 7]


def test_a_walk_is_not_disturbed_by_what_is_saved_meanwhile(lrs, learner):
    sent = lrs.save_many(completed(learner, LESSON) for _ in range(6))
    found = []
    for each in lrs.find(agent=learner, page_size=2):
        found.append(each["id"])
        lrs.save(completed(learner, LESSON))
    assert found == sent[::-1]


def test_a_batch_is_saved_as_it_comes(lrs, learner):
    with lrs.batch(10) as batch:
        sent = [batch.add(completed(learner, LESSON)) for _ in range(25)]
    assert ids(lrs.find(agent=learner, ascending=True)) == sent


def test_a_portion_with_a_bad_statement_is_refused_as_a_whole_and_the_fault_is_named(lrs, learner):
    statements = [completed(learner, LESSON) for _ in range(7)]
    del statements[4]["verb"]["id"]
    with pytest.raises(Refused) as caught:
        lrs.save_many(statements, portion=3)
    assert caught.value.saved == ids(statements[:3])
    assert caught.value.unsaved == statements[3:]
    assert [fault.path for fault in caught.value.faults] == ["[1].verb.id"]
    assert ids(lrs.find(agent=learner, ascending=True)) == ids(statements[:3])


def test_all_conditions_hold_together(lrs, learner, lesson):
    registration = uuid.uuid4()
    other = f"https://hoc.example.vn/verbs/{uuid.uuid4().hex}"
    plain = completed(learner, lesson)
    special = statement(learner, other, lesson, context={"registration": str(registration)})
    lrs.save_many([plain, special])
    assert set(ids(lrs.find(activity=lesson))) == {plain["id"], special["id"]}
    assert ids(lrs.find(activity=lesson, verb=other)) == [special["id"]]
    assert ids(lrs.find(agent=learner, registration=registration)) == [special["id"]]
    assert ids(lrs.find(agent=learner, verb=plain["verb"], registration=registration)) == []


def test_related_agents_and_activities_are_found_when_asked_for(lrs, learner, lesson):
    teacher = agent(account=("https://sso.hoc.example.vn", uuid.uuid4().hex))
    course = f"https://hoc.example.vn/khoa/{uuid.uuid4().hex}"
    context = {"instructor": teacher, "contextActivities": {"parent": [{"id": course}]}}
    sent = lrs.save(statement(learner, "https://hoc.example.vn/verbs/x", lesson, context=context))
    assert ids(lrs.find(agent=teacher)) == ids(lrs.find(activity=course)) == []
    assert ids(lrs.find(agent=teacher, related_agents=True)) == [sent]
    assert ids(lrs.find(activity=course, related_activities=True)) == [sent]


def test_since_and_until_are_about_storing(lrs, learner):
    first, second = (lrs.save(completed(learner, LESSON)) for _ in range(2))
    between = datetime.fromisoformat(lrs.get(first)["stored"])
    assert ids(lrs.find(agent=learner, since=between)) == [second]
    assert ids(lrs.find(agent=learner, until=between)) == [first]
    assert ids(lrs.find(agent=learner, since=between, until=between + timedelta(microseconds=-1))) == []


@pytest.mark.parametrize("form", ["exact", "ids", "canonical"])
def test_every_format_can_be_asked_for(lrs, learner, form):
    sent = lrs.save(completed(learner, LESSON))
    (found,) = lrs.find(agent=learner, format=form)
    assert found["id"] == sent
    assert ("definition" in found["object"]) == (form != "ids")


def test_a_voided_statement_is_found_as_voided_only(lrs, learner):
    sent = lrs.save(completed(learner, LESSON))
    with pytest.raises(NotFound):
        lrs.get_voided(sent)
    lrs.save(voiding(learner, sent))
    with pytest.raises(NotFound):
        lrs.get(sent)
    assert lrs.get_voided(sent)["id"] == sent


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"", b"\r\n--\0\xff\r\n", bytes(range(256)) * 4096])
def test_files_go_out_and_come_back(lrs, learner, content):
    paper = Attachment(
        content=content,
        content_type="application/pdf",
        usage_type="http://adlnet.gov/expapi/attachments/certificate",
        display={"vi-VN": "Chứng nhận"},
        description={"vi-VN": "Chứng nhận hoàn thành"},
    )
    sent = lrs.save(completed(learner, LESSON), [paper])
    page = lrs.get_with_files(sent)
    assert page.statements[0]["attachments"] == [paper.metadata()]
    assert page.files[paper.sha2].content == content
    assert page.files[paper.sha2].content_type == "application/pdf"
    assert [each.files.keys() for each in lrs.pages(agent=learner, files=True)] == [{paper.sha2}]
    assert [each.files for each in lrs.pages(agent=learner)] == [{}]


def test_files_may_be_sent_again(lrs, learner):
    paper = Attachment(content=b"x", content_type="text/plain", usage_type="http://x.vn/u", display={"vi": "Tệp"})
    sent = completed(learner, LESSON)
    assert lrs.save(sent, [paper]) == lrs.save(sent, [paper])


def test_pages_say_how_far_they_are_complete(lrs, learner):
    lrs.save(completed(learner, LESSON))
    (page,) = lrs.pages(agent=learner)
    assert datetime.fromisoformat(page.consistent_through)


def test_text_of_every_kind_survives(lrs, learner):
    text = 'Kỹ năng số \u0000 \U0001f468\u200d\U0001f393 \u2028 \\ " $ref a.b'
    sent = lrs.save(
        statement(
            learner, "https://x.vn/v", LESSON, result={"response": text, "extensions": {"http://a.b/$c": {"d.e": text}}}
        )
    )
    assert lrs.get(sent)["result"] == {"response": text, "extensions": {"http://a.b/$c": {"d.e": text}}}


def test_a_wrong_secret_is_unauthorized(server):
    with LRSClient(server.endpoint, Basic(server.key, "guessed")) as lrs, pytest.raises(Unauthorized) as caught:
        list(lrs.find())
    assert "guessed" not in f"{caught.value!r} {caught.value}"


def test_nothing_is_not_found(lrs):
    with pytest.raises(NotFound):
        lrs.get(str(uuid.uuid4()))


def test_an_activity_is_known_from_its_statements(lrs, learner, lesson):
    lrs.save(completed(learner, activity(lesson, name={"vi-VN": "Bài 1", "en": "Lesson 1"})))
    found = lrs.activity(lesson)
    assert (found["id"], found["definition"]["name"]["vi-VN"]) == (lesson, "Bài 1")


def test_a_person_is_known_by_the_agent(lrs, learner):
    lrs.save(completed(learner, LESSON))
    found = lrs.person(learner)
    assert found["objectType"] == "Person"
    assert found["account"] == [learner["account"]]


def test_a_connection_that_the_server_has_ended_meanwhile_does_no_harm(server, learner):
    with LRSClient(server.endpoint, Basic(server.key, server.secret), patience=Patience(within=5)) as lrs:
        lrs.save(completed(learner, LESSON))
        time.sleep(2.5)
        lrs.save(completed(learner, LESSON))
        assert len(list(lrs.find(agent=learner))) == 2

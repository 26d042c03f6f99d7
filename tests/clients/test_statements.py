import uuid
from datetime import UTC, datetime, timedelta

import pytest

from clients import COMPLETED, VOIDED, activity, agent, completed, identified, statement, verb, voiding
from schemas.xapi.statements import load_statement

LEARNER = agent(mbox="hoc.vien@example.vn", name="Học viên")
LESSON = activity(
    "https://example.vn/bai-1", name={"vi-VN": "Bài 1"}, kind="http://adlnet.gov/expapi/activities/lesson"
)


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@pytest.mark.parametrize(
    "built",
    [
        statement(LEARNER, COMPLETED, "https://example.vn/bai-1"),
        statement(agent(openid="https://id.example.vn/hv-1"), verb(COMPLETED, {"vi": "đã hoàn thành"}), LESSON),
        statement(agent(mbox_sha1sum="0" * 40), COMPLETED, agent(account=("https://sso.example.vn", "gv-1"))),
        statement(LEARNER, COMPLETED, LESSON, result={"success": True}, context={"language": "vi"}),
        completed(LEARNER, LESSON),
        completed(LEARNER, "https://example.vn/bai-1", scaled=0),
        voiding(LEARNER, str(uuid.uuid4())),
    ],
    ids=lambda built: built["verb"]["id"].rpartition("/")[2],
)
def test_what_is_built_is_good_xapi(built, version):
    assert load_statement(built, version)


def test_every_statement_has_an_id_and_a_time_of_its_own():
    one, other = completed(LEARNER, LESSON), completed(LEARNER, LESSON)
    assert one["id"] != other["id"]
    assert datetime.now(UTC) - datetime.fromisoformat(one["timestamp"]) < timedelta(seconds=5)


def test_a_given_time_is_kept():
    moment = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
    assert datetime.fromisoformat(statement(LEARNER, COMPLETED, LESSON, timestamp=moment)["timestamp"]) == moment


def test_a_time_without_zone_is_refused():
    with pytest.raises(ValueError, match="time zone"):
        statement(LEARNER, COMPLETED, LESSON, timestamp=datetime(2026, 11, 20))  # noqa: DTZ001 - the point of the test


def test_voiding_refers():
    assert voiding(LEARNER, "abc")["object"] == {"objectType": "StatementRef", "id": "abc"}
    assert voiding(LEARNER, "abc")["verb"]["id"] == VOIDED


def test_a_score_of_zero_is_a_score():
    assert completed(LEARNER, LESSON, scaled=0)["result"]["score"] == {"scaled": 0}


@pytest.mark.parametrize("given", [{}, {"mbox": "a@b.vn", "openid": "https://b.vn"}, {"name": "Học viên"}])
def test_an_agent_has_one_identifier(given):
    with pytest.raises(ValueError, match="exactly one"):
        agent(**given)


def test_mailto_is_put_before_an_address_once():
    assert agent(mbox="mailto:a@b.vn") == agent(mbox="a@b.vn")


def test_a_statement_that_has_an_id_is_left_alone(a_statement):
    """It may be stored already, under the time that the server set."""
    given = a_statement()
    assert identified(given) == given
    assert "timestamp" not in identified(given)


@pytest.mark.parametrize("given_id", ["absent", None])
def test_one_without_gets_id_and_time_and_the_original_is_not_touched(a_statement, given_id):
    given = a_statement(id=None) | ({} if given_id == "absent" else {"id": None})
    before = dict(given)
    made = identified(given)
    assert uuid.UUID(made["id"]).version == 4
    assert "timestamp" in made
    assert given == before


def test_a_timestamp_without_an_id_is_kept(a_statement):
    assert identified(a_statement(id=None, timestamp="2026-11-20T00:00:00Z"))["timestamp"] == "2026-11-20T00:00:00Z"

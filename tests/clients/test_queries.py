import json
import uuid
from datetime import UTC, datetime, timedelta, timezone
from urllib.parse import parse_qsl

import pytest

from clients import LRSClient, Unsendable, agent, verb
from clients.queries import query_of, query_text

REGISTRATION = uuid.uuid4()


def asked(**conditions):
    return dict(parse_qsl(query_text(query_of(conditions, files=False)), strict_parsing=True))


@pytest.mark.parametrize(
    ("conditions", "query"),
    [
        ({"verb": "http://v/a b&c"}, {"verb": "http://v/a b&c"}),
        ({"verb": verb("http://v", {"en": "v"})}, {"verb": "http://v"}),
        ({"activity": {"id": "http://a/tiếng-việt"}}, {"activity": "http://a/tiếng-việt"}),
        ({"registration": REGISTRATION}, {"registration": str(REGISTRATION)}),
        (
            {"related_agents": True, "related_activities": False},
            {"related_agents": "true", "related_activities": "false"},
        ),
        ({"page_size": 10, "ascending": True, "format": "ids"}, {"limit": "10", "ascending": "true", "format": "ids"}),
        ({"since": "2026-11-20T00:00:00Z"}, {"since": "2026-11-20T00:00:00Z"}),
        ({"since": datetime(2026, 11, 20, tzinfo=UTC)}, {"since": "2026-11-20T00:00:00+00:00"}),
        (
            {"until": datetime(2026, 11, 20, 7, tzinfo=timezone(timedelta(hours=7)))},
            {"until": "2026-11-20T07:00:00+07:00"},
        ),
    ],
)
def test_conditions_become_the_specifications_parameters(conditions, query):
    assert asked(**conditions) == query


def test_an_agent_becomes_json():
    learner = agent(account=("https://sso.example.vn", "Nguyễn & Co"))
    assert json.loads(asked(agent=learner)["agent"]) == learner


def test_a_plus_sign_of_a_time_zone_survives():
    assert "%2B07%3A00" in query_text({"since": "2026-11-20T07:00:00+07:00"})


def test_an_instant_needs_a_time_zone():
    with pytest.raises(ValueError, match="time zone"):
        asked(since=datetime(2026, 11, 20))  # noqa: DTZ001 - the point of the test


@pytest.mark.parametrize("unknown", ["limit", "stored", "statementId", "attachments"])
def test_a_condition_that_xapi_does_not_have_is_a_mistake(unknown):
    with pytest.raises(TypeError, match=unknown):
        next(LRSClient("https://lrs.example.vn/xapi").find(**{unknown: 1}))


@pytest.mark.parametrize("value", [object(), {"mbox": "\ud800"}, {"n": float("inf")}])
def test_what_json_cannot_say_is_unsendable(value):
    with pytest.raises(Unsendable):
        asked(agent=value)

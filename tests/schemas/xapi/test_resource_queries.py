import json

import pytest

from schemas.faults import Refused
from schemas.xapi.resource_queries import (
    DocumentQuery,
    load_activity_query,
    load_agent_query,
    load_document_query,
)

COURSE = "https://hoc.example.vn/courses/an-toan-so"
LAN = {"mbox": "mailto:lan@Hoc.example.vn"}
REGISTRATION = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
CONTEXT = {
    "state": {"activityId": COURSE, "agent": json.dumps(LAN)},
    "activity profile": {"activityId": COURSE},
    "agent profile": {"agent": json.dumps(LAN)},
}
NAME = {"state": "stateId", "activity profile": "profileId", "agent profile": "profileId"}
KINDS = list(CONTEXT)


def load(kind, method, version="2.0.0", **args):
    return load_document_query(kind, method, args.items(), version)


def faults(call, *args, **parameters):
    with pytest.raises(Refused) as refusal:
        call(*args, **parameters)
    return [(fault.path, fault.rule) for fault in refusal.value.faults]


def test_a_query_says_which_document_is_meant():
    found = load("state", "PUT", **CONTEXT["state"], registration=REGISTRATION.upper(), stateId="bookmark")
    assert found == DocumentQuery(
        kind="state",
        activity=COURSE,
        agent="mailto:lan@hoc.example.vn",
        registration=REGISTRATION,
        name="bookmark",
    )


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_every_method_takes_the_name_of_a_document(kind, method):
    assert load(kind, method, **CONTEXT[kind], **{NAME[kind]: "a b/ü"}).name == "a b/ü"


@pytest.mark.parametrize(
    ("kind", "method", "needed"),
    [
        *((kind, "GET", False) for kind in KINDS),
        *((kind, method, True) for kind in KINDS for method in ("PUT", "POST")),
        ("state", "DELETE", False),
        ("activity profile", "DELETE", True),
        ("agent profile", "DELETE", True),
    ],
)
def test_only_lists_and_clearing_states_do_without_a_name(kind, method, needed):
    if needed:
        assert faults(load, kind, method, **CONTEXT[kind]) == [(NAME[kind], "required")]
    else:
        assert load(kind, method, **CONTEXT[kind]).name is None


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ["GET", "PUT", "POST", "DELETE"])
def test_what_documents_are_about_must_be_said(kind, method):
    found = faults(load, kind, method, **{NAME[kind]: "a"})
    assert found == [(name, "required") for name in CONTEXT[kind]]


def test_since_goes_with_a_list_only():
    since = "2026-11-23T05:06:07Z"
    assert load("state", "GET", **CONTEXT["state"], since=since).since == 1_795_410_367_000_000
    assert faults(load, "state", "GET", **CONTEXT["state"], stateId="a", since=since) == [("since", "conflict")]
    assert faults(load, "state", "DELETE", **CONTEXT["state"], since=since) == [("since", "unknown")]


@pytest.mark.parametrize(
    ("kind", "changes", "fault"),
    [
        ("state", {"activityId": "course"}, ("activityId", "iri")),
        ("state", {"agent": "lan"}, ("agent", "json")),
        ("state", {"agent": "true"}, ("agent", "object")),
        ("state", {"agent": json.dumps({"name": "Lan"})}, ("agent", "one-identifier")),
        ("state", {"registration": "1"}, ("registration", "uuid")),
        ("state", {"stateId": "a" * 2049}, ("stateId", "too-long")),
        ("state", {"stateId": "\udcff"}, ("stateId", "utf-8")),
        ("state", {"profileId": "a"}, ("profileId", "unknown")),
        ("state", {"StateId": "a"}, ("StateId", "unknown")),
        ("state", {"since": "yesterday"}, ("since", "timestamp")),
        ("activity profile", {"registration": REGISTRATION}, ("registration", "unknown")),
        ("agent profile", {"activityId": COURSE}, ("activityId", "unknown")),
    ],
)
def test_what_is_wrong_is_told_by_name(kind, changes, fault):
    assert faults(load, kind, "GET", **(CONTEXT[kind] | changes)) == [fault]


def test_a_parameter_given_twice_is_refused():
    args = [*CONTEXT["activity profile"].items(), ("activityId", COURSE)]
    assert faults(load_document_query, "activity profile", "GET", args, "2.0.0") == [("activityId", "repeated")]


def test_an_activity_and_an_agent_are_asked_for_by_one_parameter():
    assert load_activity_query([("activityId", COURSE)], "1.0.3") == COURSE
    assert load_agent_query([("agent", json.dumps(LAN))], "1.0.3") == LAN
    assert faults(load_activity_query, [], "1.0.3") == [("activityId", "required")]
    assert faults(load_activity_query, [("activityId", "course")], "1.0.3") == [("activityId", "iri")]
    assert faults(load_agent_query, [("Agent", "{}")], "1.0.3") == [("Agent", "unknown"), ("agent", "required")]

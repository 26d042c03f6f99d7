"""What a launch may do, whatever scopes it has."""

import json
import uuid

import pytest

from lrs.errors import Forbidden
from lrs.services.batches import BatchService, Candidate
from lrs.services.confinement import confine_activity, confine_agent, confine_document, confine_statement, refuse_launch
from lrs.services.principals import Launch, Principal
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from schemas.xapi.resource_queries import DocumentQuery

LAN = {"mbox": "mailto:lan@hoc.example.vn"}
WHO = "mailto:lan@hoc.example.vn"
COURSE = "https://hoc.example.vn/courses/an-toan-so"
REGISTRATION = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
VOIDED = "http://adlnet.gov/expapi/verbs/voided"
AUTHORITY = {"account": {"homePage": "https://hoc.example.vn", "name": "a-key"}}


def caller(launch):
    return Principal(b"org-0001", "a-key", frozenset({"all"}), json.dumps(AUTHORITY).encode(), AUTHORITY, launch=launch)


NAMED = "http://another.example.vn/bai-kiem-tra"
BOUND = caller(Launch(LAN, COURSE, REGISTRATION, (NAMED,)))
UNBOUND = caller(Launch(LAN, COURSE))
FREE = caller(None)


def statement(**changes):
    usual = {
        "id": str(uuid.uuid4()),
        "actor": LAN,
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": COURSE},
        "context": {"registration": REGISTRATION},
    }
    return usual | changes


def context(**changes):
    return {"registration": REGISTRATION} | changes


def sub_statement(**changes):
    usual = {"objectType": "SubStatement", "actor": LAN, "verb": {"id": VOIDED}, "object": {"id": COURSE}}
    return usual | changes


AN = {"mbox": "mailto:an@hoc.example.vn"}
EXAM = {"id": "https://hoc.example.vn/courses/EXAM"}
WHOLE = context(contextActivities={name: [{"id": COURSE}] for name in ("parent", "grouping", "category", "other")})
PART = {"id": f"{COURSE}/1"}
REFERENCE = {"objectType": "StatementRef", "id": REGISTRATION}
GOOD = {
    "about the activity": statement(),
    "the learner otherwise written": statement(
        actor={"objectType": "Agent", "name": "Lan", "mbox": "mailto:lan@HOC.example.vn"}
    ),
    "the registration in capitals": statement(context=context(registration=REGISTRATION.upper())),
    "about what was named with the launch": statement(object={"id": NAMED}),
    "about a part of it": statement(object=PART),
    "about the learner": statement(object=LAN | {"objectType": "Agent", "name": "Lan"}),
    "a sub-statement of its own": statement(object=sub_statement()),
    "a sub-statement about a part": statement(object=sub_statement(object=PART)),
    "Storyline, a slide": statement(
        object={"id": f"{COURSE}/6HOtnuhZ5Vm", "objectType": "Activity"},
        context=context(contextActivities={"parent": [{"id": COURSE}], "grouping": [{"id": COURSE}]}),
    ),
    "Rise, a quiz": statement(object={"id": f"{COURSE}/v5mUW#/quiz/1"}),
    "a page of it": statement(object={"id": f"{COURSE}#chuong-2"}),
    "H5P, a question of an interactive video": statement(
        object={"id": f"{COURSE}?subContentId=3b1e7b1e-1d3c-4b0e-9d3b-0d1e6b0e9d11"},
        context=context(
            contextActivities={
                "parent": [{"id": COURSE}],
                "category": [{"id": "http://h5p.org/libraries/H5P.Summary-1.10"}],
            }
        ),
    ),
    "cmi5, initialized": statement(
        verb={"id": "http://adlnet.gov/expapi/verbs/initialized"},
        context=context(
            contextActivities={
                "grouping": [{"id": "https://publisher.example.vn/au/1"}],
                "category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}],
            },
            extensions={"https://w3id.org/xapi/cmi5/context/extensions/sessionid": "1"},
        ),
    ),
}
BAD = {
    "somebody else's": (statement(actor={"mbox": "mailto:an@hoc.example.vn"}), "actor"),
    "a group with the learner's mailbox": (
        statement(actor=LAN | {"objectType": "Group", "member": [{"mbox": "mailto:an@hoc.example.vn"}]}),
        "actor",
    ),
    "an anonymous group": (statement(actor={"objectType": "Group", "member": [LAN]}), "actor"),
    "no context": ({k: v for k, v in statement().items() if k != "context"}, "context.registration"),
    "no registration": (statement(context={}), "context.registration"),
    "another registration": (statement(context={"registration": str(uuid.uuid4())}), "context.registration"),
    "another activity": (statement(object=EXAM), "object"),
    "another activity, the launch's in its context": (statement(object=EXAM, context=WHOLE), "object"),
    "an activity whose id only begins alike": (statement(object={"id": f"{COURSE}-2"}), "object"),
    "the activity that this is a part of": (statement(object={"id": "https://hoc.example.vn/courses/"}), "object"),
    "a part of what was named": (statement(object={"id": f"{NAMED}/1"}), "object"),
    "about somebody": (statement(object=AN | {"objectType": "Agent"}, context=WHOLE), "object"),
    "an attempt at another activity": (
        statement(object=PART, context=context(contextActivities={"parent": [{"id": COURSE}, EXAM]})),
        "context.contextActivities.parent",
    ),
    "an attempt at another activity, in the older form": (
        statement(object=PART, context=context(contextActivities={"parent": EXAM})),
        "context.contextActivities.parent",
    ),
    "about a group": (statement(object=LAN | {"objectType": "Group", "member": [AN]}, context=WHOLE), "object"),
    "about a statement": (statement(object=REFERENCE, context=WHOLE), "object"),
    "a sub-statement by somebody": (statement(object=sub_statement(actor=AN), context=WHOLE), "object.actor"),
    "a sub-statement about another activity": (statement(object=sub_statement(object=EXAM)), "object.object"),
    "a sub-statement about somebody": (
        statement(object=sub_statement(object=AN | {"objectType": "Agent"})),
        "object.object",
    ),
    "a sub-statement about a statement": (statement(object=sub_statement(object=REFERENCE)), "object.object"),
    "voiding": (statement(verb={"id": VOIDED}), "verb"),
}


@pytest.mark.parametrize("name", GOOD)
def test_a_launch_writes_what_its_learner_does_in_its_activity(name):
    confine_statement(BOUND, GOOD[name])


@pytest.mark.parametrize("name", BAD)
def test_a_launch_writes_nothing_else(name):
    written, path = BAD[name]
    confine_statement(FREE, written)
    with pytest.raises(Forbidden) as refused:
        confine_statement(BOUND, written, "[3]")
    assert [(fault.path, fault.rule) for fault in refused.value.faults] == [(f"[3].{path}", "launch")]


def test_a_launch_without_registration_does_not_ask_for_one():
    confine_statement(UNBOUND, statement())
    confine_statement(UNBOUND, statement(context={}))


def test_an_activity_whose_id_ends_with_a_slash_has_parts_behind_it():
    bound = caller(Launch(LAN, f"{COURSE}/"))
    confine_activity(bound, f"{COURSE}/1")
    with pytest.raises(Forbidden):
        confine_activity(bound, COURSE)


def state(**changes):
    usual = {"kind": "state", "activity": COURSE, "agent": WHO, "registration": REGISTRATION, "name": "a"}
    return DocumentQuery(**usual | changes)


@pytest.mark.parametrize("writes", [False, True])
@pytest.mark.parametrize(
    ("query", "path"),
    [
        (state(activity=f"{COURSE}-2"), "activityId"),
        (state(activity=EXAM["id"]), "activityId"),
        (state(agent="mailto:an@hoc.example.vn"), "agent"),
        (state(registration=None), "registration"),
        (state(registration=str(uuid.uuid4())), "registration"),
        (state(name=None, registration=None), "registration"),
    ],
)
def test_a_launch_reaches_no_state_but_its_own(query, path, writes):
    confine_document(FREE, query, writes=writes)
    with pytest.raises(Forbidden) as refused:
        confine_document(BOUND, query, writes=writes)
    assert [fault.path for fault in refused.value.faults] == [path]


@pytest.mark.parametrize("name", ["a", None])
@pytest.mark.parametrize("writes", [False, True])
def test_a_launch_reaches_its_own_state(name, writes):
    confine_document(BOUND, state(name=name), writes=writes)
    confine_document(UNBOUND, state(name=name, registration=None), writes=writes)
    for activity in (f"{COURSE}/1", f"{COURSE}?subContentId=1", NAMED):
        confine_document(BOUND, state(name=name, activity=activity), writes=writes)


PROFILES = [
    DocumentQuery(kind="activity profile", activity=COURSE, name="a"),
    DocumentQuery(kind="activity profile", activity=NAMED, name="a"),
    DocumentQuery(kind="agent profile", agent=WHO, name="a"),
]
FOREIGN = [
    DocumentQuery(kind="activity profile", activity=EXAM["id"], name="a"),
    DocumentQuery(kind="agent profile", agent="mailto:an@hoc.example.vn", name="a"),
]


@pytest.mark.parametrize("query", PROFILES)
def test_a_launch_reads_the_profiles_of_its_learner_and_activity_and_writes_none(query):
    confine_document(BOUND, query, writes=False)
    with pytest.raises(Forbidden):
        confine_document(BOUND, query, writes=True)


@pytest.mark.parametrize("query", FOREIGN)
def test_a_launch_reads_no_other_profile(query):
    confine_document(FREE, query, writes=True)
    with pytest.raises(Forbidden):
        confine_document(BOUND, query, writes=False)


def test_a_launch_asks_for_its_own_learner_and_activity_only():
    confine_agent(BOUND, LAN | {"name": "Lan"})
    confine_activity(BOUND, COURSE)
    confine_activity(BOUND, f"{COURSE}&subContentId=1")
    confine_agent(FREE, AUTHORITY)
    confine_activity(FREE, f"{COURSE}/1")
    refuse_launch(FREE)
    with pytest.raises(Forbidden):
        confine_agent(BOUND, AUTHORITY)
    with pytest.raises(Forbidden):
        confine_activity(BOUND, EXAM["id"])
    with pytest.raises(Forbidden):
        refuse_launch(BOUND)


def test_in_a_batch_row_by_row_only_the_rows_outside_the_launch_are_refused(store):
    safetime = SafeTime(store.promises, linger=10)
    safetime.start()
    try:
        service = BatchService(store, safetime, room=Room(0))
        rows = [Candidate(each, json.dumps(each).encode()) for each in (statement(), BAD["voiding"][0], statement())]
        outcomes = service.store(BOUND, rows, "2.0.0")
    finally:
        safetime.stop()
    assert [outcome.kind for outcome in outcomes] == ["stored", "refused", "stored"]
    assert [(fault.path, fault.rule) for fault in outcomes[1].faults] == [("verb", "launch")]

import pytest

from schemas.xapi.identity import identity
from schemas.xapi.keys import VOIDED, author_key, group_key, is_voiding, query_keys, refers_to, statement_keys
from schemas.xapi.queries import StatementQuery

LAN = {"mbox": "mailto:lan@example.vn"}
MINH = {"mbox": "mailto:minh@example.vn"}
HOA = {"account": {"homePage": "https://sso.example.vn", "name": "hoa"}}
AUTHORITY = {"account": {"homePage": "https://lrs.example.vn", "name": "key"}}
CLASS = {"objectType": "Group", "mbox": "mailto:lop12@example.vn", "member": [MINH]}
QUIZ, COURSE, TAG = ({"id": f"https://lms.example.vn/{n}"} for n in ("quiz", "course", "tag"))
TARGET = {"objectType": "StatementRef", "id": "6A3C0B8C-51D1-4C0B-9D3B-0D1E6B0E9D11"}
PASSED = {"id": "http://adlnet.gov/expapi/verbs/passed"}


def statement(**changes):
    return {"actor": LAN, "verb": PASSED, "object": QUIZ} | changes


def matches(found, **query):
    keys = set(statement_keys(found, AUTHORITY))
    return all(keys.intersection(any_of) for any_of in query_keys(StatementQuery(**query)))


def within(**changes):
    """Return a statement about a sub-statement."""
    part = {"objectType": "SubStatement", "actor": MINH, "verb": {"id": "https://ex.vn/v"}}
    return statement(object=part | {"object": COURSE} | changes)


DIRECT = [
    ("its verb", statement(), {"verb": PASSED["id"]}),
    ("its actor", statement(), {"agent": LAN}),
    ("its actor written otherwise", statement(), {"agent": {"mbox": "mailto:lan@EXAMPLE.vn"}}),
    ("a group that is its actor", statement(actor=CLASS), {"agent": CLASS}),
    ("a member of the group that is its actor", statement(actor=CLASS), {"agent": MINH}),
    (
        "a member of an anonymous group",
        statement(actor={"objectType": "Group", "member": [HOA]}),
        {"agent": HOA},
    ),
    ("the agent it is about", statement(object=MINH | {"objectType": "Agent"}), {"agent": MINH}),
    ("a member of the group it is about", statement(object=CLASS), {"agent": MINH}),
    ("the activity it is about", statement(), {"activity": QUIZ["id"]}),
    (
        "its registration in any case",
        statement(context={"registration": "4A0E6F1C-0000-4000-8000-0000000000AB"}),
        {"registration": "4a0e6f1c-0000-4000-8000-0000000000ab"},
    ),
    ("all of several filters", statement(), {"agent": LAN, "activity": QUIZ["id"]}),
]
RELATED_AGENTS = [
    ("its authority", statement(), AUTHORITY),
    ("its instructor", statement(context={"instructor": HOA}), HOA),
    ("a member of its instructors", statement(context={"instructor": CLASS}), MINH),
    ("its team", statement(context={"team": CLASS}), CLASS),
    ("a member of its team", statement(context={"team": CLASS}), MINH),
    ("a context agent", statement(context={"contextAgents": [{"agent": HOA}]}), HOA),
    ("a context group", statement(context={"contextGroups": [{"group": CLASS}]}), CLASS),
    ("a context group's member", statement(context={"contextGroups": [{"group": CLASS}]}), MINH),
    ("a sub-statement's actor", within(), MINH),
    ("a sub-statement's object", within(object=HOA | {"objectType": "Agent"}), HOA),
    ("a sub-statement's instructor", within(context={"instructor": HOA}), HOA),
]
RELATED_ACTIVITIES = [
    ("a context activity", statement(context={"contextActivities": {"other": [TAG]}}), TAG),
    ("a single context activity", statement(context={"contextActivities": {"parent": TAG}}), TAG),
    ("a sub-statement's object", within(), COURSE),
    (
        "a sub-statement's context activity",
        within(context={"contextActivities": {"grouping": [TAG]}}),
        TAG,
    ),
]


@pytest.mark.parametrize(("found", "query"), [c[1:] for c in DIRECT], ids=[c[0] for c in DIRECT])
def test_a_statement_is_found_by(found, query):
    assert matches(found, **query)
    assert matches(found, **query, related_agents=True, related_activities=True)


@pytest.mark.parametrize(("found", "agent"), [c[1:] for c in RELATED_AGENTS], ids=[c[0] for c in RELATED_AGENTS])
def test_only_a_query_for_related_agents_finds(found, agent):
    assert matches(found, agent=agent, related_agents=True)
    assert not matches(found, agent=agent, related_activities=True)


@pytest.mark.parametrize(
    ("found", "activity"),
    [c[1:] for c in RELATED_ACTIVITIES],
    ids=[c[0] for c in RELATED_ACTIVITIES],
)
def test_only_a_query_for_related_activities_finds(found, activity):
    assert matches(found, activity=activity["id"], related_activities=True)
    assert not matches(found, activity=activity["id"], related_agents=True)


@pytest.mark.parametrize(
    "query",
    [
        {"verb": "https://ex.vn/v"},
        {"agent": HOA, "related_agents": True},
        {"activity": TAG["id"], "related_activities": True},
        {"activity": PASSED["id"]},
        {"registration": "4a0e6f1c-0000-4000-8000-0000000000ab"},
        {"agent": LAN, "activity": TAG["id"]},
        {"agent": {"objectType": "Group", "member": [LAN]}},
    ],
)
def test_a_statement_is_not_found_by_what_it_does_not_hold(query):
    assert not matches(statement(), **query)


def test_no_filter_asks_for_nothing():
    assert query_keys(StatementQuery()) == []


def test_keys_are_sorted_short_and_hold_nothing_twice():
    keys = statement_keys(statement(actor=CLASS, context={"team": CLASS, "instructor": MINH}), AUTHORITY)
    assert keys == sorted(set(keys))
    assert {len(key) for key in keys} == {12}
    # verb, class (as the actor too), its member, quiz, authority as somebody and as author: the team adds nobody new.
    assert len(keys) == 7


def test_a_long_text_has_the_key_of_its_whole_length():
    long = {"id": "https://lms.example.vn/" + "x" * 3000}
    assert matches(statement(object=long), activity=long["id"])
    assert not matches(statement(object=long), activity=long["id"][:-1])


def test_a_statement_refers_to_the_statement_that_is_its_object():
    assert refers_to(statement(object=TARGET)) == TARGET["id"].lower()
    assert refers_to(statement()) is None
    assert refers_to(statement(context={"statement": TARGET})) is None


def test_only_the_reserved_verb_voids():
    assert is_voiding(statement(verb={"id": VOIDED}, object=TARGET))
    assert not is_voiding(statement(object=TARGET))


def test_an_anonymous_authority_is_known_by_its_members_in_whatever_order():
    one, two, three = ({"account": {"homePage": "https://hoc.example.vn", "name": name}} for name in "abc")

    def key(*members):
        return author_key({"objectType": "Group", "member": list(members)})

    assert key(one, two) == key(two, one)
    assert len({key(one, two), key(one, three), key(one), author_key(one)}) == 4


def test_a_group_that_acts_is_known_from_one_that_is_acted_upon():
    from_it = statement_keys(statement(actor=CLASS), AUTHORITY)
    to_it = statement_keys(statement(object=CLASS), AUTHORITY)
    assert group_key(identity(CLASS)) in from_it
    assert group_key(identity(CLASS)) not in to_it

import pytest

from schemas.xapi.statements import load_statement

both_versions = pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
LAN = {"mbox": "mailto:lan@ex.vn"}
QUIZ = {"id": "https://lms.ex.vn/quiz"}
PLAIN = {"actor": LAN, "verb": {"id": "http://adlnet.gov/expapi/verbs/passed"}, "object": QUIZ}
TEAM = {"objectType": "Group", "member": [LAN]}
ID = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
REFERENCE = {"objectType": "StatementRef", "id": ID}
INNER = {"objectType": "SubStatement"} | PLAIN


def changed(**changes):
    return PLAIN | changes


def within(**context):
    return changed(context=context)


GOOD = {
    "nothing": within(),
    "nulls inside extensions": within(extensions={"https://ex.vn/x": None, "https://ex.vn/y": [{"z": None}]}),
    "one activity without its array": within(contextActivities={"parent": QUIZ, "other": [QUIZ, QUIZ], "grouping": []}),
    "a platform for an activity": within(platform="Moodle", revision="1"),
    "a group that instructs": within(instructor=TEAM, team=TEAM),
    "another statement": within(statement=REFERENCE, registration=ID, language="vi"),
    "a platform for a sub-statement's activity": changed(object=INNER | {"context": {"platform": "Moodle"}}),
}


@both_versions
@pytest.mark.parametrize("statement", GOOD.values(), ids=GOOD.keys())
def test_a_good_context_is_taken(version, statement):
    assert load_statement(statement, version) is statement


REFUSED = [
    (changed(context=None), ("context", "null")),
    (within(registration="1"), ("context.registration", "uuid")),
    (within(team={"objectType": "Agent"} | LAN), ("context.team.objectType", "choice")),
    (within(team=LAN), ("context.team.objectType", "required")),
    (within(language="tiếng Việt"), ("context.language", "language")),
    (within(statement={"id": ID}), ("context.statement.objectType", "required")),
    (within(statement=INNER), ("context.statement.objectType", "choice")),
    (within(contextActivities={"Parent": QUIZ}), ("context.contextActivities.Parent", "unknown")),
    (within(contextActivities={"parent": [QUIZ, {}]}), ("context.contextActivities.parent[1].id", "required")),
    (within(contextActivities={"parent": {}}), ("context.contextActivities.parent.id", "required")),
    (
        within(contextActivities={"other": [{"objectType": "Agent"} | QUIZ]}),
        ("context.contextActivities.other[0].objectType", "choice"),
    ),
    (within(revision=1), ("context.revision", "string")),
    (changed(object=REFERENCE, context={"platform": "Moodle"}), ("context.platform", "context")),
    (changed(object=INNER, context={"revision": "1"}), ("context.revision", "context")),
    (changed(object=INNER | {"object": TEAM, "context": {"revision": "1"}}), ("object.context.revision", "context")),
]  # fmt: skip


@both_versions
@pytest.mark.parametrize(("raw", "expected"), REFUSED, ids=[f"{path} {rule}" for _, (path, rule) in REFUSED])
def test_a_bad_context_is_refused(version, raw, expected, faults_of):
    assert expected in faults_of(raw, version)


@pytest.mark.parametrize(
    ("context", "expected"),
    [
        ({"contextAgents": [{"objectType": "contextAgent", "agent": LAN, "relevantTypes": ["a:b"]}]}, None),
        ({"contextGroups": [{"objectType": "contextGroup", "group": TEAM}]}, None),
        ({"contextAgents": []}, None),
        ({"contextAgents": {}}, ("contextAgents", "array")),
        ({"contextAgents": [{"objectType": "Agent", "agent": LAN}]}, ("contextAgents[0].objectType", "choice")),
        ({"contextAgents": [{"agent": LAN}]}, ("contextAgents[0].objectType", "required")),
        ({"contextAgents": [{"objectType": "contextAgent"}]}, ("contextAgents[0].agent", "required")),
        (
            {"contextAgents": [{"objectType": "contextAgent", "agent": TEAM}]},
            ("contextAgents[0].agent.objectType", "choice"),
        ),
        (
            {"contextGroups": [{"objectType": "contextGroup", "group": LAN}]},
            ("contextGroups[0].group.objectType", "required"),
        ),
        (
            {"contextGroups": [{"objectType": "contextGroup", "group": TEAM, "relevantTypes": []}]},
            ("contextGroups[0].relevantTypes", "empty"),
        ),
        (
            {"contextGroups": [{"objectType": "contextGroup", "group": TEAM, "relevantTypes": ["b"]}]},
            ("contextGroups[0].relevantTypes[0]", "iri"),
        ),
    ],
)
@pytest.mark.parametrize("nested", [False, True])
def test_agents_and_groups_of_the_context_are_for_2_0_only(context, expected, nested, faults_of):
    statement = changed(object=INNER | {"context": context}) if nested else within(**context)
    prefix = "object.context" if nested else "context"
    if expected is None:
        assert load_statement(statement, "2.0.0") is statement
    else:
        assert (f"{prefix}.{expected[0]}", expected[1]) in faults_of(statement)
    assert faults_of(statement, "1.0.3") == [(f"{prefix}.{next(iter(context))}", "unknown")]

import json
from decimal import Decimal

import pytest

from schemas.xapi.formats import activities_of, as_canonical, as_ids
from schemas.xapi.languages import preferred

ACCOUNT = {"account": {"homePage": "https://sso.example.vn", "name": "sv000123"}}
LAN = {"objectType": "Agent", "name": "Lan", "mbox": "mailto:lan@example.vn"}
MINH = {"objectType": "Agent", "name": "Minh"} | ACCOUNT
CLASS = {"objectType": "Group", "name": "12A", "mbox": "mailto:12a@example.vn", "member": [LAN]}
PAIR = {"objectType": "Group", "name": "Lan, Minh", "member": [LAN, MINH]}
BOTH = {"vi": "Bài kiểm tra", "en": "Quiz"}
VERB = {"id": "http://adlnet.gov/expapi/verbs/passed", "display": {"vi": "đạt", "en": "passed"}}
UUID = "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11"
REFERENCE = {"objectType": "StatementRef", "id": UUID}


def activity(name, **definition):
    return {
        "objectType": "Activity",
        "id": f"https://lms.example.vn/{name}",
        "definition": {"name": BOTH, "description": BOTH} | definition,
    }


def statement(**changes):
    return {"id": UUID, "actor": LAN, "verb": VERB, "object": activity("quiz")} | changes


def sub_statement(**changes):
    return {"objectType": "SubStatement", "actor": MINH, "verb": VERB, "object": activity("part")} | changes


def context(**members):
    return statement(context=members)


def text(value):
    return json.dumps(value, ensure_ascii=False).encode()


def ids(value):
    return json.loads(as_ids(text(value)))


def canonical(value, accept="vi", definitions=None):
    return json.loads(as_canonical(text(value), preferred(accept), definitions or {}))


@pytest.mark.parametrize(
    ("agent", "wanted"),
    [
        (LAN, {"mbox": LAN["mbox"]}),
        (MINH, ACCOUNT),
        ({"name": "Hoa", "mbox_sha1sum": "ab" * 20}, {"mbox_sha1sum": "ab" * 20}),
        ({"name": "Hoa", "openid": "https://id.example.vn/hoa"}, {"openid": "https://id.example.vn/hoa"}),
        (CLASS, {"objectType": "Group", "mbox": CLASS["mbox"]}),
        (PAIR, {"objectType": "Group", "member": [{"mbox": LAN["mbox"]}, ACCOUNT]}),
    ],
)
class TestIdsOfAgents:
    def test_an_actor(self, agent, wanted):
        assert ids(statement(actor=agent))["actor"] == wanted

    def test_an_authority(self, agent, wanted):
        assert ids(statement(authority=agent))["authority"] == wanted

    def test_the_actor_of_a_sub_statement(self, agent, wanted):
        assert ids(statement(object=sub_statement(actor=agent)))["object"]["actor"] == wanted

    def test_instructor_and_team(self, agent, wanted):
        found = ids(context(instructor=agent, team=agent))
        assert found["context"] == {"instructor": wanted, "team": wanted}

    def test_context_agents_and_groups(self, agent, wanted):
        types = {"relevantTypes": ["https://ex.vn/t"]}
        found = ids(context(contextAgents=[{"agent": agent} | types], contextGroups=[{"group": agent}]))
        assert found["context"] == {
            "contextAgents": [{"agent": wanted} | types],
            "contextGroups": [{"group": wanted}],
        }

    def test_an_object_says_what_it_is(self, agent, wanted):
        said = agent | {"objectType": agent.get("objectType", "Agent")}
        assert ids(statement(object=said))["object"] == {"objectType": said["objectType"]} | wanted


def test_ids_of_verbs_and_activities():
    found = ids(statement(object=sub_statement()))
    assert found["verb"] == found["object"]["verb"] == {"id": VERB["id"]}
    assert found["object"]["object"] == {"id": "https://lms.example.vn/part"}
    assert found["object"]["objectType"] == "SubStatement"


def test_ids_of_context_activities():
    found = ids(context(contextActivities={"parent": [activity("a"), activity("b")], "other": []}))
    assert found["context"]["contextActivities"] == {
        "parent": [{"id": "https://lms.example.vn/a"}, {"id": "https://lms.example.vn/b"}],
        "other": [],
    }


def test_a_reference_is_an_id_already():
    found = ids(statement(object=REFERENCE, context={"statement": REFERENCE, "platform": "Moodle"}))
    assert (found["object"], found["context"]["statement"]) == (REFERENCE, REFERENCE)
    assert found["context"]["platform"] == "Moodle"


@pytest.mark.parametrize("turn", [as_ids, lambda raw: as_canonical(raw, ["vi"], {})])
def test_what_a_format_does_not_change_keeps_its_text(turn):
    result = '{ "score": {"raw": 8.50, "max": 1E1}, "response": "\\u0111\\u1ea1t" }'
    raw = text(statement())[:-1] + f', "result": {result}'.encode() + b"}"
    assert result.encode() in turn(raw)


@pytest.mark.parametrize(("accept", "tag"), [("vi", "vi"), ("en-GB", "en"), ("en;q=0.5, vi", "vi"), (None, "vi")])
def test_canonical_has_one_language_in_every_map_of_verbs_and_activities(accept, tag):
    components = [{"id": "a", "description": BOTH}, {"id": "b"}]
    quiz = activity("quiz", interactionType="matching", source=components, target=components)
    sent = statement(object=sub_statement(object=quiz), context={"contextActivities": {"other": [quiz]}})
    found = canonical(sent, accept)
    one = {tag: BOTH[tag]}
    wanted = [{"id": "a", "description": one}, {"id": "b"}]
    told = {"name": one, "description": one, "interactionType": "matching", "source": wanted, "target": wanted}
    assert found["object"]["object"] == quiz | {"definition": told}
    assert found["context"]["contextActivities"] == {"other": [quiz | {"definition": told}]}
    assert found["verb"] == found["object"]["verb"] == {"id": VERB["id"], "display": {tag: VERB["display"][tag]}}


@pytest.mark.parametrize("name", ["choices", "scale", "source", "target", "steps"])
def test_so_have_interaction_components_of_every_kind(name):
    quiz = activity("quiz", **{name: [{"id": "a", "description": BOTH}]})
    assert canonical(statement(object=quiz))["object"]["definition"][name] == [
        {"id": "a", "description": {"vi": BOTH["vi"]}}
    ]


def test_canonical_agents_and_groups_are_as_they_were_sent():
    sent = statement(actor=PAIR, authority=LAN, object=CLASS, context={"team": PAIR, "instructor": MINH})
    assert canonical(sent) == sent | {"verb": {"id": VERB["id"], "display": {"vi": "đạt"}}}


@pytest.mark.parametrize("kind", [bytes, dict])
def test_the_stores_own_definition_takes_the_place_of_the_statements(kind):
    own = {"name": {"en": "Final quiz", "vi": "Bài cuối"}, "extensions": {"https://ex.vn/n": Decimal("1.10")}}
    as_text = b'{"name":{"en":"Final quiz","vi":"B\xc3\xa0i cu\xe1\xbb\x91i"},"extensions":{"https://ex.vn/n":1.10}}'
    known = {"https://lms.example.vn/quiz": as_text if kind is bytes else own}
    bare = {"id": "https://lms.example.vn/quiz"}
    sent = statement(context={"contextActivities": {"parent": [bare]}})
    told = b'"definition":{"name":{"en":"Final quiz"},"extensions":{"https://ex.vn/n":1.10}}'
    found = as_canonical(text(sent), preferred("en"), known)
    assert found.count(told) == 2
    assert b"definition" not in as_canonical(text(statement(object=bare)), preferred("en"), {})


def test_maps_in_extensions_are_nobodys_to_cut():
    quiz = activity("quiz", extensions={"https://ex.vn/names": BOTH})
    assert canonical(statement(object=quiz))["object"]["definition"]["extensions"] == {"https://ex.vn/names": BOTH}


def test_a_type_written_with_escapes_is_understood():
    sent = statement(actor=ACCOUNT, object={"objectType": "Agent", "name": "Hoa"} | ACCOUNT)
    raw = text(sent).replace(b'"Agent"', b'"\\u0041gent"')
    assert json.loads(as_ids(raw))["object"] == {"objectType": "Agent"} | ACCOUNT


def test_all_activities_of_a_statement_are_named():
    part = sub_statement(context={"contextActivities": {"parent": [activity("a")]}})
    sent = statement(object=part, context={"contextActivities": {"grouping": [activity("b"), activity("c")]}})
    assert activities_of(text(sent)) == {f"https://lms.example.vn/{name}" for name in ("part", "a", "b", "c")}
    assert activities_of(text(statement(object=REFERENCE))) == set()

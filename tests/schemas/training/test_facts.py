import json
import time
from datetime import date
from decimal import Decimal

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from schemas.training.facts import Facts, facts_of
from schemas.training.readings import Headcount, Place, Skill
from schemas.training.terms import AGE_BANDS, BASE, GROUPS, KINDS, MENTORING, PROGRAMMES, VERBS
from schemas.xapi.timestamps import microseconds

many = settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
LAN = "account:https://so.example.vn p-0001"


def person(name):
    return {"account": {"homePage": "https://so.example.vn", "name": name}}


def who(name):
    return f"account:https://so.example.vn {name}"


def group(name=None, *members):
    made = {"objectType": "Group"} | (person(name) if name else {})
    return made | ({"member": [person(each) for each in members]} if members else {})


def test_a_support_session_tells_all_that_reports_need(told, vocabulary):
    said = {
        "admin-unit": {"code": "26209", "asOf": "2025-12-16", "scheme": "vn-nso-2025", "hamlet": " Ấp 5 "},
        "residence-unit": {"code": "26080", "asOf": "2025-12-16"},
        "programme": ["57-NQ/TW"],
        "target-group": ["rural", "elderly"],
        "age-band": "60-69",
        "delivery-mode": "household-visit",
        "capture": {"mode": "offline", "clockSkewS": -12.4},
        "organisation": "LHU",
        "consent-ref": "c-1",
    }
    context = {
        "registration": "6A3C0B8C-51D1-4C0B-9D3B-0D1E6B0E9D12",
        "team": group("to-5", "b", "a"),
        "instructor": person("gv-1"),
        "contextActivities": {"category": {"id": f"{PROGRAMMES}192%2FKH-UBND%3A2025"}},
    }
    result = {"duration": "PT25M", "completion": True, "score": {"scaled": Decimal("0.850")}}
    statement = told("attended", "support-session", said=said, done={"assisted": "guided"})
    statement["context"] |= context
    statement["result"] |= result
    assert facts_of(statement, vocabulary) == Facts(
        statement_id="6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d11",
        timestamp=microseconds("2026-08-31T17:30:00Z"),
        learner=LAN,
        is_group=False,
        verb="attended",
        activity="https://to.example.vn/a/7",
        type="support-session",
        kind="support",
        registration="6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d12",
        completion=True,
        scaled="0.85",
        seconds=1500,
        unit=Place("26209", date(2025, 12, 16)),
        residence=Place("26080", date(2025, 12, 16)),
        hamlet="Ấp 5",
        programmes=("192/KH-UBND:2025", "57-NQ/TW"),
        groups=("elderly", "rural"),
        age_band="60-69",
        mode="household-visit",
        assisted="guided",
        team=who("to-5"),
        team_members=(who("a"), who("b")),
        instructors=(who("gv-1"),),
        organisation="LHU",
        skew_seconds=-12,
    )


READ = [
    ("admin-unit", "26209", {"unit": Place("26209", None)}),
    ("admin-unit", 1234, {"unit": Place("01234", None)}),
    ("admin-unit", {"code": Decimal("1234.0")}, {"unit": Place("01234", None)}),
    ("admin-unit", {"code": "01234", "asOf": "2025-07-01T00:00:00+07:00"}, {"unit": Place("01234", date(2025, 7, 1))}),
    ("admin-unit", {"code": "1", "asOf": "2568-07-01"}, {"unit": Place("1", None), "flags": ("bad-as-of",)}),
    ("admin-unit", {"code": "1", "asOf": 20250701}, {"unit": Place("1", None), "flags": ("bad-as-of",)}),
    ("admin-unit", {"name": "Xã Thanh Sơn"}, {"unit": None, "flags": ("bad-unit",)}),
    ("admin-unit", {"code": -1, "hamlet": ["x"]}, {"hamlet": None, "flags": ("bad-hamlet", "bad-unit")}),
    ("admin-unit", "x" * 201, {"unit": None, "flags": ("bad-unit",)}),
    ("residence-unit", [], {"residence": None, "flags": ("bad-residence",)}),
    ("programme", "QĐ 1", {"programmes": ("QĐ 1",)}),
    ("programme", ["\u1ee7", "u\u0309", " \u1ee7 "], {"programmes": ("\u1ee7",)}),
    ("programme", ["a", None, {}], {"programmes": ("a",), "flags": ("bad-programme",)}),
    ("target-group", "worker", {"groups": ("worker",)}),
    ("target-group", [], {"groups": ()}),
    ("target-group", ["worker", "ethnic-minority"], {"groups": ("unknown", "worker"), "flags": ("unknown-group",)}),
    ("target-group", [["worker"]], {"groups": ("unknown",), "flags": ("unknown-group",)}),
    ("age-band", "60+", {"age_band": "unknown", "flags": ("unknown-age-band",)}),
    ("age-band", "unknown", {"age_band": "unknown", "flags": ()}),
    ("age-band", {"x": 1}, {"age_band": "unknown", "flags": ("unknown-age-band",)}),
    ("delivery-mode", "zoom", {"mode": "unknown", "flags": ("unknown-mode",)}),
    ("assisted", True, {"assisted": "guided", "flags": ()}),
    ("assisted", False, {"assisted": "none", "flags": ()}),
    ("assisted", 1, {"assisted": "unknown", "flags": ("unknown-assisted",)}),
    ("identity-level", 2, {"level": "2", "flags": ()}),
    ("identity-level", "1", {"level": "1", "flags": ()}),
    ("identity-level", 3, {"level": "unknown", "flags": ("unknown-level",)}),
    ("capture", "import", {"flags": ()}),
    ("capture", {"mode": "guess"}, {"flags": ("unknown-capture",)}),
    ("capture", {"mode": "live", "clockSkewS": 172_800}, {"skew_seconds": 172_800, "flags": ("clock-skew",)}),
    ("capture", {"mode": "live", "clockSkewS": "2 days"}, {"skew_seconds": None, "flags": ("bad-clock-skew",)}),
    ("capture", {"mode": "live", "clockSkewS": 1e15}, {"skew_seconds": None, "flags": ("bad-clock-skew",)}),
    ("skill", {"framework": "757", "version": 2025, "code": "1.2", "level": Decimal(3)},
     {"skill": Skill("757", "2025", "1.2", "3")}),
    ("skill", {"framework": "757"}, {"skill": None, "flags": ("bad-skill",)}),
    ("skill", "1.2", {"skill": None, "flags": ("bad-skill",)}),
    ("organisation", 7, {"organisation": None, "flags": ("bad-organisation",)}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value", "expected"), READ)
def test_values_of_extensions_are_read_or_flagged(name, value, expected, told, vocabulary):
    facts = facts_of(told("attended", "community-class", said={name: value}), vocabulary)
    assert {field: getattr(facts, field) for field in expected} == expected


@pytest.mark.parametrize(
    ("value", "expected", "flags"),
    [
        ({"total": 350, "byAgeBand": {"60-69": 40, "<16": 10.0}}, Headcount(350, (("60-69", 40), ("<16", 10))), ()),
        (350, Headcount(350, ()), ()),
        ({"total": 5, "byAgeBand": {"60-69": 6}}, Headcount(5, (("60-69", 6),)), ("bad-headcount",)),
        ({"total": 5, "byAgeBand": {"60+": 3}}, Headcount(5, (("unknown", 3),)), ("bad-headcount",)),
        ({"total": 5, "byAgeBand": {"60-69": "x"}}, Headcount(5, (("60-69", 0),)), ("bad-headcount",)),
        ({"total": -1}, None, ("bad-headcount",)),
        ({"total": 10**12}, None, ("bad-headcount",)),
        ("many", None, ("bad-headcount",)),
    ],
)
def test_heads_are_counted_where_a_group_was_host(value, expected, flags, told, vocabulary):
    facts = facts_of(told("hosted", "outreach-event", done={"headcount": value}, actor=group("xa-1")), vocabulary)
    assert (facts.headcount, facts.flags, facts.kind, facts.is_group) == (expected, flags, "reach", True)


@pytest.mark.parametrize(("verb", "actor"), [("hosted", person("a")), ("attended", group("xa-1"))])
def test_heads_beside_known_people_are_not_counted(verb, actor, told, vocabulary):
    facts = facts_of(told(verb, "outreach-event", done={"headcount": 350}, actor=actor), vocabulary)
    assert (facts.headcount, facts.flags) == (None, ("misplaced-headcount",))
    assert facts.kind != "reach"


KINDS_OF = [
    ("hosted", "support-session", person("a"), "service"),
    ("hosted", "support-session", group("to-5"), "service"),
    ("attended", "support-session", person("a"), "support"),
    ("completed", "e-identity-task", person("a"), "task"),
    ("experienced", "outreach-event", person("a"), "learning"),
    ("earned", "skill", person("a"), "credential"),
    ("registered", "emulation-title", group("xa-1"), "credential"),
    ("responded", "follow-up-survey", person("a"), "survey"),
    ("waived", "skill", person("a"), "learning"),
]


@pytest.mark.parametrize(("verb", "type_", "actor", "kind"), KINDS_OF)
def test_verb_and_type_say_what_it_counts_as(verb, type_, actor, kind, told, vocabulary):
    assert facts_of(told(verb, type_, actor=actor), vocabulary).kind == kind


def test_a_group_is_itself_and_its_members(told, vocabulary):
    named = facts_of(told("earned", "emulation-title", actor=group("to-5", "b", "a", "a")), vocabulary)
    nameless = facts_of(told("earned", "emulation-title", actor=group(None, "a", "b")), vocabulary)
    assert (named.is_group, named.learner, named.member_learners) == (True, who("to-5"), (who("a"), who("b")))
    assert (nameless.is_group, nameless.learner, nameless.member_learners) == (True, None, (who("a"), who("b")))


def test_who_is_mentored_is_the_object(told, vocabulary):
    statement = told("mentored", "", object={"objectType": "Agent", **person("b")})
    facts = facts_of(statement, vocabulary)
    assert (facts.mentored, facts.activity, facts.kind) == (who("b"), MENTORING, "service")


@pytest.mark.parametrize(
    "found",
    [
        {"objectType": "StatementRef", "id": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d12"},
        {"objectType": "Agent", **person("b")},
        {
            "objectType": "SubStatement",
            "actor": person("b"),
            "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
            "object": {"id": "https://ex.vn/a"},
        },
    ],
)
def test_what_is_no_activity_is_no_training(found, told, vocabulary):
    assert facts_of(told("completed", "", object=found), vocabulary) is None


def test_version_2_says_teams_and_instructors_in_its_own_way(told, vocabulary):
    context = {
        "contextGroups": [
            {"objectType": "contextGroup", "group": group("host"), "relevantTypes": ["https://ex.vn/host"]},
            {"objectType": "contextGroup", "group": group("to-5"), "relevantTypes": [f"{BASE}/roles/team"]},
        ],
        "contextAgents": [
            {"objectType": "contextAgent", "agent": person("gv-2"), "relevantTypes": [f"{BASE}/roles/instructor"]},
            {"objectType": "contextAgent", "agent": person("x")},
        ],
        "instructor": group(None, "gv-1", "gv-2"),
    }
    facts = facts_of(told("attended", "community-class", context=context), vocabulary)
    assert (facts.team, facts.instructors) == (who("to-5"), (who("gv-1"), who("gv-2")))
    bare = {"contextGroups": [{"objectType": "contextGroup", "group": group("to-7")}]}
    assert facts_of(told("attended", "community-class", context=bare), vocabulary).team == who("to-7")


@pytest.mark.parametrize(
    ("actor", "context", "team"),
    [
        (group("to-5", "a", "b"), {}, "to-5"),
        (group("to-5"), {"team": group("to-7")}, "to-7"),
        (group(None, "a", "b"), {}, None),
        (person("a"), {}, None),
    ],
)
def test_a_session_that_a_team_tells_of_itself_is_the_teams(told, vocabulary, actor, context, team):
    facts = facts_of(told("hosted", "support-session", actor=actor, context=context), vocabulary)
    assert facts.team == (team and who(team))
    assert facts_of(told("attended", "support-session", actor=group("to-5", "a")), vocabulary).team is None


def test_programmes_come_from_the_extension_and_from_categories(told, vocabulary):
    categories = [
        {"id": f"{PROGRAMMES}192%2FKH-UBND%3A2025"},
        {"id": "https://ex.vn/p/57", "definition": {"type": f"{BASE}/activity-types/programme"}},
        {"id": "https://ex.vn/tags/57", "definition": {"type": "https://ex.vn/tag"}},
    ]
    statement = told("attended", "community-class", said={"programme": ["192/KH-UBND:2025", "a"]})
    statement["context"]["contextActivities"] = {"category": categories}
    assert facts_of(statement, vocabulary).programmes == ("192/KH-UBND:2025", "a", "https://ex.vn/p/57")


def test_a_crowd_of_programmes_is_cut_the_same_way_in_every_order(told, vocabulary):
    crowd = [f"p{n:03}" for n in range(500)]
    statement = told("attended", "community-class", said={"programme": crowd})
    backwards = told("attended", "community-class", said={"programme": crowd[::-1]})
    facts = facts_of(statement, vocabulary)
    assert facts.programmes == tuple(crowd[:32])
    assert facts.flags == ("too-many-programmes",)
    assert facts_of(backwards, vocabulary) == facts


def test_attempts_of_an_assessment_are_evidence_for_the_assessment(vocabulary):
    quiz = "https://moodle.example.vn/mod/quiz/view.php?id=1"
    parents = [
        {"id": "https://moodle.example.vn/s", "definition": {"type": "http://id.tincanapi.com/activitytype/section"}},
        {"id": quiz, "definition": {"type": "http://adlnet.gov/expapi/activities/assessment"}},
    ]
    attempt = {
        "id": "https://moodle.example.vn/mod/quiz/attempt.php?attempt=1&cmid=1",
        "definition": {"type": "http://adlnet.gov/expapi/activities/attempt"},
    }
    statement = {
        "actor": person("7"),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": attempt,
        "context": {"contextActivities": {"parent": parents}},
        "result": {"success": True, "completion": True, "score": {"raw": 50, "min": 0, "max": 100}},
    }
    facts = facts_of(statement, vocabulary)
    assert (facts.activity, facts.type, facts.success, facts.scaled) == (quiz, "assessment", True, "0.5")


def test_procedures_and_platforms_are_iris(told, vocabulary):
    procedure = facts_of(told("completed", "digital-public-service-task"), vocabulary)
    platform = {"id": "https://dvc.gov.vn", "definition": {"type": f"{BASE}/activity-types/digital-platform"}}
    grouped = told("completed", "digital-platform-task", context={"contextActivities": {"grouping": [platform]}})
    said = told("completed", "digital-platform-task", context={"platform": "https://onetouch.example.vn"})
    named = told("completed", "community-class", context={"platform": "Moodle"})
    assert (procedure.procedure, procedure.platform) == ("https://to.example.vn/a/7", None)
    assert facts_of(told("completed", "digital-platform-task"), vocabulary).platform == "https://to.example.vn/a/7"
    assert facts_of(grouped, vocabulary).platform == "https://dvc.gov.vn"
    assert facts_of(said, vocabulary).platform == "https://onetouch.example.vn"
    assert facts_of(named, vocabulary).platform is None


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-20T08:30:00.123+07:00", "2026-11-20T08:30:00Z", "2026-11-20t08:30:00z", "20261120T083000+0700",
        "2026-11-20T08:30:00", "2026-11-20T08:30Z", "2016-12-31T23:59:60Z", "2026-11-20T08:30:00.1234567891+07",
        "2026-11-20T08:30:00,5Z", "1899-01-01T00:00:00-05:00", "2026-11-20 08:30:00+00:00",
    ],
)  # fmt: skip
def test_the_instant_is_what_the_data_model_says(text, told, vocabulary):
    assert facts_of(told("attended", "", timestamp=text), vocabulary).timestamp == microseconds(text)


def test_clocks_that_run_ahead_are_flagged(told, vocabulary):
    def flags(stored):
        return facts_of(told("attended", "", timestamp="2026-08-31T17:30:00Z", stored=stored), vocabulary).flags

    assert flags("2026-08-31T17:26:00Z") == ()
    assert flags("2026-08-31T17:24:00Z") == ("clock-skew",)


def test_without_a_timestamp_it_was_when_it_was_stored(told, vocabulary):
    statement = told("attended", "", stored="2026-08-31T17:26:00Z")
    del statement["timestamp"]
    assert facts_of(statement, vocabulary).timestamp == microseconds("2026-08-31T17:26:00Z")
    del statement["stored"]
    facts = facts_of(statement, vocabulary)
    assert (facts.timestamp, facts.flags) == (0, ("no-timestamp",))


def test_odd_durations_are_flagged(told, vocabulary):
    facts = facts_of(told("attended", "", result={"duration": "P99Y"}), vocabulary)
    assert (facts.seconds, facts.flags) == (None, ("odd-duration",))


def test_facts_survive_being_kept(told, vocabulary):
    statement = told(
        "hosted", "outreach-event", said={"admin-unit": {"code": "1", "asOf": "2025-07-01"}}, done={"headcount": 3},
        actor=group("xa-1", "a"),
    )  # fmt: skip
    facts = facts_of(statement, vocabulary)
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=Facts) == facts


@pytest.fixture(scope="session")
def countable(vocabulary, good_statements):
    """Give good statements of a version whose verb, type and extensions are those of the vocabulary."""
    values = st.recursive(
        st.none() | st.booleans() | st.integers() | st.decimals(allow_nan=False, allow_infinity=False)
        | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8)
        | st.sampled_from([*GROUPS, *AGE_BANDS, "2025-07-01", "26209", "x" * 300]),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(
            st.sampled_from(["code", "asOf", "hamlet", "mode", "clockSkewS", "total", "byAgeBand", "framework",
                             "level", "60-69", "x"]), inner, max_size=5),
        max_leaves=8,
    )  # fmt: skip
    extensions = st.dictionaries(st.sampled_from(sorted(vocabulary.extensions)), values, max_size=6)
    verbs = st.sampled_from(sorted(iri for iri, verb in vocabulary.verbs.items() if verb))
    types = st.sampled_from(sorted(vocabulary.types))

    def countable(draw, version):
        statement = draw(good_statements(version))
        statement["verb"] = {"id": draw(verbs)}
        if statement["object"].get("objectType", "Activity") == "Activity":
            statement["object"].setdefault("definition", {})["type"] = draw(types)
        for part in ("context", "result"):
            statement[part] = statement.get(part, {}) | {"extensions": draw(extensions)}
        return statement

    return countable


def reversed_members(value):
    """Return the same value with the members of every object the other way round."""
    if isinstance(value, dict):
        return {key: reversed_members(value[key]) for key in reversed(value)}
    return [reversed_members(each) for each in value] if isinstance(value, list) else value


@pytest.mark.parametrize("version", ["1.0.3", "2.0.0"])
@many
@given(data=st.data())
def test_hostile_values_never_raise_and_facts_hang_on_no_order(version, countable, vocabulary, data):
    statement = countable(data.draw, version)
    before = json.dumps(statement, default=str)
    facts = facts_of(statement, vocabulary)
    assert facts_of(reversed_members(statement), vocabulary) == facts
    assert json.dumps(statement, default=str) == before
    if facts is not None:
        assert facts.verb in VERBS
        assert facts.kind in KINDS
        assert msgspec.msgpack.decode(msgspec.msgpack.encode(facts), type=Facts) == facts
        assert facts.flags == tuple(sorted(set(facts.flags)))


def test_the_same_from_either_parser_of_numbers(told, vocabulary):
    text = '{"scaled": 0.1}', '{"total": 350.0}'
    results = []
    for parse in (lambda raw: json.loads(raw, parse_float=Decimal), msgspec.json.decode):
        score, heads = map(parse, text)
        statement = told("hosted", "outreach-event", done={"headcount": heads}, actor=group("xa-1"))
        statement["result"]["score"] = score
        results.append(facts_of(statement, vocabulary))
    assert results[0] == results[1]


def test_hostile_sizes_take_little_time(told, vocabulary):
    many_values = ["x" * 300, {}, 10**4000] * 20_000
    said = {"programme": many_values, "target-group": many_values, "skill": {"framework": "a", "code": 10**4000}}
    statement = told("attended", "community-class", said=said)
    began = time.perf_counter()
    facts = facts_of(statement, vocabulary)
    assert time.perf_counter() - began < 2
    assert len(msgspec.msgpack.encode(facts)) < 2000


@pytest.mark.parametrize(("count", "flags"), [(200, ()), (201, ("too-many-members",))])
def test_members_beyond_those_that_are_counted_are_flagged(told, vocabulary, count, flags):
    actor = group("to", *(f"p-{n}" for n in range(count)))
    facts = facts_of(told("attended", "community-class", actor=actor), vocabulary)
    assert facts.flags == flags

import json
import random

import pytest

from schemas.training.outlines import template_iri
from schemas.training.profile import load
from schemas.training.quick import Quick
from schemas.training.templates import Broken, Location, Rule, Templates
from schemas.training.terms import BASE, VERSION

TEAM = {"objectType": "Group", "account": {"homePage": "https://so.example.vn", "name": "to-5"}}
HOANG = {"objectType": "Agent", "account": {"homePage": "https://so.example.vn", "name": "p-2"}}
CONFERENCE = {"id": "https://ex.vn/c/1", "definition": {"type": "http://id.tincanapi.com/activitytype/conference"}}
SESSION = "http://id.tincanapi.com/activitytype/conference-session"
COURSE = "http://adlnet.gov/expapi/activities/course"
SKILL = {"framework": "757", "code": "1.1"}
ALONE = {"category": [{"id": VERSION}]}
GUIDED = {"done": {"assisted": "guided"}}
REFERENCE = {"objectType": "StatementRef", "id": "6a3c0b8c-51d1-4c0b-9d3b-0d1e6b0e9d12"}


def extension(name, part="context"):
    return f'{part}.extensions["{BASE}/extensions/{name}"]'


# Of every template: verb, type and what makes it good; then what is taken for bad, and what that breaks.
EXAMPLES = {
    "conference-attended": (
        "attended", SESSION,
        {"said": {"target-group": ["official"], "delivery-mode": "in-person"},
         "context": {"contextActivities": ALONE | {"parent": [CONFERENCE]}}},
        {"said": {"target-group": ["official"]}, "context": {"contextActivities": ALONE | {"parent": [CONFERENCE]}}},
        (extension("delivery-mode"), "included"),
    ),
    "class-registered": ("registered", "community-class", {}, {"said": {"admin-unit": None}}, None),
    "class-attended": (
        "attended", "community-class", {}, {"actor": HOANG | {"name": "Người Thử 0001"}}, ("actor.name", "excluded"),
    ),
    "class-completed": (
        "completed", "community-class", {}, {"actor": {"mbox": "mailto:a@ex.vn"}}, ("actor.mbox", "excluded"),
    ),
    "skill-passed": (
        "passed", "skill", {"said": {"skill": SKILL}, "result": {"score": {"scaled": 1}, "success": True}},
        {"said": {"skill": SKILL}, "result": {"score": {"scaled": 1}, "success": 1}}, ("result.success", "all"),
    ),
    "skill-failed": (
        "failed", "skill", {"said": {"skill": SKILL}, "result": {"score": {"scaled": 0}, "success": False}},
        {"said": {"skill": SKILL}, "result": {"score": {"raw": 1}}}, ("result.score.scaled", "included"),
    ),
    "skill-confirmed": (
        "earned", "skill-confirmation", {}, {"timestamp": None}, ("timestamp", "included"),
    ),
    "skill-waived": ("waived", "skill", {"said": {"skill": SKILL}}, {}, (extension("skill"), "included")),
    "support-received": (
        "attended", "support-session", GUIDED | {"context": {"team": TEAM}}, GUIDED,
        ("context.team | context.contextGroups[*].group", "included"),
    ),
    "support-hosted": (
        "hosted", "support-session", {"result": {"duration": "PT1H"}}, {}, ("result.duration", "included"),
    ),
    "mentored-person": (
        "mentored", "", {"object": HOANG}, {"object": HOANG | {"name": "Hoàng"}}, ("object.name", "excluded"),
    ),
    "public-service-done": (
        "completed", "digital-public-service-task", GUIDED, GUIDED | {"result": {"response": "H19-1"}},
        ("result.response", "excluded"),
    ),
    "e-identity-done": (
        "completed", "e-identity-task", {"done": {"assisted": "none", "identity-level": 2}},
        {"done": {"assisted": "none", "identity-level": 3}}, (extension("identity-level", "result"), "all"),
    ),
    "cashless-payment-done": (
        "completed", "cashless-payment-task", GUIDED, {}, (extension("assisted", "result"), "included"),
    ),
    "e-commerce-done": (
        "completed", "e-commerce-task", GUIDED, {}, (extension("assisted", "result"), "included"),
    ),
    "digital-platform-used": (
        "completed", "digital-platform-task", GUIDED, {}, (extension("assisted", "result"), "included"),
    ),
    "lab-visited": (
        "attended", "lab-visit", {}, {"context": {"registration": None}}, ("context.registration", "included"),
    ),
    "internship-registered": (
        "registered", "internship", {"said": {"organisation": "cty-1"}}, {}, (extension("organisation"), "included"),
    ),
    "internship-progressed": (
        "progressed", "internship", {"said": {"organisation": "cty-1"}, "result": {"duration": "P2W"}},
        {"said": {"organisation": "cty-1"}}, ("result.duration", "included"),
    ),
    "internship-completed": (
        "completed", "internship", {"said": {"organisation": "cty-1"}}, {}, (extension("organisation"), "included"),
    ),
    "outreach-hosted": (
        "hosted", "outreach-event", {"actor": TEAM, "done": {"headcount": {"total": 350}}},
        {"actor": TEAM | {"member": [HOANG]}, "done": {"headcount": {"total": 350}}}, ("actor.member", "excluded"),
    ),
    "booth-experienced": (
        "experienced", "outreach-event", {}, {"actor": {"openid": "https://id.ex.vn/a"}}, ("actor.openid", "excluded"),
    ),
    "emulation-registered": (
        "registered", "emulation-title", {"actor": TEAM}, {"actor": HOANG}, ("actor.objectType", "all"),
    ),
    "emulation-earned": (
        "earned", "emulation-title", {"actor": TEAM}, {"actor": HOANG}, ("actor.objectType", "all"),
    ),
    "survey-responded": (
        "responded", "follow-up-survey", {"context": {"statement": REFERENCE}}, {}, ("context.statement", "included"),
    ),
    "imported-completion": (
        "completed", COURSE, {"said": {"capture": {"mode": "import"}}, "context": {"platform": "https://mooc.ex.vn"}},
        {"said": {"capture": {"mode": "live"}}, "context": {"platform": "https://mooc.ex.vn"}},
        (f"{extension('capture')}.mode", "all"),
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def served():
    return Templates()


def without_nulls(value):
    if isinstance(value, dict):
        return {key: without_nulls(each) for key, each in value.items() if each is not None}
    return value


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_good_example_follows_its_template(name, profiled, served):
    verb, type_, good, _, _ = EXAMPLES[name]
    assert served.follows(profiled(verb, type_, **good)) == (template_iri(name), ())


@pytest.mark.parametrize("name", EXAMPLES)
def test_a_bad_example_is_told_where_and_why(name, profiled, served):
    verb, type_, _, bad, fault = EXAMPLES[name]
    review = served.follows(without_nulls(profiled(verb, type_, **bad)))
    assert review.template == template_iri(name)
    assert (fault or (extension("admin-unit"), "included")) in review.faults


def test_every_template_has_its_examples():
    assert {template_iri(name) for name in EXAMPLES} == {each["id"] for each in json.loads(load())["templates"]}


def test_statements_that_do_not_name_the_profile_are_none_of_its_business(told, served):
    assert served.follows(told("attended", "community-class")) is None
    other = {"contextActivities": {"category": [{"id": "https://w3id.org/xapi/cmi5/context/categories/cmi5"}]}}
    assert served.follows(told("attended", "community-class", context=other)) is None
    assert (
        served.follows({"actor": HOANG, "verb": {"id": "https://ex.vn/v"}, "object": {"id": "https://ex.vn/a"}}) is None
    )


def test_what_fits_no_template_is_told(profiled, served):
    assert served.follows(profiled("attended", "community-class") | {"object": {"id": "https://ex.vn/a"}}) == (None, ())
    without_parent = profiled("attended", SESSION, said={"target-group": [], "delivery-mode": "kiosk"})
    assert served.follows(without_parent) == (None, ())


def test_one_category_may_stand_without_its_array(profiled, served):
    alone = profiled("attended", "community-class", context={"contextActivities": {"category": {"id": VERSION}}})
    kept = json.dumps(alone)
    assert served.follows(alone) == (template_iri("class-attended"), ())
    assert json.dumps(alone) == kept


def test_the_profile_without_its_version_is_named_and_falls_short(profiled, served):
    vague = profiled("attended", "community-class", context={"contextActivities": {"category": [{"id": BASE}]}})
    assert served.follows(vague).faults == (Broken("context.contextActivities.category[*].id", "any"),)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("$.a.b", [1]),
        ("a['b']", [1]),
        ("$.a['b','c']", [1, [2, {"d": 3}]]),
        ("$.a.c[1].d", [3]),
        ("$.a.c[0, 1]", [2, {"d": 3}]),
        ("$.a.c[*]", [2, {"d": 3}]),
        ("$.a[*]", [1, [2, {"d": 3}]]),
        ("$.a.b | $.a.c[0] | $.x", [1, 2]),
        ("$.a.c[7]", []),
        ("$.a.b.c", []),
        ("$['a.b/c']", [4]),
    ],
)
def test_a_path_leads_to_what_is_there(path, expected):
    assert Location(path).find({"a": {"b": 1, "c": [2, {"d": 3}]}, "a.b/c": 4}) == expected


@pytest.mark.parametrize("path", ["$.a[?(@.b)]", "$..a", "$.a[-1]", "$.a[", "$.a b"])
def test_other_paths_are_refused_when_the_profile_is_read(path):
    with pytest.raises(ValueError, match="no JSONPath"):
        Location(path)


def a_profile(*rules):
    template = {"id": "https://ex.vn/t", "rules": rules}
    return json.dumps({"id": "https://ex.vn/p", "versions": [], "templates": [template]}).encode()


@pytest.mark.parametrize(
    ("rule", "faults"),
    [
        ({"any": ["vi", "en"]}, []),
        ({"any": ["en"]}, ["any"]),
        ({"all": ["en"]}, ["all"]),
        ({"none": ["vi"]}, ["none"]),
        ({"none": ["en"]}, []),
        ({"presence": "excluded"}, ["excluded"]),
        ({"presence": "included", "any": ["en"]}, ["any"]),
        ({"location": "$.context.nothing", "any": ["vi"]}, ["any"]),
        ({"location": "$.context.nothing", "none": ["vi"]}, []),
        ({"location": "$.context.nothing", "presence": "recommended", "any": ["vi"]}, []),
        ({"location": "$.context.nothing", "presence": "included"}, ["included"]),
        ({"location": "$.context.nothing", "presence": "excluded"}, []),
    ],
)
def test_rules_mean_what_the_specification_says(rule, faults, told):
    templates = Templates(a_profile({"location": "$.context.language"} | rule))
    context = {"language": "vi", "contextActivities": {"category": [{"id": "https://ex.vn/p"}]}}
    review = templates.follows(told("attended", "", context=context))
    assert [fault.rule for fault in review.faults] == faults


def test_a_rule_that_is_not_understood_is_refused_when_the_profile_is_read():
    with pytest.raises(ValueError, match="selector"):
        Templates(a_profile({"location": "$.a", "selector": "$.b", "presence": "included"}))


def mangled(rnd, value):
    """Return a value in which members and items are missing, or something else, here and there."""
    if rnd.random() < 0.02:
        return rnd.choice([None, 7, "", [], {}, [{"id": 1}], True])
    if isinstance(value, dict):
        return {name: mangled(rnd, each) for name, each in value.items() if rnd.random() > 0.04}
    return [mangled(rnd, each) for each in value if rnd.random() > 0.1] if isinstance(value, list) else value


def test_what_is_told_fast_is_what_a_closer_look_tells(profiled):
    rules = [rule for each in json.loads(load())["templates"] for rule in each["rules"]]
    alone = [Quick([rule]) for rule in rules]
    rnd, told = random.Random(3), [0, 0]
    for verb, type_, good, bad, _ in EXAMPLES.values():
        for changes in (good, bad):
            statement = without_nulls(profiled(verb, type_, **changes))
            for _ in range(5):
                each = mangled(rnd, statement)
                if isinstance(each, dict):
                    for quick, rule in zip(alone, rules, strict=True):
                        kept, broken = quick.follows(each), Rule(rule).broken(each)
                        assert not kept or broken is None, (rule, each)
                        told[kept] += 1
    assert told[True] > 3 * told[False]

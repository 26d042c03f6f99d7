import pytest

from schemas.training.facts import facts_of
from schemas.training.terms import BASE, VERBS
from schemas.training.vocabulary import Vocabulary, unmapped

ACTOR = {"account": {"homePage": "https://moodle.example.vn", "name": "7"}}
PROGRESS = {"verb": {"id": "http://adlnet.gov/expapi/verbs/progressed"}}


def of(verb, type_, **result):
    definition = {"type": type_} if type_ else {}
    found = {"id": "https://moodle.example.vn/x?id=2", "definition": definition}
    return {"actor": ACTOR, "verb": {"id": verb}, "object": found, "result": result}


ADL, TLA, EDLM = "http://adlnet.gov/expapi/", "https://w3id.org/xapi/tla/verbs/", "https://xapi.edlm/profiles/edlm-lms/"
CMI5, TINCAN, ACROSSX = "https://w3id.org/xapi/cmi5/", "http://id.tincanapi.com/", "https://w3id.org/xapi/acrossx/"
SUBMISSION = f"{EDLM}concepts/activity-types/submission"

FOREIGN = [
    # Moodle, by its xAPI log store
    (of(f"{ADL}verbs/completed", f"{CMI5}activitytype/course"), ("completed", "course", "learning")),
    (of(f"{EDLM}concepts/verbs/enrolled", f"{CMI5}activitytype/course"), ("registered", "course", "learning")),
    (of(f"{ADL}verbs/attended", f"{ACROSSX}activities/face-to-face-discussion"), ("attended", "meeting", "learning")),
    (of("http://activitystrea.ms/schema/1.0/join", f"{ADL}activities/meeting"), ("attended", "meeting", "learning")),
    (of(f"{TLA}scored", SUBMISSION, success=True), ("passed", "assignment", "learning")),
    (of(f"{TLA}scored", SUBMISSION, success=False), ("failed", "assignment", "learning")),
    (of(f"{TLA}achieved", f"{EDLM}concepts/activity-types/certificate"), ("earned", "certificate", "credential")),
    (of("http://activitystrea.ms/submit", f"{TINCAN}activitytype/survey"), ("responded", "survey", "survey")),
    (of(f"{ADL}verbs/completed", f"{ADL}activities/attempt", success=True), ("completed", "attempt", "learning")),
    # cmi5
    (of(f"{ADL}verbs/passed", "", success=True), ("passed", "", "learning")),
    (of("https://w3id.org/xapi/adl/verbs/satisfied", f"{CMI5}activitytype/block"), ("satisfied", "module", "learning")),
    (of("https://w3id.org/xapi/adl/verbs/waived", f"{CMI5}activitytype/course"), ("waived", "course", "learning")),
    # H5P, SCORM, Activity Streams, badges
    (of(f"{ADL}verbs/completed", "http://h5p.org/libraries/H5P.QuestionSet"), ("completed", "assessment", "learning")),
    (of(f"{ADL}verbs/scored", f"{ADL}activities/assessment"), ("progressed", "assessment", "learning")),
    (of("http://activitystrea.ms/attend", "http://activitystrea.ms/event"), ("attended", "event", "learning")),
    (of("http://activitystrea.ms/schema/1.0/attend", f"{TINCAN}activitytype/conference-session"),
     ("attended", "conference-session", "learning")),
    (of(f"{TINCAN}verb/earned", "http://activitystrea.ms/badge"), ("earned", "certificate", "credential")),
    (of(f"{ADL}verbs/completed", "https://ours.example.vn/types/kiosk"),
     ("completed", "https://ours.example.vn/types/kiosk", "learning")),
]  # fmt: skip

UNCOUNTED = [
    of(f"{TINCAN}verb/viewed", f"{CMI5}activitytype/course"),
    of(f"{ADL}verbs/answered", f"{ADL}activities/cmi.interaction", success=True),
    of(f"{ADL}verbs/initialized", ""),
    of(f"{ADL}verbs/registered", f"{TINCAN}activitytype/lms"),
    of("http://activitystrea.ms/submit", f"{EDLM}concepts/activity-types/assignment"),
    of("http://activitystrea.ms/join", f"{EDLM}concepts/activity-types/group"),
    of(f"{TLA}forfeited", f"{EDLM}concepts/activity-types/badge"),
]


@pytest.mark.parametrize(("statement", "expected"), FOREIGN)
def test_what_other_vocabularies_say_is_known_by_our_words(statement, expected, vocabulary):
    facts = facts_of(statement, vocabulary)
    assert (facts.verb, facts.type, facts.kind) == expected


@pytest.mark.parametrize("statement", UNCOUNTED)
def test_what_is_known_and_no_training_counts_nowhere_and_is_not_complained_of(statement, vocabulary):
    assert facts_of(statement, vocabulary) is None
    assert unmapped(statement, vocabulary) == []


def test_unknown_words_are_listed():
    statement = of("https://ex.vn/verbs/learned", "https://ex.vn/types/kiosk")
    own = f"{BASE}/extensions/agegroup"
    statement["context"] = {"extensions": {own: "60+", "https://ex.vn/anything": 1, f"{BASE}/extensions/skill": {}}}
    expected = [("extension", own), ("type", "https://ex.vn/types/kiosk"), ("verb", "https://ex.vn/verbs/learned")]
    assert unmapped(statement, Vocabulary()) == expected
    assert facts_of(statement, Vocabulary()) is None


def test_an_operator_adds_words_and_changes_them():
    ours = {
        "prefixes": {"ex": "https://ex.vn/"},
        "verbs": {"ex:learned": "completed", "adl:verbs/progressed": None},
        "types": {"ex:kiosk": "e-commerce-task", "ex:walk": "walk"},
        "kinds": {"types": {"walk": "service"}},
        "extensions": {"ex:xa": "unit"},
    }
    vocabulary = Vocabulary(ours)
    learned = of("https://ex.vn/learned", "https://ex.vn/kiosk")
    learned["context"] = {"extensions": {"https://ex.vn/xa": 1234}}
    facts = facts_of(learned, vocabulary)
    assert (facts.verb, facts.type, facts.kind, facts.unit.code) == ("completed", "e-commerce-task", "task", "01234")
    assert facts_of(of("https://ex.vn/learned", "https://ex.vn/walk"), vocabulary).kind == "service"
    assert facts_of(of(f"{ADL}verbs/progressed", ""), vocabulary) is None
    assert facts_of(of(f"{ADL}verbs/progressed", ""), Vocabulary()) is not None
    assert Vocabulary(ours, {"verbs": {"ex:learned": "passed"}}).verbs["https://ex.vn/learned"].otherwise == "passed"


@pytest.mark.parametrize(
    ("addition", "complaint"),
    [
        ({"verbs": {"https://ex.vn/v": "learned"}}, "https://ex.vn/v must mean one of attended"),
        ({"verbs": {"https://ex.vn/v": {"success": "passed"}}}, "https://ex.vn/v must mean"),
        ({"types": {"https://ex.vn/t": 1}}, "https://ex.vn/t must mean a word"),
        ({"extensions": {"https://ex.vn/e": "cccd"}}, "https://ex.vn/e must mean one of"),
        ({"roles": {"https://ex.vn/r": "boss"}}, "https://ex.vn/r must mean one of instructor, team"),
        ({"kinds": {"types": {"walk": "sport"}}}, "walk must mean one of"),
        ({"verb": {}}, "no part 'verb'"),
    ],
)
def test_what_is_no_word_of_ours_is_named(addition, complaint):
    with pytest.raises(ValueError, match=complaint):
        Vocabulary(addition)


def test_every_verb_of_ours_has_an_iri(vocabulary):
    assert {verb.otherwise for verb in vocabulary.verbs.values() if verb} == VERBS

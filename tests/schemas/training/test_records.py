from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from schemas.training import records
from schemas.training.records import STATES, Evidence, fold
from schemas.training.terms import AGE_BANDS, VERBS

MINUTE = 60_000_000


def evidence(at, verb, **told):
    usual = {
        "kind": "learning",
        "type": "course",
        "success": None,
        "completion": None,
        "scaled": None,
        "seconds": None,
        "unit": "",
        "programmes": (),
        "groups": (),
        "band": "unknown",
        "flags": (),
    }
    return Evidence(timestamp=at * MINUTE, statement=bytes([at]) * 16, verb=verb, **usual | told)


EVIDENCE = st.builds(
    Evidence,
    timestamp=st.integers(0, 50),
    statement=st.binary(min_size=16, max_size=16),
    verb=st.sampled_from(sorted(VERBS)),
    kind=st.sampled_from(["learning", "task"]),
    type=st.sampled_from(["", "course"]),
    success=st.sampled_from([None, True, False]),
    completion=st.sampled_from([None, True, False]),
    scaled=st.sampled_from([None, "0.5", "-1", "0.75"]),
    seconds=st.one_of(st.none(), st.integers(0, 9000)),
    unit=st.sampled_from(["", "26209@2025-07-01"]),
    programmes=st.sampled_from([(), ("192/KH-UBND:2025",)]),
    groups=st.sampled_from([(), ("citizen", "elderly"), ("official",)]),
    band=st.sampled_from(AGE_BANDS),
    flags=st.just(()),
    organisation=st.sampled_from(["", "H1", "H2"]),
    sides=st.integers(0, 3),
)


def test_a_course_from_enrolment_to_a_pass():
    found = fold(
        [
            evidence(1, "registered"),
            evidence(2, "attended", seconds=3600),
            evidence(3, "attended", seconds=1800),
            evidence(4, "completed", seconds=9999),
            evidence(5, "passed", scaled="0.85"),
        ]
    )
    assert (found.state, found.attempts, found.best, found.seconds) == ("passed", 1, "0.85", 5400)
    assert (found.first, found.last, found.ended) == (MINUTE, 5 * MINUTE, 5 * MINUTE)


def test_a_pass_stays_a_pass_and_the_best_score_the_best():
    found = fold(
        [evidence(1, "failed", scaled="0.4"), evidence(2, "passed", scaled="0.9"), evidence(3, "failed", scaled="0.3")]
    )
    assert (found.state, found.attempts, found.best, found.latest) == ("passed", 3, "0.9", "0.3")
    assert found.ended == 2 * MINUTE


def test_a_completion_does_not_hide_a_failed_test():
    assert fold([evidence(1, "failed"), evidence(2, "completed")]).state == "failed"
    assert fold([evidence(1, "completed", success=False)]).state == "failed"


def test_an_enrolment_is_no_attempt_and_ends_nothing():
    found = fold([evidence(1, "registered")])
    assert (found.state, found.attempts, found.ended, found.seconds) == ("registered", 0, None, None)


def test_players_that_repeat_the_whole_duration_in_each_outcome_are_counted_once():
    assert fold([evidence(1, "completed", seconds=600), evidence(2, "passed", seconds=600)]).seconds == 600


def test_place_and_age_are_the_latest_known_and_groups_are_all_that_were_named():
    found = fold(
        [
            evidence(1, "attended", unit="25195@2025-07-01", band="60-69", groups=("elderly",)),
            evidence(2, "attended", unit="26209@2025-07-01", groups=("rural",)),
            evidence(3, "attended"),
        ]
    )
    assert (found.unit, found.band, found.groups) == ("26209@2025-07-01", "60-69", ("elderly", "rural"))


@given(st.lists(EVIDENCE, min_size=1, max_size=12, unique_by=lambda each: each.statement), st.randoms())
def test_the_order_of_arrival_plays_no_part(found, random):
    shuffled = list(found)
    random.shuffle(shuffled)
    assert fold(sorted(shuffled)) == fold(sorted(found))


@given(st.lists(EVIDENCE, min_size=1, max_size=12, unique_by=lambda each: each.statement), EVIDENCE)
def test_more_evidence_never_takes_anything_away(found, another):
    before, after = fold(sorted(found)), fold(sorted([*found, another]))
    if not after.two_sided:  # which a single statement may make it
        assert STATES.index(after.state) >= STATES.index(before.state)
    assert after.first <= before.first
    assert after.last >= before.last
    assert Decimal(after.best or -2) >= Decimal(before.best or -2)
    assert set(after.programmes) >= set(before.programmes)


def sent(at, verb, organisation="H1", **told):
    return evidence(at, verb, type="internship", organisation=organisation, sides=1, **told)


def taken(at, verb, organisation="H1", **told):
    return evidence(at, verb, type="internship", organisation=organisation, sides=3, **told)


def test_what_is_two_sided_ends_when_both_sides_have_told_an_end():
    begun = [sent(1, "registered"), taken(2, "progressed", seconds=36 * 3600), taken(3, "progressed", seconds=1209600)]
    assert fold(begun).state == "in-progress"
    assert (fold(begun).flags, fold(begun).two_sided, fold(begun).organisation) == ((), True, "H1")
    one = fold([*begun, taken(4, "completed", scaled="0.9")])
    assert (one.state, one.flags, one.ended, one.best) == ("in-progress", ("awaiting-confirmation",), None, "0.9")
    assert fold([*begun, sent(4, "completed")]).flags == ("awaiting-confirmation",)
    both = fold([*begun, taken(4, "passed", scaled="0.9"), sent(6, "completed")])
    assert (both.state, both.flags, both.ended, both.attempts) == ("passed", (), 6 * MINUTE, 1)
    assert both.seconds == 36 * 3600 + 1209600


def test_twice_the_same_side_confirms_nothing_and_another_organisation_neither():
    assert fold([taken(1, "completed"), taken(2, "passed")]).state == "in-progress"
    assert fold([sent(1, "completed"), sent(2, "passed")]).state == "in-progress"
    found = fold([sent(1, "registered"), sent(2, "completed"), taken(3, "passed", "H2")])
    assert (found.state, found.organisation, found.organisations) == ("in-progress", "H1", ("H1", "H2"))
    found = fold([sent(1, "completed"), taken(2, "completed"), taken(3, "failed", "H2")])
    assert (found.state, found.attempts) == ("completed", 1)


def test_what_needs_one_side_only_ends_as_it_always_did():
    found = fold([evidence(1, "registered"), evidence(2, "completed", organisation="H1", sides=2)])
    assert (found.state, found.two_sided, found.organisations) == ("completed", False, ("", "H1"))


def test_an_organisation_does_not_make_a_record_its_own():
    found = fold([evidence(1, "attended", organisation="H1"), evidence(2, "attended", organisation="H2", sides=2)])
    assert found.organisation == "H1"
    assert fold([evidence(1, "attended"), evidence(2, "attended", organisation="H2", sides=2)]).organisation == "H2"
    assert fold([evidence(1, "attended")]).organisations == ()


@given(EVIDENCE)
def test_a_record_of_one_statement_stands_as_one_of_several_would(each):
    assert records._alone(each) == records._standing([each], [records._state(each)])

from schemas.registries.assignments import Assignments, Decision

A, B = "26359@2025-07-01", "26446@2025-07-01"


def decision(to, *, records=(), learners=(), unit="26449@"):
    return Decision("id", unit, to, "Theo ấp", "key", 1, tuple(records), tuple(learners))


def test_decisions_are_about_records_or_all_of_a_learner():
    assignments = Assignments([decision(A, records=["r1"]), decision(B, learners=["l2"])])
    assert assignments.of("r1", "l1") == {"26449@": A}
    assert assignments.of("r2", "l2") == {"26449@": B}
    assert assignments.of("r2", "l1") == {}


def test_the_last_decision_counts_whatever_it_named():
    assert Assignments([decision(A, records=["r"]), decision(B, learners=["l"])]).of("r", "l") == {"26449@": B}
    assert Assignments([decision(B, learners=["l"]), decision(A, records=["r"])]).of("r", "l") == {"26449@": A}


def test_a_decision_is_taken_back_by_one_for_nowhere():
    assert Assignments([decision(A, records=["r"]), decision(None, learners=["l"])]).of("r", "l") == {}


def test_each_split_unit_is_decided_by_itself():
    assignments = Assignments([decision(A, records=["r"]), decision("1@", records=["r"], unit="2@")])
    assert assignments.of("r") == {"26449@": A, "2@": "1@"}

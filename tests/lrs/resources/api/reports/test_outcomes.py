"""What came of training, as people say later: parts of those who answered, and never whose."""

import random

import pytest

from schemas.training.terms import BASE

PLAN, OTHER = "192/KH-UBND:2025", "217/KH-UBND:2025"
OUTCOME = f"{BASE}/extensions/outcome"
K = 10


@pytest.fixture
def answered(said):
    """Make an answer of somebody to a follow-up survey."""

    def make(who, *outcomes, response=None, at="2025-10-20", **more):
        made = said("responded", who, "follow-up-survey", on="khao-sat", at=at, **more)
        made["result"] |= {"extensions": {OUTCOME: list(outcomes)}} if response is None else {"response": response}
        return made

    return make


def told(row):
    return row["learners"], row["newJob"], row["skillUse"]


def test_m24_shares_by_programme_of_those_who_answered(school, said, people, answered, by):
    trained = people(200)
    school.post(*[said(who=name, programme=[PLAN if place < 120 else OTHER]) for place, name in enumerate(trained)])
    some = trained[:30] + trained[120:150]
    answers = [["new-job"] * (place % 3 == 0) + ["skill-use"] * (place % 4 != 0) for place in range(60)]
    school.post(*[answered(name, *outcomes) for name, outcomes in zip(some, answers, strict=True)])
    report = school.province("outcomes", by="programme")
    assert told(report["totals"]) == (60, 20, 45)
    assert (report["totals"]["newJobPercent"], report["totals"]["skillUsePercent"]) == (33.3, 75.0)
    # No answer names a programme: whoever answered was trained in one.
    exact = school.get("outcomes", by="programme")
    assert by(exact, "programme") == {PLAN: 30, OTHER: 30, "57-NQ/TW": 60}
    assert {row["programme"]["code"]: told(row)[1:] for row in exact["rows"]}[PLAN] == (10, 22)
    shown = {row["programme"]["code"]: told(row) for row in report["rows"]}
    assert shown[PLAN] == (30, 10, None)  # of 30, 8 do not use it
    assert school.get("coverage")["totals"]["learners"] == 200


def test_what_is_answered_about_a_programme_counts_in_that_one(school, said, people, answered, by):
    names = people(12)
    school.post(*[said(who=name, programme=[PLAN]) for name in names])
    school.post(*[answered(name, "new-job", programme=[OTHER]) for name in names])
    school.post(answered("ai-do", "new-job"), answered("som", at="2025-01-05"), said(who="som", programme=[PLAN]))
    found = school.get("outcomes", by="programme")
    assert by(found, "programme") == {OTHER: 12, "57-NQ/TW": 12, "none": 2}
    assert [told(school.get("outcomes", programme=each)["totals"]) for each in ("217", "192")] == [
        (12, 12, 0),
        (0, 0, 0),
    ]


def test_answers_in_words_and_by_month_and_unit(school, answered, people):
    school.post(*[answered(name, response="new-job[,]skill-use", unit="26080") for name in people(3)])
    school.post(*[answered(name, response="không", at="2025-11-02") for name in people(2, "b")])
    rows = school.get("outcomes", by="unit,month")["rows"]
    assert [(row["unit"]["code"], row["month"], *told(row)) for row in rows] == [
        ("26080", "2025-10", 3, 3, 3),
        ("26209", "2025-11", 2, 0, 0),
    ]


def test_few_are_not_told_of_nor_those_beside_them(school, said, people, answered):
    everybody = people(100)
    school.post(*[said(who=name) for name in everybody])
    school.post(*[answered(name, "new-job", unit="26209") for name in everybody[:9]])
    assert [told(row) for row in school.province("outcomes", by="unit")["rows"]] == [(None, None, None)]
    school.post(*[answered(name, *["skill-use"] * (name < "p0055"), unit="26080") for name in everybody[9:60]])
    report = school.province("outcomes")["totals"]
    assert told(report) == (60, None, 46)
    assert (report["newJobReason"], report["newJobPercent"]) == ("small", None)
    # All but a few answered: who did not would be told.
    school.post(*[answered(name) for name in everybody[60:95]])
    assert told(school.province("outcomes")["totals"]) == (None, None, None)
    assert told(school.get("outcomes")["totals"]) == (95, 9, 46)


def test_no_difference_of_what_is_told_is_of_few(school, said, people, answered):
    rnd = random.Random(24)
    everybody = people(260)
    school.post(*[said(who=name, programme=[rnd.choice((PLAN, OTHER))]) for name in everybody])
    school.post(
        *[
            answered(
                name,
                *[each for each in ("new-job", "skill-use") if rnd.random() < rnd.choice((0.1, 0.5, 0.9))],
                at=rnd.choice(("2025-10-02", "2025-11-02")),
                unit=rnd.choice(("26209", "26080", "25195")),
            )
            for name in rnd.sample(everybody, 150)
        ]
    )
    seen = 0
    for by in ("", "unit", "programme", "month", "unit,month", "unit,programme"):
        report = school.province("outcomes", by=by)
        total = report["totals"]
        for row in (total, *report["rows"]):
            for figure in ("newJob", "skillUse"):
                assert row[figure] is None or row[figure] == 0 or row[figure] >= K
                if row[figure] is not None:
                    assert row["learners"] == row[figure] or row["learners"] - row[figure] >= K
                    seen += 1
            assert row["learners"] is None or row["learners"] >= K
        if "," not in by and "programme" not in by and report["rows"]:
            for figure in ("learners", "newJob", "skillUse"):
                shown = [row[figure] for row in report["rows"] if row[figure] is not None]
                if total[figure] is not None:
                    rest = total[figure] - sum(shown)
                    assert rest == 0 or rest >= K
    assert seen > 10


def test_what_was_answered_is_in_no_record(school, answered):
    school.post(answered("an", response="new-job"), answered("binh", "skill-use"))
    records = school.analyst.get("/api/records").json["records"]
    assert [each["kind"] for each in records] == ["survey", "survey"]
    assert "new-job" not in str(records)
    assert "skill-use" not in str(records)

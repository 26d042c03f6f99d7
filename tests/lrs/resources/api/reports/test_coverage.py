"""Coverage over HTTP: units in time, split units, programmes that nest, targets, months where people live."""

import uuid

import pytest

from lrs.store.assignments import Assignments


def elderly(said, name, unit, at="2025-08-15"):
    return said(who=name, unit=unit, at=at, programme=["192/KH-UBND:2025"], target_group=["elderly"])


def test_m2_classes_held_offline_reach_the_province_as_coverage_and_nothing_more(school, said, people, by):
    told = [elderly(said, name, "26209") for name in people(90, "a")]
    told += [elderly(said, name, "26080") for name in people(70, "b")]
    told += [elderly(said, name, "25195") for name in people(40, "c")]
    for begin in range(0, 200, 50):
        school.post(*told[begin : begin + 50])
    school.post(*told[50:150])  # sent again after a lost answer
    found = school.province(
        "coverage", programme="192", group="elderly", by="unit", **{"from": "2025-01", "to": "2025-12"}
    )
    assert by(found, "unit") == {"26209": 90, "26080": 70, "25195": 40, "26089": 0}
    assert by(found, "unit", figure="percent") == {"26209": 30.0, "26080": 70.0, "25195": 50.0, "26089": 0.0}
    assert found["totals"]["learners"] == 200
    assert (found["k"], found["through"][-1]) == (10, "Z")
    assert "hoc.example.vn" not in str(found)


def test_m3_one_series_across_the_new_units(school, said, people, by):
    told = [said(who=name, unit="26143", at="2025-05-10") for name in people(30, "a")]
    told += [said(who=name, unit="26209", at="2025-05-10") for name in people(20, "b")]
    told += [said(who=name, unit="25195", at="2025-06-10") for name in people(12, "c")]
    told += [said(who=name, unit="25195", at="2025-08-10") for name in people(8, "d")]
    school.post(*told)
    assert by(school.get("coverage", by="unit"), "unit") == {"26158": 30, "26209": 20, "25195": 20}
    before = school.get("coverage", by="unit", as_of="2025-06-30")
    # Six units became that one: which of them these eight would have been in is not guessed.
    unmapped = "25195 ← 25195/25198/25201/25204/25205/25213"
    assert by(before, "unit") == {"26143": 30, "26209": 20, "25195": 12, unmapped: 8}
    assert {row["unit"]["name"] for row in before["rows"]} == {"Xã Thanh Sơn", "Phường Tân Phú", unmapped}
    assert (before["asOf"], before["totals"]["learners"]) == ("2025-06-30", 70)


def test_m3_figures_of_old_units_tell_the_province_nothing_of_what_they_became_part_of(school, said, people, by):
    told = [said(who=name, unit="26143", at="2025-05-10") for name in people(30, "a")]
    told += [said(who=name, unit="26146", at="2025-05-10") for name in people(3, "b")]
    told += [said(who=name, unit="26209", at="2025-05-10") for name in people(20, "c")]
    school.post(*told)
    assert by(school.province("coverage", by="unit"), "unit") == {"26158": 33, "26209": 20}
    before = school.province("coverage", by="unit", as_of="2025-06-30")
    assert by(before, "unit") == {"26143": None, "26146": None, "26209": 20}


def test_m4_the_split_unit_is_never_assigned_by_guess(school, said, people, by):
    names = people(10, "tam")
    school.post(*[said(who=name, unit="26449", at="2025-05-20", duration="PT2H") for name in names])
    label = "26449 → 26359/26446"
    found = school.get("coverage", by="unit")
    assert (by(found, "unit"), found["totals"]["learners"]) == ({label: 10}, 10)
    records = school.analyst.get("/api/records?unit=26449&at=2025-06-01&limit=100").json["records"]
    assert len(records) == 10
    decision = {"unit": "26449@", "to": "26359@2025-07-01", "reason": "Danh sách của xã"}
    answers = [
        school.analyst.post(
            "/api/units/assignments", json=decision | {"learners": [str(each["learner"]) for each in records[:3]]}
        ),
        school.analyst.post("/api/units/assignments", json=decision | {"records": [r["id"] for r in records[3:6]]}),
    ]
    assert [answer.status_code for answer in answers] == [201, 201]
    found = school.get("coverage", by="unit")
    assert by(found, "unit") == {label: 4, "26359": 6}
    assert by(found, "unit", figure="hours") == {label: 8.0, "26359": 12.0}
    assert (found["totals"]["learners"], found["totals"]["hours"]) == (10, 20.0)
    assert by(school.get("coverage", by="unit", as_of="2025-06-01"), "unit") == {"26449": 10}
    actions = [each["action"] for each in school.analyst.get("/api/audit").json["records"]]
    assert actions.count("unit.assigned") == 2


def test_m4_a_group_of_a_split_unit_is_divided_without_sums_that_are_negative(school, said, people, by, group):
    school.post(said(who=group("lop", *people(6)), unit="26449", at="2025-05-20", duration="PT2H"))
    records = [
        row for row in school.analyst.get("/api/records?limit=100").json["records"] if row["learner"] is not None
    ]
    learners = sorted({str(row["learner"]) for row in records})
    assert len(learners) == 6
    label = "26449 → 26359/26446"
    expected = (
        {"26359": (4, 1, 8.0), label: (2, 0, 4.0)},
        {"26359": (2, 0, 4.0), "26446": (2, 0, 4.0), label: (2, 1, 4.0)},
    )
    for some, to, told in ((learners[:4], "26359", expected[0]), (learners[2:4], "26446", expected[1])):
        decision = {"unit": "26449@", "to": f"{to}@2025-07-01", "reason": "Danh sách của xã", "learners": some}
        assert school.analyst.post("/api/units/assignments", json=decision).status_code == 201
        found = school.get("coverage", by="unit")
        people_, statements, hours = (by(found, "unit", figure=each) for each in ("learners", "statements", "hours"))
        assert {each: (people_[each], statements[each], hours[each]) for each in people_} == told


def assign(school, to, **whom):
    decision = {"unit": "26449@", "to": f"{to}@2025-07-01", "reason": "Danh sách của xã"} | whom
    answer = school.analyst.post("/api/units/assignments", json=decision)
    assert answer.status_code == 201, answer.text


def test_the_unit_of_an_earlier_day_is_one_line_whatever_was_decided_on_its_people(school, said, people):
    school.post(*[said(who=name, unit="26449", at="2025-05-10") for name in people(40)])
    school.post(*[said(who=name, unit="26209", at="2025-05-10") for name in people(50, "b")])
    records = school.analyst.get("/api/records?unit=26449&at=2025-06-30&limit=100").json["records"]
    learners = [str(each["learner"]) for each in records]
    for some in ([], learners[:20], learners[20:]):
        if some:
            assign(school, "26359", learners=some)
        for asked in (school.get, school.province):
            found = asked("coverage", by="unit", as_of="2025-06-30")
            assert [(row["unit"]["code"], row["learners"]) for row in found["rows"]] == [("26209", 50), ("26449", 40)]
            one = asked("coverage", unit="26449", as_of="2025-06-30")["totals"]
            assert (one["learners"], one["statements"]) == (40, 40)
            [alone] = asked("coverage", by="unit", unit="26449", as_of="2025-06-30")["rows"]
            assert alone["learners"] == 40


def test_the_unit_of_an_earlier_day_tells_nothing_of_the_few_who_were_assigned(school, said, people, by):
    school.post(*[said(who=name, unit="26449", at="2025-05-10") for name in people(40)])
    school.post(*[said(who=name, unit="26209", at="2025-05-10") for name in people(50, "b")])
    school.post(*[said(who=name, unit="26080", at="2025-05-10") for name in people(12, "c")])
    records = school.analyst.get("/api/records?unit=26449&at=2025-06-30&limit=100").json["records"]
    assign(school, "26359", records=[each["id"] for each in records[:3]])
    today = school.province("coverage", by="unit")
    assert by(today, "unit") == {"26209": 50, "26080": None, "26359": None, "26449 → 26359/26446": 37}
    then = school.province("coverage", by="unit", as_of="2025-06-30")
    assert {code: by(then, "unit")[code] for code in ("26209", "26449")} == {"26209": 50, "26449": None}
    assert school.province("coverage", unit="26449", as_of="2025-06-30")["totals"]["shown"] == "..."


def test_the_unit_around_all_others_is_everything(school, said, people, by):
    served = {"programme": ["192/KH-UBND:2025"], "target_group": ["official"]}
    school.post(*[said(who=name, **served) for name in people(45)])
    school.post(*[said(who=name, unit="26080", **served) for name in people(12, "b")])
    asked = {"programme": "192", "group": "official", "from": "2025-01", "to": "2025-12"}
    for ask in (school.get, school.province):
        for chosen in ({}, {"unit": "75"}, {"unit": "75@2026-04-30"}):
            found = ask("coverage", **asked, **chosen)["totals"]
            assert (found["learners"], found["percent"], found["target"]["denominator"]) == (57, 57.0, 100), chosen
        assert by(ask("coverage", **asked, by="unit", unit="75"), "unit") == {"26209": 45, "26080": 12}


def test_the_last_day_of_the_calendar_has_the_units_of_today(school, said, people, by):
    school.post(*[said(who=name, unit="25195") for name in people(12)])
    for ask in (school.get, school.province):
        assert by(ask("coverage", by="unit", as_of="9999-12-31"), "unit") == {"25195": 12}


def test_m21_one_training_serves_several_programmes_once(school, said, people, by):
    school.post(*[said(who=name, programme=["192", "57-NQ/TW"]) for name in people(10)])
    for ask in (school.get, school.province):
        found = ask("coverage", by="programme")
        assert by(found, "programme") == {"192/KH-UBND:2025": 10, "57-NQ/TW": 10}
        assert found["totals"]["learners"] == 10


def test_m21_what_serves_a_part_serves_the_whole(school, said, people, by):
    school.post(*[said(who=name, programme=["192/KH-UBND:2025"]) for name in people(4)])
    school.post(*[said(who=name, programme=["217/KH-UBND:2025"]) for name in people(7)])
    assert by(school.get("coverage", by="programme"), "programme") == {
        "192/KH-UBND:2025": 4,
        "217/KH-UBND:2025": 7,
        "57-NQ/TW": 7,
    }
    assert school.get("coverage", programme="Nghị quyết 57")["totals"]["learners"] == 7


def test_m25b_support_to_officials_is_told_apart_from_support_to_citizens(school, said, people, by):
    both = said(who="o0000", what="support-session", on="ho-tro-9", target_group=["official", "citizen"])
    told = [said(who=n, what="support-session", on=f"ho-tro-{n}", target_group=["official"]) for n in people(15, "o")]
    told += [said(who=n, what="support-session", on=f"ho-tro-{n}", target_group=["citizen"]) for n in people(25, "c")]
    school.post(*told, both)
    found = school.get("coverage", kind="support", by="unit,group")
    assert by(found, "unit", "group") == {("26209", "official"): 15, ("26209", "citizen"): 26}
    assert found["totals"]["learners"] == 40


def test_who_passed_has_completed_and_was_trained(school, said, people):
    told = [said("registered", name) for name in people(9)] + [said("attended", name) for name in people(7)]
    told += [said("completed", name) for name in people(5)] + [said("passed", name) for name in people(3)]
    school.post(*told)
    measures = ("registered", "trained", "completed", "passed")
    assert [school.get("coverage", measure=each)["totals"]["learners"] for each in measures] == [9, 7, 5, 3]


@pytest.mark.parametrize(
    "path",
    [
        "reports/coverage?measure=registered",
        "exports/kpi?period=2025-08&measure=registered",
        "reports/ranking?measure=registered",
    ],
)
def test_who_registered_and_did_not_come_is_told_by_nothing_to_who_may_not_see_records(school, said, people, path):
    names = people(40)
    school.post(*[said("registered", n) for n in names], *[said(who=n) for n in names[:37]])
    answer = school.reader.get(f"/api/{path}")
    assert (answer.status_code, answer.json["errors"][0]["path"]) == (400, "measure")
    assert school.analyst.get(f"/api/{path}").status_code == 200


def test_months_are_cut_where_people_live(school, said, by):
    school.post(said(who="a", at="2025-08-31T16:59:00Z"), said(who="b", at="2025-08-31T17:30:00Z"))
    assert by(school.get("coverage", by="month"), "month") == {"2025-08": 1, "2025-09": 1}
    assert by(school.get("coverage", by="quarter"), "quarter") == {"2025-Q3": 2}
    assert school.get("coverage", **{"from": "2025-09", "to": "2025-09"})["totals"]["learners"] == 1


def test_somebody_in_two_places_is_one_person_in_the_total(school, said, by):
    school.post(said(who="a", unit="26209"), said(who="a", unit="26080"), said(who="b", unit="26080"), said(unit=None))
    found = school.get("coverage", by="unit")
    assert by(found, "unit") == {"26209": 1, "26080": 2, "unknown": 1}
    assert (found["totals"]["learners"], found["totals"]["statements"]) == (3, 4)


def test_what_is_voided_counts_no_more(school, said):
    kept, gone = said(who="a"), said(who="b")
    school.post(kept, gone)
    voiding = {
        "id": str(uuid.uuid4()),
        "actor": kept["actor"],
        "verb": {"id": "http://adlnet.gov/expapi/verbs/voided"},
        "object": {"objectType": "StatementRef", "id": gone["id"]},
    }
    school.post(voiding)
    assert school.get("coverage")["totals"]["learners"] == 1


def test_nobody_sees_the_figures_of_another_organisation(school, said, shared_app, shared_store):
    school.post(said())
    other = type(school)(shared_app, shared_store)
    assert other.get("coverage", by="unit")["rows"] == []
    assert other.get("coverage")["totals"]["learners"] == 0


def test_files_open_in_spreadsheets_with_their_diacritics(school, said, people, lines):
    school.post(*[said(who=name) for name in people(12)], *[said(who=name, unit="26080") for name in people(3, "q")])
    answer = school.reader.get("/api/reports/coverage?by=unit&format=csv")
    assert [(row["unit_name"], row["learners"], row["shown"]) for row in lines(answer)] == [
        ("Phường Long Khánh", "", "<10"),
        ("Xã Thanh Sơn", "", "..."),
    ]
    assert answer.headers["Sohoc-K"] == "10"
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"


def test_text_from_outside_is_no_formula_in_a_spreadsheet(school, said, lines):
    school.post(said(programme=["=1+1"]))
    answer = school.analyst.get("/api/reports/coverage?by=programme", headers={"Accept": "text/csv"})
    assert [row["programme_code"] for row in lines(answer)] == ["'=1+1"]


def test_reports_say_that_records_are_made_anew(school, said, shared_store):
    school.post(said(who="a"), said(who="b", on="lop-2"))
    assert school.get("coverage")["rebuilding"] is False
    place = f"records:{school.org.hex()}"
    shared_store.places.take(place, "worker", lease=60)
    assert shared_store.places.reset(place, "worker")
    assert school.get("coverage")["rebuilding"] is True
    answer = school.analyst.get("/api/reports/coverage?format=csv")
    assert answer.headers["Sohoc-Rebuilding"] == "true"


def test_decisions_are_read_only_where_a_split_unit_is_asked_for(school, said, monkeypatch):
    school.post(said(who="a", unit="26449", at="2025-05-20"), said(who="b"))
    read = []
    kept = Assignments.of
    monkeypatch.setattr(Assignments, "of", lambda *asked, **more: read.append(1) or kept(*asked, **more))
    school.get("coverage", by="month")
    assert read == []
    school.get("coverage", by="unit")
    assert len(read) == 1

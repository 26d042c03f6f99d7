"""Placements with hosts, as records know them."""

import base64
import random

import pytest

K = 10
HOSTS = ("H1", "H2", "H3", "H4")


@pytest.fixture
def sent(said):
    """Make what is told of interns: of twelve, each with one of four hosts."""

    def make(names, verb="registered", at="2026-03-02", **more):
        return [
            said(verb, name, "internship", on="thuc-tap", at=at, organisation=HOSTS[place % 4], **more)
            for place, name in enumerate(names)
        ]

    return make


def test_m11_placements_and_hosts_are_told_without_names(school, sent, people):
    names = people(12, "sv")
    school.post(*sent(names), *sent(names, "progressed", duration="PT36H"))
    report = school.province("placements")
    assert (report["totals"]["placements"], report["totals"]["hosts"], report["totals"]["learners"]) == (12, 4, 12)
    assert report["totals"]["hours"] == 12 * 36
    assert "sv00" not in str(report)
    for closed in ("organisation", "type"):
        answer = school.reader.get(f"/api/reports/placements?by={closed}")
        assert answer.status_code == 400
    rows = school.get("placements", by="organisation")["rows"]
    assert [(row["organisation"], row["placements"], row["hosts"]) for row in rows] == [(each, 3, 1) for each in HOSTS]


def test_nothing_is_completed_in_any_report_before_both_have_said_so(school, sent, people):
    names = people(30, "sv")
    school.post(*sent(names), *sent(names, "completed", at="2026-05-30"))
    states = school.get("placements", by="state")["rows"]
    assert [(row["state"], row["placements"]) for row in states] == [("awaiting-confirmation", 30)]
    assert school.get("coverage", measure="completed")["totals"]["learners"] == 0
    assert school.get("coverage")["totals"]["learners"] == 30


def test_a_person_in_two_placements_is_one(school, said):
    school.post(*[said("registered", "an", "internship", on=f"tt-{n}", organisation=f"H{n}") for n in range(2)])
    totals = school.get("placements")["totals"]
    assert (totals["placements"], totals["learners"], totals["hosts"]) == (2, 1, 2)


def test_few_are_not_told_of(school, sent, said, people):
    names = people(12, "sv")
    school.post(*sent(names[:9]))
    totals = school.province("placements")["totals"]
    assert (totals["placements"], totals["hosts"], totals["learners"], totals["reason"]) == (None, None, None, "small")
    school.post(*sent(names[9:], unit="26080"))
    totals = school.province("placements")["totals"]
    assert (totals["placements"], totals["hosts"]) == (12, 4)
    rows = school.province("placements", by="unit")["rows"]
    assert [(row["placements"], row["hosts"], row["hours"]) for row in rows] == [(None, None, None)] * 2
    # Fewer than ten were trained and are no interns: both figures together would tell of them.
    school.post(*sent(names, "progressed"), *[said(who=name) for name in people(5, "lop")])
    assert school.province("placements")["totals"]["learners"] is None


def test_what_is_asked_for_is_chosen(school, sent, said, people):
    names = people(8, "sv")
    school.post(*sent(names[:4]), *sent(names[4:], at="2026-06-02", unit="26080", programme=["192/KH-UBND:2025"]))
    school.post(said(who="sv0001"))

    def count(**query):
        return school.get("placements", **query)["totals"]["placements"]

    assert [count(unit="26080"), count(programme="192"), count(organisation="H2"), count(state="registered")] == [
        4,
        4,
        2,
        8,
    ]
    assert count(**{"from": "2026-05", "to": "2026-12"}) == 4
    months = school.get("placements", by="month")["rows"]
    assert [(row["month"], row["placements"]) for row in months] == [("2026-03", 4), ("2026-06", 4)]
    csv = school.analyst.get("/api/reports/placements?by=unit&format=csv").data.decode()
    assert "placements" in csv.splitlines()[0]


def test_both_sides_end_it(school, said):
    begun = said("registered", "an", "internship", on="thuc-tap", organisation="H1")
    school.post(begun, said("completed", "an", "internship", on="thuc-tap", at="2025-09-01", organisation="H1"))
    made = school.analyst.post("/api/credentials", json={"bound": {"organisation": "H1"}}).json
    basic = base64.b64encode(f"{made['key']}:{made['secret']}".encode()).decode()
    passed = said("passed", "an", "internship", on="thuc-tap", at="2025-09-05", organisation="H1")
    assert (
        school.analyst.post("/xapi/statements", json=[passed], headers={"Authorization": f"Basic {basic}"}).status_code
        == 200
    )
    school.follow()
    [record] = school.analyst.get("/api/records").json["records"]
    assert (record["state"], record["ended"][:10], record["flags"]) == ("passed", "2025-09-05", [])
    assert [row["state"] for row in school.get("placements", by="state")["rows"]] == ["passed"]


def test_no_difference_of_what_is_told_is_of_few(school, said, people):
    rnd = random.Random(11)
    told = []
    for name in people(300, "sv"):
        unit, month, code = rnd.choice(("26209", "26080", "25195")), rnd.choice(("03", "04")), rnd.choice(HOSTS)
        more = {"on": "thuc-tap", "unit": unit, "organisation": code, "at": f"2026-{month}-02"}
        told += [said(verb, name, "internship", **more) for verb in ("registered", "progressed")]
        told += [said("completed", name, "internship", **more)] * (rnd.random() < 0.5)
    others = [said(who=n, unit=rnd.choice(("26209", "26080")), at="2026-04-09") for n in people(45)]
    school.post(*told, *others)
    seen = 0
    for by in ("", "unit", "month", "state", "unit,state", "unit,month", "unit,month,state"):
        report = school.province("placements", by=by)
        rows = [report["totals"], *report["rows"]]
        for row in rows:
            assert row["learners"] is None or row["learners"] >= K
            assert (row["placements"] is None) == (row["hosts"] is None) == (row["learners"] is None)
            seen += row["learners"] is not None
        rest = report["totals"]["learners"] - sum(row["learners"] or 0 for row in report["rows"])
        assert rest == 0 or rest >= K
        if "state" not in by:
            # Every intern is trained, too: who else was is the difference.
            trained = school.province("coverage", by=by)
            known = {place(each, by): each["learners"] for each in trained["rows"]}
            for row in report["rows"]:
                if None not in {row["learners"], known[place(row, by)]}:
                    assert known[place(row, by)] - row["learners"] not in range(1, K)
    assert seen > 20


def place(row, by):
    return tuple(str(row[name]) for name in by.split(",") if name)

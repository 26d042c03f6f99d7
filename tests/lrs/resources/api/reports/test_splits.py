"""Decisions on people of a unit that was split, and what every report makes of them."""

import pytest

from schemas.registries.assignments import Decision

SPLIT = "26449 → 26359/26446"
DAY = "2025-05-20"
REPORTS = ("coverage", "tasks", "skills", "experts", "reach", "businesses", "teams", "outcomes", "placements", "hours")


@pytest.fixture
def decide(school):
    """Decide on learners, or on records, of the unit that was split."""

    def post(to="26359", **about):
        to = to and f"{to}@2025-07-01"
        return school.analyst.post("/api/units/assignments", json={"unit": "26449@", "to": to, "reason": "Ấp"} | about)

    return post


@pytest.fixture
def learners(school):
    """Return the numbers of everybody with a record, in order; or of those with certain records."""

    def numbers(**query):
        found = school.analyst.get("/api/records", query_string={"limit": 1000} | query).json["records"]
        return [str(each) for each in sorted({row["learner"] for row in found if row["learner"] is not None})]

    return numbers


@pytest.fixture
def records(school):
    """Return the ids of the records of an activity."""

    def ids(activity):
        query = {"limit": 1000, "activity": f"https://hoc.example.vn/{activity}"}
        return [row["id"] for row in school.analyst.get("/api/records", query_string=query).json["records"]]

    return ids


def test_a_decision_is_kept_with_its_reason(school, said, people, decide, learners, records, shared_store):
    school.post(*[said(who=name, unit="26449", at=DAY) for name in people(2)])
    made = decide(records=records("lop-1")[:1])
    assert made.status_code == 201
    assert (made.json["unit"], made.json["to"], made.json["reason"]) == ("26449@", "26359@2025-07-01", "Ấp")
    later = decide(to=None, learners=learners()[:1]).json
    found = school.analyst.get("/api/units/assignments").json
    assert [each["id"] for each in found["assignments"]] == [made.json["id"], later["id"]]
    page = school.analyst.get("/api/units/assignments?limit=1").json
    assert page["next"] == made.json["id"]
    assert school.analyst.get(f"/api/units/assignments?cursor={page['next']}").json["assignments"] == [later]
    entry = shared_store.database["audit"].find_one({"action": "unit.assigned", "target": made.json["id"]})
    assert entry["details"] == {"unit": "26449", "to": "26359", "records": 1, "learners": 0}


def test_nothing_is_decided_on_whom_or_what_there_is_not(school, said, people, decide, learners, records):
    school.post(*[said(who=name, unit="26449", at=DAY) for name in people(2)])
    for about, path in (
        ({"learners": [*learners(), "4294967295"]}, "learners[2]"),
        ({"records": [*records("lop-1"), "0" * 32]}, "records[2]"),
    ):
        answer = decide(**about)
        assert answer.status_code == 400
        assert [(each["path"], each["rule"]) for each in answer.json["errors"]] == [(path, "unknown")]
    assert school.analyst.get("/api/units/assignments").json["assignments"] == []
    assert decide(to=None, learners=["4294967295"], records=["0" * 32]).status_code == 201


def test_decisions_on_what_no_learner_can_be_do_no_harm(school, said, people, by, shared_store):
    school.post(*[said(who=name, unit="26449", at=DAY) for name in people(12)])
    whom = ("9223372036854775808", "18446744073709551616", "9" * 200, "4294967296", "x")
    decision = Decision("1" * 24, "26449@", "26359@2025-07-01", "Ấp", "x", 0, records=("zz", "0"), learners=whom)
    shared_store.assignments.insert(school.org, decision)
    assert by(school.get("coverage", by="unit"), "unit") == {SPLIT: 12}
    for ask in (school.get, school.province):
        for report in REPORTS:
            ask(report, by="unit")


def test_a_unit_whose_people_are_all_assigned_has_no_line_any_more(school, said, people, by, decide, learners):
    told = [said(who=name, unit="26449", at=DAY, programme=["192"]) for name in people(40)]
    school.post(*told)
    everybody = learners()
    school.post(*[said(who=name, at=DAY, programme=["192"]) for name in people(50, "o")])
    decide(learners=everybody)
    for ask in (school.get, school.province):
        found = ask("coverage", by="unit")
        told = {unit: figure for unit, figure in by(found, "unit").items() if figure}
        assert (told, found["totals"]["learners"]) == ({"26209": 50, "26359": 40}, 90)
        assert SPLIT not in by(found, "unit")
        assert not any(row["suppressed"] for row in found["rows"])
    shown = school.reader.get("/api/exports/kpi?period=2025-05").json["rows"]
    values = [(row["unit"], row["value"], row["suppressed"]) for row in shown if row["programme"] == "57-NQ/TW"]
    assert values == [("26209", 50, False), ("26359", 40, False)]
    assert by(school.get("coverage", by="unit", as_of="2025-06-01"), "unit")["26449"] == 40


def test_a_statement_of_a_group_that_is_divided_is_lost_nowhere(school, said, people, by, decide, learners, group):
    school.post(said(who=group("lop", *people(5)), unit="26449", at=DAY, duration="PT2H"))
    members = learners()
    decide(learners=members[:3])
    decide("26446", learners=members[3:])
    found = school.get("coverage", by="unit")
    sums = {unit: (by(found, "unit")[unit], hours) for unit, hours in by(found, "unit", figure="hours").items()}
    assert sums == {"26359": (3, 6.0), "26446": (2, 4.0)}
    assert by(found, "unit", figure="statements") == {"26359": 1, "26446": 0}


def test_what_is_told_of_nobody_in_particular_stays_undecided(school, said, people, by, decide, learners, group):
    school.post(*[said(who=name, unit="26449", at=DAY, duration="PT2H") for name in people(3)])
    everybody = learners()
    school.post(said(who=group("lop"), unit="26449", at=DAY, duration="PT1H"))
    decide(learners=everybody)
    found = school.get("coverage", by="unit")
    assert by(found, "unit") == {"26359": 3, SPLIT: 0}
    assert by(found, "unit", figure="statements") == {"26359": 3, SPLIT: 1}
    assert by(found, "unit", figure="hours") == {"26359": 6.0, SPLIT: 1.0}


def test_a_session_of_an_expert_lasts_as_long_in_each_unit_that_has_people_of_it(
    school, said, people, decide, learners
):
    expert = {"account": {"homePage": "https://vnuhcm.example.vn", "name": "chuyen-gia-1"}}
    other = {"account": {"homePage": "https://vnuhcm.example.vn", "name": "chuyen-gia-2"}}
    more = {"unit": "26449", "at": DAY, "duration": "PT2H"}
    school.post(*[said(who=name, instructor=expert, **more) for name in people(40)])
    everybody = learners()
    school.post(*[said(who=name, on="lop-2", instructor=other, **more) for name in people(40)])
    for some, told in (
        ([], {SPLIT: (40, 2, 4.0)}),
        (everybody[:20], {SPLIT: (20, 2, 4.0), "26359": (20, 2, 4.0)}),
        (everybody, {"26359": (40, 2, 4.0)}),
    ):
        assert not some or decide(learners=some).status_code == 201
        found = school.get("experts", by="unit")
        names = ("learners", "sessions", "hours")
        assert {row["unit"]["code"] or row["unit"]["name"]: tuple(row[n] for n in names) for row in found["rows"]} == (
            told
        )
        assert tuple(found["totals"][name] for name in names) == (40, 2, 4.0)


def test_organisations_go_with_their_people(school, said, people, by, decide, learners):
    names = people(24)
    school.post(*[said(who=n, unit="26449", at=DAY, organisation=f"HK{place % 12}") for place, n in enumerate(names)])
    everybody = learners()
    one, other = learners(organisation="HK3")
    for some, told in (
        ([one], {SPLIT: (12, 23), "26359": (1, 1)}),
        ([other], {SPLIT: (11, 22), "26359": (1, 2)}),
        (everybody, {"26359": (12, 24)}),
    ):
        decide(learners=some)
        found = school.get("businesses", by="unit")
        reached, persons = by(found, "unit", figure="organisations"), by(found, "unit")
        assert {unit: (reached[unit], persons[unit]) for unit in persons} == told
        assert (found["totals"]["organisations"], found["totals"]["learners"]) == (12, 24)
    found = school.province("businesses", by="unit")
    assert (by(found, "unit", figure="organisations"), by(found, "unit")) == ({"26359": 12}, {"26359": 24})


def test_sessions_of_teams_go_with_the_people_who_were_helped(school, said, people, decide, learners):
    def team(name, *members):
        home = "https://hoc.example.vn"
        named = [{"account": {"homePage": home, "name": each}} for each in members]
        return {"objectType": "Group", "account": {"homePage": home, "name": name}, "member": named}

    more = {"what": "support-session", "unit": "26449", "at": DAY}
    school.post(*[said(who=n, **more, team=team("To", "m1", "m2")) for n in people(10)])
    first = learners()
    school.post(*[said(who=n, **more, team=team("To", "m2", "m3")) for n in people(10, "q")])
    everybody = learners()

    def told(found):
        return {
            row["unit"]["code"] or row["unit"]["name"]: (row["sessions"], row["learners"], row.get("members"))
            for row in found["rows"]
        }

    decide(learners=first)
    assert told(school.get("teams", by="unit")) == {"26359": (10, 10, 2), SPLIT: (10, 10, 2)}
    decide(learners=everybody)
    assert told(school.get("teams", by="unit")) == {"26359": (20, 20, 3)}
    assert told(school.province("teams", by="unit")) == {"26359": (20, 20, None)}
    assert SPLIT not in str(school.get("hours", by="unit,team"))


def test_a_decision_on_records_moves_what_they_are_about_and_nothing_else(school, said, people, by, decide, records):
    more = {"verb": "completed", "what": "e-identity-task", "unit": "26449", "at": DAY}
    told = [
        said(who=name, on=f"t-{level}", duration="PT1H", identity_level=level, **more)
        for name in people(20)
        for level in (1, 2)
    ]
    school.post(*told)
    decide(records=records("t-1"))
    found = school.get("tasks", by="unit,level")
    for figure in ("learners", "statements"):
        assert by(found, "unit", "level", figure=figure) == {("26359", "1"): 20, (SPLIT, "2"): 20}
    found = school.get("tasks", by="unit")
    for figure in ("learners", "statements", "hours"):
        assert by(found, "unit", figure=figure) == {"26359": 20, SPLIT: 20}
    decide("26446", records=records("t-2"))
    for ask in (school.get, school.province):
        assert by(ask("tasks", by="unit,level"), "unit", "level") == {("26359", "1"): 20, ("26446", "2"): 20}

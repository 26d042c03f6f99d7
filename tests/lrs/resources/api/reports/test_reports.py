"""The other reports over HTTP: teams, hours, tasks, skills, reach, experts, businesses, and the ranking of units."""

import pytest

from lrs.store.cells import Cells

NOT_ADDED = "reach and learners are never added"
EXPERT_HOME = "https://vnuhcm.example.vn"


def team(name, *members):
    return {
        "objectType": "Group",
        "account": {"homePage": "https://hoc.example.vn", "name": name},
        "member": [{"account": {"homePage": "https://hoc.example.vn", "name": each}} for each in members],
    }


def test_m5_a_team_is_one_team_whoever_is_in_it_and_in_any_order(school, said, people):
    members = people(12, "m")
    later = [*members[3:], "n0001", "n0002", "n0003"]
    told = [
        said(
            who=f"dan{number % 50}",
            what="support-session",
            on=f"ho-tro-{number}",
            at="2025-07-20" if number < 40 else "2025-08-20",
            team=team("Tổ CNSCĐ ấp 5", *(members if number < 40 else later[:: -1 if number % 2 else 1])),
            unit={"code": "26209", "asOf": "2025-07-20", "hamlet": "Ấp 5"},
        )
        for number in range(80)
    ]
    anonymous = {"objectType": "Group", "member": team("x", *members)["member"]}
    school.post(*told, said(who="dan99", what="support-session", on="le", team=anonymous))
    found = school.get("teams", by="team,hamlet")
    [row] = found["rows"]
    assert (row["team"], row["hamlet"]) == ("account:https://hoc.example.vn Tổ CNSCĐ ấp 5", "Ấp 5")
    assert (row["sessions"], row["learners"], row["members"]) == (80, 50, 15)
    months = school.get("teams", by="month")["rows"]
    assert [(row["month"], row["sessions"], row["members"]) for row in months] == [
        ("2025-07", 40, 12),
        ("2025-08", 40, 12),
    ]
    before, after = (set(row["memberIds"]) for row in months)
    assert (len(before - after), len(after - before), len(before & after)) == (3, 3, 9)
    # The anonymous group is nobody's team; whom it helped is counted all the same.
    assert school.get("coverage")["totals"]["learners"] == 51


def test_m5_the_province_sees_what_teams_did_and_not_who_they_are(school, said, people):
    told = [
        said(who=name, what="support-session", on=f"ht-{name}", team=team("Tổ 5", "m1", "m2")) for name in people(12)
    ]
    school.post(*told)
    found = school.province("teams", by="unit")
    [row] = found["rows"]
    assert (row["teams"], row["sessions"], row["learners"]) == (1, 12, 12)
    assert "members" not in row
    assert "Tổ 5" not in str(found)
    for closed in ("by=team", "by=hamlet", "hamlet=5", "team=x"):
        answer = school.reader.get(f"/api/reports/teams?{closed}")
        assert (answer.status_code, answer.json["errors"][0]["rule"]) == (400, "closed")


def test_m6_hours_of_service_by_person_for_the_own_and_totals_for_the_province(school, said, people):
    told = [
        hosted(said, name, turn, at=f"2025-08-15T{8 + 4 * turn:02}:00:00+07:00")
        for name in people(12)
        for turn in range(2)
    ]
    school.post(*told)
    found = school.get("hours", by="learner")
    assert not any(row["overlapping"] for row in found["rows"])
    assert [row["hours"] for row in found["rows"]] == [3.0] * 12
    assert (found["totals"]["learners"], found["totals"]["hours"]) == (12, 36.0)
    assert [row["hours"] for row in school.get("hours", by="team")["rows"]] == [18.0, 18.0]
    assert school.get("hours", by="learner", **{"from": "2025-09"})["rows"] == []
    assert school.province("hours", by="unit")["rows"][0]["hours"] == 36.0
    assert school.reader.get("/api/reports/hours?by=learner").status_code == 400


def hosted(said, name, turn, at):
    return said(
        "hosted", name, "support-session", on=f"phien-{name}-{turn}", duration="PT1H30M", team=team(f"to-{turn}"), at=at
    )


def test_hours_in_two_teams_at_the_same_time_are_flagged_and_counted_once(school, said):
    told = [("an", "08:00"), ("an", "08:30"), ("an", "13:00"), ("binh", "08:00")]
    school.post(
        *(hosted(said, name, turn, f"2025-08-15T{at}:00+07:00") for turn, (name, at) in enumerate(told)),
    )
    found = school.get("hours", by="learner")
    rows = [(row["hours"], row["hoursTold"], row["overlapping"], row["statements"]) for row in found["rows"]]
    assert sorted(rows) == [(1.5, 1.5, 0, 1), (3.5, 4.5, 2, 3)]
    assert (found["totals"]["learners"], found["totals"]["hours"]) == (2, 5.0)


def tasks(said, names, what, **more):
    return [said("completed", name, what, on=f"thu-tuc/{what}/{name}", **more) for name in names]


def test_m7_tasks_on_public_services_are_told_by_procedure_and_by_help(school, said, people, by):
    def done(names, procedure, assisted):
        return [
            said("completed", name, "digital-public-service-task", on=procedure, assisted=assisted) for name in names
        ]

    school.post(*done(people(30, "a"), "khai-sinh", "guided"), *done(people(25, "b"), "khai-sinh", "none"))
    found = school.get("tasks", by="procedure,assisted")
    procedure = "https://hoc.example.vn/khai-sinh"
    assert by(found, "procedure", "assisted") == {(procedure, "guided"): 30, (procedure, "none"): 25}
    assert found["totals"]["learners"] == 55
    assert by(school.province("tasks", by="assisted"), "assisted") == {"guided": 30, "none": 25}


def test_who_only_registered_for_a_task_has_done_none_anywhere(school, said, people):
    on_skills = {"framework": "757", "version": "2025", "code": "1.1", "level": "1"}
    for verb, count in (("completed", 30), ("registered", 5)):
        school.post(
            *[
                said(verb, n, "e-identity-task", on="vneid", skill=on_skills, organisation="HKD-1", team=team("to-1"))
                for n in people(count, verb)
            ]
        )
    for ask in (school.get, school.province):
        trained = ask("coverage", kind="task")["totals"]["learners"]
        assert trained == 30
        assert [ask(name)["totals"]["learners"] for name in ("tasks", "businesses", "teams")] == [trained] * 3
        assert ask("skills", measure="assessed")["totals"]["learners"] == trained


def test_tasks_are_told_where_coverage_by_kind_tells_them_and_nowhere_else(school, said, people):
    told = [said("completed", name, "e-identity-task", on="vneid") for name in people(12, "a")]
    told += [said(who=name) for name in people(20, "b")]
    told += [said("earned", name, "certificate", on="chung-chi") for name in people(3, "c")]
    school.post(*told)
    kinds = {row["kind"]: row["shown"] for row in school.province("coverage", by="kind")["rows"]}
    assert kinds == {"credential": "<10", "learning": "20", "task": "..."}
    # With it the three of the other kind would be known: everybody, less those of the kinds that are shown.
    assert school.province("tasks")["totals"]["shown"] == "..."


def test_what_somebody_typed_into_an_address_is_not_shown_where_few_are_behind_it(school, said, people):
    told = [
        said("completed", name, "digital-public-service-task", on="ho-so-nguyen-van-an" if name == "p0000" else "khai")
        for name in people(30)
    ]
    school.post(*told)
    assert "nguyen-van-an" in str(school.get("tasks", by="procedure"))
    assert "nguyen-van-an" not in str(school.province("tasks", by="procedure"))


def test_m8_activations_are_told_by_unit_and_level(school, said, people, by):
    told = tasks(said, people(20, "a"), "e-identity-task", identity_level=1)
    told += tasks(said, people(10, "b"), "e-identity-task", identity_level=2)
    school.post(*told)
    for ask in (school.get, school.province):
        found = ask("tasks", type="e-identity-task", by="unit,level")
        assert by(found, "unit", "level") == {("26209", "1"): 20, ("26209", "2"): 10}


def test_m9_payments_are_told_by_commune_and_month_where_people_live(school, said, people, by):
    told = tasks(said, people(23), "cashless-payment-task")
    told += [said("completed", "muon", "cashless-payment-task", on="tt", at="2025-08-31T17:30:00Z")]
    school.post(*told)
    found = school.get("tasks", type="cashless-payment-task", by="unit,month")
    assert by(found, "unit", "month") == {("26209", "2025-08"): 23, ("26209", "2025-09"): 1}
    assert found["totals"]["learners"] == 24
    # The one of September is hidden, and with it what would tell of it.
    assert by(school.province("tasks", by="month"), "month") == {"2025-08": None, "2025-09": None}


def test_m10_organisations_and_their_people_are_never_added(school, said, people):
    told = [
        said("completed", name, "e-commerce-task", on=f"ban-hang-{name}", organisation=f"HKD-{number % 15}")
        for number, name in enumerate(people(22))
    ]
    school.post(*told)
    for ask in (school.get, school.province):
        found = ask("businesses", by="unit")
        for line in (*found["rows"], found["totals"]):
            assert (line["organisations"], line["learners"]) == (15, 22)


def test_m20_levels_are_told_by_commune_with_what_comes_near_in_other_frameworks(school, said, people, registries):
    circular = registries.current().frameworks.find("02/2025/TT-BGDĐT")
    code = circular.skills[-1].code

    def passed(names, skill, level, unit="26209", verb="passed"):
        told = {"framework": circular.code, "version": circular.version, "code": skill, "level": level}
        return [said(verb, name, "skill", on=f"kn-{skill}-{level}", unit=unit, skill=told) for name in names]

    school.post(
        *passed(people(30, "a"), code, 1),
        *passed(people(20, "b"), code, 3, "26080"),
        *passed(people(1, "c"), "KHONG-CO", 1),
        *passed(people(4, "d"), code, 2, verb="failed"),
    )
    found = school.get("skills", framework=circular.code, by="unit,skill,level")
    assert [
        (row["unit"]["code"], row["skill"]["code"], row["skill"]["registered"], row["level"]["code"], row["learners"])
        for row in found["rows"]
    ] == [
        ("26080", code, True, "3", 20),
        ("26209", code, True, "1", 30),
        ("26209", "KHONG-CO", False, "1", 1),
    ]
    near = {"framework": "DigComp", "version": "3.0", "code": None, "match": "approximate"}
    levels = school.get("skills", by="framework,level")["rows"]
    assert [row["crosswalks"] for row in levels] == [[near | {"level": "1"}], [near | {"level": "2"}]]
    assert school.get("skills", measure="assessed")["totals"]["learners"] == 55
    assert "KHONG-CO" not in str(school.province("skills", by="skill"))


def test_m22_reach_and_known_learners_stand_beside_each_other(school, said, people):
    events = [
        said(
            "hosted",
            team(f"xa-{number}"),
            "outreach-event",
            on=f"hoi-{number}",
            headcount={"total": 175, "byAgeBand": {"80+": 4}},
        )
        for number in range(2)
    ]
    school.post(*events, *[said("experienced", name, on=f"gian-hang-{name}") for name in people(40)])
    found = school.get("reach", by="unit")
    for line in (*found["rows"], found["totals"]):
        assert (line["heads"], line["learners"], line["events"]) == (350, 40, 2), NOT_ADDED
    assert "390" not in str(found)
    bands = {row["band"]: (row["heads"], row["learners"]) for row in school.get("reach", by="band")["rows"]}
    assert bands == {"80+": (8, 0), "unknown": (342, 40)}
    bands = {row["band"]: row["heads"] for row in school.province("reach", by="band")["rows"]}
    assert bands == {"80+": None, "unknown": None}


def test_m23_units_are_ranked_by_growth_and_not_where_few_were_trained(school, said, people):
    def trained(unit, before, now):
        told = [said(who=name, unit=unit, at="2025-07-10") for name in people(before, unit)]
        return told + [said(who=name, unit=unit, at="2025-08-10") for name in people(now, unit)]

    school.post(
        *trained("26209", 20, 50), *trained("26080", 10, 60), *trained("25195", 2, 9), *trained("26089", 30, 20)
    )
    periods = {"from": "2025-08", "to": "2025-08", "compared_from": "2025-07", "compared_to": "2025-07"}
    found = school.get("ranking", **periods)
    assert [(row["rank"], row["unit"]["code"], row["growth"]) for row in found["rows"]] == [
        (1, "26080", 50),
        (2, "26209", 30),
    ]
    assert {unit["code"] for unit in found["unranked"]} == {"25195", "26089"}
    assert len(school.get("ranking", least="-10", **periods)["rows"]) == 3
    ranked = school.province("ranking", **periods)["rows"]
    assert all(row["unit"]["code"] != "25195" and row["learners"] >= 10 for row in ranked)


@pytest.fixture
def taught(school, said, people):
    """Six sessions of two visiting experts, fourteen hours in all, each attended by five."""
    hours = [("chuyen-gia-1", 2), ("chuyen-gia-1", 3), ("chuyen-gia-1", 3), *[("chuyen-gia-2", 2)] * 3]
    told = [
        said(
            who=name,
            on=f"buoi-{number}",
            duration=f"PT{length}H",
            instructor={"account": {"homePage": EXPERT_HOME, "name": expert}},
        )
        for number, (expert, length) in enumerate(hours)
        for name in people(5)
    ]
    school.post(*told)
    return school


def test_m25a_hours_of_experts_by_name_for_the_own_and_without_for_the_province(taught, by):
    found = taught.get("experts", by="expert")
    assert by(found, "expert", figure="hours") == {
        f"account:{EXPERT_HOME} chuyen-gia-1": 8.0,
        f"account:{EXPERT_HOME} chuyen-gia-2": 6.0,
    }
    told = taught.province("experts")
    assert (told["totals"]["sessions"], told["totals"]["hours"]) == (6, 14.0)
    assert "chuyen-gia" not in str(told)
    assert "learners" not in told["totals"]
    assert taught.reader.get("/api/reports/experts?by=expert").status_code == 400


def test_a_session_counts_once_in_each_programme_that_it_serves_and_once_in_the_total(school, said, people, by):
    expert = {"account": {"homePage": EXPERT_HOME, "name": "chuyen-gia-1"}}
    for programmes, names in ((["217", "192"], people(5)), (["192"], people(5, "q"))):
        school.post(*[said(who=n, duration="PT2H", instructor=expert, programme=programmes) for n in names])
    found = school.get("experts", by="programme")
    assert by(found, "programme", figure="sessions") == {"192/KH-UBND:2025": 1, "217/KH-UBND:2025": 1, "57-NQ/TW": 1}
    assert by(found, "programme", figure="hours") == {"192/KH-UBND:2025": 2.0, "217/KH-UBND:2025": 2.0, "57-NQ/TW": 2.0}
    assert (found["totals"]["sessions"], found["totals"]["hours"]) == (1, 2.0)


def test_a_class_is_as_many_hours_in_one_statement_of_a_group_as_in_one_of_each(school, said, people, group):
    expert = {"account": {"homePage": EXPERT_HOME, "name": "chuyen-gia-1"}}
    names, more = people(10), {"duration": "PT2H", "instructor": expert, "team": team("to-1")}
    for turn, actors in enumerate((names, [group("lop", *names)])):
        at = f"2025-0{7 + turn}-10"
        school.post(*[said(who=who, on=f"lop-{turn}", at=at, **more) for who in actors])
        service = {"what": "support-session", "duration": "PT1H"}
        school.post(*[said("hosted", who, on=f"phien-{turn}", at=at, **service) for who in actors])
    for name, hours in (("coverage", 20.0), ("teams", 20.0), ("hours", 10.0), ("experts", 2.0)):
        assert [row["hours"] for row in school.get(name, by="month")["rows"]] == [hours, hours], name
    by_person = school.get("hours", by="learner")
    assert sum(row["hours"] for row in by_person["rows"]) == by_person["totals"]["hours"] == 20.0


def test_m25c_platforms_have_the_labels_of_the_registry_and_others_are_unregistered(school, said, people, registries):
    iris = [each.iri for each in registries.current().platforms.platforms][:4]
    odd = "https://nen-tang-la.example.vn/"
    told = [
        said("completed", name, "digital-platform-task", on=[*iris, odd][number % 5])
        for number, name in enumerate(people(30))
    ]
    school.post(*told)
    found = school.get("tasks", by="platform")
    labels = {row["platform"]["iri"]: row["platform"]["label"] for row in found["rows"]}
    assert labels.keys() == {*iris, odd}
    assert labels[odd] == "unregistered"
    assert labels["https://vneid.gov.vn/"] == "Ứng dụng định danh điện tử VNeID"
    assert found["totals"]["learners"] == 30
    assert odd not in str(school.province("tasks", by="platform"))


def test_only_whole_periods_and_plain_questions_are_answered_to_who_may_not_see_records(school):
    closed = {
        "from=2025-07&to=2025-08": "from",
        "from=2025-07": "from",
        "to=2025-07": "to",
        "from=2025-02&to=2025-04": "from",
        "mode=kiosk": "mode",
        "by=type": "by",
        "from=2025-07&to=2025-07&by=year": "by",
    }
    for query, path in closed.items():
        answer = school.reader.get(f"/api/reports/coverage?{query}")
        assert (answer.status_code, answer.json["errors"][0]["path"]) == (400, path), query
        if "year" not in query:
            assert school.analyst.get(f"/api/reports/coverage?{query}").status_code == 200
    for query in ("from=2025-07&to=2025-07", "from=2025-07&to=2025-09", "from=2025-01&to=2025-12", ""):
        assert school.reader.get(f"/api/reports/coverage?{query}").status_code == 200
    for query in (
        "by=day",
        "by=hamlet",
        "by=unit,unit",
        "from=2025-07-01",
        "by=month,year",
        "unit=99999",
        "from=2025-08&to=2025-07",
    ):
        assert school.analyst.get(f"/api/reports/coverage?{query}").status_code == 400
    assert school.reader.get("/xapi/statements").status_code == 403
    assert school.reader.get("/api/records").status_code == 403


def test_the_organisation_sets_how_few_are_few(school, said, people):
    school.post(*[said(who=name) for name in people(12)])
    assert school.province("coverage")["totals"]["shown"] == "12"
    assert school.analyst.patch("/api/organisation", json={"small": 15}).json["small"] == 15
    found = school.province("coverage")
    assert (found["k"], found["totals"]["shown"], found["totals"]["reason"]) == (15, "<15", "small")
    assert school.get("coverage")["totals"]["learners"] == 12
    assert school.analyst.patch("/api/organisation", json={"small": 2}).status_code == 400


def test_all_that_a_report_reads_is_of_one_instant(school, said, people, monkeypatch):
    school.post(*[said("completed", name, "e-identity-task", on="vneid") for name in people(30)])
    late = [said(who=name) for name in people(4, "q")]
    read, rolled = [], Cells.rolled

    def slowly(*asked):
        if not read:
            read.append(list(rolled(*asked)))
            school.post(*late)
            return iter(read[0])
        return rolled(*asked)

    monkeypatch.setattr(Cells, "rolled", slowly)
    # With those who came in between, thirty of thirty-four would be hidden.
    assert school.province("tasks")["totals"]["learners"] == 30
    assert school.province("tasks")["totals"]["learners"] is None

"""Records, reports and intake end to end: real processes of `lrs serve` and `lrs worker`, and nothing but HTTP."""

import csv
import hashlib
import io
import json
import unicodedata
import uuid

import bson

from schemas.training.terms import BASE, VERSION

HOME = "https://to.example.vn"
NUMBER = "999203001234"
PLAN = "192/KH-UBND:2025"


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


def said(who, what="community-class", *, at="2025-08-15T09:00:00+07:00", unit="26209", on="lop", team=None, **more):
    """Make a statement in our words; further names are extensions."""
    place = unit if isinstance(unit, dict) else {"code": unit, "asOf": at[:10]}
    extensions = {"admin-unit": place} | {name.replace("_", "-"): value for name, value in more.items()}
    context = {
        "contextActivities": {"category": [{"id": VERSION}]},
        "extensions": {f"{BASE}/extensions/{name}": value for name, value in extensions.items()},
    }
    return {
        "id": str(uuid.uuid4()),
        "actor": who if isinstance(who, dict) else person(who),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"id": f"{HOME}/{on}", "definition": {"type": f"{BASE}/activity-types/{what}"}},
        "timestamp": at,
        "context": context | ({"team": team} if team else {}),
    }


def elderly(name, unit, at):
    return said(name, unit=unit, at=at, programme=[PLAN], target_group=["elderly"], capture={"mode": "offline"})


def test_m2_offline_classes_reach_the_province_as_coverage_and_nothing_more(site):
    tablet = site.own.key("all")
    days = [f"2025-08-{day}T23:30:00+07:00" for day in (14, 15, 16)]
    people = [(unit, place) for unit, count in (("26209", 90), ("26080", 70), ("25195", 40)) for place in range(count)]
    told = [elderly(f"m2-{unit}-{place}", unit, days[place % 3]) for unit, place in people]
    batches = [told[begin : begin + 50] for begin in range(0, 200, 50)]
    for batch in (*batches[:3], *batches[1:3]):  # of the second and the third no answer came
        assert tablet.post("/xapi/statements", batch) == [each["id"] for each in batch]

    spoiled = [*batches[3][:20], batches[3][20] | {"verb": {"id": "no-iri"}}, *batches[3][21:]]
    status, _, body = tablet.ask("POST", "/xapi/statements", spoiled)
    assert (status, {each["path"] for each in json.loads(body)["errors"]}) == (400, {"[20].verb.id"})
    assert stored(tablet) == {each["id"] for each in told[:150]}

    found = tablet.post("/api/batches", spoiled)
    assert (found["stored"], found["refused"]) == (49, 1)
    [row] = [row for row in found["rows"] if row["outcome"] == "refused"]
    assert row["errors"][0]["path"] == "verb.id"
    assert len(stored(tablet)) == 199
    assert tablet.post("/api/batches", batches[3])["stored"] == 1
    assert stored(tablet) == {each["id"] for each in told}

    site.counted()
    asked = {"programme": "192", "group": "elderly", "by": "unit", "from": "2025-01", "to": "2025-12"}
    report = site.province.get("/api/reports/coverage", **asked)
    figures = {row["unit"]["code"]: (row["learners"], row["percent"]) for row in report["rows"]}
    assert figures == {"26209": (90, 30.0), "26080": (70, 70.0), "25195": (40, 50.0)}
    assert report["totals"]["learners"] == 200
    assert not any(trace in str(report) for trace in ("m2-", HOME))


def stored(caller):
    found = caller.get("/xapi/statements", limit=0)
    assert not found.get("more")
    return {each["id"] for each in found["statements"] if "m2-" in str(each["actor"])}


def test_m5_a_team_is_one_whoever_is_in_it_and_an_anonymous_group_is_none(site):
    before = [person(f"m5-to-{place}") for place in range(12)]
    after = [*before[3:], *[person(f"m5-moi-{place}") for place in range(3)]]
    place = {"code": "26209", "asOf": "2026-07-01", "hamlet": "Ấp 5"}

    def session(number, team):
        at = f"2026-0{7 if number < 40 else 8}-20T08:00:00+07:00"
        return said(f"m5-dan-{number % 50}", "support-session", on=f"ho-tro-{number}", at=at, unit=place, team=team)

    name = {"objectType": "Group", **person("Tổ CNSCĐ ấp 5")}
    teams = [name | {"member": before if n < 40 else after[:: -1 if n % 2 else 1]} for n in range(80)]
    site.own.post("/xapi/statements", [session(number, team) for number, team in enumerate(teams)])
    site.own.post("/xapi/statements", [session(99, {"objectType": "Group", "member": before})])
    site.counted()
    asked = {"from": "2026-01", "to": "2026-12"}
    [row] = site.own.get("/api/reports/teams", by="team,hamlet", **asked)["rows"]
    assert (row["hamlet"], row["sessions"], row["learners"], row["members"]) == ("Ấp 5", 80, 50, 15)
    months = site.own.get("/api/reports/teams", by="month", **asked)["rows"]
    assert [(each["month"], each["sessions"], each["members"]) for each in months] == [
        ("2026-07", 40, 12),
        ("2026-08", 40, 12),
    ]
    assert len(set(months[0]["memberIds"]) & set(months[1]["memberIds"])) == 9
    [shown] = site.province.get("/api/reports/teams", by="unit", **asked)["rows"]
    assert (shown["teams"], shown["sessions"], shown["learners"]) == (1, 80, 50)
    assert "m5-" not in str(shown)


def test_m14_the_province_pulls_figures_and_cannot_pull_people(site):
    classes = [("26209", "elderly", 60), ("26209", "official", 30), ("26080", "elderly", 20), ("25195", "elderly", 4)]
    day = "2026-03-10T09:00:00+07:00"
    told = [
        said(f"m14-{unit}-{group}-{number}", at=day, unit=unit, programme=[PLAN], target_group=[group])
        for unit, group, count in classes
        for number in range(count)
    ]
    site.own.post("/xapi/statements", told)
    site.counted()
    for closed in ("/xapi/statements", "/api/records", "/api/learners"):
        assert site.province.ask("GET", closed)[0] == 403
    kpi = "/api/exports/kpi?period=2026-03&format="
    for form in ("json", "csv"):
        (_, first, body), (_, _, again) = (site.province.ask("GET", kpi + form) for _ in range(2))
        assert body == again
        status, _, nothing = site.province.ask("GET", kpi + form, **{"If-None-Match": first["ETag"]})
        assert (status, nothing) == (304, b"")
        assert b"m14-" not in body
    assert body.startswith(b"\xef\xbb\xbf")
    rows = [row for row in csv.DictReader(io.StringIO(body.decode("utf-8-sig"))) if row["programme"] == PLAN]
    assert [(row["unit"], row["group"], row["value"], row["suppressed"]) for row in rows][:4] == [
        ("25195", "elderly", "", "1"),
        ("26080", "elderly", "", "1"),  # else the total would tell the one before
        ("26209", "elderly", "60", "0"),
        ("26209", "official", "30", "0"),
    ]
    assert rows[1]["unitName"] == "Phường Long Khánh"


def test_m23_a_certificate_that_a_team_earned_is_in_the_records_of_its_team(site):
    team = {"objectType": "Group", **person("Tổ CNSCĐ ấp 6"), "member": [person(f"m23-{place}") for place in range(3)]}
    verb = {"id": "http://id.tincanapi.com/verb/earned"}
    earned = said(team, "course", on="giay-khen", at="2025-05-15T08:00:00+07:00") | {"verb": verb}
    site.own.post("/xapi/statements", [earned])
    site.counted()
    for place in range(3):
        [record] = site.own.get("/api/records", learner=f"account:{HOME} m23-{place}")["records"]
        assert (record["activity"], record["state"]) == (f"{HOME}/giay-khen", "earned")
    assert site.own.get("/api/records", learner=f"account:{HOME} m23-3")["records"] == []
    asked = json.dumps({"objectType": "Group", **person("Tổ CNSCĐ ấp 6")})
    assert [each["id"] for each in site.own.get("/xapi/statements", agent=asked)["statements"]] == [earned["id"]]


def test_m23_a_certificate_that_a_team_earned_is_seen_by_the_team_and_by_no_other(site):
    team, other = ({"objectType": "Group", **person(name)} for name in ("Tổ CNSCĐ ấp 7", "Tổ CNSCĐ ấp 8"))
    verb = {"id": "http://id.tincanapi.com/verb/earned"}
    title = said(
        team | {"member": [person("m23-b")]}, "emulation-title", on="thi-dua-217", at="2025-05-20T08:00:00+07:00"
    )
    site.own.post("/xapi/statements", [title | {"verb": verb}, said("m23-c", "support-session", team=team, on="m23")])
    site.counted()
    seen, unseen = (site.own.bound({"team": each}, "statements/read", "records/read") for each in (team, other))
    assert [each["id"] for each in seen.get("/xapi/statements")["statements"]] == [title["id"]]
    [record] = seen.get("/api/records")["records"]
    assert (record["activity"], record["state"], record["is_group"]) == (f"{HOME}/thi-dua-217", "earned", True)
    assert unseen.get("/xapi/statements")["statements"] == unseen.get("/api/records")["records"] == []


def test_m10_organisations_are_no_persons_and_an_employer_sees_its_own_staff_who_agreed(site):
    places = [f"hkd-{number:02}" for number in range(15)]
    staff = [(f"m10-{number}", places[number % 15]) for number in range(22)]
    at = "2025-12-05T09:00:00+07:00"
    site.own.post("/xapi/statements", [said(who, "e-commerce-task", at=at, organisation=code) for who, code in staff])
    lms = site.own.bound({"organisation": "hkd-00"}, "statements/write", "statements/read/mine")
    course = said("m10-moi", "course", at=at, organisation="hkd-00", on="ban-hang")
    assert lms.post("/xapi/statements", [course]) == [course["id"]]
    foreign = said("m10-1", "course", at=at, organisation="hkd-01", on="ban-hang")
    status, _, body = lms.ask("POST", "/xapi/statements", [course | {"id": str(uuid.uuid4())}, foreign])
    path = f'[1].context.extensions["{BASE}/extensions/organisation"]'
    assert (status, [each["path"] for each in json.loads(body)["errors"]]) == (403, [path])
    site.counted()
    totals = site.own.get("/api/reports/businesses", **{"from": "2025-12", "to": "2025-12", "type": "e-commerce-task"})
    assert (totals["totals"]["organisations"], totals["totals"]["learners"]) == (15, 22)

    open_, agreed = ({"organisation": "hkd-00"} | more for more in ({}, {"consent": "employer"}))
    everybody = site.own.bound(open_, "records/read", "statements/read")
    employer = site.own.bound(agreed, "records/read")
    assert names(everybody) == {"m10-0", "m10-15", "m10-moi"}
    assert {actor["account"]["name"] for actor in actors(everybody)} == names(everybody)
    assert names(employer) == set()
    wording = {"id": "noi-lam-viec", "version": "1", "language": "vi"}
    status, _, body = site.own.ask(
        "PUT",
        "/api/consents/wordings",
        {"wordings": [wording | {"text": "Tôi đồng ý cho nơi làm việc xem hồ sơ của tôi."}]},
    )
    assert status == 200, body
    said_so = {"purpose": "employer", "wording": wording, "given_by": "self", "how": "paper", "given": "2025-12-01"}
    answers = [("m10-0", "yes"), ("m10-15", "no"), ("m10-1", "yes")]
    rows = [said_so | {"identity": f"account:{HOME} {who}", "answer": answer} for who, answer in answers]
    site.own.post("/api/consents", {"consents": rows})
    assert names(employer) == {"m10-0"}
    for closed in ("/xapi/statements", "/api/reports/businesses", "/api/learners", "/api/consents"):
        assert employer.ask("GET", closed)[0] == 403


def names(caller):
    found = caller.get("/api/records")["records"]
    return {who["account"]["name"] for record in found for who in record["identities"]}


def actors(caller):
    return [each["actor"] for each in caller.get("/xapi/statements", limit=0)["statements"]]


def test_m11_an_internship_is_one_record_of_both_sides_and_completed_when_both_have_said_so(site):
    hosts = ["vnuhcm"] * 7 + ["cty-a", "cty-a", "cty-b", "cty-b", "cty-c"]
    interns = [(f"m11-{number}", code, str(uuid.uuid4())) for number, code in enumerate(hosts)]

    def intern(whose, verb, day, code=None, **result):
        who, sent_to, registration = whose
        told = said(
            who, "internship", at=f"2026-04-{day:02}T08:00:00+07:00", on="thuc-tap", organisation=code or sent_to
        )
        told["context"]["registration"] = registration
        return told | {"verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}"}, "result": result}

    site.own.post("/xapi/statements", [intern(each, "registered", 1) for each in interns])
    host, its_own = site.own.bound({"organisation": "vnuhcm"}, "statements/write", "records/read"), interns[:7]
    spent = [("progressed", 6, {"duration": "PT36H"}), ("progressed", 20, {"duration": "P2W"})]
    told = [intern(each, verb, day, **result) for each in its_own for verb, day, result in spent]
    evaluated = [intern(each, "passed", 27, score={"scaled": 0.9}, success=True) for each in its_own]
    host.post("/xapi/statements", told + evaluated)
    for code in ("cty-a", "vnuhcm"):  # as what it is, and as one of its own
        status, _, body = host.ask("POST", "/xapi/statements", [intern(interns[7], "progressed", 6, code)])
        assert status == 403, body
    site.counted()
    records = host.get("/api/records")["records"]
    assert names(host) == {who for who, *_ in its_own}
    assert {(each["state"], *each["flags"]) for each in records} == {("in-progress", "awaiting-confirmation")}
    assert {each["seconds"] for each in records} == {(36 + 14 * 24) * 3600}
    assert totals(site, "placements", state="awaiting-confirmation")["placements"] == 7
    assert totals(site, "coverage", measure="completed")["learners"] == 0

    site.own.post("/xapi/statements", [intern(each, "completed", 30) for each in its_own])
    site.counted()
    records = host.get("/api/records")["records"]
    assert {(each["state"], each["ended"][:10], *each["flags"]) for each in records} == {("passed", "2026-04-30")}
    assert totals(site, "placements", state="passed")["placements"] == 7
    durations = [
        each["result"]["duration"]
        for each in site.own.get("/xapi/statements", registration=interns[0][2])["statements"]
        if "duration" in each["result"]
    ]
    assert sorted(durations) == ["P2W", "PT36H"]
    shown = site.province.get("/api/reports/placements", **{"from": "2026-04", "to": "2026-04"})
    assert (shown["totals"]["placements"], shown["totals"]["hosts"]) == (12, 4)
    assert not any(trace in str(shown) for trace in ("m11-", "vnuhcm", "cty-", HOME))
    assert site.province.ask("GET", "/api/reports/placements?by=organisation")[0] == 400


def totals(site, report, month="2026-04", **query):
    return site.own.get(f"/api/reports/{report}", **{"from": month, "to": month}, **query)["totals"]


def test_m24_what_came_of_training_is_told_in_shares_and_answers_stay_where_they_are(site):
    movement, opinion = "217/KH-UBND:2025", "ý kiến riêng của một người"
    school, survey = (site.own.key("all", identities="pseudonymise") for _ in range(2))
    trained = [{"mbox": f"mailto:m24-{number}@hoc.example.vn"} for number in range(200)]
    at = "2026-05-04T09:00:00+07:00"
    for begin in range(0, 200, 50):
        some = trained[begin : begin + 50]
        school.post("/xapi/statements", [said(who, at=at, programme=[movement], on="m24") for who in some])
    answers = [
        said(who, "follow-up-survey", at="2026-06-29T09:00:00+07:00", on="khao-sat")
        | {
            "verb": {"id": "http://adlnet.gov/expapi/verbs/responded"},
            "result": {
                "response": "[,]".join(["new-job"] * (place % 3 == 0) + ["skill-use"] * (place % 4 != 0)),
                "extensions": {"https://khao-sat.example.vn/y-kien": opinion},
            },
        }
        for place, who in enumerate(trained[20:80])
    ]
    survey.post("/xapi/statements", answers)
    site.counted()
    shares = site.province.get("/api/reports/outcomes", by="programme")
    rows = {row["programme"]["code"]: row for row in shares["rows"]}
    assert [rows[movement][each] for each in ("learners", "newJob", "newJobPercent")] == [60, 20, 33.3]
    assert [rows[movement][each] for each in ("skillUse", "skillUsePercent")] == [45, 75.0]
    assert totals(site, "coverage", "2026-05", programme="217")["learners"] == 200
    few = said(
        {"mbox": "mailto:m24-0@hoc.example.vn"}, "follow-up-survey", unit="25195", at="2026-06-30T09:00:00+07:00"
    )
    survey.post("/xapi/statements", [few | {"verb": {"id": "http://adlnet.gov/expapi/verbs/responded"}}])
    site.counted()
    by_unit = site.province.get("/api/reports/outcomes", by="unit")["rows"]
    assert {row["shown"] for row in by_unit} == {"<10", "..."}
    for road in ("/api/records?kind=survey&limit=1000", "/api/reports/outcomes", "/api/reviews"):
        assert opinion not in site.own.ask("GET", road)[2].decode()
    held = {
        name for name in site.database.list_collection_names() if opinion in "".join(collected(site.database[name]))
    }
    assert held == {"statements"}


def collected(collection):
    return (unicodedata.normalize("NFKC", bson.encode(row).decode("utf-8", "replace")) for row in collection.find())


def test_m18_one_person_from_three_sources_is_one_and_the_number_is_nowhere(site):
    sheet = site.own.key("all", identities="pseudonymise", contents="refuse")
    bank, tablet = "https://bang-ke.example.vn", "https://may-tinh-bang.example.vn"
    spelled = [NUMBER, f"{NUMBER[:3]} {NUMBER[3:]}", f"cccd_{NUMBER}", "\u200b".join(NUMBER), wide(NUMBER)]
    rows = [m18({"account": {"homePage": bank, "name": each}, "name": "NGUYEN THU HOA"}) for each in spelled]
    assert sheet.post("/api/batches", rows)["stored"] == len(spelled)
    site.own.post("/xapi/statements", [m18(person("m18-nt0001") | {"name": "Nguyễn Thử Hòa"})])
    other = {"account": {"homePage": tablet, "name": "t7"}, "name": unicodedata.normalize("NFD", "Nguyễn Thử Hoà")}
    site.own.post("/xapi/statements", [m18(other)])
    refused, _, body = sheet.ask(
        "POST", "/xapi/statements", [m18(person("m18-x")) | {"result": {"response": wide(NUMBER)}}]
    )
    assert (refused, NUMBER in body.decode()) == (400, False)
    site.counted()
    asked = {"from": "2025-03", "to": "2025-03"}
    assert site.own.get("/api/reports/coverage", **asked)["totals"]["learners"] == 3

    own = f"account:{HOME} m18-nt0001"
    links = [
        {"kind": "join", "identity": own, "other": f"account:{bank} so {NUMBER}", "reason": "identity-document"},
        {"kind": "join", "identity": own, "other": f"account:{tablet} t7", "reason": "roster"},
    ]
    assert site.own.post("/api/learners/links", {"links": links})["changed"] == 2
    site.counted()
    totals = site.own.get("/api/reports/coverage", **asked)["totals"]
    assert (totals["learners"], totals["statements"]) == (1, 7)
    [learner] = site.own.get("/api/learners", identity=f"account:{bank} {NUMBER}")["learners"]
    assert len(learner["identities"]) == 3
    assert any("m18-nt0001" in each for each in texts(site.database))
    traces = [NUMBER, *[hashlib.new(name, NUMBER.encode()).hexdigest() for name in ("sha1", "sha256")]]
    assert not [trace for trace in traces for each in texts(site.database) if trace in each]


def m18(who):
    return said(who, at="2025-03-15T08:00:00+07:00", on="m18")


def wide(digits):
    return "".join(chr(0xFF10 + int(each)) for each in digits)


def texts(database):
    """Give every document that is stored, as it looks, with bytes as text and in hexadecimal."""
    for name in database.list_collection_names():
        for row in database[name].find():
            stored = bson.encode(row)
            yield unicodedata.normalize("NFKC", stored.decode("utf-8", "replace")) + stored.hex()

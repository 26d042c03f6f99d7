"""M3, M4, M13 and M27: units that change and split, what any course tool sends, and lists as Vietnamese readers expect.

On a running server with a worker; every test has an organisation of its own.
"""

import json
import uuid

MOODLE = "https://moodle.example.vn"
NEW = "26158"
"""What 26143 became part of on 1/7/2025."""
SPLIT = "26449 → 26359/26446"


def people(count, mark):
    return [f"{mark}-{number}" for number in range(count)]


def test_m3_one_series_across_the_new_units(school, said, by):
    told = [said(who, unit="26143", at="2025-05-10") for who in people(30, "a")]
    told += [said(who, unit="26209", at="2025-05-10") for who in people(20, "b")]
    told += [said(who, unit="25195", at="2025-06-10") for who in people(12, "c")]
    told += [said(who, unit="25195", at="2025-08-10") for who in people(8, "d")]
    school.own.post("/xapi/statements", told)
    paths = [f"/xapi/statements?statementId={told[place]['id']}" for place in (0, 50, 69)]
    before = [school.own.text(path) for path in paths]
    school.site.counted(school.own)

    today = school.report("coverage", by="unit")
    assert by(today, "unit") == {NEW: 30, "26209": 20, "25195": 20}
    assert {row["unit"]["code"]: row["unit"]["name"] for row in today["rows"]}["25195"] == "Phường Bình Phước"
    then = school.report("coverage", by="unit", as_of="2025-06-30")
    unmapped = "25195 ← 25195/25198/25201/25204/25205/25213"
    assert by(then, "unit") == {"26143": 30, "26209": 20, "25195": 12, unmapped: 8}
    assert {row["unit"]["name"] for row in then["rows"]} == {"Xã Thanh Sơn", "Phường Tân Phú", unmapped}
    assert (today["totals"]["learners"], then["totals"]["learners"]) == (70, 70)
    assert [school.own.text(path) for path in paths] == before


def test_m3_units_have_the_names_of_the_day(school):
    named = {
        ("26116", "2026-04-29"): "Xã Tân Phú",
        ("26116", "2026-04-30"): "Phường Tân Phú",
        ("75", "2026-04-29"): "Tỉnh Đồng Nai",
        ("75", "2026-04-30"): "Thành phố Đồng Nai",
    }
    assert {each: school.own.get(f"/api/units/{each[0]}", at=each[1])["name"] for each in named} == named


def test_m4_the_split_unit_is_never_assigned_by_guess(school, said, by):
    school.post(*[said(who, unit="26449", at="2025-05-20") for who in people(10, "tam")])
    found = school.report("coverage", by="unit")
    assert (by(found, "unit"), found["totals"]["learners"]) == ({SPLIT: 10}, 10)
    records = school.own.get("/api/records", unit="26449", at="2025-06-01", limit=100)["records"]
    decision = {"unit": "26449@", "to": "26359@2025-07-01", "reason": "Danh sách của xã"}
    made = school.own.post("/api/units/assignments", decision | {"records": [each["id"] for each in records[:6]]})
    found = school.report("coverage", by="unit")
    assert (by(found, "unit"), found["totals"]["learners"]) == ({SPLIT: 4, "26359": 6}, 10)
    assert by(school.report("coverage", by="unit", as_of="2025-06-01"), "unit") == {"26449": 10}
    [entry] = school.own.audited("unit.assigned")
    assert (entry["target"], entry["details"]["records"]) == (made["id"], 6)


def moodle(verb, thing, kind, **more):
    """Make a statement as Moodle's log store does: no id, and arrays of context activities."""
    site = {
        "id": MOODLE,
        "definition": {"type": "http://id.tincanapi.com/activitytype/lms", "name": {"vi": "Trường Đại học Thí dụ"}},
    }
    return {
        "actor": {"name": "Người Thử 0001", "account": {"homePage": MOODLE, "name": "7"}},
        "verb": {"id": f"http://adlnet.gov/expapi/verbs/{verb}", "display": {"en": verb}},
        "object": {
            "id": f"{MOODLE}/{thing}",
            "definition": {
                "type": kind,
                "name": {"vi": "Chữ ký số 😀"},
                "extensions": {f"{MOODLE}/extensions/course": {"id": 12, "grade": 7.5}},
            },
        },
        "timestamp": "2026-06-20T08:15:30+07:00",
        "context": {
            "platform": "Moodle",
            "language": "vi",
            "contextActivities": {"grouping": [site], "category": [site]},
        },
    } | more


SENT = (
    moodle("completed", "course/view.php?id=5", "http://id.tincanapi.com/activitytype/lms/course"),
    moodle(
        "passed",
        "mod/quiz/view.php?id=9",
        "http://adlnet.gov/expapi/activities/assessment",
        result={"score": {"raw": 9.5, "min": 0, "max": 10, "scaled": 0.95}, "completion": True, "success": True},
    ),
    moodle(
        "attended",
        "mod/facetoface/view.php?id=3",
        "http://adlnet.gov/expapi/activities/meeting",
        result={"duration": "PT5400S"},
    ),
)


def test_m13_what_moodle_sends_is_taken_unchanged_and_comes_back_equal(school):
    tool, stranger = school.own.key("statements/write", "statements/read/mine"), type(school)(school.site).own
    # As PHP writes it: slashes escaped, everything in ASCII; and a number with a zero that says how exact it is.
    body = json.dumps(SENT, separators=(",", ":")).replace("/", "\\/").replace('"grade":7.5', '"grade":7.50').encode()
    headers = {"Content-Type": "application/json; charset=utf-8", "X-Experience-API-Version": "1.0.0"}
    status, _, answer = tool.ask("POST", "/xapi/statements", body, **headers)
    assert status == 200, answer
    for sent, each in zip(SENT, json.loads(answer), strict=True):
        text = tool.text("/xapi/statements", statementId=each)
        assert '"grade":7.50' in text.replace(": ", ":")
        got = json.loads(text)
        assert {name: got[name] for name in sent} == sent
        assert stranger.ask("GET", f"/xapi/statements?statementId={each}").status == 404
    assert stranger.get("/xapi/statements")["statements"] == []
    school.site.counted(school.own)
    states = {each["activity"]: each["state"] for each in school.own.get("/api/records")["records"]}
    assert states == {sent["object"]["id"]: sent["verb"]["display"]["en"] for sent in SENT}


def test_m13_mailboxes_of_a_source_are_stored_as_accounts(school):
    mailbox = f"mailto:nguoi.thu.{uuid.uuid4().hex}@hoc.example.vn"
    tool = school.own.key("all", identities="pseudonymise")
    [made] = tool.post("/xapi/statements", [SENT[0] | {"actor": {"name": "Người Thử 0002", "mbox": mailbox}}])
    actor = school.own.get("/xapi/statements", statementId=made)["actor"]
    assert (actor["account"]["homePage"] != MOODLE, actor.keys() & {"mbox", "name"}) == (True, set())
    asked = json.dumps({"mbox": mailbox})
    assert [each["id"] for each in tool.get("/xapi/statements", agent=asked)["statements"]] == [made]
    database = school.site.database
    kept = "".join(repr(list(database[name].find())) for name in database.list_collection_names())
    assert (made in kept, mailbox in kept, mailbox.removeprefix("mailto:") in kept) == (True, False, False)


def test_m27_units_are_found_and_listed_as_vietnamese_readers_expect(school):
    def found(**query):
        return school.own.get("/api/units", limit=1000, **query)["units"]

    bare = [each["name"].partition(" ")[2] for each in found(sort="name", parent="75")]
    assert len(bare) == 95
    assert bare.index("Dầu Giây") < bare.index("Đak Lua") < bare.index("Gia Kiệm")
    # A letter with a stroke is a letter of its own, behind all that have none.
    assert max(place for place, name in enumerate(bare) if name[0] == "D") < bare.index("Đak Lua")
    for asked, codes in (
        ("loc thanh", ["25280", "25294"]),
        ("Lộc Thạnh", ["25280"]),
        ("bien hoa", ["26068"]),
        ("Biên Hòa", ["26068"]),
        ("Biên Hoà", ["26068"]),
    ):
        assert [each["code"] for each in found(q=asked)] == codes, asked

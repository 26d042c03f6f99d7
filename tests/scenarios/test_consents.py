"""M16, M6 and what of M19 is about sharing: a server and a worker, real processes, and several organisations."""

import csv
import io
import json
import uuid
from collections import Counter
from datetime import UTC, date, datetime, timedelta

import pytest

from schemas.training.terms import BASE

HOME = "https://lms.lhu.example.vn"
GIVING = {"all", "admin", "share", "records/read", "reports/read", "imports/write", "audit/read"}
TAKING = {"share", "records/read", "reports/read", "audit/read"}
ORGANISATIONS = {"lhu": GIVING, "youth-union": TAKING, "province": TAKING}
WORDING = {"id": "chia-se", "version": "2", "language": "vi"}
TEXT = "Tôi đồng ý cho trường chia sẻ hồ sơ học tập của tôi."
COLUMNS = [
    "account_home",
    "account_name",
    "purpose",
    "answer",
    "wording",
    "version",
    "language",
    "given_by",
    "how",
    "given",
    "under_7",
]


class World:
    """A university that gives, and a union and a province that take."""

    def __init__(self, site):
        self.site, self.database = site, site.database
        self.lhu, self.union, self.province = (site.organisation(name, *of) for name, of in ORGANISATIONS.items())
        self.lhu.do("PUT", "/api/consents/wordings", {"wordings": [WORDING | {"text": TEXT}]})

    def agree(self, taker, **terms):
        """Make an agreement by which the university gives; return its id."""
        return self.site.agree(taker, self.lhu, {"giver": self.lhu.id, "taker": taker.id, "basis": "consent"} | terms)

    def record(self, rows):
        """Send a file of what people have said."""
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)
        return self.lhu.do("POST", "/api/consents", out.getvalue().encode(), **{"Content-Type": "text/csv"})

    def shared(self, taker, agreement, after=0):
        """Return all rows behind a place as they are once everything that is stored by now is shared, and the next."""
        now = datetime.now(UTC)

        def settled():
            page = taker.get(f"/api/shared/{agreement}/records", after=after, limit=1000)
            return page if page["through"] and datetime.fromisoformat(page["through"]) >= now else None

        page = self.site.until(settled)
        assert not page["more"]
        return page["records"], page["next"]


@pytest.fixture(scope="module")
def world(sites):
    with sites() as site:
        yield World(site)


def said(name, verb, activity, what, *, at="2026-08-15T09:00:00+07:00", team=None, duration=None, band=None):
    context = {"extensions": {f"{BASE}/extensions/age-band": band} if band else {}}
    if team:
        context["team"] = {"objectType": "Group", "account": {"homePage": HOME, "name": team}}
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": HOME, "name": name}},
        "verb": {"id": verb if "://" in verb else f"http://adlnet.gov/expapi/verbs/{verb}"},
        "object": {"id": f"{HOME}/{activity}", "definition": {"type": f"{BASE}/activity-types/{what}"}},
        "timestamp": at,
        "context": context,
    } | ({"result": {"duration": duration}} if duration else {})


def answer(name, purpose, word, **changes):
    usual = {"account_home": HOME, "account_name": name, "purpose": purpose, "answer": word, "given_by": "self"}
    usual |= {"wording": WORDING["id"], "version": WORDING["version"], "language": WORDING["language"]}
    return usual | {"how": "paper", "given": "1/8/2026"} | changes


def purpose(code):
    return {"code": code, "vi": "Chia sẻ theo sự đồng ý", "en": "Shared by consent"}


def test_m16_sharing_follows_consent_with_proof_and_withdrawals_are_recalled(world):
    names = [f"m16-sv{number:04}" for number in range(100)]
    agreement = world.agree(world.province, purpose=purpose("tinh"), level="pseudonymous", fields=["activity", "state"])
    world.lhu.do("POST", "/xapi/statements", [said(each, "completed", "m16", "course") for each in names])
    words = ["có", "Đồng ý"] * 35 + [""] * 10 + ["không"] * 10
    rows = [answer(*each) for each in zip(names, ["tinh"] * 90, words, strict=False)]
    told = world.record(rows)  # ten were never asked
    assert (told["consents"], told["refusals"], told["faulty"]) == (70, 10, 10)
    assert {fault["rule"] for row in told["rows"] for fault in row["errors"]} == {"silence"}
    ids = [row["id"] for row in told["rows"][:70]]

    given, after = world.shared(world.province, agreement)
    assert len({each["learner"] for each in given}) == len(given) == 70
    assert {(each["activity"], each["state"]) for each in given} == {(f"{HOME}/m16", "completed")}
    assert world.shared(world.province, agreement, after) == ([], after)

    [proof] = [
        each for each in world.lhu.get("/api/consents", purpose="tinh", limit=500)["consents"] if each["id"] == ids[0]
    ]
    assert (proof["wording"], proof["given_by"], proof["how"]) == (WORDING, "self", "paper")
    assert (proof["given"], proof["standing"]) == ("2026-07-31T17:00:00.000000Z", True)
    assert proof["recorded_by"]

    due = [world.lhu.do("POST", f"/api/consents/{each}/withdraw")["due"] for each in ids[:5]]
    today = (datetime.now(UTC) + timedelta(hours=7)).date()
    assert all(today < date.fromisoformat(each) <= today + timedelta(15) for each in due)
    recalls, after = world.shared(world.province, agreement, after)
    assert Counter(each["recall"] for each in recalls) == {"withdrawn": 5}
    assert {each["id"] for each in recalls} < {each["id"] for each in given}
    listed = world.province.get(f"/api/shared/{agreement}/recalls")["recalls"]
    assert {each["id"] for each in listed} == {each["id"] for each in recalls}

    now = datetime.now(UTC).isoformat()
    assert world.record([answer(names[0], "tinh", "có", given=now)])["rows"][0]["standing"]
    [again], after = world.shared(world.province, agreement, after)
    assert again["id"] in {each["id"] for each in recalls}
    assert "recall" not in again
    assert "m16-sv" not in world.province.heard
    assert "m16-sv" not in str(list(world.database["shares"].find()))
    audited = world.lhu.text("/api/audit", limit=1000)
    assert "m16-sv" not in audited
    assert TEXT not in audited


def test_m16_consent_follows_who_somebody_is(world):
    """Joined with who consented, somebody is shared; split off again, recalled."""
    agreement = world.agree(world.union, purpose=purpose("m16-doan"), level="pseudonymous", fields=["activity"])
    names = ["m16-lan", "m16-lan.cu"]
    told = [said(each, "completed", f"m16-{place}", "course") for place, each in enumerate(names, 1)]
    world.lhu.do("POST", "/xapi/statements", told)
    world.record([answer(names[0], "m16-doan", "có")])
    assert len(current(world.shared(world.union, agreement)[0])) == 1
    first, second = (f"account:{HOME} {each}" for each in names)

    def link(**decision):
        world.lhu.do("POST", "/api/learners/links", {"links": [decision | {"reason": "roster"}]})

    link(kind="join", identity=first, other=second)
    one, other = current(world.shared(world.union, agreement)[0])
    assert one["learner"] == other["learner"]
    link(kind="split", identity=second)
    [left] = current(world.shared(world.union, agreement)[0])
    assert left["activity"] == f"{HOME}/m16-1"


def current(rows):
    """Return what a recipient has who reads rows in their order."""
    held = {}
    for each in rows:
        held.pop(each["id"], None)
        if "recall" not in each:
            held[each["id"]] = each
    return list(held.values())


def test_m6_hours_for_the_university_for_members_who_agreed_and_as_totals(world):
    names = [f"m6-sv{number:02}" for number in range(40)]
    start = datetime.fromisoformat("2026-08-01T07:00:00+07:00")
    sessions = [
        said(
            names[number % 40],
            "http://activitystrea.ms/host",
            f"m6/{number}",
            "support-session",
            at=(start + timedelta(days=number // 40, hours=number % 8)).isoformat(),
            team=f"to-{number % 8}",
            duration="PT1H",
        )
        for number in range(299)
    ]
    # The first student tells of the same hour in another team, too.
    sessions.append(sessions[0] | {"id": str(uuid.uuid4())})
    sessions[-1] = json.loads(json.dumps(sessions[-1]).replace("to-0", "to-1").replace("m6/0", "m6/299"))
    agreed = set(names[:25])
    by_name = world.agree(
        world.union,
        purpose=purpose("doan-vien"),
        level="named",
        fields=["identities", "seconds"],
        filter={"types": ["support-session"]},
    )
    world.agree(world.province, purpose=purpose("so-lieu"), basis="public-task", level="figures")
    for begin in range(0, 300, 100):
        world.lhu.do("POST", "/xapi/statements", sessions[begin : begin + 100])
    world.record([answer(each, "doan-vien", "có" if each in agreed else "không") for each in names])

    rows, _ = world.shared(world.union, by_name)
    expected = Counter(each["actor"]["account"]["name"] for each in sessions)
    hours = Counter()
    for each in current(rows):
        [agent] = each["identities"]
        hours[agent["account"]["name"]] += each["seconds"] // 3600
    assert hours == {name: count for name, count in expected.items() if name in agreed}
    assert not any(f'"{name}"' in world.union.heard for name in names[25:])

    own = world.lhu.get("/api/reports/hours", by="learner")
    assert (len(own["rows"]), own["totals"]["learners"], own["totals"]["hours"]) == (40, 40, 299.0)
    assert [(row["hoursTold"] - row["hours"], row["overlapping"]) for row in own["rows"] if row["overlapping"]] == [
        (1.0, 2)
    ]

    totals = world.site.until(lambda: figures(world))
    assert (totals["learners"], totals["statements"]) == (40, 300)
    assert "m6-sv" not in world.province.heard
    assert world.province.ask("GET", "/api/reports/hours?by=learner&sharing=all")[0] == 400


def figures(world):
    totals = world.province.get("/api/reports/hours", sharing="all")["totals"]
    return totals if totals["statements"] == 300 else None


def test_m19_records_of_children_are_shared_only_where_agreement_and_consents_say_so(world):
    usual = {"level": "pseudonymous", "fields": ["age_band", "activity"], "basis": "contract"}
    usual["filter"] = {"types": ["lab-visit"]}
    without = world.agree(world.province, purpose=purpose("m19"), **usual)
    with_them = world.agree(world.province, purpose=purpose("m19"), minors=True, **usual)
    told = {"m19-both": "<16", "m19-parent": "<16", "m19-self": "<16", "m19-silent": "<16", "m19-adult": "40-59"}
    statements = [said(each, "attended", f"m19/{len(each)}", "lab-visit", band=band) for each, band in told.items()]
    world.lhu.do("POST", "/xapi/statements", statements)
    world.record(
        [
            answer("m19-both", "m19", "có", given_by="both"),
            answer("m19-parent", "m19", "có", given_by="representative"),
            answer("m19-self", "m19", "có", given_by="self"),
        ]
    )
    bands = [each["age_band"] for each in current(world.shared(world.province, without)[0])]
    assert bands == ["40-59"]
    bands = sorted(each["age_band"] for each in current(world.shared(world.province, with_them)[0]))
    assert bands == ["40-59", "<16"]
    young = answer("m19-parent", "m19", "có", given_by="representative", under_7="1", given="2/8/2026")
    assert world.record([young])["consents"] == 1
    bands = sorted(each["age_band"] for each in current(world.shared(world.province, with_them)[0]))
    assert bands == ["40-59", "<16", "<16"]
    assert len(current(world.shared(world.province, without)[0])) == 1

"""Figures of several organisations together: what is added, what is missing, and that no difference tells of few."""

import random
from dataclasses import dataclass
from itertools import combinations

import pytest

K = 10
PAIRS = 1000
REPORTS = ("coverage", "hours", "teams", "skills", "reach", "tasks", "experts", "businesses", "outcomes", "placements")
CODES = {"192": "192/KH-UBND:2025", "217": "217/KH-UBND:2025", "57": "57-NQ/TW"}
UNITS = ("26209", "26080", "25195")
GROUPS = ("elderly", "citizen", "official")
MONTHS = ("2025-07", "2025-08", "2025-11")
PERIODS = {
    "": MONTHS,
    "2025": MONTHS,
    "2025-Q3": MONTHS[:2],
    "2025-Q4": MONTHS[2:],
    **{each: (each,) for each in MONTHS},
}
SPANS = {"2025": ("2025-01", "2025-12"), "2025-Q3": ("2025-07", "2025-09"), "2025-Q4": ("2025-10", "2025-12")}
BREAKDOWNS = [each for size in range(4) for each in combinations(("unit", "group", "programme", "month"), size)]
DAYS = {"2025": ("2025-01-01", "2025-12-31"), "2025-Q3": ("2025-07-01", "2025-09-30")}
NOTHING = dict.fromkeys(("unit", "group", "programme", "period"), "")


@pytest.fixture
def schools(school, shared_app, shared_store):
    """Make the organisation that takes, and two that give."""
    return school, type(school)(shared_app, shared_store), type(school)(shared_app, shared_store)


@pytest.fixture
def share():
    """Let one give figures to another; return what changes the agreement."""

    def make(giver, taker, **terms):
        one, other = giver._client("share"), taker._client("share")
        body = {
            "giver": giver.id,
            "taker": taker.id,
            "purpose": {"code": "province-figures", "vi": "Số liệu của tỉnh", "en": "Figures of the province"},
            "basis": "public-task",
            "level": "figures",
        }
        made = one.post("/api/agreements", json=body | terms)
        assert made.status_code == 201, made.text
        path = f"/api/agreements/{made.json['id']}"
        assert other.post(f"{path}/accept", headers={"If-Match": made.headers["ETag"]}).status_code == 200
        return lambda act: one.post(f"{path}/{act}").json

    return make


def of_units(found):
    return {row["unit"]["code"]: (row["shown"], [*row["without"]]) for row in found["rows"]}


def reads(shared_store, school):
    return [
        each["details"]
        for each in shared_store.database["audit"].find({"org": school.org, "action": "share.read"}).sort("seq", 1)
    ]


def test_what_all_tell_is_added_and_people_are_counted_by_each(schools, share, said, people):
    for number, each in enumerate(schools):
        each.post(*[said(who=name) for name in people(20 + number)])
    for giver in schools[1:]:
        share(giver, schools[0])
    found = schools[0].province("coverage", by="unit", sharing="all")
    assert of_units(found) == {"26209": ("63", [])}
    assert found["totals"]["learners"] == 63
    assert (found["distinct"], found["k"]) == ("per organisation", K)
    assert {each["id"]: each["k"] for each in found["organisations"]} == {each.id: K for each in schools}
    assert [each["agreement"] is None for each in found["organisations"]] == [True, False, False]
    assert schools[0].province("coverage", by="unit")["totals"]["learners"] == 20
    assert "organisations" not in schools[0].province("coverage")


def test_without_an_agreement_there_is_the_own_organisation_alone(schools, said, people):
    schools[0].post(*[said(who=name) for name in people(12)])
    schools[1].post(*[said(who=name) for name in people(500)])
    found = schools[0].province("coverage", sharing="all")
    assert found["totals"]["learners"] == 12
    assert [each["id"] for each in found["organisations"]] == [schools[0].id]


def test_nothing_is_exact_whoever_asks(schools, share, said, people):
    schools[0].post(*[said(who=name) for name in people(3, "a")])
    schools[1].post(*[said(who=name) for name in people(4, "b")], *[said(who=n, unit="26080") for n in people(40, "c")])
    share(schools[1], schools[0])
    found = schools[0].get("coverage", by="unit", sharing="all")
    # Beside the forty, the four would tell of themselves.
    assert of_units(found) == {
        "26080": ("...", [schools[1].id]),
        "26209": ("...", sorted(each.id for each in schools[:2])),
    }
    assert schools[0].get("coverage", by="unit")["totals"]["learners"] == 3
    assert found["totals"]["learners"] == 44


def test_where_one_has_few_the_others_are_told_as_the_least_that_it_can_be(schools, share, said, people):
    schools[1].post(*[said(who=name) for name in people(6)])
    schools[2].post(*[said(who=name) for name in people(40)])
    for giver in schools[1:]:
        share(giver, schools[0])
    found = schools[0].province("coverage", by="unit", sharing="all")
    assert of_units(found) == {"26209": ("40", [schools[1].id])}
    assert found["totals"]["without"] == [schools[1].id]


def test_the_difference_that_an_organisation_makes_is_never_few(schools, share, said, people):
    for giver in schools[1:]:
        giver.post(*[said(who=name) for name in people(6)])
    acts = [share(giver, schools[0]) for giver in schools[1:]]
    both = schools[0].province("coverage", sharing="all")["totals"]
    assert (both["learners"], both["shown"], len(both["without"])) == (None, "...", 2)
    assert acts[0]("suspend")["state"] == "suspended"
    one = schools[0].province("coverage", sharing="all")["totals"]
    assert (one["learners"], one["shown"], len(one["without"])) == (None, "<10", 1)


@pytest.mark.parametrize("stop", ["suspend", "end", "disable"])
def test_nothing_is_told_any_more_as_soon_as_it_is_stopped(schools, share, said, people, shared_store, stop):
    schools[1].post(*[said(who=name) for name in people(30)])
    act = share(schools[1], schools[0])
    assert schools[0].province("coverage", sharing="all")["totals"]["learners"] == 30
    if stop == "disable":
        shared_store.organisations.change(schools[1].id, {"disabled": True})
    else:
        act(stop)
    found = schools[0].province("coverage", sharing="all")
    assert (found["totals"]["learners"], len(found["organisations"])) == (0, 1)


def test_each_tells_by_the_strictest_k_that_it_has_ever_agreed_on(schools, share, said, people):
    schools[1].post(*[said(who=name) for name in people(15)])
    schools[2].post(*[said(who=name) for name in people(15)])
    schools[2].analyst.patch("/api/organisation", json={"small": 20})
    share(schools[1], schools[0], k=12)
    share(schools[2], schools[0], k=5)

    def told():
        found = schools[0].province("coverage", sharing="all")
        ks = {each["id"]: each["k"] for each in found["organisations"]}
        return found["totals"]["learners"], found["totals"]["without"], [ks[each.id] for each in schools], found["k"]

    assert told() == (15, [schools[2].id], [K, 12, 20], K)
    # Whoever else is told of it, and whatever has become of that: two tables would tell more than each of them.
    share(schools[1], schools[2], k=16)("end")
    assert told() == (None, sorted(each.id for each in schools[1:]), [K, 16, 20], K)


@pytest.mark.parametrize(
    ("filter_", "query", "learners", "told"),
    [
        ({"programmes": ["192"]}, {}, 20, True),
        ({"programmes": ["57"]}, {}, 35, True),
        ({"programmes": ["192"]}, {"programme": "57"}, 20, True),
        ({"programmes": ["192"]}, {"programme": "217"}, 0, True),
        ({"programmes": ["192", "217"]}, {}, None, False),
        ({"programmes": ["192", "217"]}, {"programme": "217"}, 15, True),
        ({"groups": ["elderly"]}, {}, 20, True),
        ({"groups": ["elderly"]}, {"group": "citizen"}, 0, True),
        ({"groups": ["elderly", "citizen"]}, {}, None, False),
        ({"units": ["26209"]}, {}, 20, True),
        ({"units": ["26209"]}, {"unit": "26080"}, 0, True),
        ({"units": ["26209", "26080"]}, {"unit": "26080"}, 15, True),
        ({"units": ["26209", "26080"]}, {}, None, False),
        ({"from": "2025-07-01", "to": "2025-09-30"}, {}, 20, True),
        ({"from": "2025-07-01", "to": "2025-09-30"}, {"from": "2025-08", "to": "2025-08"}, 20, True),
        ({"from": "2025-07-01", "to": "2025-09-30"}, {"from": "2025-11", "to": "2025-11"}, 0, True),
        ({"from": "2025-07-01"}, {}, None, False),
        ({"from": "2025-07-01"}, {"from": "2025-08", "to": "2025-08"}, 20, True),
    ],
)
def test_only_what_is_covered_is_told(schools, share, said, people, filter_, query, learners, told):
    first = {"programme": [CODES["192"]], "target_group": ["elderly"], "unit": "26209", "at": "2025-08-15"}
    second = {"programme": [CODES["217"]], "target_group": ["citizen"], "unit": "26080", "at": "2025-11-15"}
    schools[1].post(*[said(who=name, **first) for name in people(20, "a")])
    schools[1].post(*[said(who=name, **second) for name in people(15, "b")])
    share(schools[1], schools[0], filter=filter_)
    totals = schools[0].province("coverage", sharing="all", **query)["totals"]
    assert totals["learners"] == learners
    assert totals["without"] == ([] if told else [schools[1].id])


def test_lines_are_told_as_far_as_they_are_covered(schools, share, said, people, by):
    for place, unit in enumerate(UNITS):
        schools[1].post(*[said(who=name, unit=unit) for name in people(20 + place, unit)])
    share(schools[1], schools[0], filter={"units": list(UNITS[:2])})
    found = schools[0].province("coverage", by="unit", sharing="all")
    assert by(found, "unit") == {"26209": 20, "26080": 21}
    assert found["totals"]["without"] == [schools[1].id]


def test_an_agreement_on_verbs_or_activities_gives_no_figures(schools, share, said, people):
    schools[1].post(*[said(who=name) for name in people(20)])
    share(schools[1], schools[0], level="pseudonymous", filter={"verbs": ["completed"]})
    found = schools[0].province("coverage", sharing="all")
    assert (found["totals"]["learners"], len(found["organisations"])) == (0, 1)
    share(schools[1], schools[0], level="pseudonymous")
    assert schools[0].province("coverage", sharing="all")["totals"]["learners"] == 20


def test_every_read_is_in_the_audit_of_who_gives_and_of_who_takes(schools, share, said, people, shared_store):
    schools[1].post(*[said(who=name) for name in people(20)], *[said(who=n, unit="26080") for n in people(30, "b")])
    share(schools[1], schools[0])
    schools[0].province("coverage", by="unit", sharing="all")
    schools[0].reader.get("/api/exports/kpi?period=2025-08&sharing=all")
    told = {"by": schools[0].id, "purpose": "province-figures", "report": "coverage"}
    for each in schools[:2]:
        assert reads(shared_store, each) == [told | {"rows": 2}, told | {"rows": 2}]
    schools[0].province("coverage")
    assert len(reads(shared_store, schools[1])) == 2


def test_targets_hold_for_the_sum(schools, share, said, people):
    for each in schools[1:]:
        each.post(*[said(who=n, programme=["192"], target_group=["elderly"]) for n in people(60)])
        share(each, schools[0], filter={"programmes": ["192"]})
    query = {"programme": "192", "group": "elderly", "by": "unit", "from": "2025-01", "to": "2025-12"}
    rows = {row["unit"]["code"]: row for row in schools[0].province("coverage", sharing="all", **query)["rows"]}
    assert (rows["26209"]["learners"], rows["26209"]["percent"]) == (120, 40.0)
    assert (rows["26080"]["learners"], rows["26080"]["percent"]) == (0, 0.0)
    without = {name: value for name, value in query.items() if name != "programme"}
    rows = {row["unit"]["code"]: row for row in schools[0].province("coverage", sharing="all", **without)["rows"]}
    assert (rows["26209"]["learners"], rows["26209"]["target"]) == (120, None)
    assert rows.keys() == {"26209"}


def test_the_export_for_machines_says_the_same_as_the_report(schools, share, said, people, lines):
    schools[1].post(*[said(who=n, programme=["192"], target_group=["elderly"]) for n in people(20)])
    schools[2].post(*[said(who=n, programme=["192"], target_group=["elderly"]) for n in people(4)])
    for giver in schools[1:]:
        share(giver, schools[0])
    path = "/api/exports/kpi?period=2025-08&sharing=all"
    answer = schools[0].reader.get(path)
    row = next(each for each in answer.json["rows"] if each["programme"] == CODES["192"])
    assert (row["value"], row["without"]) == (20, [schools[2].id])
    assert answer.json["distinct"] == "per organisation"
    same = schools[0].reader.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert same.status_code == 304
    file = schools[0].reader.get(f"{path}&format=csv")
    assert file.headers["Sohoc-Organisations"].split() == [each["id"] for each in answer.json["organisations"]]
    assert [each["without"] for each in lines(file)] == [" ".join(each["without"]) for each in answer.json["rows"]]


def test_every_report_but_the_ranking_can_be_of_all(schools, share, said, people, group):
    for each in schools:
        each.post(
            *[said("completed", name, "e-identity-task", on="vneid", programme=["192"]) for name in people(20)],
            *[said(who=name, team=group("to-1"), instructor=group("thay", "x")) for name in people(20)],
            *[said("hosted", name, "support-session", duration="PT2H") for name in people(20)],
        )
    for giver in schools[1:]:
        share(giver, schools[0])
    for report in REPORTS:
        one, found = schools[0].province(report, by="unit"), schools[0].province(report, by="unit", sharing="all")
        assert len(found["rows"]) == len(one["rows"]), report
        for name in ("learners", "statements", "sessions", "hours", "teams", "heads"):
            for alone, row in zip([*one["rows"], one["totals"]], [*found["rows"], found["totals"]], strict=True):
                assert alone.get(name) is None or row[name] == 3 * alone[name], (report, name)
    assert schools[0].reader.get("/api/reports/ranking?sharing=all").status_code == 400
    assert schools[0].reader.get("/api/reports/coverage?sharing=some").status_code == 400
    assert schools[0].analyst.get("/api/reports/hours?sharing=all&by=learner").status_code == 400


def test_a_file_names_the_organisations_and_what_is_missing(schools, share, said, people, lines):
    schools[1].post(*[said(who=name) for name in people(30)])
    schools[2].post(*[said(who=name) for name in people(3)])
    for giver in schools[1:]:
        share(giver, schools[0])
    answer = schools[0].reader.get("/api/reports/coverage?by=unit&sharing=all&format=csv")
    [row] = lines(answer)
    assert (row["learners"], row["without"]) == ("30", schools[2].id)
    assert answer.headers["Sohoc-Organisations"].split()[0] == schools[0].id


@dataclass(frozen=True)
class Done:
    name: str
    unit: str
    month: str
    groups: tuple[str, ...]
    programme: str

    def is_in(self, point):
        return (
            point["unit"] in {"", self.unit}
            and self.month in PERIODS[point["period"]]
            and (not point["group"] or point["group"] in self.groups)
            and point["programme"] in {"", CODES[self.programme], CODES["57"]}
        )


def world(rnd, size):
    """Let people do something; of some organisations there are few in many places."""
    people = [(f"n{number}", rnd.choice(UNITS)) for number in range(size // 3)]
    return [
        Done(
            *rnd.choice(people),
            rnd.choice(MONTHS),
            tuple(rnd.sample(GROUPS, rnd.choice((1, 1, 2)))),
            rnd.choice(tuple(CODES)),
        )
        for _ in range(size)
    ]


FILTERS = [
    NOTHING,
    NOTHING | {"programme": CODES["192"]},
    NOTHING | {"programme": CODES["57"]},
    NOTHING | {"group": "elderly"},
    NOTHING | {"unit": "26209"},
    NOTHING | {"period": "2025-Q3"},
    NOTHING | {"programme": CODES["217"], "group": "citizen"},
]


def terms(point):
    found = {name + "s": [point[name]] for name in ("unit", "group", "programme") if point[name]}
    if point["period"]:
        found["from"], found["to"] = DAYS[point["period"]]
    return {"filter": found}


def meet(point, covered):
    """Return the point that is in both, None for nothing: filters here have one value each."""
    found = {}
    for name, value in point.items():
        bound = covered[name]
        if name == "programme" and CODES["57"] in {value, bound} and value and bound:
            found[name] = bound if value == CODES["57"] else value
        elif name == "period" and value and bound:
            months = set(PERIODS[value]) & set(PERIODS[bound])
            if not months:
                return None
            found[name] = value if months == set(PERIODS[value]) and fineness(value) >= fineness(bound) else bound
        elif value and bound and value != bound:
            return None
        else:
            found[name] = value or bound
    return found


def fineness(period):
    return 0 if not period else 1 if "-" not in period else 2 if "Q" in period else 3


def lies_within(one, other):
    return (
        all(other[name] in {"", one[name]} for name in ("unit", "group"))
        and other["programme"] in ({"", one["programme"], CODES["57"]} if one["programme"] else {""})
        and set(PERIODS[one["period"]]) <= set(PERIODS[other["period"]])
    )


def points_of(answer, point):
    yield point, answer["totals"]
    for row in answer["rows"]:
        place = dict(point)
        for name in answer["by"]:
            value = row[name]
            place["period" if name in {"month", "quarter"} else name] = (
                value if isinstance(value, str) else value["code"]
            )
        yield place, row


def test_a_thousand_pairs_of_overlapping_questions_tell_of_no_fewer_than_ten(schools, share, said):
    """Whatever is agreed on, one after the other, and with the own figures known exactly."""
    rnd = random.Random(23)
    worlds = {}
    for each, size in zip(schools, (200, 260, 90), strict=True):
        worlds[each.id] = world(rnd, size)
        each.post(
            *[
                said(
                    who=done.name,
                    unit=done.unit,
                    at=f"{done.month}-15",
                    target_group=list(done.groups),
                    programme=[done.programme],
                )
                for done in worlds[each.id]
            ]
        )
    own = schools[0].id
    entries = []
    for one, other in [*zip(FILTERS, rnd.sample(FILTERS, len(FILTERS)), strict=True), (NOTHING, None), (None, NOTHING)]:
        covered = {own: NOTHING} | {
            giver.id: each for giver, each in zip(schools[1:], (one, other), strict=True) if each is not None
        }
        acts = [
            share(giver, schools[0], k=rnd.choice((K, 2 * K)), **terms(covered[giver.id]))
            for giver in schools[1:]
            if giver.id in covered
        ]
        for names in rnd.sample(BREAKDOWNS, 8):
            period = rnd.choice(("", "2025", "2025-Q3"))
            query = {"by": ",".join(names)} | (dict(zip(("from", "to"), SPANS[period], strict=True)) if period else {})
            found = schools[0].province("coverage", sharing="all", **query)
            for point, figure in points_of(found, NOTHING | {"period": period}):
                if "none" in point.values():
                    continue
                parts = {who: meet(point, covered[who]) for who in covered if who not in figure["without"]}
                parts = {who: each for who, each in parts.items() if each is not None}
                counts = {who: count(worlds[who], each) for who, each in parts.items()}
                assert figure["learners"] in {None, sum(counts.values())}, (query, point, figure)
                if figure["learners"] is not None:
                    others = {who: each for who, each in parts.items() if who != own and counts[who]}
                    entries.append((others, sum(counts[who] for who in others)))
        for act in acts:
            act("end")
    assert any(len(others) == 2 for others, _ in entries)
    assert all(number == 0 or number >= K for _, number in entries)
    check_pairs(rnd, entries)
    # Without the rule many of them would tell of few.
    counted = [count(done, point) for who, done in worlds.items() if who != own for point, _ in every_point()]
    assert sum(0 < number < K for number in counted) > 50


def every_point():
    for unit in ("", *UNITS):
        for group in ("", *GROUPS):
            for period in PERIODS:
                yield NOTHING | {"unit": unit, "group": group, "period": period}, None


def count(done, point):
    return len({each.name for each in done if each.is_in(point)})


def check_pairs(rnd, entries):
    """Hold answers against each other of which one is known to lie within the other."""
    held, tries = 0, 0
    while held < PAIRS:
        tries += 1
        assert tries < 2_000_000
        (one, small), (other, large) = rnd.choice(entries), rnd.choice(entries)
        if all(who in other and lies_within(point, other[who]) for who, point in one.items()):
            held += 1
            assert not 0 < large - small < K, (one, other, small, large)


def test_outcomes_and_placements_are_added_too(schools, share, said, people):
    taker, giver, _ = schools
    share(giver, taker)
    for school, count in ((taker, 40), (giver, 30)):
        names = people(count)
        school.post(*[said(who=name) for name in people(200)])
        school.post(
            *[said("responded", name, "follow-up-survey") | {"result": {"response": "new-job"}} for name in names]
        )
        school.post(*[said("registered", name, "internship", on="tt", organisation="H1") for name in names])
    totals = taker.province("outcomes", sharing="all")["totals"]
    assert (totals["learners"], totals["newJob"], totals["newJobPercent"], totals["without"]) == (70, 70, 100.0, [])
    assert (totals["skillUse"], totals["skillUseSuppressed"]) == (0, False)
    totals = taker.province("placements", sharing="all")["totals"]
    assert (totals["placements"], totals["learners"]) == (70, 70)
    giver.post(*[said("responded", f"p{place:04}", "follow-up-survey") for place in range(30, 35)])
    totals = taker.province("outcomes", sharing="all")["totals"]
    # Of the 35 who answered there, five have no new job.
    assert (totals["learners"], totals["newJob"], totals["newJobPercent"]) == (75, 40, None)
    assert totals["without"] == [giver.id]

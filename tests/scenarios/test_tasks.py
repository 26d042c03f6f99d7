"""M7, M8, M9, M15 and M22: tasks that are practised, cells of few people, and events that many come to.

On a running server with a worker; every test has an organisation of its own.
"""

import json
import random
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest

EXT = "https://cong-cu.example.vn/extensions"
SERVICE, IDENTITY, MONEY = "digital-public-service-task", "e-identity-task", "cashless-payment-task"
NUMBER, DOSSIER, ACCOUNT = "999203001777", "H19.12-250701-0777", "9704123456789777"
K, PAIRS = 10, 50


def people(count, mark):
    return [f"{mark}-{number}" for number in range(count)]


def extended(name, value):
    return {"extensions": {f"{EXT}/{name}": value}}


def check_that_it_is_refused(school, statement, path, *values):
    """400 with the path, alone and in a batch, and the values neither in an answer nor in a log."""
    for body, where in ((statement, path), ([statement], f"[0].{path}")):
        status, _, answer = school.own.ask("POST", "/xapi/statements", body)
        assert (status, [each["path"] for each in json.loads(answer)["errors"]]) == (400, [where])
    told = school.own.heard + school.site.logs()
    assert '"request"' in told
    assert not [value for value in values if value in told]


def test_m7_practice_on_public_services_is_counted_and_dossiers_are_not_kept(school, said, by):
    def done(who, assisted, **result):
        return said(who, SERVICE, "completed", on="khai-sinh", assisted=assisted, result=result)

    bad = [
        ("result.response", {"response": f"{NUMBER}, {DOSSIER}"}),
        ("result.response", {"response": f"Hồ sơ {DOSSIER}"}),
        ("result.response", {"response": f"{NUMBER[:3]} {NUMBER[3:6]} {NUMBER[6:]}"}),
        ("result.extensions.*", extended("giay-to", NUMBER)),
        ("result.extensions.*", extended("ma-ho-so", DOSSIER)),
    ]
    rows = [done(who, "guided") for who in people(30, "a")] + [done(who, "none") for who in people(25, "b")]
    rows += [done(f"c-{place}", "none") | {"result": result} for place, (_, result) in enumerate(bad)]
    found = school.own.post("/api/batches", rows)
    assert (found["stored"], found["refused"]) == (55, 5)
    refused = [row["errors"][0]["path"] for row in found["rows"] if row["outcome"] == "refused"]
    for (path, _), told, row in zip(bad, refused, rows[55:], strict=True):
        assert told.startswith(path.removesuffix(".*"))
        check_that_it_is_refused(school, row, told, NUMBER, DOSSIER)
    school.site.counted(school.own)
    procedure = rows[0]["object"]["id"]
    report = school.report("tasks", by="procedure,assisted")
    assert by(report, "procedure", "assisted") == {(procedure, "guided"): 30, (procedure, "none"): 25}
    assert by(school.shown("tasks", by="assisted"), "assisted") == {"guided": 30, "none": 25}


def test_m8_activations_are_told_by_unit_and_level_without_accounts(school, said, by):
    told = [said(who, IDENTITY, "completed", identity_level=1) for who in people(20, "a")]
    told += [said(who, IDENTITY, "completed", identity_level=2) for who in people(10, "b")]
    school.post(*told)
    for ask in (school.report, school.shown):
        levels = by(ask("tasks", type=IDENTITY, by="unit,level"), "unit", "level")
        assert levels == {("26209", "1"): 20, ("26209", "2"): 10}
    for path, result, value in (
        ("result.response", {"response": "nguoithu|01012003|Nam"}, "nguoithu"),
        (f'result.extensions["{EXT}/account"]', extended("account", "vneid.nguoithu"), "vneid.nguoithu"),
    ):
        status, _, answer = school.own.ask("POST", "/xapi/statements", said("x", IDENTITY, result=result))
        assert (status, value in answer.decode()) == (400, False)
        assert json.loads(answer)["errors"][0]["path"].startswith(path.partition("[")[0])


def test_m9_that_somebody_can_pay_is_told_and_money_is_not(school, said, by):
    paid = [said(who, MONEY, "completed") for who in people(23, "a")]
    paid.append(said("muon", MONEY, "completed", at="2025-08-31T17:30:00Z"))
    amount = said("b", MONEY, "completed") | {
        "result": {"extensions": {f"{EXT}/so-tien": 175000, f"{EXT}/ghi": ACCOUNT}}
    }
    found = school.own.post("/api/batches", [*paid, amount])
    assert (found["stored"], found["refused"]) == (24, 1)
    status, _, answer = school.own.ask("POST", "/xapi/statements", [paid[0], amount])
    assert status == 400
    assert {each["path"].partition(".extensions")[0] for each in json.loads(answer)["errors"]} == {"[1].result"}
    assert not [value for value in ("175000", ACCOUNT) if value in school.own.heard + school.site.logs()]
    school.site.counted(school.own)
    report = school.report("tasks", type=MONEY, by="unit,month")
    assert by(report, "unit", "month") == {("26209", "2025-08"): 23, ("26209", "2025-09"): 1}
    assert report["totals"]["learners"] == 24


def test_m15_a_small_cell_is_hidden_and_the_next_smallest_with_it(school, said, by):
    bands = {"80+": 3, "70-79": 17, "60-69": 20}
    school.post(
        *[said(who, unit="25195", age_band=band) for band, count in bands.items() for who in people(count, band)]
    )
    found = school.shown("coverage", by="unit,band")
    assert by(found, "band", figure="shown") == {"60-69": "20", "70-79": "...", "80+": "<10"}
    assert (found["totals"]["shown"], school.report("coverage")["totals"]["learners"]) == ("40", 40)
    assert by(school.report("coverage", by="band"), "band") == bands
    for closed in ("coverage?by=day", "coverage?by=hamlet", "teams?by=hamlet", "coverage?from=2025-07&to=2025-08"):
        assert school.province.ask("GET", f"/api/reports/{closed}").status == 400, closed


UNITS = ("26209", "26080", "25195")
BANDS = ("60-69", "70-79", "80+")
PERIODS = {
    "2025": ("2025-07", "2025-08", "2025-09", "2025-11"),
    "2025-Q3": ("2025-07", "2025-08", "2025-09"),
    **{month: (month,) for month in ("2025-07", "2025-08", "2025-09", "2025-11")},
}
SPANS = {"2025": ("2025-01", "2025-12"), "2025-Q3": ("2025-07", "2025-09")}


def test_m15_of_two_overlapping_questions_none_tells_of_one_to_nine(school, said):
    pick = random.Random(15)
    crowd = [(f"n-{number}", pick.choice(UNITS), pick.choice(BANDS)) for number in range(150)]
    done = [(*pick.choice(crowd), pick.choice(PERIODS["2025"])) for _ in range(350)]
    school.post(*[said(who, unit=unit, age_band=band, at=f"{month}-15") for who, unit, band, month in done])
    told = {}

    def asked(point):
        """Return how many the province is told of, and how many there are."""
        unit, band, period = point
        if point not in told:
            first, last = SPANS.get(period, (period, period))
            query = {"unit": unit, "band": band, "from": first, "to": last}
            found = school.shown("coverage", **{name: value for name, value in query.items() if value})
            told[point] = found["totals"]["learners"]
        there = {who for who, *at, month in done if month in PERIODS[period] and all(map(fits, (unit, band), at))}
        return told[point], len(there)

    seen = few = 0
    for _ in range(PAIRS):
        (small, is_small), (large, is_large) = map(asked, overlapping(pick))
        for figure, is_ in ((small, is_small), (large, is_large)):
            assert figure in {None, is_}
            assert figure is None or figure == 0 or figure >= K
        few += 0 < is_large - is_small < K
        if small is not None and large is not None:
            seen += 1
            assert not 0 < large - small < K
    assert seen > PAIRS // 10
    assert few, "without the rule, no pair would have told of few"


def overlapping(pick):
    """Choose a question, and one that asks of all those people and of more."""
    inner = (pick.choice(("", *UNITS)), pick.choice(("", *BANDS)), pick.choice(tuple(PERIODS)))
    periods = [each for each in PERIODS if set(PERIODS[inner[2]]) <= set(PERIODS[each])]
    return inner, (pick.choice((inner[0], "")), pick.choice((inner[1], "")), pick.choice(periods))


def fits(wanted, value):
    return wanted in {"", value}


def test_m22_heads_and_known_learners_stand_beside_each_other(school, said):
    team = {"objectType": "Group", "account": {"homePage": "https://to.example.vn", "name": "xa"}}
    heads = said(team, "outreach-event", "http://activitystrea.ms/host", on="trien-lam", headcount={"total": 350})
    visitors = people(40, "khach")
    school.post(heads, *[said(who, verb="experienced", on=f"gian-hang-{who}") for who in visitors])
    for ask in (school.report, school.shown):
        found = ask("reach", by="unit")
        for line in (*found["rows"], found["totals"]):
            assert (line["heads"], line["learners"]) == (350, 40)
        assert "390" not in str(found)


@pytest.fixture
def stand(school):
    """The key that is in the code on a stand, which many devices have."""
    return school.own.key("statements/write")


def test_m22_whoever_floods_from_one_address_is_stopped_and_nobody_else(stand, said):
    def post(address):
        body = said(f"may-{uuid.uuid4().hex}", verb="experienced", on="gian-hang")
        return stand.ask("POST", "/xapi/statements", body, **{"X-Forwarded-For": address})

    def flood(_):
        """Return how many were taken before the first was not, and what was answered then."""
        taken = 0
        while (answer := post("198.51.100.9")).status == 200:
            taken += 1
        return taken, answer

    with ThreadPoolExecutor(4) as devices:
        ended = list(devices.map(flood, range(4)))
    assert {answer.status for _, answer in ended} == {429}
    assert all(1 <= int(answer.headers["Retry-After"]) <= 65 for _, answer in ended)
    # What a process of the server took in advance, a fiftieth, may be lost; and a minute may have ended meanwhile.
    assert 576 <= sum(taken for taken, _ in ended) <= 1200
    assert post("198.51.100.10").status == 200

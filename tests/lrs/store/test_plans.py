"""What MongoDB does for each filter of the specification, read from its own explanation."""

import itertools
import random

import pytest

from lrs.store import open_store
from lrs.store.pages import Position, Selection, condition, having, through_references
from lrs.store.record_pages import Asked, mark, questions
from lrs.store.record_pages import Position as RecordPosition
from lrs.store.rows import Row

STATEMENTS = 100_000
ORG = b"lachong1"
OTHER = b"partner1"

KEYS = {
    "verb": [b"v1"],
    "agent": [b"a7"],
    "agent with related_agents": [b"a7", b"ra7"],
    "activity": [b"o3"],
    "activity with related_activities": [b"o3", b"ro3"],
    "registration": [b"r5"],
}
SPANS = {
    "": {},
    "since": {"since": 50_000},
    "until": {"until": 60_000},
    "since and until": {"since": 50_000, "until": 50_500},
    "a later page": {"position": Position(50_000, (ORG + bytes(16),))},
}
MINE = ((b"m1",),)
LAUNCH = ((b"m1",), (b"a7",), (b"r5",))


def row(number, chosen):
    keys = [b"v%d" % (number % 4), b"a%d" % chosen.randrange(2_000), b"o%d" % chosen.randrange(300)]
    keys += [b"ra%d" % chosen.randrange(50), b"r%d" % chosen.randrange(20_000), b"m%d" % chosen.randrange(5)]
    keys += [b"ro%d" % chosen.randrange(300, 340) for _ in range(3)]
    org = ORG if number % 10 else OTHER
    return Row(org + number.to_bytes(16), org, number, b"{}", keys).document()


def record(number, chosen):
    org = ORG if number % 10 else OTHER
    first, activity = chosen.randrange(10**6), f"https://hoc.example.vn/{chosen.randrange(300)}"
    return {
        "_id": org + number.to_bytes(16),
        "org": org,
        "learner": chosen.randrange(1, 20_000),
        "activity": activity,
        "mark": mark(activity),
        "type": chosen.choice(["course", "assessment", "community-class"]),
        "kind": "learning",
        "state": chosen.choice(["registered", "completed", "passed"]),
        "first": first,
        "last": first + chosen.randrange(1000),
        "unit": f"{26000 + chosen.randrange(95)}@2025-07-01",
        "programmes": [str(chosen.randrange(190, 195))],
        **({} if number % 501 else {"organisation": "H1", "organisations": ["H1"]}),
        "groups": [chosen.choice(["elderly", "rural"])],
        "evidence": b"",
    }


@pytest.fixture(scope="module")
def filled(mongod):
    opened = open_store(mongod.uri, "plans")
    opened.migrate()
    chosen = random.Random(20261123)
    rows = opened.database["statements"]
    for start in range(0, STATEMENTS, 10_000):
        rows.insert_many([row(number, chosen) for number in range(start, start + 10_000)])
    opened.database["references"].insert_many(
        [
            {
                "_id": n.to_bytes(40),
                "org": ORG,
                "stored": n,
                "referrer": ORG + n.to_bytes(16),
                "keys": [b"a7", b"v1", b"m1"],
                "via": [ORG + (n + 1).to_bytes(16)],
            }
            for n in range(1, 5_000)
        ]
    )
    records = opened.database["records"]
    for start in range(0, STATEMENTS, 10_000):
        records.insert_many([record(number, chosen) for number in range(start, start + 10_000)])
    yield opened.database
    opened.client.drop_database("plans")
    opened.close()


def explained(database, collection, selection, verbosity="queryPlanner"):
    """What MongoDB says about the very question that a page is made of."""
    where = condition(selection)
    if collection == "references":
        asked = {"aggregate": collection, "pipeline": through_references(where, selection), "cursor": {"batchSize": 26}}
    else:
        where |= {"voided": {"$ne": True}}
        asked = {"find": collection, "filter": where, "sort": {"stored": selection.direction}, "limit": 26}
    return database.command("explain", asked, verbosity=verbosity)


def stages(said):
    """Every stage of the plan, those of the pipeline too; versions of MongoDB differ in where they put them."""
    if isinstance(said, list):
        for inner in said:
            yield from stages(inner)
    elif isinstance(said, dict):
        for name, inner in said.items():
            if name not in {"command", "parsedQuery", "rejectedPlans"}:
                yield inner if name == "stage" else name
                yield from stages(inner)


def combinations():
    """None to four of the filters together; an agent is asked for in one way at a time, and so is an activity."""
    ways = {name: name.partition(" ")[0] for name in KEYS}
    for size in range(5):
        for named in itertools.combinations(KEYS, size):
            if len({ways[name] for name in named}) == size:
                yield named


def selections():
    """All filters with every span; without keys the references are never asked."""
    return [
        pytest.param(
            collection,
            named,
            span,
            ascending,
            bounds,
            id=f"{collection} {' + '.join(named)} {span} {'up' if ascending else ''} {name}",
        )
        for collection in ("statements", "references")
        for named in combinations()
        if named or collection == "statements"
        for span in SPANS
        for ascending in (False, True)
        for name, bounds in (("", ()), ("mine", MINE), ("launch", LAUNCH))
        # Bounds are further filters: with all combinations this would take half a minute.
        if not bounds or len(named) < (2 if bounds is LAUNCH else 3)
    ]


@pytest.mark.parametrize(("collection", "named", "span", "ascending", "bounds"), selections())
def test_every_filter_is_answered_from_an_index_in_its_order(filled, collection, named, span, ascending, bounds):
    selection = Selection(ORG, [KEYS[name] for name in named], bounds, ascending=ascending, **SPANS[span])
    found = set(stages(explained(filled, collection, selection)))
    assert not found & {"COLLSCAN", "SORT", "$sort"}, found
    assert "IXSCAN" in found


def test_what_refers_to_a_statement_is_found_by_its_id(filled):
    said = explained(filled, "references", Selection(ORG, [[b"a7"]]), "executionStats")
    assert "'_id_'" in str(said)


def test_what_lies_between_a_referrer_and_what_it_reaches_is_found_by_its_id(filled):
    said = explained(filled, "references", Selection(ORG, [[b"a7"]], MINE), "executionStats")
    [between] = [stage for stage in said["stages"] if stage.get("$lookup", {}).get("as") == "within"]
    assert between["collectionScans"] == 0
    assert between["indexesUsed"] == ["_id_"]


@pytest.mark.parametrize("voided", [False, True])
def test_a_statement_within_bounds_is_read_by_its_id(filled, voided):
    where = {"_id": ORG + (1).to_bytes(16), "org": {"$exists": True}, "voided": True if voided else {"$ne": True}}
    found = filled["statements"].find(where | having(LAUNCH)).explain()["executionStats"]
    assert found["totalDocsExamined"] <= 1
    assert found["totalKeysExamined"] <= 1


@pytest.mark.parametrize("bounds", [(), MINE, LAUNCH])
def test_the_newest_within_bounds_is_found_without_a_sort(filled, bounds):
    where = {"org": ORG} | having(bounds)
    plan = filled["statements"].find(where, {"stored": 1}).sort("stored", -1).limit(1).explain()
    assert not set(stages(plan["queryPlanner"])) & {"COLLSCAN", "SORT"}


def test_a_page_by_one_agent_reads_about_as_many_documents_as_it_returns(filled):
    where = condition(Selection(ORG, [[b"a7"]])) | {"voided": {"$ne": True}}
    cursor = filled["statements"].find(where).sort("stored", -1).limit(26)
    assert cursor.explain()["executionStats"]["totalDocsExamined"] <= 26


@pytest.mark.parametrize("ascending", [False, True])
@pytest.mark.parametrize(
    "groups",
    [
        [[b"v%d" % n for n in range(4)]],
        [[b"a%d" % n for n in range(50)] + [b"ra%d" % n for n in range(50)]],
        [[b"v1", b"v2"], [b"a%d" % n for n in range(50)] + [b"ra%d" % n for n in range(50)]],
        [[b"r%d" % n for n in range(50)], [b"o%d" % n for n in range(50)], [b"v0", b"v1"], [b"m1"]],
    ],
    ids=["verbs", "persons", "verbs and persons", "everything"],
)
def test_any_of_many_values_is_answered_from_an_index_in_its_order(filled, groups, ascending):
    for collection in ("statements", "references"):
        found = set(stages(explained(filled, collection, Selection(ORG, groups, ascending=ascending))))
        assert not found & {"COLLSCAN", "SORT", "$sort"}, found


ASKED = {
    "": {},
    "units": {"units": tuple(f"{26000 + n}@2025-07-01" for n in range(5))},
    "no unit": {"units": ("",)},
    "activity": {"activity": "https://hoc.example.vn/7"},
    "type": {"type": "course"},
    "state": {"state": "passed"},
    "kind": {"kind": "support"},
    "programmes": {"programmes": ("192", "193")},
    "group": {"group": "elderly"},
    "last": {"since": 1000, "until": 500_000},
    "ended": {"since": 1000, "until": 500_000, "dated": "ended"},
    "groups": {"whose": "groups"},
    "nobody": {"whose": "nobody"},
    "all": {"whose": "all"},
}


@pytest.mark.parametrize("names", [*itertools.combinations(ASKED, 1), *itertools.combinations(ASKED, 2)])
def test_records_come_from_an_index_in_their_order(filled, names):
    given = {name: value for each in names for name, value in ASKED[each].items()}
    for sort in ("learner", "last", "-last", "first"):
        for after in (None, RecordPosition(5_000, bytes(16))):
            for question in questions(Asked(org=ORG, sort=sort, **given), after, 100):
                found = set(stages(plan_of(filled, question)))
                assert not found & {"COLLSCAN", "SORT"}, found
                assert "IXSCAN" in found


@pytest.mark.parametrize("sort", ["learner", "last", "-last", "first"])
def test_of_one_learner_no_others_are_looked_at(filled, sort):
    asked = Asked(org=ORG, sort=sort, learners=(7,), state="passed")
    [question] = questions(asked, None, 100)
    executed = filled.command("explain", plan(question), verbosity="executionStats")["executionStats"]
    assert executed["totalKeysExamined"] <= 50
    assert "COLLSCAN" not in set(stages(executed))


@pytest.mark.parametrize("sort", ["learner", "last", "first"])
def test_what_is_not_asked_for_is_passed_over_in_the_index(filled, sort):
    asked = Asked(org=ORG, sort=sort, units=("26007@2025-07-01",), activity="https://hoc.example.vn/7")
    [question] = questions(asked, None, 1000)
    executed = filled.command("explain", plan(question), verbosity="executionStats")["executionStats"]
    assert executed["totalDocsExamined"] == executed["nReturned"] < 100


def plan(question):
    named = {"filter": "filter", "projection": "projection", "hint": "hint", "limit": "limit"}
    return {"find": "records", "sort": dict(question["sort"])} | {name: question[name] for name in named}


def plan_of(database, question):
    return database.command("explain", plan(question), verbosity="queryPlanner")


def test_of_one_activity_no_others_are_looked_at(filled):
    [question] = questions(Asked(org=ORG, activity="https://hoc.example.vn/7"), None, 1000)
    executed = filled.command("explain", plan(question), verbosity="executionStats")["executionStats"]
    assert 0 < executed["nReturned"] == executed["totalKeysExamined"]


@pytest.mark.parametrize("asked", [{"organisation": "H1"}, {"only": "H1"}, {"only": "H1", "state": "passed"}], ids=str)
def test_of_one_organisation_no_others_are_looked_at(filled, asked):
    seen = 0
    for after in (None, RecordPosition(5_000, bytes(16))):
        for question in questions(Asked(org=ORG, **asked), after, 1000):
            executed = filled.command("explain", plan(question), verbosity="executionStats")["executionStats"]
            assert executed["totalKeysExamined"] <= 250
            assert not {"COLLSCAN", "SORT"} & set(stages(executed))
            seen += executed["nReturned"]
    assert seen > 10

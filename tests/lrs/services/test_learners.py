"""Decisions about who is who: figures count one person, whatever is counted meanwhile, and a rebuild agrees."""

import json
import random
import threading
import uuid
from dataclasses import replace
from zoneinfo import ZoneInfo

import pytest

from lrs.errors import Forbidden, Unavailable
from lrs.followers.feed import Follower
from lrs.services import folding as module
from lrs.services.auth import principal_of
from lrs.services.folding import Folding
from lrs.services.learners import LearnerService, Wanted
from lrs.services.setup import first_credential
from lrs.store.rows import Row, document_id
from schemas.faults import Refused
from schemas.training.terms import BASE
from schemas.training.vocabulary import Vocabulary
from schemas.xapi.keys import is_voiding, statement_keys

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
ADL = "http://adlnet.gov/expapi/verbs"
MONTHS = ("07", "08", "09")


@pytest.fixture
def principal(store):
    key = first_credential(store, PEPPER).key
    credential = store.credentials.find(key)
    return principal_of(credential, store.organisations.of(credential.org))


@pytest.fixture
def org(principal):
    return principal.org


@pytest.fixture
def folding(store):
    return Folding(store, lambda code, _: f"{code}@2025-07-01", Vocabulary(), ZoneInfo("Asia/Ho_Chi_Minh"))


@pytest.fixture
def service(store, folding):
    return LearnerService(store, folding, PEPPER)


@pytest.fixture
def link(service, principal):
    """Take decisions: "an=binh" joins, "an!" splits off."""

    def take(*texts):
        return service.link(principal, [decision(text) for text in texts])

    return take


@pytest.fixture
def follow(store, org, folding):
    def run(batch=500):
        follower = Follower(store, "records", "worker", folding.fold, batch=batch)
        while follower.forward(org, 10**9):
            pass

    return run


@pytest.fixture
def put(store, org):
    stamps = iter(range(1, 10**6))

    def insert(*statements):
        rows = []
        for each in statements:
            refers = each["object"]["id"] if each["object"].get("objectType") == "StatementRef" else None
            rows.append(
                Row(
                    document_id(org, each["id"]),
                    org,
                    next(stamps),
                    json.dumps(each).encode(),
                    statement_keys(each, person("authority")),
                    refers=refers and document_id(org, refers),
                    voiding=is_voiding(each),
                )
            )
        for begin in range(0, len(rows), 200):
            store.statements.insert(rows[begin : begin + 200])

    return insert


@pytest.fixture
def rebuild(store, org, follow):
    """Make everything derived anew."""

    def run():
        store.records.clear(org)
        store.cells.clear(org)
        store.database["places"].delete_many({})
        follow(batch=700)

    return run


def person(name):
    return {"account": {"homePage": HOME, "name": name}}


def text(name):
    return f"account:{HOME} {name}"


def decision(short):
    one, _, other = short.partition("=")
    if short.endswith("!"):
        return Wanted("split", text(short[:-1]), "mistake")
    return Wanted("join", text(one), "roster", text(other))


def statement(who="an", activity="lop-1", *, unit="26209", month="08", verb="attended", **context):
    actor = who if isinstance(who, dict) else person(who)
    return {
        "id": str(uuid.uuid4()),
        "actor": actor,
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}", "definition": {"type": f"{BASE}/activity-types/community-class"}},
        "context": {"extensions": {f"{BASE}/extensions/admin-unit": {"code": unit, "asOf": "2025-08-01"}}} | context,
        "timestamp": f"2025-{month}-15T00:00:00Z",
    }


def voiding(target):
    return {
        "id": str(uuid.uuid4()),
        "actor": person("operator"),
        "verb": {"id": f"{ADL}/voided"},
        "object": {"objectType": "StatementRef", "id": target["id"]},
    }


def group(*names):
    return {"objectType": "Group", **person("to-5"), "member": [person(name) for name in names]}


def derived(store, org):
    return {
        name: sorted(store.database[name].find({"org": org}), key=lambda row: row["_id"])
        for name in ("records", "cells")
    }


def persons(store, org, family="coverage"):
    """Return how many people are in any cell."""
    found = set()
    for _, tally in store.cells.of(org, family):
        found |= set(tally.learners)
    return len(found)


def number(store, org, name):
    return store.learners.find(org, [text(name)])[text(name)]


def test_whoever_was_joined_is_counted_once_by_the_smaller_number(store, org, put, follow, link, rebuild):
    put(statement("an"), statement("tablet-7", month="09"), statement("chi"))
    follow()
    first = min(number(store, org, "an"), number(store, org, "tablet-7"))
    assert persons(store, org) == 3
    linked = link("tablet-7=an")
    assert linked.settled
    assert persons(store, org) == 2
    assert number(store, org, "an") == number(store, org, "tablet-7") == first
    grown = derived(store, org)
    assert {row["learner"] for row in grown["records"]} == {first, number(store, org, "chi")}
    rebuild()
    assert derived(store, org) == grown


def test_records_of_one_activity_become_one(store, org, put, follow, link):
    put(statement("an"), statement("tablet-7", verb="completed"))
    follow()
    link("an=tablet-7")
    [record] = derived(store, org)["records"]
    assert (record["state"], record["statements"]) == ("completed", 2)


def test_whoever_is_split_off_gets_a_number_that_nobody_had(store, org, put, follow, link, rebuild):
    put(statement("an"), statement("binh"), statement("binh", "lop-2"))
    follow()
    highest = max(number(store, org, "an"), number(store, org, "binh"))
    link("an=binh")
    link("binh!")
    assert number(store, org, "binh") > highest
    assert persons(store, org) == 2
    grown = derived(store, org)
    assert len(grown["records"]) == 3
    rebuild()
    assert derived(store, org) == grown


def test_a_person_stays_in_a_cell_that_another_identity_keeps_them_in(store, org, put, follow, link, rebuild):
    put(statement("an"), statement("binh"))
    follow()
    link("an=binh")
    link("an!")
    [(_, tally)] = store.cells.of(org, "coverage")
    assert set(tally.learners) == {number(store, org, "an"), number(store, org, "binh")}
    grown = derived(store, org)
    rebuild()
    assert derived(store, org) == grown


def test_members_of_groups_and_teams_are_joined_too(store, org, put, follow, link, rebuild):
    team = {"objectType": "Group", **person("doi-1"), "member": [person("an"), person("binh")]}
    put(statement(group("an", "binh")), statement("chi", team=team))
    follow()
    assert persons(store, org) == 3
    link("an=binh")
    assert persons(store, org) == 2
    [(_, tally)] = store.cells.of(org, "team")
    assert tally.members == {str(number(store, org, "an")): 1}
    grown = derived(store, org)
    rebuild()
    assert derived(store, org) == grown


def test_what_is_voided_or_not_yet_counted_is_not_counted_by_a_decision(store, org, put, follow, link, rebuild):
    gone, kept = statement("an"), statement("an", month="07")
    put(gone, kept, statement("binh"))
    follow()
    put(voiding(gone), statement("an", month="09"))
    link("an=binh")
    assert sum(tally.statements for _, tally in store.cells.of(org, "coverage")) == 3
    follow()
    assert {(cell.month, tally.statements) for cell, tally in store.cells.of(org, "coverage")} == {
        ("2025-07", 1),
        ("2025-08", 1),
        ("2025-09", 1),
    }
    grown = derived(store, org)
    rebuild()
    assert derived(store, org) == grown


def test_decisions_of_one_request_build_on_each_other(store, org, put, follow, link):
    put(*[statement(name) for name in ("an", "binh", "chi", "dung")])
    follow()
    linked = link("an=binh", "chi=dung", "binh=dung", "chi!", "an=binh")
    assert [each.kind for each in linked.decisions] == ["join", "join", "join", "split"]
    assert persons(store, org) == 2
    assert len({number(store, org, name) for name in ("an", "binh", "dung")}) == 1
    assert link("an=dung").decisions == []


def test_all_or_nothing_and_nobody_unknown(store, org, put, follow, link):
    put(statement("an"), statement("binh"))
    follow()
    with pytest.raises(Refused) as refused:
        link("an=binh", "an=nobody")
    assert [(fault.path, fault.rule) for fault in refused.value.faults] == [("links[1].other", "unknown")]
    assert persons(store, org) == 2


def test_a_statement_that_is_not_counted_yet_is_enough_to_be_known(store, org, put, follow, link):
    put(statement("an"), statement("binh"))
    link("an=binh")
    follow()
    assert persons(store, org) == 1


def test_a_learner_of_thousands_of_statements_moves_in_parts(store, org, put, follow, link, rebuild, monkeypatch):
    monkeypatch.setattr(module, "_TOGETHER", 300)
    rnd = random.Random(3)
    many = [statement("tablet-7", f"lop-{rnd.randrange(900)}", month=rnd.choice(MONTHS)) for _ in range(2500)]
    put(statement("an"), *many, statement("chi"))
    follow()
    assert link("an=tablet-7").settled
    assert persons(store, org) == 2
    grown = derived(store, org)
    rebuild()
    assert derived(store, org) == grown


def test_what_takes_too_long_is_tried_again_with_less(store, org, put, follow, link, folding, rebuild, monkeypatch):
    monkeypatch.setattr(module, "_TOGETHER", 64)
    put(statement("an"), *[statement("tablet-7", f"lop-{each}") for each in range(100)])
    follow()
    real, asked = store.statements.having_any, []

    def slow(*where, most):
        asked.append(most)
        if most > 16:
            raise Unavailable
        return real(*where, most=most)

    monkeypatch.setattr(store.statements, "having_any", slow)
    with pytest.raises(Unavailable):
        link("an=tablet-7")
    with pytest.raises(Unavailable):
        folding.settle(org)
    monkeypatch.setattr(store.statements, "having_any", real)
    assert folding.settle(org)
    assert asked == [64, 32]
    grown = derived(store, org)
    rebuild()
    assert derived(store, org) == grown


def test_what_one_has_left_half_done_is_done_before_anything_else_is_counted(
    store, org, put, follow, service, principal, rebuild, monkeypatch
):
    monkeypatch.setattr(module, "_TOGETHER", 50)
    monkeypatch.setattr("lrs.services.learners._PATIENCE", -1.0)
    put(statement("an"))
    follow()
    put(*[statement("tablet-7", f"lop-{each}") for each in range(200)])
    follow()
    linked = service.link(principal, [decision("an=tablet-7")])
    assert not linked.settled
    assert store.links.pending(org)
    put(statement("tablet-7", "lop-new"))
    follow()
    assert not store.links.pending(org)
    assert {row["learner"] for row in derived(store, org)["records"]} == {number(store, org, "an")}
    grown = derived(store, org)
    rebuild()
    assert derived(store, org) == grown


def test_counting_and_deciding_at_once_never_leave_half_of_somebody(store, org, put, folding, link, rebuild):
    rnd = random.Random(8)
    names = [f"p{each}" for each in range(12)]
    put(*[statement(name) for name in names])
    stop, failed = threading.Event(), []

    def fold():
        follower = Follower(store, "records", "worker", folding.fold, batch=25)
        try:
            while not stop.is_set() or follower.forward(org, 10**9):
                follower.forward(org, 10**9)
        except Exception as error:  # noqa: BLE001 - told below
            failed.append(error)

    counting = threading.Thread(target=fold)
    counting.start()
    try:
        for _ in range(25):
            put(*[statement(rnd.choice(names), f"lop-{rnd.randrange(5)}", month=rnd.choice(MONTHS)) for _ in range(40)])
            one, other = rnd.sample(names, 2)
            link(f"{one}!" if rnd.random() < 0.3 else f"{one}={other}")
    finally:
        stop.set()
        counting.join(60)
    assert failed == []
    assert not store.links.pending(org)
    current = set(store.learners.find(org, [text(name) for name in names]).values())
    grown = derived(store, org)
    assert {row["learner"] for row in grown["records"]} == current
    assert sum(row["statements"] for row in grown["records"]) == 12 + 25 * 40
    rebuild()
    assert derived(store, org) == grown


def test_decisions_are_kept_with_hashes_and_audited_with_numbers(store, org, put, follow, link, service, principal):
    put(statement("an"), statement("binh"))
    follow()
    kept_number, before = sorted((number(store, org, "an"), number(store, org, "binh")))
    [taken] = link("an=binh").decisions
    [kept] = service.decisions(principal, after="", most=10)
    assert kept == taken
    assert (kept.kind, kept.by, kept.numbers) == ("join", principal.credential, (before, kept_number))
    assert "an" not in repr(kept.hashes)
    [entry] = [each.record for each in store.audit.walk(org) if each.record.action == "learners.linked"]
    assert entry.details == {"joined": 1, "split": 0, "reasons": ["roster"], "numbers": [f"{before}-{kept_number}"]}


def test_who_may_do_what(service, principal):
    reader = replace(principal, scopes=frozenset({"records/read"}))
    with pytest.raises(Forbidden):
        service.link(reader, [decision("an=binh")])
    writer = replace(principal, scopes=frozenset({"imports/write"}))
    for read in (
        lambda: service.page(writer, after=0, most=1),
        lambda: service.get(writer, 1),
        lambda: service.known_by(writer, text("an")),
        lambda: service.decisions(writer, after="", most=1),
        lambda: service.matches(writer, unit=None, before=None, most=1),
    ):
        with pytest.raises(Forbidden):
            read()

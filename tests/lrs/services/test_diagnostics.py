import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from pymongo import MongoClient
from pymongo.errors import PyMongoError

from lrs.errors import Unavailable
from lrs.services.diagnostics import Diagnostics
from lrs.services.principals import Launch, Principal
from lrs.store import open_store
from lrs.store.diagnostics import MOST
from schemas.faults import Fault

CALLER = Principal(b"org-0001", "a-key", frozenset(), b"{}", {}, leniency=frozenset({"downgrade"}))
USE = {"downgrade": 1}


@pytest.fixture
def diagnostics(store):
    return Diagnostics(store.diagnostics)


def reasons(diagnostics, caller=CALLER):
    return [(reason.rule, met.count) for reason, met in diagnostics.report(caller).refusals]


def test_what_a_launch_was_refused_for_is_not_told_to_its_key(diagnostics):
    launched = replace(CALLER, launch=Launch({"mbox": "mailto:lan@hoc.example.vn"}, "https://hoc.example.vn/khoa"))
    diagnostics.refused(launched, 400, [Fault("actor", "launch", "")])
    diagnostics.used(launched, ["downgrade"])
    assert reasons(diagnostics) == []
    assert diagnostics.report(CALLER).leniency == {"downgrade": 0}


def test_what_several_processes_count_adds_up(store):
    processes = [Diagnostics(store.diagnostics) for _ in range(3)]
    for process in processes:
        process.refused(CALLER, 400, [Fault("actor.mbox", "mailto", "")])
        process.used(CALLER, ["downgrade", "downgrade"])
        process.stop()
    report = Diagnostics(store.diagnostics).report(CALLER)
    ((_, met),) = report.refusals
    assert met.count == 3
    assert met.first < met.last
    assert report.leniency == {"downgrade": 6}


def test_processes_that_begin_a_count_at_one_instant_both_add_to_it(store):
    with ThreadPoolExecutor(8) as pool:
        for number in range(20):
            for counted in [pool.submit(store.diagnostics.add, b"org-0001", f"{number}", {}, USE) for _ in range(8)]:
                counted.result()
            assert store.diagnostics.relaxations(b"org-0001", f"{number}") == {"downgrade": 8}


def test_nothing_is_lost_when_writing_fails_for_whatever_reason(store, diagnostics):
    store.database.command("collMod", "relaxations", validator={"name": {"$type": "int"}})
    diagnostics.used(CALLER, ["downgrade"])
    with pytest.raises(PyMongoError):
        diagnostics.report(CALLER)
    store.database.command("collMod", "relaxations", validator={})
    assert diagnostics.report(CALLER).leniency == {"downgrade": 1}


def test_a_granted_relaxation_is_told_before_its_first_use(diagnostics):
    assert diagnostics.report(CALLER).leniency == {"downgrade": 0}


def test_the_last_hundred_reasons_are_kept(diagnostics, store):
    for round_ in range(3):
        for number in range(MOST):
            diagnostics.refused(CALLER, 400, [Fault("", f"rule-{round_}-{number}", "")])
        assert len(reasons(diagnostics)) == MOST
    assert {rule for rule, _ in reasons(diagnostics)} == {f"rule-2-{number}" for number in range(MOST)}
    assert store.database["refusals"].count_documents({}) == MOST


def test_a_flood_between_two_writings_stays_small(diagnostics):
    for number in range(3 * MOST):
        diagnostics.refused(CALLER, 400, [Fault("", f"rule-{number}", "")])
    found = reasons(diagnostics)
    assert len(found) == MOST
    assert ("rule-299", 1) in found


def test_one_refusal_counts_a_reason_once(diagnostics):
    diagnostics.refused(CALLER, 400, [Fault(f"[{number}].actor.mbox", "mailto", "") for number in range(20)])
    assert reasons(diagnostics) == [("mailto", 1)]


def test_it_is_written_by_itself(diagnostics, store):
    diagnostics.start()
    diagnostics.refused(CALLER, 400, [Fault("", "json", "")])
    until = time.monotonic() + 10
    while not store.diagnostics.refusals(CALLER.org, CALLER.credential) and time.monotonic() < until:
        time.sleep(0.05)
    assert store.diagnostics.refusals(CALLER.org, CALLER.credential)
    diagnostics.stop()


def test_while_the_database_is_away_counting_goes_on_and_nothing_is_lost(store, database):
    away = open_store("mongodb://127.0.0.1:1/?directConnection=true", database, deadline=0.4)
    diagnostics = Diagnostics(away.diagnostics)
    diagnostics.refused(CALLER, 400, [Fault("", "json", "")])
    with pytest.raises(Unavailable):
        diagnostics.report(CALLER)
    diagnostics.refused(CALLER, 400, [Fault("", "json", "")])
    diagnostics.used(CALLER, ["downgrade"])
    diagnostics._rows = store.diagnostics
    assert reasons(diagnostics) == [("json", 2)]
    assert diagnostics.report(CALLER).leniency == {"downgrade": 1}
    away.close()


def test_both_lists_are_found_by_an_index(mongod, database, diagnostics):
    diagnostics.refused(CALLER, 400, [Fault("", "json", "")])
    diagnostics.report(CALLER)
    with MongoClient(mongod.uri) as client:
        mine = {"org": CALLER.org, "credential": CALLER.credential}
        for query in (
            client[database]["refusals"].find(mine).sort("last", -1),
            client[database]["relaxations"].find(mine),
        ):
            plan = str(query.explain()["queryPlanner"]["winningPlan"])
            assert "IXSCAN" in plan
            assert "SORT" not in plan.replace("'SORT_KEY", "")

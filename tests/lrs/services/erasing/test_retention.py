"""What is older than an organisation keeps it goes, and nothing else."""

import io
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from lrs.cli import main
from lrs.services.retention import Retention, months_ago
from lrs.store.policies import StoredPolicies
from schemas.api.audit import AuditQuery
from schemas.subjects.policies import Policies
from schemas.subjects.policies import Retention as Kept

PEPPER = "a pepper for tests, of 32 characters or more"
DAY = 86_400_000_000


@pytest.fixture
def now():
    return int(datetime.now(UTC).timestamp() * 1_000_000)


@pytest.fixture
def retention(store, world):
    return Retention(store, world.folding, "Asia/Ho_Chi_Minh", together=7)


@pytest.fixture
def keep(store, world):
    def put(**months):
        policies = StoredPolicies(1, Policies(retention=Kept(**months)).text(), 1)
        store.transact(lambda session: store.policies.put(world.org, policies, session))

    return put


def applied(world):
    found = world.store.audit.find(world.org, AuditQuery(action="retention.applied"))
    return [each.record.details for each in found]


def test_statements_go_with_their_records_and_figures(world, retention, keep, now, store):
    world.stamp = now - 400 * DAY
    old = [world.statement(activity=f"lop-{n % 3}") for n in range(20)]
    world.put(*old)
    world.stamp = now - 300 * DAY
    fresh = [world.statement(activity=f"lop-{n % 3}") for n in range(5)]
    world.put(*fresh)
    world.follow()
    keep(statements=12)
    while retention.go_on():
        pass
    assert world.stored().keys() == {each["id"] for each in fresh}
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown
    assert applied(world) == [{"statements": 20}]
    # Once a day, and what is sent again stays away.
    assert retention.go_on() == 0
    assert store.database["statements"].count_documents({"erased": {"$exists": True}}) == 20
    assert store.database["learners"].count_documents({}) == 1


def test_documents_attachments_and_refusals_go_each_by_its_own_age(world, retention, keep, now, store):
    for n, age in enumerate((100, 10)):
        moment = now - age * DAY
        rows = store.database
        rows["documents"].insert_one({"_id": world.org + bytes([n]) * 40, "org": world.org, "modified": moment})
        rows["refusals"].insert_one({"_id": world.org + bytes([n]) * 16, "org": world.org, "last": moment})
        file = store.attachments.keep(world.org, f"{n}" * 64, "text/plain", io.BytesIO(b"x"))
        came = {"metadata.touched": datetime.now(UTC) - timedelta(days=age)}
        rows["attachments.files"].update_one({"_id": file}, {"$set": came})
    keep(documents=3, refusals=2, attachments=1)
    assert {(each.kind, each.months, each.old) for each in retention.due(world.org)} == {
        ("documents", 3, 1),
        ("refusals", 2, 1),
        ("attachments", 1, 1),
    }
    while retention.go_on():
        pass
    assert applied(world) == [{"documents": 1, "refusals": 1, "attachments": 1}]
    for name in ("documents", "refusals", "attachments.files", "attachments.chunks"):
        assert store.database[name].count_documents({}) == 1, name


def test_an_organisation_in_which_nothing_can_be_removed_for_now_keeps_no_other_waiting(
    world, retention, keep, now, store
):
    """Each of them comes first once."""
    keep(statements=12)
    held = store.policies.all()[world.org]
    others = [(bytes([n]) * 8, f"records:{(bytes([n]) * 8).hex()}") for n in (0, 255)]
    for org, place in others:
        store.transact(lambda session, org=org: store.policies.put(org, held, session))
        store.places.take(place, "worker", lease=60.0)
        # Its records are about to be made anew.
        stale = {"$set": {"place": 1, "basis": "of another version"}}
        store.database["places"].update_one({"_id": place}, stale)
        told = world.statement()
        row = world.row(told)
        store.statements.insert([replace(row, id=org + row.id[8:], org=org, stored=now - 400 * DAY)])
    world.stamp = now - 400 * DAY
    mine = world.statement(who="binh")
    world.put(mine)
    while retention.go_on():
        pass
    assert mine["id"] not in world.stored()
    assert len(world.stored()) == 2
    for _, place in others:
        store.database["places"].update_one({"_id": place}, {"$set": {"basis": world.folding.basis()}})
    while retention.go_on():
        pass
    assert world.stored() == {}


def test_where_nothing_is_said_everything_stays(world, retention, keep, now):
    world.stamp = now - 4000 * DAY
    world.put(world.statement())
    assert retention.go_on() == 0
    keep()
    assert retention.go_on() == 0
    assert len(world.stored()) == 1
    assert applied(world) == []


def test_a_dry_run_tells_and_removes_nothing(world, keep, now, monkeypatch, capsys, mongod):
    world.stamp = now - 400 * DAY
    world.put(world.statement())
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", world.store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)
    monkeypatch.setenv("LC_ALL", "C")
    assert main(["admin", "retention", "show"]) == 0
    assert "everything is kept" in capsys.readouterr().out
    keep(statements=12)
    assert main(["admin", "retention", "show"]) == 0
    assert "statements are kept for 12 months; 1 are older" in capsys.readouterr().out
    assert len(world.stored()) == 1


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 3, 31), 1, "2026-02-27T17:00:00+00:00"),
        (date(2026, 1, 15), 1, "2025-12-14T17:00:00+00:00"),
        (date(2024, 2, 29), 12, "2023-02-27T17:00:00+00:00"),
        (date(2026, 12, 1), 24, "2024-11-30T17:00:00+00:00"),
    ],
)
def test_months_are_counted_by_the_calendar(day, months, expected):
    assert months_ago(day, months, ZoneInfo("Asia/Ho_Chi_Minh")).isoformat() == expected

"""`lrs admin demo`: from the stories to the figures."""

from collections import defaultdict
from zoneinfo import ZoneInfo

import pytest

from lrs.cli import main
from lrs.followers.records import records_follower
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential
from schemas.demo.events import Event, Voiding
from schemas.demo.generator import Demo
from schemas.registries.registries import Rows
from schemas.registries.targets import Target

PEPPER = "a pepper for tests, of 32 characters or more"
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
STATEMENTS, LEARNERS = 300, 400


@pytest.fixture
def run(monkeypatch, capsys, mongod, store):
    """Run the command as if nobody counted; return its exit code and what it said."""
    first_credential(store, PEPPER)
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)
    monkeypatch.setattr("lrs.demo_command._STANDSTILL", 0.0)

    def run(*options, statements=STATEMENTS, locale="C"):
        monkeypatch.setenv("LC_ALL", locale)
        code = main(["admin", "demo", "--statements", str(statements), "--learners", str(LEARNERS), *options])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def org(run, store):
    """Store the data set; tell the organisation."""
    assert run()[0] == 0
    return store.organisations.find("demo").org


@pytest.fixture
def folded(store, org):
    """Count all of it."""
    follower = records_follower(store, "worker", "Asia/Ho_Chi_Minh")
    while follower.forward(org, store.statements.newest(org)):
        pass
    return org


def told(statements=STATEMENTS):
    """Return what happened and was not taken back, by the stories alone."""
    demo = Demo(1, LEARNERS, statements)
    events = [event for chapter in demo.chapters for event in demo.events(chapter)]
    gone = {each.target for each in events if isinstance(each, Voiding)}
    return [each for each in events if isinstance(each, Event) and each.verb and each.id not in gone]


def test_everything_is_stored_once(run, store, org):
    assert store.database["statements"].count_documents({"org": org}) == STATEMENTS
    code, said = run()
    assert code == 0
    assert "All 300 statements are stored already." in said
    run(statements=STATEMENTS + 250)
    assert store.database["statements"].count_documents({"org": org}) == STATEMENTS + 250
    first = store.organisations.find("first").org
    assert store.database["statements"].count_documents({"org": first}) == 0


def test_the_figures_of_units_and_months_are_those_of_the_stories(store, folded):
    people, statements = defaultdict(set), defaultdict(int)
    for event in told():
        if event.headcount is None and event.form == "profile":
            # Where both sides must tell the end, one statement alone does not.
            verb = "progressed" if (event.type, event.verb) == ("internship", "completed") else event.verb
            where = event.unit.key, f"{event.at.astimezone(ZONE):%Y-%m}", verb
            people[where].add(event.person.account if event.person else event.group)
            statements[where] += 1
    counted, numbers = defaultdict(int), defaultdict(set)
    for cell, tally in store.cells.of(folded, "coverage"):
        if "unit" in cell.dims:
            where = cell.dims["unit"], cell.month, cell.dims["verb"]
            counted[where] += tally.statements
            numbers[where] |= set(tally.learners)
    assert dict(counted) == dict(statements)
    # A group that acts is nobody; the teams and offices of the stories name no members.
    groups = {event.group for event in told()}
    assert {where: len(found) for where, found in numbers.items() if found} == {
        where: len(found - groups) for where, found in people.items() if found - groups
    }


def test_head_counts_and_hours_are_those_of_the_stories(store, folded):
    heads = sum(tally.heads["total"] for _, tally in store.cells.of(folded, "reach"))
    assert heads == sum(sum(event.headcount.values()) for event in told() if event.headcount)
    hours = sum(tally.seconds for cell, tally in store.cells.of(folded, "coverage") if cell.dims["verb"] == "hosted")
    assert hours == sum(60 * event.minutes for event in told() if event.verb == "hosted" and event.minutes)


def test_a_key_reads_all_and_another_reports_only(store, org):
    scopes = {each.label: each.scopes for each in store.credentials.of(org)}
    assert scopes == {"demo": {"all", "records/read", "reports/read"}, "demo reports": {"reports/read"}}


def test_registries_and_targets_are_there_and_those_of_others_stay(run, store):
    first_credential(store, PEPPER)
    org = store.organisations.find("first").org
    registries = RegistryService(store, "Asia/Ho_Chi_Minh")
    assert run()[0] == 0
    mine = Target("192/KH-UBND:2025", "26209", 2025, "our own plan", "", 100, 50.0)

    def change(before):
        return Rows(targets=(mine, *(each for each in before.targets.targets if each.unit != "26209")))

    registries.load(org, "cli", "targets", change)
    assert run()[0] == 0
    known = RegistryService(store, "Asia/Ho_Chi_Minh").current()
    assert len(known.units) == 377
    assert known.targets.find("192", "26209@2025-07-01", 2025) == mine
    assert known.targets.find("192", "25195@2025-07-01", 2026).source == "lrs admin demo"


def test_it_says_where_to_look_in_both_languages(run):
    _, said = run()
    assert "/api/reports/coverage?programme=57&by=unit" in said
    assert "/api/records?limit=10" in said
    _, said = run(locale="vi_VN.UTF-8")
    assert "Một trang hồ sơ đào tạo" in said


def test_without_an_organisation_that_runs_the_server_it_says_what_to_do(run, store):
    store.database["organisations"].delete_many({})
    code, said = run()
    assert code == 1
    assert "lrs admin credential" in said

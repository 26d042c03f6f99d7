"""Training records made anew beside a worker, and what becomes of a rebuild that dies."""

import json
import random
import threading
import time
import uuid

import pytest

from lrs.cli import main
from lrs.followers import feed
from lrs.followers.feed import LeaseLost
from lrs.followers.rebuilding import Rebuild
from lrs.followers.records import records_follower
from lrs.services.auth import principal_of
from lrs.services.folding import folding_of
from lrs.services.learners import LearnerService, Wanted
from lrs.services.progress import RECORDS, Progress, place_of
from lrs.services.registries import RegistryService
from lrs.services.safetime import SafeTime, learn
from lrs.services.setup import first_credential
from lrs.store.rows import Row, document_id
from schemas.api.registries import rows_of
from schemas.training.organisations import account_of
from schemas.training.terms import BASE
from schemas.xapi.keys import statement_keys

ADL = "http://adlnet.gov/expapi/verbs"
HOME = "https://hoc.example.vn"
PEPPER = "a pepper for tests, of 32 characters or more"
ZONE = "Asia/Ho_Chi_Minh"


@pytest.fixture
def org(store):
    first_credential(store, PEPPER, "key", "secret")
    return store.organisations.orgs()[0]


@pytest.fixture
def name(org):
    return place_of(RECORDS, org)


@pytest.fixture
def put(store, org):
    """Store statements and promise that nothing comes before them any more."""
    stamps, process = iter(range(1, 10**6)), SafeTime(store.promises, linger=1, now=lambda: 0)

    def insert(*statements):
        rows = []
        for each in statements:
            target = each["object"]["id"] if each["object"].get("objectType") == "StatementRef" else None
            row = Row(document_id(org, each["id"]), org, next(stamps), json.dumps(each).encode(), [])
            row.keys = statement_keys(each, each["actor"])
            row.refers, row.voiding = target and document_id(org, target), target is not None
            rows.append(row)
        for begin in range(0, len(rows), 50):
            store.statements.insert(rows[begin : begin + 50])
        process._now = lambda: rows[-1].stored if rows else 0
        process.renew()

    return insert


def statement(verb="attended", who="an", activity="lop"):
    return {
        "id": str(uuid.uuid4()),
        "actor": {"account": {"homePage": HOME, "name": who}},
        "verb": {"id": f"{ADL}/{verb}"},
        "object": {"id": f"{HOME}/{activity}"},
        "timestamp": "2025-08-15T00:00:00Z",
    }


def voiding(target):
    return statement("voided") | {"object": {"objectType": "StatementRef", "id": target["id"]}}


def tell_sides(told, rnd):
    """Make it an internship with a host, which tells of it itself or not; or a survey."""
    host, kind = rnd.choice(["H1", "H2"]), rnd.choice(["internship", "internship", "follow-up-survey"])
    told["actor"] = {"account": {"homePage": HOME, "name": f"sv{rnd.randrange(4)}"}}
    told["context"] = {"extensions": {f"{BASE}/extensions/organisation": host}}
    told["object"]["definition"] = {"type": f"{BASE}/activity-types/{kind}"}
    told["authority"] = account_of(host, "key") if rnd.random() < 0.5 else {"mbox": "mailto:lrs@hoc.example.vn"}
    if kind == "follow-up-survey":
        told |= {"verb": {"id": f"{ADL}/responded"}, "result": {"response": "new-job"}}


@pytest.fixture
def many(put):
    """Statements of some people, some of them voided, some that count nowhere."""
    rnd = random.Random(6)
    verbs = ["attended", "completed", "passed", "failed", "somewhat"]
    told = [statement(rnd.choice(verbs), f"p{rnd.randrange(20)}", f"lop-{rnd.randrange(5)}") for _ in range(200)]
    for each in told:
        # All are of one instant, so their ids put them in order.
        each["id"] = str(uuid.UUID(int=rnd.getrandbits(128), version=4))
        if each["object"]["id"].endswith("lop-0"):
            tell_sides(each, rnd)
    told += [voiding(each) for each in rnd.sample(told, 20)]
    rnd.shuffle(told)
    put(*told)
    return told


@pytest.fixture
def worker(store, name):
    """Let a worker do all that it can, and then let go."""
    follower = records_follower(store, "worker", ZONE)

    def run():
        while follower.follow():
            pass
        store.places.release(name, "worker")

    return run


class Heard:
    """Hears how it goes; does something at a step."""

    def __init__(self, **at):
        self.at = at
        self.steps = []

    def _hear(self, step):
        self.steps.append(step)
        if step in self.at:
            self.at[step]()

    def waiting(self):
        self._hear("waiting")

    def clearing(self):
        self._hear("clearing")

    def folded(self, count, total):
        assert 0 <= count <= total
        self._hear("folding" if count else "clean")


def derived(store, org):
    found = {
        name: sorted(store.database[name].find({"org": org}), key=lambda row: row["_id"])
        for name in ("records", "cells", "reviews")
    }
    for row in found["reviews"]:
        del row["examples"]
    return found


@pytest.mark.usefixtures("many")
def test_a_rebuild_gives_the_same_bytes(store, org, worker):
    worker()
    before = derived(store, org)
    assert all(before.values())
    assert any("awaiting-confirmation" in each.get("flags", ()) for each in before["records"])
    assert any(each.get("two_sided") and each["state"] not in {"in-progress", "attended"} for each in before["records"])
    heard = Heard()
    assert Rebuild(store, ZONE, heard).run(org) == 220
    assert derived(store, org) == before
    assert [step for n, step in enumerate(heard.steps) if heard.steps[:n].count(step) == 0] == [
        "clearing",
        "clean",
        "folding",
    ]


@pytest.mark.usefixtures("many")
def test_what_was_damaged_is_sound_again(store, org, worker):
    worker()
    before = derived(store, org)
    store.database["cells"].update_many({}, {"$inc": {"statements": 7}})
    store.database["records"].delete_many({"activity": f"{HOME}/lop-1"})
    Rebuild(store, ZONE, Heard()).run(org)
    assert derived(store, org) == before


@pytest.mark.usefixtures("many")
def test_readers_see_that_it_is_under_way(store, org, worker, monkeypatch):
    monkeypatch.setattr("lrs.followers.records.BATCH", 50)
    worker()
    progress, seen = Progress(store, lambda: learn(store.promises)), []

    def look():
        seen.append(progress.of(org))

    assert progress.of(org) == (220, 0, False)
    Rebuild(store, ZONE, Heard(clean=look, folding=look)).run(org)
    assert seen[0] == (0, pytest.approx(219e-6), True)
    assert [reached.as_of for reached in seen] == sorted(reached.as_of for reached in seen)
    assert [reached.rebuilding for reached in seen[:-1]] == [True] * (len(seen) - 1)
    assert progress.of(org) == (220, 0, False)


def test_it_waits_for_a_busy_worker_which_lets_go_when_it_asks_again(store, org, name, many):
    assert many
    assert store.places.take(name, "busy", lease=60).place == 0
    heard = Heard()
    thread = threading.Thread(target=Rebuild(store, ZONE, heard).run, args=(org,))
    thread.start()
    until = time.monotonic() + 10
    while not heard.steps:
        assert time.monotonic() < until
        time.sleep(0.01)
    assert store.places.take(name, "busy", lease=60) is None
    thread.join(20)
    assert heard.steps[0] == "waiting"
    assert heard.steps[-1] == "folding"
    assert store.places.take(name, "busy", lease=60) is not None


@pytest.mark.usefixtures("many")
def test_an_idle_worker_lets_go_when_it_looks(store, org, name, monkeypatch):
    monkeypatch.setattr(feed, "_LOOK", 0)
    idle = records_follower(store, "idle", ZONE)
    while idle.follow():
        pass
    store.places.want(name, "other", lease=60)
    assert store.places.take(name, "other", lease=60) is None
    assert idle.follow() == 0
    assert store.places.take(name, "other", lease=60) is not None
    assert org


@pytest.mark.usefixtures("many")
@pytest.mark.parametrize("step", ["clearing", "clean", "folding"])
@pytest.mark.parametrize("killed", [False, True], ids=["stopped", "killed"])
def test_the_worker_goes_on_where_a_rebuild_ended(store, org, name, worker, monkeypatch, step, killed):
    monkeypatch.setattr("lrs.followers.records.BATCH", 50)
    monkeypatch.setattr(feed, "_LOOK", 0)
    worker()
    before = derived(store, org)

    def die():
        raise KeyboardInterrupt

    if killed:
        monkeypatch.setattr(store.places, "release", lambda *_: None)
    with pytest.raises(KeyboardInterrupt):
        Rebuild(store, ZONE, Heard(**{step: die})).run(org)
    if killed:
        assert store.places.take(name, "worker", lease=30) is None
        store.database["places"].update_many({}, [{"$set": {"until": "$$NOW", "wanted.until": "$$NOW"}}])
        time.sleep(0.01)
    worker()
    assert derived(store, org) == before
    assert store.places.find(name).unclean is False


@pytest.mark.usefixtures("many")
def test_who_lost_the_place_says_so(store, org, name):
    def overtaken():
        store.database["places"].update_many({"_id": name}, {"$set": {"worker": "other"}})

    with pytest.raises(LeaseLost):
        Rebuild(store, ZONE, Heard(clean=overtaken)).run(org)


def test_without_statements_there_is_nothing_left_and_nothing_to_do(store, org, put):
    put()
    store.database["records"].insert_one({"_id": org + bytes(16), "org": org})
    assert Rebuild(store, ZONE, Heard()).run(org) == 0
    assert derived(store, org)["records"] == []


@pytest.fixture
def command(monkeypatch, capsys, mongod, store):
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)

    def run(*arguments, locale="C"):
        monkeypatch.setenv("LC_ALL", locale)
        code = main(["admin", "rebuild", "records", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.mark.usefixtures("many", "org")
def test_the_command_tells_how_it_goes_in_both_languages(command):
    code, said = command()
    assert code == 0
    assert "first: 220 of 220 statements" in said
    assert "made anew from 220 statements" in said
    code, said = command("--organisation", "first", locale="vi_VN.UTF-8")
    assert code == 0
    assert "từ 220 statement" in said


@pytest.mark.usefixtures("org")
def test_an_organisation_that_does_not_exist_is_told(command):
    code, said = command("--organisation", "nobody")
    assert code == 1
    assert "nobody" in said


def placed(code, *statements):
    for each in statements:
        each["context"] = {"extensions": {f"{BASE}/extensions/admin-unit": {"code": code, "asOf": "2025-08-01"}}}


@pytest.fixture
def load(store, org):
    """Replace the registry of units by these codes."""

    def replace(*codes):
        units = [{"code": each, "valid_from": "2025-07-01", "kind": "commune", "name": each} for each in codes]
        rows = rows_of("units", {"units": units, "links": []})
        return RegistryService(store, ZONE).load(org, "cli", "units", lambda _: rows)

    return replace


def test_where_units_change_all_is_made_anew_whatever_is_voided_or_decided_meanwhile(store, org, put, name, load):
    told = [statement(who=f"p{n}") for n in range(4)]
    placed("77777", *told)
    put(*told)
    follower = records_follower(store, "worker", ZONE)
    while follower.follow():
        pass
    before, held = derived(store, org), store.places.find(name)
    assert load("77777").changed
    put(voiding(told[0]))
    principal = principal_of(store.credentials.find("key"), store.organisations.of(org))
    people = LearnerService(store, folding_of(store, RegistryService(store, ZONE), ZONE), PEPPER)
    who = [f"account:{HOME} p{n}" for n in range(4)]
    # This process knows the units already, and leaves what rests on those of before alone.
    assert not people.link(principal, [Wanted("join", who[1], "roster", who[2])]).settled
    follower = records_follower(store, "worker", ZONE)
    while follower.follow():
        pass
    after = derived(store, org)
    [(cell, tally)] = store.cells.of(org, "coverage")
    assert cell.dims["unit"] == "77777@2025-07-01"
    assert (tally.statements, len(tally.learners)) == (3, 2)
    assert after["reviews"] != before["reviews"]
    assert store.places.find(name).basis != held.basis
    Rebuild(store, ZONE, Heard()).run(org)
    assert derived(store, org) == after


def test_in_another_time_zone_all_is_made_anew(store, org, put, worker):
    put(statement() | {"timestamp": "2025-08-31T12:00:00Z"})
    worker()
    assert {each["month"] for each in derived(store, org)["cells"]} == {"2025-08"}
    follower = records_follower(store, "other", "Pacific/Kiritimati")
    while follower.follow():
        pass
    assert {each["month"] for each in derived(store, org)["cells"]} == {"2025-09"}


@pytest.mark.usefixtures("many")
def test_a_running_worker_sees_that_the_units_have_changed(store, org, name, load, monkeypatch):
    monkeypatch.setitem(RegistryService.__init__.__kwdefaults__, "fresh", 0)
    follower = records_follower(store, "worker", ZONE)
    while follower.follow():
        pass
    assert follower.follow() == 0
    load("77777")
    assert follower.follow() == 1
    assert store.places.find(name).unclean
    assert Progress(store, lambda: learn(store.promises)).of(org).rebuilding


@pytest.mark.usefixtures("many")
def test_what_an_older_version_has_made_is_made_anew(store, name, worker):
    worker()
    store.database["places"].update_one({"_id": name}, {"$unset": {"basis": ""}})
    follower = records_follower(store, "worker", ZONE)
    assert follower.follow() == 1
    assert store.places.find(name).unclean

from uuid import UUID

import pytest

from lrs.followers.feed import BATCH, Follower
from lrs.services.safetime import SafeTime
from lrs.services.setup import first_credential
from lrs.store.organisations import Organisation
from lrs.store.rows import Row


@pytest.fixture
def org(store):
    first_credential(store, "a pepper of thirty-two characters!", "key", "secret")
    return store.organisations.orgs()[0]


@pytest.fixture
def through(store):
    """Say through when everything is stored, as a server would."""
    process = SafeTime(store.promises, linger=1, now=lambda: 0)
    process.renew()

    def promise(instant):
        process._now = lambda: instant
        process.renew()

    return promise


def put(store, org, *stamps):
    rows = [Row(org + UUID(int=stamp).bytes, org, stamp, b"%d" % stamp, [b"k"]) for stamp in stamps]
    store.statements.insert(rows)


def test_a_follower_sees_every_statement_once_in_order_up_to_the_safe_time(store, org, through):
    seen = []
    follower = Follower(store, "figures", "worker", lambda _, batch, __: seen.extend(int(s.raw) for s in batch))
    put(store, org, 30, 10, 20)
    through(20)
    assert follower.follow() == 2
    assert follower.follow() == 0
    put(store, org, 25)
    through(40)
    follower.follow()
    assert seen == [10, 20, 25, 30]


def test_another_worker_goes_on_where_the_first_stopped(store, org, through):
    seen = []

    def effect(_, batch, __):
        seen.extend(int(s.raw) for s in batch)

    put(store, org, *range(1, BATCH + 11))
    through(BATCH + 10)
    Follower(store, "figures", "one", effect).follow()
    store.database["places"].update_many({}, [{"$set": {"until": "$$NOW"}}])
    Follower(store, "figures", "two", effect).follow()
    assert seen == list(range(1, BATCH + 11))


def test_two_workers_do_not_hold_one_place(store, org, through):
    put(store, org, 1, 2)
    through(2)
    held = store.places.take(f"figures:{org.hex()}", "one", lease=60)
    assert held.place == 0
    assert Follower(store, "figures", "two", lambda *_: pytest.fail("it is held")).follow() == 0


def test_what_failed_is_read_again(store, org, through):
    put(store, org, 1)
    through(1)

    def fail(*_):
        raise RuntimeError

    assert Follower(store, "figures", "worker", fail).follow() == 0
    assert store.aside.count(org) == 0
    assert Follower(store, "figures", "worker", lambda *_: None).follow() == 1


def test_what_fails_for_one_organisation_stops_no_other(store, org, through, caplog):
    other = b"\xff" * 8
    assert store.organisations.insert(Organisation("zz", other, "Z"))
    put(store, org, 1)
    put(store, other, 2)
    through(2)
    seen = []

    def effect(whose, batch, _):
        if whose == org:
            raise RuntimeError
        seen.extend(int(each.raw) for each in batch)

    assert Follower(store, "figures", "worker", effect).follow() == 1
    assert seen == [2]
    assert [each.organisation for each in caplog.records if hasattr(each, "organisation")] == ["first"]


@pytest.mark.parametrize("faulty", [[1], [40], [7, 8, 33]])
@pytest.mark.parametrize("where", ["prepare", "effect"])
def test_a_statement_that_nothing_can_be_done_with_is_set_aside(store, org, through, faulty, where):
    put(store, org, *range(1, 41))
    through(40)
    seen = []

    def fail(batch):
        if any(int(each.raw) in faulty for each in batch):
            raise OverflowError

    def prepare(batch):
        if where == "prepare":
            fail(batch)
        return batch

    def effect(_, batch, move):
        fail(batch)
        store.transact(move)
        seen.extend(int(each.raw) for each in batch)

    follower = Follower(store, "figures", "worker", effect, prepare=prepare, batch=15)
    while follower.follow():
        pass
    assert seen == [each for each in range(1, 41) if each not in faulty]
    assert [(each.stored, each.error) for each in store.aside.some(org, 9)] == [(n, "OverflowError") for n in faulty]
    assert store.aside.count(org) == len(faulty)

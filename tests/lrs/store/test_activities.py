import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from lrs.errors import Unavailable
from lrs.store import open_store

ORG = b"org-0001"
COURSE = "https://hoc.example.vn/courses/an-toan-so"


def test_many_writers_of_one_activity_all_get_through(store):
    def add(number):
        def change(old):
            return json.dumps([*json.loads(old or b"[]"), number]).encode()

        return store.activities.merge(ORG, COURSE, change)

    with ThreadPoolExecutor(30) as pool:
        assert all(pool.map(add, range(60)))
    assert sorted(json.loads(store.activities.definitions(ORG, [COURSE])[COURSE])) == list(range(60))


@pytest.mark.parametrize("change", [lambda old: old, lambda _: None])
def test_no_change_is_none(store, change):
    assert store.activities.merge(ORG, COURSE, lambda _: b"{}")
    assert not store.activities.merge(ORG, COURSE, change)
    assert store.activities.definitions(ORG, [COURSE]) == {COURSE: b"{}"}


def test_trying_again_ends_with_the_deadline(mongod, store, database):
    hasty = open_store(mongod.uri, database, deadline=0.3)

    def too_slow(_):
        store.activities.merge(ORG, COURSE, lambda old: (old or b"") + b" ")
        return b"{}"

    with pytest.raises(Unavailable):
        hasty.activities.merge(ORG, COURSE, too_slow)
    hasty.close()

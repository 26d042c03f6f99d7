"""What lies beside an organisation's documents stays what it is."""

import pytest

from lrs.store.aside import Aside

BEFORE, OWN, BEHIND = (bytes([place]) * 8 for place in (1, 2, 3))
REST = bytes(range(16))


@pytest.mark.parametrize("name", ["records", "cells", "reviews", "aside"])
def test_clearing_an_organisation_leaves_the_others(store, name):
    rows = store.database[name]
    rows.insert_many([{"_id": org + REST, "org": org} for org in (BEFORE, OWN, BEHIND)])
    door = getattr(store, name)
    assert store.transact(lambda session: door.clear_some(OWN, session))
    assert not store.transact(lambda session: door.clear_some(OWN, session))
    assert [row["org"] for row in rows.find().sort("_id", 1)] == [BEFORE, BEHIND]


def test_statements_set_aside_are_those_of_one_organisation(store):
    for org in (BEFORE, OWN, OWN[:7] + b"\xff"):
        each = Aside(org + REST, 1, "ValueError")
        store.transact(lambda session, org=org, each=each: store.aside.put(org, [each], session))
    assert store.aside.count(OWN) == 1
    assert [each.statement for each in store.aside.some(OWN, 10)] == [OWN + REST]


def test_forgetting_what_was_noted_leaves_the_notes_of_others(store):
    rows = store.database["changes"]
    places = [bytes(9) + b"\x01", bytes(9) + b"\x02"]
    rows.insert_many([{"_id": org + place} for org in (BEFORE, OWN, BEHIND) for place in places])
    store.changes.forget(OWN, places[0])
    left = [row["_id"] for row in rows.find().sort("_id", 1)]
    assert left == [BEFORE + places[0], BEFORE + places[1], OWN + places[1], BEHIND + places[0], BEHIND + places[1]]

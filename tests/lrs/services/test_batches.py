import json

import pytest

from lrs.errors import Forbidden, Unavailable
from lrs.services.batches import GROUP, BatchService, Candidate
from lrs.services.principals import Principal
from lrs.services.room import Room
from lrs.services.safetime import SafeTime
from schemas.xapi.statements import load_statement

AUTHORITY = {"account": {"homePage": "https://hoc.example.vn", "name": "a-key"}}
CALLER = Principal(b"org-0001", "a-key", frozenset({"all"}), json.dumps(AUTHORITY).encode(), AUTHORITY)


@pytest.fixture
def safetime(store):
    made = SafeTime(store.promises, linger=1)
    made.start()
    yield made
    made.stop()


@pytest.fixture
def rows():
    def make(*statements):
        return [Candidate(load_statement(each, "2.0.0"), json.dumps(each).encode()) for each in statements]

    return make


def test_every_row_is_settled_whatever_the_size_of_groups(store, safetime, rows, a_statement):
    service = BatchService(store, safetime, room=Room(None))
    for count in (0, 1, GROUP, 2 * GROUP + 1):
        batch = rows(*[a_statement() for _ in range(count)])
        assert [outcome.kind for outcome in service.store(CALLER, batch, "2.0.0")] == ["stored"] * count
        assert [outcome.kind for outcome in service.store(CALLER, batch, "2.0.0")] == ["duplicate"] * count
    assert store.database["statements"].count_documents({}) == 1 + GROUP + 2 * GROUP + 1


def test_while_the_store_is_away_every_row_gets_the_id_to_send_it_again_under(store, rows, a_statement):
    # A process that has not joined the others stores nothing.
    alone = BatchService(store, SafeTime(store.promises, linger=1), room=Room(None))
    batch = rows(a_statement(), a_statement(id=None))
    outcomes = alone.store(CALLER, batch, "2.0.0")
    assert [outcome.kind for outcome in outcomes] == ["unconfirmed", "unconfirmed"]
    assert outcomes[0].statement_id == batch[0].statement["id"]
    assert outcomes[1].statement_id


def test_without_room_or_right_nothing_is_begun(store, safetime, tmp_path, rows, a_statement):
    full = BatchService(store, safetime, room=Room(tmp_path, least=1 << 60))
    with pytest.raises(Unavailable):
        full.store(CALLER, rows(a_statement()), "2.0.0")
    reader = Principal(CALLER.org, "b-key", frozenset({"statements/read"}), b"{}", {})
    with pytest.raises(Forbidden):
        BatchService(store, safetime, room=Room(None)).store(reader, rows(a_statement()), "2.0.0")


def test_what_a_refused_row_calls_an_activity_is_not_learned(store, safetime, rows, a_statement):
    service = BatchService(store, safetime, room=Room(None))
    course = "https://hoc.example.vn/courses/an-toan-so"
    taken = a_statement()
    service.store(CALLER, rows(taken), "2.0.0")
    other = a_statement(id=taken["id"], actor={"mbox": "mailto:khac@hoc.example.vn"})
    other["object"] = {"id": course, "definition": {"name": {"vi": "Sai"}}}
    assert [each.kind for each in service.store(CALLER, rows(other), "2.0.0")] == ["refused"]
    assert store.activities.definitions(CALLER.org, [course]) == {}

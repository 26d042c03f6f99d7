"""What partners have of somebody, or have said, when the person is erased."""

import pytest

from lrs.store.dead_letters import Letter
from lrs.store.forwarded import Gone
from lrs.store.rows import document_id

FORWARD = "aa" * 8
AN = "account:https://hoc.example.vn an"


@pytest.fixture
def mentioned(world):
    """Another's statement that names the person."""
    told = world.statement(who="binh", instructor=world.person("an"))
    world.put(told, world.statement(who="an"))
    world.follow()
    return document_id(world.org, told["id"])


def test_a_statement_that_was_on_its_way_while_it_was_rewritten_is_called_back(world, mentioned):
    world.erasing.erase(world.org, [AN], "request-1", "key")
    world.store.forwarded.note(FORWARD, [Gone(mentioned, 1)], 1)
    assert world.erasing.go_on() == 1
    assert [each.statement for each in world.store.forwarded.recalled(FORWARD, 10)] == [mentioned]
    [erasure] = world.store.erasures.all()
    assert erasure.counts["recalls"] == 1
    # It is of no use any more, and is no statement that has gone.
    assert list(world.store.erasures.rewritten(erasure.id)) == []
    assert [len(went.statements) for went in world.store.erasures.went(erasure.id)] == [1]


def test_what_a_partner_said_of_a_rewritten_statement_goes(world, mentioned):
    world.store.dead_letters.put(FORWARD, [Letter(mentioned, 400, "an@hoc.example.vn is not known", 1)])
    assert world.erasing.erase(world.org, [AN], "request-1", "key").counts["letters"] == 1
    assert world.holding("an@hoc") == []

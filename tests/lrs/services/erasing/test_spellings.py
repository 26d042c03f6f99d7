"""All ways to write one mailbox or number are one person, wherever they stand."""

import hashlib
import time

import pytest

from lrs.services.erasing import Erasing
from lrs.services.erasing.people import Marks
from lrs.services.pseudonyms import pseudonyms_of
from schemas.training.persons import agent_of
from schemas.xapi.identity import identity

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
MBOX = "mailto:lan@hoc.example.vn"
SHA1 = f"sha1:{hashlib.sha1(MBOX.encode(), usedforsecurity=False).hexdigest()}"
NUMBER = f"account:{HOME} 075099000001"
CASES = [
    (MBOX, SHA1),
    (MBOX, "mailto:lan@HOC.example.vn"),
    (SHA1, MBOX),
    (NUMBER, f"account:{HOME} 0750 9900 0001"),
    (NUMBER, f"account:{HOME} 075.099.000.001"),
    (MBOX, "pseudonym"),
    ("pseudonym", MBOX),
    ("pseudonym", NUMBER),
]


@pytest.fixture(params=CASES, ids=lambda pair: f"{pair[0]} and {pair[1]}")
def pair(world, request):
    """Whom an erasure is asked for, and how else the person is written."""
    names = pseudonyms_of(PEPPER, world.org)
    asked, other = request.param
    if other == "pseudonym":
        other = names.of(asked)
    return (names.of(other) if asked == "pseudonym" else asked), other


def words(who):
    """What nothing must hold: the identity as it is stored, and as it is written."""
    return who.rpartition(" ")[2].removeprefix("sha1:").removeprefix("mailto:"), identity(agent_of(who))


def put_document(world, who):
    row = {"_id": world.org + b"x" * 16, "org": world.org, "agent": identity(agent_of(who)), "content": b"1"}
    world.store.database["documents"].insert_one(row)


def test_a_mention_and_a_document_under_another_spelling_go(world, pair):
    asked, other = pair
    mention = world.statement(who="binh", instructor=agent_of(other), activity="lop-2")
    world.put(world.statement(actor=agent_of(asked)), mention)
    put_document(world, other)
    world.follow()
    assert world.erasing.erase(world.org, [asked], "request-1", "key").finished
    assert world.holding(*words(other)) == []
    assert world.store.erasures.all()[0].counts["documents"] == 1
    assert [each["context"]["instructor"]["account"]["name"].isalpha() for each in world.stored().values()] == [True]


def test_statements_that_are_not_folded_yet_go(world, pair):
    asked, other = pair
    world.put(world.statement(actor=agent_of(asked)))
    world.follow()
    world.put(world.statement(actor=agent_of(other), activity="lop-9"))
    world.erasing.erase(world.org, [asked], "request-1", "key")
    world.follow()
    assert world.stored() == {}
    assert world.holding(*words(other)) == []


def test_what_came_meanwhile_under_another_spelling_goes_before_it_is_settled(world, pair):
    asked, other = pair
    world.put(world.statement(actor=agent_of(asked)))
    world.follow()
    assert world.erasing.erase(world.org, [asked], "request-1", "key").finished
    world.stamp = time.time_ns() // 1000
    world.put(world.statement(actor=agent_of(other)), world.statement(who="binh", instructor=agent_of(other)))
    world.follow()
    assert world.erasing.go_on() == 1
    assert world.holding(*words(other)) == []
    assert len(world.stored()) == 1
    assert world.store.erasures.unsettled() == []


def test_it_is_not_done_before_everybody_was_looked_at(world, monkeypatch):
    """Whoever goes on does so from where the other one has got to."""
    monkeypatch.setattr("lrs.services.erasing.tasks._STATEMENTS", 10)
    world.put(*(world.statement(who=f"sv-{n}") for n in range(40)))
    world.put(world.statement(who="binh", instructor=agent_of(MBOX)))
    world.follow()
    hurried = Erasing(world.store, world.folding, PEPPER, grace=0.0)
    assert not hurried.erase(world.org, [SHA1], "request-1", "key", 0.0).finished
    [left] = world.store.erasures.unsettled()
    assert (left.done, left.searched) == (None, 10)
    assert world.erasing.erase(world.org, [SHA1], "request-1", "key").finished
    assert world.holding(*words(MBOX)) == []


def test_who_can_be_written_in_one_way_only_is_found_by_keys_alone(world):
    marks = Marks(PEPPER, world.org)
    ways = {who: marks.are_told_by(who) for who in (MBOX, SHA1, NUMBER, f"account:{HOME} lan", f"openid:{HOME}/lan")}
    assert ways == {MBOX: True, SHA1: False, NUMBER: False, f"account:{HOME} lan": True, f"openid:{HOME}/lan": True}

"""What becomes of statements: those of the person go, and others name nobody."""

import io

import pytest

from lrs.followers.feed import Follower, Overtaken
from lrs.services.erasing import Erasing
from schemas.training.terms import ERASED

PEPPER = "a pepper for tests, of 32 characters or more"

AN = "account:https://hoc.example.vn an"


def names(found):
    """The names of accounts in a statement, wherever they stand, and whether they are of erased people."""
    if isinstance(found, dict):
        if "homePage" in found:
            yield "erased" if found["homePage"] == ERASED else found["name"]
        for value in found.values():
            yield from names(value)
    elif isinstance(found, list):
        for value in found:
            yield from names(value)


def test_what_the_person_did_goes_and_all_else_stays(world):
    mine, other = world.statement(), world.statement(who="binh")
    world.put(mine, other)
    world.follow()
    erased = world.erasing.erase(world.org, [AN], "request-1", "key")
    assert erased.counts["statements"] == 1
    assert erased.counts["records"] == 1
    assert world.stored().keys() == {other["id"]}
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown
    assert len(grown["records"]) == 1


GROUP = {"objectType": "Group", "member": [{"account": {"homePage": "https://hoc.example.vn", "name": "an"}}]}


@pytest.mark.parametrize(
    "changes",
    [
        {"instructor": {"account": {"homePage": "https://hoc.example.vn", "name": "an"}, "name": "Lê An"}},
        {"team": GROUP},
        {"contextAgents": [{"objectType": "contextAgent", "agent": GROUP["member"][0]}]},
        {"contextGroups": [{"objectType": "contextGroup", "group": GROUP}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_others_name_an_account_that_stands_for_nobody(world, changes):
    told = world.statement(who="binh", **changes)
    world.put(told)
    world.follow()
    erased = world.erasing.erase(world.org, [AN], "request-1", "key")
    assert erased.counts["mentions"] == 1
    found = world.stored()[told["id"]]
    assert sorted(names(found)) == ["authority", "binh", "erased"]
    assert world.holding("Lê An", '"an"') == []
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown


def test_what_the_person_voided_of_others_stays_voided(world):
    other, mine = world.statement(who="binh"), world.statement()
    voidings = [world.refers("voided", other, "an"), world.refers("voided", mine, "an")]
    world.put(other, mine, *voidings)
    world.follow()
    world.erasing.erase(world.org, [AN], "request-1", "key")
    stored = world.stored()
    assert stored.keys() == {other["id"], voidings[0]["id"]}
    assert list(names(stored[voidings[0]["id"]]["actor"])) == ["erased"]
    assert world.store.database["statements"].count_documents({"voided": True}) == 1
    world.follow()
    assert world.derived()["records"] == []


def test_what_others_voided_of_the_person_is_gone_all_the_same(world):
    mine = world.statement()
    voiding = world.refers("voided", mine)
    world.put(voiding, mine)
    world.follow()
    world.erasing.erase(world.org, [AN], "request-1", "key")
    assert world.stored().keys() == {voiding["id"]}
    world.rebuild()


def test_who_refers_to_what_was_erased_refers_to_nothing(world):
    mine, named = world.statement(), world.statement(who="binh", instructor=world.person("an"))
    first, second = world.refers("responded", mine), world.refers("responded", named)
    world.put(mine, named, first, second)
    world.put(world.refers("responded", first))
    rows = world.store.database["references"]
    assert rows.count_documents({}) == 4
    world.erasing.erase(world.org, [AN], "request-1", "key")
    keys = {row["_id"]: row["keys"] for row in world.store.database["statements"].find({"org": world.org})}
    assert {row["_id"]: row["keys"] for row in rows.find()} == {
        row["_id"]: keys[row["_id"][24:]] for row in rows.find()
    }
    assert rows.count_documents({}) == 2


def test_a_group_of_which_only_the_person_is_named_goes_and_others_stay(world):
    alone = world.statement(actor=GROUP)
    both = world.statement(actor={"objectType": "Group", "member": [*GROUP["member"], world.person("binh")]})
    world.put(alone, both)
    world.follow()
    world.erasing.erase(world.org, [AN], "request-1", "key")
    assert sorted(names(world.stored()[both["id"]])) == ["authority", "binh", "erased"]
    assert len(world.stored()) == 1
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown


def test_sub_statements_objects_and_authorities_name_nobody_either(world):
    inner = {
        "objectType": "SubStatement",
        "actor": world.person("an"),
        "verb": {"id": "http://adlnet.gov/expapi/verbs/attended"},
        "object": {"objectType": "Agent"} | world.person("an"),
        "context": {"instructor": world.person("an")},
    }
    told = [
        world.statement(who="binh") | {"object": inner},
        world.statement(who="binh") | {"object": {"objectType": "Agent"} | world.person("an")},
        world.statement(who="binh") | {"authority": world.person("an")},
    ]
    world.put(*told)
    counts = world.erasing.erase(world.org, [AN], "request-1", "key").counts
    assert counts["mentions"] == 3
    assert "an" not in set(names(list(world.stored().values())))


def test_attachments_that_nobody_else_names_are_deleted(world):
    keep = world.store.attachments.keep
    mine, shared = (keep(world.org, each * 64, "text/plain", io.BytesIO(each.encode() * 400_000)) for each in "ab")
    world.put(world.statement(), files=[mine, shared])
    world.put(world.statement(who="binh"), files=[shared])
    counts = world.erasing.erase(world.org, [AN], "request-1", "key").counts
    assert counts["attachments"] == 1
    assert [row["_id"] for row in world.store.database["attachments.files"].find()] == [shared]
    assert set(world.store.database["attachments.chunks"].distinct("files_id")) == {shared}


def test_an_attachment_that_somebody_has_just_asked_for_stays_until_it_is_known_whether_it_is_named(store, world):
    file = store.attachments.keep(world.org, "a" * 64, "text/plain", io.BytesIO(b"a"))
    world.put(world.statement(), files=[file])
    slow = Erasing(store, world.folding, PEPPER, grace=60.0)
    slow.erase(world.org, [AN], "request-1", "key")
    assert store.database["attachments.files"].count_documents({}) == 1
    # Another one names it.
    assert store.attachments.keep(world.org, "a" * 64, "text/plain", io.BytesIO(b"a")) == file
    world.put(world.statement(who="binh"), files=[file])
    assert store.attachments.sweep_left(world.org, older=0.0) == 0
    assert b"".join(store.attachments.read(file)) == b"a"


def test_a_signature_is_taken_off_what_cannot_keep_it(world):
    signed = world.store.attachments.keep(world.org, "c" * 64, "application/octet-stream", io.BytesIO(b"jws"))
    told = world.statement(who="binh", instructor=world.person("an"))
    told["attachments"] = [
        {"usageType": "http://adlnet.gov/expapi/attachments/signature", "sha2": "c" * 64},
        {"usageType": "https://hoc.example.vn/photo", "sha2": "d" * 64, "fileUrl": "https://hoc.example.vn/photo"},
    ]
    world.put(told, files=[signed])
    world.erasing.erase(world.org, [AN], "request-1", "key")
    [found] = world.stored().values()
    assert [each["sha2"] for each in found["attachments"]] == ["d" * 64]
    assert world.store.database["attachments.files"].count_documents({}) == 0


def test_what_is_known_of_an_activity_goes_with_its_last_statement(world):
    mine, other = world.statement(activity="an's own"), world.statement(who="binh", activity="lop-1")
    for each in (mine, other, world.statement(activity="lop-1")):
        world.put(each)
        world.store.activities.merge(world.org, each["object"]["id"], lambda _: b"{}")
    assert world.erasing.erase(world.org, [AN], "request-1", "key").counts["activities"] == 1
    assert [row["activity"] for row in world.store.database["activities"].find()] == [other["object"]["id"]]


def test_a_worker_that_has_read_it_already_reads_again(world):
    """Else it would count statements that are gone, and know the person anew."""
    mine = [world.statement(activity=f"lop-{n}") for n in range(6)]
    world.put(*mine, *(world.statement(who="binh") for _ in range(4)))
    erased = []

    def count(org, reading, move):
        if not erased:
            erased.append(world.erasing.erase(org, [AN], "request-1", "key"))
        world.folding.count(org, reading, move)

    follower = Follower(world.store, "records", "worker", count, prepare=world.folding.read, batch=4)
    with pytest.raises(Overtaken):
        follower.forward(world.org, 10**9)
    while follower.forward(world.org, 10**9):
        pass
    assert world.erasing.go_on() == 1
    learners = {row["identity"] for row in world.store.database["learners"].find()}
    assert learners == {"account:https://hoc.example.vn binh"}
    assert len(world.derived()["records"]) == 1


@pytest.mark.parametrize("all_of_it", [True, False])
def test_records_that_are_made_anew_come_to_an_end_though_the_last_statements_are_gone(world, all_of_it):
    world.put(*([] if all_of_it else [world.statement(who="binh")]), world.statement())
    world.follow()
    world.erasing.erase(world.org, [AN], "request-1", "key")
    world.rebuild()
    assert not world.store.places.find(f"records:{world.org.hex()}").rebuilding

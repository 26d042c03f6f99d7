"""The journal, and what else than statements goes."""

import hashlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from lrs.services.erasing import Erasing
from lrs.services.erasing.people import ErasedPeople, Marks, hashes_of
from lrs.services.learners import LearnerService, Wanted
from lrs.services.pseudonyms import pseudonyms_of
from lrs.services.seals import Seals
from lrs.services.verification import Verifier
from lrs.store.consents import subject
from lrs.store.documents import Document
from schemas.api.audit import AuditQuery
from schemas.training.terms import ERASED
from schemas.xapi.conditions import UNCONDITIONAL
from schemas.xapi.identity import identity
from schemas.xapi.resource_queries import DocumentQuery

PEPPER = "a pepper for tests, of 32 characters or more"
HOME = "https://hoc.example.vn"
AN = f"account:{HOME} an"
MBOX = "mailto:Lan@hoc.example.vn"


def audited(world):
    query = AuditQuery(ascending=True)
    return [
        (link.record.action, link.record.target, link.record.details)
        for link in world.store.audit.find(world.org, query)
    ]


def put_state(world, agent, name="tro"):
    query = DocumentQuery(kind="state", activity=f"{HOME}/lop-1", agent=agent, name=name)
    world.store.documents.put(world.org, query, Document(b'"an"', "application/json", '"e"', 1), UNCONDITIONAL)


def test_documents_consents_and_the_learner_go(world):
    world.put(world.statement(), world.statement(who="binh"))
    world.follow()
    for n in range(120):
        put_state(world, AN, f"tro-{n}")
    put_state(world, f"account:{HOME} binh")
    rows = world.store.database["consents"]
    rows.insert_many(
        [
            {"_id": world.org + bytes([n]), "who": subject(world.org, who), "mark": bytes([n])}
            for n, who in enumerate((AN, "x"))
        ]
    )
    counts = world.erasing.erase(world.org, [AN], "request-1", "key").counts
    assert (counts["documents"], counts["consents"], counts["learners"]) == (120, 1, 1)
    assert [row["agent"] for row in world.store.database["documents"].find()] == [f"account:{HOME} binh"]
    assert [row["identity"] for row in world.store.database["learners"].find()] == [f"account:{HOME} binh"]
    assert rows.count_documents({}) == 1


def test_what_was_joined_with_the_person_is_the_person(world):
    world.put(world.statement(), world.statement(who="lan"), world.statement(who="binh"))
    world.follow()
    people = LearnerService(world.store, world.folding, PEPPER)
    people.link(world.principal, [Wanted("join", AN, "roster", f"account:{HOME} lan")])
    counts = world.erasing.erase(world.org, [AN], "request-1", "key").counts
    assert (counts["statements"], counts["links"], counts["learners"]) == (2, 1, 2)
    assert world.holding("lan") == []


def test_a_mailbox_that_is_known_by_its_hash_alone_is_found(world):
    sha1 = hashlib.sha1(MBOX.encode(), usedforsecurity=False).hexdigest()
    told = [world.statement(actor={"mbox": MBOX}), world.statement(actor={"mbox_sha1sum": sha1})]
    world.put(*told, world.statement(who="binh", instructor={"mbox": "mailto:Lan@HOC.example.vn"}))
    world.follow()
    counts = world.erasing.erase(world.org, [f"sha1:{sha1}"], "request-1", "key").counts
    assert (counts["statements"], counts["mentions"], counts["learners"]) == (2, 1, 2)
    assert world.holding("Lan@hoc", sha1) == []


def test_a_mailbox_that_was_hashed_as_it_was_spelled_is_found(world):
    spelled = MBOX.replace("hoc", "HOC")
    sha1 = hashlib.sha1(spelled.encode(), usedforsecurity=False).hexdigest()
    world.put(world.statement(actor={"mbox": spelled}), world.statement(actor={"mbox_sha1sum": sha1}))
    world.follow()
    counts = world.erasing.erase(world.org, [MBOX], "request-1", "key").counts
    assert (counts["statements"], counts["learners"]) == (2, 2)
    assert world.holding("Lan@hoc", sha1) == []


def test_who_is_stored_under_a_pseudonym_is_found_and_known_later(world):
    hidden = pseudonyms_of(PEPPER, world.org).agent({"mbox": MBOX})
    world.put(world.statement(actor=hidden), world.statement(who="binh", instructor=hidden))
    world.follow()
    counts = world.erasing.erase(world.org, [MBOX], "request-1", "key").counts
    assert (counts["statements"], counts["mentions"], counts["learners"]) == (1, 1, 1)
    assert world.holding(hidden["account"]["name"]) == []
    told = world.statement(actor=hidden)
    admitted, text = ErasedPeople(world.store, PEPPER).admit(world.org, told, json.dumps(told).encode())
    assert admitted["actor"]["account"]["homePage"] == ERASED
    assert hidden["account"]["name"].encode() not in text


def test_the_journal_names_nobody_and_the_audit_has_the_counts(world):
    world.put(world.statement(actor={"mbox": MBOX}))
    first = world.erasing.erase(world.org, [MBOX], "request-1", "key")
    # The same again is done already.
    assert world.erasing.erase(world.org, [MBOX], "request-1", "key") == first
    assert world.holding("Lan@hoc", "an@hoc") == []
    [row] = world.store.database["erasures"].find()
    assert row["sealed"]
    assert world.erasing.go_on() == 1
    [row] = world.store.database["erasures"].find()
    assert row.keys() == {"_id", "request", "by", "begun", "changed", "hashes", "counts", "done", "settled"}
    assert len(row["hashes"][0]) == 32
    assert world.erasing.go_on() == 0
    begun, completed = [each for each in audited(world) if each[0].startswith("erasure.")]
    assert begun == ("erasure.begun", "request-1", {"identities": 1})
    assert completed == ("erasure.completed", "request-1", {"statements": 1})
    assert Verifier(world.store.audit).verify(world.org, (), lambda _: None).sound


def test_what_was_on_its_way_goes_when_it_is_settled(world):
    late = world.statement()
    world.erasing.erase(world.org, [AN], "request-1", "key")
    world.put(late)
    world.follow()
    assert world.erasing.go_on() == 1
    assert world.stored() == {}
    assert [each[2] for each in audited(world) if each[0] == "erasure.completed"] == [
        {},
        {"statements": 1, "records": 1, "learners": 1},
    ]


@pytest.mark.parametrize("broken", ["of another pepper", "no list of identities"])
def test_an_erasure_that_cannot_go_on_keeps_no_other_waiting(world, broken, later):
    """Each of them comes first once; it is tried again after a while."""
    told = [world.statement(who=who) for who in ("an", "binh", "chi")]
    world.put(*told)
    world.follow()
    marks = Marks(PEPPER, world.org)
    begun = []
    for each in told:
        who = identity(each["actor"])
        erasure = world.erasing.begin(world.org, [who], f"of {who}", "key", hashes=hashes_of(marks, [who]))
        begun.append(erasure)
    rows = world.store.database["erasures"]
    for each in (begun[0], begun[2]):
        seals = Seals(PEPPER if broken == "no list of identities" else "another", "erasures")
        rows.update_one({"_id": each.id}, {"$set": {"sealed": seals.seal(broken.encode(), each.id.hex())}})
    assert world.erasing.go_on() == 1
    assert world.stored().keys() == {told[0]["id"], told[2]["id"]}
    assert world.erasing.go_on() == 1  # it is settled, and the others are left for a while
    for each in (begun[0], begun[2]):
        rows.update_one({"_id": each.id}, {"$set": {"sealed": each.sealed}})
    assert world.erasing.go_on() == 0
    later(3)
    assert world.erasing.go_on() == 2
    assert world.stored() == {}


def test_not_before_nothing_can_be_on_its_way(store, world):
    slow = Erasing(store, world.folding, PEPPER, grace=60.0)
    slow.erase(world.org, [AN], "request-1", "key")
    assert slow.go_on() == 0


def test_who_has_no_time_leaves_the_rest_to_the_worker(store, world):
    world.put(*(world.statement(activity=f"lop-{n}") for n in range(20)))
    world.follow()
    hurried = Erasing(store, world.folding, PEPPER, together=5)
    erased = hurried.erase(world.org, [AN], "request-1", "key", 0.0)
    assert not erased.finished
    assert erased.counts["statements"] == 5
    assert world.erasing.go_on() == 1
    assert store.erasures.all()[0].counts["statements"] == 20
    assert world.erasing.erase(world.org, [AN], "request-1", "key", 0.0).finished


KILLED = """
    import sys, uuid
    sys.path.insert(0, {root!r})
    from zoneinfo import ZoneInfo
    from lrs.services.audit import sealed_with
    from lrs.services.erasing import Erasing
    from lrs.services.folding import Folding
    from lrs.store import open_store
    from schemas.training.vocabulary import Vocabulary

    store = open_store({uri!r}, {database!r}, seal=sealed_with({pepper!r}))
    folding = Folding(store, lambda code, _: f"{{code}}@2025-07-01", Vocabulary(), ZoneInfo("Asia/Ho_Chi_Minh"))
    print("ready", flush=True)
    Erasing(store, folding, {pepper!r}, together=10).erase(bytes.fromhex({org!r}), [{who!r}], "request-1", "key")
    print("done", flush=True)
"""


@pytest.mark.parametrize("patience", [0.15, 0.4])
def test_killed_in_the_middle_and_gone_on_with_it_is_the_same(world, mongod, patience, request):
    told = [world.statement(activity=f"lop-{n % 40}", instructor=world.person("an")) for n in range(200)]
    others = [world.statement(who="binh", activity=f"lop-{n % 40}", instructor=world.person("an")) for n in range(100)]
    world.put(*told, *others)
    world.follow()
    put_state(world, AN)
    text = textwrap.dedent(KILLED).format(
        root=str(request.config.rootpath),
        uri=mongod.uri,
        database=world.store.database.name,
        pepper=PEPPER,
        org=world.org.hex(),
        who=AN,
    )
    process = subprocess.Popen([sys.executable, "-c", text], stdout=subprocess.PIPE)
    assert process.stdout.readline() == b"ready\n"
    until = time.monotonic() + 30
    while not world.store.erasures.all() and time.monotonic() < until:
        time.sleep(0.01)
    time.sleep(patience)
    os.kill(process.pid, signal.SIGKILL)
    process.wait(10)
    process.stdout.close()
    [left] = world.store.erasures.all()
    assert left.done is None
    assert world.erasing.go_on() == 1
    [done] = world.store.erasures.all()
    assert {kind: done.counts[kind] for kind in ("statements", "mentions", "documents", "records", "learners")} == {
        "statements": 200,
        "mentions": 100,
        "documents": 1,
        "records": 40,
        "learners": 1,
    }
    assert sum(len(went.statements) for went in world.store.erasures.went(done.id)) == 200
    assert world.holding('"an"', "hoc.example.vn an") == []
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown


def test_there_is_nothing_of_the_person_in_any_collection_after_thousand_statements(world):
    """A mailbox, its SHA-1, an account, a number, a name: in documents and files, mentions and letters."""
    sha1 = hashlib.sha1(MBOX.encode(), usedforsecurity=False).hexdigest()
    people = [
        {"mbox": MBOX, "name": "Nguyễn Thị Seeded"},
        {"mbox_sha1sum": sha1},
        world.person("sv-99120012"),
        {"account": {"homePage": HOME, "name": "999201000123"}},
    ]
    told = [
        world.statement(["attended", "passed"][n % 2], actor=people[n % 4], activity=f"lop-{n % 50}", month=n % 12 + 1)
        for n in range(1000)
    ]
    others = [world.statement(who=f"p{n}", activity=f"lop-{n % 50}", instructor=people[n % 4]) for n in range(100)] + [
        world.statement(actor={"objectType": "Group", "member": [people[n % 4], world.person("binh")]})
        for n in range(100)
    ]
    world.put(*told, *others)
    world.follow()
    before = {
        "mbox": MBOX,
        "sha1": f"sha1:{sha1}",
        "sv": f"account:{HOME} sv-99120012",
        "so": f"account:{HOME} 999201000123",
    }
    for who in before.values():
        put_state(world, who)
    words = ("Lan@hoc", sha1, "sv-99120012", "999201000123", "Seeded")
    assert world.holding(*words) == ["cells", "documents", "learners", "statements"]
    erased = world.erasing.erase(world.org, list(before.values()), "request-1", "key")
    assert erased.counts["statements"] == 1000
    assert erased.counts["mentions"] == 200
    assert world.holding(*words) == []
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown
    assert Verifier(world.store.audit).verify(world.org, (), lambda _: None).sound

"""The journal outside of the database, and a restore from a backup that lacks the newest of it."""

import json

import pytest

from lrs.cli import main
from lrs.followers.records import records_follower
from lrs.services.erasing import Erasing
from lrs.services.erasing.files import JournalFile, lines_in
from lrs.services.folding import folding_of
from lrs.services.registries import RegistryService

PEPPER = "a pepper for tests, of 32 characters or more"
ZONE = "Asia/Ho_Chi_Minh"
HOME = "https://hoc.example.vn"
AN, LAN = f"account:{HOME} an", "mailto:lan@hoc.example.vn"


@pytest.fixture
def run(monkeypatch, capsys, mongod, store):
    """Run `lrs admin`; return its exit code and what it said."""
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)
    monkeypatch.setenv("LC_ALL", "C")

    def command(*arguments):
        code = main(["admin", *map(str, arguments)])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


def backup(store):
    return {name: list(store.database[name].find()) for name in store.database.list_collection_names()}


def restore(store, saved):
    for name in store.database.list_collection_names():
        store.database[name].delete_many({})
        if saved.get(name):
            store.database[name].insert_many(saved[name])


def test_what_was_erased_since_the_backup_is_erased_again(world, tmp_path, run):
    mine, hers = world.statement(), world.statement(actor={"mbox": "mailto:lan@hoc.example.vn", "name": "Lan"})
    named = world.statement(who="binh", instructor={"mbox": "mailto:lan@hoc.example.vn"})
    world.put(mine, hers, named)
    world.follow()
    world.store.places.release(f"records:{world.org.hex()}", "worker")
    saved = backup(world.store)
    later = world.statement(actor={"mbox": "mailto:lan@hoc.example.vn"})
    world.put(later)
    world.erasing.erase(world.org, [AN], "request-1", "key")
    world.erasing.erase(world.org, [LAN], "request-2", "member:1")
    world.erasing.go_on()
    file = tmp_path / "erasures.jsonl"
    assert run("erasures", "export", file) == (0, f"Appended 4 lines of the journal of erasures to {file}.\n")
    assert "lan@" not in file.read_text()
    after = world.stored()

    restore(world.store, saved)
    assert world.stored().keys() == {mine["id"], hers["id"], named["id"]}
    code, said = run("erasures", "replay", file)
    assert code == 0, said
    assert "2 erasures in the file; there was something left of 2 of them, and 2 statements went" in said
    assert world.stored() == after
    # Records of a backup may be of another version: the worker makes them anew, and until then it is not done.
    assert [each.done for each in world.store.erasures.all()] == [None, None]
    real = records_follower(world.store, "real", ZONE)
    while real.forward(world.org, 10**9):
        pass
    erasing = Erasing(world.store, folding_of(world.store, RegistryService(world.store, ZONE), ZONE), PEPPER)
    erasing.go_on()
    assert world.holding("lan@hoc", '"an"', "Lan") == []
    # What had come after the backup, and was erased, cannot come back either.
    assert world.store.database["statements"].count_documents({"erased": {"$exists": True}}) == 3
    erasures = sorted(world.store.erasures.all(), key=lambda each: each.begun)
    assert [each.request for each in erasures if each.done] == ["request-1", "request-2"]
    code, said = run("erasures", "replay", file)
    assert "there was something left of 0 of them, and 0 statements went" in said
    code, said = run("erasures", "list")
    assert len(said.splitlines()) == 2
    assert "request-1: done" in said


def test_documents_of_somebody_who_did_nothing_are_found_too(world, tmp_path, run):
    world.store.database["documents"].insert_one({"_id": world.org + b"x" * 40, "org": world.org, "agent": LAN})
    saved = backup(world.store)
    world.erasing.erase(world.org, [LAN], "request-1", "key")
    assert run("erasures", "export", tmp_path / "journal")[0] == 0
    restore(world.store, saved)
    assert run("erasures", "replay", tmp_path / "journal")[0] == 0
    assert world.store.database["documents"].count_documents({}) == 0


def test_a_file_gets_what_it_lacks_and_nothing_twice(world, tmp_path):
    file = tmp_path / "erasures.jsonl"
    world.put(*(world.statement(activity=f"lop-{n}") for n in range(3)))
    journal = JournalFile(world.store.erasures, file)
    assert journal.write() == 0
    world.erasing.erase(world.org, [AN], "request-1", "key")
    assert journal.write() == 2
    assert journal.write() == 0
    assert JournalFile(world.store.erasures, file).write() == 0
    world.put(world.statement())
    world.erasing.go_on()
    assert JournalFile(world.store.erasures, file).write() == 1
    assert journal.write() == 1  # it does not know what another one has written
    lines = list(lines_in(file))
    assert {line.erasure for line in lines} == {each.id for each in world.store.erasures.all()}
    assert len({each for line in lines for each in line.statements}) == 4
    with file.open("a") as torn:
        torn.write('{"erasure": "00')
    assert list(lines_in(file))[-1] is None


def test_it_says_so_where_there_is_no_file_or_no_organisation(run, world, tmp_path):
    assert world.org
    assert run("erasures", "replay", tmp_path / "none") == (
        1,
        f"There is no file {tmp_path / 'none'} with a journal of erasures.\n",
    )
    (tmp_path / "torn").write_text("nothing\n" + json.dumps({"erasure": "00"}) + "\n")
    code, said = run("erasures", "replay", tmp_path / "torn")
    assert code == 0
    assert said.startswith("2 lines of")
    assert run("erasures", "export", tmp_path / "some", "--organisation", "nobody")[0] == 1

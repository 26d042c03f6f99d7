"""`lrs admin audit`: what it says, and its exit code."""

import json

import pytest

from lrs import messages
from lrs.cli import main
from lrs.store.entries import Entry
from lrs.store.organisations import Organisation

PEPPER = "a pepper for tests, of 32 characters or more"
SCHOOL, GONE = b"\x01schools", b"\x02vanishd"
ENTRY = Entry("cli", "credential.created", "key")


@pytest.fixture
def rows(store):
    store.organisations.insert(Organisation("truong", SCHOOL, "Trường"))
    store.audit.append(SCHOOL, *[ENTRY] * 4)
    return store.database["audit"]


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.setenv("LRS_AUDIT_ANCHORS", str(tmp_path / "anchors.jsonl"))
    return tmp_path / "anchors.jsonl"


@pytest.fixture
def run(monkeypatch, capsys, mongod, store):
    """Run `lrs admin audit`; return its exit code and what it said."""
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)
    monkeypatch.setenv("LC_ALL", "C")

    def command(*arguments):
        code = main(["admin", "audit", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


@pytest.mark.usefixtures("rows")
def test_a_sound_audit_is_said_to_be_so(run, file):
    assert run("anchor") == (0, f"Wrote 1 anchors to {file}.\n")
    assert run("verify") == (0, "truong: sound. 4 entries, 1 anchors.\n")
    assert run("verify", "--organisation", "truong") == (0, "truong: sound. 4 entries, 1 anchors.\n")


@pytest.mark.usefixtures("rows")
def test_without_anchors_it_says_what_cannot_be_seen(run, monkeypatch):
    code, said = run("verify")
    assert code == 0
    assert "Without anchors" in said
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    code, said = run("verify")
    assert code == 0
    assert "truong: nguyên vẹn" in said
    assert "mốc neo" in said


def test_everything_that_is_wrong_is_said(run, rows, file):
    run("anchor")
    rows.update_one({"seq": 1}, {"$set": {"target": "other"}})
    rows.delete_one({"seq": 2})
    rows.delete_one({"seq": 4})
    rows.insert_one({"_id": "stray"})
    with file.open("a") as lines:
        lines.write(json.dumps({"org": SCHOOL.hex()}) + "\n")
    code, said = run("verify")
    assert code == 1
    assert said.splitlines() == [
        "truong: NOT SOUND. 2 entries, 1 anchors, 3 faults:",
        "  entry 1 was changed, or made by somebody else",
        "  entries 2 to 2 are missing",
        "  the end was cut off: entries 4 to 4 were there",
        f"  1 lines of {file} cannot be read",
        "1 documents in the audit belong to no chain.",
        messages.AUDIT_FAULTY.en,
    ]


@pytest.mark.usefixtures("file")
def test_a_chain_of_which_only_anchors_are_left_is_missed(run, store, rows):
    store.audit.append(GONE, ENTRY)
    run("anchor")
    rows.delete_many({"org": GONE})
    code, said = run("verify")
    assert code == 1
    assert f"{GONE.hex()}: NOT SOUND" in said
    assert run("verify", "--organisation", "truong")[0] == 0


@pytest.mark.usefixtures("rows")
def test_anchors_of_another_file_can_be_named(run, file, tmp_path):
    run("anchor")
    copy = tmp_path / "copy"
    copy.write_bytes(file.read_bytes().replace(b'"seq":4', b'"seq":5'))
    code, said = run("verify", "--anchors", str(copy))
    assert code == 1
    assert "the anchor of entry 5 was not written by this store" in said


@pytest.mark.usefixtures("rows")
def test_without_a_file_anchors_are_printed(run):
    code, said = run("anchor")
    assert code == 0
    assert json.loads(said)["seq"] == 4


@pytest.mark.usefixtures("rows")
def test_with_another_pepper_nothing_holds(run, monkeypatch):
    monkeypatch.setenv("LRS_PEPPER", PEPPER[::-1])
    assert "4 faults" in run("verify")[1]


def test_what_is_not_there_is_named(run, tmp_path):
    code, said = run("verify", "--organisation", "nowhere")
    assert (code, "nowhere" in said) == (1, True)
    code, said = run("verify", "--anchors", str(tmp_path / "none"))
    assert (code, "none" in said) == (1, True)

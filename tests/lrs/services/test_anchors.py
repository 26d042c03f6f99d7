"""Heads of the audit's chains, kept outside of the database."""

import json
import logging

import pytest

from lrs.services.anchors import Anchors, anchors_in, organisations_in, to_file, to_log
from lrs.services.verification import Verifier
from lrs.store.entries import Entry

ORG, OTHER = b"\x0fanchor1", b"anchored"
ENTRY = Entry("cli", "credential.created", "key", {"scopes": ["all"], "count": 2})


@pytest.fixture
def file(tmp_path):
    return tmp_path / "anchors.jsonl"


@pytest.fixture
def anchors(store, file):
    return Anchors(store.audit, to_file(file))


@pytest.fixture
def kept(file):
    """Return the anchors of an organisation in the file, and how many of its lines cannot be read."""

    def read(org=ORG):
        torn = []
        return list(anchors_in(file, org, lambda: torn.append(org))), len(torn)

    return read


def heads(store):
    return {org: link.record for org, link in store.audit.heads()}


def test_the_head_of_every_chain_that_grew_is_written(store, anchors, kept, file):
    store.audit.append(ORG, ENTRY, ENTRY)
    store.audit.append(OTHER, ENTRY)
    assert anchors.write() == 2
    first = heads(store)
    assert anchors.write() == 0
    store.audit.append(ORG, ENTRY)
    assert anchors.write() == 1
    assert kept(ORG) == ([first[ORG], heads(store)[ORG]], 0)
    assert kept(OTHER) == ([first[OTHER]], 0)
    assert organisations_in(file) == {ORG, OTHER}
    assert file.stat().st_mode & 0o777 == 0o600


def test_an_anchor_proves_itself(store, anchors, kept, file):
    store.audit.append(ORG, ENTRY)
    anchors.write()
    assert Verifier(store.audit).verify(ORG, kept()[0]).sound
    file.write_text(file.read_text().replace('"cli"', '"clo"'))
    [finding] = Verifier(store.audit).verify(ORG, kept()[0]).findings
    assert finding.kind == "forged"


def test_logged_anchors_can_be_read_as_well(store, caplog, kept, file):
    store.audit.append(ORG, ENTRY)
    with caplog.at_level(logging.INFO):
        Anchors(store.audit, to_log).write()
    [line] = [record for record in caplog.records if record.name == "lrs.services.anchors"]
    file.write_text(
        json.dumps({"event": "a line", "of": ORG.hex()}) + "\n" + json.dumps({"anchor": line.anchor}) + "\n"
    )
    assert kept() == ([heads(store)[ORG]], 1)


def test_a_line_that_was_torn_costs_no_other(store, anchors, kept, file):
    store.audit.append(ORG, ENTRY)
    anchors.write()
    file.write_bytes(file.read_bytes() * 2)
    with file.open("rb+") as lines:
        lines.truncate(file.stat().st_size - 20)
    store.audit.append(ORG, ENTRY)
    anchors.write()
    found, torn = kept()
    assert [anchor.seq for anchor in found] == [1, 2]
    assert torn == 1


def test_what_could_not_be_written_is_written_the_next_time(store, tmp_path, file):
    store.audit.append(ORG, ENTRY)
    anchors = Anchors(store.audit, to_file(tmp_path / "later" / file.name))
    with pytest.raises(FileNotFoundError):
        anchors.write()
    (tmp_path / "later").mkdir()
    assert anchors.write() == 1


@pytest.mark.parametrize("left", [0, 1])
def test_a_chain_that_lost_its_end_is_told_at_once(store, anchors, caplog, left):
    store.audit.append(ORG, ENTRY, ENTRY)
    anchors.write()
    store.database["audit"].delete_many({"seq": {"$gt": left}})
    anchors.write()
    assert ["lost its end" in record.message for record in caplog.records if record.levelname == "ERROR"] == [True]

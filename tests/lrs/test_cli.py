"""The commands that look after the database."""

import pytest

from lrs.cli import main


@pytest.fixture
def check(monkeypatch, capsys, mongod, store):
    """Run `lrs admin check` on the store; return its exit code and what it said."""
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)
    monkeypatch.setenv("LC_ALL", "C")

    def run():
        code = main(["admin", "check"])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


@pytest.fixture
def lifetime(store):
    """Set the seconds after which MongoDB ends a transaction; as they were afterwards."""

    def set_it(seconds):
        store.client.admin.command({"setParameter": 1, "transactionLifetimeLimitSeconds": seconds})

    before = store.transaction_lifetime()
    yield set_it
    set_it(before)


def test_a_complete_database_is_in_place(check):
    code, said = check()
    assert code == 0
    assert "are in place" in said
    assert len(said.splitlines()) == 1


def test_transactions_that_may_stay_open_for_long_are_warned_of(check, lifetime):
    lifetime(60)
    code, said = check()
    assert code == 0
    assert "only after 60 seconds" in said


def test_a_missing_index_is_named(check, store):
    store.database["statements"].drop_index("org_keys_stored")
    code, said = check()
    assert code == 1
    assert "(statements.org_keys_stored)" in said

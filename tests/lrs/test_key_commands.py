"""`lrs admin keys`: what it says, and its exit code."""

import pytest

from lrs.cli import main
from lrs.services.keyring import Keyring
from lrs.services.setup import first_credential

PEPPER = "a pepper for tests, of 32 characters or more"


@pytest.fixture
def rotate(monkeypatch, capsys, mongod, bare_store):
    """Run `lrs admin keys rotate`; return its exit code and what it said."""
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", bare_store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)
    monkeypatch.setenv("LC_ALL", "C")

    def command(*arguments):
        code = main(["admin", "keys", "rotate", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


def test_a_new_key_is_named_and_signs(rotate, bare_store):
    first_credential(bare_store, PEPPER, "key", "secret")
    keyring = Keyring(bare_store, PEPPER)
    old = keyring.signer().kid
    code, said = rotate()
    new = Keyring(bare_store, PEPPER).signer().kid
    assert (code, said.split()[7].rstrip(";")) == (0, new)
    assert list(Keyring(bare_store, PEPPER).public()) == [new, old]


def test_the_old_ones_can_be_ended(rotate, bare_store, monkeypatch):
    first_credential(bare_store, PEPPER, "key", "secret")
    Keyring(bare_store, PEPPER).signer()
    monkeypatch.setenv("LC_ALL", "vi_VN.UTF-8")
    code, said = rotate("--forget")
    kid = Keyring(bare_store, PEPPER).signer().kid
    assert (code, list(Keyring(bare_store, PEPPER).public())) == (0, [kid])
    assert f"khóa mới {kid}" in said


@pytest.mark.usefixtures("bare_store")
def test_without_an_organisation_it_says_so(rotate):
    code, said = rotate()
    assert code == 1
    assert "no organisation" in said

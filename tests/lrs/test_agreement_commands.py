"""`lrs admin agreements`: what an operator sees of an organisation's agreements, and how they are stopped."""

import json
from dataclasses import replace

import pytest

from lrs.cli import main
from lrs.services.agreeing import AgreementService
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential
from lrs.store.organisations import Organisation

PEPPER = "a pepper for tests, of 32 characters or more"


@pytest.fixture
def run(monkeypatch, capsys, mongod, store):
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)
    monkeypatch.setenv("LC_ALL", "C")

    def command(*arguments):
        code = main(["admin", "agreements", *arguments])
        said = capsys.readouterr()
        return code, said.out + said.err

    return command


@pytest.fixture
def agreement(store):
    """Make one in force, from the first organisation to another one; return its id."""
    first_credential(store, PEPPER, "first-key", "first-secret")
    store.organisations.insert(Organisation("tinh", b"province", "Tỉnh"))
    service = AgreementService(store, PEPPER, RegistryService(store, "Asia/Ho_Chi_Minh"))
    giver = Principal(store.organisations.find("first").org, "k", frozenset({"share"}), b"", {}, organisation="first")
    wanted = {
        "giver": "first",
        "taker": "tinh",
        "purpose": {"code": "x", "vi": "x", "en": "x"},
        "basis": "contract",
        "level": "named",
    }
    made = service.propose(giver, wanted)
    return service.accept(replace(giver, org=b"province", organisation="tinh"), made.id, 1).id


def test_they_are_listed_for_either_side_and_nobody_else(run, agreement, store):
    for organisation in ("first", "tinh"):
        code, said = run("list", "--organisation", organisation)
        assert code == 0
        assert f"{agreement}  active  first  tinh   named" in said
        code, said = run("list", "--organisation", organisation, "--json")
        assert json.loads(said)[0]["id"] == agreement
    store.organisations.insert(Organisation("xa", b"commune1", "Xã"))
    assert agreement not in run("list", "--organisation", "xa")[1]
    assert run("end", agreement, "--organisation", "xa")[0] == 1


def test_an_operator_stops_one_for_an_organisation(run, agreement, store):
    assert run("suspend", agreement) == (
        0,
        f"The agreement {agreement} is suspended: nothing is given by it any more.\n",
    )
    assert run("suspend", agreement, "--organisation", "tinh")[0] == 0
    assert "stays suspended" in run("resume", agreement)[1]
    assert "in force again" in run("resume", agreement, "--organisation", "tinh")[1]
    assert "has ended" in run("end", agreement)[1]
    assert store.agreements.get(agreement).state == "ended"
    code, said = run("resume", agreement)
    assert (code, "ended" in said) == (1, True)

"""`lrs admin load`."""

import pytest

from lrs.cli import main
from lrs.services.setup import first_credential

PEPPER = "a pepper for tests, of 32 characters or more"


@pytest.fixture
def load(monkeypatch, capsys, mongod, store):
    """Run the command in a language; return its exit code and what it said."""
    first_credential(store, PEPPER)
    monkeypatch.setenv("LRS_MONGODB_URI", mongod.uri)
    monkeypatch.setenv("LRS_DATABASE", store.database.name)
    monkeypatch.setenv("LRS_PEPPER", PEPPER)

    def run(name, locale="C"):
        monkeypatch.setenv("LC_ALL", locale)
        code = main(["admin", "load", name])
        said = capsys.readouterr()
        return code, said.out + said.err

    return run


def test_the_example_is_loaded_and_told_in_both_languages(load):
    code, said = load("dong-nai")
    assert code == 0
    assert said.splitlines()[0] == "Loaded units: units 377, links 282 (version 1)."
    assert len(said.splitlines()) == 5
    code, said = load("dong-nai", "vi_VN.UTF-8")
    assert code == 0
    assert said.splitlines()[0] == "units không có gì mới: units 377, links 282 (phiên bản 1)."


def test_every_row_that_does_not_fit_is_told(load, tmp_path):
    (tmp_path / "units.csv").write_text("code,name,kind\n26116,,commune\n26117,Xã,village\n", "utf-8")
    code, said = load(str(tmp_path))
    assert code == 1
    assert "units[0].name: row 2: " in said
    assert "units[1].kind: row 3: " in said


def test_a_set_that_is_not_there_is_told(load):
    code, said = load("nowhere")
    assert code == 1
    assert "dong-nai" in said

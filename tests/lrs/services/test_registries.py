"""Registries as processes know them, and sets of them from files."""

import time

import pytest

from lrs.errors import NotFound
from lrs.services import data_sets
from lrs.services.assignments import AssignmentService
from lrs.services.registries import RegistryService
from lrs.services.setup import first_credential
from schemas.faults import Refused
from schemas.registries.platforms import Platform
from schemas.registries.registries import Rows

PEPPER = "a pepper for tests, of 32 characters or more"
ZONE = "Asia/Ho_Chi_Minh"


@pytest.fixture
def org(store):
    first_credential(store, PEPPER)
    return store.organisations.find("first").org


def platforms(*names):
    return Rows(platforms=tuple(Platform(f"https://{name}.vn/", {"vi": name}) for name in names))


def entries(store):
    return list(store.database["audit"].find({"action": "registry.replaced"}))


def test_nothing_is_there_at_first(store):
    registries = RegistryService(store, ZONE).current()
    assert len(registries.units) == 0
    assert registries.versions == {}


def test_another_process_sees_it_soon_and_a_snapshot_never_changes(store, org):
    here, there = RegistryService(store, ZONE, fresh=60), RegistryService(store, ZONE, fresh=0.1)
    old = there.current()
    assert here.load(org, "cli", "platforms", lambda _: platforms("a")).changed
    assert here.current().platforms.find("https://a.vn/")
    time.sleep(0.11)
    assert there.current().platforms.find("https://a.vn/")
    assert old.platforms.find("https://a.vn/") is None


def test_what_did_not_change_is_not_made_anew(store, org):
    service = RegistryService(store, ZONE)
    list(data_sets.load(store, service, "dong-nai"))
    before = service.current()
    service.load(org, "cli", "platforms", lambda _: platforms("a"))
    after = service.current()
    assert after.units is before.units
    assert after.versions["platforms"] == before.versions["platforms"] + 1


def test_the_same_again_changes_and_audits_nothing(store, org):
    service = RegistryService(store, ZONE)
    assert service.load(org, "cli", "platforms", lambda _: platforms("a", "b")) == (1, True, {"platforms": 2})
    assert service.load(org, "cli", "platforms", lambda _: platforms("a", "b")) == (1, False, {"platforms": 2})
    assert len(entries(store)) == 1


def test_what_is_refused_leaves_everything_as_it_was(store, org):
    service = RegistryService(store, ZONE)
    service.load(org, "cli", "platforms", lambda _: platforms("a"))
    with pytest.raises(Refused):
        service.load(org, "cli", "platforms", lambda _: platforms("b", "b"))
    assert service.current().platforms.platforms == platforms("a").platforms
    assert len(entries(store)) == 1


def test_a_registry_that_is_gone_from_the_database_is_gone_here(store, org):
    service = RegistryService(store, ZONE, fresh=0)
    service.load(org, "cli", "platforms", lambda _: platforms("a"))
    assert service.current().platforms.platforms
    store.database["registries"].delete_many({})
    assert service.current().platforms.platforms == ()


def test_units_may_leave_targets_behind_which_then_fit_nothing(store, org):
    service = RegistryService(store, ZONE)
    list(data_sets.load(store, service, "dong-nai"))
    row = service.current().rows("targets")
    assert row == Rows()
    target = {"programme": "192", "unit": "26116", "year": 2025, "source": "x", "denominator": 9}
    from_rows = Rows.parse(b'{"targets":[%s]}' % str(target).replace("'", '"').encode())
    assert service.load(org, "cli", "targets", lambda _: from_rows).changed
    service.load(org, "cli", "units", lambda _: Rows())
    again = RegistryService(store, ZONE).current()
    assert [fault.path for fault in again.targets.faults] == ["targets[0].unit"]


def test_the_example_is_loaded_once(store, org):
    assert org
    service = RegistryService(store, ZONE)
    first = {loaded.kind: loaded.registry for loaded in data_sets.load(store, service, "dong-nai")}
    assert first["units"] == (1, True, {"units": 377, "links": 282})
    assert first.keys() == {"units", "programmes", "frameworks", "platforms", "holidays"}
    assert not any(loaded.registry.changed for loaded in data_sets.load(store, service, "dong-nai"))
    assert len(entries(store)) == 5
    assert service.current().units.find("26116", service.today()).name == "Phường Tân Phú"


def test_a_folder_of_ones_own_is_loaded(store, org, tmp_path):
    assert org
    (tmp_path / "units.csv").write_text(
        "code;name;kind;valid_from\n1;Tỉnh Một;province;\n4;Xã;commune;1/7/2025\n", "utf-8"
    )
    service = RegistryService(store, ZONE)
    [loaded] = data_sets.load(store, service, str(tmp_path))
    assert loaded.registry.rows == {"units": 2}
    assert [unit.key for unit in service.current().units.units] == ["00004@2025-07-01", "01@"]


def test_faults_of_a_folder_tell_their_rows(store, org, tmp_path):
    assert org
    (tmp_path / "platforms.csv").write_text("iri;label_vi\nhttps://a.vn/;A\nnothing;B\n", "utf-8")
    with pytest.raises(Refused) as refused:
        list(data_sets.load(store, RegistryService(store, ZONE), str(tmp_path)))
    [fault] = refused.value.faults
    assert (fault.path, fault.message.partition(":")[0]) == ("platforms[1].iri", "row 3")


@pytest.mark.usefixtures("org")
def test_a_set_that_is_not_there_is_told_with_those_that_are(store):
    with pytest.raises(NotFound, match="dong-nai"):
        list(data_sets.load(store, RegistryService(store, ZONE), "hanoi"))


def test_without_an_organisation_nothing_is_loaded(store):
    with pytest.raises(NotFound, match="lrs admin credential"):
        list(data_sets.load(store, RegistryService(store, ZONE), "dong-nai"))


def test_decisions_say_together_where_a_record_belongs(store, org):
    assert AssignmentService(store, RegistryService(store, ZONE)).of(org).of("r", "l") == {}

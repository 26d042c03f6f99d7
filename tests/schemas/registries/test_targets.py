import pytest

from schemas.registries.registries import Registries, Rows
from schemas.registries.targets import Target


@pytest.fixture
def found_in(dong_nai):
    """Give targets to the registries of Dong Nai."""

    def make(*targets) -> Registries:
        return dong_nai.replaced("targets", Rows(targets=targets), 1)

    return make


def target(**changes):
    values = {"programme": "192", "unit": "26116", "year": 2025, "source": "Công văn số 1", "denominator": 900}
    return Target(**values | changes)


def test_a_target_is_found_for_a_unit_a_group_and_a_year(found_in):
    elderly = target(group="elderly", denominator=90, percent=80.0)
    targets = found_in(target(), elderly).targets
    assert targets.find("192/KH-UBND:2025", "26116@2025-07-01", 2025, "elderly") == elderly
    assert targets.find("192", "26116@2025-07-01", 2025).denominator == 900
    assert targets.find("192", "26116@2025-07-01", 2026) is None
    assert targets.find("217", "26116@2025-07-01", 2025) is None
    assert targets.find("192", "26116@2025-07-01", 2025, "rural") is None


def test_a_code_means_the_unit_of_the_last_day_of_the_year(found_in):
    targets = found_in(target(unit="25195")).targets
    assert targets.find("192", "25195@2025-07-01", 2025) is not None
    assert targets.find("192", "25195@", 2025) is None


def test_a_target_holds_for_a_unit_after_it_was_renamed_and_before(found_in):
    registries = found_in(target(), target(unit="26116@2026-04-30", year=2026))
    assert registries.targets.find("192", "26116@2026-04-30", 2025) is not None
    assert registries.targets.find("192", registries.units.get("26116@2025-07-01"), 2026) is not None


def test_a_target_of_what_was_joined_is_not_one_of_the_whole(found_in):
    assert found_in(target(unit="26149@")).targets.find("192", "26116@2025-07-01", 2025) is None


def test_targets_that_fit_nothing_are_named_and_never_found(found_in):
    targets = found_in(target(unit="00000"), target(programme="nothing"), target(), target(denominator=1)).targets
    assert [(fault.path, fault.rule) for fault in targets.faults] == [
        ("targets[0].unit", "unknown"),
        ("targets[1].programme", "unknown"),
        ("targets[3]", "unique"),
    ]
    assert targets.find("192", "26116@2025-07-01", 2025).denominator == 900

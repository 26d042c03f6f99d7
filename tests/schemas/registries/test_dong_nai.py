"""The example that ships: what is known of Dong Nai, and what another list (PyPI vietnamadminunits) says of it."""

import contextlib
import json
import sqlite3
from collections import Counter
from datetime import date
from importlib.util import find_spec
from pathlib import Path

import pytest

from schemas.registries.units import Unmapped

BEFORE, FIRST, SECOND = date(2025, 6, 30), date(2025, 7, 1), date(2026, 4, 30)
NOW = date(2026, 11, 1)
# The ten communes that became wards in 2026.
NEW_WARDS = {"25270", "25357", "25363", "26116", "26170", "26248", "26326", "26368", "26425", "26485"}
# What that list calls two of the former units.
OTHER_NAMES = {"25225": ("Xã Đăk Ơ", "Xã Đak Ơ"), "26119": ("Xã Đak Lua", "Xã Đắc Lua")}


@pytest.fixture(scope="module")
def units(dong_nai):
    return dong_nai.units


@pytest.fixture(scope="module")
def others():
    """Return the rows and the conversion of vietnamadminunits, from its files: importing it takes seconds."""
    folder = Path(find_spec("vietnamadminunits").submodule_search_locations[0]) / "data"
    with contextlib.closing(sqlite3.connect(f"file:{folder / 'dataset.db'}?mode=ro", uri=True)) as database:
        new = database.execute("SELECT wardCode, ward, wardKey FROM admin_units WHERE provinceCode = '75'").fetchall()
        old = database.execute(
            "SELECT wardCode, ward, district, province, provinceKey || '_' || districtKey || '_' || wardKey"
            " FROM admin_units_legacy WHERE provinceCode IN ('70', '75')"
        ).fetchall()
    return new, old, json.loads((folder / "converter_2025.json").read_text("utf-8"))


def communes(units, day):
    return {unit.code: unit for unit in units.at(day) if unit.kind not in {"province", "city"}}


@pytest.mark.parametrize(
    ("day", "kinds"),
    [
        (BEFORE, {"commune": 203, "ward": 53, "township": 14}),
        (FIRST, {"commune": 72, "ward": 23, "province": 1}),
        (date(2026, 4, 29), {"commune": 72, "ward": 23, "province": 1}),
        (SECOND, {"commune": 62, "ward": 33, "city": 1}),
        (NOW, {"commune": 62, "ward": 33, "city": 1}),
    ],
)
def test_every_day_has_its_units(units, day, kinds):
    assert Counter(unit.kind for unit in units.at(day)) == kinds


def test_the_links_are_those_of_the_two_changes(units):
    found = Counter((link.effective, link.extent) for link in units.links)
    assert found == {(FIRST, "whole"): 262, (FIRST, "unchanged"): 7, (FIRST, "part"): 2, (SECOND, "renamed"): 11}
    assert {link.new_code for link in units.links if link.effective == SECOND} == NEW_WARDS | {"75"}


def test_the_codes_stay_while_communes_become_wards(units):
    before, after = communes(units, FIRST), communes(units, SECOND)
    assert before.keys() == after.keys()
    assert {code for code in after if after[code].kind != before[code].kind} == NEW_WARDS
    assert all(after[code].bare == before[code].bare for code in after)


def test_names_and_the_root_change_on_their_day(units):
    assert units.find("26116", date(2026, 4, 29)).name == "Xã Tân Phú"
    assert units.find("26116", SECOND).name == "Phường Tân Phú"
    assert units.find("75", date(2026, 4, 29)).name == "Tỉnh Đồng Nai"
    assert units.find("75", SECOND).name == "Thành phố Đồng Nai"
    assert (units.find("25195", BEFORE).name, units.find("25195", FIRST).name) == (
        "Phường Tân Phú",
        "Phường Bình Phước",
    )
    assert {unit.parent for unit in communes(units, NOW).values()} == {"75"}
    assert units.find("26143", BEFORE).within == "Huyện Tân Phú / Tỉnh Đồng Nai"


def test_records_follow_their_units_through_both_changes(units):
    """Scenario M3: two communes of one name, and a code that was used again."""
    assert units.as_of("26143@", NOW).name == "Xã Phú Lâm"
    assert units.as_of("26209@", NOW).key == "26209@2025-07-01"
    assert units.as_of("25195@", NOW).key == "25195@2025-07-01"
    assert units.as_of("26143@", BEFORE).key == "26143@"
    assert units.as_of("26209@2025-07-01", BEFORE).key == "26209@"
    assert units.as_of("25195@2025-07-01", BEFORE).reason == "back"
    assert units.as_of("26116@", NOW).key == "26116@2026-04-30"


def test_the_one_split_unit_is_never_guessed(units):
    """Scenario M4."""
    found = units.as_of("26449@", NOW)
    assert found.label == "26449 → 26359/26446"
    assert [unit.key for unit in units.units if isinstance(units.as_of(unit, NOW), Unmapped)] == ["26449@"]
    assert units.as_of("26449@", NOW, {"26449@": "26359@2025-07-01"}).name == "Xã Xuân Đông"


def test_only_what_stayed_the_same_is_found_back_before_2025(units):
    back = {code for code, unit in communes(units, NOW).items() if not isinstance(units.as_of(unit, BEFORE), Unmapped)}
    assert back == {"25222", "25225", "26119", "26173", "26209", "26374", "26377"}


def test_every_former_unit_is_counted_in_one_line_of_every_later_day(units):
    for day in (FIRST, SECOND, NOW):
        lines = Counter(units.as_of(unit, day) for unit in communes(units, BEFORE).values())
        unassigned = [place for place in lines if isinstance(place, Unmapped)]
        assert sum(lines.values()) == 270
        assert {place.code for place in lines if place not in unassigned} == communes(units, day).keys()
        assert [lines[place] for place in unassigned] == [1]


def test_all_units_are_in_vietnamese_order(units):
    names = [unit.bare for unit in units.sorted_by_name(units.at(NOW))]
    assert names.index("Dầu Giây") < names.index("Đa Kia") < names.index("Đak Lua") < names.index("Gia Kiệm")
    assert names[:3] == ["An Lộc", "An Phước", "An Viễn"]
    assert names[-1] == "Xuân Thành"


@pytest.mark.parametrize(
    ("asked", "codes"),
    [
        ("loc thanh", ["25280", "25294"]),
        ("Lộc Thạnh", ["25280"]),
        ("bien hoa", ["26068"]),
        ("Biên Hòa", ["26068"]),
        ("Biên Hoà", ["26068"]),
        ("26068", ["26068"]),
        ("Lộc Thanh", ["25280", "25294"]),
        ("!", []),
    ],
)
def test_a_search_among_the_units_of_today(units, asked, codes):
    assert [unit.code for unit in units.search(asked, units.at(NOW))] == codes


def test_the_other_list_has_the_same_95_codes_and_names(units, others):
    new, _, _ = others
    assert {code: name for code, name, _ in new} == {code: unit.name for code, unit in communes(units, FIRST).items()}


def test_the_other_list_has_the_same_270_former_units_and_spells_two_names_otherwise(units, others):
    _, old, _ = others
    ours = {code: (unit.name, unit.within) for code, unit in communes(units, BEFORE).items()}
    theirs = {code: (name, f"{district} / {province}") for code, name, district, province, _ in old}
    assert ours.keys() == theirs.keys()
    different = {code: (ours[code][0], theirs[code][0]) for code in ours if ours[code] != theirs[code]}
    assert different == OTHER_NAMES
    assert all(ours[code][1] == theirs[code][1] for code in different)


def test_the_other_list_joins_the_same_units(units, others):
    new, old, conversion = others
    new_codes, old_codes = {key: code for code, _, key in new}, {key: code for code, *_, key in old}
    joined = conversion["DICT_PROVINCE_WARD_NO_DIVIDED"]["tinhdongnai"]
    theirs = {(old_codes[was], new_codes[key]) for key, former in joined.items() for was in former}
    ours = {(link.old_code, link.new_code) for link in units.links if link.effective == FIRST and link.extent != "part"}
    assert theirs == ours


def test_the_other_list_splits_the_same_unit_and_guesses_where_we_do_not(others):
    new, old, conversion = others
    new_codes, old_codes = {key: code for code, _, key in new}, {key: code for code, *_, key in old}
    [(was, options)] = conversion["DICT_PROVINCE_WARD_DIVIDED"]["tinhdongnai"].items()
    assert old_codes[was] == "26449"
    assert {new_codes[option["newWardKey"]] for option in options} == {"26359", "26446"}
    # It takes Xuân Hòa where nothing else is known.
    assert [new_codes[option["newWardKey"]] for option in options if option["isDefaultNewWard"]] == ["26446"]


def test_one_programme_has_many_names_and_serves_another(dong_nai):
    programmes = dong_nai.programmes
    for name in ("192", "192/KH-UBND", "Bình dân học vụ số", "bình dân học vụ số", "Digital Literacy Movement"):
        assert programmes.find(name).code == "192/KH-UBND:2025"
    assert programmes.above("192/KH-UBND:2025") == {"192/KH-UBND:2025", "57-NQ/TW"}
    assert programmes.below("57-NQ/TW") == {"57-NQ/TW", "192/KH-UBND:2025", "217/KH-UBND:2025"}


def test_three_frameworks_ship_and_say_what_is_an_example(dong_nai):
    frameworks = dong_nai.frameworks
    circular = frameworks.find("02/2025/TT-BGDĐT")
    assert circular.counts == {"domains": 6, "competencies": 24, "stages": 4, "levels": 8}
    assert (len(circular.skills), len(circular.levels)) == (6, 8)
    assert frameworks.find("DigComp").counts == {"areas": 5, "competences": 21, "levels": 4}
    assert {each.code for each in frameworks.frameworks} == {"757", "02/2025/TT-BGDĐT", "DigComp"}
    assert all(skill.example for each in frameworks.frameworks for skill in each.skills)
    assert {each.match for each in frameworks.crosswalks} == {"approximate"}


def test_everything_that_ships_is_named_in_both_languages(dong_nai):
    named = [*dong_nai.programmes.programmes, *dong_nai.platforms.platforms, *dong_nai.frameworks.frameworks]
    named += [part for each in dong_nai.frameworks.frameworks for part in (*each.skills, *each.levels)]
    assert all(each.labels.keys() == {"vi", "en"} for each in named)
    assert len(dong_nai.platforms.platforms) == 4

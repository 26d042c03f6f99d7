from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.faults import Refused
from schemas.registries.unit_rows import Link, Unit
from schemas.registries.units import Units, Unmapped

FIRST, SECOND = date(2025, 7, 1), date(2026, 4, 30)
BEFORE, BETWEEN, NOW = date(2025, 6, 30), date(2025, 8, 1), date(2026, 11, 1)


def unit(code, name="Xã A", *, valid_from=None, valid_to=None, **more):
    return Unit(code, name, "commune", valid_from=valid_from, valid_to=valid_to, **more)


@pytest.fixture
def units():
    """00001 and 00002 join under 00001, which is renamed; 00003 stays; 00004 is split; 00009 ends."""
    return Units(
        [
            unit("00001", "Xã Một", valid_to=FIRST),
            unit("00002", "Xã Hai", valid_to=FIRST),
            unit("00003", "Xã Ba", valid_to=FIRST),
            unit("00004", "Xã Bốn", valid_to=FIRST),
            unit("00009", "Xã Chín", valid_to=FIRST),
            unit("00001", "Xã Mới", valid_from=FIRST, valid_to=SECOND),
            unit("00001", "Phường Mới", valid_from=SECOND),
            unit("00003", "Xã Ba", valid_from=FIRST),
            unit("00005", "Xã Năm", valid_from=FIRST),
        ],
        [
            Link("00001", "00001", "whole", FIRST),
            Link("00002", "00001", "whole", FIRST),
            Link("00003", "00003", "unchanged", FIRST),
            Link("00004", "00001", "part", FIRST),
            Link("00004", "00005", "part", FIRST),
            Link("00001", "00001", "renamed", SECOND),
        ],
    )


@pytest.mark.parametrize(
    ("at", "name"),
    [(BEFORE, "Xã Một"), (FIRST, "Xã Mới"), (date(2026, 4, 29), "Xã Mới"), (SECOND, "Phường Mới"), (NOW, "Phường Mới")],
)
def test_a_code_names_one_unit_on_each_day(units, at, name):
    assert units.find("00001", at).name == name


def test_a_code_names_nothing_before_its_first_day_and_after_its_last(units):
    assert units.find("00005", BEFORE) is None
    assert units.find("00009", FIRST) is None
    assert units.find("77777", NOW) is None


def test_a_unit_without_an_end_is_there_on_the_last_day_of_the_calendar(units):
    assert units.find("00001", date.max).name == "Phường Mới"
    assert units.at(date.max) == units.at(NOW)
    assert units.as_of("00002@", date.max).name == "Phường Mới"
    assert units.find("00009", date.max) is None


def test_what_lies_around_others_is_told_apart_from_what_lies_around_all():
    known = Units(
        [
            Unit("75", "Tỉnh", "province"),
            Unit("731", "Huyện", "district", parent="75"),
            unit("00001", parent="731", valid_to=FIRST),
        ]
    )
    assert known.around(NOW) == known.get("75@")
    assert [known.is_everything(known.get(key), BEFORE) for key in ("75@", "00001@")] == [True, False]
    with pytest.raises(Refused, match="lie within"):
        known.is_everything(known.get("731@"), BEFORE)
    assert known.is_everything(known.get("731@"), NOW) is False
    assert Units([unit("00001"), unit("00002")]).around(NOW) is None


def test_a_key_names_a_unit_for_ever_and_any_of_its_days_does_too(units):
    assert units.get("00001@").name == "Xã Một"
    assert units.get("00001@2025-07-01").key == "00001@2025-07-01"
    assert units.get("00001@2025-12-31").key == "00001@2025-07-01"
    assert units.get("00001@1999-01-01").key == "00001@"
    assert [units.get(key) for key in ("00001", "00001@x", "00005@", "00005@2025-06-30")] == [None] * 4


def test_what_was_joined_is_found_forwards_and_never_guessed_back(units):
    assert units.as_of("00002@", NOW).key == "00001@2026-04-30"
    assert units.as_of("00001@", BETWEEN).key == "00001@2025-07-01"
    found = units.as_of("00001@2026-04-30", BEFORE)
    assert found == Unmapped("00001@2025-07-01", "back", ("00001@", "00002@", "00004@"))
    assert found.label == "00001 ← 00001/00002/00004"


def test_what_stayed_or_was_renamed_is_found_both_ways(units):
    assert units.as_of("00003@", NOW).key == "00003@2025-07-01"
    assert units.as_of("00003@2025-07-01", BEFORE).key == "00003@"
    assert units.as_of("00001@2026-04-30", BETWEEN).key == "00001@2025-07-01"


def test_a_part_of_a_split_unit_is_not_taken_back_to_it(units):
    assert units.as_of("00005@2025-07-01", BEFORE).reason == "back"


def test_a_split_unit_waits_for_a_decision(units):
    found = units.as_of("00004@", NOW)
    assert found == Unmapped("00004@", "split", ("00001@2025-07-01", "00005@2025-07-01"))
    assert found.label == "00004 → 00001/00005"
    assert units.as_of("00004@", NOW, {"00004@": "00005@2025-07-01"}).key == "00005@2025-07-01"
    assert units.as_of("00004@", NOW, {"00004@": "00001@2025-07-01"}).key == "00001@2026-04-30"
    assert units.as_of("00004@", BEFORE, {"00004@": "00005@2025-07-01"}).key == "00004@"


def test_a_decision_for_what_is_no_successor_changes_nothing(units):
    assert units.as_of("00004@", NOW, {"00004@": "00003@2025-07-01"}).reason == "split"


def test_what_ended_and_what_is_not_known_is_told(units):
    assert units.as_of("00009@", NOW) == Unmapped("00009@", "ended")
    assert units.as_of("99999@", NOW) == Unmapped("99999@", "unknown")
    assert Unmapped("00009@", "ended").label == "00009 → ?"


def test_the_same_area_goes_by_several_keys(units):
    keys = [each.key for each in units.same(units.get("00001@2026-04-30"))]
    assert keys == ["00001@2025-07-01", "00001@2026-04-30"]
    assert units.same(units.get("00003@")) == units.same(units.get("00003@2025-07-01"))
    assert len(units.same(units.get("00005@2025-07-01"))) == 1


@pytest.mark.parametrize(
    ("rows", "links", "path", "rule"),
    [
        ([unit("00001", valid_from=FIRST, valid_to=FIRST)], [], "units[0].valid_to", "order"),
        ([unit("00001"), unit("00001", valid_from=FIRST)], [], "units[1].valid_from", "overlap"),
        ([unit("00001"), unit("00001")], [], "units[1].valid_from", "overlap"),
        ([unit("00001", parent="75")], [], "units[0].parent", "unknown"),
        ([unit("00001", parent="00001")], [], "units[0].parent", "circle"),
        ([unit("00001", parent="00002"), unit("00002", parent="00001")], [], "units[0].parent", "circle"),
        (
            [unit("00001", valid_to=FIRST)],
            [Link("00001", "00002", "whole", FIRST)],
            "links[0].new_code",
            "unknown",
        ),
        (
            [unit("00001"), unit("00002", valid_from=FIRST)],
            [Link("00001", "00002", "whole", FIRST)],
            "links[0].old_code",
            "unknown",
        ),
        (
            [unit("00001", valid_to=FIRST), unit("00002", valid_from=FIRST)],
            [Link("00001", "00002", "whole", FIRST)] * 2,
            "links[1]",
            "unique",
        ),
        (
            [unit("00001", valid_to=FIRST), unit("00002", valid_from=FIRST), unit("00003", valid_from=FIRST)],
            [Link("00001", "00002", "whole", FIRST), Link("00001", "00003", "part", FIRST)],
            "links[0].extent",
            "extent",
        ),
        (
            [unit("00001", valid_to=FIRST), unit("00002", valid_to=FIRST), unit("00001", valid_from=FIRST)],
            [Link("00001", "00001", "unchanged", FIRST), Link("00002", "00001", "whole", FIRST)],
            "links[0].extent",
            "extent",
        ),
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows, links, path, rule):
    with pytest.raises(Refused) as refused:
        Units(rows, links)
    assert (refused.value.faults[0].path, refused.value.faults[0].rule) == (path, rule)


def test_all_rows_that_do_not_fit_are_named_at_once():
    with pytest.raises(Refused) as refused:
        Units([unit("00001", parent="75"), unit("00002", valid_from=SECOND, valid_to=FIRST)])
    assert {fault.path for fault in refused.value.faults} == {"units[0].parent", "units[1].valid_to"}


@st.composite
def histories(draw):
    """Make units over some years: each new year, groups of them are joined, go on, or one is split."""
    days = [date(2000, 1, 1) + timedelta(days=365 * year) for year in range(draw(st.integers(1, 4)))]
    codes = [f"{number:05}" for number in range(draw(st.integers(1, 8)))]
    units, links, beginning, fresh = [], [], dict.fromkeys(codes), 100
    for day in days:
        units += [unit(code, valid_from=since, valid_to=day) for code, since in beginning.items()]
        waiting, beginning = sorted(beginning), {}
        while waiting:
            size = draw(st.integers(1, min(3, len(waiting))))
            group, waiting = waiting[:size], waiting[size:]
            if size == 1 and draw(st.booleans()):
                beginning |= {group[0]: day, f"{fresh:05}": day}
                links += [Link(group[0], new, "part", day) for new in (group[0], f"{fresh:05}")]
                fresh += 1
            else:
                new = draw(st.sampled_from(group))
                beginning[new] = day
                alone = draw(st.sampled_from(["unchanged", "renamed"])) if size == 1 else "whole"
                links += [Link(old, new, alone, day) for old in group]
    units += [unit(code, valid_from=since) for code, since in beginning.items()]
    return Units(units, links), [days[0] - timedelta(days=1), *days]


@settings(max_examples=200, deadline=None)
@given(histories())
def test_in_every_history_nothing_is_lost_and_every_way_leads_through_every_day(history):
    units, days = history
    for start in days:
        counts = {each.key: 2**place for place, each in enumerate(units.at(start))}
        for end in days:
            lines = dict.fromkeys((each.key for each in units.at(end)), 0)
            unmapped = 0
            for key, count in counts.items():
                place = units.as_of(key, end)
                if isinstance(place, Unmapped):
                    assert len(place.options) > 1 or place.reason == "back"
                    unmapped += count
                else:
                    lines[place.key] += count
                    for middle in days:
                        if min(start, end) <= middle <= max(start, end):
                            assert units.as_of(units.as_of(key, middle), end) == place
                    if end < start:
                        assert units.as_of(place, start).key == key
            assert sum(lines.values()) + unmapped == sum(counts.values())

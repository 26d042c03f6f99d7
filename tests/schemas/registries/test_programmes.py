import pytest

from schemas.faults import Refused
from schemas.registries.programmes import Programme, Programmes


def programme(code, *, within=(), aliases=(), **labels):
    return Programme(code, labels or {"vi": f"Chương trình {code}"}, tuple(within), tuple(aliases))


@pytest.fixture
def programmes():
    return Programmes(
        [
            programme("57"),
            programme("192:2025", within=["57"], aliases=["192", "https://example.vn/192"], vi="Bình dân học vụ số"),
            programme("192a:2025", within=["192:2025", "146"]),
            programme("146"),
        ]
    )


@pytest.mark.parametrize("name", ["192:2025", "192", "https://example.vn/192", "bình dân học vụ SỐ", "192 : 2025"])
def test_a_programme_is_found_by_any_of_its_names(programmes, name):
    assert programmes.find(name).code == "192:2025"


def test_what_is_no_name_finds_nothing(programmes):
    assert programmes.find("19") is None
    assert programmes.find("") is None


def test_names_become_codes_each_once_and_unknown_ones_stay(programmes):
    assert programmes.codes(["192", "192:2025", "9", "57"]) == ("192:2025", "57", "9")


def test_training_for_a_part_serves_the_whole_through_all_levels(programmes):
    assert programmes.above("192a:2025") == {"192a:2025", "192:2025", "57", "146"}
    assert programmes.below("57") == {"57", "192:2025", "192a:2025"}
    assert programmes.above("9") == programmes.below("9") == {"9"}


@pytest.mark.parametrize(
    ("rows", "path", "rule"),
    [
        ([programme("1"), programme("1")], "programmes[0].code", "unique"),
        ([programme("1", vi="A"), programme("2", aliases=["1"])], "programmes[1].aliases", "unique"),
        ([programme("1", vi="Số"), programme("2", en="SỐ")], "programmes[1].labels", "unique"),
        ([programme("1", within=["2"])], "programmes[0].within", "unknown"),
        ([programme("1", within=["1"])], "programmes[0].within", "circle"),
        ([programme("1", within=["2"]), programme("2", within=["1"])], "programmes[0].within", "circle"),
    ],
)
def test_rows_that_contradict_each_other_are_refused(rows, path, rule):
    with pytest.raises(Refused) as refused:
        Programmes(rows)
    assert (refused.value.faults[0].path, refused.value.faults[0].rule) == (path, rule)

"""Numbers of points: in their order, and with all that lies above, below and beside them."""

from itertools import combinations, product

import pytest

from schemas.training.lattice import ALL, TOTAL, Lattice, Steps

ABOVE = {"a": (ALL,), "b": (ALL,), "c": ("a", "b"), "d": ("b",)}
KNOWN = {ALL: ("b", "a", "z"), "b": ("d", "c")}
UNITS = Steps(lambda value: ABOVE.get(value, (ALL,)), lambda value: KNOWN.get(value, ()))
BANDS = Steps(lambda _: (ALL,), lambda _: ())
STEPS = (UNITS, BANDS)
POINTS = sorted(product((ALL, *"abcdz"), (ALL, "old", "young")))


@pytest.fixture
def lattice():
    return Lattice(STEPS, [("c", "d"), ("young", "old")])


def test_numbers_are_in_the_order_of_the_points_and_lead_back_to_them(lattice):
    numbers = [lattice.number(point) for point in POINTS]
    assert numbers == sorted(set(numbers))
    assert [lattice.point(number) for number in numbers] == POINTS


def test_what_nobody_named_has_no_number_but_parents(lattice):
    assert lattice.number(("q", "old")) is None
    assert list(lattice.parents(("q", "old"))) == [(ALL, "old"), ("q", ALL)]


@pytest.mark.parametrize("point", POINTS)
def test_the_families_of_a_point_are_those_of_its_parents(lattice, point):
    families = lattice.families(lattice.number(point))
    assert len(set(families)) == len(families)
    assert [lattice.point(lattice.parent(each)) for each in families] == list(lattice.parents(point))


def test_a_family_is_known_by_what_readers_know(lattice):
    within = {
        lattice.point(lattice.parent(family)): [lattice.point(each) for each in lattice.below(family)]
        for family in lattice.families(lattice.number(("d", "old")))
    }
    assert within == {("b", "old"): [("c", "old"), ("d", "old")], ("d", ALL): []}


@pytest.mark.parametrize("point", POINTS)
def test_a_table_of_two_axes_has_its_points_in_rows_and_columns_with_their_totals(lattice, point):
    number = lattice.number(point)
    families = {family for each in POINTS for family in lattice.families(lattice.number(each))}
    for block in lattice.blocks(number):
        (one, other, corner), row = block, lattice.row(block, number)
        assert (one, other) == (0, 1)
        column, family = next(each for each in lattice.columns(block) if each[1] in lattice.families(number))
        assert family in families
        assert lattice.point(corner) in {(up, ALL) for up in ABOVE.get(point[0], (ALL,))}
        assert lattice.point(lattice.margin(block, row)) == (point[0], ALL)
        assert lattice.point(lattice.margin(block, column)) == (lattice.point(corner)[0], point[1])
        assert max(row, column) < min(TOTAL)


def test_points_of_one_table_differ_in_their_row_or_column(lattice):
    young, old = (lattice.number(("c", band)) for band in ("young", "old"))
    for block in lattice.blocks(young):
        columns = {
            point: column
            for column, family in lattice.columns(block)
            for point in (young, old)
            if family in lattice.families(point)
        }
        assert len(columns) == 2
        assert len(set(columns.values())) == 2
    assert len(list(lattice.blocks(young))) == len(ABOVE["c"])
    for one, other in combinations(lattice.blocks(young), 2):
        assert one != other

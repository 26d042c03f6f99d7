"""What is shown never tells of fewer people than it may: held against everybody, counted one by one."""

from collections import Counter, defaultdict
from itertools import combinations, permutations, product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schemas.training.lattice import ALL, Steps
from schemas.training.suppression import Publication

UNITS = ("a", "b", "c", "d")
BANDS = ("60-69", "70-79", "80+")
MONTHS = ("2025-07", "2025-08", "2025-09", "2025-10")


def up_of_period(value):
    if "Q" in value:
        return (ALL,)
    return (f"2025-Q{(int(value[5:]) + 2) // 3}",)


def down_of_period(value):
    quarters = {"2025-Q3": MONTHS[:3], "2025-Q4": MONTHS[3:]}
    return quarters.get(value, tuple(quarters) if value == ALL else ())


FLAT = [Steps(lambda _: (ALL,), lambda value, of=of: of if value == ALL else ()) for of in (UNITS, BANDS)]
AXES = [*FLAT, Steps(up_of_period, down_of_period)]


def chains(unit, band, month):
    return product((ALL, unit), (ALL, band), (ALL, *up_of_period(month), month))


def level(point):
    return (point[0] != ALL, point[1] != ALL, 0 if point[2] == ALL else 1 if "Q" in point[2] else 2)


def people_at(done):
    """Tell who is in each point, by counting everybody."""
    found = defaultdict(set)
    for person, place in done:
        for point in chains(*place):
            found[point].add(person)
    return found


def published(found, k):
    tables = defaultdict(dict)
    for point, people in found.items():
        tables[level(point)][point] = len(people)
    return Publication(AXES, [tables[each] for each in sorted(tables, key=lambda each: (sum(each), each))], k)


PLACES = st.tuples(st.sampled_from(UNITS), st.sampled_from(BANDS), st.sampled_from(MONTHS))
CROWDS = st.lists(st.tuples(PLACES, st.integers(1, 14)), min_size=1, max_size=25)
KS = st.integers(3, 10)


def crowd(crowds):
    """Everybody comes once: figures of parts add up to the whole."""
    places = [place for place, size in crowds for _ in range(size)]
    return list(enumerate(places))


DONE = st.lists(st.tuples(st.integers(0, 40), PLACES), min_size=1, max_size=120)
"""People come more than once, anywhere."""


def within(point, other):
    return all(theirs in {ALL, mine, *above(mine)} for mine, theirs in zip(point, other, strict=True))


def above(value):
    return up_of_period(value) if value.startswith("2025-") and "Q" not in value else ()


def check_pairs(told, found, k):
    shown = {point: told.figure(point).number for point in found if told.figure(point).number is not None}
    for point, number in shown.items():
        assert number == len(found[point])
        assert number >= k
    for one, other in combinations(shown, 2):
        if within(one, other) or within(other, one):
            assert not 0 < abs(shown[one] - shown[other]) < k, (one, other)


def families(found, axis):
    below = defaultdict(list)
    for point in found:
        if point[axis] != ALL:
            for parent in AXES[axis].up(point[axis]):
                below[*point[:axis], parent, *point[axis + 1 :]].append(point)
    return below


def check_families(told, found, k, *, whole):
    found = dict.fromkeys(told.hidden(), ()) | dict(found)
    for axis in range(3):
        for parent, points in families(found, axis).items():
            figure = told.figure(parent)
            numbers = [told.figure(point).number for point in points]
            hidden = [len(found[point]) for point, number in zip(points, numbers, strict=True) if number is None]
            if figure.number is None:
                assert sum(hidden) >= min(k, len(found.get(parent, ()))) or not whole
                continue
            rest = figure.number - sum(filter(None, numbers))
            assert not 0 < rest < k
            if whole and hidden and len(hidden) < len(points):
                assert len(hidden) > 1
                assert sum(hidden) == rest


@settings(max_examples=200, deadline=None)
@given(DONE, KS)
def test_figures_within_each_other_never_differ_by_fewer_than_k(done, k):
    found = people_at(done)
    check_pairs(published(found, k), found, k)


@settings(max_examples=200, deadline=None)
@given(CROWDS, KS)
def test_a_whole_less_its_shown_parts_is_never_fewer_than_k(crowds, k):
    found = people_at(crowd(crowds))
    told = published(found, k)
    check_pairs(told, found, k)
    check_families(told, found, k, whole=True)


@settings(max_examples=200, deadline=None)
@given(DONE, KS)
def test_no_subtraction_comes_to_fewer_than_k_where_people_come_again(done, k):
    found = people_at(done)
    check_families(published(found, k), found, k, whole=False)


@settings(max_examples=200, deadline=None)
@given(CROWDS, KS)
def test_subtraction_again_and_again_gets_at_nothing_hidden(crowds, k):
    """Whoever has all that is shown, and knows that parts add up, takes away what is known until nothing more falls."""
    found = people_at(crowd(crowds))
    told = published(found, k)
    nobody = {*product((ALL, *UNITS), (ALL, *BANDS), (ALL, "2025-Q3", "2025-Q4", *MONTHS))} - found.keys()
    known = {point: told.figure(point).number for point in [*found, *nobody]}
    changed = True
    while changed:
        changed = False
        for axis in range(3):
            for parent, points in families(known, axis).items():
                lost = [point for point in points if known[point] is None]
                if known[parent] is not None and len(lost) == 1:
                    known[lost[0]] = known[parent] - sum(known[point] for point in points if point != lost[0])
                    changed = True
                elif known[parent] is None and not lost:
                    known[parent] = sum(known[point] for point in points)
                    changed = True
    for point, people in found.items():
        assert not (0 < len(people) < k and known[point] is not None), point


@settings(max_examples=100, deadline=None)
@given(DONE, KS, st.randoms(use_true_random=False))
def test_what_is_shown_hangs_on_the_data_and_not_on_their_order(done, k, rnd):
    found = people_at(done)
    shuffled = list(found)
    rnd.shuffle(shuffled)
    told, again = published(found, k), published({point: found[point] for point in shuffled}, k)
    assert [told.figure(point) for point in found] == [again.figure(point) for point in found]


@pytest.mark.parametrize(
    ("cells", "k"),
    [
        ({"ax": 6, "ay": 1, "by": 15, "cx": 15, "cy": 25, "dy": 15}, 5),
        ({"ax": 30, "ay": 1, "az": 11, "bz": 10}, 10),
    ],
)
def test_what_closes_a_cycle_is_the_same_in_whatever_order_figures_come(cells, k):
    def hidden(names):
        rows, columns = Counter(), Counter()
        for name in names:
            rows[name[0], ALL] += cells[name]
            columns[ALL, name[1]] += cells[name]
        tables = [{(ALL, ALL): rows.total()}, rows, columns, {tuple(name): cells[name] for name in names}]
        return set(Publication(FLAT, tables, k).hidden())

    assert len({frozenset(hidden(names)) for names in permutations(cells)}) == 1


@pytest.mark.parametrize(
    ("sizes", "hidden"),
    [
        ({"a": 20, "b": 17, "c": 3}, {"b", "c"}),
        ({"a": 20, "b": 20, "c": 20}, set()),
        ({"a": 20, "b": 12, "c": 5, "d": 6}, {"c", "d"}),
        ({"a": 20, "b": 12, "c": 4, "d": 5}, {"b", "c", "d"}),
        # Two below ten that make eighteen are nine each.
        ({"a": 30, "b": 25, "c": 9, "d": 9}, {"b", "c", "d"}),
        # Whoever knows that the next smallest is hidden, and still sees a ten, would know that it was ten, too.
        ({"a": 40, "b": 10, "c": 10, "d": 3}, {"b", "c", "d"}),
    ],
)
def test_the_next_smallest_are_hidden_beside_a_small_one(sizes, hidden):
    told = Publication(FLAT[:1], [{(ALL,): sum(sizes.values())}, {(unit,): size for unit, size in sizes.items()}], 10)
    assert {unit for unit in sizes if told.figure((unit,)).number is None} == hidden


def test_small_ones_and_complements_are_told_apart_and_nobody_is_none():
    told = Publication(FLAT[:1], [{(ALL,): 40}, {("a",): 20, ("b",): 17, ("c",): 3}], 10)
    assert [told.figure((unit,)) for unit in ("a", "b", "c", "d")] == [
        (20, None),
        (None, "complement"),
        (None, "small"),
        (0, None),
    ]

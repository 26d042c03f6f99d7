"""Figures of the units of two days together tell of nobody, whatever was decided on who was in a split one."""

import random
from collections import defaultdict
from datetime import date
from fractions import Fraction
from itertools import permutations, product

import pytest
from pyroaring import BitMap

from lrs.services.reports.axes import UnitAxis, period
from lrs.services.reports.cube import Cube, Row
from schemas.registries.unit_rows import Link, Unit
from schemas.registries.units import Units

K = 10
TURN, BEFORE, TODAY = date(2025, 7, 1), date(2025, 6, 30), date(2025, 12, 1)
OLD = [Unit(code, code, "commune", valid_to=TURN) for code in ("10001", "10002", "10003", "10004")]
NEW = [Unit(code, code, "commune", valid_from=TURN) for code in ("20001", "20002", "20004")]
SPLIT, ONE, OTHER = OLD[2].key, NEW[0].key, NEW[1].key
UNITS = Units(
    [*OLD, *NEW],
    [
        Link("10001", "20001", "whole", TURN),
        Link("10002", "20002", "whole", TURN),
        Link("10003", "20001", "part", TURN),
        Link("10003", "20002", "part", TURN),
        Link("10004", "20004", "unchanged", TURN),
    ],
)
KINDS = [
    *[(month, unit.key, None) for unit in OLD for month in ("2025-04", "2025-05")],
    *[(month, SPLIT, to) for month in ("2025-04", "2025-05") for to in (ONE, OTHER)],
    *[("2025-08", unit.key, None) for unit in NEW],
]
"""What can be told apart: a month, a unit, and where that was split, the decision on it."""

_SPRING = frozenset({"2025-04", "2025-05"})
MONTHS = {"": _SPRING | {"2025-08"}, "2025-Q2": _SPRING} | {
    month: frozenset({month}) for month in (*_SPRING, "2025-08")
}


def crowd(rnd, *, again):
    """Put people into some of these; who comes ``again`` is in two, in the same unit now and then."""
    rows, number = [], 0
    for month, unit, to in rnd.sample(KINDS, rnd.randint(4, len(KINDS))):
        size = rnd.choice((1, 3, 9, 10, 11, 14, 20, 25, 40))
        learners = BitMap(range(number, number + size))
        if again and rows and rnd.random() < 0.6:
            learners |= BitMap(rnd.sample(list(rnd.choice(rows).learners), 1)) | rnd.choice(rows).learners
        number += size
        rows.append(Row(month, {"unit": unit} | ({"assigned": to} if to else {}), learners))
    return rows


def questions():
    """Yield the axes of every question, and what they tell of a line: the day, and the period or none."""
    for day, listed, chosen in product((BEFORE, TODAY), (None, "month"), (None, "2025-Q2", "2025-05", "2025-08")):
        if listed is None or chosen in {None, "2025-Q2"}:
            yield day, listed, chosen


def cube_of(rows, day, listed, chosen, unit=None):
    axes = [UnitAxis(UNITS, day, levels=True).axis(listed=unit is None, chosen=unit)]
    if listed or chosen:
        axes.append(period(listed=listed, chosen=chosen, years=["2025"]))
    return Cube(axes, rows, K)


def told_of(rows):
    """Return all that is told: by day, unit ("" for all) and period ("" for all), how many."""
    found = {}
    for day, listed, chosen in questions():
        cube = cube_of(rows, day, listed, chosen)
        for line in cube.lines():
            point = day, line.values["unit"], line.values.get(listed, chosen or "")
            assert found.setdefault(point, line.figure.number) == line.figure.number, point
        found[day, "", chosen or ""] = cube.total().figure.number
    return found


def places_of(point):
    """Return the units, with decisions on them, that a point has in it."""
    day, unit, _ = point
    found = {(key, to): UNITS.as_of(key, day, {key: to} if to else {}) for _, key, to in KINDS}
    return frozenset(
        each
        for each, place in found.items()
        if not unit or unit == (place.key if isinstance(place, Unit) else place.label)
    )


def covers(point, kind):
    return kind[1:] in places_of(point) and kind[0] in MONTHS[point[2]]


def people_in(rows, point):
    places, months = places_of(point), MONTHS[point[2]]
    inside = [row for row in rows if row.month in months and (row.dims["unit"], row.dims.get("assigned")) in places]
    return BitMap.union(BitMap(), *[row.learners for row in inside])


@pytest.mark.parametrize("again", [False, True])
def test_figures_of_two_days_that_lie_within_each_other_never_differ_by_fewer_than_ten(again):
    rnd, checked = random.Random(26449), 0
    for _ in range(150):
        rows = crowd(rnd, again=again)
        told = {point: number for point, number in told_of(rows).items() if number}
        within = {point: (places_of(point), MONTHS[point[2]]) for point in told}
        for point, number in told.items():
            assert number == len(people_in(rows, point)) >= K
        for one, other in permutations(told, 2):
            if within[one] != within[other] and all(map(frozenset.issubset, within[one], within[other])):
                checked += one[0] != other[0]
                assert not 0 < told[other] - told[one] < K, (one, other)
    assert checked > 1000


def test_no_sums_over_the_units_of_two_days_come_to_fewer_than_ten():
    """Whoever has all that is told and solves for every part of a unit finds none of fewer than ten."""
    rnd, hidden = random.Random(26359), 0
    for _ in range(150):
        rows = [row for row in crowd(rnd, again=False) if row.month != "2025-04"]
        told = {point: number for point, number in told_of(rows).items() if number is not None and not point[2]}
        known = reduced([[int(covers(point, kind)) for kind in KINDS] for point in told])
        sizes = defaultdict(int)
        for row in rows:
            sizes[row.dims["unit"], row.dims.get("assigned")] += len(row.learners)
        for place, size in sizes.items():
            if size < K:
                hidden += 1
                assert not determines(known, [int(kind[1:] == place) for kind in KINDS]), place
    assert hidden > 100


def reduced(vectors):
    """Return vectors in echelon form, by the place of their first number."""
    found = {}
    for vector in vectors:
        rest = taken(found, [Fraction(each) for each in vector])
        first = next((place for place, each in enumerate(rest) if each), None)
        if first is not None:
            found[first] = [each / rest[first] for each in rest]
    return found


def taken(known, vector):
    """Return what is left of a vector less what others make of it."""
    for place, each in sorted(known.items()):
        vector = [one - vector[place] * other for one, other in zip(vector, each, strict=True)]
    return vector


def determines(known, vector):
    return not any(taken(known, [Fraction(each) for each in vector]))


def test_what_is_told_of_a_unit_is_the_same_alone_and_in_a_line():
    rnd = random.Random(1)
    for _ in range(40):
        rows = crowd(rnd, again=True)
        lines = {line.values["unit"]: line.figure for line in cube_of(rows, BEFORE, None, None).lines()}
        for unit in OLD:
            alone = cube_of(rows, BEFORE, None, None, unit.key).total().figure
            assert alone == lines.get(unit.key, alone)
            assert unit.key in lines or alone.number in {0, None}


def test_a_split_unit_is_told_whole_where_each_of_its_parts_might_be():
    rows = [
        Row("2025-05", {"unit": SPLIT, "assigned": to}, BitMap(range(at, at + 15)))
        for at, to in ((0, ONE), (15, OTHER))
    ]
    rows += [Row("2025-05", {"unit": SPLIT}, BitMap(range(30, 50)))]
    [line] = cube_of(rows, BEFORE, None, None).lines()
    assert (line.values["unit"], line.figure.number) == (SPLIT, 50)
    # Somebody in two parts would be told of by their sum.
    [line] = cube_of([*rows, Row("2025-05", {"unit": SPLIT}, BitMap([0]))], BEFORE, None, None).lines()
    assert line.figure == (None, "complement")

"""What sums along two axes at once tell of hidden figures: nothing of fewer people than a figure needs."""

import random
from collections import defaultdict
from fractions import Fraction
from itertools import combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.training.bridges import bridges
from schemas.training.lattice import ALL, Steps
from schemas.training.suppression import Publication

K = 10


def joined(edges):
    """Tell which nodes hang together, by painting all of them again and again."""
    colour = {node: node for edge in edges for node in edge}
    for _ in colour:
        for one, other in edges:
            colour[one] = colour[other] = min(colour[one], colour[other])
    return colour


@given(st.sets(st.tuples(st.integers(0, 6), st.integers(10, 16)), min_size=1, max_size=20))
def test_a_bridge_is_an_edge_without_which_its_ends_hang_together_no_more(edges):
    found = {tuple(sorted(bridge.ends)): bridge for bridge in bridges(sorted(edges))}
    for edge in edges:
        colour = joined(edges - {edge}) | {node: node for node in edge if all(node not in e for e in edges - {edge})}
        assert (edge in found) == (colour[edge[0]] != colour[edge[1]])
        assert edge not in found or found[edge].is_crossed(edge)


def table(seed):
    """Make a table of units by bands."""
    rnd = random.Random(seed)
    units, bands, mean = rnd.choice([(6, 5, 25), (8, 8, 30), (12, 6, 40), (20, 6, 60)])
    cells = {(f"u{u}", f"b{b}"): int(rnd.expovariate(1 / mean)) for u in range(units) for b in range(bands)}
    return {point: people for point, people in cells.items() if people}


def published(cells, k=K):
    rows, columns = defaultdict(int), defaultdict(int)
    for (row, column), people in cells.items():
        rows[row, ALL] += people
        columns[ALL, column] += people
    axes = [
        Steps(lambda _: (ALL,), lambda _, place=place: sorted({point[place] for point in cells})) for place in (0, 1)
    ]
    return Publication(axes, [{(ALL, ALL): sum(cells.values())}, rows, columns, cells], k)


def solved(cells, publication):
    """Return the hidden figures that follow from all that is shown, by elimination."""
    rows, columns = (sorted({point[place] for point in cells}) for place in (0, 1))
    points = [(row, column) for row in (*rows, ALL) for column in (*columns, ALL)]
    shown = {point: publication.figure(point).number for point in points}
    unknown = {point: place for place, point in enumerate(p for p in points if shown[p] is None)}
    lines = [[(row, column) for column in (ALL, *columns)] for row in (*rows, ALL)]
    lines += [[(row, column) for row in (ALL, *rows)] for column in (*columns, ALL)]
    system = []
    for whole, *parts in lines:
        equation = [Fraction(0)] * (len(unknown) + 1)
        for sign, point in ((-1, whole), *((1, part) for part in parts)):
            if point in unknown:
                equation[unknown[point]] += sign
            else:
                equation[-1] -= sign * shown[point]
        system.append(equation)
    done = 0
    for column in range(len(unknown)):
        pivot = next((place for place in range(done, len(system)) if system[place][column]), None)
        if pivot is None:
            continue
        system[done], system[pivot] = system[pivot], system[done]
        first = system[done] = [each / system[done][column] for each in system[done]]
        for place, equation in enumerate(system):
            if place != done and equation[column]:
                system[place] = [a - equation[column] * b for a, b in zip(equation, first, strict=True)]
        done += 1
    names = list(unknown)
    told = [(equation, [place for place, each in enumerate(equation[:-1]) if each]) for equation in system]
    return {names[places[0]]: int(equation[-1]) for equation, places in told if len(places) == 1}


# Among these are four where each axis by itself is safe, both together are not.
@pytest.mark.parametrize("seeds", [range(80), (104, 435, 623, 627)])
def test_sums_over_both_axes_of_a_table_give_no_figure_of_few(seeds):
    for seed in seeds:
        cells = table(seed)
        found = solved(cells, published(cells))
        assert not {point: people for point, people in found.items() if 0 < people < K}, seed


@pytest.mark.parametrize(("people", "shown"), [((31, 21, 51), False), ((31, 21, 52), True), ((40, 30, 60), True)])
def test_parts_that_come_to_few_more_than_their_whole_are_not_all_shown(people, shown):
    citizens, officials, everybody = people
    groups = Steps(lambda _: (ALL,), lambda _: ("citizen", "official"))
    told = Publication([groups], [{(ALL,): everybody}, {("citizen",): citizens, ("official",): officials}], K)
    numbers = [told.figure((group,)).number for group in ("citizen", "official")]
    assert (None not in numbers) == shown


def test_all_pairs_of_a_table_that_is_shown_whole_are_shown():
    cells = {(f"u{u}", f"b{b}"): 20 + u for u, b in combinations(range(6), 2)}
    told = published(cells)
    assert all(told.figure(point).number == people for point, people in cells.items())

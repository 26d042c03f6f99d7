"""Cells lie packed on pages, and which pages there are follows from the cells alone."""

import random

import pytest
from pyroaring import BitMap

from lrs.store import sheets
from lrs.store.cells import Tally
from schemas.training.cells import Cell, key_of

ORG, OTHER = b"o" * 8, b"n" * 8
UNIT = "26209@2025-07-01"


def cell(number, month="2025-08", unit=UNIT):
    dims = {"unit": unit} if unit else {}
    return Cell("team", month, dims | {"kind": "learning", "verb": "attended", "team": f"to-{number}"})


@pytest.fixture
def write(store):
    def run(cells, org=ORG):
        tallies = {key_of(each): tally for each, tally in cells}
        store.transact(lambda session: store.cells.read(org, tallies, session).write(tallies))

    return run


def lying(store, org=ORG):
    return sorted(store.database["cells"].find({"org": org}), key=lambda row: row["_id"])


def told(store, org=ORG):
    return {each.dims["team"]: tally for each, tally in store.cells.of(org, "team")}


def tally(*learners, **counts):
    return Tally(BitMap(learners), len(learners), 60 * len(learners), **counts)


def test_what_was_written_is_what_is_read(store, write):
    written = tally(*range(1, 100, 3), members={"7": 2}, organisations={"0301": 1}, heads={"total": 40, "60-69": 2})
    write([(cell(1), written), (cell(2, unit=""), tally(1))])
    assert told(store) == {"to-1": written, "to-2": tally(1)}
    assert list(store.cells.of(ORG, "team", unit=UNIT)) == [(cell(1), written)]
    assert list(store.cells.of(ORG, "team", "2025-09")) == []
    assert list(store.cells.of(OTHER, "team")) == []


def test_cells_of_one_month_and_unit_are_one_document(store, write):
    write([(cell(number), tally(number)) for number in range(1, 50)])
    write([(cell(number), tally(number)) for number in range(50, 99)])
    assert len(lying(store)) == 1
    assert len(told(store)) == 98


def test_writing_the_same_again_writes_nothing(store, write):
    write([(cell(1), tally(1))])
    before = lying(store)
    store.database["cells"].update_many({}, {"$set": {"seen": True}})
    write([(cell(1), tally(1))])
    assert lying(store) == [before[0] | {"seen": True}]


def test_a_cell_that_holds_nothing_is_gone_and_so_is_its_page(store, write):
    write([(cell(1), tally(1)), (cell(2), tally(2))])
    write([(cell(1), Tally())])
    assert told(store) == {"to-2": tally(2)}
    write([(cell(2), Tally()), (cell(3), Tally())])
    assert lying(store) == []


def test_pages_follow_from_the_cells_alone_however_these_came_and_went(store, write, monkeypatch):
    monkeypatch.setattr(sheets, "FULL", 600)
    rnd, held = random.Random(5), {}
    deepest = 0
    for wanted in (40, 400, 900, 300, 15, 500, 0, 60):
        while len(held) != wanted:
            if wanted > len(held):
                fresh = rnd.sample([n for n in range(1500) if n not in held], min(37, wanted - len(held)))
                change = {n: tally(*rnd.sample(range(1, 90), rnd.randrange(1, 12))) for n in fresh}
            else:
                change = dict.fromkeys(rnd.sample(sorted(held), min(53, len(held) - wanted)), Tally())
            write([(cell(n), each) for n, each in change.items()])
            held = {n: each for n, each in (held | change).items() if each.statements}
        assert told(store) == {f"to-{n}": each for n, each in held.items()}
        write([(cell(n), each) for n, each in held.items()], OTHER)
        grown, made = lying(store), lying(store, OTHER)
        assert [row | {"_id": 0, "org": 0} for row in grown] == [row | {"_id": 0, "org": 0} for row in made]
        assert [row["_id"][8:] for row in grown] == [row["_id"][8:] for row in made]
        deepest = max(deepest, *(row["_id"][-4] for row in grown), 0)
        store.cells.clear(OTHER)
    assert deepest >= 2


def test_one_large_cell_divides_nothing(store, write, monkeypatch):
    monkeypatch.setattr(sheets, "FULL", 600)
    monkeypatch.setattr(sheets, "_HEAVIEST", 100)
    write([(cell(1), tally(*range(1, 9000, 7)))])
    assert len(lying(store)) == 1


def test_pages_of_a_sheet_are_rolled_up_together(store, write, monkeypatch):
    monkeypatch.setattr(sheets, "FULL", 600)
    write([(cell(number), tally(number, *range(500, 520))) for number in range(1, 90)])
    write([(cell(number, "2025-09"), tally(number)) for number in range(1, 5)])
    write([(cell(1, unit=""), tally(3))])
    rolled = {
        (each.month, each.dims.get("unit")): (set(each.learners), each.statements, each.seconds, each.dims["verb"])
        for each in store.cells.rolled(ORG, "team", ["verb"], ("", "9999-99"), {"kind": ["learning"]})
    }
    assert rolled == {
        ("2025-08", UNIT): ({*range(1, 90), *range(500, 520)}, 89 * 21, 89 * 21 * 60, "attended"),
        ("2025-09", UNIT): ({1, 2, 3, 4}, 4, 240, "attended"),
        ("2025-08", None): ({3}, 1, 60, "attended"),
    }
    assert list(store.cells.rolled(ORG, "team", [], ("2025-10", "2026-01"), {})) == []
    assert list(store.cells.rolled(ORG, "team", [], ("", "9999-99"), {"kind": ["service"]})) == []

"""What becomes of statements: those of the person go, and others name nobody."""

import pytest

from schemas.training.terms import ERASED

AN = "account:https://hoc.example.vn an"


def names(found):
    """The names of accounts in a statement, wherever they stand, and whether they are of erased people."""
    if isinstance(found, dict):
        if "homePage" in found:
            yield "erased" if found["homePage"] == ERASED else found["name"]
        for value in found.values():
            yield from names(value)
    elif isinstance(found, list):
        for value in found:
            yield from names(value)


def test_what_the_person_did_goes_and_all_else_stays(world):
    mine, other = world.statement(), world.statement(who="binh")
    world.put(mine, other)
    world.follow()
    erased = world.erasing.erase(world.org, [AN], "request-1", "key")
    assert erased.counts["statements"] == 1
    assert erased.counts["records"] == 1
    assert world.stored().keys() == {other["id"]}
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown
    assert len(grown["records"]) == 1


GROUP = {"objectType": "Group", "member": [{"account": {"homePage": "https://hoc.example.vn", "name": "an"}}]}


@pytest.mark.parametrize(
    "changes",
    [
        {"instructor": {"account": {"homePage": "https://hoc.example.vn", "name": "an"}, "name": "Lê An"}},
        {"team": GROUP},
        {"contextAgents": [{"objectType": "contextAgent", "agent": GROUP["member"][0]}]},
        {"contextGroups": [{"objectType": "contextGroup", "group": GROUP}]},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_others_name_an_account_that_stands_for_nobody(world, changes):
    told = world.statement(who="binh", **changes)
    world.put(told)
    world.follow()
    erased = world.erasing.erase(world.org, [AN], "request-1", "key")
    assert erased.counts["mentions"] == 1
    found = world.stored()[told["id"]]
    assert sorted(names(found)) == ["authority", "binh", "erased"]
    assert world.holding("Lê An", '"an"') == []
    grown = world.derived()
    world.rebuild()
    assert world.derived() == grown

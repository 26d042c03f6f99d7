"""Agreements as the database keeps them."""

from dataclasses import replace
from datetime import date

import pytest

from lrs.store.agreements import Agreement, Key
from schemas.sharing.agreements import Filter

GIVER, TAKER, STRANGER = b"giver__1", b"taker__1", b"stranger"


def an_agreement(**changes):
    usual = Agreement(
        id="00000000000000aa",
        giver=GIVER,
        taker=TAKER,
        giver_id="vnuhcm",
        taker_id="lhu",
        purpose={"code": "joint-course", "vi": "Lớp học chung", "en": "Joint course"},
        basis="contract",
        level="pseudonymous",
        filter=Filter(verbs=("completed", "http://a.b/$.c"), units=("25196",), at=date(2026, 1, 1), since=date.min),
        fields=("activity", "state"),
        k=10,
        starts=date(2026, 1, 1),
        ends=date(2026, 12, 31),
        proposed_by="lhu",
        created=1,
        changed=2**40,
        keys=(Key(1, b"sealed"), Key(2, b"other")),
    )
    return replace(usual, **changes)


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"taker": None, "taker_id": None, "partner": {"name": "Viện", "document": "12/TT"}, "ends": None},
        {
            "state": "active",
            "accepted_by": "vnuhcm",
            "statements": True,
            "minors": True,
            "filter": Filter(),
            "keys": (),
        },
    ],
)
def test_an_agreement_comes_back_as_it_was_stored(store, changes):
    made = an_agreement(**changes)
    assert store.agreements.insert(made)
    assert store.agreements.get(made.id) == made


def test_an_id_is_taken_once(store):
    assert store.agreements.insert(an_agreement())
    assert not store.agreements.insert(an_agreement(giver=STRANGER))


def test_a_change_counts_and_needs_the_version_that_is_there(store):
    store.agreements.insert(an_agreement())
    changed = store.agreements.change("00000000000000aa", 1, {"state": "active", "filter": Filter(groups=("rural",))})
    assert changed == an_agreement(state="active", filter=Filter(groups=("rural",)), version=2)
    assert store.agreements.change("00000000000000aa", 1, {"state": "ended"}) is None
    assert store.agreements.get("00000000000000aa") == changed


def test_both_sides_find_it_and_nobody_else(store):
    for number in range(3):
        store.agreements.insert(an_agreement(id=f"{number:016x}"))
    assert [each.id for each in store.agreements.of(GIVER)] == [f"{number:016x}" for number in range(3)]
    assert [each.id for each in store.agreements.of(TAKER, after=f"{0:016x}", most=1)] == [f"{1:016x}"]
    assert store.agreements.of(STRANGER) == []


def test_what_is_given_and_taken_hangs_on_the_state(store):
    for number, state in enumerate(("proposed", "active", "suspended", "ended")):
        store.agreements.insert(an_agreement(id=f"{number:016x}", state=state))
    assert [each.state for each in store.agreements.given(GIVER)] == ["active", "suspended"]
    assert [each.state for each in store.agreements.taken(TAKER)] == ["active"]
    assert store.agreements.given(TAKER) == store.agreements.taken(GIVER) == []


@pytest.mark.parametrize(
    ("state", "day", "holds"),
    [
        ("active", date(2026, 1, 1), True),
        ("active", date(2026, 12, 31), True),
        ("active", date(2025, 12, 31), False),
        ("active", date(2027, 1, 1), False),
        ("suspended", date(2026, 6, 1), False),
        ("proposed", date(2026, 6, 1), False),
    ],
)
def test_it_holds_while_it_is_active_and_from_its_first_day_to_its_last(store, state, day, holds):
    store.agreements.insert(an_agreement(state=state))
    assert (store.agreements.active("00000000000000aa", day) is not None) is holds

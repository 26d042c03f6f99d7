"""As of when records are true."""

import pytest

from lrs.services.progress import RECORDS, Progress, place_of
from lrs.services.setup import first_credential
from lrs.store.rows import Row


@pytest.fixture
def org(store):
    first_credential(store, "a pepper of thirty-two characters!", "key", "secret")
    return store.organisations.orgs()[0]


@pytest.fixture
def put(store, org):
    def insert(*stamps):
        for stamp in stamps:
            store.statements.insert([Row(org + stamp.to_bytes(16), org, stamp, b"{}", [b"k"])])

    return insert


@pytest.fixture
def folded(store, org):
    """Let the worker have read everything up to a place."""

    def move(place):
        name = place_of(RECORDS, org)
        assert store.places.take(name, "worker", lease=60) is not None
        assert store.places.move(name, "worker", place)

    return move


@pytest.mark.parametrize(
    ("place", "safe", "as_of", "lag"),
    [
        (0, 0, 0, 0),  # nothing is known to be safe
        (0, 5_000_000, 999_999, 4),  # nothing was read: all before the first statement is there
        (1_000_000, 5_000_000, 2_999_999, 2),  # the oldest that waits counts, not the place
        (3_000_000, 5_000_000, 5_000_000, 0),  # nothing waits: it is true up to the safe time
        (3_000_000, 2_000_000, 3_000_000, 0),  # a safe time that this process has not learned yet
        (3_000_000, 9_000_000, 8_999_999, 0),
    ],
)
def test_records_are_true_up_to_the_oldest_statement_that_waits(store, org, put, folded, place, safe, as_of, lag):
    put(1_000_000, 3_000_000, 9_000_000)
    folded(place)
    progress = Progress(store, lambda: safe)
    assert progress.of(org) == (as_of, lag, False)
    assert (progress.as_of(org), progress.lag(org)) == (as_of, lag)


def test_every_organisation_is_told_by_its_public_id(store, org, put, folded):
    assert Progress(store, lambda: 7).all() == {"first": (7, 0, False)}
    put(5)
    assert Progress(store, lambda: 7).all() == {"first": (4, pytest.approx(2e-6), False)}
    folded(5)
    assert Progress(store, lambda: 7).all() == {"first": (7, 0, False)}
    assert org


def test_a_place_that_was_reset_says_so_until_it_is_reached_again(store, org, put, folded):
    put(1, 2, 3)
    folded(3)
    name, progress = place_of(RECORDS, org), Progress(store, lambda: 9)
    assert store.places.reset(name, "worker")
    assert progress.of(org).rebuilding
    store.places.cleaned(name, "worker")
    folded(2)
    assert progress.of(org) == (2, pytest.approx(6e-6), True)
    folded(3)
    assert progress.of(org) == (9, 0, False)

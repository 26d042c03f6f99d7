from pathlib import Path

import pytest

from lrs.errors import LRSError
from lrs.services.setup import first_credential
from schemas.xapi.leniency import RELAXATIONS

PEPPER = "a pepper for tests, of 32 characters or more"
PAGES = "https://noi-dung.example.vn http://localhost:3000"


def granted(store, **grants):
    made = first_credential(store, PEPPER, "a-key", "a-secret", **grants)
    held = store.credentials.find(made.key)
    return held.origins, held.leniency


def test_nothing_is_granted_that_was_not_asked_for(store):
    assert granted(store) == (frozenset(), frozenset())


def test_what_was_granted_stays_until_something_else_is(store):
    given = frozenset(PAGES.split()), frozenset({"downgrade"})
    assert granted(store, origins=PAGES, leniency="downgrade") == given
    assert granted(store) == given
    assert granted(store, origins="*") == (frozenset({"*"}), given[1])


def test_a_relaxation_that_there_is_not_is_refused_with_those_that_there_are(store):
    with pytest.raises(LRSError, match="h5p-interactions"):
        granted(store, leniency="downgrade everything")


@pytest.mark.parametrize("name", sorted(RELAXATIONS))
def test_every_relaxation_is_documented(name):
    assert f"`{name}`" in (Path(__file__).parents[3] / "deploy" / "README.md").read_text("utf-8")

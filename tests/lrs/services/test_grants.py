import pytest

from lrs.services.grants import common, covered
from lrs.services.scopes import ALLOWED_BY, SCOPES


@pytest.mark.parametrize(
    ("asked", "held", "expected"),
    [
        ({"state"}, {"all"}, {"state"}),
        ({"all"}, {"state"}, set()),
        ({"statements/read/mine"}, {"statements/read"}, {"statements/read/mine"}),
        ({"statements/read"}, {"statements/read/mine"}, set()),
        ({"statements/write", "state"}, {"statements/write"}, {"statements/write"}),
        ({"admin"}, {"all"}, set()),
        ({"credentials"}, {"admin"}, {"credentials"}),
        ({"nonsense", ""}, {"all", "nonsense", ""}, set()),
    ],
)
def test_a_scope_covers_those_that_it_contains(asked, held, expected):
    assert covered(asked, held) == expected


def test_what_two_have_in_common_gives_no_right_that_one_of_them_lacks():
    def rights(scopes):
        return {right for right, enough in ALLOWED_BY.items() if enough & scopes}

    for one in SCOPES:
        for other in SCOPES:
            assert common({one}, {other}) == common({other}, {one})
            assert rights(common({one}, {other})) <= rights({one}) & rights({other})
    assert common({"all"}, {"state", "admin"}) == {"state"}

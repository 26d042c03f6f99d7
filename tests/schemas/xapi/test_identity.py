import pytest

from schemas.xapi.identity import identity

SV = {"homePage": "https://sso.example.vn", "name": "sv000123"}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"mbox": "mailto:lan@Example.VN"}, {"mbox": "mailto:lan@example.vn"}),
        ({"mbox_sha1sum": "AB" * 20}, {"mbox_sha1sum": "ab" * 20}),
        ({"account": SV}, {"account": dict(reversed(SV.items()))}),
        ({"account": SV, "name": "Lan"}, {"account": SV, "name": "Trần Thị Lan"}),
        ({"account": SV}, {"account": SV, "objectType": "Group", "member": []}),
        ({"openid": "https://id.example.vn/lan"}, {"openid": "https://id.example.vn/lan"}),
    ],
)
def test_it_is_the_same_identity_when(one, other):
    assert identity(one) == identity(other) is not None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"mbox": "mailto:Lan@example.vn"}, {"mbox": "mailto:lan@example.vn"}),
        ({"account": SV}, {"account": SV | {"name": "SV000123"}}),
        ({"account": SV}, {"account": SV | {"homePage": "https://sso.example.vn/"}}),
        ({"openid": "https://id.example.vn/lan"}, {"openid": "https://id.example.vn/Lan"}),
        (
            {"account": {"homePage": "https://a.vn", "name": "b c"}},
            {"account": {"homePage": "https://a.vn/b", "name": "c"}},
        ),
        ({"openid": "https://a.vn"}, {"account": {"homePage": "https://a.vn", "name": ""}}),
    ],
)
def test_it_is_another_identity_when(one, other):
    assert identity(one) != identity(other)


def test_an_anonymous_group_has_no_identity():
    assert identity({"objectType": "Group", "member": [{"mbox": "mailto:lan@example.vn"}]}) is None

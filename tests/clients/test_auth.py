import base64

import pytest

from clients import Basic, Bearer


def test_basic_writes_key_and_secret_in_utf_8():
    _, value = Basic("khóa", "bí:mật").header().split()
    assert base64.b64decode(value).decode() == "khóa:bí:mật"


def test_a_key_has_no_colon():
    with pytest.raises(ValueError, match="colon"):
        Basic("a:b", "c")


def test_a_function_is_asked_for_every_token():
    tokens = iter(["first", "second"])
    bearer = Bearer(lambda: next(tokens))
    assert [bearer.header(), bearer.header()] == ["Bearer first", "Bearer second"]


@pytest.mark.parametrize("token", ["", "two words", "line\r\nX-Injected: 1", "bí-mật"])
def test_what_cannot_be_a_token_is_never_sent(token):
    with pytest.raises(ValueError, match="not a bearer token") as caught:
        Bearer(token).header()
    assert not token or token not in str(caught.value)


@pytest.mark.parametrize("auth", [Basic("the-key", "the-secret"), Bearer("the-token")])
def test_no_secret_is_shown(auth):
    assert "the-" not in repr(auth)
    assert "the-" not in str(auth)

import re

import pytest

from lrs.config import BadSetting, Config
from schemas.api.credentials import ORIGIN

ORIGINS = ["https://noi-dung.example.vn", "http://localhost:3000", "*", "null", "app://quiz", "capacitor://localhost"]
OTHERS = [
    "",
    "https://Noi-Dung.example.vn",
    "https://a.example.vn/",
    "noi-dung.example.vn",
    "https://a?b",
    "HTTPS://a",
    "a b",
]


def is_setting(text):
    try:
        Config(origins=text)
    except BadSetting:
        return False
    return True


@pytest.mark.parametrize("text", ORIGINS)
def test_an_origin_is_one_for_keys_and_for_the_first_credential_alike(text):
    assert re.fullmatch(ORIGIN, text)
    assert is_setting(text)


@pytest.mark.parametrize("text", OTHERS)
def test_what_is_none_is_none_for_either(text):
    assert not re.fullmatch(ORIGIN, text)
    # There, nothing at all is no origins, and what is no origin in its parts is none.
    assert text == "" or not is_setting(text)

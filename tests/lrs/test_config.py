"""Settings: read once, refused with a sentence."""

from dataclasses import fields
from pathlib import Path

import pytest

from lrs.config import BadSetting, Config, as_environment, language


def test_an_empty_environment_gives_the_usual_settings():
    assert Config.from_env({}) == Config()


def test_an_empty_variable_counts_as_absent():
    assert Config.from_env({"PORT": "", "LRS_ROOM": ""}) == Config()


def test_a_default_of_the_caller_gives_way_to_the_environment():
    assert Config.from_env({}, log_level="warning").log_level == "warning"
    assert Config.from_env({"LRS_LOG_LEVEL": "debug"}, log_level="warning").log_level == "debug"


def test_a_child_reads_the_same_settings_from_the_environment_made_for_it():
    config = Config(port=81, data=Path("/srv/x"), room=Path("/srv/x/db"), pepper="p" * 32, deadline=2.5)
    assert Config.from_env(as_environment(config, {"LRS_KEY": "other"})) == config


@pytest.mark.parametrize(
    ("name", "value", "sentence"),
    [
        ("PORT", "0", "PORT must be a port from 1 to 65535."),
        ("PORT", "65536", "PORT must be a port from 1 to 65535."),
        ("PORT", "http", "PORT must be a number."),
        ("LRS_KEY", "a:b", "LRS_KEY must be at most 200 plain (ASCII) characters without spaces and colons."),
        ("LRS_TIMEZONE", "Asia", "LRS_TIMEZONE must be the name of a time zone, such as Asia/Ho_Chi_Minh."),
        ("LRS_TIMEZONE", "Hanoi", "LRS_TIMEZONE must be the name of a time zone, such as Asia/Ho_Chi_Minh."),
        ("LRS_SECRET", "mật khẩu", "LRS_SECRET must be at most 200 plain (ASCII) characters."),
        (
            "LRS_MONGODB_URI",
            "http://x",
            "LRS_MONGODB_URI must be an address that begins with mongodb:// or mongodb+srv://.",
        ),
        ("LRS_DATABASE", "a.b", "LRS_DATABASE must be 1 to 63 letters, digits, - or _."),
        ("LRS_PEPPER", "p" * 31, "LRS_PEPPER must have 32 characters or more."),
        (
            "LRS_PUBLIC_URL",
            "lrs.vn",
            "LRS_PUBLIC_URL must be an address that begins with http:// or https://, without ? and #.",
        ),
        ("LRS_DEFAULT_VERSION", "2.0", "LRS_DEFAULT_VERSION must be 1.0.3 or 2.0.0."),
        ("LRS_PROCESSES", "-1", "LRS_PROCESSES must be a number from 0 to 1024."),
        ("LRS_REQUESTS_PER_MINUTE", "-1", "LRS_REQUESTS_PER_MINUTE must be a number; 0 is no limit."),
        ("LRS_PROXIES", "11", "LRS_PROXIES must be a number from 0 to 10."),
        ("LRS_THREADS", "0", "LRS_THREADS must be a number above 0."),
        ("LRS_DEADLINE", "nan", "LRS_DEADLINE must be a number above 0."),
        ("LRS_DEADLINE", "inf", "LRS_DEADLINE must be a number above 0."),
        (
            "LRS_MAX_STATEMENT",
            "15728641",
            "LRS_MAX_STATEMENT must be a number from 1 to 15728640 (15 MiB: MongoDB takes no larger documents).",
        ),
        ("LRS_LOG_LEVEL", "loud", "LRS_LOG_LEVEL must be debug, info, warning or error."),
    ],
)
def test_a_setting_that_cannot_be_used_is_refused_by_name(name, value, sentence):
    with pytest.raises(BadSetting) as refused:
        Config.from_env({name: value})
    assert str(refused.value) == sentence
    assert refused.value.say("vi").startswith(f"{name} phải ")


@pytest.mark.parametrize("host", ["::", "192.0.2.1", "hoc.example.vn"])
def test_a_server_that_others_reach_has_no_short_secret(host):
    with pytest.raises(BadSetting) as refused:
        Config.from_env({"LRS_HOST": host, "LRS_SECRET": "p" * 15})
    assert str(refused.value).startswith("LRS_SECRET must have 16 characters or more")
    assert refused.value.say("vi").startswith("LRS_SECRET phải ")
    for secret in ("", "p" * 16):
        assert Config.from_env({"LRS_HOST": host, "LRS_SECRET": secret}).secret == secret


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_on_ones_own_machine_any_secret_will_do(host):
    assert Config.from_env({"LRS_HOST": host, "LRS_SECRET": "p"}).secret == "p"


@pytest.mark.parametrize(
    ("given", "address"),
    [
        ({}, "http://127.0.0.1:8080"),
        ({"host": "::1", "port": 81}, "http://[::1]:81"),
        ({"public_url": "https://hoc.example.vn/lrs"}, "https://hoc.example.vn/lrs"),
    ],
)
def test_authorities_are_at_home_where_the_server_is(given, address):
    assert Config(**given).home_page == address


def test_secrets_do_not_show():
    shown = repr(Config(key="k", secret="s3cret", pepper="p3pper" * 6, mongodb_uri="mongodb://u:pw@h"))
    assert not any(word in shown for word in ("s3cret", "p3pper", "pw"))


def test_every_setting_has_a_name_and_a_meaning():
    names = [f.metadata["env"] for f in fields(Config)]
    assert len(set(names)) == len(names)
    assert all(f.metadata["doc"] for f in fields(Config))


@pytest.mark.parametrize(
    ("locale", "spoken"),
    [
        ({"LANG": "vi_VN.UTF-8"}, "vi"),
        ({"LANG": "vi"}, "vi"),
        ({"LANG": "C", "LC_MESSAGES": "vi_VN"}, "vi"),
        ({"LANG": "vi_VN", "LC_ALL": "C.UTF-8"}, "en"),
        ({"LANG": "vie"}, "en"),
        ({}, "en"),
    ],
)
def test_the_locale_decides_the_language(locale, spoken):
    assert language(locale) == spoken

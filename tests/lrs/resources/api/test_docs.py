"""The description of the own API as a page."""

import base64
import hashlib
import re

import pytest


@pytest.fixture(scope="module")
def page(shared_app):
    return shared_app.test_client().get("/api/docs")


@pytest.fixture(scope="module")
def described(shared_app):
    return shared_app.test_client().get("/api/openapi.json").json


def test_it_is_open_to_all_and_names_every_operation_parameter_and_status(page, described):
    assert page.status_code == 200
    for path, item in described["paths"].items():
        for method in item.keys() & {"get", "post", "put", "patch", "delete"}:
            anchor = re.sub(r"\W+", "-", f"{method}{path}").strip("-")
            [section] = re.findall(rf'<section id="{anchor}">(.*?)</section>', page.text, re.DOTALL)
            for status in item[method]["responses"]:
                assert f"<th>{status}<" in section
            for parameter in item[method].get("parameters", []):
                assert f"<code>{parameter['name']}</code>" in section


def test_it_shows_every_schema_with_its_members_and_every_link_within_it_leads_somewhere(page, described):
    for name, schema in described["components"]["schemas"].items():
        [section] = re.findall(rf'<section id="schema-{name}">(.*?)</section>', page.text, re.DOTALL)
        for member in schema.get("properties", {}):
            assert f"<code>{member}</code>" in section
    places = set(re.findall(r' id="([^"]+)"', page.text))
    assert set(re.findall(r'href="#([^"]+)"', page.text)) <= places


def test_it_needs_no_script_and_no_other_host(page):
    assert not re.findall(r"<script|<img|<link|<iframe|\bon[a-z]+=", page.text)
    assert re.findall(r'(?:src|href)="(?!#)([^"]+)"', page.text) == ["openapi.json"]
    [style] = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    allowed = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    policy = page.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{allowed}';")
    assert "unsafe" not in policy


@pytest.mark.parametrize(
    ("asked", "language", "word"),
    [
        ("vi-VN,vi;q=0.9,en;q=0.5", "vi", "Tham số"),
        ("en", "en", "Parameters"),
        ("fr", "en", "Parameters"),
        ("", "en", "Parameters"),
    ],
)
def test_it_speaks_the_language_of_the_reader(shared_app, asked, language, word):
    answer = shared_app.test_client().get("/api/docs", headers={"Accept-Language": asked})
    assert f'<html lang="{language}">' in answer.text
    assert word in answer.text
    assert "Accept-Language" in answer.headers.getlist("Vary")


def test_what_is_described_is_escaped(shared_app):
    # What stands in angle brackets in a description would else be taken for a tag.
    prose = shared_app.jinja_env.filters["prose"]
    assert prose("a <b> of `<key>` & more") == "a &lt;b&gt; of <code>&lt;key&gt;</code> &amp; more"

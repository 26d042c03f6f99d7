"""What is written about the project holds."""

import ast
import re
from dataclasses import fields
from pathlib import Path

import pytest

from lrs import messages
from lrs.config import Config
from lrs.messages import Text
from schemas.xapi.leniency import RELAXATIONS

ROOT = Path(__file__).parent.parent
SETTINGS = [f.metadata["env"] for f in fields(Config)]
READMES = ["README.md", "README.vi.md"]
APIS = ["API.md", "API.vi.md"]
LIMITS = [f for f in fields(Config) if f.name.startswith("max_") or f.name.endswith("_minute") or f.name == "page"]


def read(name: str) -> str:
    return (ROOT / name).read_text("utf-8")


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize(("file", "form"), [("deploy/README.md", r"^\| `{}` \|"), ("deploy/env.example", r"^#?{}=")])
def test_every_setting_is_documented(setting, file, form):
    assert len(re.findall(form.format(setting), read(file), re.MULTILINE)) == 1


def test_nothing_is_documented_that_is_no_setting():
    assert set(re.findall(r"^\| `([A-Z_]+)` \|", read("deploy/README.md"), re.MULTILINE)) == set(SETTINGS)


def test_the_table_says_the_usual_values():
    for f in fields(Config):
        if isinstance(f.default, int | float):
            assert f"| `{f.metadata['env']}` | `{f.default:.0f}` |" in read("deploy/README.md")


@pytest.mark.parametrize("readme", READMES)
def test_the_readme_tells_every_limit(readme):
    for f in LIMITS:
        size = f"{f.default // 1024**2} MiB" if f.default % 1024**2 == 0 else str(f.default)
        assert re.search(rf"\| {size} \| `{f.metadata['env']}`", read(readme)), f.name


@pytest.mark.parametrize("api", APIS)
def test_every_relaxation_is_told(api):
    assert set(re.findall(r"^\| `([a-z0-9-]+)` \|", read(api), re.MULTILINE)) == RELAXATIONS


@pytest.mark.parametrize(("readme", "api"), list(zip(READMES, APIS, strict=True)))
def test_every_route_is_told_in_both_languages_and_none_that_is_not(app, readme, api):
    routes = {rule.rule for rule in app.url_map.iter_rules() if rule.rule.startswith(("/api/", "/xapi/", "/oauth/"))}
    assert set(re.findall(r"/(?:x?api|oauth)/[a-z./<>-]*[a-z>]", read(readme) + read(api))) == routes


@pytest.mark.parametrize("readme", READMES)
def test_every_make_command_of_the_readme_exists(readme):
    targets = set(re.findall(r"^(\w+):", read("Makefile"), re.MULTILINE))
    named = set(re.findall(r"\bmake (up|test|check|bench|conformance|lock|clean)\b", read(readme)))
    assert {"up", "test"} <= named <= targets


@pytest.mark.parametrize("file", [*READMES, *APIS, "deploy/README.md", "CHANGELOG.md"])
def test_links_between_files_lead_somewhere(file):
    for link, _, heading in (each.partition("#") for each in re.findall(r"\]\((?!https?:)([^)]+)", read(file))):
        there = (ROOT / file).parent / link if link else ROOT / file
        assert there.exists(), link
        assert not heading or heading in headings(there.read_text("utf-8")), f"{link}#{heading}"


def headings(text: str) -> set[str]:
    """Return what links to headings end in: small letters, with hyphens for spaces and without marks."""
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in found}


def test_both_readmes_show_the_same_commands():
    blocks = [re.findall(r"```sh\n(.*?)```", read(name), re.DOTALL) for name in READMES]
    english, vietnamese = (re.sub(r" *#.*", "", "".join(found)) for found in blocks)
    assert english == vietnamese


def test_every_message_is_in_both_languages_with_the_same_values():
    texts = [value for value in vars(messages).values() if isinstance(value, Text)]
    assert texts
    for text in texts:
        assert set(re.findall(r"\{(\w+)\}", text.en)) == set(re.findall(r"\{(\w+)\}", text.vi))


def test_what_is_audited_is_documented_and_nothing_else_is():
    sources = [path.read_text("utf-8") for path in (ROOT / "lrs").rglob("*.py")]
    audited = {
        node.value
        for source in sources
        if re.search(r"^from lrs\.store\.entries import .*\bEntry\b", source, re.MULTILINE)
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and re.fullmatch(r"[a-z_]+\.[a-z_]+", node.value)
    }
    assert "credential.created" in audited
    table = re.findall(r"^\| Recorded when .*\n((?:\|.*\n)+)", read("deploy/README.md"), re.MULTILINE)
    assert audited == set(re.findall(r"`([a-z_]+\.[a-z_]+)`", "".join(table)))

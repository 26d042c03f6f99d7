"""What a wheel of this project holds."""

import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = {"clients", "lrs", "schemas"}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Names of all files in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(folder)], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return archive.namelist()


def test_its_top_levels_are_ours_alone(wheel):
    assert {name.split("/")[0] for name in wheel if ".dist-info/" not in name} == PACKAGES


@pytest.mark.parametrize("package", sorted(PACKAGES))
def test_its_packages_are_typed(wheel, package):
    assert f"{package}/py.typed" in wheel


def test_it_carries_the_licence(wheel):
    assert any(re.fullmatch(r"sohoc-[^/]+\.dist-info/licenses/LICENSE", name) for name in wheel)


@pytest.mark.parametrize(
    "name", ["training/profile.jsonld", "training/vocabulary.json", "registries/shipped/dong-nai/units.csv"]
)
def test_it_carries_the_profile_the_vocabulary_and_a_registry(wheel, name):
    assert f"schemas/{name}" in wheel


def test_it_holds_code_and_data_that_the_code_reads_only(wheel):
    inside = [name for name in wheel if ".dist-info/" not in name]
    data = re.compile(
        r"schemas/training/[a-z]+\.json(?:ld)?|schemas/registries/shipped/[a-z-]+/[a-z]+\.csv"
        r"|lrs/resources/templates/(?:docs\.css|(?:agreement|docs|dossier)\.html)"
    )
    assert [name for name in inside if not name.endswith((".py", "/py.typed")) and not data.fullmatch(name)] == []


def test_every_dependency_is_locked():
    locked = {
        line.partition("==")[0].lower().replace("_", "-") for line in (ROOT / "requirements.lock").read_text().split()
    }
    project = (ROOT / "pyproject.toml").read_text()
    named = re.findall(r'^\s+"([A-Za-z0-9_.-]+)(?:\[[a-z,-]+\])?[>=]', project, re.MULTILINE)
    assert {name.lower().replace("_", "-") for name in named} <= locked

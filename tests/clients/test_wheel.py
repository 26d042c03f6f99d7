"""The partner's wheel, built, installed into an empty environment and used there."""

import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

import clients

FOLDER = Path(clients.__file__).parent


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Build the wheel from the folder, with what is installed here."""
    place = tmp_path_factory.mktemp("wheel")
    build = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    subprocess.run([sys.executable, "-c", build, str(place)], cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
    return next(place.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Make an environment that has the wheel and nothing else."""
    place = tmp_path_factory.mktemp("empty")
    venv.create(place, with_pip=False, symlinks=True)
    python = place / "bin" / "python"
    options = ["--quiet", "--no-index", "--disable-pip-version-check", str(wheel)]
    subprocess.run([sys.executable, "-m", "pip", "--python", str(python), "install", *options], check=True)
    return python


def test_its_name_tells_the_version(wheel):
    assert wheel.name == f"sohoc_client-{clients.__version__}-py3-none-any.whl"


def test_its_one_top_level_holds_the_code_and_the_types(wheel):
    with zipfile.ZipFile(wheel) as archive:
        names = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert names == {f"sohoc_client/{file.name}" for file in FOLDER.glob("*.py")} | {"sohoc_client/py.typed"}


def test_it_needs_nothing_and_carries_the_readme(wheel):
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        text = archive.read(name).decode()
    assert "Requires-Dist" not in text
    assert (FOLDER / "README.md").read_text() in text


def test_it_works_in_an_empty_environment(python, server, tmp_path):
    program = f"""
import sys
from sohoc_client import Basic, LRSClient, agent, completed
with LRSClient({server.endpoint!r}, Basic({server.key!r}, {server.secret!r})) as lrs:
    learner = agent(account=("https://sso.example.vn", "hv-wheel"))
    sent = lrs.save(completed(learner, "https://example.vn/courses/an-toan-so"))
    assert [found["id"] for found in lrs.find(agent=learner)] == [sent]
assert "clients" not in sys.modules
"""
    subprocess.run([str(python), "-I", "-W", "error", "-c", program], check=True, cwd=tmp_path)


def test_its_command_is_there(python):
    done = subprocess.run([str(python.with_name("sohoc-client")), "--help"], capture_output=True, text=True, check=True)
    assert "exit codes:" in done.stdout

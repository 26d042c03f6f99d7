"""`lrs up --demo`: everything on one machine, with something to look at."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lrs.embedded import free_port

LRS = str(Path(sys.executable).with_name("lrs"))
SECONDS = 60


@pytest.fixture
def run(tmp_path):
    """Start it with 300 statements; end it whatever happens."""
    environment = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    environment |= {"PORT": str(free_port()), "LRS_DATA": str(tmp_path / "data"), "LRS_PROCESSES": "1"}
    process = subprocess.Popen([LRS, "up", "--demo", "300"], env=environment, stdout=subprocess.PIPE, text=True)
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate(timeout=SECONDS)


def test_it_is_stored_and_counted_while_the_server_runs_and_a_printed_command_reads_it(run):
    said = ""
    while "/api/records" not in said:
        line = run.stdout.readline()
        assert line, said
        said += line
    assert said.index("Sổ Học is running") < said.index("Storing 300 made-up statements")
    assert "Records and reports are complete." in said
    command = re.search(r"^curl (\S+ \S+) \S*/api/reports/coverage", said, re.MULTILINE)[1]
    root = re.search(r"http://127\.0\.0\.1:[0-9]+", said)[0]
    found = subprocess.run(
        ["/bin/bash", "-c", f"curl -sS {command} -H 'X-Experience-API-Version: 2.0.0' {root}/xapi/statements"],
        capture_output=True,
        text=True,
        check=True,
        timeout=SECONDS,
    )
    assert '"https://w3id.org/so-hoc/profiles/digital-skills/v1.0"' in found.stdout
    run.send_signal(signal.SIGINT)
    assert run.wait(SECONDS) == 0

"""What `make conformance` makes of a run of the suite, without the suite."""

import os
import runpy
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import pytest


@pytest.fixture(scope="module")
def conformance():
    return SimpleNamespace(**runpy.run_path(str(Path(__file__).with_name("__main__.py")), run_name="conformance"))


def summary(total, passed):
    return f'testing ...\n{{"total":{total},"passed":{passed},"failed":{total - passed}}}\nFull run log at x.log\n'


@pytest.mark.parametrize(
    ("version", "printed", "missed", "said"),
    [
        ("2.0.0", summary(1442, 1442), 0, "1442 of 1442"),
        ("1.0.3", summary(1365, 1365), 0, "1365 of 1365"),
        ("2.0.0", summary(1442, 1440), 2, "x.log"),
        ("2.0.0", summary(1435, 1435), 7, "should be 1442"),
        ("1.0.3", summary(1442, 1442), 77, "should be 1365"),
        ("1.0.3", summary(0, 0), 1365, "should be 1365"),
        ("1.0.3", "Error: no such module", 1365, "no such module"),
        ("2.0.0", None, 1442, "600 s"),
    ],
)
def test_only_all_tests_passed_is_nothing_missed(conformance, capsys, version, printed, missed, said):
    assert conformance._judged(version, printed) == missed
    assert said in capsys.readouterr().out


def test_what_a_command_prints_is_returned(conformance, tmp_path):
    command = [sys.executable, "-c", "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"]
    assert sorted(conformance._printed(command, tmp_path, time.monotonic() + 20).split()) == ["err", "out"]


def test_a_command_that_takes_too_long_is_ended_with_its_children(conformance, tmp_path):
    script = "sleep 60 & echo $! > pid; sleep 60"
    assert conformance._printed(["sh", "-c", script], tmp_path, time.monotonic() + 1) is None
    child = int((tmp_path / "pid").read_text())
    assert _ended(child)


def _ended(pid, seconds=5):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]
        except OSError:
            return True
        if state == "Z":
            return True
        time.sleep(0.05)
    return False

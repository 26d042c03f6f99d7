"""`lrs up` for real: a start, a statement by the printed commands, and the end of every one of its processes."""

import contextlib
import fcntl
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lrs.embedded import free_port
from lrs.folder import taken
from lrs.messages import StartFailed

LRS = str(Path(sys.executable).with_name("lrs"))
SECONDS = 30


def environment(data: Path, port: int, **more: str) -> dict[str, str]:
    """What a terminal would give, without what the developer has set."""
    plain = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME"}}
    return plain | {"PORT": str(port), "LRS_DATA": str(data), "LRS_PROCESSES": "2"} | more


def parents() -> dict[int, int]:
    """Every living process and its parent."""
    found = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            state, parent = stat.read_text().rpartition(")")[2].split()[:2]
            if state != "Z":
                found[int(stat.parent.name)] = int(parent)
    return found


def below(top: int) -> set[int]:
    """All processes that descend from one."""
    everything, found = parents(), {top}
    while more := {pid for pid, parent in everything.items() if parent in found} - found:
        found |= more
    return found - {top}


def wait_until(holds, seconds: float = SECONDS):
    until = time.monotonic() + seconds
    while not (result := holds()):
        assert time.monotonic() < until, "it did not happen in time"
        time.sleep(0.02)
    return result


class Run:
    """One `lrs up`, started and welcomed."""

    def __init__(self, data: Path, port: int, **more: str) -> None:
        self.process = subprocess.Popen(
            [LRS, "up"],
            env=environment(data, port, **more),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self.welcome = ""
        while self.welcome.count("curl -u") < 2 or not self.welcome.endswith("\n\n"):
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            self.welcome += line
        self.pids = below(self.process.pid)

    def commands(self) -> list[str]:
        """The commands that it printed, as somebody would paste them."""
        return re.findall(r"^curl (?:.*\\\n)*.*", self.welcome, re.MULTILINE)

    def port(self) -> int:
        return int(re.search(r"127\.0\.0\.1:(\d+)/xapi", self.welcome)[1])

    def paste(self, command: str) -> str:
        return subprocess.run(
            ["/bin/bash", "-c", f"{command} -sS --fail-with-body"], capture_output=True, text=True, check=True
        ).stdout

    def found(self, *words: str) -> int:
        """The first of its processes whose command line holds all these words."""
        for pid in sorted(self.pids):
            line = Path(f"/proc/{pid}/cmdline").read_bytes().decode().replace("\0", " ")
            if all(word in line for word in words):
                return pid
        raise AssertionError(f"no process like {words}")

    def ended(self) -> tuple[int, str, str]:
        """Wait for the end of it all; return the exit code and what it said meanwhile."""
        out, err = self.process.communicate(timeout=SECONDS)
        wait_until(lambda: not self.pids & parents().keys())
        return self.process.returncode, out, err

    def stop(self, number: int = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(number)
        return self.ended()


@pytest.fixture
def started(tmp_path: Path) -> Iterator[type[Run]]:
    runs: list[Run] = []

    def start(**more: str) -> Run:
        runs.append(Run(tmp_path / "data", free_port(), **more))
        return runs[-1]

    yield start
    for run in runs:
        if run.process.poll() is None:
            run.stop()
        run.process.stdout.close()
        run.process.stderr.close()


def credential(run: Run) -> list[str]:
    return re.findall(r"^  (?:Key|Secret) +(\S+)$", run.welcome, re.MULTILINE)


def test_the_printed_commands_work_and_a_second_start_finds_the_data_under_the_same_key(started):
    first = started()
    post, read = first.commands()
    first.paste(post)
    assert '"mailto:lan@example.vn"' in first.paste(read)
    code, out, err = first.stop(signal.SIGINT)
    assert (code, err) == (0, "")
    assert "Stopped." in out

    second = started()
    assert credential(second) == credential(first)
    moved = read.replace(str(first.port()), str(second.port()))
    assert '"mailto:lan@example.vn"' in second.paste(moved)
    assert second.stop(signal.SIGTERM)[0] == 0


def test_a_key_and_a_secret_of_ones_own_are_used(started):
    run = started(LRS_KEY="khoa", LRS_SECRET="it's a secret")
    post, read = run.commands()
    run.paste(post)
    run.paste(read)
    assert credential(run)[0] == "khoa"


def test_the_heads_of_the_audit_are_kept_beside_the_database(started, tmp_path):
    started()
    file = tmp_path / "data" / "audit-anchors.jsonl"
    until = time.monotonic() + 10
    while not (file.exists() and file.read_text().endswith("\n")):
        assert time.monotonic() < until
        time.sleep(0.05)
    assert [json.loads(line)["seq"] for line in file.read_text().splitlines()] == [2]


def test_it_speaks_vietnamese_where_the_locale_does(started):
    assert "Đọc lại statement đó" in started(LC_ALL="vi_VN.UTF-8").welcome


@dataclass
class Story:
    """One data folder that lives through several runs, and what was written in them."""

    data: Path
    reads: list[str] = field(default_factory=list)

    def read_everything(self, run: Run) -> None:
        for read in self.reads:
            moved = re.sub(r"127\.0\.0\.1:\d+", f"127.0.0.1:{run.port()}", read)
            assert '"mailto:lan@example.vn"' in run.paste(moved)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Story:
    return Story(tmp_path_factory.mktemp("killed") / "data")


@pytest.mark.parametrize(
    ("victim", "name"),
    [
        pytest.param(("mongod", "--dbpath"), "mongod", id="mongod"),
        pytest.param(("lrs.cli", "worker"), "The worker", id="worker"),
        pytest.param(("lrs.cli", "serve"), "The server", id="server"),
    ],
)
def test_killing_a_process_ends_the_others_and_says_which_it_was(story, victim, name):
    run = Run(story.data, free_port())
    story.read_everything(run)
    post, read = run.commands()
    run.paste(post)
    story.reads.append(read)
    os.kill(run.found(*victim), signal.SIGKILL)
    code, _, err = run.ended()
    assert code == 1
    assert re.fullmatch(rf"{name} \(process \d+\) ended unexpectedly \(SIGKILL\); [^\n]*", err.splitlines()[-1])
    assert "Traceback" not in err


def test_killing_lrs_up_itself_leaves_nothing_running_and_loses_nothing(story):
    run = Run(story.data, free_port())
    story.read_everything(run)
    post, read = run.commands()
    run.paste(post)
    story.reads.append(read)
    run.stop(signal.SIGKILL)

    again = Run(story.data, free_port())
    story.read_everything(again)
    assert again.stop()[0] == 0


def test_a_killed_server_process_is_replaced(started):
    run = started()
    master = run.found("lrs.cli", "serve")
    victims = wait_until(lambda: len(below(master)) == 2 and below(master))
    os.kill(min(victims), signal.SIGKILL)
    wait_until(lambda: len(below(master)) == 2 and min(victims) not in below(master))
    post, read = run.commands()
    run.paste(post)
    run.paste(read)
    assert run.stop()[0] == 0


def refused(data: Path, port: int, **more: str) -> str:
    """Start in vain; return the one sentence that says why."""
    done = subprocess.run(
        [LRS, "up"], check=False, env=environment(data, port, **more), capture_output=True, text=True, timeout=SECONDS
    )
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    return done.stderr


def test_a_taken_port_is_one_sentence(tmp_path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        assert refused(tmp_path, port).startswith(f"Port {port} of 127.0.0.1 is taken")


def test_a_data_folder_in_use_is_one_sentence(tmp_path):
    with (tmp_path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert "is in use by another run" in refused(tmp_path, free_port())


def test_a_data_folder_that_cannot_be_made_is_one_sentence(tmp_path):
    (tmp_path / "file").touch()
    assert "cannot be used" in refused(tmp_path / "file" / "data", free_port())


def test_a_full_disk_is_one_sentence(tmp_path):
    with pytest.raises(StartFailed, match=r"has \d+ MB free and 1000000000 MB are needed"), taken(tmp_path, 10**9):
        pass


def test_a_bad_setting_is_one_sentence_in_vietnamese_too(tmp_path):
    assert refused(tmp_path, 1, PORT="cổng").startswith("PORT must be a number")
    assert refused(tmp_path, 1, PORT="70000", LANG="vi_VN").startswith("PORT phải là một cổng")


def test_no_mongod_is_one_sentence(tmp_path):
    without = tmp_path / "site"
    without.mkdir()
    (without / "fiftyone.py").touch()
    message = refused(tmp_path / "data", free_port(), PATH=str(without), PYTHONPATH=str(without))
    assert message.startswith("No mongod was found: install MongoDB")


@pytest.mark.parametrize(
    ("command", "missing"), [("serve", "LRS_MONGODB_URI"), ("serve", "LRS_PEPPER"), ("worker", "LRS_MONGODB_URI")]
)
def test_a_process_without_what_it_needs_is_one_sentence(command, missing):
    settings = {"LRS_MONGODB_URI": "mongodb://127.0.0.1:1", "LRS_PEPPER": "p" * 32}
    del settings[missing]
    done = subprocess.run([LRS, command], check=False, env=settings, capture_output=True, text=True, timeout=SECONDS)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{missing} is not set")


def test_the_worker_runs_without_a_pepper_and_says_what_it_leaves_undone():
    settings = {"LRS_MONGODB_URI": "mongodb://127.0.0.1:1", "LRS_DEADLINE": "0.2"}
    with subprocess.Popen([LRS, "worker"], env=settings, stderr=subprocess.PIPE, text=True) as worker:
        lines = [json.loads(worker.stderr.readline()) for _ in range(4)]
        worker.terminate()
        assert worker.wait(SECONDS) == 0
    undone, trying = lines[:3], lines[3]
    assert all("LRS_PEPPER" in line["event"] and line["level"] == "warning" for line in undone)
    assert "trying again" in trying["event"]

"""`sohoc-client` against the real server, and its exit codes."""

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

import clients
from clients import cli, completed, errors

LESSON = "https://hoc.example.vn/bai/mat-khau"


@pytest.fixture
def run(server, tmp_path):
    def start(*arguments, **settings):
        usual = {"SOHOC_ENDPOINT": server.endpoint, "SOHOC_KEY": server.key, "SOHOC_SECRET": server.secret}
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(Path(clients.__file__).parent.parent)}
        command = [sys.executable, "-W", "error", "-m", "clients", "--within", "2", *arguments]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        env = environment | usual | settings
        return subprocess.Popen(command, env=env, cwd=tmp_path, text=True, encoding="utf-8", **pipes)

    def make(*arguments, stdin="", **settings):
        with start(*arguments, **settings) as process:
            try:
                out, err = process.communicate(stdin, timeout=60)
            finally:
                process.kill()
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    make.start = start
    return make


def lines(statements):
    return "".join(json.dumps(each) + "\n" for each in statements)


def test_check_tells_the_versions(run):
    done = run("check")
    assert (done.returncode, done.stdout) == (0, "")
    assert "1.0.3, 2.0.0" in done.stderr


@pytest.mark.parametrize("form", [lines, json.dumps])
def test_what_is_sent_is_got_back(run, learner, tmp_path, form):
    sent = [completed(learner, LESSON) for _ in range(3)]
    (tmp_path / "sent.jsonl").write_text(form(sent))
    assert run("send", "sent.jsonl").stderr == "3 stored\n"
    done = run("get", "--agent", json.dumps(learner))
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == [each["id"] for each in sent]


def test_what_could_not_be_stored_is_kept_with_its_ids(run, learner, tmp_path):
    good, bad = completed(learner, LESSON), completed(learner, LESSON) | {"verb": {}}
    done = run("send", "--unsaved", "later.jsonl", stdin=lines([good, bad]))
    assert (done.returncode, done.stderr.splitlines()[0]) == (cli.REFUSED, "0 stored, 2 not")
    assert "[1].verb.id" in done.stderr
    later = (tmp_path / "later.jsonl").read_text(encoding="utf-8")
    assert [json.loads(line) for line in later.splitlines()] == [good, bad]


def test_a_file_can_be_its_own_rest(run, learner, tmp_path):
    bad = completed(learner, LESSON) | {"verb": {}}
    (tmp_path / "x.jsonl").write_text(lines([completed(learner, LESSON) for _ in range(100)] + [bad]))
    assert run("send", "x.jsonl", "--unsaved", "x.jsonl").returncode == cli.REFUSED
    assert json.loads((tmp_path / "x.jsonl").read_text(encoding="utf-8")) == bad
    (tmp_path / "x.jsonl").write_text(lines([completed(learner, LESSON)]))
    assert run("send", "x.jsonl", "--unsaved", "x.jsonl").stderr == "1 stored\n"
    assert (tmp_path / "x.jsonl").read_text(encoding="utf-8") == ""
    assert [each.name for each in tmp_path.iterdir()] == ["x.jsonl"]


@pytest.fixture
def interruptible():
    """A suite in the background ignores SIGINT, and what it starts would inherit that."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("interruptible")
@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_whoever_interrupts_finds_everything_with_its_ids(run, site, learner, tmp_path, how):
    def interrupts(handler):
        os.kill(site.process, how)
        site.waits(1, site.says())(handler)

    site.then(site.says(), interrupts)
    sent = [completed(learner, LESSON) | {"id": None} for _ in range(150)]
    (tmp_path / "x.jsonl").write_text(lines(sent))
    with run.start("send", "x.jsonl", "--unsaved", "x.jsonl", SOHOC_ENDPOINT=site.endpoint) as process:
        site.process = process.pid
        process.communicate(timeout=30)
    assert process.returncode != 0
    kept = [json.loads(line) for line in (tmp_path / "x.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [each["id"] for each in kept[:100]] == [each["id"] for each in json.loads(site.received[0].content)]
    assert [each | {"id": None} for each in kept] == sent


def test_what_cannot_be_kept_is_not_sent(run, site, learner, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    done = run("send", "--unsaved", "pipe", stdin=lines([completed(learner, LESSON)]), SOHOC_ENDPOINT=site.endpoint)
    assert (done.returncode, site.received) == (cli.WRONG, [])
    assert "pipe is not a file" in done.stderr


def test_what_is_no_json_is_found_before_anything_is_sent(run, site, learner):
    sent = [completed(learner, LESSON) for _ in range(150)] + [{"result": {"score": {"raw": float("nan")}}}]
    done = run("send", stdin=lines(sent), SOHOC_ENDPOINT=site.endpoint)
    assert (done.returncode, site.received) == (cli.WRONG, [])
    assert "[150]" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "stdin", "settings", "code"),
    [
        (["send"], "not json", {}, cli.WRONG),
        (["send"], "[1]", {}, cli.WRONG),
        (["send"], '{"a": NaN}', {}, cli.WRONG),
        (["send", "nowhere.jsonl"], "", {}, cli.WRONG),
        (["send", "--unsaved", "no/such/folder"], "[]", {}, cli.WRONG),
        (["send"], "{}", {}, cli.REFUSED),
        (["get", "--agent", "{"], "", {}, cli.WRONG),
        (["get", "--since", "yesterday"], "", {}, cli.REFUSED),
        (["look"], "", {}, cli.WRONG),
        (["check"], "", {"SOHOC_ENDPOINT": ""}, cli.WRONG),
        (["check"], "", {"SOHOC_ENDPOINT": "http://127.0.0.1:1/xapi"}, cli.LATER),
        (["check"], "", {"SOHOC_SECRET": "guessed"}, cli.DENIED),
        (["check"], "", {"SOHOC_KEY": ""}, cli.DENIED),
    ],
)
def test_exit_codes_are_those_of_the_help(run, arguments, stdin, settings, code):
    done = run(*arguments, stdin=stdin, **settings)
    assert done.returncode == code
    assert "Traceback" not in done.stderr
    assert done.stderr


def test_every_error_has_a_code():
    todo = [errors.LRSError]
    for kind in todo:
        todo += kind.__subclasses__()
        assert any(issubclass(kind, each) for each, _ in cli._CODES)


def test_help_and_readme_tell_the_same_codes():
    readme = (Path(clients.__file__).parent / "README.md").read_text()
    table = dict(re.findall(r"^\| (\d) \| (.*) \|$", readme, re.MULTILINE))
    told = dict(re.findall(r"^  (\d)  (.*)$", cli.__doc__, re.MULTILINE))
    assert table.keys() == told.keys()
    assert all(told[code].startswith(meaning) for code, meaning in table.items())

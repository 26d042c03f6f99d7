"""Run the conformance suite of ADL against a running server, in both versions, and print the counts.

The suite is not part of this project: https://github.com/adlnet/lrs-conformance-test-suite, at 2ec25f2, after its
`npm install`. Between the versions the server is restarted on the same data with the other default version, for
the suites contradict each other about requests that name none; nothing else changes.
"""

import argparse
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from lrs.embedded import PrivateMongod, free_port
from lrs.leash import leashed
from lrs.services.audit import sealed_with
from lrs.services.setup import first_credential
from lrs.store import open_store

# How many tests the suite has at that commit: fewer passed could also mean that fewer were run.
EXPECTED = {"2.0.0": 1442, "1.0.3": 1365}
KEY, SECRET = "key-of-the-suite", "secret-of-the-suite"
PEPPER = "a pepper for the suite, of 32 characters or more"
LONGEST = 600
READY_SECONDS = 30
STATEMENTS_ON_A_PAGE = "100"


def main() -> int:
    """Run both versions, in ten minutes together; return the number of tests that did not pass."""
    suite = _arguments()
    until = time.monotonic() + LONGEST
    with tempfile.TemporaryDirectory() as folder, PrivateMongod(Path(folder)) as mongod:
        with contextlib.closing(open_store(mongod.uri, "conformance", seal=sealed_with(PEPPER))) as store:
            store.migrate()
            first_credential(store, PEPPER, KEY, SECRET)
        return sum(_run(suite, mongod.uri, version, until) for version in EXPECTED)


def _arguments() -> Path:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path, help="folder of the suite")
    suite: Path = parser.parse_args().suite.resolve()
    if not (suite / "bin" / "console_runner.js").is_file():
        parser.error(f"{suite} is not the folder of the suite")
    if not (suite / "node_modules").is_dir():
        parser.error(f"run `npm install` in {suite} first")
    return suite


def _run(suite: Path, uri: str, version: str, until: float) -> int:
    _say(f"{version}: running ...")
    with _server(uri, version) as endpoint:
        command = ["node", "bin/console_runner.js", "-e", endpoint, "-a", "-u", KEY, "-p", SECRET, "-x", version, "-z"]
        return _judged(version, _printed(command, suite, until))


def _printed(command: list[str], folder: Path, until: float) -> str | None:
    """Return what a command prints, None where it does not end in time; it leaves no process behind."""
    out, err = subprocess.PIPE, subprocess.STDOUT
    process = subprocess.Popen(
        leashed(command),
        cwd=folder,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=err,
        text=True,
        start_new_session=True,
    )
    with process:
        try:
            return process.communicate(timeout=max(until - time.monotonic(), 0))[0]
        except subprocess.TimeoutExpired:
            return None
        finally:
            # The suite runs its tests in a child of its own, which would go on.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


def _judged(version: str, printed: str | None) -> int:
    """Say how a run went, and return the number of tests that were not passed, or not run."""
    expected = EXPECTED[version]
    if printed is None:
        _say(f"{version}: stopped, for the {LONGEST} s that both versions have together are over")
        return expected
    summaries = re.findall(r'^\{"total":.*\}$', printed, re.MULTILINE)
    if not summaries:
        _say(printed[-2000:], f"{version}: the suite ended without a summary; above is the end of what it said")
        return expected
    summary = json.loads(summaries[-1])
    total, passed = summary["total"], summary["passed"]
    _say(f"{version}: {passed} of {total} passed")
    if total != expected:
        _say(f"{version}: there should be {expected} tests; is the suite at another commit?")
    if total != passed:
        _say(*re.findall(r"^Full run log.*$", printed, re.MULTILINE))
    return max(total - passed, abs(expected - total))


@contextlib.contextmanager
def _server(uri: str, version: str) -> Iterator[str]:
    port = free_port()
    settings = {
        "LRS_MONGODB_URI": uri,
        "LRS_DATABASE": "conformance",
        "LRS_PEPPER": PEPPER,
        "LRS_DEFAULT_VERSION": version,
        "LRS_LOG_LEVEL": "error",
        "LRS_PAGE": STATEMENTS_ON_A_PAGE,
        "PORT": str(port),
    }
    command = leashed([str(Path(sys.executable).with_name("lrs")), "serve"])
    process = subprocess.Popen(command, env=settings | {"PATH": os.environ["PATH"]})
    try:
        _wait(process, f"http://127.0.0.1:{port}/health/ready")
        yield f"http://127.0.0.1:{port}/xapi"
    finally:
        process.terminate()
        process.wait(30)


def _wait(process: subprocess.Popen[bytes], url: str) -> None:
    until = time.monotonic() + READY_SECONDS
    while process.poll() is None and time.monotonic() < until:
        with contextlib.suppress(OSError), urllib.request.urlopen(url):
            return
        time.sleep(0.1)
    raise SystemExit("the server did not become ready")


def _say(*lines: str) -> None:
    sys.stdout.write("\n".join(lines) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(min(main(), 100))

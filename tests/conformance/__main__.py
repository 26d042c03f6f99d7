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
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from lrs.embedded import PrivateMongod, free_port
from lrs.leash import leashed
from lrs.services.setup import first_credential
from lrs.store import open_store

VERSIONS = ("2.0.0", "1.0.3")
KEY, SECRET = "key-of-the-suite", "secret-of-the-suite"
PEPPER = "a pepper for the suite, of 32 characters or more"
LONGEST = 540
READY_SECONDS = 30
STATEMENTS_ON_A_PAGE = "100"


def main() -> int:
    """Run both versions; return the number of tests that did not pass."""
    suite = _arguments()
    with tempfile.TemporaryDirectory() as folder, PrivateMongod(Path(folder)) as mongod:
        with contextlib.closing(open_store(mongod.uri, "conformance")) as store:
            store.migrate()
            first_credential(store, PEPPER, KEY, SECRET)
        return sum(_run(suite, mongod.uri, version) for version in VERSIONS)


def _arguments() -> Path:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", type=Path, help="folder of the suite")
    suite: Path = parser.parse_args().suite.resolve()
    if not (suite / "bin" / "console_runner.js").is_file():
        parser.error(f"{suite} is not the folder of the suite")
    if not (suite / "node_modules").is_dir():
        parser.error(f"run `npm install` in {suite} first")
    return suite


def _run(suite: Path, uri: str, version: str) -> int:
    _say(f"{version}: running ...")
    began = time.monotonic()
    with _server(uri, version) as endpoint:
        command = ["node", "bin/console_runner.js", "-e", endpoint, "-a", "-u", KEY, "-p", SECRET, "-x", version, "-z"]
        ended = subprocess.run(
            command, cwd=suite, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=LONGEST, check=False
        )
    summaries = re.findall(r'^\{"total":.*\}$', ended.stdout, re.MULTILINE)
    if not summaries:
        _say(ended.stdout[-2000:] + ended.stderr[-2000:])
        return 1
    summary = json.loads(summaries[-1])
    missed: int = summary["total"] - summary["passed"]
    _say(f"{version}: {summary['passed']} of {summary['total']} passed in {time.monotonic() - began:.0f} s")
    if missed:
        _say(*re.findall(r"^Full run log.*$", ended.stdout, re.MULTILINE))
    return missed


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

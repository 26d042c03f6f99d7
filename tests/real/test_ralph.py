"""The command line of ralph-malph 5.1.0, writing a file into a running server and reading all of it back."""

import json
import os
import random
import subprocess
import sys
import uuid
from pathlib import Path

import pytest

MANY = 10_000
RALPH = Path(sys.executable).with_name("ralph")


@pytest.fixture(scope="module")
def ralph(server, tmp_path_factory):
    """Run ralph against the server; return what it wrote to its standard output."""
    home = tmp_path_factory.mktemp("ralph")

    def run(command, *options, backend="lrs", stdin=b"", version="1.0.3"):
        prefix = f"--{backend.replace('_', '-')}"
        done = subprocess.run(
            [
                *(RALPH, command, "--backend", backend),
                *(f"{prefix}-base-url", server.root, f"{prefix}-statements-endpoint", "/xapi/statements"),
                *(f"{prefix}-username", server.key, f"{prefix}-password", server.secret),
                *(f"{prefix}-headers", f"X-Experience-API-Version={version},content-type=application/json"),
                *options,
            ],
            input=stdin,
            capture_output=True,
            timeout=120,
            check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(home)},
        )
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return done.stdout

    return run


def lines(statements):
    return b"".join(json.dumps(statement, ensure_ascii=False).encode() + b"\n" for statement in statements)


def from_lines(text):
    return [json.loads(line) for line in text.splitlines()]


def without_what_is_added(statement):
    return {name: value for name, value in statement.items() if name not in {"stored", "authority", "version"}}


@pytest.fixture(scope="module")
def archive(ralph, a_full_statement):
    """Write the file in, in ralph's own chunks; return its statements by id."""
    made = random.Random(2)
    sent = [a_full_statement(id=str(uuid.UUID(int=made.getrandbits(128), version=4))) for _ in range(MANY)]
    ralph("write", stdin=lines(sent))
    return {statement["id"]: statement for statement in sent}


def test_a_file_of_10_000_statements_comes_back_through_more_each_once_and_as_it_was(ralph, archive):
    back = from_lines(ralph("read"))
    assert len(back) == MANY
    assert {statement["id"]: without_what_is_added(statement) for statement in back} == archive


def test_writing_a_part_of_the_file_again_changes_nothing(ralph, archive):
    before = ralph("read")
    ralph("write", "--chunk-size", "1000", stdin=lines([*archive.values()][4000:6000]))
    assert ralph("read") == before


def test_a_filtered_walk_in_small_chunks_finds_what_matches_once(ralph, a_full_statement):
    # ralph sends the filters again beside the token of the link.
    verb = f"https://hoc.example.vn/verbs/{uuid.uuid4().hex}"
    sent = [a_full_statement(verb={"id": verb}) for _ in range(700)]
    ralph("write", "--chunk-size", "50", stdin=lines(sent), version="2.0.0")
    query = json.dumps({"verb": verb, "ascending": True})
    back = from_lines(ralph("read", "--chunk-size", "97", query, version="2.0.0"))
    assert [statement["id"] for statement in back] == [statement["id"] for statement in sent]


def test_the_backend_that_writes_many_chunks_at_once_loses_nothing(ralph, a_full_statement):
    verb = f"https://hoc.example.vn/verbs/{uuid.uuid4().hex}"
    sent = [a_full_statement(verb={"id": verb}) for _ in range(1000)]
    ralph("write", "--concurrency", "8", "--chunk-size", "25", stdin=lines(sent), backend="async_lrs")
    back = from_lines(ralph("read", json.dumps({"verb": verb}), backend="async_lrs"))
    assert sorted(statement["id"] for statement in back) == sorted(statement["id"] for statement in sent)

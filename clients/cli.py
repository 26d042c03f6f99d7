"""Look at a learning record store, send statements to it, and read them back.

The store is named by SOHOC_ENDPOINT, the credential by SOHOC_KEY and SOHOC_SECRET in the environment, so that no secret
stands in a list of processes.

exit codes:
  0  all done
  1  the store refused something: what was sent is wrong, or there is no such thing
  2  the command is wrong, or the input is not JSON; nothing was sent
  3  the store cannot be reached or did not answer; try again later
  4  the credential is wrong or does not allow this
"""

import argparse
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, get_args

from .auth import Basic
from .client import LRSClient
from .encoding import encoded_all
from .errors import (
    Forbidden,
    LRSError,
    NoAnswer,
    OutcomeUnknown,
    Rejected,
    ServerFailed,
    Unauthorized,
    Unavailable,
    Unsendable,
)
from .messages import Statement, Version
from .retries import Patience
from .statements import identified

DONE, REFUSED, WRONG, LATER, DENIED = range(5)
_CODES: Sequence[tuple[type[LRSError], int]] = [
    (Unsendable, WRONG),
    (Unauthorized, DENIED),
    (Forbidden, DENIED),
    (NoAnswer, LATER),
    (Unavailable, LATER),
    (ServerFailed, LATER),
    (OutcomeUnknown, LATER),
    (Rejected, REFUSED),
    (LRSError, LATER),
]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    options = _parser().parse_args(arguments)
    settings = {name: os.environ.get(f"SOHOC_{name}", "") for name in ("ENDPOINT", "KEY", "SECRET")}  # noqa: TID251 - a program's own settings
    try:
        auth = Basic(settings["KEY"], settings["SECRET"]) if settings["KEY"] else None
        patience = Patience(within=options.within)
        with LRSClient(settings["ENDPOINT"], auth, version=options.version, patience=patience) as lrs:
            options.run(lrs, options)
    except LRSError as error:
        _say(error)
        return next(code for kind, code in _CODES if isinstance(error, kind))
    except (OSError, ValueError) as error:
        _say(error)
        return WRONG
    return DONE


def _check(lrs: LRSClient, _: argparse.Namespace) -> None:
    """Ask for the versions, and for one statement, to see that the credential is good."""
    versions = lrs.about().get("version", [])
    next(lrs.pages(page_size=1))
    _say(f"the store answers and the credential is good; versions: {', '.join(map(str, versions))}")


def _send(lrs: LRSClient, options: argparse.Namespace) -> None:
    statements = [identified(each) for each in _read(options.file)]
    encoded_all(statements)
    if options.unsaved is not None:
        # All of them, with their ids and before any is sent: whatever ends this program, sending the file is safe.
        _replace(options.unsaved, statements)
    try:
        saved = lrs.save_many(statements)
    except LRSError as error:
        _say(f"{len(error.saved)} stored, {len(error.unsaved)} not")
        _shrink(options.unsaved, error.unsaved)
        raise
    _say(f"{len(saved)} stored")
    _shrink(options.unsaved, [])


def _get(lrs: LRSClient, options: argparse.Namespace) -> None:
    given = {name: getattr(options, name) for name in ("agent", "verb", "activity", "since", "until")}
    conditions: Any = {name: value for name, value in given.items() if value is not None}
    for line in _lines(lrs.find(**conditions, ascending=True)):
        sys.stdout.buffer.write(line.encode())


def _read(file: Path | None) -> list[Statement]:
    """Return the statements of a JSON array, one JSON object, or one object a line."""
    text = (sys.stdin.buffer.read() if file is None else file.read_bytes()).decode()
    try:
        found = json.loads(text)
    except ValueError:
        found = [json.loads(line) for line in text.splitlines() if line.strip()]
    listed = found if isinstance(found, list) else [found]
    if not all(isinstance(each, dict) for each in listed):
        raise ValueError("statements are JSON objects")
    return listed


def _shrink(file: Path | None, unsaved: Iterable[Statement]) -> None:
    """Leave in the file what is not stored; where that fails it has more, which does no harm."""
    try:
        if file is not None:
            _replace(file, unsaved)
    except OSError as error:
        _say(f"{file} still has all the statements: {error}")


def _replace(file: Path, statements: Iterable[Statement]) -> None:
    """Write a file anew, so that at every moment it is the old one or the new one, and whole."""
    place = file.resolve()
    if place.exists() and not place.is_file():
        raise ValueError(f"{file} is not a file")
    with tempfile.NamedTemporaryFile("w", dir=place.parent, encoding="utf-8", delete=False) as new:
        try:
            new.writelines(_lines(statements))
            new.flush()
            os.fsync(new.fileno())
            if place.exists():
                shutil.copymode(place, new.name)
            Path(new.name).replace(place)
        except BaseException:
            Path(new.name).unlink(missing_ok=True)
            raise


def _lines(statements: Iterable[Statement]) -> Iterable[str]:
    return (json.dumps(each, ensure_ascii=False) + "\n" for each in statements)


def _say(said: object) -> None:
    sys.stderr.write(f"{said}\n")


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("sohoc-client", description=__doc__, formatter_class=form)
    parser.add_argument("--version", choices=get_args(Version), default="2.0.0", help="of xAPI; usually 2.0.0")
    parser.add_argument("--within", type=float, default=60, metavar="SECONDS", help="how long to try; usually 60")
    commands = parser.add_subparsers(required=True, metavar="check | send | get")
    commands.add_parser("check", help="tell whether the store answers and the credential is good").set_defaults(
        run=_check
    )
    send = commands.add_parser("send", help="store statements: a JSON array, or one object a line")
    send.add_argument("file", type=Path, nargs="?", help="where they are; otherwise the standard input")
    send.add_argument("--unsaved", type=Path, metavar="FILE", help="keeps those that are not stored; may be the same")
    send.set_defaults(run=_send)
    get = commands.add_parser("get", help="write statements, one a line, the oldest first")
    get.add_argument("--agent", type=json.loads, metavar="JSON", help='as in \'{"mbox": "mailto:a@example.org"}\'')
    for name in ("verb", "activity"):
        get.add_argument(f"--{name}", metavar="IRI")
    for name in ("since", "until"):
        get.add_argument(f"--{name}", metavar="TIMESTAMP", help=f"stored {name} then")
    get.set_defaults(run=_get)
    return parser

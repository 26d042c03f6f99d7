"""``lrs admin audit``: verify the audit, and keep its heads elsewhere."""

import argparse
import contextlib
import sys
from collections.abc import Iterable
from pathlib import Path

import msgspec

from lrs import messages
from lrs.config import Config, language
from lrs.console import say
from lrs.messages import StartFailed, Value
from lrs.services import clocks
from lrs.services.anchors import Anchors, anchors_in, organisations_in, to_file
from lrs.services.audit import sealed_with
from lrs.services.verification import Verdict, Verifier
from lrs.store import Store, open_store

_EVERY = 2.0
_KINDS = {
    "altered": messages.AUDIT_ALTERED,
    "missing": messages.AUDIT_MISSING,
    "unlinked": messages.AUDIT_UNLINKED,
    "cut": messages.AUDIT_CUT,
    "replaced": messages.AUDIT_REPLACED,
    "forged": messages.AUDIT_FORGED,
}


def add_to(admin: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    commands = admin.add_parser("audit", help="Verify the audit.").add_subparsers(required=True, metavar="command")
    verifying = commands.add_parser("verify", help=verify.__doc__, description=verify.__doc__)
    verifying.add_argument("--organisation", metavar="ID", help="only this organisation, by its public id")
    verifying.add_argument(
        "--anchors", metavar="FILE", type=Path, help="heads that were kept outside the database; else LRS_AUDIT_ANCHORS"
    )
    verifying.set_defaults(run=verify)
    anchoring = commands.add_parser("anchor", help=anchor.__doc__, description=anchor.__doc__)
    anchoring.set_defaults(run=anchor)


def verify(options: argparse.Namespace) -> None:
    """Find whatever was changed, deleted, moved or put into the audit."""
    config = Config.from_env().needing("mongodb_uri", "pepper")
    file: Path | None = options.anchors or config.audit_anchors
    if file is not None and not file.is_file():
        raise StartFailed(messages.AUDIT_NO_FILE, file=file)
    with contextlib.closing(_opened(config)) as store:
        verdicts = [_verify(store, org, name, file) for org, name in _chains(store, options.organisation, file)]
        strays = 0 if options.organisation else store.audit.strays()
    if strays:
        say(messages.AUDIT_STRAYS, count=strays)
    if file is None:
        say(messages.AUDIT_UNANCHORED)
    if strays or not all(verdict.sound for verdict in verdicts):
        raise StartFailed(messages.AUDIT_FAULTY)


def anchor(_options: argparse.Namespace) -> None:
    """Write the heads of the audit to LRS_AUDIT_ANCHORS; without it, print them."""
    config = Config.from_env().needing("mongodb_uri")
    file = config.audit_anchors
    with contextlib.closing(open_store(config.mongodb_uri, config.database)) as store:
        written = Anchors(store.audit, to_file(file) if file else _print).write()
    if file:
        say(messages.AUDIT_ANCHORED, count=written, file=file)


def _opened(config: Config) -> Store:
    return open_store(config.mongodb_uri, config.database, deadline=60, seal=sealed_with(config.pepper))


def _chains(store: Store, organisation: str | None, file: Path | None) -> list[tuple[bytes, str]]:
    """Return the chains to verify, each with the name to call it by: also those of which only anchors are left."""
    if organisation is not None:
        found = store.organisations.find(organisation)
        if found is None:
            raise StartFailed(messages.NO_ORGANISATION, organisation=organisation)
        return [(found.org, found.id)]
    known = {each.org: each.id for each in store.organisations.all()}
    others = {org for org, _ in store.audit.heads()} | (organisations_in(file) if file else set())
    return [*known.items(), *((org, org.hex()) for org in sorted(others - known.keys()))]


def _verify(store: Store, org: bytes, name: str, file: Path | None) -> Verdict:
    torn: list[None] = []
    anchors = anchors_in(file, org, lambda: torn.append(None)) if file else ()
    verdict = Verifier(store.audit).verify(org, anchors, _Progress(name))
    said: dict[str, Value] = {"name": name, "records": verdict.records, "anchors": verdict.anchors}
    say(messages.AUDIT_SOUND if verdict.sound else messages.AUDIT_BROKEN, **said, faults=verdict.faults)
    for finding in verdict.findings:
        say(_KINDS[finding.kind], first=finding.first, last=finding.last)
    if verdict.faults > len(verdict.findings):
        say(messages.AUDIT_MORE, count=verdict.faults - len(verdict.findings))
    if torn:
        say(messages.AUDIT_TORN, count=len(torn), file=file or "")
    return verdict


class _Progress:
    """Says now and then how far a long chain has been read, on standard error."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._said = clocks.passed()

    def __call__(self, records: int) -> None:
        if clocks.passed() - self._said > _EVERY:
            self._said = clocks.passed()
            said = messages.AUDIT_PROGRESS.say(language(), name=self._name, records=records)
            print(said, file=sys.stderr, flush=True)  # noqa: T201 - somebody waits


def _print(anchors: Iterable[object]) -> None:
    for each in anchors:
        print(msgspec.json.encode(each).decode(), flush=True)  # noqa: T201 - this is what the command is for

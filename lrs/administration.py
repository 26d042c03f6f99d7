"""What the commands that administer share: the services on an open store, who acts, and how things are printed.

Whoever has the database and the pepper may do what the owner of any organisation may, and the host's administrators.
"""

import argparse
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from marshmallow import Schema, ValidationError

from lrs import messages
from lrs.config import Config, language
from lrs.messages import StartFailed, Text, Value
from lrs.services.agreeing import AgreementService
from lrs.services.agreements import Agreements
from lrs.services.audit import sealed_with
from lrs.services.credentials import CredentialService
from lrs.services.organisations import OrganisationService
from lrs.services.passwords import Passwords
from lrs.services.people import People
from lrs.services.principals import Principal
from lrs.services.registries import RegistryService
from lrs.services.scopes import OWN
from lrs.store import Store, open_store
from lrs.store.organisations import HOST
from schemas.faults import Refused

ACTOR: Final = "cli"
"""What the audit calls whoever uses the command line."""

Commands = argparse._SubParsersAction  # noqa: SLF001 - what add_subparsers returns has no public name
Command = Callable[["Administration", argparse.Namespace], None]


@dataclass(frozen=True, slots=True)
class Administration:
    """The services, and the organisation that is administered by one run."""

    organisations: OrganisationService
    credentials: CredentialService
    people: People
    agreements: AgreementService
    known_agreements: Agreements
    principal: Principal

    @property
    def org(self) -> bytes:
        """What documents name the organisation by."""
        return self.principal.org


def group(admin: "Commands[argparse.ArgumentParser]", name: str, told: str) -> "Commands[argparse.ArgumentParser]":
    """Add a group of commands."""
    return admin.add_parser(name, help=told, description=told).add_subparsers(required=True, metavar="command")


def command(
    commands: "Commands[argparse.ArgumentParser]", name: str, run: Command, *, within: bool = True
) -> argparse.ArgumentParser:
    """Add a command, told by its docstring; ``within`` an organisation that can be named, else the host."""
    parser = commands.add_parser(name, help=run.__doc__, description=run.__doc__)
    if within:
        parser.add_argument("--organisation", metavar="ID", default=HOST, help=f"its public id; {HOST} unless told")
    parser.add_argument("--json", action="store_true", help="answer in JSON, for programs")

    def act(options: argparse.Namespace) -> None:
        with administering(options.organisation if within else HOST) as administration:
            try:
                run(administration, options)
            except Refused as refused:
                raise StartFailed(messages.FAILED, reason=str(refused)) from refused

    parser.set_defaults(run=act)
    return parser


@contextmanager
def administering(organisation: str) -> Iterator[Administration]:
    """Give the services for one organisation; raise StartFailed where there is none of this id."""
    config = Config.from_env().needing("mongodb_uri", "pepper")
    with contextlib.closing(open_store(config.mongodb_uri, config.database, seal=sealed_with(config.pepper))) as store:
        people = People(store, config.pepper, Passwords())
        registries = RegistryService(store, config.timezone)
        yield Administration(
            OrganisationService(store, people),
            CredentialService(store, config.pepper, config.home_page),
            people,
            AgreementService(store, config.pepper, registries),
            Agreements(store, config.pepper, registries),
            _principal(store, organisation),
        )


def _principal(store: Store, organisation: str) -> Principal:
    found = store.organisations.find(organisation)
    if found is None:
        raise StartFailed(messages.NO_ORGANISATION, organisation=organisation)
    return Principal(found.org, ACTOR, OWN, b"{}", {}, organisation=found.id)


def loaded(schema: type[Schema], given: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was given, judged as /api does, without what is None; raise StartFailed."""
    try:
        found: dict[str, Any] = schema().load({name: value for name, value in given.items() if value is not None})
    except ValidationError as error:
        raise StartFailed(messages.FAILED, reason=_complaints(error.messages)) from error
    return found


def _complaints(found: Any) -> str:
    if isinstance(found, dict):
        return "; ".join(f"{name}: {_complaints(inner)}" for name, inner in found.items())
    return " ".join(map(str, found))


def show(options: argparse.Namespace, schema: type[Schema], things: Sequence[Any], columns: Sequence[str]) -> None:
    """Print things as ``schema`` tells them: a table of some of it, or all as JSON."""
    rows: list[dict[str, Any]] = schema(many=True).dump(things)
    if options.json:
        print_json(rows)
        return
    table = [list(columns), *([_cell(row[name]) for name in columns] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    for line in table:
        _print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "-"
    if isinstance(value, list):
        return " ".join(map(str, value)) or "-"
    return str(value) if value else "-"


def print_json(value: Any) -> None:
    """Print a value for programs."""
    _print(json.dumps(value, ensure_ascii=False, indent=2))


def say(options: argparse.Namespace, schema: type[Schema], thing: Any, text: Text, **values: Value) -> None:
    """Tell what was done: a sentence for people, or the thing as ``schema`` tells it for programs."""
    if options.json:
        print_json(schema().dump(thing))
    else:
        _print(text.say(language(), **values))


def _print(text: str) -> None:
    print(text, flush=True)  # noqa: T201 - this is what the command is for

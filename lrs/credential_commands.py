"""``lrs admin credentials``: the keys of an organisation."""

import argparse
import json
from dataclasses import asdict
from typing import Any, Final

from lrs import messages
from lrs.administration import Administration, Commands, command, group, loaded, print_json, say, show
from lrs.messages import StartFailed, Text
from lrs.services.credentials import Credential, Issued, Wanted
from schemas.api.credentials import (
    CredentialChangeSchema,
    CredentialSchema,
    IssuedCredentialSchema,
    NewCredentialSchema,
)
from schemas.api.scopes import SCOPES

_PAGE: Final = 500
_NEVER: Final = "never"


def add_to(admin: "Commands[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    commands = group(admin, "credentials", "Look after the keys of an organisation.")
    command(commands, "list", list_all)
    creating = command(commands, "create", create)
    _add_fields(creating)
    creating.add_argument("--authority", metavar="JSON", help="the Agent whom its statements are stored under")
    changing = command(commands, "change", change)
    changing.add_argument("key")
    changing.add_argument("--unbound", action="store_true", help="it is bound to nothing any more")
    _add_fields(changing)
    for name, run in (("disable", disable), ("enable", enable), ("secret", renew), ("delete", delete)):
        command(commands, name, run).add_argument("key")


def _add_fields(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--label", help="what people call it; it is not in the audit")
    parser.add_argument(
        "--scopes",
        nargs="+",
        choices=SCOPES,
        metavar="SCOPE",
        help="what it may do; a new one, statements/write unless told",
    )
    parser.add_argument("--origins", nargs="*", metavar="ORIGIN", help="whose pages may read its answers; * for all")
    parser.add_argument("--leniency", nargs="*", metavar="NAME", help="what it is forgiven")
    parser.add_argument("--expires", metavar="TIMESTAMP", help=f"2027-06-30T00:00:00+07:00, for example; or {_NEVER}")
    parser.add_argument(
        "--intake", nargs="*", metavar="NAME=WORD", help="identities=pseudonymise, contents=refuse, minors=refuse"
    )
    parser.add_argument(
        "--relay",
        action=argparse.BooleanOptionalAction,
        help="whether statements keep the authority that they come with: for the keys of other stores",
    )
    parser.add_argument("--bound-to", metavar="CODE", help="the company, school or host that it is bound to")
    parser.add_argument("--team", metavar="JSON", help="the Group that it is bound to")
    parser.add_argument("--consent", metavar="PURPOSE", help="with it, the consent that people must have given")
    parser.add_argument("--limits", nargs="*", metavar="NAME=NUMBER", help="of requests, statements, body and batch")


def _fields(options: argparse.Namespace) -> dict[str, Any]:
    given = {name: getattr(options, name) for name in ("label", "scopes", "origins", "leniency", "relay")}
    if options.expires != _NEVER:
        given["expires"] = options.expires
    if options.intake is not None:
        given["intake"] = {name: word for name, _, word in (each.partition("=") for each in options.intake)}
    if options.limits is not None:
        given["limits"] = dict(map(_limit, options.limits))
    bound = {"organisation": options.bound_to, "consent": options.consent}
    bound |= {"team": None if options.team is None else _json("team", options.team)}
    bound = {name: value for name, value in bound.items() if value is not None}
    return given | ({"bound": bound} if bound else {})


def _json(name: str, text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise StartFailed(messages.FAILED, reason=f"--{name}: {error}") from error


def _limit(text: str) -> tuple[str, int]:
    name, _, number = text.partition("=")
    if not number.isdecimal():
        raise StartFailed(messages.MUST_BE_NUMBER, name=f"--limits {name}")
    return name, int(number)


def list_all(administration: Administration, options: argparse.Namespace) -> None:
    """List the keys of an organisation."""
    found: list[Credential] = []
    while page := administration.credentials.page(
        administration.principal, after=found[-1].key if found else "", most=_PAGE
    ):
        found += page
    show(options, CredentialSchema, found, ("key", "label", "scopes", "disabled", "expires", "used"))


def create(administration: Administration, options: argparse.Namespace) -> None:
    """Make a key, and print its secret, this once."""
    given = _fields(options)
    if options.authority is not None:
        given["authority"] = _json("authority", options.authority)
    issued = administration.credentials.create(administration.principal, Wanted(**loaded(NewCredentialSchema, given)))
    _tell_secret(options, issued)


def change(administration: Administration, options: argparse.Namespace) -> None:
    """Change a key: what is named is replaced as a whole."""
    values = loaded(CredentialChangeSchema, _fields(options))
    if options.expires == _NEVER:
        values["expires"] = None
    if options.unbound:
        values["bound"] = None
    _change(administration, options, values, messages.KEY_CHANGED)


def disable(administration: Administration, options: argparse.Namespace) -> None:
    """Let a key open nothing, within a minute."""
    _change(administration, options, {"disabled": True}, messages.KEY_DISABLED)


def enable(administration: Administration, options: argparse.Namespace) -> None:
    """Let a key open what it did before."""
    _change(administration, options, {"disabled": False}, messages.KEY_ENABLED)


def _change(administration: Administration, options: argparse.Namespace, values: dict[str, Any], text: Text) -> None:
    changed = administration.credentials.change(administration.principal, options.key, values)
    say(options, CredentialSchema, changed, text, key=changed.key)


def renew(administration: Administration, options: argparse.Namespace) -> None:
    """Give a key a new secret, and print it, this once; the old one ends within a minute."""
    _tell_secret(options, administration.credentials.renew(administration.principal, options.key))


def delete(administration: Administration, options: argparse.Namespace) -> None:
    """Delete a key; what was stored with it stays."""
    administration.credentials.delete(administration.principal, options.key)
    if options.json:
        print_json({"key": options.key, "deleted": True})
    else:
        say(options, CredentialSchema, None, messages.KEY_DELETED, key=options.key)


def _tell_secret(options: argparse.Namespace, issued: Issued) -> None:
    told = asdict(issued.credential) | {"secret": issued.secret}
    key = issued.credential.key
    say(options, IssuedCredentialSchema, told, messages.SECRET_ONCE, key=key, secret=issued.secret)

"""``lrs admin agreements``: what an organisation gives and takes, and the ways to stop it at once."""

import argparse

from lrs import messages
from lrs.administration import Administration, Commands, command, group, say, show
from lrs.services.agreements import Agreement
from schemas.api.agreements import AgreementSchema

_COLUMNS = ("id", "state", "giver", "taker", "level", "basis", "starts", "ends")


def add_to(admin: "Commands[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    commands = group(admin, "agreements", "Look after what an organisation gives to others by agreement.")
    command(commands, "list", list_all)
    for name, run in (("suspend", suspend), ("resume", resume), ("end", end)):
        command(commands, name, run).add_argument("agreement")


def list_all(administration: Administration, options: argparse.Namespace) -> None:
    """List the agreements of an organisation."""
    found = administration.known_agreements.page(administration.principal, most=0)
    show(options, AgreementSchema, found, _COLUMNS)


def suspend(administration: Administration, options: argparse.Namespace) -> None:
    """Let nothing be given by an agreement, at once, until the same organisation resumes it."""
    found = administration.agreements.suspend(administration.principal, options.agreement)
    _say(options, found, messages.AGREEMENT_SUSPENDED)


def resume(administration: Administration, options: argparse.Namespace) -> None:
    """Take back that this organisation has suspended an agreement."""
    found = administration.agreements.resume(administration.principal, options.agreement)
    resumed = found.state == "active"
    _say(options, found, messages.AGREEMENT_RESUMED if resumed else messages.AGREEMENT_STILL_SUSPENDED)


def end(administration: Administration, options: argparse.Namespace) -> None:
    """End an agreement, at once and for good."""
    found = administration.agreements.end(administration.principal, options.agreement)
    _say(options, found, messages.AGREEMENT_ENDED)


def _say(options: argparse.Namespace, agreement: Agreement, text: messages.Text) -> None:
    say(options, AgreementSchema, agreement, text, agreement=agreement.id)

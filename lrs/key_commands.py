"""``lrs admin keys``: the keys that tokens are signed with."""

import argparse
import contextlib

from lrs import messages
from lrs.config import Config
from lrs.console import say
from lrs.services.audit import sealed_with
from lrs.services.keyring import Keyring
from lrs.store import open_store


def add_to(admin: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the commands."""
    commands = admin.add_parser("keys", help="Change the keys that tokens are signed with.").add_subparsers(
        required=True, metavar="command"
    )
    rotating = commands.add_parser("rotate", help=rotate.__doc__, description=rotate.__doc__)
    rotating.add_argument("--forget", action="store_true", help="end all tokens signed so far, within a minute")
    rotating.set_defaults(run=rotate)


def rotate(options: argparse.Namespace) -> None:
    """Sign tokens with a new key from now on; those signed so far stay good until they end."""
    config = Config.from_env().needing("mongodb_uri", "pepper")
    opened = open_store(config.mongodb_uri, config.database, seal=sealed_with(config.pepper))
    with contextlib.closing(opened) as store:
        kid = Keyring(store, config.pepper).rotate("cli", forget=options.forget)
    said = messages.KEYS_FORGOTTEN if options.forget else messages.KEYS_ROTATED
    say(said, kid=kid)

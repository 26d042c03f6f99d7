"""``lrs admin load``: registries from files."""

import argparse
import contextlib

from lrs import messages
from lrs.config import Config, language
from lrs.messages import StartFailed
from lrs.services import data_sets
from lrs.services.audit import sealed_with
from lrs.services.data_sets import Loaded
from lrs.services.registries import RegistryService
from lrs.store import open_store
from schemas.faults import Refused


def add_to(admin: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    loading = admin.add_parser("load", help=load.__doc__, description=load.__doc__)
    loading.add_argument(
        "set", help=f"what ships ({', '.join(data_sets.shipped())}), or a folder with units.csv, links.csv ..."
    )
    loading.set_defaults(run=load)


def load(options: argparse.Namespace) -> None:
    """Load units, programmes and other registries; running it again changes nothing."""
    config = Config.from_env().needing("mongodb_uri", "pepper")
    opened = open_store(config.mongodb_uri, config.database, seal=sealed_with(config.pepper))
    with contextlib.closing(opened) as store:
        registries = RegistryService(store, config.timezone)
        try:
            for loaded in data_sets.load(store, registries, options.set):
                print(_told(loaded), flush=True)  # noqa: T201 - this is what the command is for
        except Refused as refused:
            raise StartFailed(messages.FAILED, reason=_reasons(refused)) from refused


def _told(loaded: Loaded) -> str:
    text = messages.REGISTRY_LOADED if loaded.registry.changed else messages.REGISTRY_UNCHANGED
    rows = ", ".join(f"{name} {count}" for name, count in loaded.registry.rows.items())
    return text.say(language(), kind=loaded.kind, version=loaded.registry.version, rows=rows)


def _reasons(refused: Refused) -> str:
    return "\n" + "\n".join(f"  {fault.path}: {fault.message}" for fault in refused.faults)

"""Sets of registries in files of CSV, one a list: those that ship, and an operator's own."""

from collections.abc import Iterator
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final, NamedTuple

from lrs.errors import NotFound
from lrs.services.registries import RegistryService, Replaced
from lrs.store import Store
from lrs.store.organisations import HOST
from schemas.api.registries import rows_of
from schemas.faults import Refused
from schemas.registries import tables
from schemas.registries.csv_files import located
from schemas.registries.registries import KINDS, Kind, Registries, Rows

ACTOR: Final = "cli"
_SHIPPED: Final = files("schemas.registries") / "shipped"


class Loaded(NamedTuple):
    """One registry of a set, and what it is now."""

    kind: Kind
    registry: Replaced


def shipped() -> list[str]:
    """Return the names of the sets that ship."""
    return sorted(each.name for each in _SHIPPED.iterdir() if each.is_dir())


def load(store: Store, registries: RegistryService, name: str, *, replace: bool = True) -> Iterator[Loaded]:
    """Load a set that ships, or the one in this folder, a registry at a time; what is the same stays as it is.

    Without ``replace``, so does a registry that holds anything. Raise NotFound without such a set or an organisation
    that runs this server, Refused with every row that does not fit.
    """
    folder = _SHIPPED / name if name in shipped() else Path(name)
    host = store.organisations.find(HOST)
    if host is None:
        raise NotFound("There is no organisation yet; run `lrs admin credential` first")
    found = [kind for kind in KINDS if _file(folder, kind).is_file()]
    if not found:
        raise NotFound(f"There is no such set; these ship: {', '.join(shipped())}; or name a folder with CSV files")
    held = registries.current().versions if not replace else {}
    for kind in found:
        if held.get(kind):
            continue
        yield Loaded(kind, _load(registries, host.org, kind, folder))


def _load(registries: RegistryService, org: bytes, kind: Kind, folder: Traversable) -> Replaced:
    lists, numbers = tables.read(kind, _file(folder, kind).read_bytes())
    try:
        rows = rows_of(kind, lists, file=True)
        return registries.load(org, ACTOR, kind, lambda before: _whole(rows, kind, folder, before))
    except Refused as refused:
        raise located(refused, numbers) from refused


def _whole(rows: Rows, kind: Kind, folder: Traversable, before: Registries) -> Rows:
    """Return the rows with the links that belong to units: of their own file, else as they were."""
    if kind != "units":
        return rows
    if not (file := _file(folder, "links")).is_file():
        return Rows(units=rows.units, links=before.units.links)
    lists, numbers = tables.read("links", file.read_bytes())
    try:
        return Rows(units=rows.units, links=rows_of("links", lists).links)
    except Refused as refused:
        raise located(refused, numbers) from refused


def _file(folder: Traversable, name: tables.List) -> Traversable:
    return folder / f"{name}.csv"

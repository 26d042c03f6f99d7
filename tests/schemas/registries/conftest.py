from importlib.resources import files

import pytest

from schemas.api.registries import rows_of
from schemas.registries import tables
from schemas.registries.registries import KINDS, Registries, Rows


@pytest.fixture(scope="session")
def dong_nai():
    """Return the registries of Dong Nai as they ship."""
    folder = files("schemas.registries") / "shipped" / "dong-nai"

    def rows(name):
        file = folder / f"{name}.csv"
        return rows_of(name, tables.read(name, file.read_bytes())[0], file=True) if file.is_file() else Rows()

    made = Registries()
    for kind in KINDS:
        links = rows("links").links if kind == "units" else ()
        found = rows(kind)
        made = made.replaced(kind, Rows(units=found.units, links=links) if links else found, 1)
    return made

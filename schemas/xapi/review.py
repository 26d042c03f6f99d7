"""All that is wrong with what would be sent, for whoever writes a sender; the resources stop at the first."""

from typing import NamedTuple

from schemas.faults import Fault, Refused
from schemas.xapi.paths import item
from schemas.xapi.statements import load_statement
from schemas.xapi.versions import Version


class Review(NamedTuple):
    """The faults under one version; not ``complete`` where there were more than are told."""

    version: Version
    faults: list[Fault]
    complete: bool


def review(value: object, version: Version, *, most: int) -> Review:
    """Return what is wrong with a parsed statement or array of statements.

    The data of attachments is not looked at: it would be sent along.
    """
    several = isinstance(value, list)
    faults: list[Fault] = []
    seen: dict[str, int] = {}
    for index, each in enumerate(value if isinstance(value, list) else [value]):
        path = item("", index) if several else ""
        try:
            load_statement(each, version, path)
        except Refused as refused:
            faults += refused.faults
        known = each.get("id") if isinstance(each, dict) else None
        if isinstance(known, str) and (first := seen.setdefault(known.lower(), index)) != index:
            faults.append(Fault(f"{path}.id", "same-id", f"Statement [{first}] has the same id."))
        if len(faults) > most:
            return Review(version, faults[:most], complete=False)
    return Review(version, faults, complete=True)

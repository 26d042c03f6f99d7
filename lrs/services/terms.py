"""The terms of an agreement: what may be agreed on, and what figures can obey."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import msgspec

from lrs.store import Store
from lrs.store.agreements import Agreement
from lrs.store.organisations import Organisation
from lrs.store.transactions import Session
from schemas.api.agreements import FIELDS, PERSONAL
from schemas.faults import Fault, Refused
from schemas.registries.units import Units
from schemas.training.terms import UNKNOWN


def sound(made: Agreement, units: Units, today: date) -> Agreement:
    """Return an agreement with what its terms leave open filled in; raise Refused where they contradict each other."""
    filter_, fields = made.filter, made.fields
    if filter_.units and filter_.at is None:
        filter_ = msgspec.structs.replace(filter_, at=today)
    if made.level != "figures" and not fields:
        fields = tuple(name for name in FIELDS if made.level == "named" or name != PERSONAL)
    made = replace(made, filter=filter_, fields=tuple(dict.fromkeys(fields)))
    if faults := [*_faults(made), *_unknown_units(made, units)]:
        raise Refused(faults)
    return made


def beyond_figures(agreement: Agreement) -> list[str]:
    """Return the parts of a filter that figures know nothing of; by an agreement with any, no figures are given.

    Cells have whole months, units, programmes and groups.
    """
    filter_ = agreement.filter
    found = [name for name in ("verbs", "activities", "types", "states") if getattr(filter_, name)]
    if filter_.since is not None and filter_.since.day != 1:
        found.append("from")
    if filter_.until is not None and not _ends_month(filter_.until):
        found.append("to")
    return found


def least(store: Store, giver: Organisation, session: Session | None = None) -> int:
    """Return how many people a figure has to count at least that an organisation gives by agreement.

    One for all who are told of it, for ever: of two tables with two of them, the difference may tell of few.
    """
    return max(giver.small, store.agreements.strictest(giver.org, session))


def _faults(made: Agreement) -> Iterator[Fault]:
    if made.ends is not None and made.ends < made.starts:
        yield Fault("ends", "order", "This lies before the first day.")
    if made.level == "figures":
        if made.fields:
            yield Fault("fields", "level", "No fields travel with figures.")
        if made.statements:
            yield Fault("statements", "level", "No statements travel with figures.")
        for name in beyond_figures(made):
            yield Fault(f"filter.{name}", "level", "Figures are by whole months, units, programmes and groups only.")
    if made.level != "named" and PERSONAL in made.fields:
        yield Fault("fields", "level", "Identities travel at the level named only.")
    if made.level == "named" and made.statements and made.taker is not None and PERSONAL not in made.fields:
        yield Fault("fields", "recalls", "Named statements need the field identities: recalls go by it.")
    if made.taker is None and not made.statements:
        yield Fault("statements", "partner", "Somebody outside is given statements, or nothing.")


def _unknown_units(made: Agreement, units: Units) -> Iterator[Fault]:
    at = made.filter.at or date.max
    for place, code in enumerate(made.filter.units):
        if code != UNKNOWN and units.find(code, at) is None:
            yield Fault(f"filter.units[{place}]", "unknown", "No unit has this code on the day `at`.")


def _ends_month(day: date) -> bool:
    return day == date.max or date.fromordinal(day.toordinal() + 1).day == 1

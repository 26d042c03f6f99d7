"""What an agreement says, for people to read and print."""

from collections.abc import Iterator
from datetime import date
from typing import Any

from lrs.resources.api.agreement_words import WORDS, Language
from lrs.services.agreements import Agreement, Agreements
from lrs.services.terms import beyond_figures
from schemas.api.agreements import ALWAYS
from schemas.registries.labels import label_of
from schemas.registries.registries import Registries
from schemas.sharing.agreements import Filter


def told(known: Agreements, agreement: Agreement, language: Language) -> dict[str, Any]:
    """Return what the template shows; every text in it is escaped there."""
    words = WORDS[language]
    giver, taker = known.sides(agreement)
    return {
        "language": language,
        "words": words,
        "agreement": agreement,
        "giver": giver,
        "taker": taker,
        "today": known.today(),
        "parts": list(_parts(agreement.filter, known.registries(), language)),
        "fields": [] if agreement.level == "figures" else list(_fields(agreement, words["meanings"])),
        "also_figures": agreement.level != "figures" and taker is not None and not beyond_figures(agreement),
        "k": known.least(agreement),
    }


def _fields(agreement: Agreement, meanings: dict[str, str]) -> Iterator[dict[str, str]]:
    for name in (*ALWAYS, *agreement.fields):
        meaning = meanings.get(name) or meanings[f"{name}_{agreement.level}"]
        yield {"name": name, "meaning": meaning}


def _parts(filter_: Filter, registries: Registries, language: Language) -> Iterator[dict[str, Any]]:
    """Yield what is covered, each part with its values in words where there are any."""
    names, labels = WORDS[language]["names"], WORDS[language]["parts"]
    for part, label in labels.items():
        value = getattr(filter_, part)
        values = [str(value)] if isinstance(value, date) else list(value or ())
        if part == "programmes":
            values = [_programme(each, registries, language) for each in values]
        elif part == "units":
            values = [_unit(each, filter_, registries) for each in values]
            label = f"{label} ({WORDS[language]['units_of']} {filter_.at})"  # noqa: PLW2901 - of this part only
        else:
            values = [names.get(each, each) for each in values]
        if values:
            yield {"label": label, "told": values}


def _programme(code: str, registries: Registries, language: Language) -> str:
    found = registries.programmes.find(code)
    return f"{code}: {label_of(found, language)}" if found else code


def _unit(code: str, filter_: Filter, registries: Registries) -> str:
    found = registries.units.find(code, filter_.at or date.max)
    return f"{code}: {found.name}" if found else code

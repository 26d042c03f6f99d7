"""Tasks: what people did on services and platforms, helped or alone."""

from collections.abc import Iterator
from itertools import chain
from typing import Any, Final

from lrs.services.reports.axes import flat
from lrs.services.reports.cube import Axis, Row
from lrs.services.reports.tables import COMMON, Laid, Question, Table, Word, lay, tabulated
from lrs.services.reports.view import View
from schemas.registries.labels import label_of
from schemas.registries.platforms import Platforms
from schemas.training.lattice import ALL, Steps
from schemas.training.terms import ASSISTED, LEVELS, TRAINED, TRAINING, UNKNOWN

TYPES: Final = (
    "cashless-payment-task",
    "digital-platform-task",
    "digital-public-service-task",
    "e-commerce-task",
    "e-identity-task",
)
UNREGISTERED: Final = "unregistered"
_TASK: Final = "task"


def tasks(view: View, question: Question) -> Table:
    """Return who did tasks."""
    return tabulated("tasks", view, question, *_laid(view, question))[0]


def _laid(view: View, question: Question) -> tuple[Laid, Iterator[Row]]:
    laid = lay(view, question, _words(view), within(_TASK))
    rows = (
        row._replace(dims={**row.dims, "family": _TASK, "kind": _TASK})
        for row in view.rows(_TASK, laid.dims, laid.months)
    )
    if view.exact:
        return laid, rows
    # A kind of training among the others: coverage by kind tells of the same people, and hides them alike.
    kinds = flat("kind", known=TRAINING, listed=False, chosen=_TASK)
    others = view.rows(
        "coverage",
        laid.dims & {"unit", "groups", "programmes"} | {"kind"},
        laid.months,
        kind=[each for each in TRAINING if each != _TASK],
        verb=TRAINED,
    )
    return laid.with_axis(kinds), chain(rows, others)


def _words(view: View) -> dict[str, Word]:
    platforms = view.registries.platforms

    def known(iri: str) -> bool:
        return platforms.find(iri) is not None or iri in {UNKNOWN, UNREGISTERED}

    def means(iri: str) -> str:
        found = platforms.find(iri)
        # What is nowhere registered may be anything, and its address is for those who may see records.
        return found.iri if found else iri if view.exact or iri == UNKNOWN else UNREGISTERED

    return {
        "group": COMMON["group"],
        "type": Word("type", TYPES),
        "procedure": Word("procedure", is_known=UNKNOWN.__eq__),
        "level": Word("level", (*LEVELS, UNKNOWN)),
        "assisted": Word("assisted", (*ASSISTED, UNKNOWN)),
        "platform": Word("platform", show=_shown(platforms), is_known=known, means=means),
    }


def _shown(platforms: Platforms) -> Any:
    def show(iri: str) -> dict[str, Any]:
        found = platforms.find(iri)
        named = iri if iri not in {UNKNOWN, UNREGISTERED} else None
        label = label_of(found) if found else UNKNOWN if iri == UNKNOWN else UNREGISTERED
        return {"iri": named, "label": label, "registered": found is not None}

    return show


def within(family: str) -> Any:
    """Return what tells rows of a family from those of all training beside them."""

    def holds(row: Row) -> bool:
        return bool(row.dims.get("family") == family)

    return holds


def of_all_training(view: View, family: Any, laid: Laid) -> Iterator[Row]:
    """Yield the rows of a family, and beside them those of all training, which decide on what may be told of them."""
    for row in view.rows(family, laid.dims, laid.months):
        yield row._replace(dims={**row.dims, "family": family})
    if not view.exact:
        shared = laid.dims & {"unit", "groups", "programmes"}
        yield from view.rows("coverage", shared, laid.months, kind=TRAINING, verb=TRAINED)


def among_trained(family: str) -> Axis:
    """Return the axis on which a family lies within all training."""
    holds = within(family)
    steps = Steps(lambda _: (ALL,), lambda _: ())
    return Axis(
        "among", lambda row: ((family,) if holds(row) else (),), steps, 1, listed=False, total=family, chosen=bool
    )

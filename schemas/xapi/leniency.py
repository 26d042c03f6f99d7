"""Relaxations by name: what may be forgiven to one credential because a tool in wide use sends it so.

Nothing of this is on unless it was granted; a statement that needs none is judged as ever.
"""

import re
from collections.abc import Collection
from typing import Final, cast

from schemas.faults import Fault, Refused
from schemas.xapi.base import MOST_FAULTS
from schemas.xapi.statements import Statement, load_statement
from schemas.xapi.versions import Version

H5P_INTERACTIONS: Final = "h5p-interactions"
"""Interactions that lack parts: no interactionType beside the lists, one of its own, components without an id."""
MISSING_VERSION: Final = "missing-version"
"""A request without a version is one of 1.0.3."""
DOWNGRADE: Final = "downgrade"
"""Whoever reads as 1.0.3 gets statements of 2.0 without what 1.0.3 does not know."""
BARE_PROFILES: Final = "bare-profiles"
"""In 1.0.x a profile may be created without If-None-Match."""
RELAXATIONS: Final = frozenset({H5P_INTERACTIONS, MISSING_VERSION, DOWNGRADE, BARE_PROFILES})

_INTERACTION_RULES: Final = frozenset({"interaction", "choice", "required"})
_interaction_part = re.compile(
    r"(?:\A|[.\]])(?:object|parent|grouping|category|other)(?:\[[0-9]+\])?\.definition\."
    r"(?:interactionType|correctResponsesPattern|(?:choices|scale|source|target|steps)(?:\[[0-9]+\]\.id)?)\Z"
)


class Lenient:
    """Loads statements as ``load_statement`` does, forgiving what is granted; ``uses`` tells what was needed."""

    def __init__(self, granted: Collection[str]) -> None:
        self._granted = granted
        self.uses: list[str] = []

    def __call__(self, raw: object, version: Version, path: str = "") -> Statement:
        """Return the statement; ``Refused`` with the faults that are not forgiven."""
        try:
            return load_statement(raw, version, path)
        except Refused as refused:
            if H5P_INTERACTIONS not in self._granted:
                raise
            # With as many faults as are ever told, there may be others behind them.
            if len(refused.faults) == MOST_FAULTS:
                raise
            if remaining := [fault for fault in refused.faults if not _is_of_interaction(fault)]:
                raise Refused(remaining) from refused
        self.uses.append(H5P_INTERACTIONS)
        return cast(Statement, raw)


def _is_of_interaction(fault: Fault) -> bool:
    return fault.rule in _INTERACTION_RULES and _interaction_part.search(fault.path) is not None

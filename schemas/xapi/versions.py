"""The versions of xAPI spoken here, and what the labels on requests and statements mean."""

import re
from typing import Final, Literal

from schemas.faults import Refused

Version = Literal["1.0.3", "2.0.0"]

HEADER: Final = "X-Experience-API-Version"
VERSIONS: Final[tuple[Version, ...]] = ("1.0.3", "2.0.0")

# What a statement's own `version` may say; 2.0 still takes older statements (4.2.4.3). The
# patterns are whole, so that any engine that searches finds all or nothing.
STATEMENT_LABELS: Final[dict[Version, str]] = {
    "1.0.3": r"\A1\.0(?:\.(?:0|[1-9][0-9]{0,8}))?\Z",
    "2.0.0": r"\A[12]\.0(?:\.(?:0|[1-9][0-9]{0,8}))?\Z",
}
# What a statement gets that has no label of its own (1.0.3, Data 2.4.10).
DEFAULT_LABELS: Final[dict[Version, str]] = {"1.0.3": "1.0.0", "2.0.0": "2.0.0"}

_FAMILIES: Final[dict[str, Version]] = {"1": "1.0.3", "2": "2.0.0"}
_label = re.compile(STATEMENT_LABELS["2.0.0"])


def negotiate(header: str | None) -> Version:
    """Return the version that a request's header asks for; ``Refused`` without one spoken here.

    Every 1.0 and 1.0.x is served as 1.0.3, every 2.0 and 2.0.x as 2.0.0 (Communication 3.3).
    """
    if header is None:
        raise Refused.at(HEADER, "required", "Send this header with 2.0.0 or 1.0.3.")
    label = header.strip()
    if not _label.match(label):
        raise Refused.at(HEADER, "version", "Versions 1.0.x and 2.0.x are spoken here.")
    return _FAMILIES[label[0]]

"""The query string of ``GET /statements`` as a value (Communication 2.1.3)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Format = Literal["ids", "exact", "canonical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class StatementQuery:
    """What one reader asks for. Ids are in lower case, instants in microseconds since 1970."""

    statement_id: str | None = None
    voided_statement_id: str | None = None
    agent: Mapping[str, Any] | None = None
    verb: str | None = None
    activity: str | None = None
    registration: str | None = None
    related_activities: bool = False
    related_agents: bool = False
    since: int | None = None
    until: int | None = None
    limit: int = 0
    ascending: bool = False
    format: Format = "exact"
    attachments: bool = False

"""Persons: an Agent with what recent statements call it (Communication 2.4)."""

from collections.abc import Mapping
from typing import Any, Final

from lrs.services.confinement import confine_agent
from lrs.services.principals import Principal
from lrs.store import Store
from lrs.store.pages import Selection
from schemas.xapi.definitions import to_json
from schemas.xapi.keys import query_keys
from schemas.xapi.persons import person
from schemas.xapi.queries import StatementQuery

RECENT: Final = 20
"""Statements that are looked at for names: an answer costs the same however much somebody has learned."""


class AgentService:
    """Tells what is known of an Agent."""

    def __init__(self, store: Store) -> None:
        self._statements = store.statements

    def get(self, principal: Principal, agent: Mapping[str, Any]) -> bytes:
        """Return the Person as JSON; of an Agent that nobody has named, just what was asked for."""
        principal.require("agents/read")
        agent = principal.intake.agent(agent)
        confine_agent(principal, agent)
        selection = Selection(principal.org, query_keys(StatementQuery(agent=agent)), principal.bounds)
        page = self._statements.page(selection, limit=RECENT)
        return to_json(person(agent, (statement.raw for statement in page.statements)))

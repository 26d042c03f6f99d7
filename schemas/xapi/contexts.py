# ruff: noqa: N815  # the properties are named by the specification
"""Contexts: where, with whom and as part of what something was done (Data 2.4.6)."""

from schemas.xapi.activities import Activity
from schemas.xapi.agents import Agent, Group, agent_or_group
from schemas.xapi.base import StrictSchema
from schemas.xapi.containers import ListOf, Nested, OneOrMany, extension_map
from schemas.xapi.fields import UUID, Choice, KeyIRI, LanguageTag, Text


class StatementRef(StrictSchema):
    """Another statement, here or elsewhere, by its id."""

    objectType = Choice("StatementRef", required=True)
    id = UUID(required=True)


class ContextActivities(StrictSchema):
    """Activities that this one belongs to, by the way it does; one may stand without its array."""

    parent = OneOrMany(Nested(Activity))
    grouping = OneOrMany(Nested(Activity))
    category = OneOrMany(Nested(Activity))
    other = OneOrMany(Nested(Activity))


class ContextAgent(StrictSchema):
    """An Agent and the parts it plays (2.0)."""

    objectType = Choice("contextAgent", required=True)
    agent = Nested(Agent, required=True)
    relevantTypes = ListOf(KeyIRI(), at_least=1)


class ContextGroup(StrictSchema):
    """A Group and the parts it plays (2.0)."""

    objectType = Choice("contextGroup", required=True)
    group = Nested(Group, required=True)
    relevantTypes = ListOf(KeyIRI(), at_least=1)


class Context103(StrictSchema):
    """The context as 1.0.3 knows it."""

    registration = UUID()
    instructor = agent_or_group()
    team = Nested(Group)
    contextActivities = Nested(ContextActivities)
    revision = Text()
    platform = Text()
    language = LanguageTag()
    statement = Nested(StatementRef)
    extensions = extension_map()


class Context200(Context103):
    """The context as 2.0 knows it."""

    contextAgents = ListOf(Nested(ContextAgent))
    contextGroups = ListOf(Nested(ContextGroup))

# ruff: noqa: N815  # the properties are named by the specification
"""Statements: the whole of what may be posted (Data 2.4), and the only doors through which it comes."""

from typing import Any, ClassVar, Final, NewType, Protocol, cast

from schemas.faults import Refused
from schemas.xapi.activities import Activity
from schemas.xapi.agents import Agent, AuthorityGroup, Group, agent_or_group
from schemas.xapi.attachments import Attachment
from schemas.xapi.base import Complaint, Rule, StrictSchema, check
from schemas.xapi.compiled import Decoder
from schemas.xapi.containers import ByObjectType, ListOf, Nested
from schemas.xapi.contexts import Context103, Context200, StatementRef
from schemas.xapi.fields import UUID, Choice, Timestamp, VersionLabel
from schemas.xapi.keys import VOIDED
from schemas.xapi.paths import item
from schemas.xapi.results import Result
from schemas.xapi.verbs import Verb
from schemas.xapi.versions import Version

# A statement that was judged valid: objects, arrays and texts as parsed, numbers as int or Decimal.
Statement = NewType("Statement", dict[str, Any])

_ARRAY: Final = "This must be a statement or an array of statements."
_VOIDING: Final = Complaint("voiding", "Only a StatementRef can be voided.", at=("object", "objectType"))
_THINGS: Final[dict[str, type[StrictSchema]]] = {
    "Activity": Activity,
    "Agent": Agent,
    "Group": Group,
    "StatementRef": StatementRef,
}


def context_fits(statement: dict[str, Any]) -> Complaint | None:
    """Allow ``revision`` and ``platform`` only where the object is an Activity (2.4.6)."""
    context, thing = statement.get("context"), statement.get("object")
    if isinstance(context, dict) and isinstance(thing, dict) and thing.get("objectType", "Activity") != "Activity":
        for name in ("revision", "platform"):
            if name in context:
                return Complaint("context", "This is for Activities only.", at=("context", name))
    return None


def voids_a_reference(statement: dict[str, Any]) -> Complaint | None:
    """Demand that what is voided is named by a StatementRef (2.3.2)."""
    verb, thing = statement.get("verb"), statement.get("object")
    if isinstance(verb, dict) and verb.get("id") == VOIDED and isinstance(thing, dict):
        return None if thing.get("objectType") == "StatementRef" else _VOIDING
    return None


class Told(StrictSchema):
    """What statements and sub-statements of both versions have in common."""

    rules: ClassVar[tuple[Rule, ...]] = (context_fits,)

    actor = agent_or_group(required=True)
    verb = Nested(Verb, required=True)
    result = Nested(Result)
    attachments = ListOf(Nested(Attachment))


class SubStatement103(Told):
    """A statement inside another: it neither stands alone nor holds a third."""

    objectType = Choice("SubStatement", required=True)
    object = ByObjectType(_THINGS, default="Activity", required=True)
    context = Nested(Context103)
    timestamp = Timestamp("1.0.3")


class SubStatement200(SubStatement103):
    """The same in 2.0."""

    context = Nested(Context200)
    timestamp = Timestamp("2.0.0")


class Statement103(Told):
    """A statement."""

    rules: ClassVar[tuple[Rule, ...]] = (*Told.rules, voids_a_reference)

    id = UUID()
    object = ByObjectType(_THINGS | {"SubStatement": SubStatement103}, default="Activity", required=True)
    context = Nested(Context103)
    timestamp = Timestamp("1.0.3")
    stored = Timestamp("1.0.3")
    authority = ByObjectType({"Agent": Agent, "Group": AuthorityGroup}, default="Agent")
    version = VersionLabel("1.0.3")


class Statement200(Statement103):
    """The same in 2.0."""

    object = ByObjectType(_THINGS | {"SubStatement": SubStatement200}, default="Activity", required=True)
    context = Nested(Context200)
    timestamp = Timestamp("2.0.0")
    stored = Timestamp("2.0.0")
    version = VersionLabel("2.0.0")


_judges: Final[dict[Version, Nested]] = {"1.0.3": Nested(Statement103), "2.0.0": Nested(Statement200)}
_decoders: Final[dict[Version, Decoder]] = {version: Decoder(judge) for version, judge in _judges.items()}


def load_statement(raw: object, version: Version, path: str = "", *, fast: bool = True) -> Statement:
    """Return the parsed value as a statement valid in that version; ``Refused`` with its faults if it is none.

    Nothing is changed or added. Without ``fast`` the answer is the same, and takes longer.
    """
    if not (fast and _decoders[version].accepts(raw)):
        check(_judges[version], raw, path)
    return cast(Statement, raw)


class Load(Protocol):
    """How one statement is judged; ``load_statement`` is the usual way."""

    def __call__(self, raw: object, version: Version, path: str = "") -> Statement:
        """Return the statement; raise ``Refused`` with its faults."""


def load_statements(raw: object, version: Version, *, load: Load = load_statement) -> list[Statement]:
    """Return a parsed statement or array of statements as a list; ``Refused`` with the faults of the first bad one.

    No two may have the same id, in whatever letter case (2.0, 4.1.6.1).
    """
    if not isinstance(raw, list):
        if not isinstance(raw, dict):
            raise Refused.at("", "object", _ARRAY)
        return [load(raw, version)]
    statements: list[Statement] = []
    seen: dict[str, int] = {}
    for index, each in enumerate(raw):
        statement = load(each, version, item("", index))
        statements.append(statement)
        if "id" in statement and (first := seen.setdefault(statement["id"].lower(), index)) != index:
            raise Refused.at(f"[{index}].id", "same-id", f"Statement [{first}] has the same id.")
    return statements

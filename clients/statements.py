"""Small builders of statements. What they return are plain dicts: write your own where these are too small."""

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from .messages import Agent, Json, Language, Statement

COMPLETED: Final = "http://adlnet.gov/expapi/verbs/completed"
VOIDED: Final = "http://adlnet.gov/expapi/verbs/voided"


def agent(
    *,
    mbox: str | None = None,
    account: tuple[str, str] | None = None,
    openid: str | None = None,
    mbox_sha1sum: str | None = None,
    name: str | None = None,
) -> dict[str, Json]:
    """Return a person, known by exactly one of e-mail address, account (home page, name), OpenID, hashed address."""
    found = {
        "mbox": mbox if mbox is None or mbox.startswith("mailto:") else f"mailto:{mbox}",
        "account": None if account is None else {"homePage": account[0], "name": account[1]},
        "openid": openid,
        "mbox_sha1sum": mbox_sha1sum,
    }
    if sum(value is not None for value in found.values()) != 1:
        raise ValueError("an agent has exactly one of mbox, account, openid and mbox_sha1sum")
    return _given(objectType="Agent", name=name, **found)


def activity(
    activity_id: str, *, name: Language | None = None, description: Language | None = None, kind: str | None = None
) -> dict[str, Json]:
    """Return an activity; ``kind`` is the IRI of its type."""
    definition = _given(name=name, description=description, type=kind)
    return _given(objectType="Activity", id=activity_id, definition=definition or None)


def verb(verb_id: str, display: Language | None = None) -> dict[str, Json]:
    """Return a verb."""
    return _given(id=verb_id, display=display)


def statement(  # noqa: PLR0913 - the members of a statement
    actor: Agent,
    verb: str | Mapping[str, Json],
    target: str | Mapping[str, Json],
    *,
    result: Mapping[str, Json] | None = None,
    context: Mapping[str, Json] | None = None,
    timestamp: datetime | None = None,
) -> Statement:
    """Return a statement with an id and a timestamp of its own, so that saving it twice stores it once.

    A text as verb or target is the id of a verb or an activity. The timestamp is now, unless one is given.
    """
    return identified(
        _given(
            actor=actor,
            verb={"id": verb} if isinstance(verb, str) else verb,
            object=activity(target) if isinstance(target, str) else target,
            result=result,
            context=context,
            timestamp=None if timestamp is None else instant(timestamp),
        )
    )


def completed(actor: Agent, target: str | Mapping[str, Json], *, scaled: float | None = None) -> Statement:
    """Return the statement that somebody completed an activity, with a score between -1 and 1 if there is one."""
    result = _given(completion=True, score=None if scaled is None else {"scaled": scaled})
    return statement(actor, COMPLETED, target, result=result)


def voiding(actor: Agent, statement_id: str) -> Statement:
    """Return the statement that takes another one back."""
    return statement(actor, VOIDED, {"objectType": "StatementRef", "id": statement_id})


def identified(statement: Mapping[str, Json]) -> Statement:
    """Return a copy that has an id.

    Without one it gets a timestamp as well, since a server would set its own and could take the next sending for
    another statement. With one it is left alone: it may be stored already, as it is.
    """
    if statement.get("id") is not None:
        return dict(statement)
    return {"timestamp": instant(datetime.now(UTC)), **statement, "id": str(uuid.uuid4())}


def instant(moment: datetime) -> str:
    """Return a timestamp as xAPI writes it, to the millisecond; raise ValueError where the time zone is missing."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs its time zone")
    return moment.isoformat(timespec="milliseconds")


def _given(**members: Json) -> dict[str, Json]:
    return {name: value for name, value in members.items() if value is not None}

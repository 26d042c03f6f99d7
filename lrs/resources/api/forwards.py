"""/api/forwards: statements on their way to the stores of partners."""

from typing import Any

from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.forwards import ForwardService, Letter, Progressed, Wanted
from schemas.api.forwards import (
    ChosenLettersSchema,
    CountSchema,
    ForwardChangeSchema,
    ForwardSchema,
    ForwardsSchema,
    LettersQuerySchema,
    LettersSchema,
    NewForwardSchema,
)


def forwards(service: ForwardService) -> Section:
    """Return the views."""
    section = Section("forwards", "Sending statements to the stores of partners by agreement; needs the scope `share`")

    @section.view("/forwards", "GET", gives=ForwardsSchema)
    def all_of_them() -> dict[str, Any]:
        """List forwards

        How far each is, and the last error of what does not get on.
        """  # noqa: D400 - the first line is the operation's summary
        return {"forwards": [_told(each) for each in service.all(principal())]}

    @section.view("/forwards", "POST", takes=NewForwardSchema, gives=ForwardSchema, status=201, refusals=[409])
    def create(body: dict[str, Any]) -> dict[str, Any]:
        """Send statements to a partner

        By an agreement in force by which statements travel: those of its filter from the first one stored, as its level
        says, then what voids them. A statement arrives once, if the partner's store takes the same one once.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.create(principal(), Wanted(**body)))

    @section.view("/forwards/<forward>", "GET", gives=ForwardSchema)
    def get(forward: str) -> dict[str, Any]:
        """Show a forward"""  # noqa: D400 - the first line is the operation's summary
        return _told(service.get(principal(), forward))

    @section.view("/forwards/<forward>", "PATCH", takes=ForwardChangeSchema, gives=ForwardSchema)
    def change(body: dict[str, Any], forward: str) -> dict[str, Any]:
        """Change a forward

        What is named is replaced, and it is tried at once.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.change(principal(), forward, body))

    @section.view("/forwards/<forward>", "DELETE", status=204)
    def remove(forward: str) -> None:
        """Remove a forward

        What has gone is forgotten too: it cannot be recalled from here any more.
        """  # noqa: D400 - the first line is the operation's summary
        service.remove(principal(), forward)

    @section.view("/forwards/<forward>/pause", "POST", gives=ForwardSchema)
    def pause(forward: str) -> dict[str, Any]:
        """Pause a forward"""  # noqa: D400 - the first line is the operation's summary
        return _told(service.pause(principal(), forward))

    @section.view("/forwards/<forward>/resume", "POST", gives=ForwardSchema)
    def resume(forward: str) -> dict[str, Any]:
        """Go on with a forward

        At once, also where it was waiting. Refused while its agreement is not in force.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.resume(principal(), forward))

    _letters(section, service)
    return section


def _letters(section: Section, service: ForwardService) -> None:
    @section.view("/forwards/<forward>/dead-letters", "GET", query=LettersQuerySchema, gives=LettersSchema)
    def letters(query: dict[str, Any], forward: str) -> dict[str, Any]:
        """List what could not be sent

        With what the partner's store said of it. Pages follow `more`.
        """  # noqa: D400 - the first line is the operation's summary
        found = service.letters(principal(), forward, after=query["after"], most=query["limit"] + 1)
        return told_letters(found, query["limit"])

    @section.view(
        "/forwards/<forward>/dead-letters/retry", "POST", takes=ChosenLettersSchema, gives=CountSchema, status=202
    )
    def retry(body: dict[str, Any], forward: str) -> dict[str, int]:
        """Send dead letters again

        A worker does; those that are refused again stay.
        """  # noqa: D400 - the first line is the operation's summary
        return {"count": service.retry(principal(), forward, body.get("statements", ()))}

    @section.view("/forwards/<forward>/dead-letters/drop", "POST", takes=ChosenLettersSchema, gives=CountSchema)
    def drop(body: dict[str, Any], forward: str) -> dict[str, int]:
        """Give dead letters up"""  # noqa: D400 - the first line is the operation's summary
        return {"count": service.drop(principal(), forward, body.get("statements", ()))}


def told_letters(found: list[Letter], limit: int) -> dict[str, Any]:
    """Return a page of letters, of which one more was asked for than it holds."""
    shown = found[:limit]
    letters = [{**each._asdict(), "statement": each.id} for each in shown]
    return {"letters": letters, "more": shown[-1].id if len(found) > limit else None}


def _told(progressed: Progressed) -> dict[str, Any]:
    forward, through, lag, dead = progressed
    told = {name: getattr(forward, name) for name in _SHOWN}
    return told | {"again": forward.again or None, "through": through, "lag": lag, "dead": dead}


_SHOWN = (
    "id",
    "agreement",
    "url",
    "key",
    "version",
    "batch",
    "label",
    "created",
    "state",
    "sent",
    "last_sent",
    "last_error",
    "failures",
    "failing",
)

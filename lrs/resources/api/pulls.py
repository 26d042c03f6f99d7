"""/api/pulls: statements that are taken from the stores of others."""

from typing import Any

from lrs.resources.api.forwards import told_letters
from lrs.resources.api.interface import Section
from lrs.resources.guards import principal
from lrs.services.pulls import Pulled, PullService, Wanted
from schemas.api.forwards import ChosenLettersSchema, CountSchema, LettersQuerySchema, LettersSchema
from schemas.api.pulls import NewPullSchema, PullChangeSchema, PullSchema, PullsSchema


def pulls(service: PullService) -> Section:
    """Return the views."""
    section = Section("pulls", "Taking statements from the stores of others; needs the scope `share`")

    @section.view("/pulls", "GET", gives=PullsSchema)
    def all_of_them() -> dict[str, Any]:
        """List pulls

        How far each is, and the last error of what does not get on.
        """  # noqa: D400 - the first line is the operation's summary
        return {"pulls": [_told(each) for each in service.all(principal())]}

    @section.view("/pulls", "POST", takes=NewPullSchema, gives=PullSchema, status=201, refusals=[409])
    def create(body: dict[str, Any]) -> dict[str, Any]:
        """Take statements from another store

        In the order in which they were stored there; each is stored here as if a key of the own organisation had sent
        it, with that one's authority and intake. What is here already stays as it is.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.create(principal(), Wanted(**body)))

    @section.view("/pulls/<pull>", "GET", gives=PullSchema)
    def get(pull: str) -> dict[str, Any]:
        """Show a pull"""  # noqa: D400 - the first line is the operation's summary
        return _told(service.get(principal(), pull))

    @section.view("/pulls/<pull>", "PATCH", takes=PullChangeSchema, gives=PullSchema)
    def change(body: dict[str, Any], pull: str) -> dict[str, Any]:
        """Change a pull

        What is named is replaced, and the store is asked at once.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.change(principal(), pull, body))

    @section.view("/pulls/<pull>", "DELETE", status=204)
    def remove(pull: str) -> None:
        """Remove a pull

        What was taken stays.
        """  # noqa: D400 - the first line is the operation's summary
        service.remove(principal(), pull)

    @section.view("/pulls/<pull>/pause", "POST", gives=PullSchema)
    def pause(pull: str) -> dict[str, Any]:
        """Pause a pull"""  # noqa: D400 - the first line is the operation's summary
        return _told(service.pause(principal(), pull))

    @section.view("/pulls/<pull>/resume", "POST", gives=PullSchema)
    def resume(pull: str) -> dict[str, Any]:
        """Go on with a pull

        At once, also where it was waiting.
        """  # noqa: D400 - the first line is the operation's summary
        return _told(service.resume(principal(), pull))

    _letters(section, service)
    return section


def _letters(section: Section, service: PullService) -> None:
    @section.view("/pulls/<pull>/dead-letters", "GET", query=LettersQuerySchema, gives=LettersSchema)
    def letters(query: dict[str, Any], pull: str) -> dict[str, Any]:
        """List what could not be taken

        And why: 409 where another statement is stored under the id, 400 for what is wrong with it. Pages follow `more`.
        """  # noqa: D400 - the first line is the operation's summary
        found = service.letters(principal(), pull, after=query["after"], most=query["limit"] + 1)
        return told_letters(found, query["limit"])

    @section.view("/pulls/<pull>/dead-letters/retry", "POST", takes=ChosenLettersSchema, gives=CountSchema, status=202)
    def retry(body: dict[str, Any], pull: str) -> dict[str, int]:
        """Ask for dead letters again

        A worker does; those that cannot be taken again stay. What came without an id nobody can be asked for: it is
        not counted, and stays until it is given up.
        """  # noqa: D400 - the first line is the operation's summary
        return {"count": service.retry(principal(), pull, body.get("statements", ()))}

    @section.view("/pulls/<pull>/dead-letters/drop", "POST", takes=ChosenLettersSchema, gives=CountSchema)
    def drop(body: dict[str, Any], pull: str) -> dict[str, int]:
        """Give dead letters up"""  # noqa: D400 - the first line is the operation's summary
        return {"count": service.drop(principal(), pull, body.get("statements", ()))}


def _told(pulled: Pulled) -> dict[str, Any]:
    pull, dead = pulled
    told = {name: getattr(pull, name) for name in PullSchema().fields if hasattr(pull, name)}
    return told | {"again": pull.again or None, "through": pull.cursor, "dead": dead}

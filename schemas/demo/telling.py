"""What a story needs to be told: numbers to draw, people to meet, and a list that what happens goes to."""

from datetime import datetime
from random import Random
from typing import Any, Final

from schemas.demo.chance import some_uuid, uuid_of
from schemas.demo.days import ended
from schemas.demo.events import Event, Voiding
from schemas.demo.places import Person, Place, Places
from schemas.registries.unit_rows import Unit


class Telling:
    """One chapter: some stories that need no other chapter. ``name`` determines all that is drawn in it."""

    def __init__(self, places: Places, rnd: Random, name: str) -> None:
        self.places: Final = places
        self.rnd: Final = rnd
        self.name: Final = name
        self.events: Final[list[Event | Voiding]] = []

    def visit(self, person: Person | None = None) -> "Scene":
        """Go to where somebody lives, or anywhere."""
        place = self.places.draw(self.rnd) if person is None else self.places.places[person.place]
        return Scene(self, place)

    def next_id(self) -> str:
        """Return the id of what is told next."""
        return id_of(self.name, len(self.events))

    def voiding(self, at: datetime, target: str) -> None:
        """Tell that something was told in error."""
        self.events.append(Voiding(self.next_id(), at, target))

    def likely(self, share: float) -> bool:
        """Tell whether something happens that happens so often."""
        return self.rnd.random() < share

    def registration(self) -> str:
        """Return a new registration."""
        return some_uuid(self.rnd)


class Scene:
    """Some spot of a place, in which one story happens."""

    def __init__(self, telling: Telling, place: Place) -> None:
        self.telling: Final = telling
        self.place: Final = place
        self._way = telling.places.way(place, telling.rnd)
        self._fallback = telling.registration()

    def unit(self, at: datetime) -> Unit:
        """Return the unit that this was on a day."""
        day = at.date()
        return next((unit for unit in self._way if unit.begins <= day), self._way[-1])

    def some(self, group: str, most: int) -> list[Person]:
        """Return a few people of a group who live here."""
        return self.telling.places.some(self.place, group, most, self.telling.rnd)

    def team(self) -> tuple[str, str]:
        """Return the account of a team of this place, and the hamlet that it looks after."""
        number = self.telling.rnd.randint(1, self.place.teams)
        return f"to-cnscd-{self.place.unit.code}-{number:02d}", f"Ấp {number}"

    def happens(self, at: datetime, verb: str, type_: str, activity: str, title: str, **more: Any) -> str | None:
        """Tell what happened here; return its id, None where it lies behind the end of all stories."""
        if ended(at):
            return None
        id_ = self.telling.next_id()
        registration = more.pop("registration", self._fallback)
        self.telling.events.append(
            Event(
                id=id_,
                at=at,
                verb=verb,
                type=type_,
                activity=activity,
                title=title,
                registration=registration,
                unit=self.unit(at),
                **more,
            )
        )
        return id_


def id_of(name: str, number: int) -> str:
    """Return the id of what is told in this place of a chapter."""
    return uuid_of(name, number)

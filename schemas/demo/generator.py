"""The whole data set: chapters of stories, each made from the seed and its number alone."""

from datetime import timedelta
from typing import Any, Final

from schemas.demo import others, stories
from schemas.demo.chance import Urn, chance
from schemas.demo.events import Event, Voiding
from schemas.demo.places import Places
from schemas.demo.telling import Telling, id_of
from schemas.demo.writing import write

CHAPTER: Final = 500
"""Statements of a chapter."""
_IN_TURN: Final = 40
_ERRORS: Final = 0.006

_STORIES: Final[Urn[stories.Story]] = Urn(
    [
        (120.0, stories.support),
        (1.6, stories.community_class),
        (0.8, stories.conference),
        (1.0, stories.course_list),
        (0.6, others.internship),
        (0.5, others.lab_visit),
        (0.6, others.outreach),
        (1.5, others.emulation),
        (0.9, others.moodle),
        (0.5, others.foreign),
    ]
)


class Demo:
    """The data set of a seed: ``learners`` people, and as many statements as are asked for.

    A larger one begins with a smaller one.
    """

    def __init__(self, seed: int, learners: int, statements: int) -> None:
        self.places: Final = Places(seed, learners)
        self.statements: Final = statements
        self._seed = seed
        self._learners = learners

    @property
    def chapters(self) -> range:
        """Return the numbers of the chapters."""
        return range((self.statements + CHAPTER - 1) // CHAPTER)

    def size(self, chapter: int) -> int:
        """Return the number of statements in a chapter."""
        return min(CHAPTER, self.statements - chapter * CHAPTER)

    def last_id(self, chapter: int) -> str:
        """Return the id of the last statement of a chapter."""
        return id_of(self._name(chapter), self.size(chapter) - 1)

    def events(self, chapter: int) -> list[Event | Voiding]:
        """Return what happens in a chapter; whoever's turn it is comes first, so that all people appear at last."""
        name = self._name(chapter)
        telling = Telling(self.places, chance(name), name)
        first = chapter * _IN_TURN
        for person in self.places.turns[first : first + _IN_TURN]:
            stories.support(telling, person)
        while len(telling.events) < CHAPTER:
            begun = len(telling.events)
            _STORIES.draw(telling.rnd)(telling)
            _err(telling, begun)
        return telling.events[: self.size(chapter)]

    def chapter(self, chapter: int) -> list[dict[str, Any]]:
        """Return the statements of a chapter."""
        return [write(event) for event in self.events(chapter)]

    def _name(self, chapter: int) -> str:
        return f"demo {self._seed} {self._learners} {chapter}"


def _err(telling: Telling, begun: int) -> None:
    """Take back a few of the things that were told from here on."""
    for event in telling.events[begun:]:
        if isinstance(event, Event) and telling.likely(_ERRORS):
            telling.voiding(event.at + timedelta(days=1), event.id)

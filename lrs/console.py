"""What commands say to whoever runs them, and the organisations that they are for."""

from typing import TYPE_CHECKING

from lrs import messages
from lrs.config import language
from lrs.messages import StartFailed, Text, Value

if TYPE_CHECKING:  # commands that need no store start faster without it
    from lrs.store import Store
    from lrs.store.organisations import Organisation


def say(text: Text, **values: Value) -> None:
    """Print a text in the language of the caller."""
    print(text.say(language(), **values), flush=True)  # noqa: T201 - this is what a command is for


def organisations_of(store: "Store", organisation: str | None) -> "list[Organisation]":
    """Return the one with this public id, or all without any; raise StartFailed where there is none."""
    if organisation is None:
        return store.organisations.all()
    found = store.organisations.find(organisation)
    if found is None:
        raise StartFailed(messages.NO_ORGANISATION, organisation=organisation)
    return [found]

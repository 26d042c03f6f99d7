"""Names of one thing in several languages."""

from typing import Any, Final

LANGUAGES: Final = ("vi", "en")

Labels = dict[str, str]
"""By language: ``vi``, ``en``."""


def label_of(thing: Any, language: str = "vi") -> str:
    """Return the label in a language, else in the first of ours that there is."""
    labels: Labels = thing.labels
    return next((labels[each] for each in (language, *LANGUAGES) if each in labels), "")

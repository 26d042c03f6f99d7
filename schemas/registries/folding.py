"""Vietnamese text as its readers compare it.

A tone belongs to its syllable, wherever it is written: "Hòa" and "Hoà" are one word. Đ is a letter of its own, and so
are Ă, Â, Ê, Ô, Ơ and Ư. Whoever types without diacritics means all words that look alike without them.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import lru_cache
from typing import Final, NamedTuple

# In the order of dictionaries; none comes first.
_TONES: Final = {"\u0300": "1", "\u0309": "2", "\u0303": "3", "\u0301": "4", "\u0323": "5"}
_NO_TONE: Final = "0"
# Đ does not decompose; Ð and Ɖ look like it and stand for it in old files.
_D_WITH_STROKE: Final = str.maketrans({"ð": "đ", "ɖ": "đ", "Ð": "đ", "Ɖ": "đ", "Đ": "đ"})
_ALPHABET: Final = "aăâbcdđeêfghijklmnoôơpqrstuưvwxyz"
_PLACE: Final = {letter: chr(0x100 + place) for place, letter in enumerate(_ALPHABET)}
_WORD: Final = re.compile(r"[^\W_]+")


class Word(NamedTuple):
    """A word without case: its letters, the same without diacritics, and its tones in their order."""

    letters: str
    plain: str
    tones: str

    @property
    def marked(self) -> bool:
        """Tell whether it has any diacritic."""
        return self.letters != self.plain or self.tones != ""


def words(text: str) -> tuple[Word, ...]:
    """Return the words of a text; everything between letters and digits only separates them."""
    whole = unicodedata.normalize("NFC", text.translate(_D_WITH_STROKE).casefold())
    return tuple(_word(each) for each in _WORD.findall(whole))


@lru_cache(maxsize=10_000)
def _word(text: str) -> Word:
    tones, letters = "", ""
    for mark in unicodedata.normalize("NFD", text):
        if mark in _TONES:
            tones += _TONES[mark]
        else:
            letters += mark
    letters = unicodedata.normalize("NFC", letters)
    return Word(letters, "".join(map(_plain, letters)), tones)


def _plain(letter: str) -> str:
    return "d" if letter == "đ" else unicodedata.normalize("NFD", letter)[0]


def folded(text: str) -> str:
    """Return the text for a search that ignores diacritics: "Đồng Nai" becomes "dong nai"."""
    return " ".join(word.plain for word in words(text))


def spelling(text: str) -> str:
    """Return a key that is equal for two spellings of the same words, and differs where a diacritic does."""
    return " ".join(word.letters + word.tones for word in words(text))


def sort_key(text: str) -> str:
    """Return a key for Vietnamese order: letters first (A Ă Â B C D Đ E Ê ...), then tones, then the text itself."""
    found = words(text)
    letters = " ".join("".join(_PLACE.get(letter, letter) for letter in word.letters) for word in found)
    tones = "".join(word.tones or _NO_TONE for word in found)
    return f"{letters}\0{tones}\0{unicodedata.normalize('NFC', text)}"


def matches(asked: Sequence[Word], name: Sequence[Word]) -> bool:
    """Tell whether the words stand in the name one after the other; the last one may be only its beginning.

    A word with diacritics matches only itself, one without them every word that looks alike without them.
    """
    last = len(asked) - 1
    return any(
        all(_matches(word, name[start + place], unfinished=place == last) for place, word in enumerate(asked))
        for start in range(len(name) - last)
    )


def _matches(asked: Word, word: Word, *, unfinished: bool) -> bool:
    mine, theirs = (asked.letters, word.letters) if asked.marked else (asked.plain, word.plain)
    if asked.marked and asked.tones != word.tones:
        return False
    return theirs.startswith(mine) if unfinished else theirs == mine

"""A caller's words as they were written and as they compare, side by side."""

import re
from bisect import bisect_left

from app.dialogue.french_numbers import fold
from app.dialogue.name_words import COMPOUND_SECONDS, FIRST_NAMES, FUNCTION_WORDS, NOT_A_NAME

_WORD = re.compile(r"[^\W\d_]+(?:-[^\W\d_]+)*'?|\d+|&|[,;.!?:]")


class SaidWords:
    """A text as words, with and without accents, and where each begins in the folded text.

    Attributes:
        said: words and punctuation as written; an elision is a word ("l'").
        folded: the same, folded.
        text: `folded`, one space apart.
        offsets: where each word begins in `text`.
    """

    def __init__(self, text: str) -> None:
        self.said = _WORD.findall(text.replace("’", "'").replace("'", "' "))
        self._index()

    def _index(self) -> None:
        self.folded = [fold(word) for word in self.said]
        self.text = " ".join(self.folded)
        self.offsets = [0]
        for word in self.folded:
            self.offsets.append(self.offsets[-1] + len(word) + 1)

    def at(self, offset: int) -> int:
        """Index of the word that begins at an offset of `text`, or of the next."""
        return bisect_left(self.offsets, offset)

    def cut(self, start: int, end: int) -> None:
        """Puts a comma in the place of some words."""
        self.said[start:end] = [","]
        self._index()


def is_plain(word: str) -> bool:
    """Whether a folded word can be part of a name nobody announced."""
    parts = word.split("-")
    return len(word) > 1 and word[0].isalpha() and word[-1] != "'" and not any(part in NOT_A_NAME for part in parts)


def is_announced(word: str) -> bool:
    """Whether a folded word can be part of a name behind "je m'appelle"."""
    return len(word) > 1 and word[0].isalpha() and word[-1] != "'" and word not in FUNCTION_WORDS


def is_first_name(word: str) -> bool:
    """Whether a folded word is, or begins with, a common first name."""
    return word.split("-")[0] in FIRST_NAMES


def written(words: list[str]) -> str:
    """Capitals as on a letter: "Pierre Dupont", "Jean-Marc Petit", "Jean de La Tour", "Garage du Centre"."""
    written: list[str] = []
    for index, word in enumerate(words):
        shown = word if any(sign.isupper() for sign in word) else _capitalised(word)
        if index and fold(word) in ("de", "d'", "du", "des", "et", "von"):
            shown = word.lower()
        joined = index == 1 and fold(word) in COMPOUND_SECONDS.get(fold(words[0]), "").split()
        if index:
            written.append("-" if joined else "" if words[index - 1].endswith("'") else " ")
        written.append(shown)
    return "".join(written)


def _capitalised(word: str) -> str:
    return "-".join(part[:1].upper() + part[1:] for part in word.split("-"))

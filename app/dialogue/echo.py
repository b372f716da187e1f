"""The bot's own words, coming back over the line: told apart from the caller's by what the bot was saying. Pure."""

from collections import deque
from sys import intern

from app.dialogue.french_numbers import fold
from app.dialogue.spoken_text import spoken_text

KEPT_SENTENCES = 4
"""Of what the bot said lately: echo is no older than the sentence under way and the one before."""
RUN_WORDS = 4
"""So many words in a row that the bot has just said, heard while it said them, are no coincidence."""
SHARE = 0.6
"""Or this share of all words, in the bot's order, where the caller's voice was not heard."""

_BREAK = "\n"
"""No word: nothing is said across it."""
_EDGES = ".,;:!?…«»\"'()"


class Echo:
    """What the bot of one call is saying."""

    def __init__(self) -> None:
        self._said: deque[tuple[str, ...]] = deque(maxlen=KEPT_SENTENCES)
        """What may be heard of each."""

    def say(self, text: str) -> None:
        """The bot begins a sentence."""
        self._said.append(_as_heard(text))

    def without(self, text: str, *, voiced: bool) -> str:
        """What is left of words that were heard while the bot was speaking, without those that are its own.

        Args:
            voiced: the caller's voice was heard in them, above what echo explains.
        """
        raw = text.split()
        heard = [_bare(word) for word in raw]
        said = [word for sentence in self._said for word in sentence]
        if not voiced and heard and _in_order(heard, said) >= SHARE * len(heard):
            return ""
        kept: list[str] = []
        at = 0
        while at < len(heard):
            run = _longest_run(heard[at:], said)
            if run >= RUN_WORDS:
                at += run
                while at < len(heard) and not heard[at]:
                    at += 1  # a mark that stood by itself
            else:
                kept.append(raw[at])
                at += 1
        return " ".join(kept)


def _bare(word: str) -> str:
    return fold(word).strip(_EDGES)


def _as_heard(text: str) -> tuple[str, ...]:
    """Its words as they are written and, where that differs, as they sound: the recogniser writes either."""
    spoken = spoken_text(text)
    return (*_words(text), *((_BREAK, *_words(spoken)) if spoken != text else ()))


def _words(text: str) -> list[str]:
    return [intern(bare) for bare in map(_bare, text.split()) if bare]  # all calls say the same words


def _longest_run(heard: list[str], said: list[str]) -> int:
    """How many of the first words were said in a row."""
    best = 0
    for start, word in enumerate(said):
        if word != heard[0]:
            continue
        length = 0
        while length < len(heard) and start + length < len(said) and heard[length] == said[start + length]:
            length += 1
        best = max(best, length)
    return best


def _in_order(heard: list[str], said: list[str]) -> int:
    """How many words can be found in what was said, in the same order (longest common subsequence)."""
    lengths = [0] * (len(heard) + 1)
    for word in said:
        before = 0
        for index, other in enumerate(heard, 1):
            here = lengths[index]
            lengths[index] = before + 1 if word == other else max(here, lengths[index - 1])
            before = here
    return lengths[-1]

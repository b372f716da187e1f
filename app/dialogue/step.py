"""What a call does next: the phrases to say, how long to listen after them, and whether it ends. Pure."""

from dataclasses import dataclass, field
from enum import StrEnum

ANSWER_SILENCE_S = 8.0
"""The caller says nothing for so long after a question: asked again."""


class Ending(StrEnum):
    """Why the bot ends a call."""

    GOODBYE = "goodbye"
    TRANSFER = "transfer"
    ERROR = "error"
    CALLBACK = "callback"
    SILENCE = "silence"
    TOO_LONG = "too_long"


@dataclass(frozen=True, slots=True)
class Phrase:
    """A phrase of `prompts/fr.yaml` to say, with the values of its places."""

    key: str
    values: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Step:
    """What the call does now.

    Attributes:
        says: phrases in order; empty says nothing.
        model_reply: speak the language model's own reply instead of `says`, if it comes in time.
        repeats: say once more what was last said, word for word; `says` is empty.
        listens_s: how long to wait for the caller after the last word before `on_silence`.
        ending: not None: hang up when the words have been heard.
    """

    says: tuple[Phrase, ...] = ()
    model_reply: bool = False
    repeats: bool = False
    listens_s: float = ANSWER_SILENCE_S
    ending: Ending | None = None

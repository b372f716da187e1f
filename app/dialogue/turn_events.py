"""What is told of the caller's turns."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FinalizeWanted:
    """Ask the recogniser for its final words."""


@dataclass(frozen=True, slots=True)
class WordsLate:
    """The caller has been silent for long enough, but final words are still on their way."""


@dataclass(frozen=True, slots=True)
class Settled:
    """The caller is silent and all words are final: the turn may well end with them.

    Attributes:
        text: all the words so far.
    """

    text: str


@dataclass(frozen=True, slots=True)
class TurnEnded:
    """The caller has finished.

    Attributes:
        text: all the words of the turn.
        speech_ended_s: when the caller's voice stopped.
    """

    text: str
    speech_ended_s: float


@dataclass(frozen=True, slots=True)
class Interrupted:
    """The caller talks over the bot, in words that mean something.

    Attributes:
        speech_started_s: when the caller's voice began.
    """

    speech_started_s: float


@dataclass(frozen=True, slots=True)
class Unheard:
    """The caller plainly spoke, but no words came of it: the recogniser is mute, or it was noise.

    Attributes:
        speech_ended_s: when the caller's voice stopped.
    """

    speech_ended_s: float


TurnEvent = FinalizeWanted | WordsLate | Settled | TurnEnded | Interrupted | Unheard

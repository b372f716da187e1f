"""What can happen to a conversation; taken one by one."""

from dataclasses import dataclass

from app.call.mouth import Said
from app.dialogue.turn_events import Interrupted, Unheard


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller said nothing for as long as the dialogue waits."""


@dataclass(frozen=True, slots=True)
class EarsLost:
    """Nobody hears the caller any more."""


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The call's hard limit is near."""


@dataclass(frozen=True, slots=True)
class Answered:
    """The first frame of an answer has left, at `at_s`."""

    at_s: float


@dataclass(frozen=True, slots=True)
class CallerTurn:
    """The caller has finished.

    Attributes:
        text: all the words of the turn.
        speech_ended_s: when the caller's voice stopped.
        over_bot: the bot was speaking at that moment.
    """

    text: str
    speech_ended_s: float
    over_bot: bool


@dataclass(frozen=True, slots=True)
class KeyPressed:
    """A key of the caller's telephone.

    Attributes:
        key: one of `0-9 * # A-D`.
        question: the number of the question that it was pressed for (`Keypad.questions`).
        at_s: when.
    """

    key: str
    question: int
    at_s: float


@dataclass(frozen=True, slots=True)
class TypingPaused:
    """Nothing was typed for a while."""


Event = CallerTurn | Interrupted | Unheard | KeyPressed | TypingPaused | Answered | Said | Silence | EarsLost | TimeUp

"""A turn with all that the rules look at, and what they make of it."""

from dataclasses import dataclass

from app.dialogue.intents import Fields, Intent
from app.dialogue.states import State
from app.providers.rules.signals import Signal

Verdict = tuple[Intent, float]

UNCLEAR: Verdict = (Intent.UNCLEAR, 0.3)

DESCRIBING = frozenset({State.INIT, State.WELCOME, State.DIAGNOSTIC, State.TRANSFER, State.GOODBYE, State.ERROR})


@dataclass(frozen=True, slots=True)
class Turn:
    """A turn with all that the rules look at."""

    state: State
    words: str
    as_said: str
    fields: Fields
    dictates_email: bool
    signals: list[Signal]
    contact: bool
    """A telephone number or an address was stated; it is no longer among `words`."""

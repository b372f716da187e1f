"""Where a call goes when the bot has ended its part: channel variables for the dialplan. Pure."""

from dataclasses import dataclass
from typing import Literal

MAX_SUMMARY_CHARACTERS = 200
HARMLESS = frozenset(" .:-+'°·?!/@%")
"""Besides letters and digits. No character that means something to a dialplan (`,;"\\${}[]()&|<>=`)."""


@dataclass(frozen=True, slots=True)
class Route:
    """What the dialplan is told.

    Attributes:
        next: "transfer" rings the technician, "hangup" ends the call, "server" tries the next bot, as this one stops.
        target: the technician's extension; empty leaves it to the dialplan.
        ticket: its number; empty if not known in time.
        summary: for the technician, in any characters.
    """

    next: Literal["transfer", "hangup", "server"]
    target: str = ""
    ticket: str = ""
    summary: str = ""

    @property
    def variables(self) -> tuple[tuple[str, str], ...]:
        """Names and values, VOICEBOT_NEXT last: when it is there, the others are."""
        if self.next != "transfer":
            return (("VOICEBOT_NEXT", self.next),)
        return (
            ("VOICEBOT_TARGET", self.target),
            ("VOICEBOT_TICKET", self.ticket),
            ("VOICEBOT_SUMMARY", harmless(self.summary)),
            ("VOICEBOT_NEXT", "transfer"),
        )


def harmless(text: str) -> str:
    """One line of letters, digits and harmless punctuation, at most 200 characters."""
    kept = "".join(char if char.isalnum() or char in HARMLESS else " " for char in text.replace("’", "'"))
    return " ".join(kept.split())[:MAX_SUMMARY_CHARACTERS].rstrip()

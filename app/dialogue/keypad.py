"""The keys of the caller's telephone (DTMF): answers to a question, numbers that are typed, a person asked for. Pure.

What the keys mean follows from the question (`app.dialogue.states`): where they choose among answers, one key is a turn
of the caller; everywhere else they type a number, which ends by itself, with "#", or when nothing follows.
"""

from dataclasses import dataclass
from math import inf

from app.dialogue.fields import TICKET_DIGITS_MAX, TICKET_DIGITS_MIN, as_e164
from app.dialogue.intents import Fields, Intent, Understanding
from app.dialogue.states import Keys

PAUSE_S = 3.0
"""Nothing was typed for so long: the number is complete, as far as it goes."""
ZERO_ALONE_S = 2.0
"""A 0 that nothing follows asks for a person; every French telephone number begins with one, too."""
DIGITS_MAX = 15
"""The longest number of E.164 (ITU-T E.164, 6.2.1); what is typed beyond it is thrown away."""
HUMAN_KEY, END_KEY, AGAIN_KEY = "0", "#", "*"
MARK = "[touches]"
"""In front of what was typed, in the transcript."""
_WORDS = {Intent.YES: "oui", Intent.NO: "non"}


@dataclass(frozen=True, slots=True)
class Keyed:
    """A turn of the caller, by keys.

    Attributes:
        typed: for the transcript and the log, "[touches] 0612345678".
        words: what the caller would have said, for the dialogue; empty where there are no such words.
        understanding: what it means; certain.
    """

    typed: str
    words: str
    understanding: Understanding


class Keypad:
    """The keys of one call. All times are seconds of one monotonic clock."""

    def __init__(self) -> None:
        self._keys: Keys = {}
        self._digits = ""
        self._pressed_at_s = 0.0
        self.questions = 0
        """How many were asked; a key belongs to the one that was asked when it was pressed."""

    @property
    def typing(self) -> bool:
        """A number has been begun and not ended."""
        return bool(self._digits)

    @property
    def typed(self) -> str:
        """The number so far, for the transcript; empty if nothing is being typed."""
        return f"{MARK} {self._digits}" if self._digits else ""

    @property
    def deadline_s(self) -> float:
        """When the number that is being typed is over, unless another key comes; infinite if there is none."""
        if not self._digits:
            return inf
        return self._pressed_at_s + (ZERO_ALONE_S if self._digits == HUMAN_KEY else PAUSE_S)

    def ask(self, keys: Keys) -> None:
        """Something was said to the caller; what was typed before is forgotten.

        Args:
            keys: what single keys mean; empty: they type a number.
        """
        self._keys, self._digits = keys, ""
        self.questions += 1

    def takes(self, key: str) -> bool:
        """Whether the key means anything now. "#" behind a number that has ended by itself does not."""
        return key.isdigit() or key == AGAIN_KEY or (key == END_KEY and self.typing)

    def press(self, key: str, now_s: float) -> Keyed | None:
        """Takes a key; one that `takes` refuses changes nothing.

        Returns:
            The caller's turn, if this key ends it.
        """
        if key == AGAIN_KEY:
            if not self._digits:
                return _keyed(key, Intent.REPEAT_REQUEST)
            self._digits = ""  # mistyped: once more from the beginning
        elif key == END_KEY and self._digits:
            return self._end()
        elif key.isdigit() and self._keys:
            intent = Intent.HUMAN_REQUEST if key == HUMAN_KEY else self._keys.get(key, Intent.UNCLEAR)
            return _keyed(key, intent)
        elif key.isdigit():
            self._digits = (self._digits + key)[:DIGITS_MAX]
            self._pressed_at_s = now_s
            if _ends_by_itself(self._digits):
                return self._end()
        return None

    def on_tick(self, now_s: float) -> Keyed | None:
        """Time passes; to be called at `deadline_s`, more often does no harm."""
        return self._end() if now_s >= self.deadline_s else None

    def _end(self) -> Keyed:
        digits, self._digits = self._digits, ""
        if digits == HUMAN_KEY:
            return _keyed(digits, Intent.HUMAN_REQUEST)
        if phone := as_e164(digits):
            return _keyed(digits, Intent.IDENTITY_PROVIDED, Fields(phone=phone))
        if TICKET_DIGITS_MIN <= len(digits) <= TICKET_DIGITS_MAX and not digits.startswith("0"):
            return _keyed(digits, Intent.IDENTITY_PROVIDED, Fields(ticket=digits))
        return _keyed(digits, Intent.UNCLEAR)


def _ends_by_itself(digits: str) -> bool:
    """A complete telephone number, in the ways that nothing else begins with: 06…, 0033 6…."""
    return digits.startswith("0") and as_e164(digits) is not None


def _keyed(typed: str, intent: Intent, fields: Fields | None = None) -> Keyed:
    understanding = Understanding(intent=intent, confidence=1.0, fields=fields or Fields(), source="keys")
    return Keyed(f"{MARK} {typed}", _WORDS.get(intent, ""), understanding)

"""The words of the turn under way, as the recogniser tells them: interim ones, then final ones. Pure."""

from collections.abc import Callable

from app.dialogue.states import Endpointing

Completeness = Callable[[Endpointing, str], bool | None]
"""Whether words are plainly all of an answer (True), plainly not yet (False), or it can't be told (None)."""


class TurnWords:
    """Of one turn after the other.

    Args:
        completeness: judges them; asked once for each text.

    Attributes:
        interim: what may still change.
        at_s: when the latest came.
        closed: the recogniser has closed the utterance by itself (speech_final).
    """

    def __init__(self, completeness: Completeness) -> None:
        self.interim = ""
        self.at_s = 0.0
        self.closed = False
        self._finals: list[str] = []
        self._completeness = completeness
        self._judged: tuple[Endpointing, str, bool | None] = ("open", "", None)

    @property
    def text(self) -> str:
        """All of them."""
        if not self._finals:  # asked for with every change of the caller's voice
            return self.interim
        return " ".join([*self._finals, self.interim]).rstrip()

    @property
    def final_text(self) -> str:
        """Those that will not change."""
        return " ".join(self._finals)

    @property
    def are_final(self) -> bool:
        """There are some, and none will change."""
        return bool(self._finals) and not self.interim

    def complete(self, expects: Endpointing) -> bool | None:
        """See `Completeness`; of no words it can't be told."""
        text = self.text
        if self._judged[:2] != (expects, text):
            self._judged = (expects, text, self._completeness(expects, text) if text else None)
        return self._judged[2]

    def take(self, text: str, now_s: float, *, is_final: bool, ends_turn: bool, answers_finalize: bool) -> bool:
        """A transcript arrived, without space at its ends; returns whether the words are others now."""
        known = self.text
        if text or (is_final and not answers_finalize):
            # An empty final takes its interim back; an empty answer to Finalize only says that nothing was buffered.
            self.interim = "" if is_final else text or self.interim
        if text:
            if is_final:
                self._finals.append(text)
            self.at_s = now_s
            self.closed = is_final and ends_turn
        return self.text != known

    def forget(self) -> None:
        """The turn is over."""
        self._finals.clear()
        self.interim = ""
        self.closed = False

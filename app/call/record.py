"""What is kept of a call: the words of both sides and the ticket made of them."""

from bisect import insort
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from app.dialogue.case import Case
from app.dialogue.prompts import Names
from app.store.tickets import Ticket


@dataclass(slots=True)
class CallRecord:
    """One call's transcript and ticket; the times in it are seconds since the call began.

    A caller who comes back from a technician that did not answer is a second leg of the same call, with a recording of
    its own: `resume`.
    """

    call_uuid: UUID
    asterisk: str | None
    case: Case
    names: Names
    caller_number: str | None = None
    recording: str | None = None
    began_s: float = 0.0
    """When this leg began, on the clock of `add`."""
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    transcript: list[dict[str, Any]] = field(default_factory=list)
    earlier_s: float = 0.0
    """From the start of the ticket's first leg to the start of this one; 0 for most calls."""
    earlier_duration_s: float = 0.0
    """What the first leg lasted."""

    def resume(self, earlier: Ticket) -> None:
        """This call is the second leg of a call whose ticket is known: the same ticket goes on."""
        self.earlier_duration_s = earlier.duration_seconds or 0.0
        # The clock may have been set back since; this leg began after that one had ended all the same.
        self.earlier_s = max((self.started_at - earlier.started_at).total_seconds(), self.earlier_duration_s)
        self.started_at = earlier.started_at
        self.transcript = list(earlier.transcript)
        self.caller_number = self.caller_number or earlier.caller_number
        self.recording = " ".join(filter(None, (earlier.recording, self.recording)))

    def add(self, speaker: str, text: str, at_s: float, *, interrupted: bool = False) -> dict[str, Any]:
        """Adds what one side said, and when: the bot's words as they were heard. Returns the entry, for `annotate`."""
        entry = self._entry(speaker, text, at_s)
        if interrupted:
            entry["interrupted"] = True
        # A sentence of the bot is noted when it was heard, after a "d'accord" that was said over it.
        insort(self.transcript, entry, key=lambda each: each["at_s"])
        return entry

    def latest(self, speaker: str) -> dict[str, Any] | None:
        """The latest entry of one side."""
        return next((entry for entry in reversed(self.transcript) if entry["speaker"] == speaker), None)

    def annotate(self, entry: dict[str, Any] | None, **values: Any) -> dict[str, Any] | None:
        """Adds what became known of an entry, such as how long its answer took. Returns the entry as it is now.

        A new one takes its place: tickets that are being written in another thread hold the old one.
        """
        for index in range(len(self.transcript) - 1, -1, -1):
            if self.transcript[index] is entry:
                self.transcript[index] = fresh = {**self.transcript[index], **values}
                return fresh
        return None

    def now(self, speaker: str, text: str, at_s: float) -> dict[str, Any]:
        """What one side is saying just now, as an entry that is not in the transcript yet."""
        return self._entry(speaker, text, at_s) | {"now": True}

    def _entry(self, speaker: str, text: str, at_s: float) -> dict[str, Any]:
        since_start_s = self.earlier_s + max(at_s - self.began_s, 0.0)
        return {"speaker": speaker, "text": text, "at_s": round(since_start_s, 2)}

    def history(self) -> list[tuple[str, str]]:
        """The transcript as the language model gets it."""
        return [(entry["speaker"], entry["text"]) for entry in self.transcript]

    def ticket(self, duration_s: float, ended_at: datetime | None = None, *, cut: bool = False) -> Ticket:
        """The ticket as the call stands.

        Args:
            duration_s: of this leg.
            ended_at: when it ended. Without it this ticket counts if the process dies now, which cuts the caller off.
            cut: neither side ended the call.
        """
        case = self.case
        cut = cut or ended_at is None
        return Ticket(
            call_uuid=self.call_uuid,
            started_at=self.started_at,
            caller_number=self.caller_number or case.fields.phone,
            asterisk=self.asterisk,
            client_id=case.client.client_id if case.client else None,
            ended_at=ended_at,
            duration_seconds=round(self.earlier_duration_s + duration_s, 3),
            problem_type=case.problem_type,
            status=case.status_if(cut=cut),
            sentiment=case.sentiment,
            summary=case.summary(self.names, cut=cut),
            transcript=list(self.transcript),
            recording=self.recording,
        )

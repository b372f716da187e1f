"""What is known of a call's matter: who calls, about what, and how it stands."""

from dataclasses import dataclass, field
from typing import Literal

from app.dialogue.intents import Fields, Intent, Sentiment, Understanding
from app.dialogue.prompts import Names

ProblemType = Literal["internet", "mobile", "modification", "other"]
Status = Literal["open", "resolved", "transferred", "abandoned"]

PROBLEM_OF_INTENT: dict[Intent, ProblemType] = {
    Intent.INTERNET_ISSUE: "internet",
    Intent.MOBILE_ISSUE: "mobile",
    Intent.MODIFICATION_REQUEST: "modification",
}
MAX_PROBLEM_CHARACTERS = 300


@dataclass(frozen=True, slots=True)
class KnownClient:
    """A client found in the database."""

    client_id: int
    first_name: str
    last_name: str
    company: str = ""


@dataclass(frozen=True, slots=True)
class PendingTicket:
    """A ticket of the client that is still open."""

    ticket_id: int
    problem_type: ProblemType


@dataclass(slots=True)
class Case:
    """Filled turn by turn."""

    problem_type: ProblemType = "other"
    problem_said: str = ""
    """The caller's own description."""
    client: KnownClient | None = None
    pending: PendingTicket | None = None
    pending_offered: bool = False
    resumes_pending: bool = False
    fields: Fields = field(default_factory=Fields)
    status: Status = "abandoned"
    """What the ticket says if the call broke off now."""
    sentiment: Sentiment = "neutral"
    returned: bool = False
    """The caller is back from a technician who did not answer."""
    callback_number: str = ""
    """Where a technician will call back then; empty as long as it is not known."""
    earlier_summary: str = ""
    """What the ticket said before the caller came back."""

    def learn(self, understanding: Understanding, text: str, describes_problem: bool) -> None:
        """Takes in what one turn of the caller told."""
        given = understanding.fields.given()
        if given:
            self.fields = self.fields.model_copy(update=given)
        if understanding.sentiment != "neutral":
            self.sentiment = understanding.sentiment
        problem = PROBLEM_OF_INTENT.get(understanding.intent)
        if problem is not None:
            self.problem_type = problem
            if describes_problem or not self.problem_said:
                self.problem_said = text[:MAX_PROBLEM_CHARACTERS]

    @property
    def first_name(self) -> str:
        """How the caller may be addressed; empty if unknown."""
        if self.client is not None:
            return self.client.first_name
        name = self.fields.name or ""
        # A single word is more likely a family name ("madame Lopez"): too familiar to repeat alone.
        return name.split()[0] if " " in name else ""

    @property
    def identified(self) -> bool:
        """Nobody needs to ask who calls any more."""
        return self.client is not None or bool(self.fields.name and self.fields.company)

    @property
    def pending_unasked(self) -> bool:
        """There is a ticket that is still open, and nobody asked yet whether the call is about it."""
        return self.pending is not None and not self.pending_offered

    @property
    def who(self) -> str:
        """Name and company as far as known, for the summary."""
        if self.client is not None:
            name, company = f"{self.client.first_name} {self.client.last_name}", self.client.company
        else:
            name, company = self.fields.name or "", self.fields.company or ""
        name = name or self.fields.email or self.fields.phone or ""
        return f"{name} ({company})" if name and company else name or company

    def facts(self) -> dict[str, str]:
        """What the language model may know."""
        facts = {"client": self.who, "problème": self.problem_said}
        if self.pending is not None:
            facts["ticket en cours"] = f"n° {self.pending.ticket_id} ({self.pending.problem_type})"
        return {name: value for name, value in facts.items() if value}

    @property
    def told(self) -> bool:
        """The caller has said what it is about: somebody can go on from there."""
        return self.problem_type != "other" or self.resumes_pending

    def status_if(self, *, cut: bool) -> Status:
        """The ticket's status; a caller who was `cut` off has not hung up, and is called back."""
        return "open" if cut and self.told and self.status == "abandoned" else self.status

    def summary(self, names: Names, *, cut: bool = False) -> str:
        """The ticket's summary: one line for the technician."""
        if self.returned:
            return unanswered_summary(self.earlier_summary, self.callback_number, names)
        said = f"« {self.problem_said} » " if self.problem_said else ""
        ticket = f" Suite du ticket n° {self.pending.ticket_id}." if self.pending and self.resumes_pending else ""
        return (
            names.summary.format(
                subject=names.subject[self.problem_type],
                who=self.who or names.unknown_caller,
                problem_said=said,
                status_said=names.status[self.status] if self.status_if(cut=cut) == self.status else names.cut,
            )
            + ticket
        )


def unanswered_summary(earlier: str, number: str | None, names: Names) -> str:
    """The summary of a caller who was transferred, and whom no technician answered.

    Args:
        earlier: what it said.
        number: where a technician will call back, if that is known.
        names: what things are called.
    """
    before = earlier.replace(names.status["transferred"], "")
    return " ".join(f"{before} {names.callback.format(number=number or names.unknown_number)}".split())

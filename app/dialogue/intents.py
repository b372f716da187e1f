"""What a caller's turn means: intent, fields, sentiment."""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Intent(StrEnum):
    """What the caller wants with this turn. Labelling rules: `docs/intents.md`."""

    YES = "YES"
    NO = "NO"
    IDENTITY_PROVIDED = "IDENTITY_PROVIDED"
    EMAIL_PROVIDED = "EMAIL_PROVIDED"
    INTERNET_ISSUE = "INTERNET_ISSUE"
    MOBILE_ISSUE = "MOBILE_ISSUE"
    MODIFICATION_REQUEST = "MODIFICATION_REQUEST"
    HUMAN_REQUEST = "HUMAN_REQUEST"
    REPEAT_REQUEST = "REPEAT_REQUEST"
    HOLD_REQUEST = "HOLD_REQUEST"
    GOODBYE = "GOODBYE"
    UNCLEAR = "UNCLEAR"


Sentiment = Literal["positive", "neutral", "negative"]


class Fields(BaseModel):
    """What the caller gave of themselves, normalised; None where not given."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    email: str | None = None
    """Lower case, "jean.dupont@wanadoo.fr"."""
    phone: str | None = None
    """E.164, "+33612345678"."""
    name: str | None = None
    """As written: "Pierre Dupont"."""
    company: str | None = None
    """As written: "TechCorp"."""
    ticket: str | None = None
    """Digits only, "4512"."""

    def given(self) -> dict[str, str]:
        """The fields that were given, as a plain mapping."""
        return self.model_dump(exclude_none=True)


class Understanding(BaseModel):
    """One turn, understood."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    intent: Intent
    confidence: float = Field(ge=0.0, le=1.0)
    fields: Fields = Fields()
    sentiment: Sentiment = "neutral"
    source: str = "rules"
    """Who understood it: "rules", or the model's name."""

"""The three Protocols behind which every provider stands, cloud or local.

Sound is s16le mono, 8 kHz unless a call's wire brings the recogniser 16: a provider that works in another format
converts at its own border. Every method raises only `ProviderError`; every wait inside a provider has a deadline of its
own.
"""

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from app.dialogue.intents import Understanding
from app.dialogue.states import Endpointing, State
from app.errors import ProviderError


@dataclass(frozen=True, slots=True)
class Transcript:
    """A piece of what the caller said, as the recogniser understands it so far.

    Attributes:
        text: words of the span up to `end_s`; may be empty.
        is_final: this span will not change any more; False for an interim.
        ends_turn: the provider itself says that the caller's turn has ended (speech_final, Flux EndOfTurn).
        may_end_turn: the provider itself says that the turn may well end with these words (Flux EagerEndOfTurn).
        answers_finalize: this is the answer to our `finalize()`.
        confidence: 0 to 1.
        start_s: start of the first word, or of the span, in seconds of audio sent (media time, not wall time).
        end_s: end of the span.
    """

    text: str
    is_final: bool
    ends_turn: bool = False
    may_end_turn: bool = False
    answers_finalize: bool = False
    confidence: float = 1.0
    start_s: float = 0.0
    end_s: float = 0.0


class SpeechSession(Protocol):
    """The ears of one call."""

    def send(self, pcm: bytes) -> None:
        """Hands over caller audio, s16le mono in the session's rate, any even length; never blocks, bounded inside."""

    def finalize(self) -> None:
        """Asks for the final words of all that was sent so far."""

    def expect(self, endpointing: Endpointing) -> None:
        """What the bot has asked for: a recogniser that ends turns itself is to be as patient as that needs."""

    async def close(self) -> None:
        """Ends the stream; bounded in time, never raises."""


class SpeechToText(Protocol):
    """A speech recogniser."""

    name: str
    ends_turns: bool
    """It decides itself when the caller's turn has ended (Flux), so we don't."""

    async def open(
        self,
        on_transcript: Callable[[Transcript], None],
        on_failure: Callable[[ProviderError], None],
        rate_hz: int = 8000,
    ) -> SpeechSession:
        """Connects the ears of one call.

        Args:
            on_transcript: called on the loop for every piece; must not block.
            on_failure: called at most once, when an open session has died.
            rate_hz: of the sound that it will be sent, 8000 or 16000.

        Raises:
            ProviderError: it can't be opened.
        """

    async def close(self) -> None:
        """Releases what all sessions share."""


@dataclass(frozen=True, slots=True)
class Turn:
    """What a language model is asked about one turn of the caller.

    Attributes:
        state: where the call is.
        utterance: the caller's words.
        history: ("caller" | "bot", words) in order, the bot's as they were heard.
        facts: what is known, by name: "client", "company", "problem", "pending_ticket", …
    """

    state: State
    utterance: str
    history: Sequence[tuple[str, str]] = ()
    facts: dict[str, str] = field(default_factory=dict)


class LanguageModel(Protocol):
    """Understands a turn and drafts the reply."""

    name: str

    def respond(self, turn: Turn) -> AsyncGenerator[Understanding | str, None]:
        """Yields exactly one `Understanding` first, then pieces of the reply's text as they are written.

        The caller may stop iterating (and `aclose()`) after the understanding: the request is then cut.

        Raises:
            ProviderError: at any step of the iteration.
        """

    async def close(self) -> None:
        """Releases connections."""


class TextToSpeech(Protocol):
    """A voice."""

    name: str
    voice_key: str
    """Names model and voice; equal keys sound alike, so cached audio may be shared."""

    def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """Yields s16le mono 8 kHz, even byte counts, each piece as soon as it exists.

        The caller may stop iterating (and `aclose()`): the request is then cut.

        Raises:
            ProviderError: at any step of the iteration.
        """

    async def close(self) -> None:
        """Releases connections."""

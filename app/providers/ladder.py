"""Who is asked, how long, and who is next: cloud first, the local provider when the cloud is late, down or mad.

understanding: Groq (its own list of models) → rules
voice:         ElevenLabs → espeak-ng
ears:          Deepgram, tried twice; nobody else can hear, so the call ends politely
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator, Callable
from dataclasses import dataclass

import structlog

from app.dialogue import fields
from app.dialogue.intents import Fields, Understanding
from app.errors import ProviderError, ProviderTimeoutError
from app.ops import metrics
from app.providers.base import LanguageModel, SpeechSession, SpeechToText, TextToSpeech, Transcript, Turn
from app.providers.breaker import Breaker
from app.providers.quota import Quota
from app.providers.rules import understand

log = structlog.get_logger(__name__)

UNDERSTANDING_TIMEOUT_S = 1.4
"""Time for the intent; the caller must hear a sentence within 2 s of falling silent."""
FIRST_SOUND_TIMEOUT_S = 0.8
"""Time for the first sound of a sentence, for the same reason."""
PLACE_TIMEOUT_S = 0.3
"""The part of it that a sentence may wait for a place at the voice's provider; the rest is enough to be spoken."""
MAX_BEHIND_S = 0.5
"""How far a voice may fall behind its own speech: then it stutters, and the local voice takes the sentence."""
BYTES_PER_S = 16_000
EARS_ATTEMPTS = 2
RETRY_S = 0.2


@dataclass(slots=True)
class Answer:
    """A turn understood.

    Attributes:
        understanding: what it means.
        reply: the model's own words, still being written; None from the rules. To be closed when not wanted.
        begun: what was read of the reply already.
        provider: whose reply it is.
        broke_off: the reply ended before the model had said all of it.
        request: what `reply` reads from.
    """

    understanding: Understanding
    reply: AsyncGenerator[str, None] | None = None
    begun: str = ""
    provider: str = ""
    broke_off: bool = False
    request: AsyncGenerator[Understanding | str, None] | None = None

    def break_off(self, error: BaseException) -> None:
        """The rest of the reply failed, or comes too late."""
        self.broke_off = True
        _failed(self.provider, "phrases", error)

    async def drop_reply(self) -> None:
        """Cuts the request of a reply that nobody wants."""
        reply, self.reply = self.reply, None
        request, self.request = self.request, None
        if reply is not None:
            await reply.aclose()
        if request is not None:
            await _close(request)  # a reply that nobody began to read does not close it by itself


class UnderstandingLadder:
    """Understands every turn, whatever fails.

    Args:
        model: the cloud's model, or None where no key was given.
    """

    def __init__(self, model: LanguageModel | None) -> None:
        self._model = model
        self._breaker = Breaker()

    async def understand(self, turn: Turn) -> Answer:
        """Asks the model for at most 1.4 s, then the rules; never raises `ProviderError`."""
        local = understand(turn.state, turn.utterance)
        now_s = asyncio.get_running_loop().time()
        if self._model is None or not self._breaker.allows(now_s):
            return Answer(local)
        parts = self._model.respond(turn)
        try:
            async with asyncio.timeout(UNDERSTANDING_TIMEOUT_S):
                understanding = await anext(parts)
        except (ProviderError, TimeoutError, StopAsyncIteration) as error:
            await _close(parts)
            self._breaker.failed(asyncio.get_running_loop().time())
            _tell(self._model.name, self._breaker)
            _failed(self._model.name, "rules", error)
            return Answer(local)
        except asyncio.CancelledError:
            await _close(parts)
            raise
        self._breaker.succeeded()
        _tell(self._model.name, self._breaker)
        if not isinstance(understanding, Understanding):
            await _close(parts)
            return Answer(local)
        merged = understanding.model_copy(update={"fields": _best_fields(turn, local.fields, understanding.fields)})
        if "sentiment" not in understanding.model_fields_set:
            merged = merged.model_copy(update={"sentiment": local.sentiment})
        answer = Answer(merged, provider=self._model.name, request=parts)
        answer.reply = _words(parts, answer)
        return answer


class VoiceLadder:
    """Speaks every sentence, whatever fails.

    Args:
        voice: the voice of the settings; `spare` itself where no key was given.
        spare: the local voice.
        places: sentences that the voice's provider speaks at a time; None where there is no bound.
    """

    def __init__(self, voice: TextToSpeech, spare: TextToSpeech, places: Quota | None = None) -> None:
        self.voice = voice
        self._spare = spare
        self._places = places
        self._breaker = Breaker()

    async def speak(self, text: str) -> AsyncGenerator[tuple[bytes, bool], None]:
        """Yields (s16le mono 8 kHz, whether the voice of the settings spoke it).

        Raises:
            ProviderError: even the local voice failed.
        """
        loop = asyncio.get_running_loop()
        if self.voice is not self._spare and self._breaker.allows(loop.time()):
            asked_s = loop.time()
            # Sent without a place it would only be refused, after a round trip that the caller waits for.
            if self._places is None or await self._places.take(PLACE_TIMEOUT_S):
                try:
                    patience_s = FIRST_SOUND_TIMEOUT_S - (loop.time() - asked_s)
                    async with contextlib.aclosing(_prompt(self.voice, text, patience_s)) as pieces:
                        async for piece in pieces:
                            yield piece, True
                            del piece  # the wait for the next is long, and there are many calls
                    self._breaker.succeeded()
                    _tell(self.voice.name, self._breaker)
                    return
                except ProviderError as error:
                    # Cut in the middle, the sentence is said again from its start: better twice than half.
                    self._breaker.failed(loop.time())
                    _tell(self.voice.name, self._breaker)
                    _failed(self.voice.name, self._spare.name, error)
                finally:
                    if self._places is not None:
                        self._places.give_back()
            else:
                metrics.FALLBACKS.labels(self.voice.name, self._spare.name).inc()
                log.info("no free place at the provider", provider=self.voice.name, to=self._spare.name)
        async with contextlib.aclosing(self.speak_locally(text)) as spare:
            async for piece in spare:
                yield piece, False

    async def speak_locally(self, text: str) -> AsyncGenerator[bytes, None]:
        """Yields s16le mono 8 kHz of the local voice, which needs no network and a few milliseconds.

        Raises:
            ProviderError: even it failed.
        """
        async with contextlib.aclosing(self._spare.speak(text)) as pieces:
            async for piece in pieces:
                yield piece


async def open_ears(
    ears: SpeechToText,
    on_transcript: Callable[[Transcript], None],
    on_failure: Callable[[ProviderError], None],
    rate_hz: int = 8000,
) -> SpeechSession:
    """Opens the ears of a call, with a second try where one may help; see `SpeechToText.open`.

    Raises:
        ProviderError: nobody hears this caller.
    """
    for attempt in range(EARS_ATTEMPTS):
        try:
            return await ears.open(on_transcript, on_failure, rate_hz)
        except ProviderError as error:
            metrics.ERRORS.labels(error.provider, error.kind).inc()
            log.warning("provider failed", provider=error.provider, kind=error.kind, detail=error.detail)
            if attempt + 1 == EARS_ATTEMPTS or not error.retryable:
                raise
            await asyncio.sleep(RETRY_S)
    raise AssertionError("unreachable")


async def _prompt(voice: TextToSpeech, text: str, patience_s: float) -> AsyncGenerator[bytes, None]:
    """The voice's pieces, the first of which must come soon, and the others faster than they are spoken."""
    loop = asyncio.get_running_loop()
    spoke = False
    async with contextlib.aclosing(voice.speak(text)) as pieces:
        while True:
            asked_s = loop.time()
            try:
                async with asyncio.timeout(patience_s):
                    piece = await anext(pieces, None)
            except TimeoutError:
                what = "speaks slower than real time" if spoke else "the first sound is late"
                raise ProviderTimeoutError(voice.name, what) from None
            if piece is None:
                return
            # Time that the consumer takes is not the voice's.
            patience_s = (patience_s - (loop.time() - asked_s) if spoke else MAX_BEHIND_S) + len(piece) / BYTES_PER_S
            spoke = True
            yield piece
            del piece


async def _words(parts: AsyncGenerator[Understanding | str, None], answer: Answer) -> AsyncGenerator[str, None]:
    """The reply's pieces; one that breaks off just ends, and the answer says so."""
    try:
        async for part in parts:
            if isinstance(part, str):
                yield part
    except ProviderError as error:
        answer.break_off(error)
    finally:
        await _close(parts)


async def _close(parts: AsyncGenerator[Understanding | str, None]) -> None:
    with contextlib.suppress(ProviderError):
        await parts.aclose()


def _best_fields(turn: Turn, local: Fields, model: Fields) -> Fields:
    """Spoken e-mails and digits are put together by rule; names are the model's, as it knows spelling."""
    best = {name: value for name, value in model.given().items() if value.strip()}
    said = fields.extract(turn.utterance, turn.state).given()
    for name in ("email", "phone", "ticket"):
        best.pop(name, None)
        if name in said:
            best[name] = said[name]
    return Fields(**{**local.given(), **best})


def _tell(provider: str, breaker: Breaker) -> None:
    metrics.BREAKER_OPEN.labels(provider).set(breaker.is_open)


def _failed(provider: str, to: str, error: BaseException) -> None:
    kind = error.kind if isinstance(error, ProviderError) else "timeout"
    metrics.ERRORS.labels(provider, kind).inc()
    metrics.FALLBACKS.labels(provider, to).inc()
    log.warning("provider failed", provider=provider, kind=kind, to=to, detail=str(error) or type(error).__name__)

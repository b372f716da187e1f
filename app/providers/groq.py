"""Groq as the understanding: one streamed request a turn, intent first, reply after it, through the official SDK.

The model writes one JSON object whose last key is the reply; it is read while it is being written.
`response_format` is not used: Groq refuses it together with streaming (`docs/providers.md`).
"""

import asyncio
import contextlib
from collections.abc import AsyncGenerator
from typing import Any

import groq
import httpx
import structlog
from pydantic import ValidationError
from pydantic_core import from_json

from app.config import Settings
from app.dialogue.intents import Intent, Understanding
from app.dialogue.prompts import Prompts
from app.dialogue.states import STATES
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderQuotaError,
    ProviderTimeoutError,
)
from app.providers.base import Turn

log = structlog.get_logger(__name__)

NAME = "groq"
CONNECT_TIMEOUT_S = 1.0
STALL_TIMEOUT_S = 1.5
"""Longest silence between two pieces of an answer."""
ANSWER_TIMEOUT_S = 8.0
MAX_ANSWER_TOKENS = 400
MAX_ANSWER_CHARACTERS = 4000
MAX_CHARACTERS_BEFORE_JSON = 200
HISTORY_TURNS = 12
KEEP_ALIVE_S = 300.0
"""Connections stay warm between turns; httpx drops them after 5 s by default."""

_YES_OR_NO = frozenset({Intent.YES.value, Intent.NO.value})


class GroqLanguageModel:
    """Understands turns with the model of the settings, or the next one of the list where Groq no longer has it."""

    name = NAME

    def __init__(self, settings: Settings, prompts: Prompts) -> None:
        self._prompts = prompts
        self._models = [settings.groq_model, *settings.groq_fallback_models]
        self._client = groq.AsyncGroq(
            api_key=settings.groq_api_key.get_secret_value() or "none",
            base_url=settings.groq_url,
            max_retries=0,  # a turn has no time for a retry that waits; the ladder goes on instead
            timeout=httpx.Timeout(settings.api_timeout, connect=CONNECT_TIMEOUT_S, read=STALL_TIMEOUT_S),
            http_client=groq.DefaultAsyncHttpxClient(
                limits=httpx.Limits(
                    max_connections=settings.max_concurrent_calls * 2 + 10,
                    max_keepalive_connections=settings.max_concurrent_calls + 10,
                    keepalive_expiry=KEEP_ALIVE_S,
                )
            ),
        )

    async def warm(self) -> None:
        """Opens a connection ahead of the first turn; failure is found out by the first turn."""
        with contextlib.suppress(groq.GroqError, httpx.HTTPError):
            await self._client.models.list(timeout=2.0)

    async def respond(self, turn: Turn) -> AsyncGenerator[Understanding | str, None]:
        """See `LanguageModel.respond`."""
        # The deadline is put on each wait: one around a `yield` would strike the consumer.
        deadline_s = asyncio.get_running_loop().time() + ANSWER_TIMEOUT_S
        try:
            async with asyncio.timeout_at(deadline_s):
                stream = await self._open(turn)
            async with stream:
                asks_yes_no = STATES[turn.state].endpointing == "yes_no"
                reader = AnswerReader(self._models[0], intent_suffices=_YES_OR_NO if asks_yes_no else frozenset())
                while (chunk := await _next(stream, deadline_s)) is not None:
                    content = chunk.choices[0].delta.content if chunk.choices else None
                    for part in reader.feed(content or ""):
                        yield part
                for part in reader.end():
                    yield part
        except Exception as error:
            raise _translate(error) from error

    async def _open(self, turn: Turn) -> Any:
        while True:
            model = self._models[0]
            extra: dict[str, Any] = {"reasoning_effort": "low"} if model.startswith("openai/gpt-oss") else {}
            try:
                return await self._client.chat.completions.create(
                    model=model,
                    messages=self._messages(turn),
                    stream=True,
                    temperature=0.2,
                    max_completion_tokens=MAX_ANSWER_TOKENS,
                    **extra,
                )
            except groq.NotFoundError:
                if self._models[-1] == model:
                    raise
                if self._models[0] == model:  # another call may have found it out at the same time
                    self._models.pop(0)  # retired: the next one from now on
                    log.warning("model retired, the next one is asked", provider=NAME, model=model, to=self._models[0])

    def _messages(self, turn: Turn) -> Any:
        model = self._prompts.model
        facts = "; ".join(f"{name} : {value}" for name, value in turn.facts.items()) or "rien encore"
        system = model.system.format(
            state=turn.state.value,
            situation=model.states.get(turn.state, ""),
            facts=facts,
            intents=model.intents.strip(),
        )
        roles = {"caller": "user", "bot": "assistant"}
        history = [{"role": roles[speaker], "content": words} for speaker, words in list(turn.history)[-HISTORY_TURNS:]]
        return [{"role": "system", "content": system}, *history, {"role": "user", "content": turn.utterance}]

    async def close(self) -> None:
        """Closes the connections."""
        await self._client.close()


class AnswerReader:
    """Reads the model's JSON while it is being written. Pure.

    Args:
        source: who is named as the understanding's source.
        intent_suffices: with these intents nothing behind them is waited for, some 25 tokens; the rules find the rest.
    """

    def __init__(self, source: str, intent_suffices: frozenset[str] = frozenset()) -> None:
        self._source = source
        self._intent_suffices = intent_suffices
        self._text = ""
        self._understood = False
        self._reply = ""

    def feed(self, text: str) -> list[Understanding | str]:
        """Takes the next piece of the answer and returns what is new in it.

        Raises:
            ProviderProtocolError: this is no such object.
        """
        if not text:
            return []
        self._text += text
        if len(self._text) > MAX_ANSWER_CHARACTERS:
            raise ProviderProtocolError(NAME, "the answer does not end")
        start = self._text.find("{")
        if start < 0:
            if len(self._text) > MAX_CHARACTERS_BEFORE_JSON:
                raise ProviderProtocolError(NAME, "the answer is no JSON object")
            return []
        try:
            answer = from_json(self._text[start:].rstrip("` \n"), allow_partial="trailing-strings")
        except ValueError as error:
            raise ProviderProtocolError(NAME, f"the answer is broken JSON: {error}") from error
        if "reply" in answer:
            return self._news(answer)
        if not self._understood and "sentiment" in answer and answer.get("intent") in self._intent_suffices:
            return self._news({"intent": answer["intent"], "confidence": answer.get("confidence")})
        return []

    def end(self) -> list[Understanding | str]:
        """The answer is over.

        Raises:
            ProviderProtocolError: it never said what the turn means, or broke off in mid-sentence.
        """
        if self._understood:
            try:
                from_json(self._text[self._text.find("{") :].rstrip("` \n"))
            except ValueError:
                raise ProviderProtocolError(NAME, "the answer broke off") from None
            return []
        try:
            answer = from_json(self._text[max(self._text.find("{"), 0) :].rstrip("` \n"))
        except ValueError:
            raise ProviderProtocolError(NAME, "the answer ended before it said anything") from None
        return self._news(answer)

    def _news(self, answer: Any) -> list[Understanding | str]:
        news: list[Understanding | str] = []
        if not self._understood:
            try:
                news.append(Understanding.model_validate({**answer, "source": self._source}))
            except (ValidationError, TypeError) as error:
                raise ProviderProtocolError(NAME, f"the answer makes no sense: {error}") from error
            self._understood = True
        reply = answer.get("reply")
        if isinstance(reply, str) and reply.startswith(self._reply) and len(reply) > len(self._reply):
            news.append(reply[len(self._reply) :])
            self._reply = reply
        return news


async def _next(stream: Any, deadline_s: float) -> Any | None:
    """The next chunk, None at the end."""
    try:
        async with asyncio.timeout_at(deadline_s):
            return await anext(stream)
    except StopAsyncIteration:
        return None


def _translate(error: BaseException) -> ProviderError:
    """Any exception of SDK or socket as one of ours; mid-stream cuts are raw httpx errors, not Groq's."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error, groq.APITimeoutError | httpx.TimeoutException | TimeoutError):
        return ProviderTimeoutError(NAME, "no answer in time")
    if isinstance(error, groq.AuthenticationError | groq.PermissionDeniedError):
        return ProviderAuthError(NAME, f"HTTP {error.status_code}")
    if isinstance(error, groq.APIStatusError):
        if error.status_code in (429, 498):
            return ProviderQuotaError(NAME, f"HTTP {error.status_code}")
        if error.status_code >= 500:
            return ProviderNetworkError(NAME, f"HTTP {error.status_code}")
        return ProviderProtocolError(NAME, f"HTTP {error.status_code}")
    if isinstance(error, groq.APIConnectionError | httpx.TransportError | OSError):
        return ProviderNetworkError(NAME, str(error) or type(error).__name__)
    return ProviderProtocolError(NAME, f"{type(error).__name__}: {error}")

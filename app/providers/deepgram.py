"""Deepgram as the ears: Nova over `/v1/listen`, Flux over `/v2/listen`, through the official SDK.

The SDK's own connection has no deadlines (20 s handshake, 60 s to notice a mute server), so its documented seam
`transport_factory` puts a connection of ours underneath; see `docs/providers.md` for what was measured.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from functools import cache
from typing import Any

import structlog
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.listen.v1.types import ListenV1Error, ListenV1Finalize, ListenV1Results
from deepgram.listen.v2.types import (
    ListenV2Configure,
    ListenV2ConfigureFailure,
    ListenV2ConfigureThresholds,
    ListenV2FatalError,
    ListenV2TurnInfo,
)
from picows import WSError, WSHandshakeError

from app.config import Settings
from app.dialogue.states import Endpointing
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderQuotaError,
    ProviderTimeoutError,
)
from app.providers.base import Transcript
from app.providers.websocket import Deadlines, WebSocket
from ext.g711 import ulaw_encode

log = structlog.get_logger(__name__)

NAME = "deepgram"
DEADLINES = Deadlines(open_s=2.0, ping_s=3.0, close_s=1.0, unsent_bytes=240_000)
"""Two attempts to open take little longer than the welcome; a mute server is found out within 6 s (the SDK's own
defaults: 40 s); 15 s of audio (8 kHz) that Deepgram did not take: the connection is as good as dead."""
KEEP_ALIVE_S = 4.0
"""Deepgram closes after 10 s without a frame and advises KeepAlive every 3 to 5 s (docs, "Audio Keep Alive")."""
LONGEST_PIECE_BYTES = 4000
"""Sound that waited for the connection goes out in pieces of 250 ms, at 16 kHz of 125: a send buffer keeps the size of
its largest."""
ENDPOINTING_MS = 300
"""Silence after which Nova closes a span by itself; the end of the turn is decided by `app.dialogue.turns`."""
FLUX_YES_NO = ListenV2ConfigureThresholds(eager_eot_threshold=0.4, eot_threshold=0.6, eot_timeout_ms=1500)
FLUX_OPEN = ListenV2ConfigureThresholds(eager_eot_threshold=0.5, eot_threshold=0.7, eot_timeout_ms=3000)
FLUX_FIELD = ListenV2ConfigureThresholds(eager_eot_threshold=0.6, eot_threshold=0.8, eot_timeout_ms=4000)
"""How sure Flux must be that a turn has ended, to tell us that it may have, and that it has; and the silence that ends
it at any rate. Its default is 0.7 and 5 s, its range 0.3 to 0.9 and 0.5 to 1.0 (docs, "Flux: end of turn")."""

FINALIZE = json.dumps(ListenV1Finalize(type="Finalize").dict())
"""What the SDK's `send_finalize` writes, made once: asked for in many pauses, it would cost 0.16 ms each time."""

_opened: ContextVar[WebSocket] = ContextVar("deepgram_websocket")


@cache
def _tls() -> ssl.SSLContext:
    """One for all calls: reading the authorities' certificates blocks the loop for a whole frame."""
    return ssl.create_default_context()


def _websocket(url: str, headers: dict[str, str]) -> WebSocket:
    """The SDK's seam `transport_factory`: what it opens is ours, and so are the deadlines."""
    websocket = WebSocket(url, headers, _tls() if url.startswith("wss:") else None, DEADLINES)
    _opened.set(websocket)
    return websocket


class DeepgramSpeechToText:
    """The recogniser; one WebSocket a call."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.ends_turns = settings.deepgram_model.startswith("flux-")
        http = settings.deepgram_url.replace("ws", "http", 1)
        if settings.deepgram_url.startswith("wss:"):
            _tls()
        self._client = AsyncDeepgramClient(
            api_key=settings.deepgram_api_key.get_secret_value() or "none",
            environment=DeepgramClientEnvironment(
                base=http, production=settings.deepgram_url, agent=settings.deepgram_url, agent_rest=http
            ),
            transport_factory=_websocket,
            timeout=settings.api_timeout,
        )

    async def open(
        self,
        on_transcript: Callable[[Transcript], None],
        on_failure: Callable[[ProviderError], None],
        rate_hz: int = 8000,
    ) -> "DeepgramSession":
        """Connects the ears of one call; see `SpeechToText.open`."""
        session = DeepgramSession(self._connect(rate_hz), self._settings, self.ends_turns, on_transcript, on_failure)
        await session.start()
        return session

    def _connect(self, rate_hz: int) -> Any:
        settings = self._settings
        if self.ends_turns:
            return self._client.listen.v2.connect(
                model=settings.deepgram_model,
                encoding=settings.deepgram_encoding,
                sample_rate=rate_hz,
                language_hint=[settings.deepgram_language.split("-")[0]],
                eager_eot_threshold=FLUX_OPEN.eager_eot_threshold,
                eot_threshold=FLUX_OPEN.eot_threshold,
                eot_timeout_ms=FLUX_OPEN.eot_timeout_ms,
            )
        return self._client.listen.v1.connect(
            model=settings.deepgram_model,
            language=settings.deepgram_language,
            encoding=settings.deepgram_encoding,
            sample_rate=rate_hz,
            channels=1,
            interim_results=True,
            endpointing=ENDPOINTING_MS,
            smart_format=True,
            # Without no_delay numbers are held back for up to 3 s (docs, "Smart Format").
            request_options={"additional_query_parameters": {"no_delay": True}},
        )

    async def close(self) -> None:
        """Nothing is shared between calls."""


class DeepgramSession:
    """The ears of one call. Sound goes from the call into the SDK's transport in one go, without a task.

    Args:
        context: the SDK's connection, not yet entered.
        flux: a Flux model listens.
    """

    def __init__(
        self,
        context: AbstractAsyncContextManager[Any],
        settings: Settings,
        flux: bool,
        on_transcript: Callable[[Transcript], None],
        on_failure: Callable[[ProviderError], None],
    ) -> None:
        self._context = context
        self._mulaw = settings.deepgram_encoding == "mulaw"
        self._flux = flux
        self._on_transcript = on_transcript
        self._on_failure = on_failure
        self._loop = asyncio.get_running_loop()
        self._thresholds = FLUX_OPEN
        self._final_until_s = 0.0
        self._sent_s = self._loop.time()
        self._closing = False
        self._keep_alive: asyncio.TimerHandle | None = None
        self._reader: asyncio.Task[None] | None = None
        self._socket: Any = None
        self._websocket: WebSocket
        """What is under the SDK's socket."""

    async def start(self) -> None:
        """Opens the WebSocket.

        Raises:
            ProviderError: refused, unreachable or mute.
        """
        try:
            async with asyncio.timeout(DEADLINES.open_s + 0.5):
                self._socket = await self._context.__aenter__()
                self._websocket = _opened.get()
                await self._websocket.open()
        except BaseException as error:
            with contextlib.suppress(Exception):
                await self._context.__aexit__(None, None, None)
            if isinstance(error, Exception):
                raise _translate(error) from error
            raise
        self._reader = asyncio.create_task(self._read(), name="deepgram-read")
        self._watch_quiet()

    def send(self, pcm: bytes) -> None:
        """See `SpeechSession.send`.

        Straight into the transport that the SDK was given: its `send_media` does just this, three coroutines later.
        """
        while pcm and not self._closing:  # never an empty message: it would close the stream
            piece, pcm = pcm[:LONGEST_PIECE_BYTES], pcm[LONGEST_PIECE_BYTES:]
            self._sent_s = self._loop.time()
            self._send_now(ulaw_encode(piece) if self._mulaw else piece)

    def _send_now(self, message: str | bytes) -> None:
        try:
            self._websocket.send_now(message)
        except Exception as error:
            self._fail(_translate(error))

    def finalize(self) -> None:
        """See `SpeechSession.finalize`."""
        if self._closing:
            return
        if self._flux:
            self._run(self._socket.send_force_end_turn())
        else:
            self._send_now(FINALIZE)

    def expect(self, endpointing: Endpointing) -> None:
        """See `SpeechSession.expect`. Nova's endpointing is fixed at connect, and only closes spans."""
        thresholds = {"yes_no": FLUX_YES_NO, "open": FLUX_OPEN}.get(endpointing, FLUX_FIELD)
        if self._flux and not self._closing and thresholds is not self._thresholds:
            self._thresholds = thresholds
            self._run(self._socket.send_configure(ListenV2Configure(thresholds=thresholds)))

    async def close(self) -> None:
        """Ends the stream within two seconds; never raises."""
        self._closing = True
        if self._keep_alive is not None:
            self._keep_alive.cancel()
        if self._reader is not None:
            self._reader.cancel()
            await asyncio.gather(self._reader, return_exceptions=True)
        with contextlib.suppress(Exception):
            await self._socket.send_close_stream()
        with contextlib.suppress(Exception):  # apart: a dead stream takes no CloseStream and must be closed too
            await self._context.__aexit__(None, None, None)

    def _run(self, sending: Coroutine[Any, Any, None]) -> None:
        """Runs one of the SDK's `send_…` to its end at once: our socket never makes it wait."""
        try:
            sending.send(None)
        except StopIteration:
            return
        except Exception as error:
            self._fail(_translate(error))
            return
        sending.close()
        raise AssertionError("the SDK waits where it only has to write")

    def _watch_quiet(self) -> None:
        """Where no sound flows, Nova wants a KeepAlive."""
        if self._closing:
            return
        now_s = self._loop.time()
        if now_s - self._sent_s >= KEEP_ALIVE_S:
            self._sent_s = now_s
            if not self._flux:
                self._run(self._socket.send_keep_alive())
        self._keep_alive = self._loop.call_at(self._sent_s + KEEP_ALIVE_S, self._watch_quiet)

    async def _read(self) -> None:
        try:
            async for message in self._socket:
                self._take(message)
            self._fail(ProviderNetworkError(NAME, "closed the stream"))
        except Exception as error:
            self._fail(_translate(error))

    def _take(self, message: object) -> None:
        if isinstance(message, ListenV1Results):
            best = message.channel.alternatives[0] if message.channel and message.channel.alternatives else None
            span_s = message.start or 0.0
            end_s = span_s + (message.duration or 0.0)
            # A span begins where the one before ended, its words perhaps much later.
            start_s = best.words[0].start if best and best.words and best.words[0].start is not None else span_s
            text = best.transcript if best and best.transcript else ""
            if message.is_final and text:
                text = text if end_s > self._final_until_s else ""  # said twice by Deepgram, not by the caller
                self._final_until_s = max(self._final_until_s, end_s)
            self._on_transcript(
                Transcript(
                    text=text,
                    is_final=bool(message.is_final),
                    ends_turn=bool(message.speech_final),
                    answers_finalize=bool(message.from_finalize),
                    confidence=best.confidence if best and best.confidence is not None else 0.0,
                    start_s=start_s,
                    end_s=end_s,
                )
            )
        elif isinstance(message, ListenV2TurnInfo):
            ended = message.event == "EndOfTurn"
            self._on_transcript(
                Transcript(
                    text=message.transcript or "",
                    is_final=ended,
                    ends_turn=ended,
                    may_end_turn=message.event == "EagerEndOfTurn",
                    confidence=message.end_of_turn_confidence or 0.0,
                    start_s=message.audio_window_start or 0.0,
                    end_s=message.audio_window_end or 0.0,
                )
            )
        elif isinstance(message, ListenV2ConfigureFailure):
            log.warning("recogniser refused its thresholds", code=message.code, detail=message.description)
        elif isinstance(message, ListenV1Error | ListenV2FatalError):
            self._fail(ProviderProtocolError(NAME, f"error message: {message.description}"))

    def _fail(self, error: ProviderError) -> None:
        if not self._closing:
            self._closing = True
            self._on_failure(error)


def _translate(error: BaseException) -> ProviderError:
    """Any exception of SDK or socket as one of ours."""
    if isinstance(error, ProviderError):
        return error
    status = None
    reason = ""
    torn = False
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, WSHandshakeError) and cause.response is not None:
            status = int(cause.response.status)
            reason = cause.response.headers.get("dg-error", "")
        torn = torn or isinstance(cause, EOFError | ConnectionError)
        cause = cause.__context__
    if status is None and isinstance(error, ApiError):
        status = error.status_code
    if status in (401, 403):
        return ProviderAuthError(NAME, f"HTTP {status} {reason}".strip())
    if status in (402, 429):
        return ProviderQuotaError(NAME, f"HTTP {status} {reason}".strip())
    if status is not None and status >= 500:
        return ProviderNetworkError(NAME, f"HTTP {status} {reason}".strip())
    if status is not None:
        return ProviderProtocolError(NAME, f"HTTP {status} {reason}".strip())
    if isinstance(error, TimeoutError):
        return ProviderTimeoutError(NAME, "no answer in time")
    if torn or (isinstance(error, OSError | WSError) and not isinstance(error, WSHandshakeError)):
        return ProviderNetworkError(NAME, str(error) or type(error).__name__)
    return ProviderProtocolError(NAME, f"{type(error).__name__}: {error}")

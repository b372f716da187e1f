"""Deepgram as the ears: Nova over `/v1/listen`, Flux over `/v2/listen`, through the official SDK.

The SDK's own connection has no deadlines (20 s handshake, 60 s to notice a mute server), so its documented seam
`transport_factory` puts a connection of ours underneath; see `docs/providers.md` for what was measured.
"""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from contextvars import ContextVar
from functools import cache
from typing import Any

from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.listen.v1.types import ListenV1Error, ListenV1Results
from deepgram.listen.v2.types import ListenV2FatalError, ListenV2TurnInfo
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import InvalidHandshake, InvalidStatus, WebSocketException

from app.config import Settings
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderQuotaError,
    ProviderTimeoutError,
)
from app.providers.base import Transcript
from ext.g711 import ulaw_encode

NAME = "deepgram"
OPEN_TIMEOUT_S = 2.0
"""TCP, TLS and upgrade together; two attempts take little longer than the welcome."""
PING_S = 3.0
"""Between pings, and for each answer: a mute server is found out within 6 s (the SDK's own defaults: 40 s)."""
CLOSE_TIMEOUT_S = 1.0
KEEP_ALIVE_S = 4.0
"""Deepgram closes after 10 s without a frame and advises KeepAlive every 3 to 5 s (docs, "Audio Keep Alive")."""
ENDPOINTING_MS = 300
"""Silence after which Nova closes a span by itself; the end of the turn is decided by `app.dialogue.turns`."""
PIECE_BYTES = 640
"""Audio goes out in pieces of 40 ms (8 kHz, 16 bit)."""
MAX_BACKLOG_BYTES = 240_000
"""15 s of audio that Deepgram did not take: the connection is as good as dead."""

_opened: ContextVar["_Transport"] = ContextVar("deepgram_transport")


@cache
def _tls() -> ssl.SSLContext:
    """One for all calls: reading the authorities' certificates blocks the loop for a whole frame."""
    return ssl.create_default_context()


class _Transport:
    """The WebSocket under the SDK's client, with our deadlines."""

    def __init__(self, url: str, headers: dict[str, str]) -> None:
        self._url = url
        self._headers = headers
        self._connection: ClientConnection | None = None
        _opened.set(self)

    async def open(self) -> None:
        self._connection = await connect(
            self._url,
            additional_headers=self._headers,
            ssl=_tls() if self._url.startswith("wss:") else None,
            open_timeout=OPEN_TIMEOUT_S,
            ping_interval=PING_S,
            ping_timeout=PING_S,
            close_timeout=CLOSE_TIMEOUT_S,
            compression=None,  # speech does not shrink, and deflating it costs more than the rest of the call
            max_queue=256,
        )

    @property
    def connection(self) -> ClientConnection:
        if self._connection is None:
            raise ProviderNetworkError(NAME, "the connection was never opened")
        return self._connection

    async def send(self, data: Any) -> None:
        await self.connection.send(data)

    async def recv(self) -> Any:
        return await self.connection.recv()

    def __aiter__(self) -> AsyncIterator[Any]:
        return aiter(self.connection)

    async def close(self) -> None:
        if self._connection is None:
            return
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._connection.close()
        finally:
            self._connection.transport.abort()  # a mute server closes nothing; without effect on what is closed


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
            transport_factory=_Transport,
            timeout=settings.api_timeout,
        )

    async def open(
        self, on_transcript: Callable[[Transcript], None], on_failure: Callable[[ProviderError], None]
    ) -> "DeepgramSession":
        """Connects the ears of one call; see `SpeechToText.open`."""
        session = DeepgramSession(self._connect(), self._settings, self.ends_turns, on_transcript, on_failure)
        await session.start()
        return session

    def _connect(self) -> Any:
        settings = self._settings
        if self.ends_turns:
            return self._client.listen.v2.connect(
                model=settings.deepgram_model,
                encoding=settings.deepgram_encoding,
                sample_rate=8000,
                language_hint=[settings.deepgram_language.split("-")[0]],
            )
        return self._client.listen.v1.connect(
            model=settings.deepgram_model,
            language=settings.deepgram_language,
            encoding=settings.deepgram_encoding,
            sample_rate=8000,
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
    """The ears of one call: a sender task, a reader task, one bounded buffer between call and sender."""

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
        self._buffer = bytearray()
        self._finalize = False
        self._final_until_s = 0.0
        self._closing = False
        self._wake = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._socket: Any = None

    async def start(self) -> None:
        """Opens the WebSocket.

        Raises:
            ProviderError: refused, unreachable or mute.
        """
        try:
            async with asyncio.timeout(OPEN_TIMEOUT_S + 0.5):
                self._socket = await self._context.__aenter__()
                await _opened.get().open()
        except BaseException as error:
            with contextlib.suppress(Exception):
                await self._context.__aexit__(None, None, None)
            if isinstance(error, Exception):
                raise _translate(error) from error
            raise
        self._tasks = [
            asyncio.create_task(self._send_loop(), name="deepgram-send"),
            asyncio.create_task(self._read_loop(), name="deepgram-read"),
        ]

    def send(self, pcm: bytes) -> None:
        """See `SpeechSession.send`."""
        if self._closing or not pcm:
            return
        self._buffer += pcm
        if len(self._buffer) > MAX_BACKLOG_BYTES:
            self._fail(ProviderNetworkError(NAME, "takes no audio any more"))
        elif len(self._buffer) >= PIECE_BYTES:
            self._wake.set()

    def finalize(self) -> None:
        """See `SpeechSession.finalize`."""
        self._finalize = True
        self._wake.set()

    async def close(self) -> None:
        """Ends the stream within two seconds; never raises."""
        self._closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        with contextlib.suppress(Exception):
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._socket.send_close_stream()
        with contextlib.suppress(Exception):  # apart: a dead stream takes no CloseStream and must be closed too
            await self._context.__aexit__(None, None, None)

    async def _send_loop(self) -> None:
        try:
            while True:
                try:
                    async with asyncio.timeout(KEEP_ALIVE_S):
                        await self._wake.wait()
                except TimeoutError:
                    if not self._flux:
                        await self._socket.send_keep_alive()
                    continue
                self._wake.clear()
                if self._buffer:  # an empty message would close the stream
                    piece = bytes(self._buffer)
                    self._buffer.clear()
                    await self._socket.send_media(ulaw_encode(piece) if self._mulaw else piece)
                if self._finalize:
                    self._finalize = False
                    await (self._socket.send_force_end_turn() if self._flux else self._socket.send_finalize())
        except Exception as error:
            self._fail(_translate(error))

    async def _read_loop(self) -> None:
        try:
            async for message in self._socket:
                self._take(message)
            self._fail(ProviderNetworkError(NAME, "closed the stream"))
        except Exception as error:
            self._fail(_translate(error))

    def _take(self, message: object) -> None:
        if isinstance(message, ListenV1Results):
            best = message.channel.alternatives[0] if message.channel and message.channel.alternatives else None
            start_s = message.start or 0.0
            end_s = start_s + (message.duration or 0.0)
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
                    confidence=message.end_of_turn_confidence or 0.0,
                    start_s=message.audio_window_start or 0.0,
                    end_s=message.audio_window_end or 0.0,
                )
            )
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
        if isinstance(cause, InvalidStatus):
            status = cause.response.status_code
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
    if torn or (isinstance(error, OSError | WebSocketException) and not isinstance(error, InvalidHandshake)):
        return ProviderNetworkError(NAME, str(error) or type(error).__name__)
    return ProviderProtocolError(NAME, f"{type(error).__name__}: {error}")

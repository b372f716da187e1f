"""ElevenLabs as the voice: one HTTP stream a sentence, through the official SDK."""

import asyncio
import contextlib
import re
from collections.abc import AsyncGenerator
from typing import Any

import aiohttp
import httpx
from elevenlabs import VoiceSettings
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError

from app.config import Settings
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderQuotaError,
    ProviderTimeoutError,
)
from app.providers.sound_stream import SoundTransport
from ext.g711 import alaw_decode, ulaw_decode
from ext.resample import Resampler

NAME = "elevenlabs"
STALL_TIMEOUT_S = 2.0
"""To connect, for the first sound, and between two pieces (the ladder is stricter)."""
VOICES_TIMEOUT_S = 2.0
KEEP_ALIVE_S = 300.0
"""Connections stay warm between sentences; httpx drops them after 5 s by default."""
BYTES_PER_S = 16_000
VOICE_ID = re.compile(r"^[A-Za-z0-9]{20}$")
"""A voice id, as opposed to a voice's name (ElevenLabs docs, "Voices")."""
MAX_CHARACTERS_PER_S = 40.0
"""Nobody speaks so fast (French runs at 14 to 16): shorter sound is no speech of this text."""
MANNER = VoiceSettings(stability=0.5, similarity_boost=0.75, speed=1.0)
AS_IT_COMES: Any = {"chunk_size": None, "timeout_in_seconds": STALL_TIMEOUT_S}
"""Request options. Without a time-out among them the SDK has httpx wait for ever, whatever its client was made with. It
would also hold sound back until a piece of 1024 bytes is full, and cut what comes at once into many: each piece of
20 ms then goes through eleven generators and two timers."""


class ElevenLabsTextToSpeech:
    """The voice of the settings, named or by id."""

    name = NAME

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._voice_id: str | None = settings.elevenlabs_voice if VOICE_ID.match(settings.elevenlabs_voice) else None
        self.voice_key = f"{NAME}-{settings.elevenlabs_model}-{settings.elevenlabs_voice}"
        codec, rate = settings.elevenlabs_format.split("_")
        self._rate_hz = int(rate)
        self._decode = {"pcm": _as_it_is, "ulaw": ulaw_decode, "alaw": alaw_decode}[codec]
        self._sample_bytes = 2 if codec == "pcm" else 1
        # The SDK's seam `httpx_client`, and httpx's own `transport`.
        self._http = httpx.AsyncClient(
            transport=SoundTransport(
                limits=httpx.Limits(
                    max_connections=settings.max_concurrent_calls * 2 + 10,
                    max_keepalive_connections=settings.max_concurrent_calls + 10,
                    keepalive_expiry=KEEP_ALIVE_S,
                )
            ),
            timeout=settings.api_timeout,
        )
        self._client = AsyncElevenLabs(
            api_key=settings.elevenlabs_api_key.get_secret_value() or "none",
            base_url=settings.elevenlabs_url,
            httpx_client=self._http,
        )

    async def warm(self) -> None:
        """Finds the voice's id and opens a connection ahead of the first sentence; failure shows there."""
        with contextlib.suppress(ProviderError):
            await self._voice()

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """See `TextToSpeech.speak`."""
        resampler = Resampler(self._rate_hz, 8000) if self._rate_hz != 8000 else None
        spoken_bytes = 0
        half = b""  # of a sample that was cut in two
        try:
            async with contextlib.aclosing(self._stream(await self._voice(), text)) as pieces:
                async for piece in pieces:
                    whole = half + piece
                    piece.clear()
                    end = len(whole) - len(whole) % self._sample_bytes
                    half, pcm = whole[end:], self._decode(whole[:end])
                    sound = resampler.process(pcm) if resampler else pcm
                    if sound:
                        spoken_bytes += len(sound)
                        yield sound
                    del piece, whole, pcm, sound  # the wait for the next is long, and there are many calls
            if resampler and (tail := resampler.flush()):
                spoken_bytes += len(tail)
                yield tail
        except Exception as error:
            raise _translate(error) from error
        if spoken_bytes / BYTES_PER_S < len(text) / MAX_CHARACTERS_PER_S:
            raise ProviderProtocolError(NAME, f"{spoken_bytes} bytes of sound are no speech of {len(text)} characters")

    def _stream(self, voice_id: str, text: str) -> Any:
        settings = self._settings
        return self._client.text_to_speech.stream(
            voice_id,
            text=text,
            model_id=settings.elevenlabs_model,
            output_format=settings.elevenlabs_format,
            language_code="fr",
            voice_settings=MANNER,
            request_options=AS_IT_COMES,
        )

    async def _voice(self) -> str:
        """The voice's id; a name is looked up once."""
        if self._voice_id is None:
            wanted = self._settings.elevenlabs_voice.casefold()
            try:
                async with asyncio.timeout(VOICES_TIMEOUT_S):
                    # Its requests that do not stream are tried three times by default, with seconds between.
                    answer = await self._client.voices.get_all(request_options={"max_retries": 0})
            except Exception as error:
                raise _translate(error) from error
            for voice in answer.voices:
                if (voice.name or "").split(" - ")[0].strip().casefold() == wanted:
                    self._voice_id = voice.voice_id
                    break
            else:
                raise ProviderProtocolError(NAME, f"no voice named {self._settings.elevenlabs_voice!r} in this account")
        return self._voice_id

    async def close(self) -> None:
        """Closes the connections."""
        await self._http.aclose()


def _as_it_is(piece: bytes) -> bytes:
    return piece


def _translate(error: BaseException) -> ProviderError:
    """Any exception of SDK or socket as one of ours."""
    if isinstance(error, ProviderError):
        return error
    if isinstance(error.__cause__, aiohttp.ClientConnectionError) and not isinstance(error.__cause__, TimeoutError):
        # httpx-aiohttp calls a refused or a broken connection a time-out, too.
        return ProviderNetworkError(NAME, str(error) or type(error.__cause__).__name__)
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return ProviderTimeoutError(NAME, "no sound in time")
    if isinstance(error, ApiError):
        # A used-up quota answers 401 like a wrong key does: only the body tells (API reference, "Errors").
        detail = str(error.body)
        if error.status_code == 429 or "quota" in detail:
            return ProviderQuotaError(NAME, f"HTTP {error.status_code}")
        if error.status_code in (401, 403):
            return ProviderAuthError(NAME, f"HTTP {error.status_code}")
        if error.status_code is not None and error.status_code >= 500:
            return ProviderNetworkError(NAME, f"HTTP {error.status_code}")
        return ProviderProtocolError(NAME, f"HTTP {error.status_code}")
    if isinstance(error, httpx.TransportError | OSError):
        return ProviderNetworkError(NAME, str(error) or type(error).__name__)
    return ProviderProtocolError(NAME, f"{type(error).__name__}: {error}")

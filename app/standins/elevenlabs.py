"""The stand-in of ElevenLabs: text to speech over an HTTP stream, spoken by espeak-ng."""

import asyncio
import json
import random
import uuid
from collections import OrderedDict
from concurrent.futures import Executor
from typing import Any

import numpy as np
from aiohttp import web

from app.standins import laws
from app.standins.control import add_control
from app.standins.ears import reset_connection
from app.standins.knobs import ElevenLabsKnobs, Stats
from app.standins.phrase_bank import speak
from app.standins.tape import Tape

HANG_S = 3600.0
RATE_WPM = 125
"""About 15 characters of French a second, as ElevenLabs speaks; espeak's own 165 would be 20."""
CACHED_SOUNDS = 512
LONGEST_TEXT = 40_000
SLOW_SPEED = 0.5
"""The fault `slow`: half as fast as real time."""
FORMATS: dict[str, int] = {
    "pcm_8000": 8000,
    "pcm_16000": 16000,
    "pcm_22050": 22050,
    "pcm_24000": 24000,
    "pcm_44100": 44100,
    "ulaw_8000": 8000,
    "alaw_8000": 8000,
}
"""Sample rate in Hz of each format that is spoken here."""
MODELS = ("eleven_flash_v2_5", "eleven_turbo_v2_5", "eleven_multilingual_v2", "eleven_v3")
VOICES = {"antoine": "standinAntoine000001", "camille": "standinCamille000002"}
"""Ids of this stand-in's own, by lower-case name."""


class VoiceError(Exception):
    """An error reply: status and `detail`."""

    def __init__(self, status: int, code: str, message: str, kind: str = "invalid_request") -> None:
        self.status = status
        self.detail: Any = {
            "type": kind,
            "code": code,
            "message": message,
            "status": code,
            "request_id": uuid.uuid4().hex,
        }
        super().__init__(message)


class UnprocessableError(VoiceError):
    """A 422, whose detail is a list."""

    def __init__(self, place: list[str], message: str) -> None:
        super().__init__(422, "unprocessable", message)
        self.detail = [{"loc": place, "msg": message, "type": "value_error"}]


INJECTED = {
    "http_401": (401, "invalid_api_key", "Invalid API key", "authentication_error"),
    "http_401_quota": (
        401,
        "quota_exceeded",
        "This request exceeds your quota of 10000.",
        "authentication_error",
    ),
    "http_403": (403, "subscription_required", "Your plan does not include this.", "authorization_error"),
    "http_404": (404, "not_found", "Not found.", "not_found"),
    "http_429": (429, "concurrent_limit_exceeded", "Too many concurrent requests.", "rate_limit_error"),
    "http_429_rate": (429, "rate_limit_exceeded", "Rate limit exceeded; slow down.", "rate_limit_error"),
    "http_500": (500, "internal_error", "Internal server error.", "internal_error"),
}
LEGACY_STATUS = {"concurrent_limit_exceeded": "too_many_concurrent_requests"}


def _injected(fault: str) -> VoiceError:
    error = VoiceError(*INJECTED[fault])
    error.detail["status"] = LEGACY_STATUS.get(error.detail["code"], error.detail["code"])
    return error


class ElevenLabsStandIn:
    """Serves voices and speech.

    Args:
        executor: where espeak runs, off the event loop.
        dice: decides which requests a fault hits, and the size of bursts.
    """

    def __init__(self, knobs: ElevenLabsKnobs, executor: Executor, dice: random.Random) -> None:
        self.knobs = knobs
        self.stats = Stats()
        self._executor = executor
        self._dice = dice
        self._sounds: OrderedDict[tuple[object, ...], bytes] = OrderedDict()
        self._tape = Tape()

    def app(self) -> web.Application:
        """The aiohttp application."""
        app = web.Application()
        app.router.add_post("/v1/text-to-speech/{voice_id}/stream", self._speak)
        app.router.add_post("/v1/text-to-speech/{voice_id}", self._speak)
        app.router.add_get("/v1/voices", self._voices)
        app.router.add_get("/v2/voices", self._voices)
        app.router.add_get("/v1/models", self._models)
        add_control(app.router, self.knobs, self.stats)
        self._tape.add_to(app.router)
        return app

    def _headers(self) -> dict[str, str]:
        return {
            "request-id": uuid.uuid4().hex,
            "current-concurrent-requests": str(self.stats.active),
            "maximum-concurrent-requests": str(self.knobs.max_active),
        }

    def _refuse(self, error: VoiceError) -> web.Response:
        self.stats.count(f"refused_{error.status}")
        return web.json_response({"detail": error.detail}, status=error.status, headers=self._headers())

    def _check_key(self, request: web.Request) -> None:
        key = request.headers.get("xi-api-key", "")
        if not key or (self.knobs.api_key and key != self.knobs.api_key):
            raise _injected("http_401")

    async def _voices(self, request: web.Request) -> web.Response:
        try:
            self._check_key(request)
        except VoiceError as error:
            return self._refuse(error)
        search = request.query.get("search", "").lower()
        voices = [
            {
                "voice_id": voice_id,
                "name": name.capitalize(),
                "category": "premade",
                "labels": {"language": "fr"},
            }
            for name, voice_id in VOICES.items()
            if search in name
        ]
        body: dict[str, Any] = {"voices": voices}
        if request.path == "/v2/voices":
            body |= {"has_more": False, "total_count": len(voices), "next_page_token": None}
        return web.json_response(body, headers=self._headers())

    async def _models(self, request: web.Request) -> web.Response:
        try:
            self._check_key(request)
        except VoiceError as error:
            return self._refuse(error)
        models = [{"model_id": model, "name": model, "can_do_text_to_speech": True} for model in MODELS]
        return web.json_response(models, headers=self._headers())

    async def _speak(self, request: web.Request) -> web.StreamResponse:
        self.stats.count("requests")
        fault = self.knobs.draw_fault(self._dice)
        with self.stats:
            try:
                if fault == "hang":
                    await asyncio.sleep(HANG_S)
                if fault == "http_502":
                    self.stats.count("refused_502")
                    page = "<html><body><h1>502 Bad Gateway</h1></body></html>"
                    return web.Response(status=502, text=page, content_type="text/html")
                coded, byte_rate = await self._sound(request, fault)
                return await self._stream(request, coded, byte_rate, fault)
            except VoiceError as error:
                return self._refuse(error)
            except (ConnectionError, asyncio.CancelledError):
                self.stats.count("cancelled")
                raise

    async def _sound(self, request: web.Request, fault: str) -> tuple[bytes, float]:
        """The whole answer, and its bytes a second of speech."""
        if fault in INJECTED:
            raise _injected(fault)
        if fault == "http_422":
            raise UnprocessableError(["body", "text"], "Field required")
        self._check_key(request)
        if self.stats.active > self.knobs.max_active:
            raise _injected("http_429")
        text, speed, audio_format = await _validated(request)
        self.stats.count("characters", len(text))
        key = (text, self.knobs.espeak_voice, speed, audio_format, self.knobs.gain_db)
        coded = self._sounds.get(key)
        if coded is None:
            work = asyncio.get_running_loop().run_in_executor(self._executor, _coded, *key)
            coded = self._sounds[key] = await work
            if len(self._sounds) > CACHED_SOUNDS:
                self._sounds.popitem(last=False)
        if self.knobs.tape_bytes:
            self._tape.reel(text, audio_format).sound += coded[: self.knobs.tape_bytes]
        rate_hz = FORMATS[audio_format]
        return coded, float(rate_hz * 2 if audio_format.startswith("pcm") else rate_hz)

    async def _stream(self, request: web.Request, coded: bytes, byte_rate: float, fault: str) -> web.StreamResponse:
        response = web.StreamResponse(headers=self._headers())
        response.content_type = "application/octet-stream"
        await asyncio.sleep(self.knobs.first_byte_ms / 1000)
        if fault == "garbage":
            coded = b"<html>not a sound</html>"
        if fault == "odd":
            coded = coded[: len(coded) // 2 | 1]
        await response.prepare(request)
        if fault == "empty":
            return response
        speed = SLOW_SPEED if fault == "slow" else max(0.1, self.knobs.speed)
        strike = min(len(coded) // 2 | 1, int(self.knobs.fault_after_ms / 1000 * byte_rate) | 1)
        sent = 0
        while sent < len(coded):
            burst = coded[sent : sent + 2 * round(byte_rate / 2 * self._dice.uniform(0.05, 0.4))]
            if fault in ("stall", "cut", "reset") and sent + len(burst) >= strike:
                await response.write(burst[: strike - sent])
                await self._break(request, fault)
            await response.write(burst)
            sent += len(burst)
            self.stats.add("audio_s", len(burst) / byte_rate)
            if sent < len(coded):
                await asyncio.sleep(len(burst) / byte_rate / speed * self._dice.uniform(0.4, 1.6))
        self.stats.count("completed")
        return response

    async def _break(self, request: web.Request, fault: str) -> None:
        if fault == "stall":
            await asyncio.sleep(HANG_S)
        elif fault == "reset":
            reset_connection(request)
        elif request.transport is not None:
            await asyncio.sleep(0.02)  # let the odd byte leave
            request.transport.close()
        raise ConnectionResetError(f"fault {fault}")


async def _validated(request: web.Request) -> tuple[str, float, str]:
    """Text, speed and format of a request.

    Raises:
        VoiceError: 400 or 422.
    """
    if request.match_info["voice_id"] not in VOICES.values():
        voice_id = request.match_info["voice_id"]
        raise VoiceError(400, "voice_not_found", f"A voice with the id {voice_id} was not found.")
    audio_format = request.query.get("output_format", "mp3_44100_128")
    if audio_format not in FORMATS:
        raise VoiceError(400, "invalid_output_format", f"{audio_format} is not spoken here: {', '.join(FORMATS)}")
    try:
        body = json.loads(await request.text())
        text = body["text"]
    except (ValueError, TypeError, KeyError):
        raise UnprocessableError(["body", "text"], "Field required") from None
    if not isinstance(text, str) or not text.strip():
        raise UnprocessableError(["body", "text"], "String should have at least 1 character")
    if len(text) > LONGEST_TEXT:
        raise VoiceError(400, "max_character_limit_exceeded", f"At most {LONGEST_TEXT} characters.")
    if body.get("model_id", "eleven_multilingual_v2") not in MODELS:
        raise VoiceError(400, "model_not_found", f"A model with id {body['model_id']} does not exist.")
    speed = float((body.get("voice_settings") or {}).get("speed") or 1.0)
    if not 0.7 <= speed <= 1.2:
        raise VoiceError(400, "invalid_voice_settings", f"speed must be between 0.7 and 1.2, not {speed:g}.")
    return text, speed, audio_format


def _coded(text: str, espeak_voice: str, speed: float, audio_format: str, gain_db: float = 0.0) -> bytes:
    sound = speak(text, espeak_voice, round(RATE_WPM * speed), FORMATS[audio_format]) * 10 ** (gain_db / 20)
    pcm: bytes = (np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
    if audio_format == "ulaw_8000":
        return laws.encode("mulaw", pcm)
    return laws.encode("alaw", pcm) if audio_format == "alaw_8000" else pcm

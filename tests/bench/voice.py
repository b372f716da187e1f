"""A voice that never stops: ElevenLabs' HTTP stream, as long as somebody listens.

Sound leaves as the real one's does, in bursts ahead of real time: half a second at once, a second ahead at most. Long
texts are spoken without end, once that is switched on; before that they are refused, so that the server's cache
of phrases gives up on them. Short texts get sound of their length.
"""

import asyncio
import json
from dataclasses import dataclass
from typing import cast
from urllib.parse import parse_qs, urlsplit

from app.caller.load_sound import speech_like

RATE_HZ = 24_000
FORMAT = "pcm_24000"
BURST_S = 0.5
LEAD_S = 1.0
RING_S = 4
"""The sound repeats after so long."""
ENDLESS_FROM_CHARACTERS = 500
CHARACTERS_PER_S = 15.0
VOICE_ID = "benchVoice0000000001"
STREAM_HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: chunked\r\n"
    b"request-id: bench\r\n\r\n"
)


@dataclass(slots=True)
class VoiceState:
    """Shared by all connections.

    Attributes:
        voice_name: the one that the server asks for.
        endless: long texts are spoken; else they are refused.
        requests, refused: of texts.
        streams: endless ones, now.
        sound_bytes: of the endless streams, 24 kHz s16le.
    """

    voice_name: str = "Antoine"
    endless: bool = False
    requests: int = 0
    refused: int = 0
    streams: int = 0
    sound_bytes: int = 0


def ring() -> list[bytes]:
    """Half seconds of speech, 24 kHz s16le mono, in HTTP's chunk framing; to be sent round and round."""
    pcm = speech_like(RATE_HZ, RING_S, 120.0, softest=0.25)
    size = int(RATE_HZ * BURST_S) * 2
    return [chunk(pcm[at : at + size]) for at in range(0, len(pcm), size)]


def chunk(body: bytes) -> bytes:
    """RFC 9112, section 7.1."""
    return b"%x\r\n%b\r\n" % (len(body), body)


class Voice(asyncio.Protocol):
    """One HTTP/1.1 connection, kept open between requests."""

    def __init__(self, state: VoiceState, sound: list[bytes]) -> None:
        self._state = state
        self._sound = sound
        self._transport: asyncio.Transport | None = None
        self._rest = b""
        self._timer: asyncio.TimerHandle | None = None
        self._next_s = 0.0
        self._burst = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keeps the transport."""
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        """Nobody listens any more."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
            self._state.streams -= 1

    def data_received(self, data: bytes) -> None:
        """Takes requests, one after the other."""
        self._rest += data
        while True:
            head, end, rest = self._rest.partition(b"\r\n\r\n")
            if not end:
                return
            request, *lines = head.decode("latin-1").split("\r\n")
            headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
            size = int(headers.get("content-length", 0))
            if len(rest) < size:
                return
            self._rest = rest[size:]
            method, target, _ = request.split(" ", 2)
            self._answer(method, target, rest[:size])

    def _answer(self, method: str, target: str, body: bytes) -> None:
        parts = urlsplit(target)
        if method == "GET" and parts.path in ("/v1/voices", "/v2/voices"):
            voice = {"voice_id": VOICE_ID, "name": self._state.voice_name, "category": "premade"}
            self._json(200, {"voices": [voice], "has_more": False, "total_count": 1})
        elif method == "POST" and parts.path == f"/v1/text-to-speech/{VOICE_ID}/stream":
            self._speak(json.loads(body)["text"], parse_qs(parts.query).get("output_format", [""])[0])
        elif parts.path == "/control":
            if method == "POST":
                self._state.endless = bool(json.loads(body)["endless"])
            names = ("endless", "requests", "refused", "streams", "sound_bytes")
            self._json(200, {name: getattr(self._state, name) for name in names})
        else:
            self._json(404, {"detail": {"status": "not_found", "message": f"{method} {parts.path}"}})

    def _speak(self, text: str, audio_format: str) -> None:
        state = self._state
        state.requests += 1
        endless = len(text) >= ENDLESS_FROM_CHARACTERS
        if audio_format != FORMAT:
            self._json(400, {"detail": {"status": "invalid_output_format", "message": f"only {FORMAT} here"}})
        elif endless and not state.endless:
            state.refused += 1
            self._json(503, {"detail": {"status": "not_yet", "message": "the bench has not begun"}})
        elif endless:
            state.streams += 1
            self._write(STREAM_HEAD)
            self._next_s = asyncio.get_running_loop().time() - LEAD_S
            self._burst = state.streams  # streams do not breathe together
            self._go_on()
        else:
            bursts = int(len(text) / CHARACTERS_PER_S / BURST_S) + 1
            spoken = b"".join(self._sound[number % len(self._sound)] for number in range(bursts))
            self._write(STREAM_HEAD + spoken + b"0\r\n\r\n")

    def _go_on(self) -> None:
        """Sends until a second ahead of real time, then sleeps for half a second."""
        loop = asyncio.get_running_loop()
        now_s = loop.time()
        while self._next_s <= now_s:
            burst = self._sound[self._burst % len(self._sound)]
            self._burst += 1
            self._next_s += BURST_S
            self._state.sound_bytes += int(RATE_HZ * BURST_S) * 2
            self._write(burst)
        self._timer = loop.call_at(self._next_s, self._go_on)

    def _json(self, status: int, value: object) -> None:
        body = json.dumps(value).encode()
        head = f"HTTP/1.1 {status} Bench\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        self._write(head.encode() + body)

    def _write(self, data: bytes) -> None:
        cast(asyncio.Transport, self._transport).write(data)

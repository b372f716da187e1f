"""The ElevenLabs stand-in, spoken to by the official SDK over real sockets."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import numpy as np
import pytest
from elevenlabs import VoiceSettings
from elevenlabs.client import AsyncElevenLabs
from elevenlabs.core.api_error import ApiError
from elevenlabs.errors import UnprocessableEntityError

from app.standins import laws
from app.standins.elevenlabs import VOICES
from app.standins.knobs import AllKnobs, ElevenLabsKnobs
from app.standins.phrase_bank import PhraseBank
from app.standins.server import StandIns

TEXT = "Essayez de débrancher votre box pendant trente secondes."
ANTOINE = VOICES["antoine"]
BRISK = VoiceSettings(speed=1.2)
"""Near the speed at which the recogniser's phrases are spoken."""


@pytest.fixture(scope="module")
def bank() -> PhraseBank:
    return PhraseBank([TEXT, "Merci pour votre appel."], ["fr", "fr+m3"])


@pytest.fixture
async def standins(bank: PhraseBank) -> AsyncIterator[StandIns]:
    knobs = AllKnobs(elevenlabs=ElevenLabsKnobs(api_key="good", first_byte_ms=5, speed=200.0))
    async with StandIns(bank=bank, knobs=knobs) as running:
        yield running


@contextlib.asynccontextmanager
async def sdk_of(standins: StandIns, key: str = "good") -> AsyncIterator[AsyncElevenLabs]:
    async with httpx.AsyncClient(timeout=2.0) as http:
        yield AsyncElevenLabs(api_key=key, base_url=standins.elevenlabs_url, httpx_client=http)


async def speech(standins: StandIns, key: str = "good", voice: str = ANTOINE, **changes: Any) -> bytes:
    options = {"text": TEXT, "model_id": "eleven_flash_v2_5", "output_format": "pcm_8000", **changes}
    async with sdk_of(standins, key) as sdk:
        # Without an option of its own the SDK gives each request 240 s, whatever the HTTP client says.
        pieces = sdk.text_to_speech.stream(voice, request_options={"timeout_in_seconds": 1}, **options)
        return b"".join([piece async for piece in pieces])


async def test_it_says_the_text(standins: StandIns, bank: PhraseBank) -> None:
    pcm = await speech(standins)
    assert len(pcm) % 2 == 0
    assert len(TEXT) / 17 < len(pcm) / 16000 < len(TEXT) / 13
    assert bank.recognise(await speech(standins, voice_settings=BRISK)).text == TEXT


@pytest.mark.parametrize("rate_hz", [16000, 22050, 24000, 44100])
async def test_other_rates_last_as_long(standins: StandIns, rate_hz: int) -> None:
    reference = len(await speech(standins)) / 16000
    pcm = await speech(standins, output_format=f"pcm_{rate_hz}")
    assert len(pcm) / 2 / rate_hz == pytest.approx(reference, abs=0.15)
    assert np.abs(np.frombuffer(pcm, "<i2")).max() > 3000


async def test_both_laws(standins: StandIns, bank: PhraseBank) -> None:
    mulaw = await speech(standins, output_format="ulaw_8000", voice_settings=BRISK)
    alaw = await speech(standins, output_format="alaw_8000", voice_settings=BRISK)
    assert bank.recognise(laws.decode("mulaw", mulaw)).text == TEXT
    assert bank.recognise(laws.decode("alaw", alaw)).text == TEXT


async def test_speed_changes_the_length(standins: StandIns) -> None:
    slow = await speech(standins, voice_settings=VoiceSettings(speed=0.8))
    assert len(slow) > 1.1 * len(await speech(standins))


async def test_headers_and_voices(standins: StandIns) -> None:
    async with sdk_of(standins) as sdk:
        async with sdk.text_to_speech.with_raw_response.stream(
            ANTOINE, text=TEXT, model_id="eleven_flash_v2_5", output_format="pcm_8000"
        ) as response:
            assert response.headers["current-concurrent-requests"] == "1"
            assert response.headers["maximum-concurrent-requests"] == "100"
            assert response.headers["request-id"]
            assert b"".join([piece async for piece in response.data])
        listed = await sdk.voices.search(search="antoine")
        assert [(voice.name, voice.voice_id) for voice in listed.voices] == [("Antoine", ANTOINE)]
        everyone = await sdk.voices.get_all()
        assert "Antoine" in [voice.name for voice in everyone.voices]


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"voice": "nobody"}, 400, "voice_not_found"),
        ({"output_format": "mp3_44100_128"}, 400, "invalid_output_format"),
        ({"model_id": "eleven_nothing"}, 400, "model_not_found"),
        ({"text": "a" * 40_001}, 400, "max_character_limit_exceeded"),
        ({"voice_settings": VoiceSettings(speed=2.0)}, 400, "invalid_voice_settings"),
        ({"key": "bad"}, 401, "invalid_api_key"),
    ],
)
async def test_refusals(standins: StandIns, changes: dict[str, Any], status: int, code: str) -> None:
    with pytest.raises(ApiError) as caught:
        await speech(standins, **changes)
    assert caught.value.status_code == status
    assert caught.value.body["detail"]["code"] == code


async def test_empty_text(standins: StandIns) -> None:
    with pytest.raises(UnprocessableEntityError) as caught:
        await speech(standins, text="  ")
    assert caught.value.status_code == 422


async def test_the_concurrency_limit(standins: StandIns) -> None:
    standins.knobs.elevenlabs.change({"max_active": 2, "first_byte_ms": 200})
    outcomes = await asyncio.gather(*(speech(standins) for _ in range(4)), return_exceptions=True)
    refused = [one for one in outcomes if isinstance(one, ApiError)]
    assert len(refused) == 2
    assert {one.status_code for one in refused} == {429}
    assert refused[0].body["detail"]["status"] == "too_many_concurrent_requests"
    assert await speech(standins)


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        ("http_401", 401),
        ("http_401_quota", 401),
        ("http_403", 403),
        ("http_404", 404),
        ("http_422", 422),
        ("http_429", 429),
        ("http_429_rate", 429),
        ("http_500", 500),
        ("http_502", 502),
    ],
)
async def test_injected_refusals(standins: StandIns, fault: str, status: int) -> None:
    standins.knobs.elevenlabs.change({"fault": fault, "fault_count": 1})
    with pytest.raises(ApiError) as caught:
        await speech(standins)
    assert caught.value.status_code == status
    assert await speech(standins)  # the fault was used up


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        ("hang", httpx.ReadTimeout),
        ("stall", httpx.ReadTimeout),
        ("cut", httpx.RemoteProtocolError),
        ("reset", httpx.ReadError),
    ],
)
async def test_broken_streams(standins: StandIns, fault: str, kind: type[Exception]) -> None:
    standins.knobs.elevenlabs.change({"fault": fault})
    with pytest.raises(kind):
        await speech(standins)


async def test_odd_streams(standins: StandIns) -> None:
    whole = len(await speech(standins))
    standins.knobs.elevenlabs.change({"fault": "odd"})
    assert len(await speech(standins)) % 2 == 1
    standins.knobs.elevenlabs.change({"fault": "empty"})
    assert await speech(standins) == b""
    standins.knobs.elevenlabs.change({"fault": "garbage"})
    assert len(await speech(standins)) < whole // 10


async def test_an_interrupted_answer_is_counted(standins: StandIns) -> None:
    standins.knobs.elevenlabs.change({"fault": "slow"})
    async with sdk_of(standins) as sdk:
        pieces = sdk.text_to_speech.stream(
            ANTOINE, text=TEXT, output_format="pcm_8000", request_options={"chunk_size": 320}
        )
        async with contextlib.aclosing(pieces):
            async for _ in pieces:
                break
    await standins.elevenlabs.stats.idle(3.0)
    assert standins.elevenlabs.stats["cancelled"] == 1
    assert standins.elevenlabs.stats.active == 0
    assert standins.elevenlabs.stats["completed"] == 0

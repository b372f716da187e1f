"""Cached phrases, streamed sentences and the local voice are equally loud and join without a gap.

ElevenLabs' real stand-in, the real espeak-ng; levels by ITU-T P.56, with a yardstick of the tests' own.
"""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, aclosing
from pathlib import Path

import numpy as np
import pytest

from app.call.mouth import Mouth, Said
from app.call.services import open_voice
from app.config import Settings
from app.dialogue.prompts import load_prompts
from app.media.phrases import PhraseCache
from app.media.playout import SENTENCE_PAUSE_S
from app.providers.base import TextToSpeech
from app.providers.ladder import VoiceLadder
from app.standins.knobs import AllKnobs, ElevenLabsKnobs
from app.standins.phrase_bank import PhraseBank
from app.standins.server import StandIns
from tests.integration.house import on_uvloop
from tests.reference.speech_level import active_level_dbov

APART_DB = 2.0
FIXED = ["welcome", "ask_ticket", "solution_internet", "goodbye", "one_moment", "thanks"]
STREAMED = [
    "Débranchez la prise de votre box, comptez jusqu'à trente, puis rebranchez-la.",
    "Votre ticket n° 4512 est ouvert depuis le 28/11/2026.",
    "Rappelez-nous au 06 12 34 56 78 avant 18h30.",
    "Voulez-vous essayer maintenant ?",
    "Très bien.",
]


def settings_for(standins: StandIns, audio_format: str) -> Settings:
    return Settings(
        _env_file=None,
        elevenlabs_api_key="good",
        elevenlabs_url=standins.elevenlabs_url,
        elevenlabs_format=audio_format,
    )


async def said(voice: TextToSpeech, text: str) -> bytes:
    async with aclosing(voice.speak(text)) as pieces:
        return b"".join([piece async for piece in pieces])


@pytest.mark.parametrize(
    ("gain_db", "audio_format"), [(-9.0, "pcm_8000"), (0.0, "pcm_24000"), (4.0, "ulaw_8000"), (2.0, "pcm_22050")]
)
def test_all_voices_are_within_two_decibels(tmp_path: Path, gain_db: float, audio_format: str) -> None:
    @on_uvloop
    async def attempt() -> None:
        knobs = AllKnobs(elevenlabs=ElevenLabsKnobs(api_key="good", first_byte_ms=5, speed=200.0, gain_db=gain_db))
        fixed = [load_prompts().text(key) for key in FIXED]
        async with StandIns(bank=PhraseBank(["Oui."], ["fr"]), knobs=knobs) as standins, AsyncExitStack() as stack:
            voice, spare = await open_voice(settings_for(standins, audio_format), stack)
            cache = PhraseCache(tmp_path, voice.voice_key, voice.level)
            assert await cache.build(fixed, voice.patient) == 0
            levels = {f"cached {text}": active_level_dbov(cache.get(text) or b"") for text in fixed}
            levels |= {f"streamed {text}": active_level_dbov(await said(voice, text)) for text in STREAMED}
            levels |= {f"local {text}": active_level_dbov(await said(spare, text)) for text in STREAMED}
            # The next start knows the voice from what is on disk.
            again, _ = await open_voice(settings_for(standins, audio_format), stack)
            assert PhraseCache(tmp_path, again.voice_key, again.level).load(fixed) == []
            levels["streamed first"] = active_level_dbov(await said(again, STREAMED[0]))
        assert max(levels.values()) - min(levels.values()) <= APART_DB, levels

    attempt()


@on_uvloop
async def test_sentences_join_with_the_pause_that_is_meant_and_nothing_else(tmp_path: Path) -> None:
    """A cached phrase, two streamed sentences, and one that the local voice says because the cloud has failed."""
    sentences = ["Merci.", "Très bien.", "Voulez-vous essayer maintenant ?", "Au revoir."]
    knobs = AllKnobs(elevenlabs=ElevenLabsKnobs(api_key="good"))
    async with StandIns(bank=PhraseBank(["Oui."], ["fr"]), knobs=knobs) as standins, AsyncExitStack() as stack:
        voice, spare = await open_voice(settings_for(standins, "pcm_24000"), stack)
        cache = PhraseCache(tmp_path, voice.voice_key, voice.level)
        assert await cache.build(sentences[:1], voice.patient) == 0
        done: list[Said] = []
        mouth = Mouth(cache, VoiceLadder(voice, spare), lambda _now_s: None, done.append, lambda: None, lambda _: None)
        mouth.say(failing_after(sentences, standins))
        heard = await all_frames(mouth, done)
        await mouth.close()
    assert done[0].text == " ".join(sentences)
    samples = np.frombuffer(heard, "<i2").astype(int)
    loud = np.flatnonzero(np.abs(samples) > 60)
    gaps_s = np.diff(loud) / 8000
    pauses_s = gaps_s[gaps_s > 0.15]
    assert len(pauses_s) == len(sentences) - 1, pauses_s
    assert all(SENTENCE_PAUSE_S - 0.01 <= pause_s <= SENTENCE_PAUSE_S + 0.06 for pause_s in pauses_s), pauses_s
    # Each sentence meets the silence softly: a sound cut off or begun in its midst steps by thousands at once.
    for place in np.flatnonzero(gaps_s > 0.15):
        for edge in (samples[loud[place] - 8 : loud[place] + 8], samples[loud[place + 1] - 8 : loud[place + 1] + 8]):
            assert np.abs(np.diff(edge)).max() < 1000
    assert mouth.buffer.underruns == 0


async def failing_after(sentences: list[str], standins: StandIns) -> AsyncGenerator[str, None]:
    for text in sentences:
        if text == sentences[-1]:
            standins.elevenlabs.knobs.fault = "http_500"
        yield text


async def all_frames(mouth: Mouth, done: list[Said]) -> bytes:
    """What leaves every 20 ms until the speech was heard to its end."""
    loop = asyncio.get_running_loop()
    next_s = loop.time()
    frames: list[bytes] = []
    while not done:
        assert len(frames) < 1000
        frames.append(mouth.buffer.pull()[3:])
        mouth.follow(loop.time())
        next_s += 0.02
        await asyncio.sleep(next_s - loop.time())
    return b"".join(frames)

"""A voice that is worded and evened, with voices that were written down, and what is remembered of a voice."""

import asyncio
import math
from collections.abc import AsyncGenerator
from pathlib import Path

import numpy as np
import pytest

from app.providers.clear_voice import ClearVoice
from app.providers.voice_level import KNOWN_S, MEMORY_S, TYPICAL_LEVEL_DBOV, VoiceLevel
from ext.leveller import TARGET_DBOV
from tests.jumping_loop import run


def hum(seconds: float, level_dbov: float) -> bytes:
    size = 32768.0 * math.sqrt(2.0) * 10 ** (level_dbov / 20)
    return (size * np.sin(2 * np.pi * 400 * np.arange(round(seconds * 8000)) / 8000)).astype("<i2").tobytes()


def level_of(pcm: bytes) -> float:
    return 20 * math.log10(np.std(np.frombuffer(pcm, "<i2").astype(float)) / 32768)


class Hummer:
    """Hums for a second, in ten pieces."""

    name = "hummer"
    voice_key = "hummer-1"

    def __init__(self, level_dbov: float = -30.0) -> None:
        self.level_dbov = level_dbov
        self.said: list[str] = []
        self.closed = False

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        self.said.append(text)
        pcm = hum(1.0, self.level_dbov)
        for at in range(0, len(pcm), 1600):
            await asyncio.sleep(0.01)
            yield pcm[at : at + 1600]

    async def close(self) -> None:
        self.closed = True


async def pieces_of(voice: ClearVoice, text: str = "Bonjour.") -> list[bytes]:
    return [piece async for piece in voice.speak(text)]


def test_what_is_written_is_said_for_the_ear() -> None:
    hummer = Hummer()
    run(pieces_of(ClearVoice(hummer), "Le 06 12 34 56 78."))
    assert hummer.said == ["Le zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit."]


def test_equal_keys_sound_alike() -> None:
    assert ClearVoice(Hummer()).voice_key != Hummer.voice_key
    assert ClearVoice(Hummer()).voice_key == ClearVoice(Hummer()).patient.voice_key


def test_sound_goes_on_as_it_comes() -> None:
    pieces = run(pieces_of(ClearVoice(Hummer())))
    assert len(pieces) >= 10
    assert len(b"".join(pieces)) == 16000


def test_the_second_sentence_starts_at_the_right_level() -> None:
    voice = ClearVoice(Hummer())
    first, second = (b"".join(run(pieces_of(voice))) for _ in range(2))
    assert level_of(first[320:3200]) < TARGET_DBOV - 5, "nothing was known"
    assert level_of(second[320:3200]) == pytest.approx(TARGET_DBOV, abs=1.0)


def test_a_patient_voice_is_right_from_the_first_sentence_on() -> None:
    voice = ClearVoice(Hummer())
    (whole,) = run(pieces_of(voice.patient))
    assert level_of(whole[320:-320]) == pytest.approx(TARGET_DBOV, abs=0.1)
    assert voice.level.dbov == pytest.approx(-30.0, abs=0.2), "what it learnt, both know"


def test_silence_is_no_speech_and_teaches_nothing() -> None:
    voice = ClearVoice(Hummer(-89.0))
    assert run(pieces_of(voice)) == run(pieces_of(voice.patient)) == []
    assert voice.level == VoiceLevel()


def test_closing_closes_the_voice_itself() -> None:
    hummer = Hummer()
    run(ClearVoice(hummer).close())
    assert hummer.closed


def test_a_level_is_the_mean_of_what_was_heard() -> None:
    level = VoiceLevel()
    level.learn(-26.0, 2.0)
    assert (level.dbov, level.heard_s) == pytest.approx((-26.0, 2.0))
    level.learn(-20.0, 2.0)
    assert level.dbov == pytest.approx(10 * math.log10((10**-2.6 + 10**-2.0) / 2))
    level.learn(-30.0, 0.0)
    assert level.heard_s == 4.0
    for _ in range(40):
        level.learn(-16.0, 10.0)
    assert level.dbov == pytest.approx(-16.0, abs=0.1)
    assert level.heard_s == MEMORY_S


def test_a_level_is_known_at_the_next_start(tmp_path: Path) -> None:
    level, next_one = VoiceLevel(-25.31, 12.0), VoiceLevel()
    level.remember(tmp_path)
    next_one.recall(tmp_path)
    assert next_one == level
    heard = VoiceLevel(-18.0, KNOWN_S)
    heard.recall(tmp_path)
    assert heard.dbov == -18.0, "its own ears are newer"


@pytest.mark.parametrize(
    "text", ["", "[]", "{", '{"dbov": 3, "heard_s": 9}', '{"dbov": -20}', '{"dbov": "x", "heard_s": 1}']
)
def test_what_is_no_level_is_not_known(tmp_path: Path, text: str) -> None:
    (tmp_path / "level.json").write_text(text, encoding="utf-8")
    level = VoiceLevel()
    level.recall(tmp_path)
    assert level == VoiceLevel(TYPICAL_LEVEL_DBOV, 0.0)

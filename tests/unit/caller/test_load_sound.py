import wave
from array import array
from pathlib import Path

import pytest

from app.caller.load_sound import PEAK, caller_frames, speech_like, wire_frames
from app.errors import ConfigError, MediaError


def test_the_built_in_sound_is_loud_and_has_pauses() -> None:
    sound = array("h", speech_like())
    assert len(sound) == 16_000
    assert PEAK * 0.9 < max(map(abs, sound)) <= PEAK
    quiet = sum(abs(sample) < 50 for sample in sound) / len(sound)
    assert 0.3 < quiet < 0.7


def test_without_pauses_it_is_never_silent_for_long() -> None:
    sound = array("h", speech_like(24_000, 1.0, softest=0.25))
    blocks = [sound[at : at + 480] for at in range(0, len(sound), 480)]
    assert min(max(map(abs, block)) for block in blocks) > 400


def test_wire_frames_are_whole() -> None:
    frames = wire_frames(bytes(range(250)) * 2)
    assert [len(frame) for frame in frames] == [323, 323]
    assert all(frame[:3] == b"\x10\x01\x40" for frame in frames)
    assert frames[1][3 + 180 :] == bytes(140)


def test_a_sound_file_can_be_said(tmp_path: Path) -> None:
    file = tmp_path / "said.wav"
    with wave.open(str(file), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(speech_like(8000, 0.1))
    assert len(caller_frames(file)) == 5


def test_a_file_that_is_not_there_or_no_sound(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        caller_frames(tmp_path / "none.wav")
    (tmp_path / "text.wav").write_text("no sound")
    with pytest.raises(MediaError):
        caller_frames(tmp_path / "text.wav")

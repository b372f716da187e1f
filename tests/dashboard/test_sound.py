"""Recordings over HTTP: every byte of the WAV in whatever pieces it is asked for, MP3 that decodes to as much sound."""

import io
import json
import wave
from pathlib import Path

import av
import numpy as np
import pytest

from app.errors import MediaError
from dashboard.recordings import wanted_range
from dashboard.sound import HEADER_BYTES, RATE_HZ, Sound, Track, find_sound, mp3, peaks, wav_bytes, wav_range

NAME = "call_6b0f6f0e-8d0c-4e0e-9f55-6f1f4d3f6d2a_20260302T130500000000Z.raw"
TRACKS: tuple[Track, ...] = ("caller", "bot", "both")


@pytest.fixture
def samples() -> "np.ndarray[tuple[int, ...], np.dtype[np.int16]]":
    """2.5 s: the caller a tone of 440 Hz, the bot silent but for one click."""
    made = np.zeros((20_000, 2), dtype="<i2")
    made[:, 0] = (8000 * np.sin(2 * np.pi * 440 * np.arange(20_000) / RATE_HZ)).astype("<i2")
    made[10_000, 1] = 24_000
    return made


@pytest.fixture
def sound(tmp_path: Path, samples: "np.ndarray[tuple[int, ...], np.dtype[np.int16]]") -> Sound:
    (tmp_path / NAME).write_bytes(samples.tobytes() + b"\1")  # a frame that is being written
    (tmp_path / NAME).with_suffix(".json").write_text(json.dumps({"start": "2026-03-02T13:05:00+00:00"}))
    return find_sound(tmp_path, NAME)


@pytest.mark.parametrize("track", TRACKS)
def test_the_wav_is_what_was_recorded(
    sound: Sound, samples: "np.ndarray[tuple[int, ...], np.dtype[np.int16]]", track: Track
) -> None:
    whole = b"".join(wav_range(sound, track, 0, wav_bytes(sound, track) - 1))
    assert len(whole) == wav_bytes(sound, track)
    with wave.open(io.BytesIO(whole)) as file:
        assert (file.getframerate(), file.getsampwidth(), file.getnframes()) == (RATE_HZ, 2, len(samples))
        pcm = np.frombuffer(file.readframes(len(samples)), dtype="<i2")
    wanted = samples.reshape(-1) if track == "both" else samples[:, 0 if track == "caller" else 1]
    assert np.array_equal(pcm, wanted)


@pytest.mark.parametrize("track", TRACKS)
def test_any_range_is_a_piece_of_the_whole(sound: Sound, track: Track) -> None:
    size = wav_bytes(sound, track)
    whole = b"".join(wav_range(sound, track, 0, size - 1))
    edges = (0, 1, HEADER_BYTES - 1, HEADER_BYTES, HEADER_BYTES + 1, 16_384, 32_768 + HEADER_BYTES, size - 2, size - 1)
    for first in edges:
        for last in edges:
            if first <= last:
                assert b"".join(wav_range(sound, track, first, last)) == whole[first : last + 1], (first, last)


@pytest.mark.parametrize(("track", "channels"), [("both", 2), ("caller", 1)])
def test_the_mp3_is_as_long_as_the_call(sound: Sound, track: Track, channels: int) -> None:
    with av.open(io.BytesIO(mp3(sound, track)), "r") as container:
        frames = list(container.decode(audio=0))
    assert frames[0].layout.nb_channels == channels
    assert frames[0].sample_rate == RATE_HZ
    assert sum(frame.samples for frame in frames) / RATE_HZ == pytest.approx(sound.seconds, abs=0.15)


def test_the_shape_shows_who_is_loud_when(sound: Sound) -> None:
    shape = peaks(sound, 100)
    assert all(30 <= value <= 34 for value in shape["caller"])
    assert [index for index, value in enumerate(shape["bot"]) if value] == [50]
    assert max(shape["bot"]) == 100


@pytest.mark.parametrize(
    "name",
    [
        *("../secret.raw", "/etc/passwd", "", "call_x.raw", NAME.upper(), NAME + "/..", NAME.replace(".raw", ".json")),
        f"sub/{NAME}",
    ],
)
def test_only_recordings_are_opened(sound: Sound, name: str) -> None:
    with pytest.raises(MediaError):
        find_sound(sound.path.parent, name)


def test_a_recording_that_is_gone_and_one_without_its_description(sound: Sound) -> None:
    sound.path.with_suffix(".json").unlink()
    assert find_sound(sound.path.parent, NAME).began is None
    sound.path.unlink()
    with pytest.raises(MediaError):
        find_sound(sound.path.parent, NAME)


@pytest.mark.parametrize(
    ("header", "wanted"),
    [
        *((None, None), ("bytes=0-", (0, 99)), ("bytes=10-19", (10, 19)), ("bytes=90-500", (90, 99))),
        *(("bytes=-5", (95, 99)), ("bytes=-500", (0, 99)), ("bytes=-", None), ("bytes=1-2,4-5", None), ("x", None)),
    ],
)
def test_ranges(header: str | None, wanted: tuple[int, int] | None) -> None:
    assert wanted_range(header, 100) == wanted


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=20-10", "bytes=-0"])
def test_ranges_with_nothing_in_them(header: str) -> None:
    with pytest.raises(ValueError, match="of 100 bytes"):
        wanted_range(header, 100)

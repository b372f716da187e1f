"""The latest sound of a call: the kernel and its twin."""

import random
import struct
from math import sin
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext import recent
from tests.reference import recent as reference


@pytest.fixture(params=[recent, reference], ids=["ext", "reference"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def said(count: int, first: int = 0) -> bytes:
    return struct.pack(f"<{count}h", *((first + n) * 37 % 20_000 - 10_000 for n in range(count)))


def through_audioop(pcm: bytes) -> bytes:
    """The codec of the standard library up to 3.12, and of its continuation audioop-lts after that."""
    audioop = pytest.importorskip("audioop")
    codes, _ = audioop.lin2adpcm(pcm, 2, None)
    decoded: bytes = audioop.adpcm2lin(codes, 2, None)[0]
    return decoded


@pytest.mark.filterwarnings("ignore:'audioop' is deprecated")
def test_the_latest_are_kept_as_the_codec_of_the_ima_has_them(kernel: ModuleType) -> None:
    sound = kernel.RecentSound(1000)
    assert (sound.samples, sound.pcm()) == (0, b"")
    for first in range(0, 1600, 320):
        sound.add(said(320, first))
    assert sound.samples == 1000
    assert sound.pcm() == through_audioop(said(1600))[-2000:]


@pytest.mark.filterwarnings("ignore:'audioop' is deprecated")
def test_loud_sound_and_noise_are_those_of_the_ima_codec(kernel: ModuleType) -> None:
    chance = random.Random(3)
    extremes = (-32768, 32767, 0)
    samples = [chance.choice((*extremes, chance.randint(-32768, 32767))) for _ in range(4000)]
    loud = struct.pack("<4000h", *samples)
    sound = kernel.RecentSound(4000)
    sound.add(loud)
    assert sound.pcm() == through_audioop(loud)


def test_speech_is_kept_well_enough_for_a_recogniser(kernel: ModuleType) -> None:
    """A voice-like sound comes back with the noise 20 dB below it; a telephone's G.711 has some 35 dB."""
    voice = [8000 * sin(0.12 * n) * sin(0.002 * n) + 2500 * sin(0.71 * n) for n in range(8000)]
    sound = kernel.RecentSound(8000)
    sound.add(struct.pack("<8000h", *(round(sample) for sample in voice)))
    kept = struct.unpack("<8000h", sound.pcm())
    noise = sum((a - b) ** 2 for a, b in zip(voice, kept, strict=True))
    assert sum(sample**2 for sample in voice) > 100 * noise


def test_what_was_understood_is_forgotten(kernel: ModuleType) -> None:
    sound = kernel.RecentSound(1000)
    sound.add(said(500))
    whole = sound.pcm()
    sound.keep(700)
    assert sound.samples == 500
    sound.keep(121)
    assert sound.pcm() == whole[-242:]
    sound.keep(-5)
    assert sound.samples == 0


def test_half_samples_and_no_room_are_refused(kernel: ModuleType) -> None:
    with pytest.raises(ValueError, match="at least 1, got 0"):
        kernel.RecentSound(0)
    with pytest.raises(ValueError, match="got 3 bytes"):
        kernel.RecentSound(10).add(b"abc")


@given(
    st.sampled_from([1, 7, 1000, 9000, 40_000]),
    st.lists(st.tuples(st.sampled_from(["add", "keep"]), st.integers(0, 12_000)), max_size=20),
)
@settings(max_examples=60, deadline=None)
def test_any_schedule_keeps_the_same(limit: int, steps: list[tuple[str, int]]) -> None:
    kernel, twin = recent.RecentSound(limit), reference.RecentSound(limit)
    first = 0
    for name, size in steps:
        for sound in (kernel, twin):
            if name == "add":
                sound.add(said(size, first))
            else:
                sound.keep(size)
        first += size
        assert kernel.samples == twin.samples
    assert kernel.pcm() == twin.pcm()

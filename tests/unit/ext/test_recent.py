"""The latest sound of a call: the kernel and its twin."""

import struct
from types import ModuleType

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ext import recent
from ext.g711 import ulaw_decode, ulaw_encode
from tests.reference import recent as reference


@pytest.fixture(params=[recent, reference], ids=["ext", "reference"])
def kernel(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def said(count: int, first: int = 0) -> bytes:
    return struct.pack(f"<{count}h", *((first + n) * 37 % 20_000 - 10_000 for n in range(count)))


def test_the_latest_are_kept_as_a_telephone_carries_them(kernel: ModuleType) -> None:
    sound = kernel.RecentSound(1000)
    assert (sound.samples, sound.pcm()) == (0, b"")
    for first in range(0, 1600, 320):
        sound.add(said(320, first))
    assert sound.samples == 1000
    assert sound.pcm() == ulaw_decode(ulaw_encode(said(1000, 600)))


def test_what_was_understood_is_forgotten(kernel: ModuleType) -> None:
    sound = kernel.RecentSound(1000)
    sound.add(said(500))
    sound.keep(700)
    assert sound.samples == 500
    sound.keep(120)
    assert sound.pcm() == ulaw_decode(ulaw_encode(said(120, 380)))
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

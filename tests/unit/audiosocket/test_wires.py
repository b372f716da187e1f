"""What an Asterisk sends of a telephone's sound, by codec: kind and payload of its frames."""

from typing import get_args

import pytest

from app.audiosocket.wires import Wire, WireCodec
from ext.frames import sample_rate_hz
from tests.reference import g711
from tests.reference.resample import Resampler

SOUND = bytes(at * 37 % 251 for at in range(960))
RATES_HZ = {
    "slin12": 12_000,
    "slin16": 16_000,
    "slin24": 24_000,
    "slin32": 32_000,
    "slin44": 44_100,
    "slin48": 48_000,
    "slin96": 96_000,
    "slin192": 192_000,
}


def test_the_codecs_are_those_of_asterisk() -> None:
    assert set(get_args(WireCodec)) == {"slin", "ulaw", "alaw", *RATES_HZ}


@pytest.mark.parametrize(
    ("codec", "payload"),
    [("slin", SOUND), ("ulaw", g711.ulaw_encode(SOUND)), ("alaw", g711.alaw_encode(SOUND))],
)
def test_8_khz_is_kind_0x10_whatever_it_holds(codec: WireCodec, payload: bytes) -> None:
    wire = Wire(codec)
    assert wire.kind == 0x10
    assert wire.encode(SOUND) == payload


@pytest.mark.parametrize("ptime_ms", [10, 20, 30])
@pytest.mark.parametrize("codec", RATES_HZ)
def test_wideband_has_a_kind_of_its_own_and_whole_frames(codec: WireCodec, ptime_ms: int) -> None:
    wire = Wire(codec)
    assert sample_rate_hz(wire.kind) == RATES_HZ[codec]
    frames = [wire.encode(SOUND[at : at + 16 * ptime_ms]) for at in range(0, len(SOUND), 16 * ptime_ms)]
    assert {len(frame) for frame in frames} == {2 * RATES_HZ[codec] * ptime_ms // 1000}
    assert b"".join(frames).endswith(Resampler(8000, RATES_HZ[codec]).process(SOUND))

"""What a levelled sentence sounds like: its band, its level, its edges, and that nothing pumps or clips."""

import math

import numpy as np
import numpy.typing as npt
import pytest

import ext.simd
from ext.leveller import BOOST_MAX_DB, TARGET_DBOV, Leveller
from tests.reference.speech_level import active_level_dbov

RATE_HZ = 8000
STEADY = math.inf


def tone(hz: float, seconds: float, level_dbov: float = -20.0) -> bytes:
    """A sine of this power; 0 dBov is a square wave's."""
    size = 32768.0 * math.sqrt(2.0) * 10 ** (level_dbov / 20)
    return (size * np.sin(2 * np.pi * hz * np.arange(round(seconds * RATE_HZ)) / RATE_HZ)).astype("<i2").tobytes()


def samples(pcm: bytes) -> npt.NDArray[np.float64]:
    return np.frombuffer(pcm, "<i2").astype(np.float64)


def levelled(leveller: Leveller, pcm: bytes, piece_bytes: int = 6400) -> bytes:
    pieces = [leveller.process(pcm[at : at + piece_bytes]) for at in range(0, len(pcm), piece_bytes)]
    return b"".join(pieces) + leveller.flush()


def speechlike(seconds: float, level_dbov: float, seed: int = 1) -> bytes:
    """Noise in syllables of 150 ms with pauses of 50 between them."""
    count = round(seconds * RATE_HZ)
    syllables = (np.arange(count) % 1600 < 1200).astype(float)
    sound = np.random.default_rng(seed).normal(size=count) * syllables
    sound *= 32768 * 10 ** (level_dbov / 20) / math.sqrt(np.square(sound).mean())
    pcm: bytes = np.clip(sound, -32768, 32767).astype("<i2").tobytes()
    return pcm


@pytest.mark.parametrize(
    ("hz", "gain_db"),
    [(50, -24.1), (100, -12.3), (200, -2.9), (300, -0.6), (400, 0.0), (1000, 1.05), (1500, 1.75), (3400, 2.95)],
)
def test_the_band_of_the_telephone(hz: float, gain_db: float) -> None:
    heard = samples(levelled(Leveller(TARGET_DBOV, STEADY), tone(hz, 1.0)))[4000:7200]
    sent = samples(tone(hz, 1.0))[4000:7200]
    assert 20 * math.log10(np.std(heard) / np.std(sent)) == pytest.approx(gain_db, abs=0.15)


@pytest.mark.parametrize("level_dbov", [-38.0, -30.0, -22.0, -14.0, -8.0])
def test_a_known_voice_comes_out_at_the_target_from_its_first_second(level_dbov: float) -> None:
    raw = speechlike(3.0, level_dbov)
    first = Leveller(level_dbov, STEADY)
    levelled(first, raw)
    out = levelled(Leveller(first.active_dbov, 4.0), raw)
    wanted = min(TARGET_DBOV, first.active_dbov + BOOST_MAX_DB)
    assert active_level_dbov(out[:16000]) == pytest.approx(wanted, abs=1.0)
    assert active_level_dbov(out[-16000:]) == pytest.approx(wanted, abs=1.0)


def test_an_unknown_voice_is_found_slowly_and_steadily() -> None:
    """12 dB too soft: the gain rises by 3 dB a second and never turns."""
    out = samples(levelled(Leveller(-20.0, 0.5), tone(1000, 8.0, -32.0)))
    levels = [20 * math.log10(np.std(out[at : at + 800])) for at in range(1600, len(out) - 1600, 800)]
    steps = np.diff(levels)
    assert steps.max() < 3.0 / 10 + 0.02
    assert steps.min() > -0.02
    assert levels[-1] == pytest.approx(20 * math.log10(32768) + TARGET_DBOV, abs=1.2)


def test_nothing_pumps_inside_a_sentence() -> None:
    """A loud word and a soft one keep their distance but for what 3 dB a second can do."""
    loud, soft = tone(1000, 0.5, -20.0), tone(1000, 0.5, -30.0)
    out = samples(levelled(Leveller(-21.0, 4.0), loud + soft + loud))
    parts = [20 * math.log10(np.std(out[at : at + 2400])) for at in (800, 4800, 8800)]
    assert parts[0] - parts[1] == pytest.approx(10.0, abs=1.5)
    assert parts[2] - parts[1] == pytest.approx(10.0, abs=1.5)


def test_peaks_are_limited_and_not_clipped() -> None:
    out = samples(levelled(Leveller(-34.0, STEADY), tone(440, 1.0, -10.0)))
    assert np.abs(out).max() < 32767
    # Clipped it would stand still at the top of each wave.
    assert np.count_nonzero(np.abs(np.diff(out[2000:6000])) == 0) < 400
    below = samples(levelled(Leveller(TARGET_DBOV, STEADY), tone(440, 1.0, -10.0)))[2000:6000]
    assert np.abs(below).max() == pytest.approx(32768 * math.sqrt(2) * 10 ** (-9.9 / 20), rel=0.03), "untouched"


def test_silence_around_is_cut_and_within_kept() -> None:
    silence = bytes(2 * 4000)
    word = tone(1000, 0.3)
    out = levelled(Leveller(-20.0, 4.0), silence + word + silence[:6400] + word + silence)
    heard = np.flatnonzero(np.abs(samples(out)) > 300)
    assert heard[0] <= 170
    assert len(out) // 2 - heard[-1] <= 320
    assert len(out) // 2 == pytest.approx(2 * 2400 + 3200, abs=400)


def test_a_voice_that_begins_at_once_does_not_click() -> None:
    square = np.full(4000, 9000, "<i2").tobytes()
    assert np.abs(np.diff(samples(levelled(Leveller(TARGET_DBOV, STEADY), square))[:80])).max() < 1000


def test_a_long_pause_does_not_wait_for_its_end() -> None:
    leveller = Leveller(-20.0, 4.0)
    first = leveller.process(tone(1000, 0.3) + bytes(2 * 16000))
    assert len(first) // 2 == pytest.approx(2400 + 16000 - 4000, abs=400)


def test_only_silence_is_nothing() -> None:
    leveller = Leveller(-20.0, 4.0)
    assert leveller.process(bytes(32000)) + leveller.flush() == b""
    assert (leveller.active_dbov, leveller.active_s) == (-120.0, 0.0)
    assert Leveller(-20.0, 4.0).flush() == b""


@pytest.mark.parametrize("level_dbov", [-40.0, -26.0, -12.0])
def test_the_level_is_that_of_the_recommendation(level_dbov: float) -> None:
    raw = speechlike(4.0, level_dbov)
    meter = Leveller(-20.0, STEADY, -20.0)
    shaped = levelled(meter, raw)
    assert meter.active_dbov == pytest.approx(active_level_dbov(shaped), abs=0.5)
    assert meter.active_s == pytest.approx(4.0, abs=0.1)


@pytest.mark.parametrize(("level", "known_s", "target"), [(-91, 1, -20), (1, 1, -20), (-20, -1, -20), (-20, 1, 3)])
def test_what_can_not_be(level: float, known_s: float, target: float) -> None:
    with pytest.raises(ValueError, match=r"levels must be -90 to 0|known_s must be 0 or more"):
        Leveller(level, known_s, target)
    with pytest.raises(ValueError, match="got 3 bytes"):
        Leveller(-20, 1).process(b"abc")


def test_every_path_gives_the_same_bytes() -> None:
    usual, raw, made = ext.simd.path(), speechlike(1.0, -12.0), set()
    try:
        for path in ext.simd.paths():
            ext.simd.use_path(path)
            made.add(levelled(Leveller(-20.0, 1.0), raw))
    finally:
        ext.simd.use_path(usual)
    assert len(made) == 1

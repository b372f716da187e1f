"""Kernels against their twins in tests/reference: whatever goes in, both give the same bytes, on every path.

A path is a set of vector instructions (ext/simd.h); the tests that feed a kernel with loops for vectors force each one
that this machine has.
"""

import random
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ext.clock
import ext.frames
import ext.g711
import ext.leveller
import ext.levels
import ext.line
import ext.playout
import ext.recent
import ext.resample
import ext.simd
import ext.stereo
import ext.tracks
import ext.voice_activity
import tests.reference.clock
import tests.reference.frames
import tests.reference.g711
import tests.reference.leveller
import tests.reference.levels
import tests.reference.line
import tests.reference.playout
import tests.reference.recent
import tests.reference.resample
import tests.reference.stereo
import tests.reference.tracks
import tests.reference.voice_activity

PAIRS: list[tuple[ModuleType, ModuleType]] = [
    (ext.clock, tests.reference.clock),
    (ext.frames, tests.reference.frames),
    (ext.g711, tests.reference.g711),
    (ext.leveller, tests.reference.leveller),
    (ext.levels, tests.reference.levels),
    (ext.line, tests.reference.line),
    (ext.playout, tests.reference.playout),
    (ext.recent, tests.reference.recent),
    (ext.resample, tests.reference.resample),
    (ext.stereo, tests.reference.stereo),
    (ext.tracks, tests.reference.tracks),
    (ext.voice_activity, tests.reference.voice_activity),
]

samples = st.one_of(
    st.integers(-32768, 32767),
    st.sampled_from([-32768, -32767, -1, 0, 1, 32767]),
)
# Up to 400 samples: whole vectors of every width, odd tails, and none at all.
pcm = st.lists(samples, max_size=400).map(lambda values: struct.pack(f"<{len(values)}h", *values))
audio = st.builds(
    lambda values, repeat: struct.pack(f"<{len(values)}h", *values) * repeat,
    st.lists(samples, min_size=1, max_size=60),
    st.integers(1, 20),
)


@pytest.mark.parametrize(("kernel", "twin"), PAIRS, ids=[pair[0].__name__ for pair in PAIRS])
def test_the_twin_offers_every_public_name_that_does_something(kernel: ModuleType, twin: ModuleType) -> None:
    offered = {name for name in vars(kernel) if not name.startswith("_") and not name.isupper()}
    public = {name for name in offered if getattr(vars(kernel)[name], "__module__", "") == kernel.__name__}
    assert public
    for name in public - {"FilterBank"}:  # the table of coefficients is the kernel's own affair
        assert hasattr(twin, name), name
        kind = vars(kernel)[name]
        if isinstance(kind, type):
            members = {member for member in vars(kind) if not member.startswith("_")}
            assert members <= set(dir(make_twin(twin, name))), name


def make_twin(twin: ModuleType, name: str) -> Any:
    """An instance: twins may keep plain attributes where the kernel has properties."""
    nothing: Any = lambda *_told: None  # noqa: E731
    tracks = tests.reference.tracks.Tracks(nothing)
    inbound = tests.reference.line.Inbound(tracks, 40, nothing, 0.0)
    playout = tests.reference.playout.PlayoutBuffer()
    arguments: dict[str, tuple[Any, ...]] = {
        "Leveller": (-20.0, 1.0),
        "Resampler": (24000, 8000),
        "Callback": (nothing,),
        "Wheel": (nothing,),
        "RecentSound": (1000,),
        "Tracks": (nothing,),
        "Inbound": (tracks, 40, nothing, 0.0),
        "Line": (inbound, playout, tracks, nothing),
        "Receiver": (tests.reference.frames.FrameParser(), nothing, 1.0),
    }
    return getattr(twin, name)(*arguments.get(name, ()))


@contextmanager
def on(path: str) -> Iterator[None]:
    """All kernels on one path."""
    usual = ext.simd.path()
    ext.simd.use_path(path)
    try:
        yield
    finally:
        ext.simd.use_path(usual)


every_path = pytest.mark.parametrize("path", ext.simd.paths())


def test_the_best_path_is_taken_and_only_those_there_can_be() -> None:
    assert ext.simd.paths()[0] == "baseline"
    assert ext.simd.path() == ext.simd.paths()[-1]
    with pytest.raises(ValueError, match=r"one of baseline.*, got mmx"):
        ext.simd.use_path("mmx")
    assert ext.simd.path() == ext.simd.paths()[-1]


# -- frames


@given(
    st.lists(
        st.tuples(
            st.integers(0, 255),
            st.one_of(
                st.binary(max_size=700),
                st.integers(0, 65535).map(lambda size: b"\xa5" * size),
            ),
        ),
        max_size=6,
    ),
    st.data(),
)
@settings(max_examples=150, deadline=None)
def test_frames_survive_any_split(wanted: list[tuple[int, bytes]], data: st.DataObject) -> None:
    stream = b"".join(ext.frames.build(kind, payload) for kind, payload in wanted)
    assert stream == b"".join(tests.reference.frames.build(kind, payload) for kind, payload in wanted)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=12)))
    parser, twin = ext.frames.FrameParser(), tests.reference.frames.FrameParser()
    found = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        piece = parser.feed(stream[start:end])
        assert piece == twin.feed(stream[start:end])
        assert parser.pending_bytes == twin.pending_bytes
        found += piece
    assert found == wanted


@given(st.lists(st.binary(max_size=50), max_size=30))
@settings(max_examples=150, deadline=None)
def test_any_bytes_at_all_are_cut_alike(pieces: list[bytes]) -> None:
    parser, twin = ext.frames.FrameParser(), tests.reference.frames.FrameParser()
    for piece in pieces:
        assert parser.feed(piece) == twin.feed(piece)
        assert parser.pending_bytes == twin.pending_bytes


# -- g711, levels and tracks


@every_path
@given(sound=pcm)
@settings(max_examples=100, deadline=None)
def test_g711_of_any_sound(path: str, sound: bytes) -> None:
    with on(path):
        for law in ("ulaw", "alaw"):
            codes = getattr(ext.g711, f"{law}_encode")(sound)
            assert codes == getattr(tests.reference.g711, f"{law}_encode")(sound)
            decoded = getattr(ext.g711, f"{law}_decode")(codes)
            assert decoded == getattr(tests.reference.g711, f"{law}_decode")(codes)


gains = st.one_of(
    st.floats(-4, 4),
    st.sampled_from([0.0, 0.5, -0.5, 1.0, -1.0, 1.5, 65536.0, -65536.0]),  # halves, and the limits
    st.floats(allow_nan=False, allow_infinity=False),
)


@every_path
@given(sound=pcm, gain=gains, start=st.floats(0, 1), end=st.floats(0, 1))
@settings(max_examples=100, deadline=None)
def test_levels_of_any_sound(path: str, sound: bytes, gain: float, start: float, end: float) -> None:
    with on(path):
        twin = tests.reference.levels
        assert ext.levels.rms_dbfs(sound) == pytest.approx(twin.rms_dbfs(sound), abs=1e-9)
        assert ext.levels.peak(sound) == twin.peak(sound)
        assert ext.levels.apply_gain(sound, gain) == twin.apply_gain(sound, gain)
        assert ext.levels.fade(sound, start, end) == twin.fade(sound, start, end)


@every_path
@given(first=pcm, second=pcm)
@settings(max_examples=100, deadline=None)
def test_stereo_of_any_sound(path: str, first: bytes, second: bytes) -> None:
    with on(path):
        twin = tests.reference.stereo
        assert ext.stereo.mix(first, second) == ext.stereo.mix(second, first) == twin.mix(first, second)
        stereo = ext.stereo.interleave(first, second)
        assert stereo == twin.interleave(first, second)
        assert ext.stereo.deinterleave(stereo) == twin.deinterleave(stereo)
        longest = max(len(first), len(second))
        assert ext.stereo.deinterleave(stereo) == (first.ljust(longest, b"\0"), second.ljust(longest, b"\0"))


@pytest.mark.parametrize("module", [ext.stereo, tests.reference.stereo], ids=["ext", "reference"])
def test_stereo_refuses_half_samples(module: ModuleType) -> None:
    for join in (module.mix, module.interleave):
        for tracks in [(bytes(3), bytes(4)), (bytes(4), bytes(3))]:
            with pytest.raises(ValueError, match="got 3 bytes, not a multiple of 2"):
                join(*tracks)
    with pytest.raises(ValueError, match="2 channels: got 6 bytes, not a multiple of 4"):
        module.deinterleave(bytes(6))


# -- resample

RATES = [8000, 11025, 12000, 16000, 22050, 24000, 44100, 48000]


@every_path
@given(source_hz=st.sampled_from(RATES), target_hz=st.sampled_from(RATES), chunks=st.lists(pcm, max_size=3))
@settings(max_examples=30, deadline=None)
def test_resampling_gives_the_bytes_of_the_definition(
    path: str, source_hz: int, target_hz: int, chunks: list[bytes]
) -> None:
    with on(path):
        kernel = ext.resample.Resampler(source_hz, target_hz)
        twin = tests.reference.resample.Resampler(source_hz, target_hz)
        assert kernel.delay_ms == pytest.approx(twin.delay_ms, abs=1e-12)
        assert kernel.ratio == twin.ratio
        for chunk in chunks:
            assert kernel.process(chunk) == twin.process(chunk)
        assert kernel.flush() == twin.flush()


@given(
    st.integers(4000, 50000),
    st.sampled_from([*RATES, 4000, 7999]),
    st.randoms(use_true_random=False),
    st.lists(st.integers(0, 6000), max_size=8),
)
@settings(max_examples=120, deadline=None)
def test_resampling_in_chunks_gives_the_bytes_of_one_go(
    source_hz: int, target_hz: int, random: Any, sizes: list[int]
) -> None:
    chunks = [random.randbytes(2 * size) for size in sizes]
    kernel = ext.resample.Resampler(source_hz, target_hz)
    whole = kernel.process(b"".join(chunks)) + kernel.flush()
    # The same object again: a flush leaves nothing behind.
    assert b"".join([kernel.process(chunk) for chunk in chunks]) + kernel.flush() == whole
    exact = sum(sizes) * target_hz / source_hz
    assert abs(len(whole) / 2 - exact) <= 0.5
    kernel.process(b"\x11\x22" * 500)
    kernel.reset()
    assert kernel.process(b"".join(chunks)) + kernel.flush() == whole


@pytest.mark.parametrize("source_hz", [192000, 48000, 22050, 8001])
def test_resampling_of_a_second_at_full_scale_is_the_same_on_every_path(source_hz: int) -> None:
    """Longer than a block of input, and with wider rows than the telephone needs."""
    square = (b"\xff\x7f" * 37 + b"\x00\x80" * 41) * (source_hz // 78)
    outputs = []
    for name in ext.simd.paths():
        with on(name):
            resampler = ext.resample.Resampler(source_hz, 8000)
            outputs.append(resampler.process(square) + resampler.flush())
    assert len(set(outputs)) == 1


@pytest.mark.parametrize("module", [ext.resample, tests.reference.resample], ids=["ext", "reference"])
def test_resampler_refuses_half_samples_and_impossible_rates(module: ModuleType) -> None:
    resampler = module.Resampler(24000, 8000)
    with pytest.raises(ValueError, match="got 7 bytes, not a multiple of 2"):
        resampler.process(bytes(7))
    for rates in [(3999, 8000), (8000, 192001), (0, 8000), (-8000, 8000)]:
        with pytest.raises(ValueError, match="4000 to 192000 Hz, got"):
            module.Resampler(*rates)
    same = module.Resampler(8000, 8000)
    assert (same.process(b"\x01\x02"), same.flush(), same.delay_ms, same.ratio) == (
        b"\x01\x02",
        b"",
        0.0,
        1.0,
    )


# -- playout

steps = st.one_of(
    st.tuples(st.just("push"), st.integers(-1, 0), audio, st.sampled_from([0, 3, 20, 45, 130, 400])),
    st.tuples(st.just("push"), st.just(0), audio, st.sampled_from([0, 20])),
    st.tuples(st.just("pull"), st.integers(1, 6)),
    st.tuples(st.sampled_from(["finish", "interrupt", "pause", "resume"])),
)
STATE = [
    "epoch",
    "queued_samples",
    "played_samples",
    "last_epoch_played_samples",
    "speaking",
    "idle",
    "paused",
    "underruns",
    "prebuffer_ms",
]


@every_path
@given(
    knobs=st.fixed_dictionaries(
        {
            "max_queue_ms": st.sampled_from([100, 300, 1100, 60000]),
            "prebuffer_min_ms": st.sampled_from([0, 20, 60]),
            "prebuffer_max_ms": st.sampled_from([60, 100]),
            "comfort_noise_db": st.sampled_from([None, -65.0, -20.0]),
            "seed": st.integers(0, 2**40),
        }
    ),
    schedule=st.lists(steps, min_size=5, max_size=40),
)
@settings(max_examples=250, deadline=None)
def test_any_schedule_plays_the_same_bytes(path: str, knobs: dict[str, Any], schedule: list[tuple[Any, ...]]) -> None:
    with on(path):
        both: tuple[Any, Any] = (
            ext.playout.PlayoutBuffer(**knobs),
            tests.reference.playout.PlayoutBuffer(**knobs),
        )
        now_ms = 0
        for step in schedule:
            name, *arguments = step
            if name == "push":
                now_ms += arguments[2]
                kernel, twin = (
                    buffer.push(buffer.epoch + arguments[0], arguments[1], now_ms / 1000) for buffer in both
                )
            elif name == "pull":
                now_ms += 20 * arguments[0]
                kernel, twin = ([buffer.pull() for _ in range(arguments[0])] for buffer in both)
            elif name == "finish":
                kernel, twin = (buffer.finish(buffer.epoch) for buffer in both)
            else:
                kernel, twin = (getattr(buffer, name)() for buffer in both)
            assert kernel == twin
            assert [getattr(both[0], name) for name in STATE] == [getattr(both[1], name) for name in STATE]


# -- leveller


@every_path
@given(
    shape=st.lists(st.tuples(st.integers(0, 700), st.sampled_from([0, 3, 300, 4000, 32767])), max_size=6),
    seed=st.integers(0, 2**32 - 1),
    cuts=st.lists(st.integers(0, 900), max_size=6),
    level=st.floats(-60, 0),
    known_s=st.sampled_from([0.0, 0.5, 4.0, float("inf")]),
)
@settings(max_examples=60, deadline=None)
def test_leveller_of_any_sound(
    path: str, shape: list[tuple[int, int]], seed: int, cuts: list[int], level: float, known_s: float
) -> None:
    dice = random.Random(seed)
    values = [dice.randint(-size, size) for count, size in shape for _ in range(count)]
    sound = struct.pack(f"<{len(values)}h", *values)
    with on(path):
        ours, twin = ext.leveller.Leveller(level, known_s), tests.reference.leveller.Leveller(level, known_s)
        for cut in [*cuts, len(values)]:
            piece, sound = sound[: 2 * cut], sound[2 * cut :]
            assert ours.process(piece) == twin.process(piece)
        assert ours.flush() == twin.flush()
        assert (ours.active_dbov, ours.active_s) == pytest.approx((twin.active_dbov, twin.active_s))


def noise_and_voice(count: int) -> list[bytes]:
    """Frames of noise that grows louder and softer, with a tone over it now and then."""
    dice = np.random.default_rng(5)
    level = 600.0
    frames = []
    for number in range(count):
        if dice.random() < 0.02:
            level = float(dice.choice([0.0, 180.0, 600.0, 600.0]))
        sound = dice.normal(0.0, level + 1e-9, 160)
        if number // 15 % 3 == 2:
            sound += float(dice.choice([1500.0, 600.0])) * np.sin(np.arange(160) * 0.314)
        frames.append(np.clip(sound, -32768, 32767).astype("<i2").tobytes())
    return frames


@every_path
def test_voices_in_noise(path: str) -> None:
    ours, twin = ext.voice_activity.VoiceActivity(), tests.reference.voice_activity.VoiceActivity()
    noisy = 0
    with on(path):
        for number, frame in enumerate(noise_and_voice(500)):
            if number % 100 > 80:
                for activity in (ours, twin):
                    activity.said(-20.0, 0.02)
            assert ours.feed(frame) is twin.feed(frame), number
            assert ours.in_noise is twin.in_noise
            noisy += ours.in_noise
    assert noisy > 100

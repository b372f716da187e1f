"""The 20 ms path of one call: the kernel and its twin do the same, and what a call may rely on."""

import struct
from math import inf
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import ext.clock
import ext.frames
import ext.line
import ext.playout
import ext.tracks
import tests.reference.clock
import tests.reference.frames
import tests.reference.line
import tests.reference.playout
import tests.reference.tracks
from ext.voice_activity import HANGOVER_S
from tests.reference import g711
from tests.reference.frames import RATES_HZ
from tests.reference.recent import RecentSound
from tests.reference.resample import Resampler

FRAME_S = 0.020
LOUD = struct.pack("<160h", *[6000, -6000] * 80)
QUIET = bytes(320)


class Kernels:
    """One of the two worlds."""

    def __init__(self, package: Any) -> None:
        self.clock: ModuleType = package.clock
        self.frames: ModuleType = package.frames
        self.line: ModuleType = package.line
        self.playout: ModuleType = package.playout
        self.tracks: ModuleType = package.tracks


EXT, REFERENCE = Kernels(ext), Kernels(tests.reference)


@pytest.fixture(params=[EXT, REFERENCE], ids=["ext", "reference"])
def kernels(request: pytest.FixtureRequest) -> Kernels:
    world: Kernels = request.param
    return world


class Call:
    """A line on a wheel of its own, and all that came of it."""

    def __init__(self, kernels: Kernels, piece_ms: int = 40) -> None:
        self.now_s = 10.0
        self.wire: list[bytes] = []
        self.pieces: list[bytes] = []
        self.blocks: list[tuple[int, bytes]] = []
        self.woken: list[float] = []
        self.parser = kernels.frames.FrameParser()
        self.playout = kernels.playout.PlayoutBuffer()
        self.tracks = kernels.tracks.Tracks(self)
        self.inbound = kernels.line.Inbound(self.tracks, piece_ms, self.pieces.append, self.now_s)
        self.line = kernels.line.Line(self.inbound, self.playout, self.tracks, self.woken.append)
        self.line.write = self.wire.append
        self.wheel = kernels.clock.Wheel(self._dropped)
        self.wheel.join(self.line, self.now_s)
        self.build = kernels.frames.build

    def _dropped(self, _member: Any, error: Exception) -> None:
        raise error

    def block(self, offset_samples: int, both: bytes) -> bool:
        self.blocks.append((offset_samples, both))
        return True

    def finish(self, offset_samples: int, both: bytes) -> None:
        self.blocks.append((offset_samples, both))

    def hears(self, data: bytes) -> list[tuple[int, bytes]]:
        others: list[tuple[int, bytes]] = self.parser.feed_into(data, self.inbound, self.now_s)
        return others

    def tick(self, seconds: float = FRAME_S) -> None:
        self.wheel.serve(self.now_s)
        self.now_s = round(self.now_s + seconds, 6)

    def frame(self, pcm: bytes, kind: int = 0x10) -> bytes:
        data: bytes = self.build(kind, pcm)
        return data


def test_sound_goes_to_the_recogniser_in_pieces_that_are_never_empty(kernels: Kernels) -> None:
    call = Call(kernels)
    assert call.hears(call.frame(LOUD) * 2 + call.frame(b"") + call.frame(LOUD[:100])) == []
    assert call.pieces == [LOUD * 2]
    call.inbound.flush()
    call.inbound.flush()
    assert call.pieces == [LOUD * 2, LOUD[:100]]


@pytest.mark.parametrize("piece_ms", [19, 251, 0, -40])
def test_a_piece_has_20_to_250_ms(kernels: Kernels, piece_ms: int) -> None:
    with pytest.raises(ValueError, match=f"20 to 250, got {piece_ms}"):
        Call(kernels, piece_ms)


def test_what_is_no_plain_sound_is_judged_one_by_one_with_all_behind_it(kernels: Kernels) -> None:
    call = Call(kernels)
    data = call.frame(LOUD) + call.frame(b"5", 0x03) + call.frame(QUIET) + call.frame(b"odd", 0x10)
    assert call.hears(data) == [(0x03, b"5"), (0x10, QUIET), (0x10, b"odd")]
    assert call.hears(call.frame(b"odd")) == [(0x10, b"odd")]
    call.inbound.flush()
    assert call.pieces == [LOUD]


def test_every_frame_counts_for_some_time(kernels: Kernels) -> None:
    call = Call(kernels)
    call.hears(call.frame(LOUD) + call.frame(b"") * 10)
    assert call.inbound.heard_s == pytest.approx(0.02 + 10 * 0.002)


def test_a_frame_leaves_every_tick_and_is_recorded_with_what_was_heard(kernels: Kernels) -> None:
    call = Call(kernels)
    speech = struct.pack("<1600h", *range(1000, 2600))
    call.playout.push(call.playout.epoch, speech, call.now_s)
    call.playout.finish(call.playout.epoch)
    for _ in range(20):
        call.hears(call.frame(LOUD))
        call.tick()
    assert [len(frame) for frame in call.wire] == [323] * 20
    call.tracks.close()
    both = b"".join(block for _, block in call.blocks)
    assert [offset for offset, _ in call.blocks] == [0, 960, 1920, 2880]
    samples = struct.unpack("<6400h", both)
    assert samples[1::2] == struct.unpack("<3200h", b"".join(frame[3:] for frame in call.wire))
    assert samples[0::2] == struct.unpack("<160h", LOUD) * 20


def test_python_is_called_only_when_something_happens(kernels: Kernels) -> None:
    call = Call(kernels)
    for _ in range(100):
        call.hears(call.frame(QUIET))
        call.tick()
    assert call.woken == [10.0], "the first tick, which asks when to look again"
    call.line.wake_at_s = call.now_s + 0.5
    for _ in range(100):
        call.hears(call.frame(QUIET))
        call.tick()
    assert call.woken[1:] == pytest.approx([12.5])
    assert call.line.wake_at_s == inf
    call.line.wake()
    call.tick()
    assert len(call.woken) == 3


def test_python_is_called_when_the_caller_begins_and_ends(kernels: Kernels) -> None:
    call = Call(kernels)
    call.hears(call.frame(QUIET))
    call.tick()
    for loud, frames in ((False, 20), (True, 20), (False, 20)):
        for _ in range(frames):
            call.hears(call.frame(LOUD if loud else QUIET))
            call.tick()
    began_s, ended_s = call.woken[1:]
    assert began_s == call.inbound.voice_began_s
    assert ended_s - call.inbound.voice_ended_s == pytest.approx(HANGOVER_S), "when it was last heard, not noticed"
    assert not call.inbound.voice.speaking


def test_python_is_called_when_speech_begins_runs_dry_and_ends(kernels: Kernels) -> None:
    call = Call(kernels)
    call.hears(call.frame(QUIET))
    call.tick()
    call.playout.push(call.playout.epoch, LOUD * 5, call.now_s)
    for _ in range(12):
        call.tick()
    call.playout.finish(call.playout.epoch)
    for _ in range(12):
        call.tick()
    began_s, dry_s, *rest = call.woken[1:]
    assert began_s == pytest.approx(10.02)
    assert dry_s == pytest.approx(10.12)
    assert call.playout.underruns == 1
    assert 1 <= len(rest) <= 3, "the concealment ends, the utterance ends"


def test_a_phone_that_sends_nothing_is_heard_as_silence(kernels: Kernels) -> None:
    call = Call(kernels)
    for _ in range(25):
        call.hears(call.frame(QUIET))
        call.tick()
    for _ in range(10):
        call.hears(call.frame(LOUD))
        call.tick()
    assert call.inbound.voice.speaking
    for _ in range(30):
        call.tick()
    assert not call.inbound.voice.speaking
    assert len(call.woken) == 3
    assert call.pieces[-1] == bytes(640)
    call.tracks.close()
    assert call.tracks.caller_gap_samples == 0


def test_frames_that_a_stall_swallowed_are_silence_in_the_recording(kernels: Kernels) -> None:
    call = Call(kernels)
    call.playout.push(call.playout.epoch, LOUD * 20, call.now_s)
    for _ in range(5):
        call.tick()
    call.now_s += 0.5
    for _ in range(5):
        call.tick()
    call.tracks.close()
    assert call.tracks.position_samples // 160 == pytest.approx(35, abs=1)
    assert len(call.wire) == pytest.approx(10, abs=1)


def test_without_a_wire_the_call_is_recorded_all_the_same(kernels: Kernels) -> None:
    call = Call(kernels)
    call.line.write = None
    for _ in range(10):
        call.tick()
    assert call.wire == []
    assert call.tracks.position_samples == 1600


# Other wires.


def swept(samples: int, start: int = 0) -> bytes:
    """Sound without a period that a mistake could hide in."""
    return struct.pack(
        f"<{samples}h", *[(at * at * 31 + 7 * at) % 20_011 - 10_000 for at in range(start, start + samples)]
    )


@pytest.mark.parametrize("codec", ["ulaw", "alaw"])
def test_g711_under_kind_0x10_is_decoded_and_answered_in_linear_sound(kernels: Kernels, codec: str) -> None:
    decode = {"ulaw": g711.ulaw_decode, "alaw": g711.alaw_decode}[codec]
    call = Call(kernels, piece_ms=20)
    call.inbound.codec = codec
    codes = bytes(at * 37 % 256 for at in range(160))
    for _ in range(3):
        assert call.hears(call.frame(codes)) == []
        call.tick()
    assert call.pieces == [decode(codes)] * 3
    assert call.hears(call.frame(codes[:81]) + call.frame(codes[81:])) == [], "any number of codes is whole"
    assert call.pieces[3:] == [decode(codes)]
    assert (call.inbound.rate_hz, call.inbound.heard_hz) == (8000, 8000)
    assert [frame[:3] for frame in call.wire] == [b"\x10\x01\x40"] * 3, "Asterisk reads 0x10 as linear sound"
    assert call.inbound.heard_s == pytest.approx(4 * 0.02)
    call.tracks.close()
    left = struct.unpack(f"<{len(call.blocks[0][1]) // 2}h", call.blocks[0][1])[0::2]
    assert struct.pack("<480h", *left[:480]) == decode(codes) * 3


def test_a_peer_with_g711_may_send_wideband_all_the_same(kernels: Kernels) -> None:
    call = Call(kernels, piece_ms=20)
    call.inbound.codec = "ulaw"
    assert call.hears(call.frame(bytes(640), 0x12)) == []
    assert call.pieces == [bytes(640)]
    assert call.hears(call.frame(b"odd", 0x12)) == [(0x12, b"odd")]


def test_a_codec_that_is_none_is_refused(kernels: Kernels) -> None:
    call = Call(kernels)
    with pytest.raises(ValueError, match="one of slin, ulaw, alaw, got opus"):
        call.inbound.codec = "opus"
    assert call.inbound.codec == "slin"


def test_16_khz_reaches_the_recogniser_untouched_and_the_recording_at_8_khz(kernels: Kernels) -> None:
    call = Call(kernels, piece_ms=20)
    sound = swept(1600)
    for at in range(0, len(sound), 640):
        call.hears(call.frame(sound[at : at + 640], 0x12))
        call.tick()
    assert (call.inbound.rate_hz, call.inbound.heard_hz) == (16_000, 16_000)
    assert b"".join(call.pieces) == sound
    kept = RecentSound(48_000)
    kept.add(sound)
    assert call.inbound.recent.pcm() == kept.pcm()
    call.tracks.close()
    narrow = Resampler(16_000, 8000).process(sound)
    left = struct.unpack(f"<{len(call.blocks[0][1]) // 2}h", call.blocks[0][1])[0::2]
    assert struct.pack(f"<{len(left)}h", *left)[: len(narrow)] == narrow


@pytest.mark.parametrize(("kind", "rate_hz"), sorted(RATES_HZ.items()))
def test_the_answer_has_the_kind_of_the_callers_first_frame(kernels: Kernels, kind: int, rate_hz: int) -> None:
    call = Call(kernels)
    speech = swept(960)
    call.playout.push(call.playout.epoch, speech, call.now_s)
    call.playout.finish(call.playout.epoch)
    call.tick()
    call.hears(call.frame(bytes(rate_hz // 25), kind))
    for _ in range(6):
        call.tick()
    before, *answers = call.wire
    assert before[:3] == b"\x10\x01\x40", "nothing was heard yet"
    assert {frame[:3] for frame in answers} == {struct.pack(">BH", kind, rate_hz // 25)}
    assert {len(frame) for frame in answers} == {3 + rate_hz // 25}
    call.tracks.close()
    both = b"".join(block for _, block in call.blocks)
    right = struct.unpack(f"<{len(both) // 2}h", both)[1::2]
    said = struct.pack("<960h", *right[160:1120])
    wide = Resampler(8000, rate_hz).process(said)
    assert b"".join(frame[3:] for frame in answers) == wide.rjust(6 * rate_hz // 25, b"\0"), "what was recorded"


@pytest.mark.parametrize(("kind", "heard_hz"), [(0x11, 8000), (0x12, 16_000), (0x13, 16_000), (0x18, 16_000)])
def test_a_recogniser_hears_16_khz_of_whatever_has_that_or_more(kernels: Kernels, kind: int, heard_hz: int) -> None:
    call = Call(kernels, piece_ms=20)
    for _ in range(5):
        call.hears(call.frame(bytes(RATES_HZ[kind] // 25), kind))
    assert call.inbound.heard_hz == heard_hz
    assert {len(piece) for piece in call.pieces} == {heard_hz // 25}
    assert 4 <= len(call.pieces) <= 5


def test_what_the_recogniser_hears_is_decided_once(kernels: Kernels) -> None:
    wide_first, narrow_first = Call(kernels, piece_ms=20), Call(kernels, piece_ms=20)
    for call, kinds in ((wide_first, (0x12, 0x10)), (narrow_first, (0x10, 0x12))):
        for kind in kinds * 3:
            call.hears(call.frame(bytes(RATES_HZ[kind] // 25), kind))
            call.tick()
    assert {len(piece) for piece in wide_first.pieces} == {640}
    assert {len(piece) for piece in narrow_first.pieces} == {320}
    assert {frame[0] for frame in wide_first.wire} == {0x12}
    assert {frame[0] for frame in narrow_first.wire} == {0x10}


def test_python_is_told_when_the_first_frame_has_come(kernels: Kernels) -> None:
    call = Call(kernels)
    call.tick()
    assert call.inbound.heard_hz == 0
    call.tick()
    assert len(call.woken) == 1
    call.hears(call.frame(QUIET))
    call.tick()
    assert len(call.woken) == 2
    assert call.inbound.heard_hz == 8000


def test_a_phone_that_begins_with_silence_is_heard_at_8_khz_and_answered_in_its_kind(kernels: Kernels) -> None:
    call = Call(kernels, piece_ms=20)
    for _ in range(12):
        call.tick()
    assert (call.inbound.rate_hz, call.inbound.heard_hz) == (0, 8000)
    assert len(call.woken) == 2
    for _ in range(3):
        call.hears(call.frame(bytes(640), 0x12))
        call.tick()
    assert {len(piece) for piece in call.pieces} == {320}
    assert [frame[0] for frame in call.wire] == [0x10] * 12 + [0x12] * 3


steps = st.lists(
    st.one_of(
        st.tuples(st.just("sound"), st.sampled_from([0, 2, 160, 320, 480, 5000]), st.booleans()),
        st.tuples(st.just("wide"), st.sampled_from([2, 320, 640, 960]), st.booleans()),
        st.tuples(st.just("wider"), st.sampled_from([0, 960, 6000]), st.booleans()),
        st.tuples(st.just("key"), st.just(1), st.booleans()),
        st.tuples(st.just("speech"), st.integers(1, 2000), st.booleans()),
        st.tuples(st.just("tick"), st.integers(1, 30), st.booleans()),
        st.tuples(st.just("stall"), st.integers(1, 400), st.booleans()),
        st.tuples(st.just("flush"), st.just(0), st.booleans()),
    ),
    min_size=5,
    max_size=40,
)


@given(steps, st.sampled_from([20, 40, 60, 100]), st.sampled_from(["slin", "ulaw", "alaw"]))
@settings(max_examples=150, deadline=None)
def test_any_call_leaves_the_same_bytes(schedule: list[tuple[str, int, bool]], piece_ms: int, codec: str) -> None:
    both = [Call(EXT, piece_ms), Call(REFERENCE, piece_ms)]
    for call in both:
        call.inbound.codec = codec
    for name, size, flag in schedule:
        pcm = (LOUD if flag else QUIET) * 20
        told = []
        for call in both:
            if name == "sound":
                told.append(call.hears(call.frame(pcm[:size])))
            elif name == "wide":
                told.append(call.hears(call.frame(swept(size // 2), 0x12)))
            elif name == "wider":
                told.append(call.hears(call.frame(swept(size // 2), 0x16 if flag else 0x15)))
            elif name == "key":
                told.append(call.hears(call.frame(LOUD) + call.frame(b"1", 3) + call.frame(LOUD)))
            elif name == "speech":
                call.playout.push(call.playout.epoch, pcm[: 2 * size], call.now_s)
                if flag:
                    call.playout.finish(call.playout.epoch)
            elif name == "tick":
                for _ in range(size):
                    call.tick()
            elif name == "stall":
                call.now_s = round(call.now_s + size / 1000, 6)
            else:
                call.inbound.flush()
        if told:
            assert told[0] == told[1]
    for call in both:
        call.tracks.close()
    kernel, twin = both
    assert kernel.wire == twin.wire
    assert kernel.pieces == twin.pieces
    assert kernel.blocks == twin.blocks
    assert kernel.woken == twin.woken
    for name in ("last_sound_s", "voice_began_s", "voice_ended_s", "rate_hz", "heard_hz"):
        assert getattr(kernel.inbound, name) == getattr(twin.inbound, name)
    assert kernel.inbound.recent.pcm() == twin.inbound.recent.pcm()
    assert kernel.inbound.heard_s == pytest.approx(twin.inbound.heard_s)

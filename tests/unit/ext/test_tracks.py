"""Where the sound of both tracks ends up, sample by sample."""

from array import array
from itertools import pairwise
from types import ModuleType
from typing import ClassVar

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.media.tracks import RecordingStats
from ext import tracks
from tests.reference import tracks as reference

FRAME = 160
SILENCE = bytes(2 * FRAME)


def ramp(start: int, end: int, sign: int = 1) -> list[int]:
    """What a speaker said from sample `start` to `end`."""
    return [sign * (n % 32_000 + 1) for n in range(start, end)]


class MemoryFile:
    """A disk in memory; takes what it is given where it belongs, unless it is told to refuse."""

    def __init__(self) -> None:
        self.refuses = False
        self.blocks = 0
        self.ends = 0
        self.caller = array("h")
        self.bot = array("h")

    def block(self, offset_samples: int, both: bytes) -> bool:
        if self.refuses:
            return False
        self.blocks += 1
        samples = array("h", both)
        for track, pcm in ((self.caller, samples[0::2]), (self.bot, samples[1::2])):
            track.extend([0] * (offset_samples + len(pcm) - len(track)))
            track[offset_samples : offset_samples + len(pcm)] = pcm
        return True

    def finish(self, offset_samples: int, both: bytes) -> None:
        self.refuses = False
        self.block(offset_samples, both)
        self.ends += 1


class Speaker:
    """Speaks 1, 2, 3, … (or -1, -2, …), so that every sample tells its own place."""

    def __init__(self, sign: int) -> None:
        self._sign = sign
        self.said = 0

    def say(self, samples: int) -> bytes:
        start, self.said = self.said, self.said + samples
        return array("h", [self._sign * (n % 32_000 + 1) for n in range(start, start + samples)]).tobytes()


@pytest.fixture(params=[tracks, reference], ids=["ext", "reference"], autouse=True)
def _kernel(request: pytest.FixtureRequest) -> None:
    """Each test holds for the kernel and for its twin."""
    Call.kernel = request.param


class Call:
    """A recording, its file and its two speakers."""

    kernel: ClassVar[ModuleType] = tracks

    def __init__(self) -> None:
        self.file = MemoryFile()
        self.recording = self.kernel.Tracks(self.file)
        self.them = Speaker(1)
        self.us = Speaker(-1)

    def tick(self, *caller_samples: int) -> None:
        """Caller sound in pieces of these sizes arrives, then the bot's clock ticks."""
        for samples in caller_samples:
            self.recording.caller(self.them.say(samples))
        self.recording.bot(self.us.say(FRAME))

    def end(self) -> tuple[list[int], list[int]]:
        """Closes; the samples of (caller, bot) in the file."""
        self.recording.close()
        return list(self.file.caller), list(self.file.bot)

    @property
    def stats(self) -> RecordingStats:
        """What could not be recorded."""
        told = self.recording
        return RecordingStats(told.caller_gap_samples, told.caller_dropped_samples, told.lost_samples)


def test_both_tracks_run_on_one_clock() -> None:
    call = Call()
    for _ in range(300):
        call.tick(FRAME)
    assert call.recording.position_samples == 300 * FRAME
    assert call.end() == (ramp(0, 48_000), ramp(0, 48_000, -1))
    assert call.stats == RecordingStats()


@pytest.mark.parametrize(
    "arrivals",
    [
        pytest.param([(160,), (), (160, 160), (160,), (), (), (160, 160, 160), (160,)], id="late frames"),
        pytest.param([(160, 160), (), (160,), (160, 160), (), (160,), (160,), (160,)], id="early frames"),
        pytest.param([(150,), (170,), (2, 158), (100, 60), (), (1, 319), (160,), (160,)], id="other sizes"),
    ],
)
def test_jitter_leaves_no_trace(arrivals: list[tuple[int, ...]]) -> None:
    call = Call()
    for _ in range(20):
        for pieces in arrivals:
            call.tick(*pieces)
    assert call.end() == (ramp(0, 160 * FRAME), ramp(0, 160 * FRAME, -1))
    assert call.stats == RecordingStats()


@pytest.mark.parametrize("late_frames", [5, 25, 60, 149])
def test_a_late_burst_finds_its_place_also_in_what_was_written(late_frames: int) -> None:
    call = Call()
    for _ in range(200):
        call.tick(FRAME)
    for _ in range(late_frames):
        call.tick()
    call.tick(*[FRAME] * (late_frames + 1))
    for _ in range(100):
        call.tick(FRAME)
    total = (301 + late_frames) * FRAME
    assert call.end() == (ramp(0, total), ramp(0, total, -1))
    assert call.stats == RecordingStats()


@pytest.mark.parametrize("between_frames", [0, 10, 40, 110])
def test_a_burst_in_two_parts_is_pulled_back_into_the_gap_of_the_first(between_frames: int) -> None:
    call = Call()
    for _ in range(200):
        call.tick(FRAME)
    for _ in range(30):
        call.tick()
    call.tick(*[FRAME] * 4)  # 580 ms late, so taken for new sound behind a gap …
    for _ in range(between_frames):
        call.tick(FRAME)
    call.tick(*[FRAME] * 28)  # … until this shows that it was a delay
    for _ in range(100):
        call.tick(FRAME)
    total = (332 + between_frames) * FRAME
    assert call.end() == (ramp(0, total), ramp(0, total, -1))
    assert call.stats == RecordingStats()


def test_silence_that_was_not_sent_stays_silent_and_is_counted() -> None:
    call = Call()
    for _ in range(10):
        call.tick(FRAME)
    for _ in range(50):
        call.tick()
    for _ in range(10):
        call.tick(FRAME)
    caller, bot = call.end()
    assert caller == ramp(0, 1600) + [0] * 8000 + ramp(1600, 3200)
    assert bot == ramp(0, 11_200, -1)
    assert call.stats == RecordingStats(caller_gap_samples=8000)


@pytest.mark.parametrize(
    ("missing_frames", "expected"),
    [
        pytest.param(3, ramp(0, 320) + [0] * 480, id="60 ms are jitter"),
        pytest.param(4, ramp(0, 160) + [0] * 640 + ramp(160, 320), id="80 ms are a gap"),
    ],
)
def test_a_gap_is_more_than_jitter(missing_frames: int, expected: list[int]) -> None:
    call = Call()
    call.tick(FRAME)
    for _ in range(missing_frames):
        call.tick()
    call.tick(FRAME)
    caller, _ = call.end()
    assert caller == expected


@pytest.mark.parametrize("before_frames", [0, 40, 400])
def test_a_stall_of_the_clock_loses_nothing(before_frames: int) -> None:
    call = Call()
    for _ in range(before_frames):
        call.tick(FRAME)
    # The loop stood still for 2 s: its frames come at once, the first tick is served, the others are skipped.
    call.tick(*[FRAME] * 100)
    call.recording.bot_gap(99)
    for _ in range(50):
        call.tick(FRAME)
    caller, bot = call.end()
    total = (before_frames + 150) * FRAME
    spoken = (before_frames + 1) * FRAME
    assert caller == ramp(0, total)
    assert bot == ramp(0, spoken, -1) + [0] * (99 * FRAME) + ramp(spoken, total - 99 * FRAME, -1)
    assert call.stats == RecordingStats()


def test_a_stall_does_not_move_what_was_said_before_it() -> None:
    call = Call()
    for _ in range(50):
        call.tick()
    for _ in range(10):
        call.tick(FRAME)
    call.tick(*[FRAME] * 100)
    call.recording.bot_gap(99)
    call.tick(FRAME)
    caller, _ = call.end()
    assert caller == [0] * 8000 + ramp(0, 111 * FRAME)


def test_a_very_long_stall_is_a_hole_of_the_right_length() -> None:
    call = Call()
    for _ in range(130):
        call.tick(FRAME)
    blocks = call.file.blocks
    call.recording.bot_gap(1000)
    assert call.file.blocks - blocks < 30  # not 160: the hole itself is not written
    call.tick(FRAME)
    caller, bot = call.end()
    hole = [0] * (1000 * FRAME)
    assert caller == ramp(0, 20_800) + hole + ramp(20_800, 20_960)
    assert bot == ramp(0, 20_800, -1) + hole + ramp(20_800, 20_960, -1)
    assert call.stats == RecordingStats(caller_gap_samples=len(hole))


def test_a_peer_that_sends_too_fast_can_not_make_the_tracks_drift() -> None:
    call = Call()
    for _ in range(170):
        call.tick(*[FRAME] * 2)
    caller, bot = call.end()
    dropped = call.stats.caller_dropped_samples
    # At most 200 ms wait for the clock, and the last of them are the newest.
    assert len(caller) == len(bot) == 170 * FRAME + 1600
    assert caller[-1600:] == ramp(call.them.said - 1600, call.them.said)
    assert len(caller) - caller.count(0) + dropped == call.them.said


def test_a_burst_longer_than_the_window_keeps_its_end() -> None:
    call = Call()
    for _ in range(50):
        call.tick(FRAME)
    for _ in range(250):
        call.tick()
    call.tick(*[FRAME] * 251)
    call.tick(FRAME)
    caller, _ = call.end()
    dropped = call.stats.caller_dropped_samples
    assert 0 < dropped <= 2 * 8000
    assert caller == ramp(0, 8000) + [0] * dropped + ramp(8000 + dropped, 302 * FRAME)


def test_a_writer_that_can_not_follow_for_a_moment_costs_nothing() -> None:
    call = Call()
    for tick in range(300):
        call.file.refuses = 60 <= tick < 160
        call.tick(FRAME)
    assert call.end() == (ramp(0, 48_000), ramp(0, 48_000, -1))
    assert call.stats == RecordingStats()


def test_a_writer_that_can_not_follow_for_long_leaves_a_hole_and_all_else_in_place() -> None:
    call = Call()
    for tick in range(600):
        call.file.refuses = 100 <= tick < 500
        call.tick(FRAME)
    caller, bot = call.end()
    lost = call.stats.lost_samples
    assert 4 * 8000 <= lost <= 6 * 8000
    start = caller.index(0)
    assert caller == ramp(0, start) + [0] * lost + ramp(start + lost, 96_000)
    assert bot == ramp(0, start, -1) + [0] * lost + ramp(start + lost, 96_000, -1)


def test_close_keeps_what_had_not_been_reached_and_ends_once() -> None:
    call = Call()
    call.tick(FRAME, FRAME, 100)
    call.recording.close()
    call.tick(FRAME)
    call.recording.bot_gap(1)
    caller, bot = call.end()
    assert caller == ramp(0, 420)
    assert bot == ramp(0, 160, -1) + [0] * 260
    assert call.file.ends == 1


def test_a_call_without_a_sound_is_an_empty_file() -> None:
    call = Call()
    assert call.end() == ([], [])


@pytest.mark.parametrize("size", [0, 318, 322])
def test_a_frame_of_the_bot_has_320_bytes(size: int) -> None:
    call = Call()
    with pytest.raises(ValueError, match=f"320 bytes, not {size}"):
        call.recording.bot(bytes(size))
    assert call.recording.position_samples == 0


def test_half_a_sample_is_left_away_and_counted() -> None:
    call = Call()
    call.recording.caller(call.them.say(159) + b"\x7f")
    call.recording.caller(call.them.say(1))
    call.recording.bot(SILENCE)
    assert call.end()[0] == ramp(0, 160)
    assert call.stats.caller_dropped_samples == 1


def test_the_window_holds_only_what_may_still_change() -> None:
    """0.18 s in a call without trouble; up to 3 s behind a gap, and 0.18 s again later."""
    call = Call()
    widest_bytes = 0
    for _ in range(1000):
        call.tick(FRAME)
        widest_bytes = max(widest_bytes, call.recording.window_bytes)
    assert widest_bytes <= 4 * 1440
    for _ in range(400):
        call.tick()
        widest_bytes = max(widest_bytes, call.recording.window_bytes)
    assert 4 * 24_000 <= widest_bytes <= 4 * (24_000 + 2 * 1440)
    for _ in range(300):
        call.tick(FRAME)
    assert call.recording.window_bytes <= 4 * 1440


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.just((160,)),
            st.just((160,)),
            st.lists(st.integers(1, 400), max_size=3).map(tuple),
            st.integers(2, 40).map(lambda frames: (FRAME,) * frames),
            st.integers(-200, -1),
        ),
        max_size=120,
    )
)
def test_whatever_comes_nothing_is_reordered_doubled_or_lost_uncounted(
    steps: list[tuple[int, ...] | int],
) -> None:
    call = Call()
    expected_bot: list[int] = []
    for step in steps:
        if isinstance(step, int):
            call.recording.bot_gap(-step)
            expected_bot += [0] * (-step * FRAME)
            continue
        if call.them.said + sum(step) > 32_000:
            step = ()
        expected_bot += ramp(call.us.said, call.us.said + FRAME, -1)
        call.tick(*step)
    position = call.recording.position_samples
    caller, bot = call.end()
    heard = [sample for sample in caller if sample]
    assert bot[:position] == expected_bot
    assert position <= len(caller) == len(bot) <= position + 1600
    assert all(earlier < later for earlier, later in pairwise(heard))
    assert len(heard) + call.stats.caller_dropped_samples == call.them.said
    assert call.stats.lost_samples == 0

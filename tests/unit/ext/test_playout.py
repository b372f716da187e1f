"""The playout buffer, byte by byte: both the kernel and its twin must behave like this."""

import math
import struct
from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest

from ext import playout
from tests.reference import playout as reference

FRAME = 160
FADE = 40
Make = Callable[..., Any]


@pytest.fixture(params=[playout, reference], ids=["ext", "reference"])
def make(request: pytest.FixtureRequest) -> Make:
    buffer_type: Make = request.param.PlayoutBuffer
    return buffer_type


def pack(samples: list[int]) -> bytes:
    return struct.pack(f"<{len(samples)}h", *samples)


def pull(buffer: Any) -> list[int]:
    """The samples of the next frame, after a look at its header."""
    frame = buffer.pull()
    assert len(frame) == 323
    assert frame[:3] == b"\x10\x01\x40"
    return list(struct.unpack("<160h", frame[3:]))


def pull_all(buffer: Any, frames: int) -> list[int]:
    return [sample for _ in range(frames) for sample in pull(buffer)]


def voice(count: int, hz: float = 150.0, amplitude: int = 12000) -> list[int]:
    """A loud steady vowel: a tone and its third harmonic, not zero at either end."""
    turn = 2 * math.pi * hz / 8000
    return [round(amplitude * (math.sin(turn * i + 1) + 0.4 * math.sin(3 * turn * i + 1))) for i in range(count)]


def largest_step(samples: list[int]) -> int:
    return max(abs(b - a) for a, b in pairwise(samples))


def test_silence_before_anything_is_said(make: Make) -> None:
    buffer = make()
    assert pull(buffer) == [0] * FRAME
    assert (buffer.epoch, buffer.speaking, buffer.idle, buffer.underruns) == (1, False, True, 0)


def test_an_utterance_leaves_unchanged_except_for_5_ms_at_each_end(make: Make) -> None:
    buffer = make()
    said = voice(1600)
    assert buffer.push(1, pack(said), 0.0) == 1600
    assert not buffer.idle
    buffer.finish(1)
    heard = pull_all(buffer, 10)
    assert heard[FADE:-FADE] == said[FADE:-FADE]
    assert abs(heard[0]) < 100
    assert abs(heard[-1]) < 100
    assert largest_step([0, *heard, 0]) <= largest_step(said)
    assert buffer.played_samples == 1600
    assert buffer.speaking
    assert buffer.idle
    assert pull(buffer) == [0] * FRAME
    assert not buffer.speaking
    assert buffer.underruns == 0


def test_an_end_near_zero_is_not_faded(make: Make) -> None:
    buffer = make()
    said = [*voice(439), 64]
    buffer.push(1, pack(said), 0.0)
    buffer.finish(1)
    heard = pull_all(buffer, 3)
    assert heard[FADE:440] == said[FADE:]
    assert heard[440:] == [0] * 40


def test_chunks_of_one_utterance_join_without_a_trace(make: Make) -> None:
    buffer = make()
    said = voice(3200)
    for start in range(0, 3200, 7):
        buffer.push(1, pack(said[start : start + 7]), 0.0)
    assert pull_all(buffer, 20)[FADE:] == said[FADE:]


def test_a_late_finish_still_ends_softly(make: Make) -> None:
    buffer = make()
    said = voice(320)
    buffer.push(1, pack(said), 0.0)
    heard = pull_all(buffer, 2)
    assert abs(heard[-1]) > 64
    buffer.finish(1)
    assert buffer.idle
    tail = pull(buffer)
    assert buffer.speaking
    assert tail[FADE:] == [0] * (FRAME - FADE)
    assert largest_step(heard[FADE:] + tail) <= largest_step(said)
    assert buffer.underruns == 0
    assert buffer.played_samples == 320


def test_two_sentences_in_a_row_meet_at_zero(make: Make) -> None:
    buffer = make()
    first, second = voice(800), voice(800, hz=210.0)
    buffer.push(1, pack(first), 0.0)
    buffer.finish(1)
    buffer.push(1, pack(second), 0.1)
    buffer.finish(1)
    heard = pull_all(buffer, 10)
    assert heard[FADE : 800 - FADE] == first[FADE:-FADE]
    assert heard[800 + FADE : -FADE] == second[FADE:-FADE]
    assert abs(heard[799]) < 100
    assert buffer.played_samples == 1600
    assert buffer.underruns == 0


def test_a_sentence_behind_an_end_too_short_to_fade_crosses_over_from_its_last_sample(make: Make) -> None:
    buffer = make()
    first = voice(180)
    buffer.push(1, pack(first), 0.0)
    heard = pull(buffer)
    buffer.finish(1)
    buffer.push(1, pack(voice(300, hz=120.0)), 0.1)
    buffer.finish(1)
    heard += pull_all(buffer, 2)
    assert heard[FADE:180] == first[FADE:]
    assert largest_step(heard) <= largest_step(first)


# -- prebuffer


def test_a_short_beginning_waits_for_one_frame_time(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(80)), 0.0)
    assert pull(buffer) == [0] * FRAME
    assert buffer.queued_samples == 80
    buffer.push(1, pack(voice(400)[80:]), 0.01)
    assert pull(buffer)[FADE:] == voice(400)[FADE:FRAME]


def test_no_waiting_once_finished(make: Make) -> None:
    buffer = make(prebuffer_min_ms=200)
    buffer.push(1, pack(voice(80)), 0.0)
    assert pull(buffer) == [0] * FRAME
    buffer.finish(1)
    assert pull(buffer)[:80] != [0] * 80
    assert buffer.played_samples == 80


def test_waiting_is_bounded_by_the_prebuffer_itself(make: Make) -> None:
    buffer = make(prebuffer_min_ms=100)
    buffer.push(1, pack(voice(160)), 0.0)
    assert pull_all(buffer, 5) == [0] * 800
    assert pull(buffer) != [0] * FRAME


def test_the_prebuffer_follows_lateness_up_at_once_and_down_slowly(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(160)), 10.0)
    buffer.push(1, pack(voice(160)), 10.02)  # in time: 20 ms of sound, 20 ms later
    assert buffer.prebuffer_ms == 20
    buffer.push(1, pack(voice(160)), 10.13)  # due at 10.04
    assert buffer.prebuffer_ms == 100
    pull_all(buffer, 3)
    buffer.finish(1)
    seen = []
    for number in range(40):
        buffer.push(1, pack(voice(320)), 20.0 + number)
        buffer.finish(1)
        pull_all(buffer, 3)
        seen.append(buffer.prebuffer_ms)
    assert seen[0] in (80, 100)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == 20
    assert seen[3] >= 60


def test_the_prebuffer_stays_within_its_limits(make: Make) -> None:
    buffer = make(prebuffer_min_ms=40, prebuffer_max_ms=120)
    assert buffer.prebuffer_ms == 40
    buffer.push(1, pack(voice(160)), 0.0)
    buffer.push(1, pack(voice(160)), 5.0)
    assert buffer.prebuffer_ms == 120


def test_a_pause_and_a_full_queue_are_not_jitter(make: Make) -> None:
    buffer = make(max_queue_ms=100, prebuffer_max_ms=100)
    buffer.push(1, pack(voice(160)), 0.0)
    buffer.pause()
    buffer.push(1, pack(voice(160)), 9.0)
    assert buffer.prebuffer_ms == 20
    buffer.interrupt()
    buffer.pause()
    buffer.push(2, pack(voice(160)), 9.0)
    buffer.push(2, pack(voice(160)), 10.0)
    assert buffer.prebuffer_ms == 20
    assert buffer.interrupt() == 3
    assert buffer.push(3, pack(voice(1000)), 10.0) == 800
    pull(buffer)
    assert buffer.push(3, pack(voice(160)), 19.0) == 160
    assert buffer.prebuffer_ms == 20


def test_a_sentence_behind_another_is_late_only_when_the_first_has_been_played(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(8000)), 0.0)
    buffer.finish(1)
    buffer.push(1, pack(voice(160)), 0.1)
    buffer.push(1, pack(voice(160)), 1.0)
    assert buffer.prebuffer_ms == 20
    buffer.push(1, pack(voice(160)), 1.2)  # due at 0.1 + 1.04
    assert buffer.prebuffer_ms == 60


def test_an_utterance_with_an_underrun_does_not_lower_the_prebuffer(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(160)), 0.0)
    pull_all(buffer, 2)
    buffer.finish(1)
    assert (buffer.underruns, buffer.prebuffer_ms) == (1, 40)
    seen = []
    for number in range(6):
        pull_all(buffer, 2)
        buffer.push(1, pack(voice(160)), 1.0 + number)
        buffer.finish(1)
        seen.append(buffer.prebuffer_ms)
    assert seen == [40, 40, 40, 40, 40, 20]  # 40 ms * (7/8)**6 < 20 ms


# -- bounds and epochs


def test_a_full_queue_takes_what_fits_and_never_grows_beyond(make: Make) -> None:
    buffer = make(max_queue_ms=100, prebuffer_max_ms=100)
    said = voice(1000)
    assert buffer.push(1, pack(said), 0.0) == 800
    assert buffer.push(1, pack(said[800:]), 0.0) == 0
    assert buffer.queued_samples == 800
    heard = pull(buffer)
    assert buffer.push(1, pack(said[800:]), 0.0) == 160
    assert (heard + pull_all(buffer, 5))[FADE:] == said[FADE:960]


def test_the_ring_goes_round_and_grows_without_losing_a_sample(make: Make) -> None:
    buffer = make()
    said = [(i * 7919) % 65536 - 32768 for i in range(60000)]
    heard, pushed = [], 0
    for size in [5000, 3001, 7777, 11111, 13000, 20111]:
        buffer.push(1, pack(said[pushed : pushed + size]), 0.0)
        pushed += size
        heard += pull_all(buffer, size // FRAME // 2)
    heard += pull_all(buffer, buffer.queued_samples // FRAME)
    assert heard[FADE:] == said[FADE : len(heard)]
    assert len(heard) > 59800


def test_speech_of_another_epoch_is_dropped(make: Make) -> None:
    buffer = make()
    assert buffer.push(2, pack(voice(160)), 0.0) == 0
    assert buffer.interrupt() == 2
    assert buffer.push(1, pack(voice(160)), 0.0) == 0
    buffer.push(2, pack(voice(80)), 0.0)
    buffer.finish(1)
    assert pull(buffer) == [0] * FRAME  # still waiting: the finish was for another epoch
    assert buffer.queued_samples == 80


# -- interruption and pause


def test_an_interruption_fades_within_5_ms_and_counts_what_was_heard(make: Make) -> None:
    buffer = make()
    said = voice(8000)
    buffer.push(1, pack(said), 0.0)
    heard = pull_all(buffer, 5)
    assert buffer.interrupt() == 2
    assert (buffer.queued_samples, buffer.played_samples, buffer.idle) == (0, 0, True)
    assert buffer.last_epoch_played_samples == 800
    after = pull(buffer)
    assert after[FADE:] == [0] * (FRAME - FADE)
    assert after[0] == pytest.approx(said[800], abs=20)
    assert largest_step(heard[FADE:] + after) <= 1.2 * largest_step(said)
    assert buffer.speaking
    assert pull(buffer) == [0] * FRAME
    assert not buffer.speaking


def test_what_follows_an_interruption_starts_in_the_next_frame(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(8000)), 0.0)
    pull_all(buffer, 5)
    epoch = buffer.interrupt()
    answer = voice(320, hz=100.0)
    buffer.push(epoch, pack(answer), 0.2)
    assert pull(buffer)[FADE:] == [0] * (FRAME - FADE)
    assert pull(buffer)[FADE:] == answer[FADE:FRAME]
    assert buffer.played_samples == 160


def test_interrupting_silence_makes_no_sound(make: Make) -> None:
    buffer = make()
    buffer.interrupt()
    assert pull(buffer) == [0] * FRAME
    buffer.push(2, pack(voice(100)), 0.0)  # waits for its prebuffer
    assert buffer.interrupt() == 3
    assert pull(buffer) == [0] * FRAME
    assert buffer.last_epoch_played_samples == 0


def test_two_interruptions_before_a_frame_fade_once(make: Make) -> None:
    once, twice = make(), make()
    for buffer in (once, twice):
        buffer.push(1, pack(voice(8000)), 0.0)
        pull_all(buffer, 5)
        buffer.interrupt()
    assert twice.interrupt() == 3
    assert pull(twice) == pull(once)


def test_a_pause_keeps_the_place_and_plays_the_faded_samples_again(make: Make) -> None:
    buffer = make()
    said = voice(1600)
    buffer.push(1, pack(said), 0.0)
    heard = pull_all(buffer, 2)
    buffer.pause()
    assert buffer.paused
    faded = pull(buffer)
    assert faded[FADE:] == [0] * (FRAME - FADE)
    assert largest_step(heard[FADE:] + faded) <= 1.2 * largest_step(said)
    assert pull(buffer) == [0] * FRAME
    assert (buffer.speaking, buffer.queued_samples, buffer.played_samples) == (False, 1280, 320)
    buffer.resume()
    assert not buffer.paused
    resumed = pull_all(buffer, 8)
    assert abs(resumed[0]) < 100
    assert resumed[FADE:] == said[320 + FADE :]
    assert buffer.played_samples == 1600
    assert buffer.underruns == 0


def test_silence_that_comes_next_is_not_waited_for_after_a_pause(make: Make) -> None:
    buffer = make()
    said = voice(640)
    buffer.push(1, pack(said[:320] + [0] * 1000 + said[320:]), 0.0)
    pull_all(buffer, 2)
    buffer.pause()
    pull_all(buffer, 3)
    buffer.resume()
    assert buffer.played_samples == 320 + 960
    assert pull_all(buffer, 3)[FADE : 40 + 320] == [0] * (40 - FADE) + said[320:]
    assert buffer.played_samples == 1640


def test_a_pause_taken_back_before_the_next_frame_is_not_heard(make: Make) -> None:
    buffer = make()
    said = voice(640)
    buffer.push(1, pack(said), 0.0)
    heard = pull(buffer)
    buffer.pause()
    buffer.resume()
    heard += pull_all(buffer, 3)
    assert heard[FADE:] == said[FADE:]


@pytest.mark.parametrize("finished", [True, False])
def test_resuming_with_nothing_left_is_silent(make: Make, finished: bool) -> None:
    buffer = make()
    buffer.push(1, pack(voice(320)), 0.0)
    pull_all(buffer, 2)
    buffer.pause()
    assert pull(buffer)[0] != 0  # the fade-out of the last sample
    if finished:
        buffer.finish(1)
    buffer.resume()
    assert pull_all(buffer, 4) == [0] * 640
    assert buffer.underruns == (0 if finished else 1)


def test_an_interruption_ends_a_pause_silently(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(1600)), 0.0)
    pull_all(buffer, 2)
    buffer.pause()
    pull_all(buffer, 2)
    epoch = buffer.interrupt()
    assert not buffer.paused
    assert buffer.last_epoch_played_samples == 320
    assert pull(buffer) == [0] * FRAME
    buffer.push(epoch, pack(voice(320)), 1.0)
    assert pull(buffer)[FADE:] == voice(FRAME)[FADE:]


# -- concealment


@pytest.mark.parametrize("hz", [75.0, 111.0, 150.0, 222.0, 390.0])
def test_running_dry_repeats_the_voice_and_decays_within_60_ms(make: Make, hz: float) -> None:
    buffer = make()
    said = voice(1000, hz=hz)
    buffer.push(1, pack(said), 0.0)
    heard = pull_all(buffer, 12)
    assert heard[FADE:1000] == said[FADE:]
    assert buffer.underruns == 1
    assert largest_step(heard[FADE:]) <= 1.25 * largest_step(said)
    # 10 ms in it still sounds like the voice, at the level the decay has then.
    expected = [sample * (480 - i) / 480 for i, sample in enumerate(voice(1080, hz=hz)[1000:])]
    error = math.sqrt(sum((a - b) ** 2 for a, b in zip(heard[1000:1080], expected, strict=True)) / 80)
    assert error < 0.25 * 12000
    assert heard[1000 + 480 :] == [0] * (12 * FRAME - 1480)
    assert not buffer.idle


def test_concealing_a_sound_without_a_period_makes_no_step(make: Make) -> None:
    """20 Hz is lower than any pitch searched for: every repetition has to be bent into the next."""
    buffer = make()
    said = voice(1000, hz=20.0)
    buffer.push(1, pack(said), 0.0)
    assert largest_step(pull_all(buffer, 12)[FADE:]) <= 1500


def test_concealing_noise_makes_no_step_larger_than_the_noise(make: Make) -> None:
    buffer = make()
    state, said = 1, []
    for _ in range(480):
        state = state * 1103515245 + 12345 & 0x7FFFFFFF
        said.append((state >> 16) % 8000 - 4000)
    buffer.push(1, pack(said), 0.0)
    heard = pull_all(buffer, 7)
    assert largest_step(heard[FADE:]) <= 8000


def test_sound_that_comes_back_crosses_over(make: Make) -> None:
    buffer = make()
    said = voice(2400)
    buffer.push(1, pack(said[:1000]), 0.0)
    heard = pull_all(buffer, 7)  # 120 samples of concealment
    assert buffer.underruns == 1
    assert buffer.played_samples == 1000
    buffer.push(1, pack(said[1000:]), 0.15)
    heard += pull_all(buffer, 8)
    assert heard[1120 + FADE : 2400] == said[1000 + FADE : 2280]
    assert largest_step(heard[FADE:]) <= 1.5 * largest_step(said)
    assert buffer.underruns == 1


def test_after_an_underrun_the_prebuffer_is_refilled(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(160)), 0.0)
    pull_all(buffer, 6)
    assert buffer.underruns == 1
    assert buffer.prebuffer_ms == 40
    buffer.push(1, pack(voice(160)), 0.02)
    assert pull(buffer) == [0] * FRAME  # 20 ms wait, 40 are wanted
    buffer.push(1, pack(voice(160)), 0.14)  # 100 ms late
    assert buffer.prebuffer_ms == 100
    buffer.push(1, pack(voice(480)), 0.14)
    assert pull(buffer) != [0] * FRAME


def test_finishing_during_concealment_ends_it_softly(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(1000)), 0.0)
    heard = pull_all(buffer, 7)
    buffer.finish(1)
    assert buffer.idle
    tail = pull(buffer)
    assert tail[0] != 0
    assert tail[FADE:] == [0] * (FRAME - FADE)
    assert largest_step(heard[FADE:] + tail) <= 1.25 * largest_step(voice(1000))


def test_interrupting_concealment_fades_it(make: Make) -> None:
    buffer = make()
    buffer.push(1, pack(voice(1000)), 0.0)
    heard = pull_all(buffer, 7)
    buffer.interrupt()
    tail = pull(buffer)
    assert tail[FADE:] == [0] * (FRAME - FADE)
    assert largest_step(heard[FADE:] + tail) <= 1.25 * largest_step(voice(1000))
    assert buffer.last_epoch_played_samples == 1000


# -- comfort noise and errors


def test_comfort_noise_has_its_level_and_leaves_speech_alone(make: Make) -> None:
    buffer = make(comfort_noise_db=-50.0, seed=7)
    noise = pull_all(buffer, 100)
    rms = math.sqrt(sum(sample * sample for sample in noise) / len(noise))
    assert 20 * math.log10(rms / 32768) == pytest.approx(-50.0, abs=0.2)
    assert abs(sum(noise) / len(noise)) < 5
    assert not buffer.speaking
    said = voice(480)
    buffer.push(1, pack(said), 0.0)
    buffer.finish(1)
    assert pull_all(buffer, 3)[FADE:-FADE] == said[FADE:-FADE]
    assert pull(buffer) != pull(make(comfort_noise_db=-50.0, seed=8))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"max_queue_ms": 10}, "20 to 600000, got 10"),
        ({"max_queue_ms": 600001}, "20 to 600000, got 600001"),
        ({"prebuffer_min_ms": 300}, "got 300 and 240"),
        ({"prebuffer_max_ms": 2000, "max_queue_ms": 1000}, "<= 1000 ms, got 20 and 2000"),
        ({"prebuffer_min_ms": -1}, "got -1 and 240"),
        ({"comfort_noise_db": -10.0}, "-100 to -20, got -10"),
        ({"comfort_noise_db": math.nan}, "-100 to -20, got nan"),
    ],
)
def test_impossible_settings_are_refused(make: Make, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make(**settings)


def test_impossible_pushes_are_refused(make: Make) -> None:
    buffer = make()
    with pytest.raises(ValueError, match="got 5 bytes, not a multiple of 2"):
        buffer.push(1, bytes(5), 0.0)
    for now_s in (math.nan, math.inf, -math.inf, 1e300):
        with pytest.raises(ValueError, match="finite time"):
            buffer.push(1, bytes(4), now_s)
    assert buffer.push(1, b"", 0.0) == 0
    assert buffer.idle

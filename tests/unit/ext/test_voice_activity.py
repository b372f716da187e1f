"""Voice activity on made sound whose level is known."""

import math
import random
import struct

import pytest

from ext.levels import rms_dbfs
from ext.voice_activity import (
    ECHO_AGE_S,
    HANGOVER_S,
    LOUDEST_START_DB,
    LOWEST_FLOOR_DB,
    LOWEST_SPEECH_DB,
    ONSET_S,
    SPEECH_OVER_FLOOR_DB,
    START_S,
    VoiceActivity,
)

FRAME_S = 0.02
SILENCE = bytes(320)


def tone(level_db: float, seconds: float = FRAME_S) -> bytes:
    """A 400 Hz sine of this RMS level, s16le 8 kHz; whole periods, so each frame has the same level."""
    amplitude = 32768 * 10 ** (level_db / 20) * math.sqrt(2)
    count = round(seconds * 8000)
    return struct.pack(f"<{count}h", *(round(amplitude * math.sin(math.tau * n / 20)) for n in range(count)))


def noise(level_db: float, seed: int) -> bytes:
    """20 ms of white noise."""
    dice = random.Random(seed)
    deviation = 32768 * 10 ** (level_db / 20)
    return struct.pack("<160h", *(max(-32768, min(32767, round(dice.gauss(0, deviation)))) for _ in range(160)))


def frames(activity: VoiceActivity, pcm: bytes, seconds: float) -> list[bool]:
    return [activity.feed(pcm) for _ in range(round(seconds / FRAME_S))]


def line() -> VoiceActivity:
    """A call that has begun, on a quiet line."""
    activity = VoiceActivity()
    frames(activity, SILENCE, START_S + FRAME_S)
    return activity


def test_the_tone_is_as_loud_as_it_says() -> None:
    assert rms_dbfs(tone(-26.0)) == pytest.approx(-26.0, abs=0.1)


def test_telephone_speech_is_heard_after_its_onset_and_for_its_hangover() -> None:
    activity = VoiceActivity()
    assert not any(frames(activity, SILENCE, 1.0))
    heard = frames(activity, tone(-26.0), 0.4)
    assert heard.index(True) == round(ONSET_S / FRAME_S) - 1
    assert all(heard[1:])
    after = frames(activity, SILENCE, 1.0)
    assert after.index(False) == round(HANGOVER_S / FRAME_S) - 1
    assert not any(after[4:])


def test_a_click_is_no_voice() -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    assert not activity.feed(tone(-10.0))
    assert not any(frames(activity, SILENCE, 1.0))


def test_clicks_far_apart_do_not_add_up() -> None:
    activity = line()
    for _ in range(20):
        assert not activity.feed(tone(-10.0))
        assert not any(frames(activity, SILENCE, HANGOVER_S))


def test_a_short_dip_inside_a_word_does_not_end_it() -> None:
    activity = line()
    frames(activity, tone(-26.0), 0.2)
    assert all(frames(activity, SILENCE, HANGOVER_S - FRAME_S))
    assert all(frames(activity, tone(-26.0), 0.2))


@pytest.mark.parametrize(("level_db", "speaks"), [(LOWEST_SPEECH_DB - 2, False), (LOWEST_SPEECH_DB + 2, True)])
def test_how_quiet_a_caller_may_be_on_a_quiet_line(level_db: float, speaks: bool) -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    assert any(frames(activity, tone(level_db), 0.2)) is speaks


def test_steady_noise_becomes_the_floor() -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    heard = [activity.feed(noise(-40.0, seed)) for seed in range(500)]
    assert heard[10], "at first it may be voice"
    assert not any(heard[-100:])
    assert activity.floor_db == pytest.approx(-40.0, abs=2.0)
    assert activity.feed(tone(-40.0 + SPEECH_OVER_FLOOR_DB + 6)) is False, "onset"
    assert activity.feed(tone(-40.0 + SPEECH_OVER_FLOOR_DB + 6))


def mixed(*sounds: bytes) -> bytes:
    """Sounds of one length at the same time."""
    columns = zip(*(struct.unpack(f"<{len(sound) // 2}h", sound) for sound in sounds), strict=True)
    return struct.pack(f"<{len(sounds[0]) // 2}h", *(max(-32768, min(32767, sum(column))) for column in columns))


def test_a_voice_no_louder_than_the_noise_stands_out_of_it() -> None:
    activity = VoiceActivity()
    before = [activity.feed(noise(-35.0, seed)) for seed in range(200)]
    assert activity.in_noise
    assert not any(before)
    said = [mixed(noise(-35.0, seed), tone(-30.0)) for seed in range(200, 220)]
    assert rms_dbfs(said[0]) < activity.floor_db + SPEECH_OVER_FLOOR_DB, "energy does not tell it"
    heard = [activity.feed(frame) for frame in said]
    assert heard.index(True) <= 2 * ONSET_S / FRAME_S
    assert all(heard[4:])
    after = [activity.feed(noise(-35.0, seed)) for seed in range(220, 240)]
    assert after.index(False) <= HANGOVER_S / FRAME_S + 1
    assert not any(after[5:])


def test_our_own_sound_is_not_the_lines_noise() -> None:
    """The welcome is under way: what comes back of it, and noise softer than that may be, teaches nothing."""
    activity = VoiceActivity()
    for seed in range(50):
        activity.said(-20.0, FRAME_S)
        activity.feed(noise(-40.0, seed))
    for seed in range(50, 60):
        activity.said(-120.0, FRAME_S)
        assert not activity.feed(noise(-40.0, seed))
    heard = [activity.feed(mixed(noise(-40.0, seed), tone(-28.0))) for seed in range(60, 70)]
    assert any(heard)


def test_long_speech_makes_no_noise_of_a_quiet_line() -> None:
    activity = line()
    frames(activity, tone(-26.0), 5.0)
    assert not activity.in_noise
    frames(activity, SILENCE, 0.2)
    assert not activity.in_noise


def test_noise_that_ends_hides_nothing() -> None:
    activity = VoiceActivity()
    for seed in range(200):
        activity.feed(noise(-35.0, seed))
    frames(activity, SILENCE, 1.0)
    assert not activity.in_noise
    assert any(frames(activity, tone(-40.0), 0.2)), "it would hide in the noise that was"


def test_louder_noise_becomes_the_noise() -> None:
    activity = VoiceActivity()
    for seed in range(200):
        activity.feed(noise(-45.0, seed))
    heard = [activity.feed(noise(-30.0, seed)) for seed in range(200, 700)]
    assert any(heard[:10]), "at first it may be voice"
    assert not any(heard[-100:])


def test_the_floor_falls_at_once_when_the_noise_stops() -> None:
    activity = VoiceActivity()
    for seed in range(500):
        activity.feed(noise(-30.0, seed))
    assert activity.floor_db > -33
    frames(activity, SILENCE, 0.4)
    assert activity.floor_db == pytest.approx(LOWEST_FLOOR_DB, abs=0.1)


def test_digital_silence_does_not_pull_the_floor_down_for_ever() -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 60.0)
    assert activity.floor_db == LOWEST_FLOOR_DB
    assert not any(frames(activity, noise(-55.0, 1), 0.5)), "comfort noise of another exchange"


def test_long_speech_with_its_pauses_stays_speech() -> None:
    activity = line()
    for _ in range(60):
        assert any(frames(activity, tone(-26.0), 0.4))
        frames(activity, noise(-60.0, 7), 0.1)


@pytest.mark.parametrize("size_s", [0.005, 0.02, 0.06, 0.1])
def test_the_size_of_the_pieces_makes_little_difference(size_s: float) -> None:
    activity = line()
    for _ in range(round(0.4 / size_s)):
        activity.feed(tone(-26.0, size_s))
    assert activity.speaking
    for _ in range(round(0.2 / size_s)):
        activity.feed(bytes(round(size_s * 8000) * 2))
    assert not activity.speaking


def test_no_sound_changes_nothing() -> None:
    activity = line()
    assert activity.feed(b"") is False
    frames(activity, tone(-26.0), 0.2)
    assert activity.feed(b"") is True
    assert activity.floor_db == pytest.approx(LOWEST_FLOOR_DB, abs=1.0)


@pytest.mark.parametrize("level_db", [-56.0, -48.0, -42.0])
def test_noise_from_the_first_packet_on_is_noise(level_db: float) -> None:
    activity = VoiceActivity()
    assert not any(activity.feed(noise(level_db, seed)) for seed in range(200))
    assert any(frames(activity, tone(level_db + SPEECH_OVER_FLOOR_DB + 6), 0.2))


def test_who_speaks_from_the_first_packet_on_is_heard_soon() -> None:
    activity = VoiceActivity()
    heard = frames(activity, tone(LOUDEST_START_DB + SPEECH_OVER_FLOOR_DB + 2), 1.5 * START_S)
    assert heard.index(True) <= (START_S + ONSET_S) / FRAME_S
    assert heard[heard.index(True) :].count(False) == 0


# Our own sound, coming back.


def call(activity: VoiceActivity, own_db: float, heard: bytes, seconds: float) -> list[bool]:
    """We speak at this level, and this comes back."""
    spoken = []
    for _ in range(round(seconds / FRAME_S)):
        activity.said(own_db, FRAME_S)
        spoken.append(activity.feed(heard))
    return spoken


@pytest.mark.parametrize("loss_db", [13.0, 20.0, 30.0])
def test_echo_is_no_voice(loss_db: float) -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    assert not any(call(activity, -15.0, tone(-15.0 - loss_db), 3.0))
    assert activity.floor_db <= LOWEST_FLOOR_DB, "nor is it the line's noise"
    assert activity.echo_heard


def test_echo_of_words_with_gaps_is_no_voice_either() -> None:
    """Half a second of sound, then softer ones for a second, again and again: the loudest of it is no caller."""
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    for _ in range(6):
        for own_db, seconds in ((-15.0, 0.5), (-22.0, 1.0)):
            assert not any(call(activity, own_db, tone(own_db - 20.0), seconds))


@pytest.mark.parametrize("loss_db", [13.0, 20.0, 60.0])
def test_a_caller_who_talks_over_it_is_heard_at_once(loss_db: float) -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    call(activity, -20.0, tone(max(-20.0 - loss_db, -70.0)), 2.0)
    assert call(activity, -20.0, tone(-24.0), 0.4).index(True) == round(ONSET_S / FRAME_S) - 1


def test_on_a_line_without_echo_a_soft_caller_is_heard_over_loud_speech() -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    call(activity, -15.0, tone(-70.0), 2.0)
    assert any(call(activity, -15.0, tone(-40.0), 0.4))
    assert not activity.echo_heard


def test_before_that_is_known_it_might_be_echo() -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    assert not any(call(activity, -15.0, tone(-40.0), 0.4))


def test_echo_can_be_old() -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    call(activity, -15.0, tone(-35.0), 1.0)
    assert not any(call(activity, -120.0, tone(-35.0), ECHO_AGE_S))
    frames_later = call(activity, -120.0, tone(-35.0), ECHO_AGE_S)
    assert any(frames_later), "but not as old as that"


def test_who_was_taken_for_the_caller_by_mistake_is_not_the_next_time() -> None:
    activity = VoiceActivity()
    frames(activity, SILENCE, 1.0)
    for _ in range(3):
        assert any(call(activity, -15.0, tone(-23.0), 0.2)) or activity.echo_loss_db < 12.0
        activity.echoes()
        call(activity, -120.0, SILENCE, 0.8)
    assert not any(call(activity, -15.0, tone(-23.0), 0.2))

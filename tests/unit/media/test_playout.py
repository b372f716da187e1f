"""Words and samples: what was heard is told by what left."""

import itertools
from array import array
from math import sin

import pytest

from app.media.playout import SENTENCE_PAUSE_S, Playout

FRAME_SAMPLES = 160
HEADER_BYTES = 3
PAUSE_SAMPLES = round(SENTENCE_PAUSE_S * 8000)


def tone(frames: int) -> bytes:
    """Speech enough: a saw that is never zero for long."""
    return array("h", [(number * 37) % 8000 + 500 for number in range(frames * FRAME_SAMPLES)]).tobytes()


def say(playout: Playout, text: str, frames: int) -> None:
    playout.start_sentence(text)
    assert playout.push(playout.epoch, tone(frames), 0.0) == b""
    playout.end_sentence(playout.epoch)


def pull(playout: Playout, frames: int) -> bytes:
    return b"".join(playout.buffer.pull()[HEADER_BYTES:] for _ in range(frames))


def pull_all(playout: Playout) -> int:
    frames = 0
    while not playout.idle:
        playout.buffer.pull()
        frames += 1
        assert frames < 10_000
    return frames


def test_a_silent_line_carries_noise_too_faint_to_hear() -> None:
    samples = array("h", pull(Playout(), 50))
    assert 0 < max(map(abs, samples)) <= 30


def test_a_speech_heard_to_its_end() -> None:
    playout = Playout()
    playout.begin()
    assert not playout.has_sound
    say(playout, "Bonjour.", 10)
    say(playout, "Comment puis-je vous aider ?", 10)
    assert playout.has_sound
    assert playout.queued_s == pytest.approx(0.4 + SENTENCE_PAUSE_S)
    pull(playout, 1)
    assert playout.speaking
    pull_all(playout)
    assert playout.heard_samples == playout.pushed_samples == 20 * FRAME_SAMPLES + PAUSE_SAMPLES
    assert playout.heard_words() == "Bonjour. Comment puis-je vous aider ?"
    assert playout.underruns == 0


def test_an_interruption_keeps_only_what_was_heard() -> None:
    playout = Playout()
    playout.begin()
    say(playout, "Un.", 10)
    say(playout, "Deux trois quatre cinq", 10)
    say(playout, "Six.", 10)
    pull(playout, 28)
    epoch = playout.epoch
    assert playout.interrupt() == "Un. Deux trois…"
    assert playout.epoch > epoch
    assert not playout.has_sound
    pull(playout, 2)
    assert not playout.speaking


def test_nothing_was_heard_of_a_speech_that_never_began() -> None:
    playout = Playout()
    playout.begin()
    assert playout.interrupt() == ""
    playout.begin()
    say(playout, "Un.", 10)
    assert playout.interrupt() == ""


def test_one_word_at_least_of_a_sentence_that_began() -> None:
    playout = Playout()
    playout.begin()
    say(playout, "Je comprends.", 100)
    pull(playout, 2)
    assert playout.interrupt() == "Je…"


def test_a_sentence_still_being_spoken_is_never_told_as_whole() -> None:
    playout = Playout()
    epoch = playout.begin()
    playout.start_sentence("Un deux trois quatre")
    playout.push(epoch, tone(10), 0.0)
    pull(playout, 10)
    assert playout.heard_words(cut=True) == "Un deux trois quatre…"
    assert playout.heard_words() == "Un deux trois quatre"


def test_a_new_speech_drops_the_rest_of_the_old_one() -> None:
    playout = Playout()
    playout.begin()
    say(playout, "Ancien.", 50)
    pull(playout, 5)
    playout.begin()
    say(playout, "Nouveau.", 5)
    frames = pull_all(playout)
    assert frames < 20
    assert playout.heard_words(cut=True) == "Nouveau."


def test_a_second_speech_counts_from_its_own_start() -> None:
    playout = Playout()
    playout.begin()
    say(playout, "Un.", 10)
    pull_all(playout)
    playout.begin()
    assert playout.heard_samples == 0
    say(playout, "Deux.", 10)
    pull_all(playout)
    assert playout.heard_words(cut=True) == "Deux."


def test_sound_of_an_old_epoch_is_dropped() -> None:
    playout = Playout()
    old = playout.begin()
    playout.start_sentence("Un.")
    playout.interrupt()
    assert playout.push(old, tone(5), 0.0) == b""
    playout.end_sentence(old)
    assert playout.pushed_samples == 0
    assert playout.idle


def test_what_does_not_fit_comes_back() -> None:
    playout = Playout()
    epoch = playout.begin()
    playout.start_sentence("Long.")
    minute = tone(3000)
    assert playout.push(epoch, minute, 0.0) == b""
    assert playout.push(epoch, tone(5), 0.0) == tone(5)
    pull(playout, 10)
    assert playout.push(epoch, tone(5), 0.0) == b""


def silences_ms(pcm: bytes) -> list[float]:
    """Silences of 10 ms and more between sounds; comfort noise is silence."""
    samples = array("h", pcm)
    loud = [place for place, sample in enumerate(samples) if abs(sample) > 40]
    return [(after - before - 1) / 8 for before, after in itertools.pairwise(loud) if after - before > 80]


@pytest.mark.parametrize("pieces", [1, 4])
def test_sentences_follow_each_other_with_the_same_pause(pieces: int) -> None:
    """However they come: whole from the cache, or in bursts while the one before sounds."""
    playout = Playout()
    epoch = playout.begin()
    for text in ("Un.", "Deux.", "Trois."):
        playout.start_sentence(text)
        for _ in range(pieces):
            assert playout.push(epoch, tone(20 // pieces), 0.0) == b""
        playout.end_sentence(epoch)
    heard = pull(playout, 60 + 25)
    assert silences_ms(heard) == pytest.approx([SENTENCE_PAUSE_S * 1000] * 2, abs=2.0), "the fades are nearly silent"
    assert playout.idle
    assert playout.underruns == 0


@pytest.mark.parametrize(("late_s", "pause_s"), [(0.0, 0.25), (0.1, 0.15), (0.25, 0.0), (2.0, 0.0)])
def test_silence_that_was_heard_already_counts(late_s: float, pause_s: float) -> None:
    playout = Playout()
    epoch = playout.begin()
    say(playout, "Un.", 10)
    pull(playout, 10)
    playout.start_sentence("Deux.")
    playout.push(epoch, tone(10), 0.2 + late_s)
    assert playout.queued_s == pytest.approx(0.2 + pause_s)


def test_a_join_does_not_click() -> None:
    """The step from one sample to the next is no larger at the joins than within the sentences."""
    playout = Playout()
    wave = array("h", [round(8000 * sin(number / 5)) for number in range(30 * FRAME_SAMPLES + 77)]).tobytes()
    epoch = playout.begin()
    for text in ("Un.", "Deux."):
        playout.start_sentence(text)
        playout.push(epoch, wave, 0.0)
        playout.end_sentence(epoch)
    samples = array("h", pull(playout, 80))
    assert max(abs(after - before) for before, after in itertools.pairwise(samples)) <= 1700


def test_a_broken_sentence_is_taken_back_and_said_again() -> None:
    playout = Playout()
    epoch = playout.begin()
    say(playout, "Un.", 10)
    playout.start_sentence("Deux trois.")
    playout.push(epoch, tone(5), 0.0)
    pull(playout, 4)
    assert playout.before_last_sentence_s == pytest.approx(0.12 + SENTENCE_PAUSE_S)
    pull(playout, 21)
    assert playout.before_last_sentence_s == 0.0
    again = playout.take_back_sentence()
    assert again == playout.epoch > epoch
    say(playout, "Deux trois.", 10)
    pull(playout, 5)
    assert playout.heard_words(cut=True) == "Un. Deux…"
    pull_all(playout)
    assert playout.heard_words(cut=True) == "Un. Deux trois."


def test_taking_back_without_a_sentence_changes_nothing() -> None:
    playout = Playout()
    playout.begin()
    assert playout.before_last_sentence_s == 0.0
    playout.take_back_sentence()
    assert playout.heard_words() == ""
    playout.end_sentence(playout.epoch)
    assert playout.idle


def test_running_dry_inside_a_sentence_is_an_underrun() -> None:
    playout = Playout()
    epoch = playout.begin()
    playout.start_sentence("Un.")
    playout.push(epoch, tone(20), 0.0)
    pull(playout, 40)
    assert playout.underruns == 1

from array import array

import pytest

from app.caller.ears import BotSilent, BotSpeaks, EarEvent, Ears, SentenceHeard

LOUD = array("h", [8000, -8000] * 80).tobytes()
SOFT = array("h", [40, -40] * 80).tobytes()
"""−58 dBFS: noise of a line, below the threshold."""


class Line:
    """Feeds ears one frame each 20 ms, as "#" for a loud one, "." for a soft one, " " for none at all."""

    def __init__(self, ears: Ears) -> None:
        self.ears = ears
        self.events: list[EarEvent] = []
        self.now_s = 0.0
        self._frames = 0

    def feed(self, frames: str) -> "Line":
        for symbol in frames:
            self.now_s = self._frames * 0.02
            self._frames += 1
            if symbol != " ":
                self.events += self.ears.hear(self.now_s, LOUD if symbol == "#" else SOFT)
            self.events += self.ears.tick(self.now_s)
        return self

    def of(self, kind: type[EarEvent]) -> list[EarEvent]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.mark.parametrize("quiet", [".", " "])
def test_sentences_and_turns(quiet: str) -> None:
    ears = Ears(0.7)
    line = Line(ears).feed(".." + "#" * 10 + quiet * 15 + "#" * 5 + quiet * 50)
    assert [(round(heard.start_s, 2), round(heard.end_s, 2)) for heard in ears.sentences] == [
        (0.04, 0.24),
        (0.54, 0.64),
    ]
    assert [type(event) for event in line.events] == [BotSpeaks, SentenceHeard, SentenceHeard, BotSilent]
    (silent,) = line.of(BotSilent)
    assert isinstance(silent, BotSilent)
    assert silent.at_s == pytest.approx(0.64 + 0.7, abs=0.021)
    assert ears.first_sound_s == pytest.approx(0.04)
    assert not ears.speaking


def test_a_comma_does_not_part_a_sentence() -> None:
    ears = Ears(0.7)
    Line(ears).feed("#" * 10 + "." * 8 + "#" * 10 + "." * 20)
    assert len(ears.sentences) == 1


def test_level_is_the_mean_of_the_loud_frames() -> None:
    ears = Ears(0.7)
    Line(ears).feed("#" * 10 + "." * 20)
    assert ears.sentences[0].level_db == pytest.approx(-12.2, abs=0.1)  # 8000 of 32768


def test_the_recogniser_gets_the_sentence_with_what_surrounds_it() -> None:
    line = Line(Ears(0.7, keeps_sound=True)).feed("." * 20 + "#" * 10 + "." * 20)
    (event,) = line.of(SentenceHeard)
    assert isinstance(event, SentenceHeard)
    assert event.pcm == SOFT * 5 + LOUD * 10 + SOFT * 12


def test_a_call_that_ends_ends_its_sentence() -> None:
    ears = Ears(0.7)
    line = Line(ears).feed("#" * 10)
    assert line.of(SentenceHeard) == []
    assert [type(event) for event in ears.close()] == [SentenceHeard]
    assert ears.sentences[0].level_db < 0


def test_when_the_bot_has_spoken_since() -> None:
    ears = Ears(0.7)
    assert not ears.spoke_since(0.0)
    line = Line(ears).feed("#" * 20)
    assert ears.spoke_since(0.0)
    assert not ears.spoke_since(0.2)  # it goes on with what it had begun
    line.feed("#" * 50)
    assert ears.spoke_since(0.2)  # on and on


def test_answers_are_sentences_that_begin_later() -> None:
    ears = Ears(0.7)
    Line(ears).feed("#" * 10 + "." * 30 + "#" * 10)
    assert ears.first_start_since(0.0) == 0.0
    assert ears.first_start_since(0.1) == pytest.approx(0.8)
    assert ears.first_start_since(0.9) is None
    assert ears.spoke_until(0.1) == pytest.approx(0.2)
    assert ears.spoke_until(0.5) is None


def test_speech_lasts_over_the_pauses_between_its_sentences() -> None:
    ears = Ears(0.7)
    Line(ears).feed("#" * 10 + "." * 18 + "#" * 10 + "." * 32 + "#" * 10)
    assert len(ears.sentences) == 3
    assert ears.spoke_until(0.1) == ears.spoke_until(0.4) == pytest.approx(0.76)
    assert ears.spoke_until(0.8) is None
    assert ears.spoke_until(1.42) == pytest.approx(1.6)


def test_a_burst_of_frames_lasts_as_long_as_it_sounds() -> None:
    ears = Ears(0.7)
    for _ in range(100):
        ears.hear(0.0, LOUD)
    assert ears.sentences[0].end_s == pytest.approx(2.0)
    assert list(ears.tick(2.6)) != []  # the sentence is over, the turn not yet
    assert ears.speaking
    assert [type(event) for event in ears.tick(2.71)] == [BotSilent]


def test_even_frames_are_never_late() -> None:
    ears = Ears()
    Line(ears).feed("." * 100)
    assert (ears.evenness.received, ears.evenness.late) == (100, 0)
    assert ears.evenness.max_gap_s == pytest.approx(0.02)
    assert ears.evenness.expected(1.99) == 100


def test_a_stall_is_one_late_frame() -> None:
    ears = Ears()
    Line(ears).feed("." * 50 + " " * 5 + "." * 50)
    assert (ears.evenness.received, ears.evenness.late) == (100, 1)
    assert ears.evenness.max_gap_s == pytest.approx(0.12)
    assert ears.evenness.expected(2.08) == 105


def test_frames_ahead_of_time_are_not_late() -> None:
    ears = Ears()
    for at_s in (0.0, 0.0, 0.0, 0.02, 0.04, 0.06):
        ears.hear(at_s, SOFT)
    assert ears.evenness.late == 0


def test_a_bot_that_is_too_slow_is_late_again_and_again() -> None:
    ears = Ears()
    for number in range(100):
        ears.hear(number * 0.022, SOFT)
    assert ears.evenness.late == 9  # 2 ms a frame: one break every 11 frames


def test_frames_of_other_lengths_count_by_their_length() -> None:
    ears = Ears()
    for number in range(50):
        ears.hear(number * 0.04, SOFT * 2)
    assert ears.evenness.late == 0


def test_no_frames_at_all() -> None:
    ears = Ears()
    assert ears.evenness.expected(10.0) == 0
    assert ears.first_sound_s is None
    assert list(ears.close()) == []
    assert ears.quiet_for_s(3.0) == 3.0

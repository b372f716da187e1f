"""What is waited for when nothing happens; every time is told, none is waited for."""

from math import inf

import pytest

from app.call.events import Silence, TypingPaused
from app.call.timers import ANSWER_READY_S, DEAD_AIR_S, Timers


class Waiting:
    """Timers, and what came of them."""

    def __init__(self) -> None:
        self.came: list[object] = []
        self.timers = Timers(lambda: self.came.append("filler"), self.came.append)

    def follow(self, now_s: float, *, voiced: bool = False, voice_ended_s: float = 0.0, quiet: bool = True) -> float:
        return self.timers.follow(now_s, voiced=voiced, voice_ended_s=voice_ended_s, quiet=quiet)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def test_nothing_is_waited_for_at_first(waiting: Waiting) -> None:
    assert waiting.follow(1e9) == inf
    assert waiting.came == []


def test_a_turn_without_an_answer_becomes_dead_air_once(waiting: Waiting) -> None:
    waiting.timers.turn_over(speech_ended_s=10.0, now_s=10.5)
    assert waiting.follow(10.5, voice_ended_s=10.0) == 10.0 + DEAD_AIR_S
    assert waiting.came == []
    waiting.follow(10.0 + DEAD_AIR_S, voice_ended_s=10.0)
    assert waiting.follow(20.0, voice_ended_s=10.0) == inf
    assert waiting.came == ["filler"]


def test_a_late_turn_leaves_some_time_for_an_answer_that_is_ready(waiting: Waiting) -> None:
    waiting.timers.turn_over(speech_ended_s=10.0, now_s=14.0)
    assert waiting.follow(14.0, voice_ended_s=10.0) == 14.0 + ANSWER_READY_S


def test_late_words_that_have_come_are_waited_for_no_longer(waiting: Waiting) -> None:
    waiting.timers.await_words(voice_ended_s=10.0)
    waiting.timers.words_came()
    assert waiting.follow(20.0, voice_ended_s=10.0) == inf
    assert waiting.came == []


def test_no_filler_over_the_callers_voice(waiting: Waiting) -> None:
    waiting.timers.turn_over(speech_ended_s=10.0, now_s=10.5)
    assert waiting.follow(13.0, voiced=True, voice_ended_s=13.0, quiet=False) == inf
    assert waiting.follow(14.0, voice_ended_s=13.5, quiet=False) == 13.5 + DEAD_AIR_S
    assert waiting.came == []


@pytest.mark.parametrize("turn_ended", [False, True])
def test_who_goes_on_before_the_turn_has_ended_is_owed_no_answer(waiting: Waiting, turn_ended: bool) -> None:
    waiting.timers.await_words(voice_ended_s=10.0)
    if turn_ended:
        waiting.timers.turn_over(speech_ended_s=10.0, now_s=10.5)
    waiting.follow(11.0, voiced=True, voice_ended_s=11.0, quiet=False)
    waiting.follow(20.0, voice_ended_s=11.0, quiet=False)
    assert waiting.came == (["filler"] if turn_ended else [])


def test_silence_counts_while_neither_side_speaks(waiting: Waiting) -> None:
    waiting.timers.silence_at_s = 8.0
    assert waiting.follow(7.0) == 8.0
    assert waiting.follow(8.5, quiet=False) == inf
    assert waiting.came == []
    assert waiting.follow(9.0) == inf
    assert waiting.came == [Silence()]


def test_a_turn_ends_the_wait_for_one(waiting: Waiting) -> None:
    waiting.timers.silence_at_s = 8.0
    waiting.timers.turn_over(speech_ended_s=7.5, now_s=7.9)
    waiting.timers.dead_air_at_s = inf
    assert waiting.follow(9.0) == inf
    assert waiting.came == []


def test_typing_pauses_whoever_speaks(waiting: Waiting) -> None:
    waiting.timers.typing_ends_at_s = 5.0
    assert waiting.follow(4.0, voiced=True, quiet=False) == 5.0
    assert waiting.follow(5.0, voiced=True, quiet=False) == inf
    assert waiting.came == [TypingPaused()]


def test_after_the_filler_the_other_timers_are_looked_at_anew(waiting: Waiting) -> None:
    """It may have made the bot speak: then silence does not count."""
    waiting.timers.turn_over(speech_ended_s=0.0, now_s=0.0)
    waiting.timers.silence_at_s = waiting.timers.typing_ends_at_s = 1.0
    assert waiting.follow(9.0) == 9.0
    assert waiting.came == ["filler"]
    waiting.follow(9.0)
    assert waiting.came == ["filler", TypingPaused(), Silence()]

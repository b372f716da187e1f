"""Turn-taking, driven by a script of voice and words on a clock that the test turns."""

from dataclasses import dataclass, field
from typing import ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dialogue.backchannels import is_backchannel, is_listening_noise
from app.dialogue.overlap import FALSE_OVERLAPS, OVERLAP_NOISE_S, OVERLAP_S, OVERLAP_SENTENCE_S, OVERLAP_WORDS_S
from app.dialogue.pace import PACE_MARGIN
from app.dialogue.patience import (
    CLOSED_LEAST_S,
    CLOSED_S,
    FIELD,
    FINALIZE_INTERIM_TIMEOUT_S,
    FINALIZE_TIMEOUT_S,
    NO_NEW_WORDS_IN_NOISE_S,
    NO_NEW_WORDS_S,
    OPEN,
    PROVIDER_SILENT_S,
    SETTLE_OVER_BOT_S,
    SETTLE_S,
    SPOKE_S,
    UNFINISHED_S,
    VOICE_WITHOUT_WORDS_S,
    WORDS_WITHOUT_VOICE_S,
    YES_NO,
)
from app.dialogue.states import Endpointing
from app.dialogue.turn_events import FinalizeWanted, Interrupted, Settled, TurnEnded, TurnEvent, Unheard, WordsLate
from app.dialogue.turns import Turns

FRAME_S = 0.02
TOLERANCE_S = 2.5 * FRAME_S


def nobody_knows(expects: Endpointing, text: str) -> bool | None:
    return None


@pytest.fixture(params=[False, True], ids=["told every frame", "told of changes"], autouse=True)
def _how_often(request: pytest.FixtureRequest) -> None:
    """All that is true holds whether the turns hear of every frame, or only of changes and at their deadlines."""
    Line.sparse = request.param


@dataclass
class Line:
    """One caller's line: frames of voice or silence, 20 ms each, and what the recogniser says in between."""

    sparse: ClassVar[bool] = False

    turns: Turns
    now_s: float = 1000.0
    heard_s: float = 1000.0
    voice: bool = False
    wake_at_s: float = 0.0
    events: list[tuple[float, TurnEvent]] = field(default_factory=list)

    def frames(self, seconds: float, *, voice: bool) -> list[TurnEvent]:
        """Lets time pass; returns what happened."""
        first = len(self.events)
        for _ in range(round(seconds / FRAME_S)):
            self.now_s += FRAME_S
            self.heard_s = self.now_s if voice else self.heard_s
            changed, self.voice = voice != self.voice, voice
            if changed or not self.sparse:
                self.turns.on_voice(voice, self.heard_s)
            if changed or not self.sparse or self.now_s >= self.wake_at_s:
                self._note(self.turns.on_tick(self.now_s))
                self.wake_at_s = self.turns.deadline_s(self.now_s)
        return [event for _, event in self.events[first:]]

    def speaks(self, seconds: float) -> list[TurnEvent]:
        return self.frames(seconds, voice=True)

    def silent(self, seconds: float) -> list[TurnEvent]:
        return self.frames(seconds, voice=False)

    def interim(self, text: str, *, may_end_turn: bool = False) -> list[TurnEvent]:
        return self._note(self.turns.on_words(text, self.now_s, is_final=False, may_end_turn=may_end_turn))

    def final(self, text: str, *, ends_turn: bool = False, answer: bool = False) -> list[TurnEvent]:
        return self._note(
            self.turns.on_words(text, self.now_s, is_final=True, ends_turn=ends_turn, answers_finalize=answer)
        )

    def until_event(self, limit_s: float = 30.0) -> tuple[float, TurnEvent]:
        """Silence until something happens; returns how long it took, and what."""
        start_s = self.now_s
        while not (events := self.silent(FRAME_S)):
            assert self.now_s - start_s < limit_s, "nothing ever happens"
        assert len(events) == 1
        return self.now_s - start_s, events[0]

    def _note(self, events: list[TurnEvent]) -> list[TurnEvent]:
        self.events += [(self.now_s, event) for event in events]
        self.wake_at_s = 0.0
        return events


def line(expects: Endpointing = "open", **options: bool) -> Line:
    turns = Turns(nobody_knows, **options)
    turns.expects = expects
    return Line(turns)


# How a turn ends


@pytest.mark.parametrize(("expects", "patience_s"), [("yes_no", 0.5), ("open", 1.2), ("field:name", 1.2)])
def test_the_original_products_patience(expects: Endpointing, patience_s: float) -> None:
    """Of words that may be all or not."""
    call = line(expects)
    call.speaks(0.8)
    call.interim("euh oui")
    stopped_s = call.now_s
    waited_s, event = call.until_event()
    assert event == FinalizeWanted()
    assert waited_s == pytest.approx(SETTLE_S, abs=TOLERANCE_S)
    assert call.final("Euh, oui.", answer=True) == [Settled("Euh, oui.")]
    waited_s, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Euh, oui."
    assert ended.speech_ended_s == pytest.approx(stopped_s)
    assert call.now_s - stopped_s == pytest.approx(patience_s, abs=TOLERANCE_S)
    assert call.silent(10) == []


@pytest.mark.parametrize(
    ("expects", "complete", "patience_s"),
    [
        ("yes_no", True, YES_NO.complete_s),
        ("yes_no", False, UNFINISHED_S),
        ("open", True, OPEN.complete_s),
        ("open", False, UNFINISHED_S),
        ("field:phone", True, FIELD.complete_s),
        ("field:phone", False, UNFINISHED_S),
    ],
)
def test_what_was_said_decides_how_long_to_wait(expects: Endpointing, complete: bool, patience_s: float) -> None:
    asked: list[tuple[Endpointing, str]] = []

    def completeness(expects: Endpointing, text: str) -> bool | None:
        asked.append((expects, text))
        return complete

    turns = Turns(completeness)
    turns.expects = expects
    call = Line(turns)
    call.speaks(1.0)
    call.final("zéro six douze")
    stopped_s = call.now_s
    call.until_event()
    events = call.final("trente-quatre", answer=True)
    while not events or not isinstance(ended := events[-1], TurnEnded):
        assert events in ([], [Settled("zéro six douze trente-quatre")])
        events = [call.until_event()[1]]
    assert ended.text == "zéro six douze trente-quatre"
    assert call.now_s - stopped_s == pytest.approx(patience_s, abs=TOLERANCE_S)
    assert asked[-1] == (expects, "zéro six douze trente-quatre")
    assert len(asked) == len(set(asked)), "asked once for each text"


def test_a_sure_answer_ends_the_turn_with_its_last_word() -> None:
    """The final words come later than the patience: nothing more is waited for."""
    turns = Turns(lambda expects, text: True)
    turns.expects = "yes_no"
    call = Line(turns)
    call.speaks(0.4)
    call.until_event()
    call.silent(YES_NO.complete_s)
    (ended,) = call.final("Oui.", answer=True)
    assert isinstance(ended, TurnEnded)


def test_a_pause_shorter_than_the_patience_is_part_of_the_turn() -> None:
    call = line()
    call.speaks(0.5)
    call.final("Ma box")
    assert call.silent(OPEN.usual_s - 0.1) == [FinalizeWanted()]
    call.speaks(0.5)
    call.final("ne marche plus.")
    call.until_event()
    call.final("", answer=True)
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Ma box ne marche plus."


def test_finalize_is_asked_once_and_not_waited_for_longer_than_its_timeout() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.final("Oui.")
    _, event = call.until_event()
    assert event == FinalizeWanted()
    waited_s, late = call.until_event()
    assert late == WordsLate()
    assert waited_s == pytest.approx(YES_NO.usual_s - SETTLE_S, abs=TOLERANCE_S)
    more_s, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Oui."
    assert waited_s + more_s == pytest.approx(FINALIZE_TIMEOUT_S, abs=TOLERANCE_S)


def test_words_that_are_not_final_yet_are_waited_for_longer() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.interim("oui")
    call.until_event()
    assert call.until_event()[1] == WordsLate()
    waited_s, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "oui", "what is there counts"
    assert waited_s == pytest.approx(FINALIZE_INTERIM_TIMEOUT_S, abs=TOLERANCE_S)


def test_an_empty_answer_to_finalize_keeps_the_words() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.interim("oui")
    call.until_event()
    call.final("", answer=True)
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "oui"


def test_the_end_of_the_utterance_may_overtake_the_answer_to_finalize() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.interim("ou")
    call.until_event()
    assert call.final("Oui.", ends_turn=True) == [Settled("Oui.")]
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Oui."


def test_other_finals_do_not_pass_for_the_answer_to_finalize() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.until_event()
    assert call.final("Oui") == []
    assert call.final("merci.", answer=True) == [Settled("Oui merci.")]
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Oui merci."


def test_speech_final_makes_finalize_needless() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    stopped_s = call.now_s
    call.silent(SETTLE_S - 2 * FRAME_S)
    call.final("Oui.", ends_turn=True)
    assert call.until_event()[1] == Settled("Oui.")
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert call.now_s - stopped_s == pytest.approx(YES_NO.usual_s, abs=TOLERANCE_S)


def test_speech_final_from_before_the_last_words_does_not() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.final("Oui.", ends_turn=True)
    call.speaks(0.1)
    assert call.until_event()[1] == FinalizeWanted()


def test_words_after_the_final_ones_ask_for_finalize_again() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.until_event()
    call.final("Oui.", answer=True)
    call.interim("et")
    assert call.until_event()[1] == FinalizeWanted()
    call.final("et voilà.", answer=True)
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Oui. et voilà."


def test_a_caller_who_goes_on_while_the_final_words_are_awaited() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.interim("oui")
    call.until_event()
    call.speaks(0.3)
    assert call.final("Oui", answer=True) == [], "the answer belongs to a pause that is over"
    call.interim("mais non")
    _, event = call.until_event()
    assert event == FinalizeWanted()
    call.final("mais non.", answer=True)
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Oui mais non."


def test_an_empty_final_takes_its_interim_back() -> None:
    call = line()
    call.speaks(0.1)
    call.interim("hein")
    call.final("")
    assert call.turns.text == ""
    assert not any(isinstance(event, TurnEnded) for event in call.silent(5))


# Early starts


def test_the_words_so_far_are_told_once_they_are_final() -> None:
    call = line()
    call.speaks(1.0)
    call.interim("ma box")
    call.until_event()
    assert call.final("Ma box", answer=True) == [Settled("Ma box")]
    call.silent(0.2)
    call.speaks(0.5)
    call.until_event()
    assert call.final("est en panne.", answer=True) == [Settled("Ma box est en panne.")]


def test_half_a_sentence_is_told_later_than_a_whole_one() -> None:
    call = Line(Turns(lambda expects, text: False))
    call.speaks(1.0)
    stopped_s = call.now_s
    call.until_event()
    assert call.final("Ma box", answer=True) == []
    assert call.until_event()[1] == Settled("Ma box")
    assert call.now_s - stopped_s == pytest.approx(OPEN.usual_s, abs=TOLERANCE_S)


# A caller's own pace


def says(call: Line, *parts: str, pause_s: float) -> float:
    """Sentences in pieces; returns how much silence ended the turn."""
    for at, part in enumerate(parts):
        if at:
            assert not any(isinstance(event, TurnEnded) for event in call.silent(pause_s))
        call.speaks(0.6)
        call.final(part, ends_turn=True)
    stopped_s = call.now_s
    while not isinstance(call.until_event()[1], TurnEnded):
        pass
    return call.now_s - stopped_s


def test_whoever_pauses_is_waited_for() -> None:
    call = Line(Turns(lambda expects, text: True))
    assert says(call, "ma box", "ne marche plus", pause_s=0.7) == pytest.approx(0.7 * PACE_MARGIN, abs=TOLERANCE_S)
    call.silent(5)
    assert says(call, "elle clignote", pause_s=0) > OPEN.complete_s + TOLERANCE_S, "still"
    for _ in range(5):
        call.silent(5)
        says(call, "oui", pause_s=0)
    call.silent(5)
    assert says(call, "oui", pause_s=0) == pytest.approx(OPEN.complete_s, abs=TOLERANCE_S), "not for ever"


def test_nobody_is_waited_for_too_long() -> None:
    call = line()
    assert says(call, "ma box", "ne marche plus", pause_s=1.1) == pytest.approx(1.1 * PACE_MARGIN, abs=TOLERANCE_S)
    call.silent(5)
    assert says(call, "ma box", "ne marche", "plus", pause_s=1.3) == pytest.approx(OPEN.longest_s, abs=TOLERANCE_S)


def test_going_on_after_the_turn_was_taken_is_a_pause_too() -> None:
    call = Line(Turns(lambda expects, text: True))
    says(call, "ma box", pause_s=0)
    call.silent(0.3)
    assert says(call, "ne marche plus", pause_s=0) > OPEN.complete_s + 0.2


# Voice without words, words without voice


def test_a_cough_is_nothing() -> None:
    call = line()
    call.speaks(SPOKE_S - 0.1)
    assert call.silent(5) == [FinalizeWanted(), WordsLate()]
    assert not call.turns.caller_speaks


def test_two_coughs_are_not_speech_because_of_the_time_between_them() -> None:
    call = line()
    call.speaks(0.2)
    call.silent(0.8)
    call.speaks(0.2)
    assert call.silent(5) == [FinalizeWanted(), WordsLate()]


def test_coughs_of_different_turns_do_not_add_up() -> None:
    call = line()
    for _ in range(4):
        call.speaks(SPOKE_S - 0.2)
        assert call.silent(5) == [FinalizeWanted(), WordsLate()]


def test_long_voice_without_words_is_unheard() -> None:
    call = line()
    call.speaks(SPOKE_S + 0.1)
    stopped_s = call.now_s
    call.until_event()
    assert call.until_event()[1] == WordsLate()
    _, event = call.until_event()
    assert isinstance(event, Unheard)
    assert event.speech_ended_s == pytest.approx(stopped_s)
    assert call.silent(10) == []


def test_words_of_a_caller_too_quiet_for_voice_activity() -> None:
    call = line("yes_no")
    call.interim("ou")
    call.silent(WORDS_WITHOUT_VOICE_S / 2)
    call.final("Oui.")
    spoke_s = call.now_s
    waited_s, ended = call.until_event()
    assert ended == TurnEnded("Oui.", spoke_s)
    assert waited_s == pytest.approx(WORDS_WITHOUT_VOICE_S, abs=TOLERANCE_S)


def test_noise_that_goes_on_after_the_words_does_not_hold_the_turn() -> None:
    call = line("yes_no")
    call.speaks(0.4)
    call.final("Oui.", ends_turn=True)
    events = call.speaks(NO_NEW_WORDS_S + FINALIZE_TIMEOUT_S + 0.1)
    assert [type(event) for event in events] == [FinalizeWanted, TurnEnded]
    assert isinstance(events[-1], TurnEnded)
    assert events[-1].text == "Oui."


def test_noise_that_comes_and_goes_does_not_either() -> None:
    call = line("open")
    call.speaks(0.4)
    call.final("Oui.")
    events: list[TurnEvent] = []
    for _ in range(60):
        events += call.speaks(0.14) + call.silent(0.06)
    ended = [event for event in events if isinstance(event, TurnEnded)]
    assert [event.text for event in ended] == ["Oui."]


def test_a_long_speech_that_brings_words_is_heard_out() -> None:
    call = line()
    for number in range(20):
        assert call.speaks(NO_NEW_WORDS_S - 0.5) == []
        call.interim(f"mot {number}")
    assert call.silent(0.1) == []


def test_endless_voice_without_words_is_unheard_again_and_again() -> None:
    call = line()
    events = call.speaks(2 * (VOICE_WITHOUT_WORDS_S + FINALIZE_TIMEOUT_S) + 0.5)
    assert [type(event) for event in events] == [FinalizeWanted, Unheard] * 2


@pytest.mark.parametrize(
    ("expects", "text", "over_s"),
    [
        ("yes_no", "Oui voilà.", CLOSED_LEAST_S),
        ("open", "Oui voilà.", 1.2 - CLOSED_S),
        ("yes_no", "Non.", NO_NEW_WORDS_IN_NOISE_S),
    ],
    ids=["words", "as patient as the question needs", "one word: a comma, maybe"],
)
def test_on_a_noisy_line_the_recogniser_finds_the_end(expects: Endpointing, text: str, over_s: float) -> None:
    """The voices of others go on; half a second of silence has passed when it closes the utterance."""
    call = line(expects)
    call.turns.in_noise = True
    call.speaks(2.0)
    events = call.final(text, ends_turn=True)
    closed_s = call.now_s
    while not any(isinstance(event, TurnEnded) for event in events):
        events += call.speaks(FRAME_S)
    assert [type(event) for event in events if not isinstance(event, Settled)] == [TurnEnded]
    assert call.now_s - closed_s == pytest.approx(over_s, abs=TOLERANCE_S)


def test_one_word_in_noise_is_all_when_silence_follows() -> None:
    call = line("yes_no")
    call.turns.in_noise = True
    call.speaks(2.0)
    events = call.final("Oui.", ends_turn=True)
    closed_s = call.now_s
    while not any(isinstance(event, TurnEnded) for event in events):
        events += call.silent(FRAME_S)
    assert call.now_s - closed_s == pytest.approx(CLOSED_LEAST_S, abs=TOLERANCE_S)


def test_a_caller_who_goes_on_in_noise_has_not_finished() -> None:
    call = line()
    call.turns.in_noise = True
    call.speaks(2.0)
    events = call.final("Bonjour.", ends_turn=True) + call.speaks(0.4) + call.interim("j'ai une")
    events += call.speaks(1.0)
    assert not any(isinstance(event, TurnEnded) for event in events)


@pytest.mark.parametrize(("text", "voice_s", "stops"), [("Passez-moi quelqu'un.", 0.12, False), ("Stop.", 0.2, True)])
def test_words_that_hardly_stood_out_of_the_noise_are_somebody_elses(text: str, voice_s: float, stops: bool) -> None:
    call = line()
    call.turns.in_noise = call.turns.bot_speaks = True
    call.speaks(voice_s)
    events = call.final(text, ends_turn=True) + call.silent(3.0)
    assert any(isinstance(event, Interrupted) for event in events) is stops
    assert any(isinstance(event, TurnEnded) for event in events) is stops


def test_the_words_of_a_voice_over_the_bot_are_asked_for_at_once() -> None:
    call = line()
    call.turns.bot_speaks = True
    call.speaks(0.4)
    waited_s, event = call.until_event()
    assert event == FinalizeWanted()
    assert waited_s == pytest.approx(SETTLE_OVER_BOT_S, abs=TOLERANCE_S)


# Over the bot


def test_words_that_mean_something_interrupt_the_bot_once() -> None:
    call = line()
    call.turns.bot_speaks = True
    began_s = call.now_s + FRAME_S
    call.speaks(0.5)
    assert call.interim("d'accord") == []
    (event,) = call.interim("d'accord mais j'ai une question")
    assert isinstance(event, Interrupted)
    assert event.speech_started_s == pytest.approx(began_s)
    assert call.interim("d'accord mais j'ai une question encore") == []
    call.until_event()
    call.final("D'accord mais j'ai une question.", answer=True)
    _, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    call.interim("et puis non")
    assert isinstance(call.events[-1][1], Interrupted), "another turn may interrupt again"


def test_quiet_words_interrupt_from_the_moment_they_came() -> None:
    call = line()
    call.turns.bot_speaks = True
    assert call.interim("arrêtez") == [Interrupted(call.now_s)]


def test_listening_noises_do_not_interrupt() -> None:
    call = line()
    call.turns.bot_speaks = True
    call.speaks(0.3)
    assert call.interim("mmh") == []
    assert call.final("Mmh, d'accord.") == []


def test_words_while_the_bot_is_silent_interrupt_nobody() -> None:
    call = line()
    call.speaks(0.3)
    assert call.interim("bonjour j'ai un problème") == []


@pytest.mark.parametrize(
    "text", ["oui", "Oui, oui.", "mmh", "Mmmm", "D’accord !", "ok, très bien", "ah bon", "euh…", "Voilà.", " entendu "]
)
def test_backchannels(text: str) -> None:
    assert is_backchannel(text)


@pytest.mark.parametrize("text", ["", "oui mais", "non", "bonjour", "ouistiti", "bonbon", "attendez", "ok je vois pas"])
def test_no_backchannels(text: str) -> None:
    assert not is_backchannel(text)


def test_a_long_hum_is_judged_in_no_time() -> None:
    assert not is_backchannel("m" * 5000 + "x")
    assert not is_backchannel("mmm " * 2000 + "x")


# Over the bot: a voice that may mean something or not


def talks_over() -> Line:
    call = line()
    call.turns.bot_speaks = True
    return call


def test_a_voice_over_the_bot_overlaps_at_once_but_not_a_click() -> None:
    call = talks_over()
    call.speaks(OVERLAP_S - FRAME_S)
    assert not call.turns.overlaps
    call.speaks(3 * FRAME_S)
    assert call.turns.overlaps


def test_a_cough_is_over_when_no_words_come_of_it() -> None:
    call = talks_over()
    call.speaks(0.3)
    call.silent(OVERLAP_WORDS_S - 2 * FRAME_S)
    assert call.turns.overlaps
    call.silent(4 * FRAME_S)
    assert not call.turns.overlaps


def test_what_was_longer_than_a_cough_is_waited_for() -> None:
    call = talks_over()
    call.speaks(OVERLAP_SENTENCE_S + 2 * FRAME_S)
    call.silent(OVERLAP_SENTENCE_S - 2 * FRAME_S)
    for _ in range(6):
        call.speaks(FRAME_S)
        assert call.turns.overlaps


def test_words_that_mean_something_end_it_and_so_does_the_end_of_the_bots_speech() -> None:
    for end in ("words", "bot"):
        call = talks_over()
        call.speaks(0.4)
        assert call.turns.overlaps
        if end == "words":
            assert isinstance(call.interim("attendez")[0], Interrupted)
        else:
            call.turns.bot_speaks = False
        call.frames(FRAME_S, voice=True)
        call.turns.on_tick(call.now_s)
        assert not call.turns.overlaps


def test_where_only_words_interrupt_no_voice_overlaps() -> None:
    call = line(words_only=True)
    call.turns.bot_speaks = True
    call.speaks(0.5)
    assert not call.turns.overlaps
    assert isinstance(call.interim("attendez")[0], Interrupted)


def test_noise_does_not_silence_the_bot() -> None:
    call = talks_over()
    call.speaks(OVERLAP_NOISE_S - 2 * FRAME_S)
    assert call.turns.overlaps
    call.speaks(4)
    assert not call.turns.overlaps


@pytest.mark.parametrize("seconds", [0.3, OVERLAP_NOISE_S + 1])
def test_a_line_with_noise_is_left_in_peace_until_words_come(seconds: float) -> None:
    call = talks_over()
    for _ in range(FALSE_OVERLAPS if seconds < OVERLAP_NOISE_S else 1):
        call.speaks(0.2)
        assert call.turns.overlaps
        call.speaks(seconds - 0.2)
        call.silent(3)
        assert not call.turns.overlaps
    call.speaks(0.5)
    assert not call.turns.overlaps
    call.interim("mmh")
    call.silent(3)
    call.speaks(0.5)
    assert call.turns.overlaps


def test_a_backchannel_over_the_bot_is_a_turn_that_ends_soon() -> None:
    call = talks_over()
    call.speaks(0.3)
    call.until_event()
    call.silent(0.5)
    events = call.final("D'accord.", answer=True) + call.silent(0.6)
    assert [type(event) for event in events if event != Settled("D'accord.")] == [TurnEnded]


@pytest.mark.parametrize("text", ["bonjour", "Allô ?", "bonjour madame", "mmh"])
def test_a_greeting_does_not_stop_the_bot(text: str) -> None:
    assert is_listening_noise(text)


@pytest.mark.parametrize("text", ["bonjour j'ai une panne", "", "madame non"])
def test_more_than_a_greeting_does(text: str) -> None:
    assert not is_listening_noise(text)


# Flux


def test_flux_ends_the_turns_itself() -> None:
    call = line("yes_no", provider_ends_turns=True)
    call.speaks(0.4)
    call.interim("oui")
    assert call.silent(3) == []
    (ended,) = call.final("Oui.", ends_turn=True)
    assert isinstance(ended, TurnEnded)
    assert ended.text == "Oui."
    assert call.silent(20) == []


def test_flux_says_that_a_turn_may_have_ended() -> None:
    call = line(provider_ends_turns=True)
    call.speaks(0.4)
    assert call.interim("Ma box") == []
    assert call.interim("Ma box clignote.", may_end_turn=True) == [Settled("Ma box clignote.")]
    assert call.interim("Ma box clignote.", may_end_turn=True) == []
    assert call.interim("Ma box clignote. Elle", may_end_turn=False) == []
    assert call.interim("Ma box clignote. Elle est rouge.", may_end_turn=True) == [
        Settled("Ma box clignote. Elle est rouge.")
    ]
    (ended,) = call.final("Ma box clignote. Elle est rouge.", ends_turn=True)
    assert isinstance(ended, TurnEnded)
    assert call.interim("", may_end_turn=True) == []


def test_flux_may_interrupt_and_end_with_one_message() -> None:
    call = line(provider_ends_turns=True)
    call.turns.bot_speaks = True
    call.speaks(0.4)
    assert [type(event) for event in call.final("Arrêtez.", ends_turn=True)] == [Interrupted, TurnEnded]


def test_flux_ending_a_turn_without_words_ends_none() -> None:
    call = line(provider_ends_turns=True)
    call.speaks(0.4)
    assert call.final("", ends_turn=True) == []


def test_a_turn_that_flux_never_ends_ends_all_the_same() -> None:
    call = line(provider_ends_turns=True)
    call.speaks(1.0)
    call.interim("ma box")
    waited_s, ended = call.until_event()
    assert isinstance(ended, TurnEnded)
    assert ended.text == "ma box"
    assert waited_s == pytest.approx(PROVIDER_SILENT_S, abs=TOLERANCE_S)


def test_a_cough_long_ago_is_no_start_of_a_flux_turn() -> None:
    call = line(provider_ends_turns=True)
    call.speaks(0.1)
    call.silent(PROVIDER_SILENT_S + 1)
    call.turns.bot_speaks = True
    began_s = call.now_s + FRAME_S
    call.speaks(0.4)
    (event,) = call.interim("arrêtez tout")
    assert isinstance(event, Interrupted)
    assert event.speech_started_s == pytest.approx(began_s)


# One turn and the next


def test_nothing_of_a_turn_is_left_for_the_next() -> None:
    call = line("yes_no")
    call.turns.bot_speaks = True
    call.speaks(0.9)
    call.final("Attendez une minute.", ends_turn=True)
    call.until_event()
    call.final("", answer=True)
    assert isinstance(call.until_event()[1], TurnEnded)
    call.turns.bot_speaks = False
    assert call.turns.text == ""
    assert not call.turns.caller_speaks
    assert call.silent(3) == []
    began_s = call.now_s + FRAME_S
    call.turns.bot_speaks = True
    call.speaks(0.3)
    (interrupted,) = call.interim("stop")
    assert isinstance(interrupted, Interrupted)
    assert interrupted.speech_started_s == pytest.approx(began_s)
    assert call.until_event()[1] == FinalizeWanted(), "the old speech_final does not count"


def test_a_turn_that_ends_while_the_voice_goes_on_starts_the_next_there() -> None:
    call = line(provider_ends_turns=True)
    call.speaks(5.0)
    call.final("Bonjour.", ends_turn=True)
    call.turns.bot_speaks = True
    began_s = call.now_s + FRAME_S
    call.speaks(0.2)
    (event,) = call.interim("attendez")
    assert isinstance(event, Interrupted)
    assert event.speech_started_s == pytest.approx(began_s)


def test_reset_forgets_the_turn_under_way() -> None:
    call = line()
    call.speaks(1.0)
    call.interim("bonjour")
    call.silent(0.1)
    call.turns.reset()
    assert call.turns.text == ""
    assert call.silent(10) == []


SCRIPT = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["voice", "silence"]), st.sampled_from([0.02, 0.1, 0.6, 1.3, 4.0])),
        st.tuples(st.sampled_from(["interim", "final", "speech_final", "answer"]), st.sampled_from(["", "oui", "box"])),
        st.tuples(st.just("bot"), st.booleans()),
    ),
    max_size=25,
)


@given(script=SCRIPT, flux=st.booleans(), expects=st.sampled_from(["yes_no", "open"]))
def test_every_turn_ends_once_with_all_its_words(
    script: list[tuple[str, float | str | bool]], flux: bool, expects: Endpointing
) -> None:
    call = line(expects, provider_ends_turns=flux)
    for step, value in script:
        if step in ("voice", "silence"):
            assert isinstance(value, float)
            call.frames(value, voice=step == "voice")
        elif step == "bot":
            call.turns.bot_speaks = bool(value)
        elif step == "interim":
            call.interim(str(value))
        else:
            call.final(str(value), ends_turn=step == "speech_final", answer=step == "answer")
    call.silent(PROVIDER_SILENT_S + 5)
    assert not call.turns.caller_speaks, "a silent line is nobody's turn"
    assert call.silent(10) == []
    ended = [event for _, event in call.events if isinstance(event, TurnEnded)]
    assert all(event.text for event in ended)
    said = [str(value) for step, value in script if step in ("final", "speech_final", "answer") and value]
    words = " ".join(event.text for event in ended).split()
    for word in ("oui", "box"):
        assert words.count(word) >= said.count(word), "a final word is never lost"
    times = [(when_s, event.speech_ended_s) for when_s, event in call.events if isinstance(event, TurnEnded)]
    assert all(speech_ended_s <= when_s for when_s, speech_ended_s in times)

from array import array

import pytest

from app.caller.actor import Actor, Leave, Note, Play, Press, Spoken
from app.caller.clips import clip_of
from app.caller.ears import Ears
from app.caller.script import Script, parse_script

LOUD = array("h", [8000, -8000] * 80).tobytes()
SOFT = bytes(320)
WORDS = clip_of(SOFT * 2 + LOUD * 10 + SOFT * 3)
"""0.3 s, sound from 0.04 to 0.24 s."""


class Stage:
    """An actor and its line, on a time of their own: one tick is 20 ms."""

    def __init__(self, steps: str, **settings: object) -> None:
        head = "".join(
            f"{key}: {value}\n" for key, value in {"name": "essai", "bot_silence_ms": 300, **settings}.items()
        )
        self.script: Script = parse_script(f"{head}steps: {steps}", "essai.yaml")
        self.ears = Ears(self.script.bot_silence_ms / 1000)
        self.sent_at_s: list[float] = []
        clips = dict.fromkeys(("Bonjour.", "Non.", "Attendez", "Mmh.", "Non [0.5] non."), WORDS)
        self.actor = Actor(self.script, clips, self.ears, self.sent_at_s)
        self.done: list[tuple[float, str]] = []
        self.ticks = 0
        self.queued_frames = 0

    def run(self, bot: str) -> "Stage":
        """One symbol a tick: "#" the bot is loud, "." it is silent."""
        for symbol in bot:
            now_s = self.ticks * 0.02
            self.ticks += 1
            self.ears.hear(now_s, LOUD if symbol == "#" else SOFT)
            self.ears.tick(now_s)
            for action in self.actor.tick(now_s, line_idle=self.queued_frames == 0):
                match action:
                    case Play(turn, pcm):
                        self.queued_frames = len(pcm) // 320
                        self.done.append((round(now_s, 2), f"say {turn.said}"))
                    case Spoken(turn):
                        self.done.append((round(now_s, 2), f"said {turn.said}"))
                    case Press(digit):
                        self.done.append((round(now_s, 2), f"press {digit}"))
                    case Leave(abort):
                        self.done.append((round(now_s, 2), "abort" if abort else "leave"))
                    case Note(text):
                        self.done.append((round(now_s, 2), f"note {text}"))
            self.sent_at_s.append(now_s)
            self.queued_frames = max(0, self.queued_frames - 1)
        return self


def test_a_sentence_waits_for_the_bot_to_have_finished() -> None:
    stage = Stage('[{say: "Bonjour."}]').run("." * 20 + "#" * 10 + "." * 60)
    # Spoke until 0.60, silent for 0.3 s.
    assert stage.done == [(0.9, "say Bonjour."), (1.2, "said Bonjour.")]
    (turn,) = stage.actor.turns
    assert turn.started_s == pytest.approx(0.94)
    assert turn.ended_s == pytest.approx(0.9 + 0.22)  # the frame with its last sound, not the silence after it
    assert stage.actor.steps_done == 1


def test_the_next_sentence_waits_for_the_answer() -> None:
    stage = Stage('[{say: "Bonjour."}, {say: "Non."}]').run("#" * 10 + "." * 100)
    assert [what for _, what in stage.done] == ["say Bonjour.", "said Bonjour."]
    stage.run("#" * 10 + "." * 20)
    assert [what for _, what in stage.done][2:] == ["say Non."]
    assert stage.actor.missed_steps == 1


def test_a_caller_who_waits_too_long_speaks_anyway_and_says_so() -> None:
    stage = Stage('[{say: "Bonjour."}]', wait_bot_s=1).run("." * 60)
    assert stage.done[:2] == [
        (1.0, "note waited 1 s for the bot, then said all the same: Bonjour."),
        (1.0, "say Bonjour."),
    ]


def test_after_a_pause_a_sentence_needs_only_silence() -> None:
    stage = Stage('[{say: "Bonjour."}, {pause_s: 1}, {say: "Non."}]').run("#" * 10 + "." * 120)
    assert stage.done == [
        (0.5, "say Bonjour."),
        (0.8, "said Bonjour."),
        (1.8, "say Non."),
        (2.1, "said Non."),
    ]


def test_after_a_pause_the_bot_is_still_let_finish() -> None:
    stage = Stage('[{pause_s: 0.2}, {say: "Non."}]').run("#" * 30 + "." * 20)
    assert stage.done == [(0.9, "say Non.")]


def test_talking_over_the_bot() -> None:
    stage = Stage('[{say: "Attendez", over_bot_after_s: 0.5}]').run("." * 10 + "#" * 60)
    assert stage.done == [(0.7, "say Attendez"), (1.0, "said Attendez")]
    assert stage.actor.turns[0].over_bot


def test_a_key_cuts_the_bot_short() -> None:
    stage = Stage('[{dtmf: "1", over_bot_after_s: 0.5}]').run("." * 10 + "#" * 60)
    assert stage.done[0] == (0.7, "press 1")
    assert stage.actor.turns[0].over_bot


def test_talking_over_a_bot_that_has_stopped_already() -> None:
    stage = Stage('[{say: "Attendez", over_bot_after_s: 1}]').run("#" * 5 + "." * 60)
    assert [what for _, what in stage.done][:2] == [
        "note the bot had fallen silent before the caller talked over it: Attendez",
        "say Attendez",
    ]


def test_talking_over_a_bot_that_never_speaks() -> None:
    stage = Stage('[{say: "Attendez", over_bot_after_s: 1}]', wait_bot_s=0.5).run("." * 40)
    assert [what for _, what in stage.done][:2] == [
        "note waited 0.5 s for a bot to talk over, then said all the same: Attendez",
        "say Attendez",
    ]


def test_a_listening_noise_does_not_take_the_floor() -> None:
    steps = '[{interject: "Mmh.", after_s: 0.4}, {interject: "Mmh.", after_s: 1}, {say: "Bonjour."}]'
    stage = Stage(steps).run("." * 10 + "#" * 70 + "." * 40)
    # The bot speaks from 0.2 to 1.6; both moments are counted from its start, and it is still waited for.
    assert stage.done == [
        (0.62, "say Mmh."),
        (0.92, "said Mmh."),
        (1.2, "say Mmh."),
        (1.5, "said Mmh."),
        (1.9, "say Bonjour."),
        (2.2, "said Bonjour."),
    ]
    assert [turn.wants_answer for turn in stage.actor.turns] == [False, False, True]
    assert all(turn.over_bot for turn in stage.actor.turns[:2])


def test_a_listening_noise_is_left_away_when_nobody_speaks() -> None:
    stage = Stage('[{interject: "Mmh.", after_s: 2}, {say: "Bonjour."}]').run("#" * 20 + "." * 130)
    assert [what for _, what in stage.done] == [
        "note the bot was silent, so that there was nothing to interject: Mmh.",
        "say Bonjour.",
        "said Bonjour.",
    ]


def test_who_is_asked_again_says_it_again_but_not_for_ever() -> None:
    stage = Stage('[{say: "Bonjour."}, {say: "Non."}]', repeat_when="répéter")
    for words in (
        "Bonjour !",
        "Pouvez-vous répéter ?",
        "Répétez, s'il vous plaît.",
        "répéter",
        "répéter",
        "Au revoir.",
    ):
        stage.run("#" * 10 + "." * 10)
        stage.ears.sentences[-1].text, stage.ears.sentences[-1].similarity = words, 0.85
        stage.run("." * 40)
    assert [what for _, what in stage.done if what.startswith("say ")] == [
        "say Bonjour.",
        "say Bonjour.",
        "say Non.",
        "say Non.",
        "say Non.",
    ]


def test_the_last_sentence_is_said_again_to_the_end_of_the_call() -> None:
    stage = Stage('[{say: "Bonjour."}]', repeat_when="répéter")
    for words in ("Bonjour !", "Un instant.", "Pouvez-vous répéter ?"):
        stage.run("#" * 10 + "." * 10)
        stage.ears.sentences[-1].text, stage.ears.sentences[-1].similarity = words, 0.85
        stage.run("." * 40)
    assert [what for _, what in stage.done if what.startswith("say ")] == ["say Bonjour."] * 2


def test_what_is_hardly_heard_is_not_said_again() -> None:
    stage = Stage('[{say: "Bonjour."}, {say: "Non."}]', repeat_when="répéter")
    for words in ("Bonjour !", "Pouvez-vous répéter ?"):
        stage.run("#" * 10 + "." * 10)
        stage.ears.sentences[-1].text, stage.ears.sentences[-1].similarity = words, 0.65
        stage.run("." * 40)
    assert [what for _, what in stage.done if what.startswith("say ")] == ["say Bonjour.", "say Non."]


def test_marks_of_silence_are_not_said() -> None:
    stage = Stage('[{say: "Non [0.5] non."}]').run("#" * 10 + "." * 60)
    assert stage.actor.turns[0].said == "Non non."


def test_keys_at_the_pace_of_a_hand() -> None:
    stage = Stage('[{dtmf: "1#"}]').run("." * 40)
    assert stage.done == [(0.0, "press 1"), (0.2, "press #"), (0.4, "said 1#")]
    (turn,) = stage.actor.turns
    assert turn.means == "dtmf"
    assert (turn.started_s, turn.ended_s) == pytest.approx((0.0, 0.2))


def test_waiting_for_the_bot_twice_hears_two_turns_of_it() -> None:
    stage = Stage("[{wait_bot_s: 5}, {wait_bot_s: 5}, {hangup: true}]").run("#" * 10 + "." * 40)
    assert stage.done == []
    stage.run("#" * 10 + "." * 20)
    assert stage.done == [(1.5, "leave")]


def test_waiting_for_the_bot_ends() -> None:
    stage = Stage("[{wait_bot_s: 1}, {hangup: true, abort: true}]").run("." * 60)
    assert stage.done == [(1.0, "note the bot had not finished speaking within 1 s"), (1.0, "abort")]


def test_listening_ends_when_all_is_quiet() -> None:
    stage = Stage("[{listen_until_quiet_s: 1}, {hangup: true}]").run("." * 30 + "#" * 10 + "." * 60)
    assert stage.done == [(1.8, "leave")]


@pytest.mark.parametrize(("after", "left_s"), [("", 0.66), (", after_s: 0.1", 0.6)])
def test_hanging_up_in_the_middle_of_a_sentence(after: str, left_s: float) -> None:
    stage = Stage(f'[{{hangup_mid_sentence: "Bonjour."{after}}}]').run("#" * 10 + "." * 24)
    assert stage.done == [(0.5, "say Bonjour."), (left_s, "leave")]
    del stage.sent_at_s[round(left_s * 50) :]
    stage.actor.close()
    assert stage.actor.turns[0].ended_s == pytest.approx(left_s - 0.02)
    assert stage.actor.missed_steps == 0


def test_a_call_that_ends_early_misses_steps_that_are_not_optional() -> None:
    stage = Stage('[{say: "Bonjour."}, {say: "Non."}, {say: "Non.", optional: true}]').run("#" * 5)
    stage.actor.close()
    assert stage.actor.missed_steps == 2
    assert stage.actor.turns == []
    assert stage.actor.tick(1.0, line_idle=True) == ()

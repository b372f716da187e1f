from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from app.audiosocket.client import EndedBy
from app.caller.ears import Heard
from app.caller.report import CallReport, TurnReport
from app.caller.script import Echo
from app.store.tickets import Ticket
from tests.trials.figures import answers_ms, by_temper, figures_of, own_shares_ms
from tests.trials.score import CallScore, Event, events_of, score
from tests.trials.trial import Trial

TRIAL = Trial.model_validate(
    {"name": "un", "temper": "brisk", "ticket": {"status": "resolved", "problem": "internet", "who": "Pierre"}}
)
ECHO = TRIAL.model_copy(update={"echo": Echo(level_db=-20, delay_ms=80)})
RIGHT = Ticket(
    UUID(int=1),
    datetime.now(UTC),
    status="resolved",
    problem_type="internet",
    summary="Panne Internet · Pierre Dupont.",
)


def turn(said: str, started_s: float, ended_s: float, answered_s: float | None = None, **more: Any) -> TurnReport:
    latency_ms = None if answered_s is None else (answered_s - ended_s) * 1000
    over_bot = more.pop("over_bot", False)
    return TurnReport(said, "speech", over_bot, started_s, ended_s, answered_s, latency_ms, **more)


def understood(at_s: float, state: str, heard: str = "Non.", endpoint_ms: int = 500) -> Event:
    return Event(
        at_s,
        "turn understood",
        {
            "state": state,
            "heard": heard,
            "intent": "NO",
            "source": "rules",
            "endpoint_ms": endpoint_ms,
            "understanding_ms": 0,
        },
    )


def answered(at_s: float) -> Event:
    return Event(at_s, "turn answered", {"first_audio_ms": 20, "total_ms": 600})


def said(at_s: float, interrupted: bool = False) -> Event:
    return Event(at_s, "bot said", {"interrupted": interrupted, "state": "SOLUTION", "text": "Débranchez la box."})


def judged(
    turns: list[TurnReport], heard: list[tuple[float, float]], events: list[Event], trial: Trial = TRIAL
) -> CallScore:
    report = CallReport("u", "un", EndedBy.BOT, "", first_sound_ms=100.0, duration_s=30.0, turns=turns)
    report.heard = [Heard(start_s, end_s) for start_s, end_s in heard]
    return score(trial, report, RIGHT, events)


def silence_of(call: CallScore) -> tuple[float, str]:
    silence_s, why = call.longest_silence
    return round(silence_s, 3), why


def test_an_answer_is_timed_from_outside_and_sorted_by_what_was_asked() -> None:
    call = judged(
        [turn("Non.", 5.0, 5.5, 6.1), turn("Pierre.", 9.0, 10.0, 11.5)],
        [(0.1, 4.0), (6.1, 8.0), (11.5, 13.0)],
        [
            *(said(4.1), understood(6.05, "TICKET_VERIFICATION"), answered(6.12), said(8.1)),
            *(understood(11.4, "IDENTIFICATION", "Pierre.", 1200), answered(11.55), said(13.1)),
        ],
    )
    assert answers_ms([call], "yes_no") == pytest.approx([600])
    assert answers_ms([call], "open") == pytest.approx([1500])
    assert own_shares_ms([call]) == pytest.approx([100, 300])
    assert [one.heard for one in call.turns] == ["Non.", "Pierre."]


def test_a_bridging_phrase_is_no_answer_but_ends_the_silence() -> None:
    call = judged(
        [turn("Non.", 5.0, 5.5, 7.0)],
        [(0.1, 4.0), (7.0, 8.0), (9.0, 10.0)],
        [said(4.1), understood(8.8, "TICKET_VERIFICATION"), said(8.1), answered(9.0), said(10.1)],
    )
    (only,) = call.turns
    assert only.bridged
    assert only.first_sound_ms == pytest.approx(1500)
    assert only.answer_ms == pytest.approx(3500)
    # 1.5 s before the phrase, then another second until the answer.
    assert silence_of(call) == (1.5, "an answer to « Non. »")
    assert (1.0, "the rest of what it was saying") in [(round(silence_s, 3), why) for silence_s, why in call.dead_air]


def test_silence_that_the_caller_owes_is_none_of_the_bots() -> None:
    call = judged([], [(0.1, 3.0), (11.0, 12.0)], [said(3.1), said(12.1)])
    assert silence_of(call) == (0.1, "the welcome")


def test_silence_in_the_middle_of_a_speech_is() -> None:
    call = judged([], [(0.1, 3.0), (5.5, 7.0)], [said(7.1)])
    assert silence_of(call) == (2.5, "the rest of what it was saying")


def test_a_turn_that_nobody_answers() -> None:
    call = judged(
        [turn("Non.", 5.0, 5.5)],
        [(0.1, 4.0)],
        [said(4.1), understood(6.0, "TICKET_VERIFICATION")],
    )
    assert silence_of(call) == (24.5, "an answer to « Non. »")


def test_an_interruption_that_works_and_one_that_does_not() -> None:
    turns = [
        turn("Stop.", 5.0, 5.5, 7.0, over_bot=True, bot_stopped_ms=300.0),
        turn("Attendez.", 9.0, 9.5, None, over_bot=True, bot_stopped_ms=4000.0),
        turn("Non.", 15.0, 15.5, 16.0, over_bot=True, bot_stopped_ms=150.0),
    ]
    call = judged(turns, [(0.1, 5.3), (7.0, 13.0), (14.0, 15.15)], [said(5.3, True), said(13.1), said(15.2)])
    assert call.interruptions[0].stopped_ms == pytest.approx(300)
    # The last one came when the bot had almost finished: it stopped by itself.
    assert [(one.said, one.missed) for one in call.interruptions] == [("Stop.", False), ("Attendez.", True)]


def test_an_answer_that_follows_at_once_is_not_what_was_interrupted() -> None:
    turns = [turn("Passez-moi quelqu'un.", 5.0, 5.9, 6.8, over_bot=True, bot_stopped_ms=7000.0)]
    parted = judged(turns, [(0.1, 6.4), (6.7, 12.0)], [said(6.41, True), said(12.1)])
    together = judged(turns, [(0.1, 12.0)], [said(6.41, True), said(12.1)])
    assert [(round(one.stopped_ms), one.missed) for one in parted.interruptions] == [(1400, False)]
    assert [(round(one.stopped_ms), one.missed) for one in together.interruptions] == [(1510, False)]


def test_what_should_not_stop_the_bot() -> None:
    turns = [
        turn("Mmh.", 2.0, 2.3, over_bot=True, wants_answer=False),
        turn("cough", 6.0, 6.5, over_bot=True, wants_answer=False),
    ]
    call = judged(turns, [(0.1, 2.2), (2.9, 7.0), (8.0, 9.0)], [said(7.0, True), said(9.1)])
    mmh, cough = call.disturbances
    assert (mmh.kind, mmh.stopped) == ("backchannel", False)
    assert mmh.pause_ms == pytest.approx(700)
    assert (cough.kind, cough.stopped) == ("cough", True)
    assert call.turns == []


def test_on_a_line_with_echo_every_speech_that_is_left_alone_counts() -> None:
    turns = [turn("Non.", 5.0, 5.5, 6.1)]
    events = [said(4.1), understood(6.0, "TICKET_VERIFICATION"), answered(6.1), said(8.0, True), said(20.0)]
    call = judged(turns, [(0.1, 4.0), (6.1, 8.0)], events, ECHO)
    assert [(one.kind, one.stopped) for one in call.disturbances] == [
        ("echo -20 dB", False),
        ("echo -20 dB", True),
        ("echo -20 dB", False),
    ]


def test_turns_that_nobody_said() -> None:
    events = [
        *(understood(6.0, "TICKET_VERIFICATION"), answered(6.1)),
        *(understood(9.0, "IDENTIFICATION", "Puis-je avoir"), answered(9.5)),
    ]
    call = judged([turn("Non.", 5.0, 5.5, 6.1)], [(0.1, 4.0), (6.1, 8.0)], events)
    assert call.turns[0].extra == 1


def test_the_ticket_is_compared() -> None:
    wrong = Ticket(UUID(int=1), datetime.now(UTC), status="open", problem_type="internet", summary="")
    report = CallReport("u", "un", EndedBy.BOT, "")
    assert score(TRIAL, report, RIGHT, []).wrong == []
    assert score(TRIAL, report, wrong, []).wrong == ["status open instead of resolved", "Pierre is missing"]


def test_only_the_lines_of_this_call_on_its_own_time() -> None:
    began_at = datetime(2026, 11, 28, 12, 0, 0, tzinfo=UTC)
    log = [
        {"call_id": "u", "event": "bot said", "timestamp": (began_at + timedelta(seconds=1.5)).isoformat()},
        {"call_id": "v", "event": "bot said", "timestamp": began_at.isoformat()},
        {"event": "listening", "timestamp": began_at.isoformat()},
    ]
    assert [(event.at_s, event.name) for event in events_of(log, "u", began_at)] == [(1.5, "bot said")]


def test_all_calls_together() -> None:
    quiet = judged(
        [turn("Non.", 5.0, 5.5, 6.1), turn("Oui.", 9.0, 9.5, 11.9, cut_off=True)],
        [(0.1, 4.0)],
        [understood(6.0, "SOLUTION"), answered(6.1), understood(11.8, "SOLUTION"), answered(11.9)],
    )
    found = {figure.name: figure for figure in figures_of([quiet, quiet], [5.0, 50.0])}
    p95 = found["end of speech → answer, yes/no turns: p95"]
    assert p95.value == pytest.approx(600)
    assert (p95.of, p95.met) == (2, True)
    own = found["our own share of it: p99"]
    assert (own.value, own.met) == (50.0, False)
    assert found["cut-offs, clean lines"].value == 50.0
    assert found["cut-offs, noise and echo"].met is None
    assert found["task success: the right ticket"].met is True
    assert found["calls with more than 2 s of it"].value == 100.0
    (row,) = by_temper([quiet, quiet])
    assert (row["temper"], row["calls"], row["right"], row["turns"], row["cut_offs"]) == ("brisk", 2, 2, 4, 2)

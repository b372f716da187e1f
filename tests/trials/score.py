"""What one call was like: each turn, interruption and disturbance, from outside, with the server's log beside it.

Pure. Times are seconds since the UUID was sent. What counts is what the caller heard; the log says what kind of
question was answered, which words were dropped, and where inside the time went.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from typing import Any, Literal

from app.caller.ears import SPEECH_GAP_S, Heard
from app.caller.report import CallReport, TurnReport
from app.dialogue.states import STATES, State
from app.store.tickets import Ticket
from tests.trials.trial import Trial

Kind = Literal["yes_no", "open", "field", "none"]

MISSED_S = 2.0
"""A bot that speaks on for so long after the caller began has missed the interruption."""
AHEAD_S = 0.1
"""Nothing of what was dropped can leave later than this: the server is at most 40 ms ahead."""
AFTER_S = 1.5
"""So long after a cough or an "mmh" the bot may still stop because of it: recognisers take their time."""
FILLER_S = 0.25
"""Sound that comes so long before the first frame of the answer is not the answer, but a phrase that bridges."""


@dataclass(frozen=True, slots=True)
class Event:
    """A line of the server's log about this call."""

    at_s: float
    name: str
    fields: Mapping[str, Any]


@dataclass(slots=True)
class TurnScore:
    """One turn of the caller that wants an answer.

    Attributes:
        said: by the caller.
        heard: by the server; all it took for this turn.
        kind: of the question, by the state that the server was in; "none" where it took no turn.
        started_s, ended_s: of the caller's speech.
        first_sound_ms: from its end to the bot's first sound, a phrase that bridges included.
        answer_ms: from its end to the first sound of the answer.
        cut_off: the bot began to speak in it.
        over_bot: it interrupts the bot.
        stages_ms: endpoint, understanding, first_audio, total as the server measured them.
        extra: turns that the server took after it had answered this one: nobody said them.
    """

    said: str
    kind: Kind
    started_s: float
    ended_s: float
    heard: str = ""
    first_sound_ms: float | None = None
    answer_ms: float | None = None
    cut_off: bool = False
    over_bot: bool = False
    stages_ms: dict[str, float] = field(default_factory=dict)
    extra: int = 0

    @property
    def bridged(self) -> bool:
        """Something was said before the answer."""
        return (
            self.answer_ms is not None
            and self.first_sound_ms is not None
            and self.answer_ms - self.first_sound_ms > FILLER_S * 1000
        )


@dataclass(frozen=True, slots=True)
class Interruption:
    """The caller talked over the bot and meant it.

    Attributes:
        stopped_ms: from the caller's first sound to the bot's last one.
        missed: it spoke on.
    """

    said: str
    at_s: float
    stopped_ms: float
    missed: bool


@dataclass(frozen=True, slots=True)
class Disturbance:
    """Something that should not stop the bot.

    Attributes:
        kind: "backchannel", "cough", "slam", or the line ("echo -20 dB"), for a whole speech of the bot on it.
        stopped: what the bot was saying was dropped.
        pause_ms: longest silence that came into its speech by it; a sentence's own pause is up to 360 ms.
    """

    kind: str
    at_s: float
    stopped: bool
    pause_ms: float = 0.0


@dataclass(slots=True)
class CallScore:
    """One call.

    Attributes:
        wrong: what is wrong with the ticket; empty if it is right.
        dead_air: silences in which the bot owed something: (seconds, what it owed).
        transcript: both sides' words as the server has them, with states: why a ticket is as it is.
    """

    name: str
    temper: str
    line: str
    duration_s: float
    ended_by: str
    wrong: list[str]
    turns: list[TurnScore]
    interruptions: list[Interruption]
    disturbances: list[Disturbance]
    dead_air: list[tuple[float, str]]
    notes: list[str]
    late_frames: int
    transcript: list[str]

    @property
    def longest_silence(self) -> tuple[float, str]:
        """The longest silence that nothing explains."""
        return max(self.dead_air, default=(0.0, ""))


def events_of(log: Sequence[Mapping[str, Any]], call_id: str, began_at: datetime) -> list[Event]:
    """The lines of the log about one call."""
    return [
        Event((datetime.fromisoformat(line["timestamp"]) - began_at).total_seconds(), line["event"], line)
        for line in log
        if line.get("call_id") == call_id
    ]


def score(trial: Trial, report: CallReport, ticket: Ticket, events: Sequence[Event]) -> CallScore:
    """Judges one call."""
    asked = [turn for turn in report.turns if turn.means == "speech" and turn.wants_answer]
    turns = list(_turns(asked, events))
    drops_s = [event.at_s for event in events if event.name == "bot said" and event.fields.get("interrupted")]
    disturbances = [
        *_interjected(report, drops_s),
        *(_line_disturbances(trial.line, report.turns, events) if trial.line != "clean" else ()),
    ]
    return CallScore(
        name=trial.name,
        temper=trial.temper,
        line=trial.line,
        duration_s=report.duration_s,
        ended_by=str(report.ended_by),
        wrong=trial.ticket.wrong(ticket),
        turns=turns,
        interruptions=list(_interruptions(asked, report.heard, drops_s)),
        disturbances=disturbances,
        dead_air=list(_owed(report, turns, events)),
        notes=report.notes,
        late_frames=report.frames.late_over_20ms,
        transcript=[_line(event) for event in events if event.name in ("bot said", "turn understood")],
    )


def _line(event: Event) -> str:
    fields = event.fields
    if event.name == "bot said":
        return f"{event.at_s:.2f} {fields['state']} bot: {fields['text']}"
    return f"{event.at_s:.2f} {fields['state']} caller: {fields['heard']} ({fields['intent']} by {fields['source']})"


def kind_of(state: str) -> Kind:
    """What a state's question expects."""
    endpointing = STATES[State(state)].endpointing
    if endpointing == "yes_no" or endpointing == "open":
        return endpointing
    return "field"


def _turns(asked: Sequence[TurnReport], events: Sequence[Event]) -> Iterator[TurnScore]:
    """Each turn with what the server took before the next one began."""
    for turn, following in zip(asked, [*asked[1:], None], strict=False):
        next_s = following.started_s if following else math.inf
        its = [event for event in events if turn.started_s < event.at_s <= next_s]
        taken = [event for event in its if event.name == "turn understood"]
        answers = [event for event in its if event.name == "turn answered"]
        found = TurnScore(turn.said, "none", turn.started_s, turn.ended_s, cut_off=turn.cut_off, over_bot=turn.over_bot)
        found.first_sound_ms = turn.latency_ms
        if taken:
            found.kind = kind_of(taken[0].fields["state"])
            found.heard = taken[0].fields["heard"]
            for name in ("endpoint", "understanding"):
                found.stages_ms[name] = taken[0].fields[f"{name}_ms"]
        if answers:
            answer = answers[0]
            for name in ("first_audio", "total"):
                found.stages_ms[name] = answer.fields[f"{name}_ms"]
            if turn.answered_s is not None:
                late_s = answer.at_s - turn.answered_s
                found.answer_ms = turn.latency_ms if late_s <= FILLER_S else (answer.at_s - turn.ended_s) * 1000
            found.extra = sum(event.at_s > answer.at_s for event in taken[1:])
        yield found


def _interruptions(
    asked: Sequence[TurnReport], heard: Sequence[Heard], drops_s: Sequence[float]
) -> Iterator[Interruption]:
    """Those at which the bot was really speaking; one that was finishing anyway is none.

    An answer may follow what was dropped so closely that the frames alone don't tell them apart: the log's moment does.
    """
    for turn in asked:
        if not turn.over_bot or turn.bot_stopped_ms is None:
            continue
        dropped_s = next((at_s for at_s in drops_s if turn.started_s < at_s < turn.started_s + MISSED_S), None)
        if dropped_s is not None:
            last_s = max(one.end_s for one in heard if one.start_s < dropped_s)
            stopped_s = min(last_s, dropped_s + AHEAD_S)
            yield Interruption(turn.said, turn.started_s, (stopped_s - turn.started_s) * 1000, missed=False)
        elif turn.bot_stopped_ms > MISSED_S * 1000:
            yield Interruption(turn.said, turn.started_s, turn.bot_stopped_ms, missed=True)


def _interjected(report: CallReport, drops_s: Sequence[float]) -> Iterator[Disturbance]:
    for turn in report.turns:
        if turn.wants_answer or turn.means != "speech":
            continue
        until_s = turn.ended_s + AFTER_S
        stopped = any(turn.started_s < at_s < until_s for at_s in drops_s)
        kind = turn.said if turn.said in ("cough", "slam") else "backchannel"
        pause_s = max((gap_s for at_s, gap_s in _gaps(report.heard) if turn.started_s < at_s < until_s), default=0.0)
        yield Disturbance(kind, turn.started_s, stopped, pause_s * 1000 if pause_s < MISSED_S else 0.0)


def _line_disturbances(line: str, turns: Sequence[TurnReport], events: Sequence[Event]) -> Iterator[Disturbance]:
    """Every speech of the bot that the caller left alone, on a line with noise or echo."""
    for event in events:
        if event.name != "bot said":
            continue
        touched = any(turn.started_s - 0.1 < event.at_s and event.at_s < turn.ended_s + AFTER_S for turn in turns)
        if not touched:
            yield Disturbance(line, event.at_s, bool(event.fields.get("interrupted")))


def _gaps(heard: Sequence[Heard]) -> Iterator[tuple[float, float]]:
    """Silences between the bot's sentences: (when, how long)."""
    for before, after in pairwise(heard):
        yield before.end_s, after.start_s - before.end_s


def _owed(report: CallReport, turns: Sequence[TurnScore], events: Sequence[Event]) -> Iterator[tuple[float, str]]:
    """Silences that nothing explains: before the welcome, after a turn, and within what the bot is saying."""
    if report.first_sound_ms is not None:
        yield report.first_sound_ms / 1000, "the welcome"
    over_s = [event.at_s for event in events if event.name == "bot said"]
    for turn, following in zip(turns, [*turns[1:], None], strict=False):
        if turn.kind == "none" and not turn.first_sound_ms:
            continue  # a word over the farewell, or behind it
        until_s = following.started_s if following else report.duration_s
        waited_s = until_s - turn.ended_s if turn.first_sound_ms is None else turn.first_sound_ms / 1000
        yield waited_s, f"an answer to « {turn.said} »"
    for at_s, gap_s in _gaps(report.heard):
        bridges = any(
            turn.bridged and turn.ended_s < at_s < turn.ended_s + (turn.answer_ms or 0) / 1000 for turn in turns
        )
        finished = not bridges and any(at_s - SPEECH_GAP_S < over < at_s + gap_s for over in over_s)
        spoken = any(turn.started_s < at_s + gap_s and turn.ended_s > at_s for turn in turns)
        if not finished and not spoken:
            yield gap_s, "the rest of what it was saying"

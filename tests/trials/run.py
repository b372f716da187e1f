"""Places the calls of trials against the real server and the stand-ins, and judges each."""

import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

from app import standins
from app.caller.load_times import percentile
from app.dialogue.prompts import default_prompts
from tests.e2e.world import World, run_world
from tests.trials.score import CallScore, events_of, score
from tests.trials.trial import CALLERS, Trial

REPLIES = Path(standins.__file__).with_name("replies.yaml")
NETWORK_MS = 20
"""Each way, to every provider."""
PUBLISHED_MS = {
    "deepgram.final_delay_ms": 250,
    "deepgram.interim_delay_ms": 150,
    "groq.first_token_ms": 150,
    "elevenlabs.first_byte_ms": 75,
}
"""What the providers say of themselves: Nova-3's final words, the model's first token, Flash's first sound."""
TOKENS_PER_S = 280
AS_PUBLISHED = (
    *(f"{knob}={delay_ms + 2 * NETWORK_MS}" for knob, delay_ms in PUBLISHED_MS.items()),
    f"groq.tokens_per_s={TOKENS_PER_S}",
)
"""The network is part of the delays: sound and requests travel for that long, and so do the answers."""
AT_ONCE_KNOBS = (*(f"{knob}=0" for knob in PUBLISHED_MS), "groq.tokens_per_s=1000000", "elevenlabs.speed=1000")
"""Stand-ins that take no time: what is left of an answer's time is the server's (and theirs to compute)."""
SETTINGS = {"SOLUTION_WAIT_SECONDS": "20", "MAX_CONCURRENT_CALLS": "200"}
"""Twenty seconds for the manipulation: its callers come back before."""
BUSY_LIMIT_PERCENT = 60.0
LATE_LIMIT_MS = 8.0
"""Beyond these the machine, not the server, may be what is measured."""


@dataclass(frozen=True, slots=True)
class Machine:
    """How this machine bore it.

    Attributes:
        busy_percent: of all its cores, while calls lasted.
        callers_late_p99_ms, callers_late_max_ms: passes of the callers' own clock.
        skipped_frames: of the server's, swallowed by stalls longer than 40 ms.
        late_frames: that reached the callers more than 20 ms late.
    """

    busy_percent: float
    callers_late_p99_ms: float
    callers_late_max_ms: float
    skipped_frames: int
    late_frames: int

    @property
    def problems(self) -> list[str]:
        """Why the figures can't be believed; empty if they can."""
        found = []
        if self.busy_percent > BUSY_LIMIT_PERCENT:
            found.append(f"the machine was busy for {self.busy_percent:.0f} % of the time: place fewer calls at once")
        if self.callers_late_p99_ms > LATE_LIMIT_MS:
            found.append(f"one in a hundred frames of the callers was {self.callers_late_p99_ms:.0f} ms late or more")
        return found


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one pass.

    Attributes:
        spent: the stand-ins' counters.
    """

    calls: list[CallScore]
    machine: Machine
    spent: Mapping[str, Mapping[str, float]]


def run(trials: Mapping[str, Trial], at_once: int, knobs: tuple[str, ...], settings: Mapping[str, str]) -> Outcome:
    """One pass over all callers."""
    with tempfile.TemporaryDirectory(prefix="voicebot-trials-") as directory:
        bot_words = Path(directory) / "bot.yaml"
        bot_words.write_text(yaml.safe_dump(words_of_the_bot(trials.values()), allow_unicode=True), encoding="utf-8")
        world = run_world(
            Path(directory),
            trials,
            SETTINGS | dict(settings),
            knobs,
            [*sorted(CALLERS.glob("*.yaml")), bot_words],
            at_once,
        )
        calls = [
            score(trial, call.report, call.ticket, events_of(world.log, call.report.uuid, call.began_at))
            for name, trial in trials.items()
            for call in (world.calls[name],)
        ]
        return Outcome(calls, _machine(world, calls), world.spent)


def words_of_the_bot(trials: Iterable[Trial]) -> list[str]:
    """What comes back as echo must be heard as what it is: the recogniser knows nothing but phrases."""
    replies = yaml.safe_load(REPLIES.read_text("utf-8"))
    said = [*default_prompts().fixed().values(), *(text for row in replies.values() for text in _texts(row))]
    names = dict.fromkeys(trial.ticket.who.split()[0] for trial in trials if " " in trial.ticket.who)
    return [text for text in said if "{" not in text] + [f"Merci {name}." for name in names]


def _texts(row: str | Mapping[str, str]) -> Iterable[str]:
    return (row,) if isinstance(row, str) else row.values()


def _machine(world: World, calls: list[CallScore]) -> Machine:
    late_ms = sorted(1000 * late_s for late_s in world.lateness_s)
    return Machine(
        round(world.busy_percent, 1),
        round(percentile(late_ms, 99), 1),
        round(late_ms[-1], 1),
        round(world.metric("voicebot_playout_skipped_frames_total")),
        sum(call.late_frames for call in calls),
    )

"""Places one simulated call: wires script, actor, ears and telephone, and reports."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol
from uuid import UUID, uuid4

from app.audiosocket.client import AudioSocketClient, End, EndedBy, Track
from app.caller.actor import Action, Actor, Leave, Note, Play, Press, Spoken, Turn
from app.caller.clips import Clip, prepare_clips
from app.caller.ears import BotSilent, BotSpeaks, EarEvent, Ears, Heard, Recogniser, SentenceHeard
from app.caller.report import CallReport, FramesReport, latency_report, turn_reports
from app.caller.script import Script
from app.caller.surroundings import surroundings_of
from app.errors import PeerError
from app.media.clock import FrameClock

CLOSE_TIMEOUT_S = 3.0
RECOGNITION_TIMEOUT_S = 30.0
"""Longest wait, after the call, for words that are still being recognised."""
OWN_LATENESS_S = 0.020
"""A clock of ours this late makes the report's evenness doubtful."""


@dataclass(frozen=True, slots=True)
class CallEvent:
    """Something that happens in a call, for a live view.

    Attributes:
        kind: what; `bot_said` comes when the words of a sentence are recognised, possibly after later events.
        at_s: when, in seconds since the UUID was sent.
        text: words, digits or explanation.
        similarity: of recognised words, 0 to 1.
        latency_ms: with `bot_speaks`, when it is the answer to a turn: end of the caller's speech to here.
    """

    kind: Literal[
        "connected",
        "bot_speaks",
        "bot_said",
        "bot_silent",
        "caller_speaks",
        "caller_silent",
        "dtmf",
        "note",
        "ended",
    ]
    at_s: float
    text: str | None = None
    similarity: float | None = None
    latency_ms: float | None = None


class Telephone(Protocol):
    """What a caller holds in his hand: the Asterisk side of an AudioSocket, or a SIP telephone in a laboratory."""

    sent: Track
    received: Track
    failure: Exception | None

    @property
    def queued_samples(self) -> int:
        """Caller sound that has not left yet."""

    def play(self, pcm: bytes) -> None:
        """Queues caller sound, s16le mono 8 kHz."""

    def send_dtmf(self, digit: str) -> None:
        """Presses one key."""

    def hangup(self, *, abort: bool = False, by: EndedBy = EndedBy.CALLER) -> None:
        """Ends the call from this side; ended ones stay so."""


async def place_call(
    script: Script,
    host: str,
    port: int,
    *,
    call_uuid: UUID | None = None,
    clock: FrameClock | None = None,
    recogniser: Recogniser | None = None,
    on_event: Callable[[CallEvent], None] | None = None,
    keeps_sound: bool = True,
) -> CallReport:
    """Calls the bot and follows the script to the end of the call, at most for as long as the script allows.

    Args:
        call_uuid: random by default.
        clock: shared by all the calls of a process; one of its own by default.
        recogniser: gives the words of what is heard; it works in a thread of its own.
        on_event: told what happens as it happens, on the loop; must not block.
        keeps_sound: False saves 32 kB a second in a load test; the report can't `save_wav` then.

    Returns:
        The report, also of a call that was refused or lost.

    Raises:
        ConfigError: a voice or a sound file of the script isn't there.
        MediaError: a sound file can't be read.
        ProviderError: the caller's voice fails.
    """
    clips = await prepare_clips(script)
    surroundings = await asyncio.to_thread(surroundings_of, script, list(clips.values()))
    clock = clock or FrameClock()
    ears = Ears(script.bot_silence_ms / 1000, keeps_sound=recogniser is not None)
    caller = Caller(script, ears, recogniser, on_event)
    client = AudioSocketClient(
        call_uuid or uuid4(),
        clock,
        caller,
        ptime_ms=script.ptime_ms,
        codec=script.codec,
        surroundings=surroundings,
        suppress_silence=script.suppress_silence,
        max_seconds=script.max_seconds,
        keeps_sound=keeps_sound,
    )
    caller.pick_up(client, clips)
    begun_s = time.monotonic()
    try:
        await client.connect(host, port)
    except PeerError as error:
        return CallReport(str(client.call_uuid), script.name, EndedBy.REFUSED, str(error))
    connect_ms = (time.monotonic() - begun_s) * 1000
    try:
        caller.tell(CallEvent("connected", 0.0, f"{host}:{port}"))
        await caller.over(script.max_seconds)
    finally:
        client.hangup()
    report = caller.report(str(client.call_uuid))
    report.connect_ms = connect_ms
    if clock.stats.worst_lateness_s > OWN_LATENESS_S:
        lateness_ms = clock.stats.worst_lateness_s * 1000
        report.notes.append(f"this machine's own clock was up to {lateness_ms:.0f} ms late: look at gaps with care")
    return report


@cache
def _recognition_thread() -> ThreadPoolExecutor:
    """One thread for the words of all calls: they are wanted soon, not at once."""
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="recogniser")


class Caller:
    """The person on the telephone: ears, actor, and what they report.

    Args:
        script: what it does.
        ears: what it hears with.
        recogniser: gives the words of what is heard; it works in a thread of its own.
        on_event: told what happens as it happens, on the loop; must not block.
    """

    telephone: Telephone
    actor: Actor

    def __init__(
        self,
        script: Script,
        ears: Ears,
        recogniser: Recogniser | None = None,
        on_event: Callable[[CallEvent], None] | None = None,
    ) -> None:
        self.tell = on_event or (lambda event: None)
        self._script = script
        self._ears = ears
        self._recogniser = recogniser
        self._ended: asyncio.Future[End] = asyncio.get_running_loop().create_future()
        self._words: list[asyncio.Task[None]] = []
        self._unanswered: Turn | None = None
        self._notes: list[str] = []

    def pick_up(self, telephone: Telephone, clips: Mapping[str, Clip]) -> None:
        """Takes the telephone whose `CallerSide` it is; the call can begin."""
        self.telephone, self.actor = telephone, Actor(self._script, clips, self._ears, telephone.sent.at_s)

    # CallerSide, called by the telephone.

    def tick(self, at_s: float) -> None:
        self._heard(self._ears.tick(at_s))
        self._do(at_s, self.actor.tick(at_s, line_idle=self.telephone.queued_samples == 0))

    def hear(self, at_s: float, pcm: bytes) -> None:
        self._heard(self._ears.hear(at_s, pcm))

    def ended(self, end: End) -> None:
        if not self._ended.done():
            self._ended.set_result(end)
        self._heard(self._ears.close())
        self.actor.close()
        self.tell(CallEvent("ended", end.at_s, end.detail))

    async def over(self, max_seconds: float, close_timeout_s: float = CLOSE_TIMEOUT_S) -> None:
        """Waits for the end of the call, brings it about when it is time, and for the last words.

        Args:
            max_seconds: longest call; then the caller hangs up.
            close_timeout_s: from there to the end.
        """
        await asyncio.wait((self._ended,), timeout=max_seconds)
        self.telephone.hangup(by=EndedBy.TIMEOUT)
        async with asyncio.timeout(close_timeout_s):
            await self._ended
        if self._words:
            done, late = await asyncio.wait(self._words, timeout=RECOGNITION_TIMEOUT_S)
            for recognition in late:
                recognition.cancel()
            failed = [error for recognition in done if (error := recognition.exception()) is not None]
            if late or failed:
                why = f"; {failed[0]!r}" if failed else ""
                self._notes.append(f"{len(late) + len(failed)} sentences could not be recognised{why}")
        if self.telephone.failure is not None:
            raise self.telephone.failure

    def report(self, call_uuid: str) -> CallReport:
        """All of the call; `ended` came before."""
        end = self._ended.result()
        telephone, evenness = self.telephone, self._ears.evenness
        turns, notes = turn_reports(self.actor.turns, self._ears)
        self._notes += notes
        missed = self.actor.missed_steps
        if missed:
            self._notes.append(f"the call ended with {missed} of {len(self._script.steps)} steps to go")
        first_sound_s = self._ears.first_sound_s
        return CallReport(
            uuid=call_uuid,
            script=self._script.name,
            ended_by=end.by,
            detail=end.detail,
            first_frame_ms=None if evenness.first_s is None else evenness.first_s * 1000,
            first_sound_ms=None if first_sound_s is None else first_sound_s * 1000,
            duration_s=end.at_s,
            turns=turns,
            heard=self._ears.sentences,
            frames=FramesReport(
                telephone.sent.frames,
                evenness.received,
                evenness.expected(end.at_s),
                evenness.max_gap_s * 1000,
                evenness.late,
            ),
            latency=latency_report(turns),
            missed_steps=missed,
            notes=self._notes,
            sent=telephone.sent,
            received=telephone.received,
        )

    def _do(self, at_s: float, actions: Sequence[Action]) -> None:
        for action in actions:
            match action:
                case Play(turn, pcm):
                    self.telephone.play(pcm)
                    self._unanswered = None
                    self.tell(CallEvent("caller_speaks", at_s, turn.said))
                case Spoken(turn):
                    self._unanswered = turn
                    if turn.means == "speech":
                        self.tell(CallEvent("caller_silent", at_s, turn.said))
                case Press(digit):
                    self.telephone.send_dtmf(digit)
                    self.tell(CallEvent("dtmf", at_s, digit))
                case Note(text):
                    self._notes.append(text)
                    self.tell(CallEvent("note", at_s, text))
                case Leave(abort):
                    self.telephone.hangup(abort=abort)

    def _heard(self, events: Sequence[EarEvent]) -> None:
        for event in events:
            match event:
                case BotSpeaks(at_s):
                    self.tell(CallEvent("bot_speaks", at_s, latency_ms=self._latency_ms(at_s)))
                case BotSilent(at_s):
                    self.tell(CallEvent("bot_silent", at_s))
                case SentenceHeard(heard, pcm):
                    self._recognise(heard, pcm)

    def _latency_ms(self, at_s: float) -> float | None:
        turn, self._unanswered = self._unanswered, None
        return None if turn is None or turn.ended_s is None else (at_s - turn.ended_s) * 1000

    def _recognise(self, heard: Heard, pcm: bytes) -> None:
        if self._recogniser is None:
            return
        recognition = asyncio.get_running_loop().run_in_executor(_recognition_thread(), self._recogniser.recognise, pcm)

        async def take_words() -> None:
            match_ = await recognition
            heard.text, heard.similarity = match_.text or None, match_.similarity
            self.tell(CallEvent("bot_said", heard.start_s, heard.text, heard.similarity))

        self._words.append(asyncio.create_task(take_words()))

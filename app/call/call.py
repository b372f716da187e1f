"""One call, from the UUID to the hang-up: wires ears, understanding, dialogue and mouth."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import structlog

from app.audiosocket.connection import Connection
from app.call.ears import Ears
from app.call.lookup import look_up
from app.call.mouth import Mouth, Said
from app.call.record import CallRecord
from app.call.services import Services
from app.dialogue.case import Case
from app.dialogue.intents import Intent, Understanding
from app.dialogue.machine import Ending, Machine, Step
from app.dialogue.states import State
from app.dialogue.turns import Interrupted, TurnEnded, TurnEvent, Unheard, is_backchannel
from app.errors import StoreError
from app.media.clock import FRAME_S
from app.ops import metrics
from app.ops.logs import bind_call, bind_turn
from app.providers.base import Turn
from app.providers.ladder import Answer
from app.providers.rules import understand

log = structlog.get_logger(__name__)

MAX_EVENTS = 64
DEAD_AIR_S = 1.75
"""So long after the caller fell silent something must be heard: if no answer has sound yet, a cached phrase."""
SURE_SHORT_ANSWER = 0.95
UNHEARD_BEFORE_GIVING_UP = 3
EARLY_ANSWER_S = 1.5
"""A "oui" over the last words of a question answers it."""
REPLY_TIMEOUT_S = 1.0
"""The model's reply must begin so soon after the intent, else the fixed phrase is said."""
LAST_WORDS_PAUSE_S = 0.3
CLEAN_UP_TIMEOUT_S = 6.0

_SENTENCE_END = re.compile(r"(?<=[.!?…])\s+")


@dataclass(frozen=True, slots=True)
class Silence:
    """The caller said nothing for as long as the dialogue waits."""


@dataclass(frozen=True, slots=True)
class EarsLost:
    """Nobody hears the caller any more."""


@dataclass(frozen=True, slots=True)
class TimeUp:
    """The hard limit is near."""


CallEvent = TurnEvent | Said | Silence | EarsLost | TimeUp


@dataclass(slots=True)
class TurnTimes:
    """The moments of one turn, for `voicebot_turn_latency_seconds`."""

    speech_ended_s: float
    turn_ended_s: float
    understood_s: float = 0.0


class Call:
    """A call in progress; the leg of its connection.

    Args:
        call_uuid: as Asterisk announced it.
        connection: the wire.
        services: what all calls share.
    """

    def __init__(self, call_uuid: UUID, connection: Connection, services: Services) -> None:
        settings = services.settings
        self._connection = connection
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()
        self._case = Case()
        self._machine = Machine(self._case, settings.solution_wait_seconds)
        self.record = CallRecord(
            call_uuid, str(connection.peer) if connection.peer else None, self._case, services.prompts.names
        )
        self._recording = services.recorder.begin(call_uuid, self.record.started_at, settings.recordings_dir)
        self.record.recording = self._recording.path.name
        self._mouth = Mouth(services.cache, services.voice, self._first_sound, self._post)
        self._ears = Ears(services.recogniser, self._post, lambda _error: self._post(EarsLost()))
        self._events: asyncio.Queue[CallEvent] = asyncio.Queue(MAX_EVENTS)
        self._gone = asyncio.Event()
        self._hangup_reason = ""
        self._step = Step()
        self._last_said: list[str] = []
        self._listen_until_s: float | None = None
        self._dead_air_at_s: float | None = None
        self._times: TurnTimes | None = None
        self._interrupted_speech_s: float | None = None
        self._turn_id = 0
        self._unheard = 0
        # Asterisk loses a quarter of the calls that wait for the caller first (issue 2089): frames from here on.
        self._clock_key = services.clock.join(self._tick)

    # The leg: called by the connection.

    def audio(self, pcm: bytes) -> None:
        """Sound of the caller."""
        self._recording.caller(pcm)
        self._ears.audio(pcm)

    def digit(self, digit: str) -> None:
        """A key of the caller's telephone."""
        log.info("key pressed", digit=digit)

    def hung_up(self, reason: str) -> None:
        """The connection is gone."""
        self._hangup_reason = reason
        self._services.clock.leave(self._clock_key)
        self._gone.set()

    # The worker: called from outside the pipeline.

    def time_is_up(self) -> None:
        """The hard limit is near: the worker cuts the connection soon, whatever happens here."""
        self._post(TimeUp())

    async def run(self) -> str:
        """Holds the call to its end and leaves the ticket behind.

        Returns:
            The outcome: `goodbye`, `transfer`, `error`, `silence`, `too_long`, `hangup`, `lost` or a peer's mistake.
        """
        bind_call(str(self.record.call_uuid))
        log.info("call started", asterisk=self.record.asterisk)
        talk = asyncio.create_task(self._converse(), name="conversation")
        gone = asyncio.create_task(self._gone.wait(), name="hang-up")
        outcome = "error"
        try:
            await asyncio.wait([talk, gone], return_when=asyncio.FIRST_COMPLETED)
            if talk.done():
                outcome = self._result_of(talk)
                await self._hang_up()
            else:
                outcome = self._hangup_reason
        finally:
            for task in (talk, gone):
                task.cancel()
            await asyncio.wait([talk, gone], timeout=1.0)
            await self._clean_up(outcome)
        return outcome

    def _result_of(self, talk: "asyncio.Task[Ending]") -> str:
        error = talk.exception()
        if error is None:
            return str(talk.result())
        log.error("call failed", exc_info=error)
        if self._case.status == "abandoned":
            self._case.status = "open"
        return "error"

    async def _hang_up(self) -> None:
        self._connection.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CLEAN_UP_TIMEOUT_S):
                await self._gone.wait()

    async def _clean_up(self, outcome: str) -> None:
        self._services.clock.leave(self._clock_key)
        if (heard := self._mouth.interrupt()) is not None:
            self._note_said(heard)
        duration_s = self._loop.time() - self._started_s
        await asyncio.gather(self._mouth.close(), self._ears.close(), return_exceptions=True)
        self._recording.close()
        ticket = self.record.ticket(duration_s, datetime.now(UTC))
        try:
            stored = await self._services.writer.close_call(ticket)
        except StoreError as error:
            stored = False
            log.error("ticket lost", detail=str(error), summary=ticket.summary)
        if stored:
            metrics.TICKETS.labels(ticket.problem_type, ticket.status).inc()
        metrics.CALLS.labels(outcome).inc()
        metrics.CALL_DURATION_S.observe(duration_s)
        log.info(
            "call ended",
            outcome=outcome,
            status=ticket.status,
            problem_type=ticket.problem_type,
            sentiment=ticket.sentiment,
            duration_s=round(duration_s, 1),
            ticket="stored" if stored else "spooled",
        )

    # Every 20 ms.

    def _tick(self) -> None:
        frame = self._mouth.tick()
        self._connection.send(frame)
        self._recording.bot(memoryview(frame)[3:])
        now_s = self._loop.time()
        self._ears.turns.bot_speaks = self._mouth.busy
        self._ears.tick(now_s)
        if self._dead_air_at_s is not None and now_s >= self._dead_air_at_s:
            self._dead_air_at_s = None
            self._mouth.fill(self._services.prompts.text("one_moment"))
        if self._listen_until_s is not None and now_s >= self._listen_until_s and not self._ears.turns.caller_speaks:
            self._listen_until_s = None
            self._post(Silence())

    # Once a turn.

    def _post(self, event: CallEvent) -> None:
        try:
            self._events.put_nowait(event)
        except asyncio.QueueFull:
            log.error("event lost: the call does not keep up", lost=type(event).__name__)
            return
        if isinstance(event, TurnEnded | Unheard):
            self._ears.turn_over()
            self._listen_until_s = None
            self._dead_air_at_s = event.speech_ended_s + DEAD_AIR_S

    async def _converse(self) -> Ending:
        """Takes events one by one until the dialogue ends the call."""
        await self._checkpoint()
        self._ears.open()
        self._perform(self._machine.start())
        while True:
            event = await self._events.get()
            if isinstance(event, Said):
                self._note_said(event)
                if self._step.ending is not None:
                    await asyncio.sleep(LAST_WORDS_PAUSE_S)
                    return self._step.ending
                self._listen_until_s = self._loop.time() + self._step.listens_s
            elif isinstance(event, Interrupted):
                self._interrupted(event)
            elif isinstance(event, TurnEnded):
                await self._take_turn(event)
            elif isinstance(event, Unheard):
                self._take_unheard()
            elif isinstance(event, Silence):
                self._perform(self._machine.on_silence())
            elif isinstance(event, EarsLost) and self._step.ending is None:
                self._perform(self._machine.on_failure())
            elif isinstance(event, TimeUp) and self._step.ending is None:
                self._perform(self._machine.on_too_long())

    async def _take_turn(self, event: TurnEnded) -> None:
        self._unheard = 0
        self.record.add("caller", event.text, event.speech_ended_s - self._started_s)
        if self._mouth.busy and not self._answers_early(event.text):
            self._dead_air_at_s = None  # "mmh", "d'accord" while the bot explains, or words over its farewell
            return
        self._turn_id += 1
        bind_turn(self._turn_id)
        self._times = times = TurnTimes(event.speech_ended_s, self._loop.time())
        metrics.TURN_LATENCY_S.labels("endpoint").observe(times.turn_ended_s - times.speech_ended_s)
        state = self._machine.state
        answer = await self._understand(state, event.text)
        times.understood_s = self._loop.time()
        metrics.TURN_LATENCY_S.labels("understanding").observe(times.understood_s - times.turn_ended_s)
        understanding = answer.understanding
        log.info(
            "turn understood",
            state=state.value,
            heard=event.text,
            intent=understanding.intent.value,
            confidence=round(understanding.confidence, 2),
            source=understanding.source,
            endpoint_ms=round((times.turn_ended_s - times.speech_ended_s) * 1000),
            understanding_ms=round((times.understood_s - times.turn_ended_s) * 1000),
        )
        if understanding.fields.given():
            self._case.fields = self._case.fields.model_copy(update=understanding.fields.given())
            await look_up(self._case, self._services.clients, self._services.tickets, self.record.caller_number)
        step = self._machine.on_turn(understanding, event.text)
        if step.model_reply and answer.reply is not None:
            self._perform(step, answer)
        else:
            await answer.drop_reply()
            self._perform(step)
        await self._checkpoint()

    async def _understand(self, state: State, text: str) -> Answer:
        if self._machine.may_answer_shortly:
            local: Understanding = understand(state, text)
            if local.intent in (Intent.YES, Intent.NO) and local.confidence >= SURE_SHORT_ANSWER:
                return Answer(local)
        turn = Turn(state, text, self.record.history()[:-1], self._case.facts())
        return await self._services.understanding.understand(turn)

    def _take_unheard(self) -> None:
        if self._mouth.busy:
            self._dead_air_at_s = None
            return
        self._unheard += 1
        log.warning("caller spoke but no words came of it", times=self._unheard)
        failed = self._unheard >= UNHEARD_BEFORE_GIVING_UP
        self._perform(self._machine.on_failure() if failed else self._machine.on_unheard())

    def _answers_early(self, text: str) -> bool:
        """Words over the bot's last syllables of a yes-or-no question are its answer."""
        early = (
            self._step.ending is None
            and self._machine.may_answer_shortly
            and self._mouth.has_sound
            and self._mouth.remaining_s < EARLY_ANSWER_S
            and is_backchannel(text)
        )
        if early and (heard := self._mouth.interrupt()) is not None:
            self._note_said(heard)
        return early

    def _interrupted(self, event: Interrupted) -> None:
        """The caller talks over the bot and means it."""
        if self._step.ending is not None or not self._mouth.busy:
            return
        heard = self._mouth.interrupt()
        if heard is not None:
            self._note_said(heard)
        stop_s = self._loop.time() + FRAME_S - event.speech_started_s
        metrics.BARGE_INS.labels("confirmed").inc()
        metrics.BARGE_IN_STOP_S.observe(max(stop_s, 0.0))
        log.info("interrupted by the caller", stop_ms=round(stop_s * 1000))
        self._listen_until_s = self._loop.time() + self._step.listens_s

    def _perform(self, step: Step, answer: Answer | None = None) -> None:
        """Says what the step says."""
        self._listen_until_s = None
        self._step = step
        self._ears.turns.expects = self._machine.endpointing
        texts = [self._services.prompts.text(phrase.key, phrase.values) for phrase in step.says]
        if answer is not None and answer.reply is not None:
            self._last_said = []
            self._mouth.say(self._reply(answer, texts))
            return
        if step.repeats:
            texts = self._last_said
        self._last_said = texts
        self._mouth.say(texts)

    async def _reply(self, answer: Answer, otherwise: list[str]) -> AsyncIterator[str]:
        """The model's reply sentence by sentence while it is being written, or the fixed phrases."""
        reply = answer.reply
        assert reply is not None
        text = ""
        deadline_s = self._loop.time() + REPLY_TIMEOUT_S
        try:
            while True:
                try:
                    async with asyncio.timeout_at(deadline_s if not self._last_said else None):
                        text += await anext(reply)
                except (StopAsyncIteration, TimeoutError):
                    break
                *whole, text = _SENTENCE_END.split(text)
                for sentence in whole:
                    self._last_said.append(sentence)
                    yield sentence
            if text.strip():
                self._last_said.append(text.strip())
                yield text.strip()
        finally:
            await answer.drop_reply()
        if not self._last_said:
            self._last_said = otherwise
            for phrase in otherwise:
                yield phrase

    def _first_sound(self, now_s: float) -> None:
        """The first frame of a speech has left."""
        self._dead_air_at_s = None
        times, self._times = self._times, None
        if times is None:
            return
        metrics.TURN_LATENCY_S.labels("first_audio").observe(now_s - (times.understood_s or now_s))
        metrics.TURN_LATENCY_S.labels("total").observe(now_s - times.speech_ended_s)
        log.info(
            "turn answered",
            state=self._machine.state.value,
            first_audio_ms=round((now_s - (times.understood_s or now_s)) * 1000),
            total_ms=round((now_s - times.speech_ended_s) * 1000),
        )

    def _note_said(self, said: Said) -> None:
        if said.text:
            self.record.add("bot", said.text, said.started_s - self._started_s, interrupted=said.interrupted)
            log.info("bot said", state=self._machine.state.value, text=said.text, interrupted=said.interrupted)

    async def _checkpoint(self) -> None:
        """On disk after every turn: a crash leaves a ticket."""
        try:
            await self._services.writer.checkpoint(self.record.ticket(self._loop.time() - self._started_s))
        except StoreError as error:
            log.warning("call not checkpointed", detail=str(error))

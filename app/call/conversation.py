"""The conversation of one call: turns in, understanding, dialogue, speech out."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from dataclasses import replace
from math import inf
from typing import Any

import structlog

from app.call.alarm import Alarm
from app.call.barge_in import BargeIn
from app.call.checkpoints import Checkpoints
from app.call.ears import Ears
from app.call.end_of_turn import completeness
from app.call.events import Answered, CallerTurn, EarsLost, Event, KeyPressed, Silence, TimeUp, TypingPaused
from app.call.interpreter import Interpreter
from app.call.lookup import Lookup
from app.call.mouth import Mouth, Said
from app.call.record import CallRecord
from app.call.services import Services
from app.call.speaker import Speaker
from app.call.timers import Timers
from app.call.turn_times import TurnTimes
from app.dialogue.keypad import Keyed, Keypad
from app.dialogue.machine import Machine
from app.dialogue.patience import DROWNED_S
from app.dialogue.step import Ending, Step
from app.dialogue.turn_events import Interrupted, Settled, TurnEnded, TurnEvent, Unheard, WordsLate
from app.inbox import Inbox
from app.ops.logs import bind_call, bind_turn
from app.providers.ladder import Answer
from ext.line import Line
from ext.tracks import Tracks

log = structlog.get_logger(__name__)

MAX_EVENTS = 64
MAX_KEYS = 32
"""Keys that wait to be taken; nobody presses them so fast, and the other events need their room."""
UNHEARD_BEFORE_GIVING_UP = 3
LAST_WORDS_PAUSE_S = 0.3
APOLOGY_TIMEOUT_S = 10.0


class Conversation:
    """Who says what, and when.

    Args:
        record: filled with what both sides said.
        services: what all calls share.
        tracks: record the sound of both sides.
        on_ending: told how the call will end, as soon as its last words begin.

    Attributes:
        line: the sound of both sides; to be put on the wire and on the clock.
    """

    def __init__(
        self, record: CallRecord, services: Services, tracks: Tracks, on_ending: Callable[[Ending], None]
    ) -> None:
        self._record = record
        self._services = services
        self._on_ending = on_ending
        self._loop = asyncio.get_running_loop()
        self._machine = Machine(record.case, services.settings.solution_wait_seconds)
        self._keypad = Keypad()
        self._mouth = Mouth(
            services.cache,
            services.voice,
            self._first_sound,
            self.post,
            self._look_again,
            lambda text: self.ears.echo.say(text),
        )
        self.ears = Ears(
            services.recogniser,
            tracks,
            services.settings.deepgram_piece_ms,
            lambda expects, text: completeness(self._machine.state, expects, text),
            services.settings.interrupted_by == "words",
            self._hear,
            self._look_again,
            lambda _error: self.post(EarsLost()),
        )
        self._context = copy_context()
        """Of what the clock's ticks begin, so that it logs as this call's."""
        self._context.run(bind_call, str(record.call_uuid))
        self.line = Line(
            self.ears.inbound, self._mouth.buffer, tracks, lambda now_s: self._context.run(self.follow, now_s)
        )
        self._events: Inbox[Event] = Inbox(MAX_EVENTS)
        self._step = Step()
        self._deaf = False
        """The ears are lost: once the bot has finished its sentences it says goodbye."""
        self.turn_id = 0
        """How many turns of the caller were taken."""
        self._unheard = 0
        self._turn: dict[str, Any] | None = None
        """The entry in the transcript of the turn that is being answered."""
        self._may_drown = False
        """A soft answer in noise may have been heard by nobody."""
        self._times = TurnTimes()
        self._speaker = Speaker(self._mouth, services.prompts, record, self._machine)
        self._interpreter = Interpreter(
            self._machine,
            record,
            services.understanding,
            self._times,
            services.settings.early_starts,
            self._rehearse,
            self._mouth.forget,
        )
        self._timers = Timers(self._speaker.fill, self.post)
        self._alarm = Alarm(self.follow)
        self._barge_in = BargeIn(self._mouth, self._speaker, self._timers)
        self._lookup = Lookup(record, services.clients, services.tickets)
        self._checkpoints = Checkpoints(services.writer, lambda: record.ticket(self._loop.time() - record.began_s))

    def follow(self, now_s: float) -> None:
        """Called by the line when voice or speech began or ended, at the time set here, and after `_look_again`."""
        mouth, ears = self._mouth, self.ears
        mouth_s = mouth.follow(now_s)
        ears.follow_bot(now_s, speaks=mouth.speaks, sounds=mouth.sounds)
        ears_s = ears.follow(now_s)
        self._barge_in.hold(ears.turns.overlaps, ears.inbound.voice_began_s)
        quiet = not mouth.busy and not ears.turns.caller_speaks
        timers_s = self._timers.follow(now_s, voiced=ears.voiced, voice_ended_s=ears.voice_ended_s, quiet=quiet)
        wake_at_s = min(mouth_s, ears_s, timers_s)
        self.line.wake_at_s = min(self.line.wake_at_s, wake_at_s)
        self._alarm.set(wake_at_s)

    def _look_again(self) -> None:
        """Something has changed: `follow` is called at the next tick."""
        self.line.wake()

    def post(self, event: Event) -> None:
        """Something happened; taken in turn by `run`."""
        self._look_again()
        if not self._events.put(event):
            log.error("event lost: the call does not keep up", lost=type(event).__name__)

    def _hear(self, event: TurnEvent) -> None:
        """What the ears tell of the caller's turns."""
        self._look_again()
        match event:
            case Settled():
                self._timers.words_came()
                if not self._mouth.speaks and not self._keypad.typing and self._step.ending is None:
                    self._interpreter.prepare(event.text)
            case WordsLate():
                # With words there will be an answer: however late the final ones are, not waited for in silence.
                if self.ears.turns.text and self._step.ending is None:
                    self._timers.await_words(self.ears.voice_ended_s)
            case TurnEnded():
                self._turn_over(event.speech_ended_s)
                turn = CallerTurn(event.text, event.speech_ended_s, self._mouth.speaks and self._mouth.has_sound)
                if not self._interpreter.add(turn):
                    self.post(turn)
            case Unheard():
                self._turn_over(event.speech_ended_s)
                self.post(event)
            case Interrupted():
                self.post(event)

    def press(self, key: str) -> None:
        """A key of the caller's telephone."""
        if len(self._events) < MAX_KEYS:
            self.post(KeyPressed(key, self._keypad.questions, self._loop.time()))

    async def run(self) -> Ending:
        """Talks until the dialogue ends the call and its last words were heard."""
        if self._record.case.returned and await self._lookup.resume():
            self._services.writer.reopen(self._record.ticket(0.0))
        self._checkpoints.save()
        await self._lookup.begin()
        self._perform(self._machine.start())
        while True:
            self._look_again()
            event = await self._events.get()
            match event:
                case Said():
                    self._speaker.note(event)
                    if self._mouth.busy:
                        continue  # it was a filler, and the answer is being said by now
                    if self._step.ending is not None:
                        await asyncio.sleep(LAST_WORDS_PAUSE_S)
                        return self._step.ending
                    self._listen()
                    if self._deaf:
                        self._perform(self._machine.on_failure())
                case Answered() if self._times.awaits_answer:
                    self._times.answered(event.at_s, self._machine.state)
                    self._turn = self._record.annotate(self._turn, **self._times.figures)
                case Interrupted() if self._mouth.busy and self._step.ending is None:  # a farewell is finished
                    self._barge_in.interrupt(event.speech_started_s)
                case CallerTurn():
                    await self._take_turn(event)
                case KeyPressed():
                    await self._take_key(event)
                case TypingPaused() if (keyed := self._keypad.on_tick(self._loop.time())) is not None:
                    await self._take_keyed(keyed)
                case Unheard():
                    self._take_unheard()
                case Silence():
                    self._take_silence()
                case EarsLost() if self._step.ending is None:
                    self._deaf = True
                    if not self._mouth.speaks:
                        self._perform(self._machine.on_failure())
                case TimeUp() if self._step.ending is None:
                    self._perform(self._machine.on_too_long())

    def now(self) -> list[dict[str, Any]]:
        """What is being said: the bot's words that have left, the caller's as recognised so far."""
        now_s = self._loop.time()
        saying = []
        if said := self._mouth.said:
            saying.append(self._record.now("bot", said, self._mouth.began_s))
        if text := self.ears.turns.text:
            saying.append(self._record.now("caller", text, now_s))
        return saying

    @property
    def state(self) -> str:
        """Where the dialogue stands."""
        return self._machine.state.value

    async def close(self) -> None:
        """Notes what both sides were saying when the call ended, and stops; bounded, never raises."""
        while self._events:
            match self._events.take():
                case Said() as said:
                    self._speaker.note(said)
                case CallerTurn() as turn:
                    self._note_turn(turn)
                case KeyPressed() as pressed if self._counts(pressed):
                    if (keyed := self._keypad.press(pressed.key, pressed.at_s)) is not None:
                        self._note_keys(keyed.typed)
        if typed := self._keypad.typed:
            self._note_keys(typed)
        self._interpreter.note_added()
        self._speaker.hush()
        if text := self.ears.turns.text:
            self._record.add("caller", text, self._loop.time(), interrupted=True)
        self._checkpoints.stop()
        self._lookup.stop()
        self._alarm.stop()
        closing = (self._interpreter.close(), self._mouth.close(), self.ears.close())
        await asyncio.gather(*closing, return_exceptions=True)

    async def apologise(self) -> None:
        """Something of ours failed: says so, in the phrase `error`; bounded."""
        self._perform(self._machine.on_failure())
        with suppress(TimeoutError):
            async with asyncio.timeout(APOLOGY_TIMEOUT_S):
                while True:
                    event = await self._events.get()
                    if isinstance(event, Said):
                        self._speaker.note(event)
                        return

    async def _take_turn(self, event: CallerTurn) -> None:
        self._unheard = 0
        self._barge_in.confirm()
        self._note_turn(event)
        farewell = self._mouth.speaks and self._step.ending is not None
        # Who types a number may well read it aloud: the keys are more certain.
        if self._keypad.typing or farewell or (self._mouth.speaks and event.over_bot and not self._answers(event.text)):
            self._timers.dead_air_at_s = inf  # "mmh", "d'accord" while the bot explains, or words over its farewell
            return
        self._next_turn()
        answer, text = await self._interpreter.understand(event)
        try:
            await self._answer(answer, text)
        except BaseException:
            await answer.drop_reply()
            raise
        self._checkpoints.save()

    async def _rehearse(self, answer: Answer, text: str) -> None:
        """An answer is prepared: so is the sound of its beginning."""
        await self._speaker.rehearse(self._machine.preview(answer.understanding, text), answer)

    def _answers(self, text: str) -> bool:
        """Words over the bot's speech are the answer to its question."""
        return self._machine.may_answer_shortly and self._barge_in.answers_early(text)

    def _turn_over(self, speech_ended_s: float) -> None:
        """The caller has finished, by voice or by keys: an answer is due."""
        self.ears.turn_over()
        self._timers.turn_over(speech_ended_s, self._loop.time())

    def _next_turn(self) -> None:
        self.turn_id += 1
        bind_turn(self.turn_id)
        self._context.run(bind_turn, self.turn_id)

    def _counts(self, event: KeyPressed) -> bool:
        """A key for an earlier question answers nothing, nor does one over the farewell."""
        now = self._step.ending is None and event.question == self._keypad.questions
        return now and self._keypad.takes(event.key)

    async def _take_key(self, event: KeyPressed) -> None:
        if not self._counts(event):
            return
        if self._mouth.speaks:
            self._barge_in.stop(event.at_s)
        keyed = self._keypad.press(event.key, event.at_s)
        self._timers.typing_ends_at_s = self._keypad.deadline_s
        self._timers.silence_at_s = inf if self._keypad.typing else self._loop.time() + self._step.listens_s
        if keyed is not None:
            await self._take_keyed(keyed)

    async def _take_keyed(self, keyed: Keyed) -> None:
        """The caller's turn, by keys: certain, so that no language model is asked."""
        now_s = self._loop.time()
        self._unheard = 0
        self._barge_in.confirm()
        self.ears.turns.reset()  # what was said meanwhile was read aloud, or the tones themselves
        self._turn_over(now_s)
        self._note_keys(keyed.typed)
        self._next_turn()
        self._times.begin(now_s, now_s)
        self._times.understood(now_s)
        await self._answer(Answer(keyed.understanding), keyed.words, heard=keyed.typed)
        self._checkpoints.save()

    async def _answer(self, answer: Answer, text: str, heard: str = "") -> None:
        """Takes an understood turn to the machine and says what it answers.

        Args:
            heard: what the log says instead of `text`.
        """
        understanding = answer.understanding
        self._turn = self._record.annotate(
            self._record.latest("caller"),
            state=self._machine.state.value,
            intent=understanding.intent.value,
            sentiment=understanding.sentiment,
        )
        log.info(
            "turn understood",
            state=self._machine.state.value,
            heard=heard or text,
            intent=understanding.intent.value,
            confidence=round(understanding.confidence, 2),
            source=understanding.source,
            endpoint_ms=self._times.endpoint_ms,
            understanding_ms=self._times.understanding_ms,
        )
        await self._lookup.learn(understanding.fields)
        step = self._machine.on_turn(understanding, text)
        if step.model_reply and answer.reply is not None:
            self._perform(step, answer)
        else:
            await answer.drop_reply()
            self._perform(step)

    def _take_unheard(self) -> None:
        if self._keypad.typing or self._mouth.speaks:
            self._timers.dead_air_at_s = inf
            return
        self._unheard += 1
        self._barge_in.confirm()
        log.warning("caller spoke but no words came of it", times=self._unheard)
        failed = self._unheard >= UNHEARD_BEFORE_GIVING_UP
        self._perform(self._machine.on_failure() if failed else self._machine.on_unheard())

    def _listen(self) -> None:
        """The bot has finished: how long may the caller say nothing?"""
        self._may_drown = self.ears.turns.in_noise and self._machine.awaits_yes_or_no and not self._unheard
        self._timers.silence_at_s = self._loop.time() + (DROWNED_S if self._may_drown else self._step.listens_s)

    def _take_silence(self) -> None:
        if self._barge_in.false_alarm():
            self._perform(replace(self._step, says=(), model_reply=False, repeats=True))
        elif self._may_drown:
            self._unheard += 1
            self._perform(self._machine.on_unheard())
        else:
            self._perform(self._machine.on_silence())

    def _perform(self, step: Step, answer: Answer | None = None) -> None:
        """Says what the step says; what the bot was saying is cut."""
        if self._mouth.speaks:
            self._speaker.hush()
        self._timers.silence_at_s = inf
        self._step = step
        if step.ending is not None:
            self._on_ending(step.ending)
        self.ears.expect(self._machine.endpointing)
        self._keypad.ask(self._machine.keys)
        self._timers.typing_ends_at_s = self._keypad.deadline_s
        self._look_again()
        self._speaker.say(step, answer)

    def _first_sound(self, now_s: float) -> None:
        """The first frame of an answer has left; told on the clock, noted where the turn's id is known."""
        self._timers.dead_air_at_s = inf
        if self._times.awaits_answer:
            self.post(Answered(now_s))

    def _note_turn(self, turn: CallerTurn) -> None:
        self._record.add("caller", turn.text, turn.speech_ended_s)

    def _note_keys(self, typed: str) -> None:
        self._record.add("caller", typed, self._loop.time())

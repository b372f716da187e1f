"""The conversation of one call: turns in, understanding, dialogue, speech out."""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

import structlog

from app.call.checkpoints import Checkpoints
from app.call.ears import Ears
from app.call.events import Answered, CallerTurn, EarsLost, Event, KeyPressed, Silence, TimeUp, TypingPaused
from app.call.lookup import look_up, resume
from app.call.mouth import Mouth, Said
from app.call.record import CallRecord
from app.call.reply import Reply
from app.call.services import Services
from app.call.turn_times import TurnTimes
from app.dialogue.intents import Intent
from app.dialogue.keypad import Keyed, Keypad
from app.dialogue.machine import Machine
from app.dialogue.states import State
from app.dialogue.step import Ending, Step
from app.dialogue.turns import FinalizeWanted, Interrupted, TurnEnded, Unheard, is_backchannel
from app.inbox import Inbox
from app.media.clock import FRAME_S
from app.ops import metrics
from app.ops.logs import bind_turn
from app.providers.base import Turn
from app.providers.ladder import Answer
from app.providers.rules import understand
from ext.line import Line
from ext.tracks import Tracks

log = structlog.get_logger(__name__)

MAX_EVENTS = 64
MAX_KEYS = 32
"""Keys that wait to be taken; nobody presses them so fast, and the other events need their room."""
DEAD_AIR_S = 1.75
"""So long after the caller fell silent something must be heard: if no answer has sound yet, a cached phrase."""
SURE_SHORT_ANSWER = 0.95
UNHEARD_BEFORE_GIVING_UP = 3
EARLY_ANSWER_S = 1.5
"""A "oui" over the last words of a question answers it."""
LAST_WORDS_PAUSE_S = 0.3
FALSE_ALARM_S = 2.0
"""No turn came so long after an interruption: it was none, and what it cut is said again."""
APOLOGY_TIMEOUT_S = 10.0
GREETING_LOOKUP_S = 0.15
"""What the first word may wait for the caller's name; a database that is later is heard for the rest of the call."""


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
        self._case = record.case
        self._on_ending = on_ending
        self._looking_up: asyncio.Task[None] | None = None
        self._services = services
        self._loop = asyncio.get_running_loop()
        self._started_s = self._loop.time()
        self._machine = Machine(self._case, services.settings.solution_wait_seconds)
        self._keypad = Keypad()
        self._keys_until_s: float | None = None
        self._mouth = Mouth(services.cache, services.voice, self._first_sound, self.post, self._look_again)
        self.ears = Ears(
            services.recogniser,
            tracks,
            services.settings.deepgram_piece_ms,
            self.post,
            self._look_again,
            lambda _error: self.post(EarsLost()),
        )
        self.line = Line(self.ears.inbound, self._mouth.buffer, tracks, self.follow)
        self._events: Inbox[Event] = Inbox(MAX_EVENTS)
        self._step = Step()
        self._last_said: list[str] = []
        self._listen_until_s: float | None = None
        self._dead_air_at_s: float | None = None
        self._awaits_words = False
        """The caller has fallen silent, but the recogniser is late: the turn has not ended yet."""
        self._deaf = False
        """The ears are lost: once the bot has finished its sentences it says goodbye."""
        self._times: TurnTimes | None = None
        self.turn_id = 0
        """How many turns of the caller were taken."""
        self._unheard = 0
        self._understanding = False
        self._newer: list[CallerTurn] = []
        """What the caller added while the turn was being understood."""
        self._cut_short = False
        """The bot was interrupted, and no turn has come of it yet."""
        self._checkpoints = Checkpoints(services.writer, lambda: record.ticket(self._since_start(self._loop.time())))

    def follow(self, now_s: float) -> None:
        """Called by the line when voice or speech began or ended, at the time set here, and after `_look_again`."""
        look_at_s = self._mouth.follow(now_s)
        turns = self.ears.turns
        turns.bot_speaks = self._mouth.busy and not self._mouth.filling
        look_at_s = min(look_at_s, self.ears.follow(now_s))
        voiced = self.ears.voiced
        if self._awaits_words and voiced:
            self._awaits_words, self._dead_air_at_s = False, None  # the caller goes on
        if self._dead_air_at_s is not None and not voiced:
            self._dead_air_at_s = max(self._dead_air_at_s, self.ears.voice_ended_s + DEAD_AIR_S)
            if now_s >= self._dead_air_at_s:
                self._dead_air_at_s = None
                self._mouth.fill(self._services.prompts.text("one_moment"))
            else:
                look_at_s = min(look_at_s, self._dead_air_at_s)
        if self._keys_until_s is not None:
            if now_s >= self._keys_until_s:
                self._keys_until_s = None
                self.post(TypingPaused())
            else:
                look_at_s = min(look_at_s, self._keys_until_s)
        if self._listen_until_s is not None and not turns.caller_speaks and not self._mouth.busy:
            if now_s >= self._listen_until_s:
                self._listen_until_s = None
                self.post(Silence())
            else:
                look_at_s = min(look_at_s, self._listen_until_s)
        self.line.wake_at_s = min(self.line.wake_at_s, look_at_s)

    def _look_again(self) -> None:
        """Something has changed: `follow` is called at the next tick."""
        self.line.wake()

    def post(self, event: Event) -> None:
        """Something happened; taken in turn by `run`."""
        self._look_again()
        if isinstance(event, FinalizeWanted):
            # With words there will be an answer: however late the final ones are, it must not be waited for in silence.
            if self.ears.turns.text and self._step.ending is None:
                self._awaits_words, self._dead_air_at_s = True, self.ears.voice_ended_s + DEAD_AIR_S
            return
        if isinstance(event, TurnEnded | Unheard):
            self.ears.turn_over()
            self._listen_until_s = None
            self._awaits_words = False
            # When it is late already: a frame more, for an answer that is ready at once.
            self._dead_air_at_s = max(event.speech_ended_s + DEAD_AIR_S, self._loop.time() + FRAME_S)
        if isinstance(event, TurnEnded):
            over_bot = self._mouth.has_sound and not self._mouth.filling
            event = CallerTurn(event.text, event.speech_ended_s, over_bot)
            if self._understanding:
                self._newer.append(event)
                return
        if not self._events.put(event):
            log.error("event lost: the call does not keep up", lost=type(event).__name__)

    def press(self, key: str) -> None:
        """A key of the caller's telephone."""
        if len(self._events) < MAX_KEYS:
            self.post(KeyPressed(key, self._keypad.questions, self._loop.time()))

    async def run(self) -> Ending:
        """Talks until the dialogue ends the call and its last words were heard."""
        if self._case.returned and await resume(self._record, self._services.clients, self._services.tickets):
            self._services.writer.reopen(self._record.ticket(0.0))
        self._checkpoints.save()
        await self._know_the_caller()
        self._perform(self._machine.start())
        while True:
            self._look_again()
            event = await self._events.get()
            match event:
                case Said():
                    self._note_said(event)
                    if self._mouth.busy:
                        continue  # it was a filler, and the answer is being said by now
                    if self._step.ending is not None:
                        await asyncio.sleep(LAST_WORDS_PAUSE_S)
                        return self._step.ending
                    self._listen_until_s = self._loop.time() + self._step.listens_s
                    if self._deaf:
                        self._perform(self._machine.on_failure())
                case Answered():
                    self._note_answer(event.at_s)
                case Interrupted():
                    self._take_interruption(event)
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
                    if not self._mouth.busy or self._mouth.filling:
                        self._perform(self._machine.on_failure())
                case TimeUp() if self._step.ending is None:
                    self._perform(self._machine.on_too_long())

    async def _know_the_caller(self) -> None:
        """Looks the caller's number up, if there is one."""
        number = self._record.caller_number
        if number is None or self._case.returned:
            return
        search = look_up(self._case, self._services.clients, self._services.tickets, number)
        self._looking_up = asyncio.create_task(search, name="lookup")
        await asyncio.wait([self._looking_up], timeout=GREETING_LOOKUP_S)

    async def close(self) -> None:
        """Notes what both sides were saying when the call ended, and stops; bounded, never raises."""
        while self._events:
            event = self._events.take()
            if isinstance(event, Said):
                self._note_said(event)
            elif isinstance(event, CallerTurn):
                self._note_turn(event)
            elif (
                isinstance(event, KeyPressed)
                and self._counts(event)
                and (keyed := self._keypad.press(event.key, event.at_s)) is not None
            ):
                self._note_keys(keyed.typed)
        if typed := self._keypad.typed:
            self._note_keys(typed)
        for newer in self._newer:
            self._note_turn(newer)
        if (heard := self._mouth.interrupt()) is not None:
            self._note_said(heard)
        if text := self.ears.turns.text:
            self._record.add("caller", text, self._since_start(self._loop.time()), interrupted=True)
        self._checkpoints.stop()
        if self._looking_up is not None:
            self._looking_up.cancel()
        await asyncio.gather(self._mouth.close(), self.ears.close(), return_exceptions=True)

    async def apologise(self) -> None:
        """Something of ours failed: says so, in the phrase `error`; bounded."""
        self._perform(self._machine.on_failure())
        with suppress(TimeoutError):
            async with asyncio.timeout(APOLOGY_TIMEOUT_S):
                while True:
                    event = await self._events.get()
                    if isinstance(event, Said):
                        self._note_said(event)
                        return

    async def _take_turn(self, event: CallerTurn) -> None:
        self._unheard = 0
        self._cut_short = False
        self._note_turn(event)
        speaks = self._mouth.busy and not self._mouth.filling
        last_words = speaks and self._step.ending is not None
        # Who types a number may well read it aloud: the keys are more certain.
        if self._keypad.typing or last_words or (speaks and event.over_bot and not self._answers_early(event.text)):
            self._dead_air_at_s = None  # "mmh", "d'accord" while the bot explains, or words over its farewell
            return
        self.turn_id += 1
        bind_turn(self.turn_id)
        self._understanding = True
        try:
            answer, text, times = await self._understand_all(event)
        finally:
            self._understanding = False
        try:
            await self._answer(answer, text, times)
        except BaseException:
            await answer.drop_reply()
            raise
        self._checkpoints.save()

    async def _understand_all(self, event: CallerTurn) -> tuple[Answer, str, TurnTimes]:
        """Understands the turn, together with what the caller adds meanwhile."""
        text = event.text
        while True:
            times = self._times = TurnTimes(event.speech_ended_s, self._loop.time())
            answer = await self._understand(self._machine.state, text)
            times.understood(self._loop.time())
            if not self._newer:
                return answer, text, times
            await answer.drop_reply()
            for event in self._newer:
                self._note_turn(event)
                text = f"{text} {event.text}"
            self._newer.clear()

    def _counts(self, event: KeyPressed) -> bool:
        """A key for an earlier question answers nothing, nor does one over the farewell."""
        now = self._step.ending is None and event.question == self._keypad.questions
        return now and self._keypad.takes(event.key)

    async def _take_key(self, event: KeyPressed) -> None:
        if not self._counts(event):
            return
        if self._mouth.busy and not self._mouth.filling:
            self._fall_silent(event.at_s)
        keyed = self._keypad.press(event.key, event.at_s)
        typing = self._keypad.typing
        self._keys_until_s = self._keypad.deadline_s if typing else None
        self._listen_until_s = None if typing else self._loop.time() + self._step.listens_s
        if keyed is not None:
            await self._take_keyed(keyed)

    async def _take_keyed(self, keyed: Keyed) -> None:
        """The caller's turn, by keys: certain, so that no language model is asked."""
        now_s = self._loop.time()
        self._keys_until_s = None
        self._unheard = 0
        self._cut_short = self._awaits_words = False
        self.ears.turns.reset()  # what was said meanwhile was read aloud, or the tones themselves
        self.ears.turn_over()
        self._note_keys(keyed.typed)
        self._listen_until_s = None
        self._dead_air_at_s = now_s + DEAD_AIR_S
        self.turn_id += 1
        bind_turn(self.turn_id)
        times = self._times = TurnTimes(now_s, now_s)
        times.understood(now_s)
        await self._answer(Answer(keyed.understanding), keyed.words, times, heard=keyed.typed)
        self._checkpoints.save()

    async def _answer(self, answer: Answer, text: str, times: TurnTimes, heard: str = "") -> None:
        """Takes an understood turn to the machine and says what it answers.

        Args:
            heard: what the log says instead of `text`.
        """
        state = self._machine.state
        understanding = answer.understanding
        log.info(
            "turn understood",
            state=state.value,
            heard=heard or text,
            intent=understanding.intent.value,
            confidence=round(understanding.confidence, 2),
            source=understanding.source,
            endpoint_ms=times.endpoint_ms,
            understanding_ms=times.understanding_ms,
        )
        if given := understanding.fields.given():
            self._case.fields = self._case.fields.model_copy(update=given)
            await look_up(self._case, self._services.clients, self._services.tickets, self._record.caller_number)
        step = self._machine.on_turn(understanding, text)
        if step.model_reply and answer.reply is not None:
            self._perform(step, answer)
        else:
            await answer.drop_reply()
            self._perform(step)

    async def _understand(self, state: State, text: str) -> Answer:
        if self._machine.may_answer_shortly:
            local = understand(state, text)
            if local.intent in (Intent.YES, Intent.NO) and local.confidence >= SURE_SHORT_ANSWER:
                return Answer(local)
        turn = Turn(state, text, self._record.history()[:-1], self._case.facts())
        return await self._services.understanding.understand(turn)

    def _take_unheard(self) -> None:
        if self._keypad.typing or (self._mouth.busy and not self._mouth.filling):
            self._dead_air_at_s = None
            return
        self._unheard += 1
        self._cut_short = False
        log.warning("caller spoke but no words came of it", times=self._unheard)
        failed = self._unheard >= UNHEARD_BEFORE_GIVING_UP
        self._perform(self._machine.on_failure() if failed else self._machine.on_unheard())

    def _take_silence(self) -> None:
        if self._cut_short:
            # A cough or an echo that looked like a word: what it cut is said again.
            self._cut_short = False
            metrics.BARGE_INS.labels("resumed").inc()
            self._perform(replace(self._step, says=(), model_reply=False, repeats=True))
        else:
            self._perform(self._machine.on_silence())

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

    def _take_interruption(self, event: Interrupted) -> None:
        """The caller talks over the bot and means it. A farewell is finished all the same."""
        if self._step.ending is not None or not self._mouth.busy:
            return
        self._fall_silent(event.speech_started_s)
        self._cut_short = True
        self._listen_until_s = self._loop.time() + FALSE_ALARM_S

    def _fall_silent(self, since_s: float) -> None:
        """Stops the bot's speech for a caller who interrupts it.

        Args:
            since_s: when the caller began to.
        """
        if (heard := self._mouth.interrupt()) is not None:
            self._note_said(heard)
        stop_s = max(self._loop.time() + FRAME_S - since_s, 0.0)
        metrics.BARGE_INS.labels("confirmed").inc()
        metrics.BARGE_IN_STOP_S.observe(stop_s)
        log.info("interrupted by the caller", stop_ms=round(stop_s * 1000))
        self._dead_air_at_s = None

    def _perform(self, step: Step, answer: Answer | None = None) -> None:
        """Says what the step says; what the bot was saying is cut."""
        if self._mouth.busy and not self._mouth.filling and (heard := self._mouth.interrupt()) is not None:
            self._note_said(heard)
        self._listen_until_s = None
        self._step = step
        if step.ending is not None:
            self._on_ending(step.ending)
        self.ears.turns.expects = self._machine.endpointing
        self._keypad.ask(self._machine.keys)
        self._keys_until_s = None
        self._look_again()
        texts = [self._services.prompts.text(phrase.key, phrase.values) for phrase in step.says]
        if answer is not None and answer.reply is not None:
            reply = Reply(answer, texts, lambda: self._mouth.remaining_s)
            self._last_said = reply.said
            self._mouth.say(reply.sentences())
            return
        if not step.repeats:
            self._last_said = texts
        self._mouth.say(self._last_said)

    def _first_sound(self, now_s: float) -> None:
        """The first frame of an answer has left; told on the clock, noted where the turn's id is known."""
        self._dead_air_at_s = None
        if self._times is not None:
            self.post(Answered(now_s))

    def _note_answer(self, at_s: float) -> None:
        times, self._times = self._times, None
        if times is not None:
            times.answered(at_s)
            log.info(
                "turn answered",
                state=self._machine.state.value,
                first_audio_ms=times.first_audio_ms,
                total_ms=times.total_ms,
            )

    def _note_turn(self, turn: CallerTurn) -> None:
        self._record.add("caller", turn.text, self._since_start(turn.speech_ended_s))

    def _note_keys(self, typed: str) -> None:
        self._record.add("caller", typed, self._since_start(self._loop.time()))

    def _note_said(self, said: Said) -> None:
        if said.text:
            self._record.add("bot", said.text, self._since_start(said.started_s), interrupted=said.interrupted)
            log.info("bot said", state=self._machine.state.value, text=said.text, interrupted=said.interrupted)

    def _since_start(self, at_s: float) -> float:
        return max(at_s - self._started_s, 0.0)

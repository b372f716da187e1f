"""Our three providers through their real SDKs against the stand-ins: what each fault becomes, and that nothing stays.

All faults of a provider are tried at the same time, each on stand-ins of its own, because some take long. Everything
runs inside `watched`, which fails if a task, a connection or an exception is left behind.
"""

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing, asynccontextmanager
from functools import partial
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from app.config import Settings
from app.dialogue.intents import Fields, Intent, Understanding
from app.dialogue.prompts import load_prompts
from app.dialogue.states import Endpointing, State
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderQuotaError,
    ProviderTimeoutError,
)
from app.providers import sound_stream
from app.providers.base import Transcript, Turn
from app.providers.deepgram import DeepgramSpeechToText
from app.providers.elevenlabs import ElevenLabsTextToSpeech
from app.providers.espeak import EspeakTextToSpeech, render
from app.providers.groq import GroqLanguageModel
from app.providers.ladder import UnderstandingLadder, VoiceLadder
from app.standins.knobs import AllKnobs, DeepgramKnobs, ElevenLabsKnobs, GroqKnobs
from app.standins.phrase_bank import PhraseBank
from app.standins.server import StandIns
from tests.integration.house import on_uvloop, until

T = TypeVar("T")
NO_WORDS = PhraseBank([], [])
"""Nobody speaks to most of these stand-ins."""
SAID = "Bonjour, je n'ai plus Internet."
SENTENCE = "Puis-je avoir votre nom et votre entreprise ?"
TURN = Turn(
    State.IDENTIFICATION,
    "Pierre Dupont de la société TechCorp.",
    [("bot", "Puis-je avoir votre nom et votre entreprise ?")],
    {"problème": SAID},
)
REPLY = "Merci Pierre. Pouvez-vous me décrire votre problème plus en détail ?"
FAST: dict[str, Any] = {"first_token_ms": 5, "tokens_per_s": 2000.0, "fault_after_ms": 20}

GROQ_FAULTS: dict[str, tuple[type[ProviderError] | None, float]] = {
    "http_400": (ProviderProtocolError, 1.0),
    "http_401": (ProviderAuthError, 1.0),
    "http_403": (ProviderAuthError, 1.0),
    "http_404": (ProviderProtocolError, 1.0),
    "http_413": (ProviderProtocolError, 1.0),
    "http_422": (ProviderProtocolError, 1.0),
    "http_429": (ProviderQuotaError, 1.0),
    "http_498": (ProviderQuotaError, 1.0),
    "http_500": (ProviderNetworkError, 1.0),
    "http_503": (ProviderNetworkError, 1.0),
    "hang": (ProviderTimeoutError, 2.5),
    "stall": (ProviderTimeoutError, 2.5),
    "cut": (ProviderNetworkError, 1.0),
    "reset": (ProviderNetworkError, 1.0),
    "error_event": (ProviderProtocolError, 1.0),
    "no_done": (None, 1.0),
    "empty": (ProviderProtocolError, 1.0),
    "garbage": (ProviderProtocolError, 1.0),
    "broken_json": (ProviderProtocolError, 1.0),
    "split_utf8": (None, 1.0),
    "slow": (ProviderTimeoutError, 9.0),
}
"""By fault: what it becomes (None: nothing is lost), and in how many seconds at most."""

ELEVENLABS_FAULTS: dict[str, tuple[type[ProviderError] | None, float]] = {
    "http_401": (ProviderAuthError, 1.0),
    "http_401_quota": (ProviderQuotaError, 1.0),
    "http_403": (ProviderAuthError, 1.0),
    "http_404": (ProviderProtocolError, 1.0),
    "http_422": (ProviderProtocolError, 1.0),
    "http_429": (ProviderQuotaError, 1.0),
    "http_429_rate": (ProviderQuotaError, 1.0),
    "http_500": (ProviderNetworkError, 1.0),
    "http_502": (ProviderNetworkError, 1.0),
    "hang": (ProviderTimeoutError, 3.0),
    "stall": (ProviderTimeoutError, 3.5),
    "cut": (ProviderNetworkError, 1.5),
    "reset": (ProviderNetworkError, 1.5),
    "odd": (None, 2.0),
    "empty": (ProviderProtocolError, 1.0),
    "garbage": (ProviderProtocolError, 1.0),
    "slow": (None, 12.0),
}

DEEPGRAM_REFUSALS: dict[str, tuple[type[ProviderError], float]] = {
    "http_400": (ProviderProtocolError, 1.0),
    "http_401": (ProviderAuthError, 1.0),
    "http_402": (ProviderQuotaError, 1.0),
    "http_403": (ProviderAuthError, 1.0),
    "http_429": (ProviderQuotaError, 1.0),
    "http_500": (ProviderNetworkError, 1.0),
    "hang": (ProviderTimeoutError, 3.0),
}
DEEPGRAM_DEATHS: dict[str, tuple[type[ProviderError], float]] = {
    "mute": (ProviderNetworkError, 8.0),
    "close_1008": (ProviderNetworkError, 2.0),
    "close_1011": (ProviderNetworkError, 2.0),
    "reset": (ProviderNetworkError, 2.0),
    "cut": (ProviderNetworkError, 2.0),
    "error_event": (ProviderProtocolError, 2.0),
}
DEEPGRAM_ODDITIES = {
    "unknown_message": SAID,
    "no_metadata": SAID,
    "garbage": SAID,
    "duplicate_finals": SAID,
    "late_speech_final": SAID,
    "no_speech_final": SAID,
    "no_finalize": SAID,
    "empty_finalize": SAID,
    "slow": SAID,
    "empty": "",
    "stall": "",
}
"""By fault of a session that stays alive: the final words that come all the same."""


@pytest.fixture(scope="module")
def bank() -> PhraseBank:
    return PhraseBank([SAID, "Oui.", "Non."], ["fr"])


@asynccontextmanager
async def all_watched(bank: PhraseBank, *knobs: AllKnobs) -> AsyncIterator[list[StandIns]]:
    """Stand-ins; on leaving nobody may be connected to them and nothing may run that did not run before."""
    problems: list[dict[str, Any]] = []
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _, context: problems.append(context))
    async with AsyncExitStack() as stack:
        opened = [await stack.enter_async_context(StandIns(bank=bank, knobs=one)) for one in knobs]
        before = asyncio.all_tasks()
        yield opened
        await until(lambda: asyncio.all_tasks() <= before, "no task is left, the stand-ins' own included")
        for standins in opened:
            for one in (standins.deepgram, standins.groq, standins.elevenlabs):
                assert one.stats.active == 0
    gc.collect()
    assert problems == []


@asynccontextmanager
async def watched(bank: PhraseBank, **knobs: Any) -> AsyncIterator[StandIns]:
    """The same with one trio of stand-ins."""
    async with all_watched(bank, AllKnobs(**knobs)) as (standins,):
        yield standins


async def within(deadline_s: float, work: Awaitable[T]) -> T:
    """Waits for it no longer than that.

    Raises:
        TimeoutError: it is not done by then.
    """
    async with asyncio.timeout(deadline_s):
        return await work


async def all_of(pieces: AsyncIterator[T]) -> list[T]:
    """Everything that comes."""
    return [piece async for piece in pieces]


def named(error: BaseException | type[BaseException] | None) -> str:
    """Class of an error, "" for none."""
    return "" if error is None else (error if isinstance(error, type) else type(error)).__name__


def settings_for(standins: StandIns | None, **changes: Any) -> Settings:
    """Settings that lead to the stand-ins, or to a port where nobody listens."""
    nobody = unused_port()
    return Settings(
        _env_file=None,
        **{
            "deepgram_api_key": SecretStr("good"),
            "groq_api_key": SecretStr("good"),
            "elevenlabs_api_key": SecretStr("good"),
            "deepgram_url": standins.deepgram_url if standins else f"ws://127.0.0.1:{nobody}",
            "groq_url": standins.groq_url if standins else f"http://127.0.0.1:{nobody}",
            "elevenlabs_url": standins.elevenlabs_url if standins else f"http://127.0.0.1:{nobody}",
            **changes,
        },
    )


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


# Groq


async def respond(model: GroqLanguageModel) -> tuple[list[Understanding | str], ProviderError | None]:
    """All that comes of one turn, and the error that ended it; closes the model."""
    parts: list[Understanding | str] = []
    try:
        async with aclosing(model.respond(TURN)) as answer:
            async for part in answer:
                parts.append(part)
    except ProviderError as error:
        return parts, error
    finally:
        await model.close()
    return parts, None


def test_every_fault_of_the_stand_ins_is_tried() -> None:
    tried = {"none"} | {*DEEPGRAM_REFUSALS} | {*DEEPGRAM_DEATHS} | {*DEEPGRAM_ODDITIES}
    assert tried == {*DeepgramKnobs.FAULTS}
    assert {"none", *GROQ_FAULTS} == {*GroqKnobs.FAULTS}
    assert {"none", *ELEVENLABS_FAULTS} == {*ElevenLabsKnobs.FAULTS}


@on_uvloop
async def test_groq_understands_first_and_replies_after() -> None:
    async with watched(NO_WORDS, groq=GroqKnobs(api_key="good", **FAST)) as standins:
        parts, error = await respond(GroqLanguageModel(settings_for(standins), load_prompts()))
    assert error is None
    understanding, *words = parts
    assert isinstance(understanding, Understanding)
    assert understanding.intent is Intent.IDENTITY_PROVIDED
    assert understanding.fields == Fields(name="Pierre Dupont", company="TechCorp")
    assert understanding.source == "openai/gpt-oss-120b"
    assert len(words) > 1
    assert "".join(str(word) for word in words) == REPLY


@on_uvloop
async def test_groq_faults() -> None:
    knobs = [AllKnobs(groq=GroqKnobs(fault=fault, **FAST)) for fault in GROQ_FAULTS]
    async with all_watched(NO_WORDS, *knobs) as trios:
        models = [GroqLanguageModel(settings_for(standins), load_prompts()) for standins in trios]
        outcomes = await asyncio.gather(
            *(
                within(deadline_s, respond(model))
                for model, (_, deadline_s) in zip(models, GROQ_FAULTS.values(), strict=True)
            )
        )
        requests = [standins.groq.stats["requests"] for standins in trios]
    assert {fault: named(error) for fault, (_, error) in zip(GROQ_FAULTS, outcomes, strict=True)} == {
        fault: named(wanted) for fault, (wanted, _) in GROQ_FAULTS.items()
    }
    # Nothing is tried again but a model that is gone.
    assert dict(zip(GROQ_FAULTS, requests, strict=True)) == {
        fault: 2 if fault == "http_404" else 1 for fault in GROQ_FAULTS
    }
    for fault, (parts, error) in zip(GROQ_FAULTS, outcomes, strict=True):
        assert error is None or error.provider == "groq"
        words = "".join(part for part in parts if isinstance(part, str))
        assert REPLY.startswith(words), fault
        assert (words == REPLY) is (error is None), fault


@on_uvloop
async def test_groq_goes_on_with_the_next_model_where_one_is_retired() -> None:
    async with watched(NO_WORDS, groq=GroqKnobs(**FAST)) as standins:
        settings = settings_for(
            standins, groq_model="llama-3.3-70b-versatile", groq_fallback_models=("openai/gpt-oss-20b", "never-reached")
        )
        model = GroqLanguageModel(settings, load_prompts())
        # Calls that find it out at the same time must not skip the model that works.
        answers = [model.respond(TURN) for _ in range(5)]
        understood = await asyncio.gather(*(anext(answer) for answer in answers))
        assert {part.source for part in understood if isinstance(part, Understanding)} == {"openai/gpt-oss-20b"}
        for answer in answers:
            await answer.aclose()
        requests = standins.groq.stats["requests"]
        again = model.respond(TURN)
        assert isinstance(await anext(again), Understanding)
        assert standins.groq.stats["requests"] == requests + 1
        await again.aclose()
        await model.close()


@on_uvloop
async def test_groq_reply_that_is_too_long_breaks_off() -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("app.providers.groq.MAX_ANSWER_TOKENS", 40)
        async with watched(NO_WORDS, groq=GroqKnobs(**FAST)) as standins:
            parts, error = await respond(GroqLanguageModel(settings_for(standins), load_prompts()))
    assert type(error) is ProviderProtocolError
    assert isinstance(parts[0], Understanding)
    words = "".join(part for part in parts if isinstance(part, str))
    assert words
    assert words != REPLY


@pytest.mark.parametrize("fault", ["none", "hang", "stall", "slow"])
def test_groq_is_cut_when_nobody_waits_any_more(fault: str) -> None:
    @on_uvloop
    async def attempt() -> None:
        knobs = GroqKnobs(fault=fault, first_token_ms=50, tokens_per_s=50.0)
        async with watched(NO_WORDS, groq=knobs) as standins:
            model = GroqLanguageModel(settings_for(standins), load_prompts())
            answer = model.respond(TURN)
            with pytest.raises(TimeoutError):
                await within(0.2, all_of(answer))
            async with asyncio.timeout(1.0):
                await answer.aclose()
                await until(lambda: standins.groq.stats["cancelled"] == 1, "the request is cut")
                await model.close()

    attempt()


@on_uvloop
async def test_groq_out_of_reach() -> None:
    parts, error = await within(2.0, respond(GroqLanguageModel(settings_for(None), load_prompts())))
    assert type(error) is ProviderNetworkError
    assert parts == []


# ElevenLabs


async def speak(voice: ElevenLabsTextToSpeech) -> tuple[bytes, ProviderError | None]:
    """All the sound of one sentence, and the error that ended it; closes the voice."""
    pcm = b""
    try:
        async with aclosing(voice.speak(SENTENCE)) as pieces:
            async for piece in pieces:
                assert piece
                assert len(piece) % 2 == 0
                pcm += piece
    except ProviderError as error:
        return pcm, error
    finally:
        await voice.close()
    return pcm, None


@pytest.mark.parametrize("audio_format", ["pcm_8000", "pcm_16000", "pcm_22050", "pcm_24000", "ulaw_8000", "alaw_8000"])
def test_elevenlabs_speaks(audio_format: str) -> None:
    @on_uvloop
    async def attempt() -> None:
        knobs = ElevenLabsKnobs(api_key="good", speed=1000.0)
        async with watched(NO_WORDS, elevenlabs=knobs) as standins:
            pcm, error = await speak(ElevenLabsTextToSpeech(settings_for(standins, elevenlabs_format=audio_format)))
            assert error is None
            assert len(pcm) / 16000 == pytest.approx(standins.elevenlabs.stats.snapshot()["audio_s"], abs=0.01)
            assert len(pcm) / 16000 > len(SENTENCE) / 25

    attempt()


@on_uvloop
async def test_elevenlabs_faults() -> None:
    knobs = [AllKnobs(elevenlabs=ElevenLabsKnobs(fault=fault, fault_after_ms=300)) for fault in ELEVENLABS_FAULTS]
    async with all_watched(NO_WORDS, *knobs) as trios:
        voices = [ElevenLabsTextToSpeech(settings_for(standins)) for standins in trios]
        outcomes = await asyncio.gather(
            *(
                within(deadline_s, speak(voice))
                for voice, (_, deadline_s) in zip(voices, ELEVENLABS_FAULTS.values(), strict=True)
            )
        )
        requests = [standins.elevenlabs.stats["requests"] for standins in trios]
    assert {fault: named(error) for fault, (_, error) in zip(ELEVENLABS_FAULTS, outcomes, strict=True)} == {
        fault: named(wanted) for fault, (wanted, _) in ELEVENLABS_FAULTS.items()
    }
    assert requests == [1] * len(requests)
    for fault, (pcm, error) in zip(ELEVENLABS_FAULTS, outcomes, strict=True):
        assert error is None or error.provider == "elevenlabs"
        if fault in ("stall", "cut", "reset"):
            assert 0 < len(pcm) / 16000 <= 0.3, fault


@on_uvloop
async def test_elevenlabs_is_cut_when_nobody_listens_any_more() -> None:
    async with watched(NO_WORDS, elevenlabs=ElevenLabsKnobs(speed=1.0)) as standins:
        voice = ElevenLabsTextToSpeech(settings_for(standins))
        pieces = voice.speak(SENTENCE)
        assert await anext(pieces)
        async with asyncio.timeout(1.0):
            await pieces.aclose()
            await until(lambda: standins.elevenlabs.stats["cancelled"] == 1, "the request is cut")
            await voice.close()


@on_uvloop
async def test_elevenlabs_while_it_is_waited_for_keeps_nothing_of_the_sound_that_it_gave() -> None:
    sound_bytes = 0

    async def hear(voice: ElevenLabsTextToSpeech) -> None:
        nonlocal sound_bytes
        async with aclosing(voice.speak(SENTENCE)) as pieces:
            async for piece in pieces:
                sound_bytes += len(piece)

    async with watched(NO_WORDS, elevenlabs=ElevenLabsKnobs(fault="stall", fault_after_ms=300)) as standins:
        voice = ElevenLabsTextToSpeech(settings_for(standins, elevenlabs_format="pcm_24000"))
        tracemalloc.start()
        try:
            hearing = asyncio.create_task(hear(voice))
            await until(lambda: sound_bytes > 0.29 * 16000, "all is heard that comes before the stall")
            kept = tracemalloc.take_snapshot().filter_traces([tracemalloc.Filter(True, sound_stream.__file__)])
        finally:
            tracemalloc.stop()
        hearing.cancel()
        await asyncio.gather(hearing, return_exceptions=True)
        await voice.close()
    assert 0 < sum(trace.size for trace in kept.traces) < 1000


@on_uvloop
async def test_elevenlabs_out_of_reach_or_without_such_a_voice() -> None:
    pcm, error = await within(2.0, speak(ElevenLabsTextToSpeech(settings_for(None))))
    assert (pcm, type(error)) == (b"", ProviderNetworkError)
    async with watched(NO_WORDS) as standins:
        pcm, error = await speak(ElevenLabsTextToSpeech(settings_for(standins, elevenlabs_voice="Personne")))
        assert (pcm, type(error)) == (b"", ProviderProtocolError)
        assert "'Personne'" in str(error)
        pcm, error = await speak(ElevenLabsTextToSpeech(settings_for(standins, elevenlabs_voice="x" * 20)))
        assert (pcm, type(error)) == (b"", ProviderProtocolError)


# Deepgram


class Listener:
    """A call's ears: what they told."""

    def __init__(self) -> None:
        self.transcripts: list[Transcript] = []
        self.failures: list[ProviderError] = []

    @property
    def finals(self) -> str:
        return " ".join(one.text for one in self.transcripts if one.is_final and one.text)

    @property
    def finalized(self) -> bool:
        return any(one.answers_finalize for one in self.transcripts)


def has_finals(listener: Listener) -> bool:
    return listener.finals != ""


async def hear(settings: Settings, listener: Listener, done: Callable[[], bool], expects: Endpointing = "open") -> None:
    """Opens the ears, speaks to them in real packets (ten times faster), asks for the final words, closes them."""
    ears = DeepgramSpeechToText(settings)
    session = await ears.open(listener.transcripts.append, listener.failures.append)
    session.expect(expects)
    try:
        sound = render(SAID) + bytes(16_000 * 2)
        for at in range(0, len(sound), 3200):
            session.send(sound[at : at + 3200])
            await asyncio.sleep(0.01)
        session.finalize()
        await until(done, "the ears have told what they could")
    finally:
        async with asyncio.timeout(2.5):
            await session.close()
            await ears.close()
    told = len(listener.transcripts), len(listener.failures)
    session.send(bytes(3200))
    session.finalize()
    await session.close()
    assert (len(listener.transcripts), len(listener.failures)) == told


@pytest.mark.parametrize(
    ("model", "encoding"),
    [("nova-3", "linear16"), ("nova-3", "mulaw"), ("flux-general-multi", "linear16"), ("flux-general-multi", "mulaw")],
)
def test_deepgram_hears(bank: PhraseBank, model: str, encoding: str) -> None:
    @on_uvloop
    async def attempt() -> None:
        listener = Listener()
        async with watched(bank, deepgram=DeepgramKnobs(api_key="good", final_delay_ms=20)) as standins:
            settings = settings_for(standins, deepgram_model=model, deepgram_encoding=encoding)
            assert DeepgramSpeechToText(settings).ends_turns is model.startswith("flux")
            await hear(settings, listener, lambda: listener.finals != "")
        assert listener.failures == []
        assert listener.finals == SAID
        if not model.startswith("flux"):  # its Updates are overtaken when speech comes faster than real time
            assert any(one.text and not one.is_final for one in listener.transcripts)
        (end,) = [one for one in listener.transcripts if one.ends_turn and one.text]
        assert end.text == SAID
        eager = [one for one in listener.transcripts if one.may_end_turn]
        assert [one.text for one in eager] == ([SAID] if model.startswith("flux") else [])
        assert all(one.end_s < end.end_s for one in eager)

    attempt()


def test_flux_is_as_patient_as_the_question_needs(bank: PhraseBank) -> None:
    @on_uvloop
    async def attempt() -> None:
        ends_s = []
        async with watched(bank, deepgram=DeepgramKnobs(api_key="good", final_delay_ms=20)) as standins:
            settings = settings_for(standins, deepgram_model="flux-general-multi")
            for expects in ("yes_no", "open", "field:email"):
                listener = Listener()
                await hear(settings, listener, partial(has_finals, listener), expects)
                ends_s += [one.end_s for one in listener.transcripts if one.ends_turn]
                assert listener.failures == []
            assert standins.deepgram.stats["received_Configure"] == 2  # "open" is what it starts with
        assert len(ends_s) == 3
        assert ends_s[0] < ends_s[1] < ends_s[2]

    attempt()


@on_uvloop
async def test_deepgram_refusals() -> None:
    listener = Listener()

    async def refused(standins: StandIns, deadline_s: float) -> str:
        ears = DeepgramSpeechToText(settings_for(standins))
        with pytest.raises(ProviderError) as caught:
            await within(deadline_s, ears.open(listener.transcripts.append, listener.failures.append))
        return named(caught.value)

    knobs = [AllKnobs(deepgram=DeepgramKnobs(fault=fault)) for fault in DEEPGRAM_REFUSALS]
    async with all_watched(NO_WORDS, *knobs) as trios:
        jobs = [
            refused(standins, deadline_s)
            for standins, (_, deadline_s) in zip(trios, DEEPGRAM_REFUSALS.values(), strict=True)
        ]
        outcomes = await asyncio.gather(*jobs)
        assert [standins.deepgram.stats["requests"] for standins in trios] == [1] * len(trios)
    assert dict(zip(DEEPGRAM_REFUSALS, outcomes, strict=True)) == {
        fault: named(wanted) for fault, (wanted, _) in DEEPGRAM_REFUSALS.items()
    }
    assert (listener.transcripts, listener.failures) == ([], [])


def test_deepgram_deaths(bank: PhraseBank) -> None:
    listeners = {fault: Listener() for fault in DEEPGRAM_DEATHS}

    @on_uvloop
    async def attempt() -> None:
        knobs = [AllKnobs(deepgram=DeepgramKnobs(fault=fault, fault_after_ms=800)) for fault in DEEPGRAM_DEATHS]
        async with all_watched(bank, *knobs) as trios:
            jobs = [
                within(deadline_s + 2.5, hear(settings_for(standins), listener, partial(bool, listener.failures)))
                for standins, listener, (_, deadline_s) in zip(
                    trios, listeners.values(), DEEPGRAM_DEATHS.values(), strict=True
                )
            ]
            await asyncio.gather(*jobs)

    attempt()
    assert {fault: [named(failure) for failure in listener.failures] for fault, listener in listeners.items()} == {
        fault: [named(wanted)] for fault, (wanted, _) in DEEPGRAM_DEATHS.items()
    }


def test_deepgram_oddities(bank: PhraseBank) -> None:
    listeners = {fault: Listener() for fault in DEEPGRAM_ODDITIES}

    def told(fault: str) -> bool:
        return {
            "stall": True,
            "no_finalize": listeners[fault].finals == SAID,
        }.get(fault, listeners[fault].finalized)

    @on_uvloop
    async def attempt() -> None:
        settings: dict[str, Any] = {"fault_after_ms": 100, "final_delay_ms": 50, "interim_delay_ms": 20}
        knobs = [AllKnobs(deepgram=DeepgramKnobs(fault=fault, **settings)) for fault in DEEPGRAM_ODDITIES]
        async with all_watched(bank, *knobs) as trios:
            jobs = [
                within(8.0, hear(settings_for(standins), listener, partial(told, fault)))
                for standins, (fault, listener) in zip(trios, listeners.items(), strict=True)
            ]
            await asyncio.gather(*jobs)

    attempt()
    assert {fault: listener.finals for fault, listener in listeners.items()} == DEEPGRAM_ODDITIES
    assert all(listener.failures == [] for listener in listeners.values())
    assert not listeners["no_finalize"].finalized


@on_uvloop
async def test_deepgram_is_kept_alive_through_a_silence() -> None:
    listener = Listener()
    async with watched(NO_WORDS, deepgram=DeepgramKnobs(watchdog_ms=4700)) as standins:
        ears = DeepgramSpeechToText(settings_for(standins))
        session = await ears.open(listener.transcripts.append, listener.failures.append)
        session.send(bytes(640))
        await until(lambda: standins.deepgram.stats["received_KeepAlive"] == 1, "a sign of life")
        await asyncio.sleep(1.0)  # beyond the watchdog, had there been none
        await session.close()
        await ears.close()
        assert standins.deepgram.stats["watchdog_closes"] == 0
    assert listener.failures == []


@on_uvloop
async def test_deepgram_opening_is_given_up_when_the_caller_hangs_up() -> None:
    async with watched(NO_WORDS, deepgram=DeepgramKnobs(fault="hang")) as standins:
        ears = DeepgramSpeechToText(settings_for(standins))
        listener = Listener()
        opening = asyncio.create_task(ears.open(listener.transcripts.append, listener.failures.append))
        await until(lambda: standins.deepgram.stats["requests"] == 1, "the handshake has begun")
        opening.cancel()
        with pytest.raises(asyncio.CancelledError):
            async with asyncio.timeout(1.0):
                await opening
    assert listener.failures == []


@on_uvloop
async def test_deepgram_that_is_mute_does_not_hold_up_a_hang_up() -> None:
    async with watched(NO_WORDS, deepgram=DeepgramKnobs(fault="mute")) as standins:
        ears = DeepgramSpeechToText(settings_for(standins))
        listener = Listener()
        session = await ears.open(listener.transcripts.append, listener.failures.append)
        session.send(bytes(6400))
        await within(2.5, session.close())
        await ears.close()
        await within(1.0, standins.deepgram.stats.idle(1.0))
    assert listener.failures == []


@on_uvloop
async def test_deepgram_out_of_reach() -> None:
    listener = Listener()
    with pytest.raises(ProviderNetworkError):
        async with asyncio.timeout(2.0):
            await DeepgramSpeechToText(settings_for(None)).open(listener.transcripts.append, listener.failures.append)


# The ladder


async def take_over(standins: StandIns, sentence: str) -> tuple[bytes, bytes]:
    """Sound of one sentence: by the voice of the settings, then by the local one."""
    voice, spare = ElevenLabsTextToSpeech(settings_for(standins)), EspeakTextToSpeech()
    own, local = b"", b""
    try:
        async with aclosing(VoiceLadder(voice, spare).speak(sentence)) as pieces:
            async for pcm, by_own_voice in pieces:
                assert not (by_own_voice and local)
                if by_own_voice:
                    own += pcm
                else:
                    local += pcm
    finally:
        await voice.close()
        await spare.close()
    return own, local


@on_uvloop
async def test_the_local_voice_says_what_the_other_could_not() -> None:
    faults = ("none", "hang", "stall", "slow", "cut", "reset", "garbage", "empty", "http_500")
    whole = render(SENTENCE)
    knobs = [AllKnobs(elevenlabs=ElevenLabsKnobs(fault=fault, fault_after_ms=300)) for fault in faults]
    async with all_watched(NO_WORDS, *knobs) as trios:
        # Half a second without sound at most, besides what was spoken until then (slow: at half speed).
        heard = await asyncio.gather(*(within(3.0, take_over(standins, SENTENCE)) for standins in trios))
    for fault, (own, local) in zip(faults, heard, strict=True):
        assert len(local) == pytest.approx(0 if fault == "none" else len(whole), abs=320), fault
        assert len(own) / 16000 < (10.0 if fault == "none" else 0.9), fault


@on_uvloop
async def test_a_model_that_hangs_is_left_alone_after_three_turns() -> None:
    async with watched(NO_WORDS, groq=GroqKnobs(fault="hang")) as standins:
        model = GroqLanguageModel(settings_for(standins), load_prompts())
        ladder = UnderstandingLadder(model)
        turns = await within(2.0, asyncio.gather(*(ladder.understand(TURN) for _ in range(3))))
        turns.append(await within(0.2, ladder.understand(TURN)))
        assert [(turn.understanding.source, turn.reply) for turn in turns] == [("rules", None)] * 4
        assert turns[0].understanding.fields == Fields(name="Pierre Dupont", company="TechCorp")
        assert standins.groq.stats["requests"] == 3
        await model.close()

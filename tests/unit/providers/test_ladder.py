"""Who is asked, how long, and who is next, with providers that answer, fail, stall or talk nonsense by script."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field

import pytest

from app.dialogue.intents import Fields, Intent, Understanding
from app.dialogue.states import Endpointing, State
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderQuotaError,
    ProviderTimeoutError,
)
from app.ops import metrics
from app.providers.base import SpeechSession, Transcript, Turn
from app.providers.breaker import FAILURES_TO_OPEN, OPEN_S
from app.providers.ladder import (
    BYTES_PER_S,
    EARS_ATTEMPTS,
    FIRST_SOUND_TIMEOUT_S,
    MAX_BEHIND_S,
    PLACE_TIMEOUT_S,
    RETRY_S,
    UNDERSTANDING_TIMEOUT_S,
    Answer,
    UnderstandingLadder,
    VoiceLadder,
    open_ears,
)
from app.providers.quota import Quota
from tests.jumping_loop import run

YES_TURN = Turn(State.VERIFICATION, "oui ça marche")
CLOUD = Understanding(intent=Intent.NO, confidence=0.9, source="cloud")


@dataclass
class Wait:
    """A step of a script: nothing comes for so long."""

    seconds: float


Part = Understanding | str | ProviderError | Wait


class ScriptedModel:
    """A language model that goes through one script for each turn; the last script stays."""

    def __init__(self, *scripts: Sequence[Part]) -> None:
        self.name = "scripted-model"
        self._scripts = list(scripts)
        self.asked = 0
        self.closed = 0

    async def respond(self, turn: Turn) -> AsyncGenerator[Understanding | str, None]:
        self.asked += 1
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        try:
            for part in script:
                if isinstance(part, ProviderError):
                    raise part
                if isinstance(part, Wait):
                    await asyncio.sleep(part.seconds)
                else:
                    yield part
        finally:
            self.closed += 1

    async def close(self) -> None:
        """Nothing is kept."""


class ScriptedVoice:
    """A voice that goes through one script for each sentence; the last script stays."""

    def __init__(self, name: str, *scripts: Sequence[bytes | ProviderError | Wait]) -> None:
        self.name = name
        self.voice_key = name
        self._scripts = list(scripts)
        self.spoken: list[str] = []
        self.closed = 0

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        self.spoken.append(text)
        script = self._scripts.pop(0) if len(self._scripts) > 1 else self._scripts[0]
        try:
            for part in script:
                if isinstance(part, ProviderError):
                    raise part
                if isinstance(part, Wait):
                    await asyncio.sleep(part.seconds)
                else:
                    yield part
        finally:
            self.closed += 1

    async def close(self) -> None:
        """Nothing is kept."""


class SilentSession:
    """Ears that hear nothing."""

    def send(self, pcm: bytes) -> None:
        """Not heard."""

    def finalize(self) -> None:
        """Nothing to say."""

    def expect(self, endpointing: Endpointing) -> None:
        """Patient with all."""

    async def close(self) -> None:
        """Nothing is kept."""


@dataclass
class ScriptedEars:
    """A recogniser that opens or fails by script."""

    script: list[ProviderError | None]
    name: str = "scripted-ears"
    ends_turns: bool = False
    opened_at_s: list[float] = field(default_factory=list)
    rates_hz: list[int] = field(default_factory=list)

    async def open(
        self,
        on_transcript: Callable[[Transcript], None],
        on_failure: Callable[[ProviderError], None],
        rate_hz: int = 8000,
    ) -> SpeechSession:
        self.opened_at_s.append(asyncio.get_running_loop().time())
        self.rates_hz.append(rate_hz)
        outcome = self.script.pop(0)
        if outcome is not None:
            raise outcome
        return SilentSession()

    async def close(self) -> None:
        """Nothing is kept."""


def counted(name: str, **labels: str) -> float:
    return metrics.REGISTRY.get_sample_value(name, labels) or 0.0


async def understood(ladder: UnderstandingLadder, turn: Turn = YES_TURN) -> tuple[Answer, float]:
    """The answer, and how long it took."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    answer = await ladder.understand(turn)
    return answer, loop.time() - start_s


async def heard(ladder: VoiceLadder, text: str = "Bonjour.") -> tuple[list[tuple[bytes, bool]], float]:
    """What was spoken by whom, and how long it took."""
    loop = asyncio.get_running_loop()
    start_s = loop.time()
    return [piece async for piece in ladder.speak(text)], loop.time() - start_s


# Understanding


def test_without_a_model_the_rules_understand() -> None:
    answer, _ = run(understood(UnderstandingLadder(None)))
    assert (answer.understanding.intent, answer.understanding.source, answer.reply) == (Intent.YES, "rules", None)


def test_the_models_understanding_and_its_reply() -> None:
    async def work() -> tuple[Understanding, list[str]]:
        answer, _ = await understood(UnderstandingLadder(ScriptedModel([CLOUD, "Je ", Wait(0.2), CLOUD, "vois."])))
        assert answer.reply is not None
        return answer.understanding, [part async for part in answer.reply]

    understanding, reply = run(work())
    assert (understanding.intent, understanding.source) == (Intent.NO, "cloud")
    assert reply == ["Je ", "vois."]


@pytest.mark.parametrize(
    "script",
    [
        [ProviderNetworkError("scripted-model", "reset")],
        [ProviderQuotaError("scripted-model", "429")],
        [],
        [Wait(60.0), CLOUD],
        ["words before any understanding"],
    ],
)
def test_whatever_fails_the_rules_answer_in_time(script: list[Part]) -> None:
    model = ScriptedModel(script)
    answer, took_s = run(understood(UnderstandingLadder(model)))
    assert (answer.understanding.intent, answer.understanding.source, answer.reply) == (Intent.YES, "rules", None)
    assert took_s <= UNDERSTANDING_TIMEOUT_S + 0.001
    assert model.closed == 1, "the request is cut"


def test_a_fallback_is_counted() -> None:
    before = counted("voicebot_fallbacks_total", provider="scripted-model", to="rules")
    errors = counted("voicebot_errors_total", provider="scripted-model", kind="timeout")
    run(understood(UnderstandingLadder(ScriptedModel([Wait(60.0)]))))
    assert counted("voicebot_fallbacks_total", provider="scripted-model", to="rules") == before + 1
    assert counted("voicebot_errors_total", provider="scripted-model", kind="timeout") == errors + 1


def test_a_model_that_keeps_failing_is_left_alone_then_tried_once() -> None:
    async def work() -> None:
        failing = [ProviderNetworkError("scripted-model", "refused")]
        model = ScriptedModel(*[failing] * FAILURES_TO_OPEN, [CLOUD])
        ladder = UnderstandingLadder(model)
        for _ in range(FAILURES_TO_OPEN + 5):
            answer, _ = await understood(ladder)
            assert answer.understanding.source == "rules"
        assert model.asked == FAILURES_TO_OPEN
        assert counted("voicebot_breaker_open", provider="scripted-model") == 1
        await asyncio.sleep(OPEN_S)
        answer, _ = await understood(ladder)
        assert counted("voicebot_breaker_open", provider="scripted-model") == 0
        assert answer.understanding.source == "cloud"
        await answer.drop_reply()
        assert model.asked == FAILURES_TO_OPEN + 1

    run(work())


def test_a_reply_that_nobody_began_to_read_cuts_the_request_too() -> None:
    async def work() -> None:
        model = ScriptedModel([CLOUD, "Je ", Wait(60.0), "vois."])
        answer, _ = await understood(UnderstandingLadder(model))
        await answer.drop_reply()
        assert model.closed == 1

    run(work())


def test_a_reply_that_is_not_wanted_cuts_the_request() -> None:
    async def work() -> None:
        model = ScriptedModel([CLOUD, "Je ", Wait(60.0), "vois."])
        answer, _ = await understood(UnderstandingLadder(model))
        assert answer.reply is not None
        assert await anext(answer.reply) == "Je "
        await answer.drop_reply()
        assert model.closed == 1
        await answer.drop_reply()
        assert model.closed == 1, "twice is once"

    run(work())


def test_a_reply_that_breaks_off_just_ends() -> None:
    async def work() -> list[str]:
        script: list[Part] = [CLOUD, "Je vois. ", ProviderNetworkError("scripted-model", "reset")]
        answer, _ = await understood(UnderstandingLadder(ScriptedModel(script)))
        assert answer.reply is not None
        assert not answer.broke_off
        parts = [part async for part in answer.reply]
        assert answer.broke_off
        return parts

    before = counted("voicebot_fallbacks_total", provider="scripted-model", to="phrases")
    assert run(work()) == ["Je vois. "]
    assert counted("voicebot_fallbacks_total", provider="scripted-model", to="phrases") == before + 1


def test_a_caller_who_hangs_up_cuts_the_request() -> None:
    async def work() -> int:
        model = ScriptedModel([Wait(60.0), CLOUD])
        task = asyncio.create_task(UnderstandingLadder(model).understand(YES_TURN))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        return model.closed

    assert run(work()) == 1


def test_digits_are_the_rules_and_names_the_models() -> None:
    said = Turn(State.IDENTIFICATION, "Dupond, zéro six douze trente-quatre cinquante-six soixante-dix-huit")
    cloud = Understanding(
        intent=Intent.IDENTITY_PROVIDED,
        confidence=0.9,
        fields=Fields(name="Dupont", phone="+33600000000", email="invente@exemple.fr", company="  "),
        source="cloud",
    )

    async def work() -> Fields:
        answer, _ = await understood(UnderstandingLadder(ScriptedModel([cloud])), said)
        await answer.drop_reply()
        return answer.understanding.fields

    fields = run(work())
    assert (fields.name, fields.phone, fields.email, fields.company) == ("Dupont", "+33612345678", None, None)


# Voice


def test_the_voice_of_the_settings_speaks() -> None:
    cloud, spare = ScriptedVoice("cloud", [b"aa", b"bb"]), ScriptedVoice("spare", [b"zz"])
    pieces, _ = run(heard(VoiceLadder(cloud, spare)))
    assert pieces == [(b"aa", True), (b"bb", True)]
    assert spare.spoken == []


def test_one_voice_alone_is_its_own_spare() -> None:
    voice = ScriptedVoice("only", [b"aa"])
    pieces, _ = run(heard(VoiceLadder(voice, voice)))
    assert pieces == [(b"aa", False)]


@pytest.mark.parametrize("failure", [ProviderAuthError("cloud", "key"), Wait(60.0)])
def test_a_voice_that_fails_or_is_late_gives_way(failure: ProviderError | Wait) -> None:
    cloud, spare = ScriptedVoice("cloud", [failure, b"aa"]), ScriptedVoice("spare", [b"zz"])
    pieces, took_s = run(heard(VoiceLadder(cloud, spare)))
    assert pieces == [(b"zz", False)]
    assert took_s <= FIRST_SOUND_TIMEOUT_S + 0.001
    assert (cloud.closed, spare.spoken) == (1, ["Bonjour."])


def test_a_voice_that_breaks_in_the_middle_is_followed_by_the_whole_sentence() -> None:
    cloud = ScriptedVoice("cloud", [b"aa", ProviderNetworkError("cloud", "reset")])
    pieces, _ = run(heard(VoiceLadder(cloud, ScriptedVoice("spare", [b"zz"]))))
    assert pieces == [(b"aa", True), (b"zz", False)]


SECOND_OF_SOUND = bytes(BYTES_PER_S)


def test_pieces_as_fast_as_they_are_spoken_are_waited_for() -> None:
    more: list[bytes | ProviderError | Wait] = [Wait(0.99), SECOND_OF_SOUND]
    cloud = ScriptedVoice("cloud", [SECOND_OF_SOUND, *more * 5])
    pieces, _ = run(heard(VoiceLadder(cloud, ScriptedVoice("spare", [b"zz"]))))
    assert pieces == [(SECOND_OF_SOUND, True)] * 6


def test_a_voice_slower_than_its_own_speech_gives_way() -> None:
    cloud = ScriptedVoice("cloud", [SECOND_OF_SOUND, Wait(1.0 + MAX_BEHIND_S + 0.01), SECOND_OF_SOUND])
    pieces, took_s = run(heard(VoiceLadder(cloud, ScriptedVoice("spare", [b"zz"]))))
    assert pieces == [(SECOND_OF_SOUND, True), (b"zz", False)]
    assert took_s == pytest.approx(1.0 + MAX_BEHIND_S)


def test_the_time_that_the_listener_takes_is_not_the_voices() -> None:
    async def work() -> list[bool]:
        cloud = ScriptedVoice("cloud", [SECOND_OF_SOUND, SECOND_OF_SOUND, Wait(1.4), SECOND_OF_SOUND])
        by = []
        async for _, own in VoiceLadder(cloud, ScriptedVoice("spare", [b"zz"])).speak("Bonjour."):
            await asyncio.sleep(30.0)
            by.append(own)
        return by

    assert run(work()) == [True] * 3


def test_a_voice_that_keeps_failing_is_left_alone_then_tried_once() -> None:
    async def work() -> None:
        failing = [ProviderTimeoutError("cloud", "late")]
        cloud = ScriptedVoice("cloud", *[failing] * FAILURES_TO_OPEN, [b"aa"])
        ladder = VoiceLadder(cloud, ScriptedVoice("spare", [b"zz"]))
        for _ in range(FAILURES_TO_OPEN + 5):
            assert (await heard(ladder))[0] == [(b"zz", False)]
        assert len(cloud.spoken) == FAILURES_TO_OPEN
        assert counted("voicebot_breaker_open", provider="cloud") == 1
        await asyncio.sleep(OPEN_S)
        assert (await heard(ladder))[0] == [(b"aa", True)]
        assert counted("voicebot_breaker_open", provider="cloud") == 0

    run(work())


def test_when_even_the_spare_fails_it_is_told() -> None:
    broken = ScriptedVoice("cloud", [ProviderAuthError("cloud", "key")])
    spare = ScriptedVoice("spare", [ProviderProtocolError("spare", "no library")])
    with pytest.raises(ProviderProtocolError, match="spare: no library"):
        run(heard(VoiceLadder(broken, spare)))


def test_an_interrupted_sentence_cuts_the_request() -> None:
    async def work() -> int:
        cloud = ScriptedVoice("cloud", [b"aa", Wait(60.0), b"bb"])
        stream = VoiceLadder(cloud, ScriptedVoice("spare", [b"zz"])).speak("Bonjour.")
        assert await anext(stream) == (b"aa", True)
        await stream.aclose()
        return cloud.closed

    assert run(work()) == 1


def test_without_a_place_nothing_is_sent_and_the_spare_speaks_in_time() -> None:
    async def work() -> float:
        places = Quota.of(1)
        assert places.try_take()
        cloud, spare = ScriptedVoice("cloud", [b"aa"]), ScriptedVoice("spare", [b"zz"])
        ladder = VoiceLadder(cloud, spare, places)
        before = counted("voicebot_fallbacks_total", provider="cloud", to="spare")
        for _ in range(FAILURES_TO_OPEN + 1):
            pieces, took_s = await heard(ladder)
            assert pieces == [(b"zz", False)]
        assert cloud.spoken == []
        assert counted("voicebot_fallbacks_total", provider="cloud", to="spare") == before + FAILURES_TO_OPEN + 1
        places.give_back()
        assert (await heard(ladder))[0] == [(b"aa", True)], "the provider is not ill"
        assert places.held == 0
        places.close()
        return took_s

    assert run(work()) == pytest.approx(PLACE_TIMEOUT_S)


@pytest.mark.parametrize("script", [[ProviderAuthError("cloud", "key")], [b"aa", Wait(60.0)], [b"aa", b"bb"]])
def test_a_place_is_given_back_whatever_happens(script: list[bytes | ProviderError | Wait]) -> None:
    async def work() -> int:
        places = Quota.of(1)
        stream = VoiceLadder(ScriptedVoice("cloud", script), ScriptedVoice("spare", [b"zz"]), places).speak("Bonjour.")
        await anext(stream)
        await stream.aclose()
        held = places.held
        places.close()
        return held

    assert run(work()) == 0


def test_waiting_for_a_place_is_part_of_the_time_for_the_first_sound() -> None:
    async def work() -> float:
        places = Quota.of(1)
        assert places.try_take()
        asyncio.get_running_loop().call_later(PLACE_TIMEOUT_S / 2, places.give_back)
        cloud, spare = ScriptedVoice("cloud", [Wait(60.0)]), ScriptedVoice("spare", [b"zz"])
        pieces, took_s = await heard(VoiceLadder(cloud, spare, places))
        assert (pieces, cloud.spoken) == ([(b"zz", False)], ["Bonjour."])
        places.close()
        return took_s

    assert run(work()) == pytest.approx(FIRST_SOUND_TIMEOUT_S)


# Ears


def open_scripted(ears: ScriptedEars) -> SpeechSession:
    return run(open_ears(ears, lambda _transcript: None, lambda _error: None, 16_000))


def test_ears_that_open() -> None:
    ears = ScriptedEars([None])
    assert isinstance(open_scripted(ears), SilentSession)
    assert len(ears.opened_at_s) == 1
    assert ears.rates_hz == [16_000]


def test_ears_are_tried_twice_where_that_may_help() -> None:
    ears = ScriptedEars([ProviderNetworkError("scripted-ears", "refused"), None])
    assert isinstance(open_scripted(ears), SilentSession)
    first_s, second_s = ears.opened_at_s
    assert second_s - first_s == pytest.approx(RETRY_S)


@pytest.mark.parametrize(
    ("error", "attempts"),
    [(ProviderAuthError("scripted-ears", "401"), 1), (ProviderTimeoutError("scripted-ears", "late"), EARS_ATTEMPTS)],
)
def test_ears_that_stay_shut(error: ProviderError, attempts: int) -> None:
    ears = ScriptedEars([error, error])
    before = counted("voicebot_errors_total", provider="scripted-ears", kind=error.kind)
    with pytest.raises(type(error)):
        open_scripted(ears)
    assert len(ears.opened_at_s) == attempts
    assert counted("voicebot_errors_total", provider="scripted-ears", kind=error.kind) == before + attempts

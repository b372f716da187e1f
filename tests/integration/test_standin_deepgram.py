"""The Deepgram stand-in, spoken to by the official SDK over real sockets."""

import asyncio
import contextlib
import functools
import itertools
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import aiohttp
import deepgram.listen.v1.client as listen_v1
import deepgram.listen.v2.client as listen_v2
import numpy as np
import pytest
import websockets
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from deepgram.core.api_error import ApiError
from deepgram.core.events import EventType
from deepgram.transport import restore_transport

from app.errors import ConfigError
from app.standins import laws
from app.standins.knobs import AllKnobs, DeepgramKnobs
from app.standins.phrase_bank import PhraseBank, speak
from app.standins.server import StandIns

SENTENCE = "Ma box Internet ne fonctionne plus depuis ce matin."
FAST = 0.004
"""Seconds between packets of 20 ms: five times real time, since all depends on the audio clock."""
NOVA: dict[str, Any] = {
    "model": "nova-3",
    "language": "fr",
    "encoding": "linear16",
    "sample_rate": 8000,
    "interim_results": True,
    "endpointing": 300,
    "utterance_end_ms": 1000,
    "vad_events": True,
    "punctuate": True,
}
FLUX: dict[str, Any] = {"model": "flux-general-multi", "encoding": "linear16", "sample_rate": 8000}


@pytest.fixture(scope="module")
def bank() -> PhraseBank:
    return PhraseBank()


@pytest.fixture(autouse=True)
def short_sdk_deadlines(monkeypatch: pytest.MonkeyPatch) -> None:
    """The SDK passes no deadline to its socket; a mute server would hold a test for 30 s.

    Our own provider puts its transport into the SDK for the whole process; here the SDK is wanted as it comes.
    """
    restore_transport()
    for module in (listen_v1, listen_v2):
        connect = functools.partial(
            module.websockets_client_connect,
            open_timeout=1.0,
            close_timeout=0.3,
            ping_interval=0.4,
            ping_timeout=0.4,
            compression=None,
        )
        monkeypatch.setattr(module, "websockets_client_connect", connect)


@pytest.fixture
async def standins(bank: PhraseBank) -> AsyncIterator[StandIns]:
    knobs = AllKnobs(deepgram=DeepgramKnobs(api_key="good", final_delay_ms=20, interim_delay_ms=10))
    async with StandIns(bank=bank, knobs=knobs) as running:
        yield running


def client(standins: StandIns, key: str = "good") -> AsyncDeepgramClient:
    base = standins.deepgram_url
    environment = DeepgramClientEnvironment(
        base=base.replace("ws", "http", 1), production=base, agent=base, agent_rest=base
    )
    return AsyncDeepgramClient(api_key=key, environment=environment)


@functools.lru_cache(maxsize=64)
def caller(text: str = SENTENCE, voice: str = "fr+f3", rate_hz: int = 8000) -> bytes:
    """The sentence between half a second and two seconds of silence, s16le."""
    sound = np.concatenate((np.zeros(rate_hz // 2), speak(text, voice, rate_hz=rate_hz), np.zeros(2 * rate_hz)))
    return bytes((sound * 32767).astype("<i2").tobytes())


async def stream(socket: Any, audio: bytes, frame_bytes: int = 320) -> None:
    for at in range(0, len(audio), frame_bytes):
        await socket.send_media(audio[at : at + frame_bytes])
        await asyncio.sleep(FAST)


class Listener:
    """Collects what a connection says."""

    def __init__(self, socket: Any) -> None:
        self.messages: list[Any] = []
        self.errors: list[Any] = []
        self._came = asyncio.Event()
        socket.on(EventType.MESSAGE, self._keep)
        socket.on(EventType.ERROR, self.errors.append)
        self.task = asyncio.create_task(socket.start_listening())

    def _keep(self, message: Any) -> None:
        self.messages.append(message)
        self._came.set()

    async def until(self, wanted: Callable[[Any], bool], timeout_s: float = 8.0) -> Any:
        async with asyncio.timeout(timeout_s):
            while not (found := [message for message in self.messages if wanted(message)]):
                self._came.clear()
                await self._came.wait()
        return found[0]

    def of(self, kind: str) -> list[Any]:
        return [message for message in self.messages if getattr(message, "type", None) == kind]

    @property
    def finals(self) -> list[str]:
        return [text for message in self.of("Results") if message.is_final and (text := text_of(message))]


def text_of(message: Any) -> str:
    return str(message.channel.alternatives[0].transcript)


def is_kind(kind: str) -> Callable[[Any], bool]:
    return lambda message: getattr(message, "type", None) == kind


async def transcribe(standins: StandIns, audio: bytes, frame_bytes: int = 320, **changes: Any) -> Listener:
    """Streams, closes, and returns all that was said."""
    async with client(standins).listen.v1.connect(**{**NOVA, **changes}) as socket:
        listener = Listener(socket)
        await stream(socket, audio, frame_bytes)
        await socket.send_close_stream()
        await asyncio.wait_for(listener.task, 8)
        listener.messages.append(socket._websocket.close_code)
        return listener


async def test_an_utterance_in_the_documented_order(standins: StandIns) -> None:
    said = await transcribe(standins, caller())
    kinds = [getattr(message, "type", message) for message in said.messages]
    assert kinds[0] == "SpeechStarted"
    assert kinds[-2:] == ["Metadata", 1000]
    assert kinds.index("UtteranceEnd") > kinds.index("SpeechStarted")
    results = said.of("Results")
    first_final = next(index for index, one in enumerate(results) if one.is_final and text_of(one))
    interims, final = results[:first_final], results[first_final]
    assert len(interims) >= 2
    assert {one.start for one in interims} == {final.start}
    assert not any(one.is_final or one.speech_final for one in interims)
    lengths = [len(text_of(one)) for one in interims]
    assert lengths == sorted(lengths)
    assert SENTENCE.startswith(text_of(interims[0]))
    assert text_of(final) == SENTENCE
    assert final.speech_final
    assert said.finals == [SENTENCE]
    words = final.channel.alternatives[0].words
    assert [word.punctuated_word for word in words] == SENTENCE.split()
    assert all(left.end <= right.start for left, right in itertools.pairwise(words))
    assert 0.4 < words[0].start < 0.8  # half a second of silence came first
    assert said.of("UtteranceEnd")[0].last_word_end == words[-1].end
    assert said.of("Metadata")[0].duration == pytest.approx(len(caller()) / 16000, abs=0.05)


@pytest.mark.parametrize(
    ("encoding", "rate_hz"), [("mulaw", 8000), ("alaw", 8000), ("linear16", 16000), ("linear16", 48000)]
)
async def test_other_codings(standins: StandIns, encoding: str, rate_hz: int) -> None:
    audio = caller(rate_hz=rate_hz)
    frame_bytes = rate_hz // 50 * 2
    if encoding == "mulaw" or encoding == "alaw":
        audio, frame_bytes = laws.encode("mulaw" if encoding == "mulaw" else "alaw", audio), 160
    said = await transcribe(standins, audio, frame_bytes, encoding=encoding, sample_rate=rate_hz)
    assert said.finals == [SENTENCE]


async def test_without_punctuate_it_writes_plain_lower_case(standins: StandIns) -> None:
    said = await transcribe(standins, caller("Oui, ça marche ! Merci beaucoup."), punctuate=False)
    assert " ".join(said.finals) == "oui ça marche merci beaucoup"


def swapped(audio: bytes) -> bytes:
    return np.frombuffer(audio, "<i2").byteswap().tobytes()


def two_of_three_frames(audio: bytes) -> bytes:
    return b"".join(audio[at : at + 320] for at in range(0, len(audio), 320) if at // 320 % 3 != 2)


def blanked(audio: bytes) -> bytes:
    return b"".join(audio[at : at + 320] if at // 320 % 3 != 2 else bytes(320) for at in range(0, len(audio), 320))


def double_speed(audio: bytes) -> bytes:
    return np.frombuffer(audio, "<i2")[::2].tobytes()


def noise(audio: bytes) -> bytes:
    return np.random.default_rng(7).normal(0, 3000, len(audio) // 2).astype("<i2").tobytes()


@pytest.mark.parametrize("damage", [swapped, two_of_three_frames, blanked, double_speed, noise])
async def test_damaged_sound_is_not_understood(standins: StandIns, damage: Callable[[bytes], bytes]) -> None:
    said = await transcribe(standins, damage(caller()))
    assert SENTENCE not in said.finals
    assert not re.search(r"box Internet ne fonctionne", " ".join(said.finals))


async def test_the_wrong_law_is_not_understood(standins: StandIns) -> None:
    said = await transcribe(standins, laws.encode("mulaw", caller()), 160, encoding="alaw")
    assert SENTENCE not in said.finals


async def test_finalize_gives_what_was_said_so_far(standins: StandIns) -> None:
    audio = caller()
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await stream(socket, audio[: len(audio) // 2])
        await socket.send_finalize()
        result = await listener.until(lambda m: getattr(m, "from_finalize", False))
        assert result.is_final
        assert len(text_of(result)) > 8
        assert SENTENCE.startswith(text_of(result))
        listener.messages.clear()
        await socket.send_finalize()
        again = await listener.until(lambda m: getattr(m, "from_finalize", False))
        assert text_of(again) == ""
        listener.task.cancel()


@pytest.mark.parametrize("share", [0.25, 0.4, 0.55, 0.7])
async def test_a_sentence_is_heard_whole_wherever_a_finalize_falls(standins: StandIns, share: float) -> None:
    audio = caller()
    middle = int(len(audio) * share) & ~1
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await stream(socket, audio[:middle])
        await socket.send_finalize()
        await listener.until(lambda m: getattr(m, "from_finalize", False))
        await stream(socket, audio[middle:])
        await socket.send_finalize()
        first = listener.messages[-1]
        await listener.until(lambda m: getattr(m, "from_finalize", False) and m is not first)
        assert " ".join(listener.finals) == SENTENCE
        listener.task.cancel()


async def test_an_empty_frame_closes_the_stream(standins: StandIns) -> None:
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await stream(socket, caller()[:16000])
        await socket.send_media(b"")
        await listener.until(is_kind("Metadata"))
        await asyncio.wait_for(listener.task, 3)


async def test_keep_alive_holds_a_stream_and_silence_ends_it(standins: StandIns) -> None:
    standins.knobs.deepgram.watchdog_ms = 300
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await socket.send_media(bytes(320))
        for _ in range(5):
            await asyncio.sleep(0.15)
            await socket.send_keep_alive()
        assert not listener.task.done()
        await asyncio.wait_for(listener.task, 3)
        assert socket._websocket.close_code == 1011
        assert "net0001" in socket._websocket.close_reason


async def test_keep_alive_alone_does_not_hold_a_stream_without_audio(standins: StandIns) -> None:
    standins.knobs.deepgram.watchdog_ms = 300
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        for _ in range(2):
            await socket.send_keep_alive()
            await asyncio.sleep(0.1)
        await asyncio.wait_for(listener.task, 3)
        assert socket._websocket.close_code == 1011


async def test_configure_and_unparsable_text(standins: StandIns) -> None:
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await socket._websocket.send('{"type":"Configure","keyterms":["Wipple"]}')
        success = await listener.until(is_kind("ConfigureSuccess"))
        assert success.keyterms == ["Wipple"]
        await socket._websocket.send("hello")
        error = await listener.until(is_kind("Error"))
        assert error.variant == "SchemaError"
        listener.task.cancel()


async def test_smart_format_holds_numbers_until_more_speech_or_finalize(standins: StandIns) -> None:
    audio = caller("C'est le numéro quatre mille cinq cent douze.")
    async with client(standins).listen.v1.connect(**{**NOVA, "smart_format": True}) as socket:
        listener = Listener(socket)
        await stream(socket, audio)
        await asyncio.sleep(0.2)
        assert listener.finals == []
        await socket.send_finalize()
        await listener.until(lambda m: bool(listener.finals))
        assert listener.finals == ["C'est le numéro quatre mille cinq cent douze."]
        listener.task.cancel()


@pytest.mark.parametrize(
    ("changes", "key", "status", "reason"),
    [
        ({"model": "nova-2-phonecall"}, "good", 400, "No such model/language/tier combination found."),
        ({"language": "fr-FR"}, "good", 400, "No such model/language/tier combination found."),
        ({"utterance_end_ms": 999}, "good", 400, "Invalid 'utterance_end_ms' value of '999'."),
        ({"encoding": "opus"}, "good", 400, "Invalid 'encoding' value of 'opus'."),
        ({"encoding": None}, "good", 400, "Raw audio needs both"),
        ({}, "bad", 401, "Invalid credentials."),
    ],
)
async def test_refused_handshakes(
    standins: StandIns, changes: dict[str, Any], key: str, status: int, reason: str
) -> None:
    with pytest.raises(ApiError) as caught:
        async with client(standins, key).listen.v1.connect(**{**NOVA, **changes}):
            pass
    assert caught.value.status_code == status
    headers = caught.value.__context__.headers  # type: ignore[union-attr]
    assert reason in headers["dg-error"]
    assert headers["dg-request-id"]


async def test_too_many_connections(standins: StandIns) -> None:
    standins.knobs.deepgram.max_active = 1
    async with client(standins).listen.v1.connect(**NOVA):
        with pytest.raises(ApiError) as caught:
            async with client(standins).listen.v1.connect(**NOVA):
                pass
    assert caught.value.status_code == 429


@pytest.mark.parametrize("status", [400, 401, 402, 403, 429, 500])
async def test_injected_refusals(standins: StandIns, status: int) -> None:
    standins.knobs.deepgram.change({"fault": f"http_{status}", "fault_count": 1})
    with pytest.raises(ApiError) as caught:
        async with client(standins).listen.v1.connect(**NOVA):
            pass
    assert caught.value.status_code == status
    async with client(standins).listen.v1.connect(**NOVA):
        pass  # the fault was used up


async def test_a_hanging_handshake(standins: StandIns) -> None:
    standins.knobs.deepgram.change({"fault": "hang"})
    with pytest.raises(TimeoutError):
        async with client(standins).listen.v1.connect(**NOVA):
            pass


@pytest.mark.parametrize(
    ("fault", "code"),
    [("close_1011", 1011), ("close_1008", 1008), ("reset", 1006), ("cut", 1006), ("mute", 1006)],
)
async def test_faults_that_end_the_connection(standins: StandIns, fault: str, code: int) -> None:
    standins.knobs.deepgram.change({"fault": fault})
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        with contextlib.suppress(websockets.ConnectionClosed):
            await stream(socket, caller())
        await asyncio.wait_for(listener.task, 5)
        closed = socket._websocket.close_code
    assert not listener.finals
    assert closed == code


@pytest.mark.parametrize("fault", ["stall", "empty", "no_finalize", "empty_finalize", "no_speech_final"])
async def test_faults_of_silence(standins: StandIns, fault: str) -> None:
    standins.knobs.deepgram.change({"fault": fault})
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await stream(socket, caller()[:30000])
        await socket.send_finalize()
        await asyncio.sleep(0.3)
        finalized = [m for m in listener.of("Results") if m.from_finalize]
        assert bool(finalized) == (fault in ("empty", "empty_finalize", "no_speech_final"))
        assert all(text_of(one) == "" for one in finalized) or fault == "no_speech_final"
        listener.task.cancel()
    assert not any(m.speech_final for m in listener.of("Results"))


async def test_odd_messages(standins: StandIns) -> None:
    standins.knobs.deepgram.change({"fault": "unknown_message"})
    assert None in (await transcribe(standins, caller())).messages
    standins.knobs.deepgram.change({"fault": "no_metadata"})
    said = await transcribe(standins, caller())
    assert said.finals == [SENTENCE]
    assert not any(getattr(m, "metadata", None) for m in said.of("Results"))
    standins.knobs.deepgram.change({"fault": "duplicate_finals"})
    assert (await transcribe(standins, caller())).finals == [SENTENCE, SENTENCE]
    standins.knobs.deepgram.change({"fault": "no_speech_final"})
    said = await transcribe(standins, caller())
    assert said.finals == [SENTENCE]
    assert not any(m.speech_final for m in said.of("Results"))
    standins.knobs.deepgram.change({"fault": "error_event"})
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        with contextlib.suppress(websockets.ConnectionClosed):
            await stream(socket, caller()[:12000])
        assert (await listener.until(is_kind("Error"))).variant == "InternalServerError"


async def test_garbage_ends_the_sdk_s_loop(standins: StandIns) -> None:
    standins.knobs.deepgram.change({"fault": "garbage"})
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await stream(socket, caller()[:12000])
        await asyncio.wait_for(listener.task, 3)
    assert "Expecting value" in str(listener.errors[0])


async def test_flux_turn(standins: StandIns) -> None:
    async with client(standins).listen.v2.connect(**FLUX, eager_eot_threshold=0.5) as socket:
        listener = Listener(socket)
        await stream(socket, caller())
        end = await listener.until(lambda m: getattr(m, "event", "") == "EndOfTurn")
        await socket.send_close_stream()
        await asyncio.wait_for(listener.task, 3)
        assert socket._websocket.close_code == 1005  # a close frame without a status code
    assert end.transcript == SENTENCE
    assert end.trigger == "model"
    assert end.end_of_turn_confidence >= 0.7
    assert [m.sequence_id for m in listener.messages] == list(range(len(listener.messages)))
    assert listener.messages[0].type == "Connected"
    events = [m.event for m in listener.of("TurnInfo") if m.turn_index == 0]
    assert events.count("EndOfTurn") == 1
    assert events.index("StartOfTurn") < events.index("EagerEndOfTurn") < events.index("EndOfTurn")
    eager = next(m for m in listener.of("TurnInfo") if m.event == "EagerEndOfTurn")
    assert eager.transcript == end.transcript
    updates = [m for m in listener.of("TurnInfo") if m.event == "Update" and m.turn_index == 0 and m.transcript]
    assert all(SENTENCE.startswith(m.transcript) for m in updates)
    assert len(updates) >= 3
    assert listener.messages[-1].turn_index == 1


async def test_flux_resumes_a_turn_after_a_pause(standins: StandIns) -> None:
    text = "Oui, ça marche ! Merci beaucoup."
    thresholds = {"eot_threshold": 0.9, "eager_eot_threshold": 0.5}
    async with client(standins).listen.v2.connect(**FLUX, **thresholds) as socket:
        listener = Listener(socket)
        await stream(socket, caller(text))
        end = await listener.until(lambda m: getattr(m, "event", "") == "EndOfTurn")
        listener.task.cancel()
    assert end.transcript == text
    events = [m.event for m in listener.of("TurnInfo") if m.event != "Update"]
    assert events == ["StartOfTurn", "EagerEndOfTurn", "TurnResumed", "EagerEndOfTurn", "EndOfTurn"]


async def test_flux_configure_force_and_timeout(standins: StandIns) -> None:
    async with client(standins).listen.v2.connect(**FLUX, eot_threshold=1.0) as socket:
        listener = Listener(socket)
        await socket.send_configure({"type": "Configure", "thresholds": {"eot_threshold": 0.2}})
        failure = await listener.until(is_kind("ConfigureFailure"))
        assert "eot_threshold" in failure.description
        await socket.send_configure({"type": "Configure", "thresholds": {"eot_timeout_ms": 1000}})
        success = await listener.until(is_kind("ConfigureSuccess"))
        assert success.thresholds.eot_timeout_ms == 1000
        await stream(socket, caller())
        end = await listener.until(lambda m: getattr(m, "event", "") == "EndOfTurn")
        assert (end.trigger, end.transcript) == ("timeout", SENTENCE)
        await stream(socket, caller()[: len(caller()) // 2])
        await socket.send_force_end_turn()
        forced = await listener.until(lambda m: getattr(m, "trigger", "") == "manual")
        assert forced.turn_index == 1
        assert SENTENCE.startswith(forced.transcript)
        listener.task.cancel()


@pytest.mark.parametrize("changes", [{"model": "nova-3"}, {"eot_threshold": 0.2}, {"language_hint": ["xx"]}])
async def test_flux_refusals(standins: StandIns, changes: dict[str, Any]) -> None:
    with pytest.raises(ApiError) as caught:
        async with client(standins).listen.v2.connect(**{**FLUX, **changes}):
            pass
    assert caught.value.status_code == 400


async def test_control_over_http(standins: StandIns) -> None:
    base = standins.deepgram_url.replace("ws", "http", 1)
    async with aiohttp.ClientSession() as session:
        async with session.put(f"{base}/control", json={"final_delay_ms": 5, "fault": "empty"}) as answer:
            assert answer.status == 200
            assert (await answer.json())["fault"] == "empty"
        assert standins.knobs.deepgram.final_delay_ms == 5
        async with session.put(f"{base}/control", json={"fault": "nonsense", "no_knob": 1}) as answer:
            assert answer.status == 400
            assert len((await answer.json())["problems"]) == 2
        async with session.post(f"{base}/control/phrases", json=["Le chat dort sur la box."]) as answer:
            assert answer.status == 200
        async with session.put(f"{base}/control", json={"fault": "none"}) as answer:
            assert answer.status == 200
        said = await transcribe(standins, caller("Le chat dort sur la box."))
        assert said.finals == ["Le chat dort sur la box."]
        async with session.get(f"{base}/control/stats") as answer:
            stats = await answer.json()
    assert stats["connections"] == 1
    assert stats["transcripts"] == 1
    assert stats["audio_s"] > 2


async def test_phrases_from_files_and_a_cache(tmp_path: Path) -> None:
    script = tmp_path / "caller.yaml"
    script.write_text("turns:\n  - say: Le chat dort sur la box.\n", "utf-8")
    for _ in range(2):  # rendered, then read from the cache
        bank = PhraseBank(["Oui."], ["fr"], tmp_path / "cache")
        async with StandIns(bank=bank, phrase_files=[script]) as running:
            assert running.bank.phrases == ["Oui.", "Le chat dort sur la box."]
            said = await transcribe(running, caller("Le chat dort sur la box.", "fr+m1"))
            assert said.finals == ["Le chat dort sur la box."]
    assert len(list((tmp_path / "cache").iterdir())) == 2
    script.write_text("nothing: 1\n", "utf-8")
    with pytest.raises(ConfigError, match="no phrase"):
        async with StandIns(bank=bank, phrase_files=[script]):
            pass


async def test_a_late_speech_final_comes_after_the_gap(standins: StandIns) -> None:
    standins.knobs.deepgram.change({"fault": "late_speech_final", "final_delay_ms": 0})
    async with client(standins).listen.v1.connect(**NOVA) as socket:
        listener = Listener(socket)
        await stream(socket, caller())
        await socket.send_keep_alive()
        assert listener.finals == []
        await listener.until(lambda m: bool(listener.finals))
        listener.task.cancel()

"""`voicebot load` and the benches' house, as they are used: a real server, real SDKs, five calls."""

import asyncio
import json
import os
import subprocess
import sys
from array import array
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from pathlib import Path
from xml.etree import ElementTree

import pytest
from pydantic import SecretStr

from app.caller.load import Load
from app.caller.load_burst import burst
from app.caller.load_soak import soak
from app.caller.load_sound import caller_frames
from app.caller.server_meter import ServerMeter
from app.config import Settings
from app.errors import ProviderError
from app.providers.deepgram import DeepgramSpeechToText
from app.providers.elevenlabs import ElevenLabsTextToSpeech
from tests.bench.house import LONG_SPEECH, open_house
from tests.bench.recordings import recording_problems
from tests.bench.sink import Sink, SinkCounts
from tests.bench.voice import FORMAT, Voice, VoiceState, ring
from tests.integration.house import on_uvloop, until

CALLS = 5


def voicebot_load(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "app", "load", *words],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "200"},
    )


@asynccontextmanager
async def providers() -> AsyncIterator[tuple[Settings, SinkCounts, VoiceState]]:
    """Sink and voice in this loop, and settings that lead there."""
    counts, state, sound = SinkCounts(), VoiceState(), ring()
    loop = asyncio.get_running_loop()
    sink = await loop.create_server(lambda: Sink(counts), "127.0.0.1", 0)
    voice = await loop.create_server(lambda: Voice(state, sound), "127.0.0.1", 0)
    ports = [server.sockets[0].getsockname()[1] for server in (sink, voice)]
    settings = Settings(
        _env_file=None,
        deepgram_api_key=SecretStr("any"),
        deepgram_url=f"ws://127.0.0.1:{ports[0]}",
        elevenlabs_api_key=SecretStr("any"),
        elevenlabs_url=f"http://127.0.0.1:{ports[1]}",
        elevenlabs_format=FORMAT,
    )
    try:
        yield settings, counts, state
    finally:
        sink.close()
        voice.close()


@on_uvloop
async def test_the_sink_takes_what_the_real_sdk_sends() -> None:
    async with providers() as (settings, counts, _):
        ears = DeepgramSpeechToText(settings)
        failures: list[ProviderError] = []
        session = await ears.open(lambda _: None, failures.append)
        for _ in range(50):
            session.send(bytes(640))
            await asyncio.sleep(0)
        await until(lambda: counts.sound_bytes == 50 * 640, "all sound has arrived")
        session.finalize()
        await session.close()
        await ears.close()
        assert failures == []
        await until(lambda: counts.connections == 0, "the connection is closed")


@on_uvloop
async def test_the_voice_speaks_to_the_real_sdk_for_as_long_as_it_listens() -> None:
    async with providers() as (settings, _, state):
        voice = ElevenLabsTextToSpeech(settings)
        with pytest.raises(ProviderError):
            await anext(voice.speak(LONG_SPEECH))  # it refuses until it is switched on
        short = b"".join([piece async for piece in voice.speak("Bonjour, je vous écoute.")])
        assert len(short) >= 16_000 * 1.0
        state.endless = True
        heard = bytearray()
        async with aclosing(voice.speak(LONG_SPEECH)) as pieces:
            async for piece in pieces:
                heard += piece
                if len(heard) > 16_000 * 1.4:
                    break
        assert max(array("h", bytes(heard[:3200]))) > 1000
        await voice.close()
        await until(lambda: state.streams == 0, "it fell silent")
        assert (state.requests, state.refused) == (3, 1)


@on_uvloop
async def test_five_calls_to_a_real_server(tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    async with open_house(tmp_path, core, core) as house, house.voicebot() as server:
        figures, picture = tmp_path / "load.json", tmp_path / "load.svg"
        words = ["--port", str(server.port), "--pid", str(server.process.pid), "--metrics", server.metrics_url]
        words += ["--ramp", f"2,{CALLS}", "--seconds", "1", "--json", str(figures), "--picture", str(picture)]
        answer = await asyncio.to_thread(voicebot_load, *words, "--burst", "3")
        assert answer.returncode == 0, answer.stderr
        assert "CPU ms/call-s" in answer.stdout
        assert "burst: 3 of 3 calls" in answer.stdout
        report = json.loads(await asyncio.to_thread(figures.read_text))
        few, many = report["levels"]
        assert (few["calls"], many["calls"]) == (2, CALLS)
        for level in (few, many):
            assert level["open_calls"] == level["calls"]
            assert level["lost"] == level["refused"] == level["unheard"] == 0
            assert 0 < level["cpu_ms_per_call_s"] < 500
            assert 0.3 < level["realtime"] < 1.3
            assert level["memory_mb"] > 20
            assert level["threads"] >= 1
            assert level["loop_lag_ms"] >= 0
            assert level["lateness_ms"]["count"] > 10
        assert many["speech_share"] > 0.5
        assert report["burst"]["unheard"] == 0
        ElementTree.fromstring(await asyncio.to_thread(picture.read_text))
        async with Load("127.0.0.1", server.port, caller_frames(None)) as load:
            done = await soak(load, ServerMeter(server.process.pid), 10, overlap=5, call_s=0.1, rest_s=0.1)
        assert (done.unheard, done.refused, len(done.points)) == (0, 0, 3)


@on_uvloop
async def test_a_burst_and_what_was_recorded_of_it(tmp_path: Path) -> None:
    core = min(os.sched_getaffinity(0))
    async with open_house(tmp_path, core, core) as house:
        async with house.voicebot() as server, Load("127.0.0.1", server.port, caller_frames(None)) as load:
            await load.grow(CALLS, 50.0)
            assert await load.all_heard(10.0)
            came = await burst(load, CALLS)
            assert (came.connected, came.unheard, came.running) == (CALLS, 0, CALLS)
        counts = await house.sink_counts()
        said = sum(channel.sent_bytes for channel in load.channels)
        assert 0.8 * said < counts["sound_bytes"] <= said
        assert counts["opened"] >= 2 * CALLS
        assert server.recordings is not None
        assert recording_problems(server.recordings, load.channels) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--ramp", "50,10"], "the numbers must grow"),
        (["--ramp", "ten"], "write numbers of calls"),
        (["--ramp", "10,9000"], "at most 2000"),
        (["--host", "8.8.8.8"], "--yes-really"),
        (["--picture", "load.png"], "SVG"),
        (["--in-a-row", "10"], "give --pid"),
        (["--profile", "x.svg"], "give --pid"),
        (["--pid", "4194399"], "no such process"),
        (["--wav", "none.wav"], "none.wav"),
    ],
)
def test_mistakes_are_one_line(words: list[str], said: str) -> None:
    answer = voicebot_load("--port", "1", *words)
    assert answer.returncode == 2
    assert said in answer.stderr
    assert "Traceback" not in answer.stderr


def test_nobody_listens_there() -> None:
    answer = voicebot_load("--port", "1")
    assert answer.returncode == 1
    assert answer.stderr.startswith("voicebot: ")
    assert "127.0.0.1:1" in answer.stderr

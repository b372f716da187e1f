"""`python -m tests.bench.seams`: what the SDKs cost as they come, and through their seams as the server uses them.

The SDKs stay the interface on both sides; what differs is what was put under them. CPU of this process only, both sides
in turns, against the bench's own sink and voice in a process of their own.
"""

import argparse
import asyncio
import contextlib
import json
import sys
import time
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import httpx
import uvloop
from deepgram import AsyncDeepgramClient, DeepgramClientEnvironment
from elevenlabs.client import AsyncElevenLabs
from rich.console import Console
from rich.table import Table

from app.providers.elevenlabs import AS_IT_COMES
from app.providers.sound_stream import SoundTransport
from app.providers.websocket import Deadlines, WebSocket
from tests.bench.voice import ENDLESS_FROM_CHARACTERS, FORMAT, VOICE_ID

ROUNDS = 4
MESSAGES = 2000
PIECE = bytes(640)
"""40 ms of s16le 8 kHz."""
STREAMS = 50
CONNECTING_S = 1.5
WINDOW_S = 2.0
ENOUGH = httpx.Limits(max_connections=STREAMS)
LONG_TEXT = "a" * (ENDLESS_FROM_CHARACTERS + 1)
DEADLINES = Deadlines(open_s=2.0, ping_s=3.0, close_s=1.0, unsent_bytes=64_000_000)

Work = Callable[[dict[str, str]], Awaitable[float]]


@dataclass(frozen=True, slots=True)
class Gain:
    """One SDK, as it comes and as the server uses it.

    Attributes:
        name: what was done.
        unit: of what the costs are.
        usual_us: median CPU as the SDK comes, in microseconds.
        ours_us: through the seam.
        times: lowest, median and highest ratio of the rounds.
    """

    name: str
    unit: str
    usual_us: float
    ours_us: float
    times: tuple[float, float, float]


async def send_pieces(addresses: dict[str, str], factory: Any) -> float:
    """CPU microseconds for one piece of sound: through `send_media`, or into the transport as the server does it."""
    address = addresses["sink"]
    http = address.replace("ws", "http", 1)
    client = AsyncDeepgramClient(
        api_key="bench",
        environment=DeepgramClientEnvironment(base=http, production=address, agent=address, agent_rest=http),
        **({"transport_factory": factory} if factory else {}),
    )
    try:
        async with client.listen.v1.connect(model="nova-3", encoding="linear16", sample_rate=8000) as socket:
            if factory:
                await factory.latest.open()
            began_s = time.process_time()
            for number in range(MESSAGES):
                if factory:
                    factory.latest.send_now(PIECE)
                else:
                    await socket.send_media(PIECE)
                if number % 50 == 0:
                    await asyncio.sleep(0)
            return (time.process_time() - began_s) / MESSAGES * 1e6
    finally:
        if factory:
            from deepgram.transport import restore_transport

            restore_transport()


class OurSocket:
    """The factory of the SDK's seam `transport_factory`; keeps what it made, to open it."""

    latest: WebSocket

    def __call__(self, url: str, headers: dict[str, str]) -> WebSocket:
        """What the SDK calls."""
        self.latest = WebSocket(url, headers, None, DEADLINES)
        return self.latest


async def hear_speech(addresses: dict[str, str], transport: httpx.AsyncBaseTransport, options: Any) -> float:
    """CPU microseconds for one second of streamed speech, 24 kHz s16le, while fifty are spoken at once."""
    async with httpx.AsyncClient(transport=transport, timeout=5.0) as http:
        client = AsyncElevenLabs(api_key="bench", base_url=addresses["voice"], httpx_client=http)
        heard_bytes = 0

        async def listen() -> None:
            nonlocal heard_bytes
            stream = client.text_to_speech.stream(
                VOICE_ID, text=LONG_TEXT, model_id="eleven_flash_v2_5", output_format=FORMAT, request_options=options
            )
            async with contextlib.aclosing(stream) as pieces:
                async for piece in pieces:
                    heard_bytes += len(piece)

        listeners = [asyncio.create_task(listen()) for _ in range(STREAMS)]
        await asyncio.sleep(CONNECTING_S)
        began_s, before_bytes = time.process_time(), heard_bytes
        await asyncio.sleep(WINDOW_S)
        spent_s, speech_s = time.process_time() - began_s, (heard_bytes - before_bytes) / 48_000
        for listener in listeners:
            listener.cancel()
        await asyncio.gather(*listeners, return_exceptions=True)
        return spent_s / speech_s * 1e6


async def compare(name: str, unit: str, usual: Work, ours: Work, addresses: dict[str, str]) -> Gain:
    """Both in turns, once to warm up and then to count."""
    pairs = [(await usual(addresses), await ours(addresses)) for _ in range(ROUNDS + 1)][1:]
    ratios = sorted(before / after for before, after in pairs)
    return Gain(
        name,
        unit,
        median(before for before, _ in pairs),
        median(after for _, after in pairs),
        (ratios[0], median(ratios), ratios[-1]),
    )


async def measure() -> list[Gain]:
    """All SDKs that work while somebody speaks."""
    our_socket = OurSocket()
    async with providers() as addresses:
        return [
            await compare(
                "deepgram-sdk, 40 ms of sound",
                "a piece",
                lambda where: send_pieces(where, None),
                lambda where: send_pieces(where, our_socket),
                addresses,
            ),
            await compare(
                "elevenlabs stream, fifty at once",
                "a second of speech",
                lambda where: hear_speech(where, httpx.AsyncHTTPTransport(limits=ENOUGH), None),
                lambda where: hear_speech(where, SoundTransport(limits=ENOUGH), AS_IT_COMES),
                addresses,
            ),
        ]


@asynccontextmanager
async def providers() -> AsyncIterator[dict[str, str]]:
    """Sink and voice in a process of their own; the voice speaks at once."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.bench.providers", stdout=asyncio.subprocess.PIPE
    )
    try:
        assert process.stdout is not None
        addresses: dict[str, str] = json.loads(await asyncio.wait_for(process.stdout.readline(), 30))
        async with httpx.AsyncClient() as http:
            await http.post(f"{addresses['voice']}/control", json={"endless": True})
        yield addresses
    finally:
        process.terminate()
        await process.wait()


def table_of(gains: list[Gain]) -> Table:
    """For people."""
    table = Table("SDK", "as it comes, µs CPU", "through its seam", "so many times less")
    for gain in gains:
        least, middle, most = gain.times
        table.add_row(
            gain.name,
            f"{gain.usual_us:.1f} {gain.unit}",
            f"{gain.ours_us:.1f}",
            f"{middle:.1f} ({least:.1f} to {most:.1f})",
        )
    return table


def main() -> None:
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", type=Path, default=Path("bench-results/seams.json"), help="where the figures go")
    target = parser.parse_args().json
    warnings.simplefilter("ignore", DeprecationWarning)  # the SDK's own client is built on websockets.legacy
    gains = uvloop.run(measure())
    Console().print(table_of(gains))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps([asdict(gain) for gain in gains], indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()

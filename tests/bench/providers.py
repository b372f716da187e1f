"""Sink and voice in a process of their own: `python -m tests.bench.providers`, until SIGTERM."""

import argparse
import asyncio
import gc
import json
import signal

import uvloop

from tests.bench.sink import Sink, SinkCounts
from tests.bench.voice import Voice, VoiceState, ring

BACKLOG = 2048


async def serve(voice_name: str) -> None:
    """Listens on two free ports of the loopback, told as one JSON line."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    counts, state, sound = SinkCounts(), VoiceState(voice_name), ring()
    sink = await loop.create_server(lambda: Sink(counts), "127.0.0.1", 0, backlog=BACKLOG)
    voice = await loop.create_server(lambda: Voice(state, sound), "127.0.0.1", 0, backlog=BACKLOG)
    ports = [server.sockets[0].getsockname()[1] for server in (sink, voice)]
    print(json.dumps({"sink": f"ws://127.0.0.1:{ports[0]}", "voice": f"http://127.0.0.1:{ports[1]}"}), flush=True)
    gc.freeze()
    gc.disable()  # a few objects a call, and no cycles
    await stop.wait()


def main() -> None:
    """Reads the arguments and serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--voice-name", default="Antoine", help="ELEVENLABS_VOICE of the server")
    uvloop.run(serve(parser.parse_args().voice_name))


if __name__ == "__main__":
    main()

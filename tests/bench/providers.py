"""Sink and voice, or one of them, in a process of their own: `python -m tests.bench.providers`, until SIGTERM."""

import argparse
import asyncio
import gc
import json
import signal

import uvloop

from tests.bench.sink import Sink, SinkCounts
from tests.bench.voice import Voice, VoiceState, ring

BACKLOG = 2048


async def serve(names: list[str], voice_name: str, port: int) -> None:
    """Listens for each name on the loopback, on a free port or one that others share; tells them as one JSON line."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    counts, state, sound = SinkCounts(), VoiceState(voice_name), ring()
    makers = {"sink": ("ws", lambda: Sink(counts)), "voice": ("http", lambda: Voice(state, sound))}
    addresses = {}
    servers = []
    for name in names:
        scheme, make = makers[name]
        server = await loop.create_server(make, "127.0.0.1", port, backlog=BACKLOG, reuse_port=True)
        servers.append(server)
        addresses[name] = f"{scheme}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    print(json.dumps(addresses), flush=True)
    gc.freeze()
    gc.disable()  # a few objects a call, and no cycles
    await stop.wait()


def main() -> None:
    """Reads the arguments and serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=["sink", "voice"], help="sink, voice; both by default")
    parser.add_argument("--voice-name", default="Antoine", help="ELEVENLABS_VOICE of the server")
    parser.add_argument("--port", type=int, default=0, help="of one that runs: the kernel shares out the connections")
    arguments = parser.parse_args()
    uvloop.run(serve(arguments.names, arguments.voice_name, arguments.port))


if __name__ == "__main__":
    main()

"""The reference: a voicebot's media path as one writes it by hand, with asyncio's streams on uvloop and no features.

What the real server is measured against, because machines differ and change speed within minutes. Per call: a reader
that forwards every caller frame over a WebSocket, a task that turns a 24 kHz voice into 8 kHz frames in a queue, and a
task that writes one frame every 20 ms. No recording, no voice activity, no metrics, no HTTP: the voice is made here.
"""

import argparse
import asyncio
import audioop
import contextlib
import os
import signal
from collections.abc import AsyncIterator

import uvloop
import websockets

from app.caller.load_sound import speech_like

FRAME_BYTES, FRAME_S = 320, 0.020
RATE_HZ, CHUNK_S, BURST_CHUNKS, LEAD_S = 24_000, 0.1, 5, 1.0
QUEUE_FRAMES = 200
END, UUID, SOUND, ERROR = 0x00, 0x01, 0x10, 0xFF


def chunks() -> list[bytes]:
    """Four seconds of speech in pieces of 100 ms, 24 kHz s16le mono."""
    pcm, size = speech_like(RATE_HZ, 4.0, 120.0, softest=0.25), int(RATE_HZ * CHUNK_S) * 2
    return [pcm[at : at + size] for at in range(0, len(pcm), size)]


class Plain:
    """The server.

    Args:
        sink: address of the WebSocket that takes the callers' sound.
    """

    def __init__(self, sink: str) -> None:
        self._sink = sink
        self._chunks = chunks()

    async def call(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One call, from its first byte to its end."""
        socket: websockets.ClientConnection | None = None
        tasks: list[asyncio.Task[None]] = []
        try:
            while True:
                head = await reader.readexactly(3)
                kind, size = head[0], int.from_bytes(head[1:], "big")
                payload = await reader.readexactly(size) if size else b""
                if kind == SOUND and socket is not None:
                    await socket.send(payload)
                elif kind == UUID:
                    socket = await websockets.connect(self._sink, compression=None)
                    frames: asyncio.Queue[bytes] = asyncio.Queue(QUEUE_FRAMES)
                    tasks = [asyncio.create_task(self._speak(frames)), asyncio.create_task(self._play(frames, writer))]
                elif kind in (END, ERROR):
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            for task in tasks:
                task.cancel()
            if socket is not None:
                await socket.close()
            with contextlib.suppress(ConnectionError):
                writer.close()

    async def _voice(self) -> AsyncIterator[bytes]:
        """Chunks for ever, in bursts, ahead of real time."""
        loop = asyncio.get_running_loop()
        began_s, sent = loop.time(), 0
        while True:
            for _ in range(BURST_CHUNKS):
                yield self._chunks[sent % len(self._chunks)]
                sent += 1
            if (ahead_s := began_s + sent * CHUNK_S - LEAD_S - loop.time()) > 0:
                await asyncio.sleep(ahead_s)

    async def _speak(self, frames: asyncio.Queue[bytes]) -> None:
        state, rest = None, b""
        async for chunk in self._voice():
            pcm, state = audioop.ratecv(chunk, 2, 1, RATE_HZ, 8000, state)
            rest += pcm
            while len(rest) >= FRAME_BYTES:
                await frames.put(rest[:FRAME_BYTES])
                rest = rest[FRAME_BYTES:]

    async def _play(self, frames: asyncio.Queue[bytes], writer: asyncio.StreamWriter) -> None:
        loop = asyncio.get_running_loop()
        due_s = loop.time()
        while True:
            pcm = await frames.get()
            writer.write(bytes((SOUND,)) + len(pcm).to_bytes(2, "big") + pcm)
            await writer.drain()
            due_s += FRAME_S
            await asyncio.sleep(max(0.0, due_s - loop.time()))


async def serve(port: int, sink: str) -> None:
    """Listens and says READY; until SIGINT or SIGTERM."""
    plain = Plain(sink)
    await asyncio.start_server(plain.call, "127.0.0.1", port, backlog=1024)
    print("READY", flush=True)
    await asyncio.Event().wait()


def main() -> None:
    """Reads the arguments and serves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--sink", required=True, help="ws:// address")
    parser.add_argument("--stt", choices=["ws"], default="ws", help="as the outside reference is called")
    options = parser.parse_args()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: os._exit(0))
    uvloop.run(serve(options.port, options.sink))


if __name__ == "__main__":
    main()

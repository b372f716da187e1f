"""One WebSocket connection to the Deepgram stand-in: frames in, messages out, watchdog, faults."""

import asyncio
import json
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Any

from aiohttp import WSMsgType, web

from app.standins import laws
from app.standins.handshake import Audio
from app.standins.hearing import telephone
from app.standins.knobs import DeepgramKnobs, Stats
from app.standins.noise import Noise
from app.standins.outbox import Outbox
from app.standins.phrase_bank import PhraseBank
from app.standins.recogniser import NOTHING, Match
from app.standins.tape import Reel

NET_0001 = (
    "Deepgram did not receive audio data or a text message within the timeout window. See https://dpgr.am/net0001"
)
NET_0000 = "Deepgram did not produce a text frame in time. See https://dpgr.am/net0000"
DATA_0000 = "Deepgram could not decode the audio data. See https://dpgr.am/data0000"
HANG_S = 3600.0
"""Longer than any client waits."""
ENDING_FAULTS = ("stall", "close_1008", "close_1011", "reset", "cut", "error_event")
"""Those that strike `fault_after_ms` of audio into the stream and end it, or all that is said in it."""


def reset_connection(request: web.BaseRequest) -> None:
    """Ends the TCP connection with RST: no close frame, no FIN."""
    if request.transport is not None:
        sock = request.transport.get_extra_info("socket")
        if sock is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()


SURE_BEGINNING = 0.85
SURE_WORDS = 3
"""What is taken for the beginning of a phrase when no more of it follows."""
SURER = 0.12
"""So much more like the beginning of one phrase than like all of another: "Oui," and a breath is not "Deux minutes"."""


def likelier(whole: Match, begun: Match) -> Match:
    """What was said: whole phrases, or the beginning of one; of a word or two, noise may seem the beginning of many."""
    sure = begun.similarity >= SURE_BEGINNING or len(begun.text.split()) >= SURE_WORDS
    if whole.text:
        sure |= begun.similarity >= whole.similarity + SURER
    return max([whole, begun] if sure else [whole], key=lambda match: (bool(match.text), match.similarity))


class Ears(ABC):
    """What Nova's and Flux's connections have in common.

    Args:
        audio: how the binary frames are coded.
        fault: what goes wrong with this connection.
        request_id: Deepgram's id of it.
    """

    pings_count = False
    """Whether a WebSocket ping resets the watchdog."""

    def __init__(
        self,
        audio: Audio,
        knobs: DeepgramKnobs,
        stats: Stats,
        bank: PhraseBank,
        executor: Executor,
        fault: str,
        request_id: str,
    ) -> None:
        self.audio = audio
        self.knobs = knobs
        self.stats = stats
        self.fault = fault
        self.request_id = request_id
        self._bank = bank
        self._executor = executor
        self._bytes = 0
        self._odd = b""
        self._silenced = False
        self.closing = False
        self.reel: Reel | None = None
        """Where what comes is kept."""
        self.ws = web.WebSocketResponse(autoping=False, autoclose=False, compress=False, timeout=1.0)
        self.ws.headers["dg-request-id"] = request_id

    @property
    def watchdog_s(self) -> float:
        """Longest silence on the socket."""
        return self.knobs.watchdog_ms / 1000

    @property
    def audio_s(self) -> float:
        """Seconds of audio received."""
        width = 2 if self.audio.encoding == "linear16" else 1
        return self._bytes / width / self.audio.rate_hz

    async def serve(self, request: web.Request) -> web.WebSocketResponse:
        """Speaks with the client until one of the two ends it."""
        await self.ws.prepare(request)
        if self.fault == "mute":
            await self._be_mute()
            return self.ws
        self.outbox = Outbox(self._send)
        sender = asyncio.create_task(self.outbox.run())
        try:
            self.greet()
            await self._listen(request)
        except ConnectionError:
            pass  # the client is gone
        except asyncio.QueueFull:
            await self.ws.close(code=1011, message=NET_0000.encode())
        finally:
            sender.cancel()
            await asyncio.gather(sender, return_exceptions=True)
        return self.ws

    async def _listen(self, request: web.Request) -> None:
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self.watchdog_s
        while not self.ws.closed:
            try:
                message = await self.ws.receive(timeout=max(0.001, deadline - loop.time()))
            except TimeoutError:
                self.stats.count("watchdog_closes")
                await self.ws.close(code=1011, message=NET_0001.encode())
                return
            if message.type is WSMsgType.PING:
                await self.ws.pong(message.data)
                if not self.pings_count:
                    continue
            elif message.type is WSMsgType.BINARY:
                if not message.data:
                    await self._end()
                    return
                self._take_audio(message.data)
            elif message.type is WSMsgType.TEXT:
                self._take_text(message.data)
            elif message.type in (WSMsgType.CLOSE, WSMsgType.CLOSING, WSMsgType.CLOSED, WSMsgType.ERROR):
                await self.ws.close()
                return
            else:
                continue
            if self._bytes or self.pings_count:  # KeepAlive alone doesn't hold a stream that never got audio
                deadline = loop.time() + self.watchdog_s
            if self.closing:
                await self._end()
                return
            if self.fault in ENDING_FAULTS and self.audio_s * 1000 >= self.knobs.fault_after_ms:
                await self._strike(request)

    def _take_audio(self, data: bytes) -> None:
        if self.reel is not None and len(self.reel.sound) < self.knobs.tape_bytes:
            self.reel.sound += data
        before_s = self.audio_s
        self._bytes += len(data)
        self.stats.add("audio_s", self.audio_s - before_s)
        if self.audio.encoding != "linear16":
            self.hear(laws.decode(self.audio.encoding, data))
            return
        data = self._odd + data
        even = len(data) & ~1
        self._odd = data[even:]
        self.hear(data[:even])

    def _take_text(self, text: str) -> None:
        try:
            message = json.loads(text)
            kind = message["type"]
        except (ValueError, TypeError, KeyError):
            kind, message = "", {}
        self.stats.count(f"received_{kind or 'unparsable'}")
        if kind == "CloseStream":
            self.closing = True
        elif not self.obey(kind, message):
            self.complain(text)

    async def _end(self) -> None:
        self.wind_up()
        await self.outbox.drain()
        await self.hang_up()

    async def _be_mute(self) -> None:
        """Takes everything, answers nothing: no pong, no close."""
        while (await self.ws.receive()).type in (WSMsgType.BINARY, WSMsgType.TEXT, WSMsgType.PING):
            pass
        await asyncio.sleep(HANG_S)  # until the client drops the connection, which cancels this

    async def _strike(self, request: web.Request) -> None:
        fault, self.fault = self.fault, "none"
        if fault == "stall":
            self._silenced = True
        elif fault == "close_1008":
            await self.ws.close(code=1008, message=DATA_0000.encode())
        elif fault == "close_1011":
            await self.ws.close(code=1011, message=NET_0000.encode())
        elif fault == "error_event":
            self.complain("", "INTERNAL_SERVER_ERROR")
            await self.outbox.drain()
            await self.ws.close(code=1011, message=b"Internal server error.")
        elif fault == "reset":
            reset_connection(request)
        elif request.transport is not None:  # cut: FIN without a close frame
            request.transport.close()

    async def _send(self, message: str) -> None:
        if not self._silenced and not self.ws.closed:
            await self.ws.send_str(message)

    def delay_s(self, is_final: bool) -> float:
        """Computing time of a message."""
        delay_ms = self.knobs.final_delay_ms if is_final else self.knobs.interim_delay_ms
        return delay_ms / 1000 * (8 if self.fault == "slow" else 1)

    def say(self, delay_s: float, make: Callable[[], dict[str, Any] | None]) -> None:
        """Puts out one message that needs no recognition."""

        async def messages() -> list[str]:
            message = make()
            return [] if message is None else [json.dumps(message, ensure_ascii=False)]

        self.outbox.put(delay_s, messages)

    async def recognise(self, pcm: bytes, noise: Noise | None, *, complete: bool, partly: bool) -> Match:
        """What `pcm` says.

        Args:
            noise: of the line, if it is a noisy one.
            complete: whether it may be whole phrases.
            partly: whether it may end in the middle of one.
        """
        if not pcm or self.fault == "empty":
            return NOTHING

        def work() -> Match:
            sound = telephone(pcm, self.audio.rate_hz)
            whole = self._bank.recognise(sound, noise) if complete else NOTHING
            if not partly:
                return whole
            begun = self._bank.recognise_prefix(sound, noise)
            return likelier(whole, begun) if complete else begun

        return await asyncio.get_running_loop().run_in_executor(self._executor, work)

    @abstractmethod
    def greet(self) -> None:
        """Says what comes first."""

    @abstractmethod
    def hear(self, pcm: bytes) -> None:
        """Takes s16le audio at the stream's own rate."""

    @abstractmethod
    def obey(self, kind: str, message: dict[str, Any]) -> bool:
        """Takes a text message; False if there is no such message."""

    @abstractmethod
    def complain(self, text: str, code: str | None = None) -> None:
        """Sends an Error: about the client's `text`, or with a `code` of the server's own."""

    @abstractmethod
    def wind_up(self) -> None:
        """Puts out what comes after CloseStream."""

    @abstractmethod
    async def hang_up(self) -> None:
        """Closes the socket."""

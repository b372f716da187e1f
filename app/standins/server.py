"""All three stand-ins, on sockets of this machine."""

import asyncio
import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType

from aiohttp import web

from app.standins.deepgram import DeepgramStandIn
from app.standins.elevenlabs import ElevenLabsStandIn
from app.standins.groq import GroqStandIn
from app.standins.knobs import AllKnobs
from app.standins.phrase_bank import DEFAULT_PHRASES, DEFAULT_VOICES, PhraseBank, load_phrases

SHUTDOWN_S = 0.5
"""Longest wait for open requests when the stand-ins end."""


class StandIns:
    """Deepgram, Groq and ElevenLabs as local servers; an async context manager.

    Args:
        deepgram_port, groq_port, elevenlabs_port: 0 lets the system choose.
        host: address to listen on.
        phrases: sentences to recognise besides the default ones.
        phrase_files: YAML files with more of them (lists of strings, or caller scripts with `say:`).
        knobs: latencies and faults; can be changed while it runs.
        bank: a ready phrase bank, instead of rendering one.
        cache_dir: keeps rendered phrases between runs.
        seed: of the dice behind fault probabilities and burst sizes.
    """

    def __init__(
        self,
        deepgram_port: int = 0,
        groq_port: int = 0,
        elevenlabs_port: int = 0,
        host: str = "127.0.0.1",
        phrases: Iterable[str] = (),
        phrase_files: Iterable[Path] = (),
        knobs: AllKnobs | None = None,
        bank: PhraseBank | None = None,
        cache_dir: Path | None = None,
        seed: int = 1,
    ) -> None:
        self._ports = (deepgram_port, groq_port, elevenlabs_port)
        self._host = host
        self._phrases = list(phrases)
        self._phrase_files = list(phrase_files)
        self.knobs = knobs or AllKnobs()
        self._bank = bank
        self._cache_dir = cache_dir
        self._seed = seed
        self._runners: list[web.AppRunner] = []
        self._executors: list[ThreadPoolExecutor] = []
        self._urls: list[str] = []

    @property
    def deepgram_url(self) -> str:
        """Base of the WebSocket addresses, "ws://127.0.0.1:P"."""
        return self._urls[0].replace("http://", "ws://", 1)

    @property
    def groq_url(self) -> str:
        """Base of Groq's API, without "/openai/v1"."""
        return self._urls[1]

    @property
    def elevenlabs_url(self) -> str:
        """Base of ElevenLabs' API."""
        return self._urls[2]

    def _rendered(self) -> PhraseBank:
        bank = self._bank
        if bank is None:
            bank = PhraseBank(load_phrases(DEFAULT_PHRASES), DEFAULT_VOICES, self._cache_dir)
        if self._phrase_files:
            bank.add(load_phrases(*self._phrase_files))
        bank.add(self._phrases)
        return bank

    async def __aenter__(self) -> "StandIns":
        self.bank = await asyncio.to_thread(self._rendered)
        ears = ThreadPoolExecutor(1, thread_name_prefix="standin-ears")
        voice = ThreadPoolExecutor(1, thread_name_prefix="standin-voice")
        self._executors = [ears, voice]
        dice = random.Random(self._seed)
        self.deepgram = DeepgramStandIn(self.bank, self.knobs.deepgram, ears, dice)
        self.groq = GroqStandIn(self.knobs.groq, dice)
        self.elevenlabs = ElevenLabsStandIn(self.knobs.elevenlabs, voice, dice)
        apps = (self.deepgram.app(), self.groq.app(), self.elevenlabs.app())
        try:
            for app, port in zip(apps, self._ports, strict=True):
                # A client that leaves cancels its handler: that is how an interrupted answer is noticed.
                runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=SHUTDOWN_S)
                self._runners.append(runner)
                await runner.setup()
                await web.TCPSite(runner, self._host, port).start()
                self._urls.append(f"http://{self._host}:{runner.addresses[0][1]}")
        except BaseException:
            await self._stop()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stop()

    async def _stop(self) -> None:
        for runner in self._runners:
            await runner.cleanup()
        for executor in self._executors:
            executor.shutdown(wait=False, cancel_futures=True)
        self._runners, self._executors = [], []

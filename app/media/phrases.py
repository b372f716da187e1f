"""Speech that was spoken before: fixed phrases on disk and in memory, recent dynamic ones in an LRU.

On disk: `CACHE_DIR/<voice>/<hash of the words>.raw`, s16le mono 8 kHz, `index.json` for people, and how loud the voice
speaks. A text is found by the words that are said for it (`spoken_text`): worded otherwise, it is spoken anew.
"""

import asyncio
import hashlib
import json
import os
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable
from contextlib import aclosing
from pathlib import Path

import structlog

from app.dialogue.spoken_text import spoken_text
from app.errors import ProviderError
from app.ops import metrics
from app.providers.base import TextToSpeech
from app.providers.voice_level import VoiceLevel

log = structlog.get_logger(__name__)

DYNAMIC_ENTRIES = 200
DYNAMIC_BYTES = 32_000_000
"""About half an hour of speech: a bound, whatever the entries' length."""
BUILD_AT_ONCE = 2
"""Sentences spoken at a time while building: the smallest plan's concurrency (ElevenLabs docs, "Concurrency")."""


class PhraseCache:
    """Audio by text as it is written, for one voice.

    Args:
        directory: CACHE_DIR.
        voice_key: of the voice that spoke; another voice has another folder.
        level: how loud that voice speaks: known from when it spoke the phrases, and kept with them.
    """

    def __init__(self, directory: Path, voice_key: str, level: VoiceLevel | None = None) -> None:
        self.directory = directory / re.sub(r"[^\w.+-]", "_", voice_key)
        self._level = level or VoiceLevel()
        self._fixed: dict[str, bytes] = {}
        self._dynamic: OrderedDict[str, bytes] = OrderedDict()
        self._dynamic_bytes = 0
        self.unwritable = ""
        """Why the directory takes no files; empty if it does."""

    def load(self, texts: Iterable[str]) -> list[str]:
        """Reads the phrases from disk (blocking).

        Returns:
            The texts that are not there yet.
        """
        missing = []
        self._level.recall(self.directory)
        for text in texts:
            try:
                pcm = self._file(text).read_bytes()
            except OSError:
                pcm = b""
            if pcm and len(pcm) % 2 == 0:
                self._fixed[spoken_text(text)] = pcm
            else:
                missing.append(text)
        return missing

    def get(self, text: str) -> bytes | None:
        """The speech for `text`, s16le mono 8 kHz; hits and misses are counted."""
        words = spoken_text(text)
        pcm = self._fixed.get(words)
        if pcm is None and (pcm := self._dynamic.get(words)) is not None:
            self._dynamic.move_to_end(words)
        (metrics.CACHE_MISSES if pcm is None else metrics.CACHE_HITS).inc()
        return pcm

    def keep(self, text: str, pcm: bytes) -> None:
        """Remembers a dynamic sentence; the one unused for longest goes."""
        words = spoken_text(text)
        self._dynamic_bytes += len(pcm) - len(self._dynamic.pop(words, b""))
        self._dynamic[words] = pcm
        while len(self._dynamic) > DYNAMIC_ENTRIES or self._dynamic_bytes > DYNAMIC_BYTES:
            self._dynamic_bytes -= len(self._dynamic.popitem(last=False)[1])

    async def build(
        self,
        texts: Iterable[str],
        voice: TextToSpeech,
        on_progress: Callable[[str, ProviderError | None], None] | None = None,
    ) -> int:
        """Speaks and stores what is missing; a phrase that fails is told and the others go on.

        Returns:
            How many phrases could not be spoken.
        """
        missing = await asyncio.to_thread(self.load, list(texts))
        places = asyncio.Semaphore(BUILD_AT_ONCE)

        async def one(text: str) -> bool:
            async with places:
                try:
                    pcm = await spoken(text, voice)
                except ProviderError as error:
                    if on_progress:
                        on_progress(text, error)
                    return False
                self._fixed[spoken_text(text)] = pcm
                await asyncio.to_thread(self._try, self._store, text, pcm)
                if on_progress:
                    on_progress(text, None)
                return True

        jobs: list[Awaitable[bool]] = [one(text) for text in missing]
        done = await asyncio.gather(*jobs)
        if any(done):
            await asyncio.to_thread(self._try, self._write_index)
            await asyncio.to_thread(self._try, self._level.remember, self.directory)
        return len(done) - sum(done)

    def _file(self, text: str) -> Path:
        return self.directory / f"{hashlib.sha256(spoken_text(text).encode()).hexdigest()[:24]}.raw"

    def _try(self, write: Callable[..., None], *arguments: object) -> None:
        """A disk that takes nothing is told once; the phrases are in memory all the same."""
        if self.unwritable:
            return
        try:
            write(*arguments)
        except OSError as error:
            self.unwritable = str(error)
            log.error("cache not written", detail=self.unwritable)

    def _store(self, text: str, pcm: bytes) -> None:
        self.directory.mkdir(parents=True, exist_ok=True)
        file = self._file(text)
        unfinished = file.with_suffix(f".{os.getpid()}.part")
        unfinished.write_bytes(pcm)
        unfinished.replace(file)

    def _write_index(self) -> None:
        index = {self._file(text).name: text for text in sorted(self._fixed)}
        (self.directory / "index.json").write_text(json.dumps(index, ensure_ascii=False, indent=1), encoding="utf-8")


async def spoken(text: str, voice: TextToSpeech) -> bytes:
    """All of a sentence, s16le mono 8 kHz.

    Raises:
        ProviderError: it could not be spoken.
    """
    pieces = []
    async with aclosing(voice.speak(text)) as stream:
        async for piece in stream:
            pieces.append(piece)
    return b"".join(pieces)

"""The local French voice: espeak-ng in this process, on one thread of its own, no network.

Constants and call order from the `speak_lib.h` header of espeak-ng. The library keeps global state, so one lock
and one thread serve the whole process; it speaks some hundred times faster than real time.
"""

import asyncio
import contextlib
import ctypes
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import espeakng_loader

from app.errors import ProviderProtocolError, ProviderTimeoutError
from ext.resample import Resampler

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
POS_CHARACTER = 1
CHARS_UTF8 = 1
PARAMETER_RATE = 1
PARAMETER_PITCH = 3

BUFFER_MS = 60
"""Length of the pieces that espeak hands over."""
LEVEL_DBOV = -22.0
"""Active level of the default voice, once shaped for the telephone: the mean of our phrases, each within 1.2 dB."""
FIRST_PIECE_TIMEOUT_S = 2.0
"""Longest wait for a piece; measured: well under 10 ms, unless the thread has a queue of sentences."""

_Callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(ctypes.c_char))


@dataclass(frozen=True, slots=True)
class Voice:
    """How espeak speaks.

    Attributes:
        name: espeak voice with optional variant, "fr", "fr+f2", "fr+m3".
        rate_wpm: words a minute.
        pitch: 0 to 100.
    """

    name: str = "fr"
    rate_wpm: int = 165
    pitch: int = 50


class EspeakLibrary:
    """The espeak-ng library, loaded once a process; blocking."""

    _instance: "EspeakLibrary | None" = None
    _lock = threading.Lock()

    def __init__(self) -> None:
        try:
            self._library: Any = ctypes.cdll.LoadLibrary(espeakng_loader.get_library_path())
        except OSError as error:
            raise ProviderProtocolError("espeak", f"the library can't be loaded: {error}") from error
        self.sample_rate_hz = int(
            self._library.espeak_Initialize(
                AUDIO_OUTPUT_SYNCHRONOUS,
                BUFFER_MS,
                str(espeakng_loader.get_data_path()).encode(),
                INITIALIZE_DONT_EXIT,
            )
        )
        if self.sample_rate_hz <= 0:
            raise ProviderProtocolError("espeak", "the library does not start: is its data folder complete?")
        self._emit: Callable[[bytes], bool] | None = None
        self._callback = _Callback(self._on_sound)  # kept: the library holds only a bare pointer to it
        self._library.espeak_SetSynthCallback(self._callback)

    @classmethod
    def shared(cls) -> "EspeakLibrary":
        """The one instance of this process."""
        if cls._instance is not None:  # without the lock, which is held while a sentence is synthesised
            return cls._instance
        with cls._lock:
            if cls._instance is None:
                cls._instance = cls()
            return cls._instance

    def _on_sound(self, samples: Any, count: int, _events: Any) -> int:
        if self._emit is None or not samples or count <= 0:
            return 0
        return 0 if self._emit(ctypes.string_at(samples, count * 2)) else 1

    def synthesise(self, text: str, voice: Voice, emit: Callable[[bytes], bool]) -> None:
        """Speaks `text`; blocks until it is all handed over.

        Args:
            emit: gets s16le mono pieces at `sample_rate_hz`; returning False stops the synthesis.

        Raises:
            ProviderProtocolError: unknown voice, or espeak refused the text.
        """
        encoded = text.encode("utf-8", "replace").replace(b"\0", b" ") + b"\0"
        with self._lock:
            if self._library.espeak_SetVoiceByName(voice.name.encode()) != 0:
                raise ProviderProtocolError("espeak", f"no voice named {voice.name!r}")
            self._library.espeak_SetParameter(PARAMETER_RATE, voice.rate_wpm, 0)
            self._library.espeak_SetParameter(PARAMETER_PITCH, voice.pitch, 0)
            self._emit = emit
            try:
                status = self._library.espeak_Synth(encoded, len(encoded), 0, POS_CHARACTER, 0, CHARS_UTF8, None, None)
            finally:
                self._emit = None
        if status != 0:
            raise ProviderProtocolError("espeak", f"espeak_Synth answered {status}")


def render(text: str, voice: Voice = Voice(), sample_rate_hz: int = 8000) -> bytes:
    """Speaks `text` and returns all of it, s16le mono at `sample_rate_hz`; blocking."""
    library = EspeakLibrary.shared()
    pieces: list[bytes] = []

    def keep(piece: bytes) -> bool:
        pieces.append(piece)
        return True

    library.synthesise(text, voice, keep)
    resampler = Resampler(library.sample_rate_hz, sample_rate_hz)
    return resampler.process(b"".join(pieces)) + resampler.flush()


class EspeakTextToSpeech:
    """espeak-ng as a `TextToSpeech`: the voice of last resort, and of an installation without keys."""

    name = "espeak"

    def __init__(self, voice: Voice = Voice()) -> None:
        self._voice = voice
        self.voice_key = f"espeak-{voice.name}-{voice.rate_wpm}-{voice.pitch}"
        self._thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="espeak")

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        """Yields s16le mono 8 kHz pieces of about 60 ms; see `TextToSpeech.speak`."""
        loop = asyncio.get_running_loop()
        # Bounded by the sentence: espeak ends by itself, and a consumer that leaves stops it.
        pieces: deque[bytes | None] = deque()
        arrived = asyncio.Event()
        wanted = threading.Event()
        wanted.set()

        def hand_over(piece: bytes | None) -> None:
            pieces.append(piece)
            arrived.set()

        def emit(piece: bytes) -> bool:
            if wanted.is_set():
                loop.call_soon_threadsafe(hand_over, piece)
            return wanted.is_set()

        def work() -> int:
            library = EspeakLibrary.shared()
            try:
                if wanted.is_set():
                    library.synthesise(text, self._voice, emit)
            finally:
                with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile
                    loop.call_soon_threadsafe(hand_over, None)
            return library.sample_rate_hz

        job = loop.run_in_executor(self._thread, work)
        job.add_done_callback(lambda done: done.cancelled() or done.exception())  # a consumer may leave before its end
        resampler = Resampler(EspeakLibrary.shared().sample_rate_hz, 8000)
        try:
            while True:
                try:
                    async with asyncio.timeout(FIRST_PIECE_TIMEOUT_S):
                        await arrived.wait()
                except TimeoutError:
                    raise ProviderTimeoutError(self.name, "no sound from the local voice") from None
                arrived.clear()
                while pieces:
                    piece = pieces.popleft()
                    if piece is None:
                        await job  # raises what the synthesis raised
                        if tail := resampler.flush():
                            yield tail
                        return
                    if sound := resampler.process(piece):
                        yield sound
        finally:
            wanted.clear()

    async def close(self) -> None:
        """Ends the thread; a sentence under way is cut."""
        self._thread.shutdown(wait=False, cancel_futures=True)

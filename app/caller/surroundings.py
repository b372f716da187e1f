"""What else is on the caller's line: noise at a level below the caller's speech, and the echo of the bot.

Pure: frames in, frames out; the same surroundings every time.
"""

import math
import zlib
from collections.abc import Iterable

from app.caller.clips import BLOCK_SAMPLES, Clip, sound_named
from app.caller.ears import SILENCE_DB
from app.caller.script import Script
from ext.levels import apply_gain, rms_dbfs
from ext.stereo import mix

BYTES_PER_MS = 16
NOMINAL_SPEECH_DB = -26.0
"""Of a caller who never speaks, so that a noisy line has a level all the same (ITU-T P.56's nominal speech level)."""
ECHO_SLACK_MS = 60
"""Sound of the bot that came in a burst; what is more is dropped, so that the echo keeps its delay."""


class Surroundings:
    """One caller's.

    Args:
        noise: s16le mono 8 kHz at its level, repeated for ever; empty for none.
        echo_gain: of the bot's sound that comes back, 0 for none.
        echo_delay_ms: when.
        start_bytes: where in the noise the call begins.
    """

    def __init__(
        self, noise: bytes = b"", *, echo_gain: float = 0.0, echo_delay_ms: int = 0, start_bytes: int = 0
    ) -> None:
        self._noise = noise
        self._at = start_bytes % len(noise) & ~1 if noise else 0
        self._echo_gain = echo_gain
        self._echo = bytearray(echo_delay_ms * BYTES_PER_MS) if echo_gain else bytearray()
        self._longest_echo = (echo_delay_ms + ECHO_SLACK_MS) * BYTES_PER_MS

    def hear(self, pcm: bytes) -> None:
        """The bot's next frame sounds in the caller's telephone."""
        if self._echo_gain:
            self._echo += apply_gain(pcm, self._echo_gain)
            if len(self._echo) > self._longest_echo:
                del self._echo[: len(self._echo) - self._longest_echo]

    def add_to(self, pcm: bytes) -> bytes:
        """The caller's next frame, with what is heard besides."""
        size = len(pcm)
        if self._noise:
            pcm = mix(pcm, self._next_noise(size))
        if self._echo:
            pcm = mix(pcm, bytes(self._echo[:size]))
            del self._echo[:size]
        return pcm

    def _next_noise(self, size: int) -> bytes:
        piece = self._noise[self._at : self._at + size]
        self._at += size
        while len(piece) < size:
            self._at = size - len(piece)
            piece += self._noise[: self._at]
        return piece


def surroundings_of(script: Script, clips: Iterable[Clip]) -> Surroundings | None:
    """What the script says; None where the line is clean. Blocking: noise is made or read.

    Args:
        clips: the caller's speech, whose level the noise is measured against.

    Raises:
        ConfigError: a sound file that isn't there.
        MediaError: a sound file that can't be read.
    """
    if script.noise is None and script.echo is None:
        return None
    noise = b""
    if script.noise is not None:
        speech_db = speech_level_db(clip.pcm for clip in clips)
        noise = with_snr(sound_named(script.noise.sound, script.folder), speech_db, script.noise.snr_db)
    return Surroundings(
        noise,
        echo_gain=10 ** (script.echo.level_db / 20) if script.echo else 0.0,
        echo_delay_ms=script.echo.delay_ms if script.echo else 0,
        start_bytes=zlib.crc32(script.name.encode()),
    )


def with_snr(noise: bytes, speech_db: float, snr_db: float) -> bytes:
    """Noise so loud that speech of `speech_db` is `snr_db` above it."""
    return apply_gain(noise, 10 ** ((speech_db - snr_db - rms_dbfs(noise)) / 20))


def speech_level_db(sounds: Iterable[bytes]) -> float:
    """Mean level of the 10 ms blocks in which somebody speaks, dBFS: pauses don't make speech softer."""
    size = 2 * BLOCK_SAMPLES
    levels = [rms_dbfs(pcm[at : at + size]) for pcm in sounds for at in range(0, len(pcm) - size + 1, size)]
    powers = [10 ** (level / 10) for level in levels if level > SILENCE_DB]
    return 10 * math.log10(sum(powers) / len(powers)) if powers else NOMINAL_SPEECH_DB

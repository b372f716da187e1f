"""What the callers of a load say: speech-like sound made here, or a sound file, cut into wire frames."""

import math
from array import array
from pathlib import Path

from app.caller.clips import RATE_HZ, read_sound
from app.errors import ConfigError
from ext.frames import KIND_SLIN_8000, build

FRAME_BYTES = 320
"""20 ms: 160 samples of s16le at 8 kHz."""
PITCH_HZ = 140.0
HARMONICS = 19
SYLLABLES_PER_S = 3.0
"""French is spoken at 5 to 7 syllables a second; half of that leaves pauses that a voice activity sees."""
PEAK = 8000
"""About -20 dBFS on average, as telephones deliver speech (ITU-T P.56's nominal level is -26 dBov)."""


def speech_like(
    rate_hz: int = RATE_HZ, seconds: float = 2.0, pitch_hz: float = PITCH_HZ, softest: float = 0.0
) -> bytes:
    """Harmonics of a voice, opened and closed like syllables; s16le mono, the same bytes every time.

    Args:
        softest: amplitude between syllables, 0 to 1. Without any, half of it is silent, and whole seconds can be
            repeated without a click.
    """
    top = min(HARMONICS, int(0.45 * rate_hz / pitch_hz))
    period = round(rate_hz / pitch_hz)
    wave = [
        sum(math.sin(2 * math.pi * number * at / period + number) / number for number in range(1, top + 1))
        for at in range(period)
    ]
    loudest = max(map(abs, wave))
    opening = math.pi * SYLLABLES_PER_S / rate_hz
    sound = array("h")
    for at in range(round(rate_hz * seconds)):
        gate = softest + (1 - softest) * max(0.0, math.sin(2 * opening * at)) ** 0.5
        sound.append(round(PEAK * gate * wave[at % period] / loudest))
    return sound.tobytes()


def wire_frames(pcm: bytes) -> list[bytes]:
    """Cuts s16le mono 8 kHz into whole frames of 323 bytes; the last one is filled up with silence."""
    pieces = (pcm[at : at + FRAME_BYTES] for at in range(0, len(pcm), FRAME_BYTES))
    return [build(KIND_SLIN_8000, piece.ljust(FRAME_BYTES, b"\0")) for piece in pieces]


def caller_frames(file: Path | None) -> list[bytes]:
    """The frames that every caller repeats; blocking.

    Raises:
        ConfigError: there is no such file, or it is empty.
        MediaError: it can't be read.
    """
    frames = wire_frames(speech_like() if file is None else read_sound(file))
    if not frames:
        raise ConfigError([f"{file}: no sound in this file"])
    return frames

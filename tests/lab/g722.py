"""G.722, the codec of wideband telephones: 16 kHz in 64 kbit/s (RFC 3551, 4.5.2), by FFmpeg."""

from fractions import Fraction
from typing import Literal

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext

from ext.resample import Resampler

WIDE_RATE_HZ = 16000
SAMPLES = 320
"""20 ms: how much FFmpeg's encoder takes at a time."""


class G722:
    """Both directions of one telephone, whose owner speaks and hears at 8 kHz."""

    def __init__(self) -> None:
        self._encoder = _context("w")
        self._encoder.open()
        self._decoder = _context("r")
        self._widen, self._narrow = Resampler(8000, WIDE_RATE_HZ), Resampler(WIDE_RATE_HZ, 8000)
        self._wide = b""

    def encode(self, pcm: bytes) -> bytes:
        """s16le mono 8 kHz, 20 ms → 160 bytes."""
        self._wide += self._widen.process(pcm)
        frame, self._wide = self._wide[: 2 * SAMPLES].rjust(2 * SAMPLES, b"\0"), self._wide[2 * SAMPLES :]
        return b"".join(bytes(packet) for packet in self._encoder.encode(_frame(frame)))

    def decode(self, codes: bytes) -> bytes:
        """The way back, for any number of bytes; the first answer is some samples short."""
        wide = b"".join(bytes(frame.planes[0])[: 2 * frame.samples] for frame in self._decoder.decode(av.Packet(codes)))
        return self._narrow.process(wide)


def _context(mode: Literal["r", "w"]) -> AudioCodecContext:
    context = av.CodecContext.create("g722", mode)
    context.sample_rate, context.layout = WIDE_RATE_HZ, "mono"
    if mode == "w":
        context.format = "s16"
    return context


def _frame(pcm: bytes) -> av.AudioFrame:
    frame = av.AudioFrame.from_ndarray(np.frombuffer(pcm, "<i2").reshape(1, -1), format="s16", layout="mono")
    frame.sample_rate, frame.time_base = WIDE_RATE_HZ, Fraction(1, WIDE_RATE_HZ)
    return frame

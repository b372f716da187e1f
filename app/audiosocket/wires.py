"""How a telephone's sound is coded on the wire: what an Asterisk sends, by the name that it gives the codec."""

from typing import Literal, get_args

from ext.frames import KIND_SLIN_8000, KIND_SLIN_12000, sample_rate_hz
from ext.g711 import alaw_encode, ulaw_encode
from ext.resample import Resampler

WireCodec = Literal[
    "slin", "ulaw", "alaw", "slin12", "slin16", "slin24", "slin32", "slin44", "slin48", "slin96", "slin192"
]
"""Names as in `Dial(AudioSocket/…/c(slin16))`; the wideband ones have kinds of their own, in this order."""
_WIDEBAND = get_args(WireCodec)[3:]
_LAWS = {"ulaw": ulaw_encode, "alaw": alaw_encode}


class Wire:
    """One direction of one call.

    Args:
        codec: what its frames hold.

    Attributes:
        kind: of the frames.
    """

    def __init__(self, codec: WireCodec = "slin") -> None:
        self.kind = KIND_SLIN_12000 + _WIDEBAND.index(codec) if codec in _WIDEBAND else KIND_SLIN_8000
        self._law = _LAWS.get(codec)
        self._resampler = Resampler(8000, sample_rate_hz(self.kind)) if codec in _WIDEBAND else None

    def encode(self, pcm: bytes) -> bytes:
        """The payload for the next frame of s16le mono 8 kHz; whole frames, the first begins with some silence."""
        if self._law is not None:
            return self._law(pcm)
        if self._resampler is None:
            return pcm
        return self._resampler.process(pcm).rjust(len(pcm) * self._resampler.target_hz // 8000, b"\0")

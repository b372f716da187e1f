"""Breaks one link of the audio path in the process that starts with this folder on its PYTHONPATH.

Which one is told by the variable SABOTAGE. The product knows nothing of this: a test of the tests.
"""

import os
from array import array
from typing import Any


def _swap(pcm: bytes) -> bytes:
    swapped = bytearray(len(pcm))
    swapped[0::2], swapped[1::2] = pcm[1::2], pcm[0::2]
    return bytes(swapped)


def ulaw_encode_one_bit() -> None:
    """The lowest bit of every µ-law code to Deepgram is wrong."""
    from ext import g711

    encode = g711.ulaw_encode
    g711.ulaw_encode = lambda pcm: bytes(code ^ 1 for code in encode(pcm))


def ulaw_decode_one_bit() -> None:
    """The table that decodes ElevenLabs' µ-law is off by one bit."""
    from ext import g711

    decode = g711.ulaw_decode
    g711.ulaw_decode = lambda codes: decode(bytes(code ^ 1 for code in codes))


def swapped_bytes() -> None:
    """The caller's samples arrive with their bytes swapped."""
    import ext.line  # noqa: F401  # compiled against the real class, so it must meet that one first
    from ext import frames

    parser = frames.FrameParser

    class Swapping:
        def __init__(self) -> None:
            self._parser = parser()

        @property
        def pending_bytes(self) -> int:
            return self._parser.pending_bytes

        def feed(self, data: bytes) -> list[tuple[int, bytes]]:
            return [
                (kind, _swap(payload) if frames.sample_rate_hz(kind) else payload)
                for kind, payload in self._parser.feed(data)
            ]

        def feed_into(self, data: bytes, sink: frames.SoundSink, now_s: float) -> list[tuple[int, bytes]]:
            others = []
            for kind, payload in self.feed(data):
                if rate_hz := frames.sample_rate_hz(kind):
                    sink.feed(payload, rate_hz, now_s)
                else:
                    others.append((kind, payload))
            return others

    frames.FrameParser = Swapping  # type: ignore[assignment,misc]


def resampler_drops_a_chunk() -> None:
    """Every twentieth piece is lost on its way through the resampler."""
    import ext.line  # noqa: F401  # as above
    from ext import resample

    real = resample.Resampler

    class Dropping:
        def __init__(self, source_hz: int, target_hz: int) -> None:
            self._real = real(source_hz, target_hz)
            self._pieces = 0

        def process(self, pcm: bytes) -> bytes:
            self._pieces += 1
            sound = self._real.process(pcm)
            return b"" if self._pieces % 20 == 0 else sound

        def __getattr__(self, name: str) -> Any:
            return getattr(self._real, name)

    resample.Resampler = Dropping  # type: ignore[assignment,misc]


def recording_tracks_swapped() -> None:
    """The caller is recorded on the bot's track and the other way round."""
    from app.media import recording

    block, finish = recording.RecordingFile.block, recording.RecordingFile.finish

    def swapped(both: bytes) -> bytes:
        samples = array("h", both)
        samples[0::2], samples[1::2] = samples[1::2], samples[0::2]
        return samples.tobytes()

    recording.RecordingFile.block = (  # type: ignore[method-assign]
        lambda self, offset_samples, both: block(self, offset_samples, swapped(both))
    )
    recording.RecordingFile.finish = (  # type: ignore[method-assign]
        lambda self, offset_samples, both, stats: finish(self, offset_samples, swapped(both), stats)
    )


if chosen := os.environ.get("SABOTAGE"):
    globals()[chosen]()

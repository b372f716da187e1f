"""Was the sound that arrived the sound that was sent? Compared sample by sample, with independent references.

Each check returns the problems it found, in words; an audio path in order gives none.
"""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from tests.e2e.world import CallResult, Reel, World
from tests.reference import g711, resample

FRAME_BYTES = 320
EDGE_SAMPLES = 80
"""Fades touch at most the first and the last 5 ms of a speech; 10 ms are left out."""
RESAMPLED_TOLERANCE = 2
"""The reference resampler works in float64: rounding may differ by one step on each side."""
LOUD = 200
MIN_FRAMES = 50

Samples = npt.NDArray[np.int16]


def caller_to_recogniser(call: CallResult, reel: Reel) -> list[str]:
    """Every frame of the caller's speech reached Deepgram, unchanged and in order."""
    assert call.report.sent is not None
    encoding = reel.form.split("/")[0]
    sent = [_coded(frame, encoding) for frame in _loud_frames(bytes(call.report.sent.pcm))]
    return _in_order(sent, reel.sound, len(_coded(bytes(FRAME_BYTES), encoding)), "at Deepgram")


def caller_to_recording(call: CallResult) -> list[str]:
    """Every frame of the caller's speech is on the recording's left track."""
    assert call.report.sent is not None
    left = np.frombuffer(call.recording.read_bytes(), np.int16)[0::2].tobytes()
    position = 0
    missing = 0
    sent = list(_loud_frames(bytes(call.report.sent.pcm)))
    for frame in sent:
        found = left.find(frame, position)
        missing += found < 0
        position = found + FRAME_BYTES if found >= 0 else position
    return _verdict(missing, len(sent), "on the recording's left track")


def bot_to_caller(call: CallResult, world: World, texts: list[str]) -> list[str]:
    """Each of these phrases was heard by the caller as ElevenLabs spoke it, to the sample."""
    assert call.report.received is not None
    heard = np.frombuffer(bytes(call.report.received.pcm), np.int16)
    problems = []
    for text in texts:
        reel = next((reel for reel in world.elevenlabs_tape if reel.label == text), None)
        if reel is None:
            problems.append(f"ElevenLabs was never asked for {text!r}")
            continue
        meant, tolerance = _meant(reel)
        problems += [f"{text!r}: {problem}" for problem in _compare(meant, heard, tolerance)]
    return problems


def bot_to_recording(call: CallResult) -> list[str]:
    """The recording's right track is what the caller received."""
    assert call.report.received is not None
    right = np.frombuffer(call.recording.read_bytes(), np.int16)[1::2].tobytes()
    received = bytes(call.report.received.pcm)
    frames = [received[at : at + FRAME_BYTES] for at in range(0, len(received), FRAME_BYTES)]
    loud = [frame for frame in frames if _is_loud(frame)]
    return _in_order(loud, right, FRAME_BYTES, "on the recording's right track")


def _loud_frames(pcm: bytes) -> Iterator[bytes]:
    for at in range(0, len(pcm) - FRAME_BYTES + 1, FRAME_BYTES):
        if _is_loud(frame := pcm[at : at + FRAME_BYTES]):
            yield frame


def _is_loud(frame: bytes) -> bool:
    return int(np.abs(np.frombuffer(frame, np.int16).astype(np.int32)).max()) > LOUD


def _coded(frame: bytes, encoding: str) -> bytes:
    return g711.ulaw_encode(frame) if encoding == "mulaw" else frame


def _in_order(wanted: list[bytes], stream: bytes, size: int, where: str) -> list[str]:
    """Counts the frames that can't be found in `stream`, cut into frames of `size`, one after the other."""
    there = [stream[at : at + size] for at in range(0, len(stream), size)]
    position = missing = 0
    for frame in wanted:
        try:
            position = there.index(frame, position) + 1
        except ValueError:
            missing += 1
    return _verdict(missing, len(wanted), where)


def _verdict(missing: int, of: int, where: str) -> list[str]:
    if of < MIN_FRAMES:
        return [f"only {of} frames of speech to compare {where}"]
    return [f"{missing} of {of} frames of speech are not {where}"] if missing else []


def _meant(reel: Reel) -> tuple[Samples, int]:
    """The reel as 8 kHz samples, by the references alone, and how far the product may differ."""
    codec, rate = reel.form.split("_")
    if codec == "ulaw":
        return np.frombuffer(g711.ulaw_decode(reel.sound), np.int16), 0
    if rate == "8000":
        return np.frombuffer(reel.sound, np.int16), 0
    resampler = resample.Resampler(int(rate), 8000)
    pcm = resampler.process(reel.sound) + resampler.flush()
    return np.frombuffer(pcm, np.int16), RESAMPLED_TOLERANCE


def _compare(meant: Samples, heard: Samples, tolerance: int) -> list[str]:
    """Finds `meant` in `heard` by correlation and compares all of it but the edges."""
    size = 1 << (len(heard) + len(meant)).bit_length()
    spectrum = np.fft.rfft(heard.astype(np.float64), size) * np.conj(np.fft.rfft(meant.astype(np.float64), size))
    offset = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))
    heard_part = heard[offset : offset + len(meant)].astype(np.int32)
    if len(heard_part) < len(meant):
        return ["cut short"]
    difference = np.abs(heard_part - meant.astype(np.int32))[EDGE_SAMPLES:-EDGE_SAMPLES]
    wrong = int(np.count_nonzero(difference > tolerance))
    return [f"{wrong} of {len(difference)} samples differ, by up to {difference.max()}"] if wrong else []

"""Was the sound that arrived the sound that was sent? Compared sample by sample, with independent references.

Each check returns the problems it found, in words; an audio path in order gives none. `codec` is what the wire between
Asterisk and the bot held.
"""

from collections.abc import Iterator
from math import inf

import numpy as np
import numpy.typing as npt

from app.dialogue.spoken_text import spoken_text
from tests.e2e.world import CallResult, Reel, World
from tests.reference import g711, leveller, resample

FRAME_BYTES = 320
EDGE_SAMPLES = 80
"""Fades touch at most the first and the last 5 ms of a speech; 10 ms are left out."""
WIDE_EDGE_SAMPLES = 240
"""Two filters that reach 58 samples to each side carry those fades, and what came before, further in."""
RESAMPLED_TOLERANCE = 2
"""The reference resampler works in float64: rounding may differ by one step on each side."""
LOUD = 200
MIN_FRAMES = 50

Samples = npt.NDArray[np.int16]


def caller_to_recogniser(call: CallResult, reel: Reel, codec: str = "slin") -> list[str]:
    """Every frame of the caller's speech reached Deepgram, unchanged and in order."""
    encoding, rate_hz = reel.form.split("/")
    wire = _over_the_wire(_sent(call), codec)
    frame_bytes = FRAME_BYTES * int(rate_hz) // 8000
    sent = [_coded(frame, encoding) for frame in _loud_frames(wire, frame_bytes)]
    problems = _in_order(sent, reel.sound, len(_coded(bytes(frame_bytes), encoding)), "at Deepgram")
    wanted_hz = 16_000 if codec == "slin16" else 8000
    return problems if int(rate_hz) == wanted_hz else [f"Deepgram was told {rate_hz} Hz", *problems]


def caller_to_recording(call: CallResult, codec: str = "slin") -> list[str]:
    """Every frame of the caller's speech is on the recording's left track."""
    heard = _narrowed(_over_the_wire(_sent(call), codec), codec)
    return _found_in_order(list(_loud_frames(heard)), _track(call, 0), "on the recording's left track")


def bot_to_caller(call: CallResult, world: World, texts: list[str], codec: str = "slin") -> list[str]:
    """Each of these phrases was heard by the caller as ElevenLabs spoke it, to the sample."""
    edge = WIDE_EDGE_SAMPLES if codec == "slin16" else EDGE_SAMPLES
    assert call.report.received is not None
    heard = np.frombuffer(bytes(call.report.received.pcm), np.int16)
    problems = []
    for text in texts:
        reel = next((reel for reel in world.elevenlabs_tape if reel.label == spoken_text(text)), None)
        if reel is None:
            problems.append(f"ElevenLabs was never asked for {text!r}")
            continue
        meant, tolerance = _meant(reel)
        if codec == "slin16":  # what leaves in 16 kHz comes down to the caller's 8 again
            meant = np.frombuffer(_narrowed(_over_the_wire(meant.tobytes(), codec), codec), np.int16)
        problems += [f"{text!r}: {problem}" for problem in _compare(meant, heard, tolerance, edge)]
    return problems


def bot_to_recording(call: CallResult, codec: str = "slin") -> list[str]:
    """The recording's right track is what the caller received."""
    assert call.report.received is not None
    received = bytes(call.report.received.pcm)
    right = _track(call, 1)
    if codec == "slin16":
        right = _narrowed(_over_the_wire(right, codec), codec)
        # Frames before the caller's first one have 8 kHz, which the caller then hears without the filter's delay.
        frames = list(_loud_frames(received[WIDE_EDGE_SAMPLES * 2 :]))
        return _found_in_order(frames, right, "on the recording's right track")
    return _in_order(list(_loud_frames(received)), right, FRAME_BYTES, "on the recording's right track")


def _sent(call: CallResult) -> bytes:
    assert call.report.sent is not None
    return bytes(call.report.sent.pcm)


def _track(call: CallResult, side: int) -> bytes:
    return np.frombuffer(call.recording.read_bytes(), np.int16)[side::2].tobytes()


def _over_the_wire(pcm: bytes, codec: str) -> bytes:
    """What a wire makes of sound: with G.711 the nearest samples that it has, in 16 kHz the same sound there."""
    match codec:
        case "ulaw":
            return g711.ulaw_decode(g711.ulaw_encode(pcm))
        case "alaw":
            return g711.alaw_decode(g711.alaw_encode(pcm))
        case "slin16":
            return resample.Resampler(8000, 16_000).process(pcm).rjust(2 * len(pcm), b"\0")
        case _:
            return pcm


def _narrowed(pcm: bytes, codec: str) -> bytes:
    return resample.Resampler(16_000, 8000).process(pcm) if codec == "slin16" else pcm


def _found_in_order(frames: list[bytes], stream: bytes, where: str) -> list[str]:
    """Counts the frames that can't be found in `stream`, anywhere behind the one before."""
    position = missing = 0
    for frame in frames:
        found = stream.find(frame, position)
        missing += found < 0
        position = found + len(frame) if found >= 0 else position
    return _verdict(missing, len(frames), where)


def _loud_frames(pcm: bytes, size: int = FRAME_BYTES) -> Iterator[bytes]:
    for at in range(0, len(pcm) - size + 1, size):
        if _is_loud(frame := pcm[at : at + size]):
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
    """The reel as it is kept in the cache, by the references alone, and how far the product may differ."""
    codec, rate = reel.form.split("_")
    if codec == "ulaw":
        return _cleared(g711.ulaw_decode(reel.sound)), 0
    if rate == "8000":
        return _cleared(reel.sound), 0
    resampler = resample.Resampler(int(rate), 8000)
    return _cleared(resampler.process(reel.sound) + resampler.flush()), RESAMPLED_TOLERANCE


def _cleared(pcm: bytes) -> Samples:
    """Shaped, trimmed, and brought to the level of all phrases by one gain."""
    meter = leveller.Leveller(leveller.TARGET_DBOV, 0.0)
    meter.process(pcm)
    meter.flush()
    exact = leveller.Leveller(meter.active_dbov, inf)
    return np.frombuffer(exact.process(pcm) + exact.flush(), np.int16)


def _compare(meant: Samples, heard: Samples, tolerance: int, edge: int) -> list[str]:
    """Finds `meant` in `heard` by correlation and compares all of it but the edges."""
    size = 1 << (len(heard) + len(meant)).bit_length()
    spectrum = np.fft.rfft(heard.astype(np.float64), size) * np.conj(np.fft.rfft(meant.astype(np.float64), size))
    offset = int(np.argmax(np.fft.irfft(spectrum, size)[: len(heard)]))
    heard_part = heard[offset : offset + len(meant)].astype(np.int32)
    if len(heard_part) < len(meant):
        return ["cut short"]
    difference = np.abs(heard_part - meant.astype(np.int32))[edge:-edge]
    wrong = int(np.count_nonzero(difference > tolerance))
    return [f"{wrong} of {len(difference)} samples differ, by up to {difference.max()}"] if wrong else []

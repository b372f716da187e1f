"""Recordings made audible without touching them: WAV in ranges, MP3, and the shape of the sound.

A RAW file is s16le, caller left and bot right (docs/recordings.md). It is read here without the server's compiled code,
which this environment has not.
"""

import io
import json
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, get_args

import av
import numpy as np
from av.audio.frame import AudioFrame

from app.errors import MediaError

Track = Literal["caller", "bot", "both"]
RATE_HZ = 8000
TRACKS = 2
SAMPLE_BYTES = 2
FRAME_BYTES = TRACKS * SAMPLE_BYTES
"""One sample of both tracks."""
NAME = re.compile(r"call_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_\d{8}T\d{12}Z\.raw")
"""As `app.media.recording` names them; nothing else is opened."""
HEADER_BYTES = 44
PIECE_FRAMES = 16_384
MP3_BIT_RATE = {2: 48_000, 1: 24_000}
PEAKS = 900


@dataclass(frozen=True, slots=True)
class Sound:
    """One recording.

    Attributes:
        path: of the RAW file.
        frames: samples of each track, as the file stood when it was looked at.
        began: instant of sample 0; None if the description is missing.
    """

    path: Path
    frames: int
    began: datetime | None

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.frames / RATE_HZ


def find_sound(directory: Path, name: str) -> Sound:
    """A recording by the name that a ticket has.

    Raises:
        MediaError: it is not there, or this is no name of a recording.
    """
    if not NAME.fullmatch(name):
        raise MediaError(f"{name!r} is no recording")
    path = directory / name
    try:
        size = path.stat().st_size
    except OSError as error:
        raise MediaError(f"{name}: {error.strerror}") from None
    began = None
    try:
        described: dict[str, Any] = json.loads(path.with_suffix(".json").read_bytes())
        began = datetime.fromisoformat(described["start"])
    except (OSError, ValueError, KeyError, TypeError):
        pass  # it plays without
    return Sound(path, size // FRAME_BYTES, began)


def channels_of(track: str) -> int:
    """Raises MediaError for what is no track."""
    if track not in get_args(Track):
        raise MediaError(f"no track {track!r}")
    return TRACKS if track == "both" else 1


def wav_bytes(sound: Sound, track: Track) -> int:
    """Size of the whole WAV file."""
    return HEADER_BYTES + sound.frames * channels_of(track) * SAMPLE_BYTES


def wav_header(sound: Sound, track: Track) -> bytes:
    """RIFF header of PCM, 44 bytes (Microsoft, "Multimedia Programming Interface and Data Specifications 1.0")."""
    channels = channels_of(track)
    data_bytes = sound.frames * channels * SAMPLE_BYTES
    block = channels * SAMPLE_BYTES
    return struct.pack(
        "<4sI4s4sIHHIIHH4sI",
        *(b"RIFF", HEADER_BYTES - 8 + data_bytes, b"WAVE"),
        *(b"fmt ", 16, 1, channels, RATE_HZ, RATE_HZ * block, block, 8 * SAMPLE_BYTES),
        *(b"data", data_bytes),
    )


def wav_range(sound: Sound, track: Track, first: int, last: int) -> Iterator[bytes]:
    """Bytes `first` to `last` (included) of the WAV file, read as they are wanted."""
    if first < HEADER_BYTES:
        yield wav_header(sound, track)[first : last + 1]
        first = HEADER_BYTES
    block = channels_of(track) * SAMPLE_BYTES
    at, end = first - HEADER_BYTES, last + 1 - HEADER_BYTES
    with sound.path.open("rb") as raw:
        while at < end:
            frame = at // block
            raw.seek(frame * FRAME_BYTES)
            wanted = min(PIECE_FRAMES, -(-end // block) - frame)
            piece = _take(raw.read(wanted * FRAME_BYTES), track)
            piece = piece[at - frame * block : end - frame * block]
            if not piece:
                return
            yield piece
            at += len(piece)


def _take(interleaved: bytes, track: Track) -> bytes:
    if track == "both":
        return interleaved
    whole = len(interleaved) // FRAME_BYTES * FRAME_BYTES
    samples = np.frombuffer(interleaved[:whole], dtype="<i2")
    return samples[0 if track == "caller" else 1 :: TRACKS].tobytes()


def mp3(sound: Sound, track: Track) -> bytes:
    """The whole as MP3. Takes about a second of CPU for ten minutes of sound.

    Raises:
        MediaError: it can't be read or made.
    """
    channels = channels_of(track)
    layout = "stereo" if channels == TRACKS else "mono"
    out = io.BytesIO()
    try:
        with (
            sound.path.open("rb") as raw,
            av.open(out, "w", format="mp3", options={"fflags": "+bitexact"}) as container,
        ):
            stream = container.add_stream("libmp3lame", rate=RATE_HZ, layout=layout)
            stream.bit_rate = MP3_BIT_RATE[channels]
            at = 0
            while piece := raw.read(PIECE_FRAMES * FRAME_BYTES):
                data = _take(piece[: len(piece) // FRAME_BYTES * FRAME_BYTES], track)
                frame = AudioFrame("s16", layout, len(data) // (channels * SAMPLE_BYTES))
                frame.planes[0].update(data)
                frame.sample_rate = RATE_HZ
                frame.pts = at
                at += frame.samples
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
    except (OSError, ValueError, av.FFmpegError) as error:
        raise MediaError(f"{sound.path.name}: {error}") from None
    return out.getvalue()


def peaks(sound: Sound, count: int = PEAKS) -> dict[str, list[int]]:
    """The shape of both tracks: for each of `count` slices the loudest sample, 0 to 100.

    Raises:
        MediaError: it can't be read.
    """
    try:
        raw = np.fromfile(sound.path, dtype="<i2", count=sound.frames * TRACKS)
    except OSError as error:
        raise MediaError(f"{sound.path.name}: {error.strerror}") from None
    tracks = raw[: len(raw) // TRACKS * TRACKS].reshape(-1, TRACKS)
    if not len(tracks):
        return {"caller": [], "bot": []}
    starts = np.unique(np.linspace(0, len(tracks), count, endpoint=False, dtype=np.int64))
    loudest = np.maximum.reduceat(np.abs(tracks.astype(np.int32)), starts, axis=0)
    shape = np.minimum(loudest * 100 // 24_000, 100)
    return {"caller": shape[:, 0].tolist(), "bot": shape[:, 1].tolist()}

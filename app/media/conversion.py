"""Recordings made handy: RAW to MP3 or WAV, many at once. The RAW file is never touched."""

import io
import json
import os
import signal
import wave
from array import array
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import closing, suppress
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Literal

import av
from av.audio.frame import AudioFrame

from app.errors import MediaError
from app.media.tracks import RATE_HZ, SAMPLE_BYTES, TRACKS

Format = Literal["mp3", "wav"]
Track = Literal["caller", "bot", "both"]
Outcome = Literal["converted", "skipped", "failed"]

CODECS: dict[Format, Literal["libmp3lame", "pcm_s16le"]] = {"mp3": "libmp3lame", "wav": "pcm_s16le"}
MP3_BIT_RATE = 48_000
"""Both tracks together; MPEG-2.5 layer III allows 8 to 64 kbit/s at 8 kHz (LAME, "MPEG-2.5 bitrates")."""
LAYOUTS = {1: "mono", 2: "stereo"}
RATES_HZ = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
"""What MP3 knows (MPEG-1, 2 and 2.5)."""
PIECE_SAMPLES = 8192


@dataclass(frozen=True, slots=True)
class SoundFormat:
    """How a RAW file is to be read: s16le, interleaved."""

    rate_hz: int = RATE_HZ
    channels: int = len(TRACKS)

    @property
    def sample_bytes(self) -> int:
        """One sample of all the channels."""
        return self.channels * SAMPLE_BYTES


@dataclass(frozen=True, slots=True)
class Conversion:
    """What became of one file.

    Attributes:
        source: the RAW file.
        target: the file to be made.
        reason: one line, for what was skipped or failed.
    """

    source: Path
    target: Path
    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ConversionSummary:
    """What became of all the files, in the order given."""

    conversions: tuple[Conversion, ...]

    def of(self, outcome: Outcome) -> tuple[Conversion, ...]:
        """Those that ended so."""
        return tuple(entry for entry in self.conversions if entry.outcome == outcome)


def convert_all(
    sources: Path | Iterable[Path],
    formats: Iterable[Format] = ("mp3",),
    workers: int | None = None,
    overwrite: bool = False,
    on_progress: Callable[[Conversion, int, int], None] | None = None,
) -> ConversionSummary:
    """Converts recordings in processes of their own; one that can't be converted does not stop the others.

    Args:
        sources: a directory (all its .raw files), a file, or several files.
        formats: each makes one file beside the source.
        workers: processes; one for each core unless told.
        overwrite: also where a newer result is there already.
        on_progress: told each result, how many are done, and how many there are.

    Raises:
        MediaError: an unknown format.
    """
    wanted = tuple(dict.fromkeys(formats))
    for unknown in set(wanted) - set(CODECS):
        raise MediaError(f"unknown format {unknown!r}; choose among {', '.join(CODECS)}")
    files = _files(sources)
    jobs = [(file, form) for file in files for form in wanted]
    done: dict[int, Conversion] = {}
    with closing(_results(jobs, workers or os.cpu_count() or 1, overwrite)) as results:
        for index, result in results:
            done[index] = result
            if on_progress is not None:
                on_progress(result, len(done), len(jobs))
    return ConversionSummary(tuple(done[index] for index in range(len(jobs))))


def _files(sources: Path | Iterable[Path]) -> list[Path]:
    if not isinstance(sources, Path):
        return list(dict.fromkeys(sources))
    return sorted(sources.glob("*.raw")) if sources.is_dir() else [sources]


def _results(jobs: list[tuple[Path, Format]], workers: int, overwrite: bool) -> Generator[tuple[int, Conversion]]:
    """Runs the jobs and yields (index, result) as they end."""
    if len(jobs) <= 1 or workers == 1:
        yield from ((index, convert(*job, overwrite)) for index, job in enumerate(jobs))
        return
    # Spawned, not forked: the server's process, from which this may be called, has threads.
    pool = ProcessPoolExecutor(min(workers, len(jobs)), get_context("spawn"), _quiet)
    try:
        futures: dict[Future[Conversion], int] = {}
        for index, job in enumerate(jobs):
            try:
                futures[pool.submit(convert, *job, overwrite)] = index
            except BrokenProcessPool:
                yield index, _killed(*job)
        for future in as_completed(futures):
            index = futures[future]
            try:
                yield index, future.result()
            except BrokenProcessPool:
                yield index, _killed(*jobs[index])
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _killed(source: Path, form: Format) -> Conversion:
    return Conversion(source, source.with_suffix(f".{form}"), "failed", "a worker process was killed")


def _quiet() -> None:
    """Ctrl-C is for the parent, which then stops the pool; the workers need not each print a traceback."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def convert(source: Path, form: Format, overwrite: bool = False) -> Conversion:
    """Converts one file; whatever goes wrong is told in the result."""
    target = source.with_suffix(f".{form}")
    draft = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        if not overwrite and _is_current(source, target):
            return Conversion(source, target, "skipped", "converted already")
        try:
            recorded = source.stat()
            recorded_at_ns = recorded.st_mtime_ns
            _encode(source, draft, form)
            draft.chmod(recorded.st_mode & 0o777)  # no more people may listen to it than to the original
            # As old as what was read: a call that went on meanwhile is newer, and is converted again.
            os.utime(draft, ns=(recorded_at_ns, recorded_at_ns))
            draft.replace(target)
        finally:
            draft.unlink(missing_ok=True)
    except MediaError as error:
        return Conversion(source, target, "failed", str(error))
    except (OSError, ValueError, av.FFmpegError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error) or repr(error)
        return Conversion(source, target, "failed", reason)
    return Conversion(source, target, "converted")


def _is_current(source: Path, target: Path) -> bool:
    with suppress(FileNotFoundError):
        return target.stat().st_mtime_ns >= source.stat().st_mtime_ns
    return False


def sound_format(source: Path) -> SoundFormat:
    """Reads the .json beside a recording; without one it is as we record ourselves.

    Raises:
        MediaError: it makes no sense.
    """
    path = source.with_suffix(".json")
    try:
        described = json.loads(path.read_bytes())
        if described.get("format", "s16le") != "s16le":
            raise MediaError(f"{path.name}: format {described['format']!r} is not s16le")
        sound = SoundFormat(int(described.get("rate", RATE_HZ)), int(described.get("channels", len(TRACKS))))
    except FileNotFoundError:
        return SoundFormat()
    except (ValueError, TypeError, AttributeError) as error:
        raise MediaError(f"{path.name} is no description of a recording: {error}") from None
    if sound.channels not in LAYOUTS or sound.rate_hz not in RATES_HZ:
        raise MediaError(f"{path.name}: {sound.channels} channels at {sound.rate_hz} Hz can't be converted")
    return sound


def _checked_format(source: Path) -> SoundFormat:
    """The format of a file whose size makes sense.

    Raises:
        MediaError: it does not.
        OSError: the file can't be read.
    """
    size = source.stat().st_size
    sound = sound_format(source)
    if size == 0:
        raise MediaError("empty file")
    if size % sound.sample_bytes:
        raise MediaError(f"odd size: {size} bytes are no multiple of {sound.sample_bytes}")
    return sound


def _encode(source: Path, draft: Path, form: Format) -> None:
    sound = _checked_format(source)
    layout = LAYOUTS[sound.channels]
    # The draft's name does not end in the format, so the format is told. Bit-exact: no encoder's name inside.
    with (
        source.open("rb") as raw,
        av.open(str(draft), "w", format=form, options={"fflags": "+bitexact"}) as container,
    ):
        stream = container.add_stream(CODECS[form], rate=sound.rate_hz, layout=layout)
        if form == "mp3":
            stream.bit_rate = MP3_BIT_RATE * sound.channels // len(TRACKS)
        at = 0
        while piece := raw.read(PIECE_SAMPLES * sound.sample_bytes):
            frame = AudioFrame("s16", layout, len(piece) // sound.sample_bytes)
            frame.planes[0].update(piece)
            frame.sample_rate = sound.rate_hz
            frame.pts = at
            at += frame.samples
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def as_wav_bytes(source: Path, track: Track = "both") -> bytes:
    """A recording, or one of its tracks, as a whole WAV file in memory.

    Raises:
        MediaError: it can't be read, or has no such track.
    """
    try:
        sound = _checked_format(source)
        samples = array("h", source.read_bytes())
    except OSError as error:
        raise MediaError(f"{source.name}: {error.strerror}") from None
    if track != "both":
        if sound.channels != len(TRACKS) or track not in TRACKS:
            raise MediaError(f"{source.name} has no track {track!r}")
        samples = samples[TRACKS.index(track) :: len(TRACKS)]
    wav = io.BytesIO()
    with wave.open(wav, "wb") as file:
        file.setnchannels(1 if track != "both" else sound.channels)
        file.setsampwidth(SAMPLE_BYTES)
        file.setframerate(sound.rate_hz)
        file.writeframes(samples.tobytes())
    return wav.getvalue()

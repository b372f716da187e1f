"""The recordings of a process: one thread that writes the blocks of all calls to files that a crash leaves readable."""

import asyncio
import contextlib
import json
import os
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, ParamSpec
from uuid import UUID

from app.errors import MediaError
from app.media.tracks import RATE_HZ, SAMPLE_BYTES, TRACKS, Recording, RecordingStats
from ext.blocks import write_blocks

P = ParamSpec("P")

STEREO_BYTES = len(TRACKS) * SAMPLE_BYTES

QUEUED_BYTES = 64_000_000
"""What may wait for the writer: five seconds of a disk that stands still, with four hundred calls."""
WRITE_EVERY_S = 0.1
"""Blocks are written together, so that the writer takes the interpreter from the loop ten times a second."""


@dataclass(slots=True)
class RecorderStats:
    """What the recorder of a process did.

    Attributes:
        started: recordings begun.
        completed: files that are whole, with their description.
        failed: recordings that the disk refused.
        refused_blocks: blocks for which the queue had no room (most are taken on a later try).
    """

    started: int = 0
    completed: int = 0
    failed: int = 0
    refused_blocks: int = 0


class Recorder:
    """Writes all the recordings of a process, on one thread of its own.

    Args:
        on_error: told once for each recording that fails, on the event loop that began it.
    """

    def __init__(self, on_error: Callable[[MediaError], None] | None = None) -> None:
        self.stats = RecorderStats()
        self._on_error = on_error
        # Appending and taking from a deque needs no lock. Each of the two counts is written on one side only.
        self._jobs: deque[Callable[[], None] | Block] = deque()
        self._offered_bytes = 0
        self._written_bytes = 0
        self._ending = threading.Event()
        self._open: dict[RecordingFile, Recording] = {}
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Starts the writer thread."""
        self._thread = threading.Thread(target=self._write, name="recorder", daemon=True)
        self._thread.start()

    def begin(self, call_uuid: UUID, started_at: datetime, directory: Path) -> Recording:
        """Begins the recording of a call, on its event loop; `started_at` (aware) is its first tick.

        Raises:
            MediaError: the recorder is not running, or `started_at` has no time zone.
        """
        if self._thread is None:
            raise MediaError("the recorder is not running")
        if started_at.tzinfo is None:
            raise MediaError(f"the start of a recording needs a time zone: {started_at}")
        file = RecordingFile(self, call_uuid, started_at.astimezone(UTC), directory)
        recording = self._open[file] = Recording(file)
        self.stats.started += 1
        self.command(file.open)
        return recording

    def close(self, timeout_s: float = 5.0) -> bool:
        """Closes what is still open, writes all and ends the thread. Blocks up to `timeout_s`.

        Returns:
            False if the disk did not keep up; the thread is then left to die with the process.
        """
        if self._thread is None:
            return True
        for recording in tuple(self._open.values()):
            recording.close()
        self._ending.set()
        self._thread.join(timeout_s)
        ended = not self._thread.is_alive()
        self._thread = None
        return ended

    def offer(self, block: "Block") -> bool:
        """Queues a block for the writer, if there is room."""
        size_bytes = len(block.both)
        if self._offered_bytes - self._written_bytes + size_bytes > QUEUED_BYTES:
            self.stats.refused_blocks += 1
            return False
        self._offered_bytes += size_bytes
        self._jobs.append(block)
        return True

    def command(self, job: Callable[[], None]) -> None:
        """Queues one of the two jobs that every recording has; for them there is always room."""
        self._jobs.append(job)

    def ended(self, file: "RecordingFile", error: MediaError | None) -> None:
        """Counts a recording that ended, or that failed (`error`); on the event loop."""
        if error is None:
            self._open.pop(file, None)
            self.stats.completed += not file.failed
            return
        self.stats.failed += 1
        if self._on_error is not None:
            self._on_error(error)

    def _write(self) -> None:
        """The thread: takes all that waits, a few times a second."""
        ending = False
        while not ending:
            ending = self._ending.wait(WRITE_EVERY_S)
            blocks: list[Block] = []
            for _ in range(len(self._jobs)):
                job = self._jobs.popleft()
                if isinstance(job, Block):
                    blocks.append(job)
                else:
                    self._write_blocks(blocks)
                    job()
            self._write_blocks(blocks)

    def _write_blocks(self, blocks: "list[Block]") -> None:
        """Writes blocks of many recordings and forgets them; what goes wrong ends the recording it belongs to."""
        healthy = [block for block in blocks if not block.file.failed]
        errors = write_blocks([(block.file.descriptor, block.offset_bytes, block.both) for block in healthy])
        for block, error in zip(healthy, errors, strict=True):
            if error:
                block.file.fail(OSError(error, os.strerror(error)))
        self._written_bytes += sum(len(block.both) for block in blocks)
        blocks.clear()


@dataclass(slots=True)  # frozen would take four times as long, again and again in each call
class Block:
    """A piece of a recording on its way to the disk.

    Attributes:
        offset_bytes: where in the file.
        both: s16le 8 kHz, stereo interleaved.
    """

    file: "RecordingFile"
    offset_bytes: int
    both: bytes


class RecordingFile:
    """The two files of one recording: the sink of its blocks.

    Public methods of `Sink` run on the event loop, the others on the writer thread.
    """

    def __init__(self, recorder: Recorder, call_uuid: UUID, started_at: datetime, directory: Path) -> None:
        self.path = directory / f"call_{call_uuid}_{started_at:%Y%m%dT%H%M%S%fZ}.raw"
        self.failed = False
        self._recorder = recorder
        self._loop = asyncio.get_running_loop()
        self._finished: asyncio.Future[None] = self._loop.create_future()
        self.descriptor = -1
        self._description: dict[str, Any] = {
            "format": "s16le",
            "rate": RATE_HZ,
            "channels": len(TRACKS),
            "tracks": list(TRACKS),
            "start": started_at.isoformat(),
            "call": str(call_uuid),
            "complete": False,
        }

    def block(self, offset_samples: int, both: bytes) -> bool:
        """See `Sink`."""
        return self.failed or self._recorder.offer(Block(self, offset_samples * STEREO_BYTES, both))

    def finish(self, offset_samples: int, both: bytes, stats: RecordingStats) -> None:
        """See `Sink`."""
        self._recorder.command(partial(self._end, offset_samples, both, stats))

    async def finished(self, timeout_s: float) -> bool:
        """See `Sink`."""
        await asyncio.wait([self._finished], timeout=timeout_s)
        return self._finished.done() and not self.failed

    def open(self) -> None:
        """Creates both files; a recording that is there already is never written over."""
        self._guard(self._create)

    def _create(self) -> None:
        self.path.parent.mkdir(mode=0o750, parents=True, exist_ok=True)
        self.descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o640)
        self._describe()

    def _end(self, offset_samples: int, both: bytes, stats: RecordingStats) -> None:
        self._guard(self._complete, offset_samples, both, stats)
        self._shut()
        self._tell(None)

    def _complete(self, offset_samples: int, both: bytes, stats: RecordingStats) -> None:
        (error,) = write_blocks([(self.descriptor, offset_samples * STEREO_BYTES, both)])
        if error:
            raise OSError(error, os.strerror(error))
        length_samples = offset_samples + len(both) // STEREO_BYTES
        length = {"samples": length_samples, "seconds": round(length_samples / RATE_HZ, 3)}
        self._description |= length | asdict(stats) | {"complete": True}
        self._describe()

    def _describe(self) -> None:
        path = self.path.with_suffix(".json")
        draft = path.with_name(f".{path.name}.part")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o640), "w") as file:
            json.dump(self._description, file)
        draft.replace(path)

    def _guard(self, job: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Runs one job of the writer; the first that goes wrong is told and ends this recording only."""
        if self.failed:
            return
        try:
            job(*args, **kwargs)
        except Exception as error:
            self.fail(error)

    def fail(self, error: Exception) -> None:
        """Ends this recording, on the writer's thread; the call goes on."""
        if not self.failed:
            self.failed = True
            self._shut()
            reason = (error.strerror if isinstance(error, OSError) else None) or repr(error)
            self._tell(MediaError(f"recording {self.path.name} in {self.path.parent} stopped: {reason}"))

    def _shut(self) -> None:
        if self.descriptor >= 0:
            with contextlib.suppress(OSError):
                os.close(self.descriptor)
            self.descriptor = -1

    def _tell(self, error: MediaError | None) -> None:
        def on_loop() -> None:
            if error is None:
                self._finished.set_result(None)
            self._recorder.ended(self, error)

        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            self._loop.call_soon_threadsafe(on_loop)

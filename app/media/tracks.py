"""One call's recording: the tracks that the 20 ms path fills (`ext/tracks.pyx`), and what became of them.

How the tracks are kept together is told in `docs/recordings.md`; `app.media.recording` writes the blocks.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from ext.tracks import Tracks

RATE_HZ = 8000
"""AudioSocket's slin (`res_audiosocket.c`, kind 0x10)."""
SAMPLE_BYTES = 2
TRACKS = ("caller", "bot")
"""Left, right."""


@dataclass(slots=True)
class RecordingStats:
    """What could not be recorded as it was, in samples of one track (8 kHz).

    Attributes:
        caller_gap_samples: silence put where the caller's sound was missing.
        caller_dropped_samples: caller sound that came and is not in the file.
        lost_samples: samples of both tracks that the writer could not take; silence in the file.
    """

    caller_gap_samples: int = 0
    caller_dropped_samples: int = 0
    lost_samples: int = 0


class Sink(Protocol):
    """Where the blocks of one recording go: interleaved, left the caller. Offsets are samples since the call began."""

    path: Path
    failed: bool

    def block(self, offset_samples: int, both: bytes) -> bool:
        """Takes a piece; False if it can't now. Never blocks; may be told a place twice."""

    def finish(self, offset_samples: int, both: bytes, stats: RecordingStats) -> None:
        """Takes the last piece; the recording ends where it ends."""

    async def finished(self, timeout_s: float) -> bool:
        """Waits until all is written."""


class Recording:
    """One call, being recorded. All methods are for the event loop; none blocks, or raises for the disk.

    Attributes:
        tracks: take the sound of both sides.
    """

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self.tracks = Tracks(self)

    @property
    def path(self) -> Path:
        """The .raw file."""
        return self._sink.path

    @property
    def failed(self) -> bool:
        """The disk refused it; the call goes on, unrecorded."""
        return self._sink.failed

    @property
    def stats(self) -> RecordingStats:
        """What could not be recorded, up to now."""
        tracks = self.tracks
        return RecordingStats(tracks.caller_gap_samples, tracks.caller_dropped_samples, tracks.lost_samples)

    def close(self) -> None:
        """Ends the recording and returns at once; what remains is written by the writer thread."""
        self.tracks.close()

    async def closed(self, timeout_s: float) -> bool:
        """Waits until the file and its description are complete.

        Returns:
            False if they are not, because of the time or of the disk.
        """
        return await self._sink.finished(timeout_s)

    # Told by the tracks.

    def block(self, offset_samples: int, both: bytes) -> bool:
        """A piece is complete."""
        return self._sink.block(offset_samples, both)

    def finish(self, offset_samples: int, both: bytes) -> None:
        """The last piece."""
        self._sink.finish(offset_samples, both, self.stats)

"""Where log lines go: whole, in order, and never at the cost of a frame."""

import atexit
import contextlib
import io
import os
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Self

MAX_WAITING_LINES = 10_000
"""Some megabytes; what comes while so many wait is lost, and counted."""
STOP_TIMEOUT_S = 2.0


class WholeLines(io.TextIOBase):
    """A stream for several processes that log to one file or pipe: each line is one write.

    Python's own stream cuts what is longer than its buffer (8 KiB), and another process' line could come in between.
    The kernel keeps a write whole up to 4 KiB (PIPE_BUF, pipe(7)), and beyond as long as the pipe has room for it.

    After `start` a thread writes: a file on a busy disk, or a reader that is slow, held an event loop up for 10 ms and
    more, and with it every call.

    Args:
        fd: of the file, pipe or terminal.
        on_lost: told on that thread how many lines were lost, once there is room again.
    """

    def __init__(self, fd: int, on_lost: Callable[[int], None] | None = None) -> None:
        self._fd = fd
        self._on_lost = on_lost
        self._lines: SimpleQueue[str | None] = SimpleQueue()
        self._lost = 0
        self._thread: threading.Thread | None = None

    def start(self) -> Self:
        """From here on a thread writes; at the end of the process it writes what is left, within 2 s."""
        self._thread = threading.Thread(target=self._write, name="log", daemon=True)
        self._thread.start()
        atexit.register(self.stop)
        return self

    def stop(self) -> None:
        """Writes what is left; what comes later is written at once again."""
        thread, self._thread = self._thread, None
        if thread is not None:
            self._lines.put(None)
            thread.join(STOP_TIMEOUT_S)

    def isatty(self) -> bool:
        """Whether a person looks on."""
        return os.isatty(self._fd)

    def write(self, text: str) -> int:
        """Writes all of it; a log that nobody can take any more (its pipe is closed) stops no call."""
        if self._thread is None:
            self._put_out(text)
        elif self._lines.qsize() < MAX_WAITING_LINES:
            self._lines.put(text)
        else:
            self._lost += 1
        return len(text)

    def _write(self) -> None:
        while (text := self._lines.get()) is not None:
            self._put_out(text)
            if self._lines.empty():
                self._tell_lost()
        self._tell_lost()

    def _tell_lost(self) -> None:
        lost, self._lost = self._lost, 0
        if lost and self._on_lost is not None:
            self._on_lost(lost)

    def _put_out(self, text: str) -> None:
        rest = text.encode(errors="replace")
        with contextlib.suppress(OSError):
            while rest:
                rest = rest[os.write(self._fd, rest) :]

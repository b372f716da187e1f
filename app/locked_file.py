"""A file that one process at a time may hold: an exclusive flock, which the kernel gives back if its holder dies."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

POLL_S = 0.1


@contextmanager
def locked(path: Path, wait_s: float, taken: Callable[[], Exception]) -> Iterator[int]:
    """Holds the file, made if need be, and yields its descriptor, open for reading and writing. Blocks up to `wait_s`.

    Args:
        taken: makes what is raised when another process still holds it then.

    Raises:
        OSError: the file can't be made or opened.
    """
    until_s = time.monotonic() + wait_s
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() >= until_s:
                    raise taken() from None
                time.sleep(POLL_S)
        yield descriptor
    finally:
        os.close(descriptor)

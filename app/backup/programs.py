"""Outside programs: each with a deadline, and with an error that is one line.

`docker exec` leaves the program in the container running when it is killed itself. So programs are started under
`timeout` of coreutils, on the far side of whatever reaches them; our own deadline comes a little later and ends what
would not end.
"""

import os
import shlex
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

from app.errors import BackupError

QUICK_S = 60.0
"""For a command that moves no data."""
GRACE_S = 10.0
"""Between the deadline on the far side and ours."""
BLOCK_BYTES = 1 << 20
TIMEOUT_STATUSES = (124, 137)
"""timeout(1): it had to end the program; with KILL."""
MESSAGE_MAX_CHARACTERS = 300


def bounded(reach: Sequence[str], program: Sequence[str], deadline_s: float) -> list[str]:
    """The words that run a program with a deadline of its own where it runs."""
    return [*reach, "timeout", "-k", "5", f"{deadline_s:g}", *program]


class Program:
    """A program that runs: reads what it writes while it does, and ends it whatever happens.

    Args:
        words: the command.
        deadline_s: after it the program is killed; on the far side it should have ended `GRACE_S` before.
        feed: what it reads; `subprocess.PIPE` gives `stdin`.

    Raises:
        BackupError: it can't be started.
    """

    def __init__(self, words: Sequence[str], *, deadline_s: float, feed: IO[bytes] | int) -> None:
        self._words = list(words)
        self._deadline_s = deadline_s
        self._late = False
        self._said: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115  # closed by __exit__
        try:
            # A session of its own: Ctrl-C is for us, and what it started can be ended with it.
            self._process = subprocess.Popen(
                self._words, stdin=feed, stdout=subprocess.PIPE, stderr=self._said, start_new_session=True
            )
        except OSError as error:
            self._said.close()
            raise BackupError(f"{self._words[0]}: {error.strerror}; is it installed?") from None
        self._timer = threading.Timer(deadline_s + GRACE_S, self._time_is_up)
        self._timer.daemon = True
        self._timer.start()

    @property
    def stdin(self) -> IO[bytes]:
        """What it reads."""
        assert self._process.stdin is not None
        return self._process.stdin

    @property
    def stdout(self) -> IO[bytes]:
        """What it writes."""
        assert self._process.stdout is not None
        return self._process.stdout

    def end(self) -> None:
        """Waits for its end.

        Raises:
            BackupError: it failed, or took too long; with the last line that it wrote to standard error.
        """
        status = self._process.wait()
        if self._late or (status in TIMEOUT_STATUSES and "timeout" in self._words):
            raise BackupError(f"{self._short()}: no end after {self._deadline_s:g} s")
        if status != 0:
            raise BackupError(f"{self._short()}: {self.last_words() or f'exit code {status}'}")

    def last_words(self) -> str:
        """The last line that it wrote to standard error, or the one that says what is fatal."""
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().decode(errors="replace").splitlines() if line.strip()]
        fatal = [line for line in lines if "error:" in line.lower() or "fatal:" in line.lower()]
        return (fatal or lines or [""])[-1 if not fatal else 0][:MESSAGE_MAX_CHARACTERS]

    def __enter__(self) -> "Program":
        return self

    def __exit__(self, *exception: object) -> None:
        self._timer.cancel()
        if self._process.poll() is None:
            self._kill()
        self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                with suppress(OSError):  # what was still to be written to a program that is gone
                    stream.close()
        self._said.close()

    def _time_is_up(self) -> None:
        self._late = True
        self._kill()

    def _kill(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def _short(self) -> str:
        """The command without what would make the line long."""
        told = shlex.join(self._words)
        return told if len(told) <= 120 else told[:117] + "…"


def run(
    words: Sequence[str],
    *,
    deadline_s: float = QUICK_S,
    text: str = "",
    file: Path | None = None,
    into: Callable[[bytes], object] | None = None,
) -> str:
    """Runs a program to its end.

    Args:
        words: the command.
        deadline_s: as for `Program`.
        text: what it reads, or
        file: the file that it reads.
        into: is given what it writes, piece by piece; without it that is returned.

    Raises:
        BackupError: as `Program.end`.
        OSError: of `file`, or of what `into` does.
    """
    collected = bytearray()
    take = into or collected.extend
    with file.open("rb") if file else tempfile.TemporaryFile() as feed:
        if not file:
            feed.write(text.encode())
            feed.seek(0)
        with Program(words, deadline_s=deadline_s, feed=feed) as program:
            while block := program.stdout.read(BLOCK_BYTES):
                take(block)
            program.end()
    return collected.decode(errors="replace")

"""Tickets that wait on disk for the database, one file a call.

    SPOOL_DIR/{call_uuid}_{start}.json   one ticket, replaced whole at each change
    SPOOL_DIR/*.json.bad                 what could not be read, or the database refuses for ever
    SPOOL_DIR/.claims                    locks, one byte for each call that a living process works on

The locks let several workers share one directory: a worker that starts may take over what a dead one left,
and nothing else. The kernel frees them when a process ends, however it ends.
"""

import fcntl
import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC
from pathlib import Path
from uuid import UUID

from app.errors import StoreError
from app.store.tickets import Ticket

NAME = re.compile(r"([0-9a-f-]{36})_\d{8}T\d{12}Z\.json")
UUID_CHARACTERS = 36
TICKET_MAX_BYTES = 8_000_000
"""An hour of talk is below 0.2 MB; anything above this is no ticket of ours."""


class Spool:
    """A directory of tickets. Blocking file code: call it in a thread.

    One spool a process and directory (POSIX record locks belong to the process, fcntl(2)).

    Args:
        directory: made when missing, mode 0700: tickets tell who called and why.
        on_bad: told once of each file that was moved aside, with its new path and the reason.
    """

    def __init__(self, directory: Path, *, on_bad: Callable[[Path, str], None] | None = None) -> None:
        self.directory = directory
        self._on_bad = on_bad
        self._claims_fd: int | None = None
        self._claimed: set[str] = set()

    def save(self, ticket: Ticket) -> None:
        """Writes a ticket so that it survives a crash of the machine; replaces an older state of the call.

        The call is claimed for this process until `remove` or `release`.

        Raises:
            StoreError: the disk can't take it; an older state, if any, is still whole.
        """
        path = self.path_of(ticket)
        fresh = path.with_suffix(".tmp")
        try:
            self._lock(path.name)
            fd = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
            with open(fd, "wb") as file:
                file.write(ticket.to_json().encode())
                file.flush()
                os.fsync(file.fileno())
            os.replace(fresh, path)
            self._sync_directory()
        except OSError as error:
            with suppress(OSError):
                fresh.unlink(missing_ok=True)
            raise StoreError(f"spool {self.directory}: {error}") from error

    def remove(self, ticket: Ticket) -> None:
        """Forgets a ticket, present or not, and gives its claim back.

        Raises:
            StoreError: the disk refuses.
        """
        path = self.path_of(ticket)
        try:
            path.unlink(missing_ok=True)
            self._sync_directory()
        except OSError as error:
            raise StoreError(f"spool {self.directory}: {error}") from error
        finally:
            self._unlock(path.name)

    def unclaimed(self) -> list[Path]:
        """Tickets that no other living process works on, oldest call first; clears torn writes of dead ones.

        Raises:
            StoreError: the directory can't be read.
        """
        free = []
        for path in self._paths(".json", ".tmp"):
            name = path.with_suffix(".json").name
            ours = name in self._claimed
            if not ours:
                try:
                    self._lock(name)
                except OSError:
                    continue
                self._unlock(name)
            if path.suffix == ".json":
                free.append(path)
            elif not ours:
                with suppress(OSError):  # it is in nobody's way
                    path.unlink(missing_ok=True)
        return sorted(free, key=lambda path: path.name[UUID_CHARACTERS:])

    def claim(self, path: Path) -> Ticket | None:
        """Takes a waiting ticket for this process and returns it.

        None when another process works on it or has done with it, or when it is no ticket (it is moved aside
        then). To be given back by `remove` or `release`.
        """
        try:
            self._lock(path.name)
        except OSError:
            return None
        if (found := self._read(path)) is None:
            self._unlock(path.name)
        return found

    def release(self, ticket: Ticket) -> None:
        """Gives a claim back; the ticket goes on waiting."""
        self._unlock(self.path_of(ticket).name)

    def set_aside(self, ticket: Ticket, reason: str) -> None:
        """Moves a ticket that the database refuses for ever to `*.bad` and gives its claim back."""
        path = self.path_of(ticket)
        self._set_aside(path, reason)
        self._unlock(path.name)

    def entries(self) -> list[Ticket]:
        """All tickets on disk, oldest call first; files that are none are moved to `*.bad`.

        Raises:
            StoreError: the directory can't be read.
        """
        found = [ticket for path in self._paths(".json") if (ticket := self._read(path)) is not None]
        return sorted(found, key=lambda ticket: ticket.started_at)

    def __len__(self) -> int:
        """Number of tickets on disk, those of active calls included."""
        return len(self._paths(".json"))

    def count(self) -> int:
        """The same as `len()`."""
        return len(self)

    def close(self) -> None:
        """Gives all claims back."""
        self._claimed.clear()
        fd, self._claims_fd = self._claims_fd, None
        if fd is not None:
            os.close(fd)

    def path_of(self, ticket: Ticket) -> Path:
        """Where a call's ticket lies: its UUID and its start in UTC, to the microsecond."""
        start = ticket.started_at.astimezone(UTC)
        return self.directory / f"{ticket.call_uuid}_{start:%Y%m%dT%H%M%S%f}Z.json"

    def _paths(self, *suffixes: str) -> list[Path]:
        try:
            return [path for path in self.directory.iterdir() if path.suffix in suffixes]
        except FileNotFoundError:
            return []
        except OSError as error:
            raise StoreError(f"spool {self.directory}: {error}") from error

    def _read(self, path: Path) -> Ticket | None:
        try:
            if path.stat().st_size > TICKET_MAX_BYTES:
                raise ValueError(f"over {TICKET_MAX_BYTES} bytes")
            ticket = Ticket.from_json(path.read_text(encoding="utf-8"))
            name = NAME.fullmatch(path.name)
            if name is None or UUID(name[1]) != ticket.call_uuid or self.path_of(ticket) != path:
                raise ValueError("name and content don't belong together")
        except FileNotFoundError:
            return None  # another process was quicker
        except (OSError, ValueError) as error:
            self._set_aside(path, " ".join(str(error).split()))
            return None
        return ticket

    def _set_aside(self, path: Path, reason: str) -> None:
        bad = path.with_name(f"{path.name}.bad")
        try:
            os.replace(path, bad)
        except OSError:
            return  # gone already, or a directory that nobody may write: it is met again at the next look
        if self._on_bad:
            self._on_bad(bad, reason)

    def _sync_directory(self) -> None:
        # A rename is on disk only when its directory is (fsync(2)).
        fd = os.open(self.directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def _lock(self, name: str) -> None:
        """Raises OSError when another process holds it."""
        if self._claims_fd is None:
            self.directory.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._claims_fd = os.open(self.directory / ".claims", os.O_RDWR | os.O_CREAT, 0o600)
        fcntl.lockf(self._claims_fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, _offset(name))
        self._claimed.add(name)

    def _unlock(self, name: str) -> None:
        self._claimed.discard(name)
        if self._claims_fd is not None:
            fcntl.lockf(self._claims_fd, fcntl.LOCK_UN, 1, _offset(name))


def _offset(name: str) -> int:
    """The call's byte in `.claims`; the file stays empty, locks may lie beyond its end."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:7])

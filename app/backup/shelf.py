"""The directory that holds the backups, one folder each, and who may work in it."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path

from app.backup.files import make_folder, remove_folder, sync_folder
from app.backup.manifest import SUMS
from app.backup.names import is_name, is_partial, name_of, outdated, partial_of
from app.errors import BackupError
from app.locked_file import locked

LOCK = ".lock"
NEWEST = "newest"


class Shelf:
    """The backups in one directory."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    @contextmanager
    def locked(self, wait_s: float) -> Iterator[None]:
        """Keeps every other backup, drill and restore out; the kernel gives it back if we die.

        Raises:
            BackupError: another one is still at work after `wait_s`.
            OSError: the directory can't be made or written.
        """
        make_folder(self.directory)
        lock = self.directory / LOCK

        def taken() -> BackupError:
            holder = lock.read_text(errors="replace").strip()
            return BackupError(f"another one is at work in {self.directory}: {holder or 'see its lock'}")

        with locked(lock, wait_s, taken) as descriptor:
            os.ftruncate(descriptor, 0)
            os.pwrite(descriptor, f"process {os.getpid()}\n".encode(), 0)
            yield

    def names(self) -> list[str]:
        """Complete backups, oldest first: what has no checksums was not finished, or not copied here whole."""
        return [name for name in self._folders() if is_name(name) and (self.directory / name / SUMS).is_file()]

    def unfinished(self) -> list[str]:
        """Folders that look like a backup and are none."""
        return [name for name in self._folders() if is_partial(name) or (is_name(name) and name not in self.names())]

    def folder(self, name: str) -> Path:
        """The folder of a complete backup, by its name or "newest".

        Raises:
            BackupError: there is none.
        """
        names = self.names()
        if name == NEWEST and names:
            name = names[-1]
        if name not in names:
            raise BackupError(f"no backup {name!r} in {self.directory}: voicebot backup list")
        return self.directory / name

    def clear_away(self) -> None:
        """Removes what interrupted backups left. Only under the lock."""
        for name in filter(is_partial, self._folders()):
            shutil.rmtree(self.directory / name)

    def free_name(self, now: datetime) -> str:
        """The name of a backup that begins now; a second later where there is one of that name."""
        while (self.directory / name_of(now)).exists():
            now += timedelta(seconds=1)
        return name_of(now)

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """A folder for a new backup, which gets its name when it is complete, and goes when anything fails."""
        partial = self.directory / partial_of(name)
        make_folder(partial)
        try:
            yield partial
            partial.rename(self.directory / name)
            sync_folder(self.directory)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise

    def retire(self, now: datetime, keep_days: int, keep_at_least: int) -> list[str]:
        """Removes outdated backups and returns their names."""
        gone = outdated(self.names(), now, keep_days, keep_at_least)
        for name in gone:
            remove_folder(self.directory / name)
        return gone

    def _folders(self) -> list[str]:
        if not self.directory.is_dir():
            return []
        return sorted(entry.name for entry in self.directory.iterdir() if entry.is_dir() and not entry.is_symlink())

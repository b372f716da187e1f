"""Recordings of the last days: copied once, then shared by the backups that follow."""

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from app.backup.files import copy_file, make_folder
from app.backup.manifest import read_sums
from app.errors import BackupError

FOLDER = "recordings"


def recent(directory: Path, since_s: float) -> Iterator[Path]:
    """Files below the directory that were changed since then (seconds since 1970)."""
    for path in sorted(directory.rglob("*")):
        with suppress(FileNotFoundError):  # retention may take one away meanwhile
            if path.is_file() and not path.is_symlink() and path.stat().st_mtime >= since_s:
                yield path


def keep_recordings(directory: Path, since_s: float, backup: Path, previous: Path | None) -> tuple[dict[str, str], int]:
    """Puts recordings into a backup; one that the previous backup has unchanged is shared with it and takes no room.

    Args:
        directory: of the recordings.
        since_s: seconds since 1970; older ones are left out.
        backup: folder of the new backup.
        previous: that of the newest one before it.

    Returns:
        SHA-256 of each, by its path in the backup; and their size in bytes.
    """
    try:
        known = read_sums(previous) if previous else {}
    except BackupError:
        known, previous = {}, None
    sums: dict[str, str] = {}
    size_bytes = 0
    for path in recent(directory, since_s):
        inside = f"{FOLDER}/{path.relative_to(directory)}"
        target = backup / inside
        make_folder(target.parent)
        older = previous / inside if previous and inside in known else None
        try:
            if older is not None and _same(older, path):
                os.link(older, target)
                sums[inside] = known[inside]
            else:
                sums[inside] = copy_file(path, target)
        except FileNotFoundError:
            continue  # as above
        size_bytes += target.stat().st_size
    return sums, size_bytes


def give_back_recordings(backup: Path, directory: Path) -> int:
    """Copies recordings that are no longer in the directory back into it, for its owner; returns how many.

    What is there stays as it is.
    """
    owner = directory.stat()
    count = 0
    source = backup / FOLDER
    for path in sorted(source.rglob("*")) if source.is_dir() else []:
        target = directory / path.relative_to(source)
        if not path.is_file() or target.exists():
            continue
        for folder in reversed(target.relative_to(directory).parents):
            if not (made := directory / folder).exists():
                made.mkdir(0o750)
                os.chown(made, owner.st_uid, owner.st_gid)
        partial = target.with_name(f".{target.name}.restoring")
        partial.unlink(missing_ok=True)
        copy_file(path, partial)
        partial.chmod(0o640)
        os.chown(partial, owner.st_uid, owner.st_gid)
        partial.rename(target)
        count += 1
    return count


def _same(older: Path, path: Path) -> bool:
    try:
        then, now = older.stat(), path.stat()
    except FileNotFoundError:
        return False
    return (then.st_size, then.st_mtime_ns) == (now.st_size, now.st_mtime_ns)

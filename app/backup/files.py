"""Files that are on disk when it is said that they are, with their checksums."""

import hashlib
import os
import shutil
from pathlib import Path

BLOCK_BYTES = 1 << 20
FILE_MODE = 0o600
FOLDER_MODE = 0o700


class Writer:
    """Writes one new file: counts and hashes what goes in, and puts it on disk at the end.

    Attributes:
        size_bytes: written so far.
    """

    def __init__(self, path: Path) -> None:
        make_folder(path.parent)
        self._path = path
        self._digest = hashlib.sha256()
        self._fd = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, FILE_MODE)
        self.size_bytes = 0

    def write(self, block: bytes) -> None:
        """Appends.

        Raises:
            OSError: the disk is full, or gone; it names the file.
        """
        rest = memoryview(block)
        try:
            while rest:
                rest = rest[os.write(self._fd, rest) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(self._path)) from None
        self._digest.update(block)
        self.size_bytes += len(block)

    def __enter__(self) -> "Writer":
        return self

    def __exit__(self, kind: object, *exception: object) -> None:
        try:
            if kind is None:
                os.fsync(self._fd)
        finally:
            os.close(self._fd)

    @property
    def sha256(self) -> str:
        """Of what was written so far, in hexadecimal."""
        return self._digest.hexdigest()


def write_file(path: Path, content: bytes) -> str:
    """Writes a new file and returns its SHA-256."""
    with Writer(path) as writer:
        writer.write(content)
    return writer.sha256


def copy_file(source: Path, target: Path) -> str:
    """Copies a file with its times and returns the SHA-256 of what was copied: it may grow meanwhile."""
    with source.open("rb") as read:
        before = os.fstat(read.fileno())
        with Writer(target) as writer:
            while block := read.read(BLOCK_BYTES):
                writer.write(block)
    os.utime(target, ns=(before.st_atime_ns, before.st_mtime_ns))
    return writer.sha256


def sha256_of(path: Path) -> str:
    """Of a file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def make_folder(path: Path) -> None:
    """Makes it and those above it, readable by nobody else."""
    missing = []
    while not path.exists():
        missing.append(path)
        path = path.parent
    for folder in reversed(missing):
        folder.mkdir(FOLDER_MODE, exist_ok=True)


def sync_folders(top: Path) -> None:
    """Puts the names of all files below it on disk; their contents are there already."""
    for folder in [top, *(path for path in top.rglob("*") if path.is_dir())]:
        sync_folder(folder)


def sync_folder(folder: Path) -> None:
    """Puts the names in it on disk."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


def remove_folder(folder: Path) -> None:
    """Removes it and all in it; in that order under another name, so that half of it is never taken for a whole."""
    if not folder.name.startswith("."):
        hidden = folder.with_name(f".{folder.name}.partial")
        folder.rename(hidden)
        folder = hidden
    shutil.rmtree(folder)

"""What a backup holds, and whether it still does: `manifest.json` and `SHA256SUMS` in it.

`SHA256SUMS` is as sha256sum(1) writes it: without this program, `sha256sum --check SHA256SUMS` says the same.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from app.backup.files import sha256_of, write_file
from app.errors import BackupError

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TableContent(_Part):
    """What is in a table, whatever the order of its rows.

    Attributes:
        rows: how many.
        checksum: the sum of 128 bits of every row's own checksum (`app/backup/postgres.py`).
    """

    rows: Annotated[int, Field(ge=0)]
    checksum: str


class DatabaseContent(_Part):
    """One database in the backup.

    Attributes:
        server: version of PostgreSQL.
        owner: its role.
        grants: (role, privilege) on the database itself, which pg_dump leaves out; "" is everybody.
        tables: by "schema.name".
    """

    server: str
    owner: str
    grants: tuple[tuple[str, str], ...]
    tables: dict[str, TableContent]

    @property
    def rows(self) -> int:
        """Of all tables."""
        return sum(table.rows for table in self.tables.values())


class Manifest(_Part):
    """What a backup says of itself.

    Attributes:
        name: its own; the time at which it was begun.
        version: of the program that made it.
        recordings: how many files of recordings.
        size_bytes: of all files but this one and the checksums.
    """

    format: Literal[1] = 1
    name: str
    version: str
    databases: dict[str, DatabaseContent]
    recordings: int
    size_bytes: int


def dump_of(database: str) -> str:
    """Where a backup has the dump of a database (pg_dump's custom format)."""
    return f"databases/{database}.dump"


def globals_of(database: str) -> str:
    """Where it has the roles of that database's server."""
    return f"databases/{database}.globals.sql"


def write_manifest(folder: Path, manifest: Manifest, sums: dict[str, str]) -> None:
    """Writes both files.

    Args:
        sums: SHA-256 of every file of the backup, by its path in it.
    """
    own = write_file(folder / MANIFEST, manifest.model_dump_json(indent=1).encode() + b"\n")
    write_file(
        folder / SUMS, "".join(_line(path, sha) for path, sha in sorted({**sums, MANIFEST: own}.items())).encode()
    )


def read_manifest(folder: Path) -> Manifest:
    """What the backup says that it holds.

    Raises:
        BackupError: it says nothing that makes sense.
    """
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except OSError as error:
        raise BackupError(f"backup {folder.name}: {MANIFEST}: {error.strerror}") from None
    except ValidationError as error:
        where = ".".join(map(str, error.errors()[0]["loc"]))
        raise BackupError(f"backup {folder.name} is damaged: {MANIFEST}: {where} {error.errors()[0]['msg']}") from None
    if manifest.name != folder.name:
        raise BackupError(f"backup {folder.name} is damaged: {MANIFEST} is that of {manifest.name}")
    return manifest


def read_sums(folder: Path) -> dict[str, str]:
    """SHA-256 of every file, by its path.

    Raises:
        BackupError: there are none.
    """
    try:
        lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise BackupError(f"backup {folder.name} is damaged: {SUMS}: {error}") from None
    return {_plain(path): sha for sha, _, path in (line.lstrip("\\").partition("  ") for line in lines)}


def verify(folder: Path) -> Manifest:
    """Reads every file of a backup and compares it with its checksum.

    Raises:
        BackupError: something is missing or is not as it was written; it names the first and says how many.
    """
    sums = read_sums(folder)
    problems: list[str] = []
    for path, sha in sums.items():
        try:
            if sha256_of(folder / path) != sha:
                problems.append(f"{path} is not as it was written")
        except OSError as error:
            problems.append(f"{path}: {error.strerror}")
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise BackupError(f"backup {folder.name} is damaged: {problems[0]}{more}")
    manifest = read_manifest(folder)
    needed = {MANIFEST, *(of(name) for name in manifest.databases for of in (dump_of, globals_of))}
    if missing := sorted(needed - set(sums)):
        raise BackupError(f"backup {folder.name} is damaged: no checksum of {missing[0]}")
    return manifest


def _line(path: str, sha: str) -> str:
    """One file; a name with a line break or a backslash is written as sha256sum writes it."""
    if "\\" in path or "\n" in path:
        return f"\\{sha}  " + path.replace("\\", "\\\\").replace("\n", "\\n") + "\n"
    return f"{sha}  {path}\n"


def _plain(path: str) -> str:
    if "\\" not in path:
        return path
    return path.replace("\\\\", "\0").replace("\\n", "\n").replace("\0", "\\")

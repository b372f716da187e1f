"""Restores a backup for real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.backup.drill import compare
from app.backup.manifest import Manifest, dump_of, globals_of, verify
from app.backup.names import name_of
from app.backup.plan import Plan
from app.backup.postgres import DatabaseServer, missing_roles
from app.backup.recordings import give_back_recordings
from app.backup.shelf import Shelf
from app.errors import BackupError

SCRATCH = "voicebot_restore_"


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Attributes:
        kept: what databases that were replaced are called now.
        recordings: how many were given back.
    """

    manifest: Manifest
    kept: list[str]
    recordings: int


def restore(plan: Plan, name: str, now: datetime) -> Restored:
    """Puts the databases of a backup in the place of the present ones, which are kept under another name.

    From the beginning to the end nobody can connect to them: the server keeps its tickets on disk meanwhile and stores
    them when it can again. Only when all databases are restored and equal to what was backed up does any take its
    place; before, everything stays as it was.

    Args:
        name: of the backup, or "newest".
        now: goes into the names of databases that are replaced.

    Raises:
        BackupError: nothing was changed.
    """
    shelf = Shelf(plan.directory)
    with shelf.locked(plan.wait_s):
        folder = shelf.folder(name)
        manifest = verify(folder)
        servers = [DatabaseServer(place, plan.deadline_s) for place in plan.databases]
        for server in servers:
            if server.name not in manifest.databases:
                raise BackupError(f"backup {folder.name} has no database {server.name}")
        with _shut(servers):
            try:
                for server in servers:
                    _restore_beside(server, manifest, folder)
                kept = [
                    old
                    for server in servers
                    if server.put_into_place(
                        SCRATCH + server.name,
                        manifest.databases[server.name],
                        old := f"{server.name}_before_{name_of(now).lower()}",
                    )
                ]
            finally:
                for server in servers:
                    server.drop(SCRATCH + server.name)
        given = 0
        if plan.recordings is not None and plan.recordings.is_dir():
            given = give_back_recordings(folder, plan.recordings)
    return Restored(manifest, kept, given)


def _restore_beside(server: DatabaseServer, manifest: Manifest, folder: Path) -> None:
    roles = (folder / globals_of(server.name)).read_text(encoding="utf-8")
    if statements := missing_roles(roles, server.roles()):
        server.sql(statements.rstrip(";"))
    scratch = SCRATCH + server.name
    server.restore_beside(scratch, folder / dump_of(server.name))
    compare(manifest.databases[server.name], server.content_of(scratch), f"{folder.name}: {server.name}")


@contextmanager
def _shut(servers: list[DatabaseServer]) -> Iterator[None]:
    """Nobody connects to any of them meanwhile; afterwards who may can, to whichever then has the name."""
    try:
        for server in servers:
            server.shut()
        yield
    finally:
        for server in servers:
            server.open()

"""Restores a backup for real."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from app.backup.drill import compare
from app.backup.manifest import Manifest, dump_of, globals_of, verify
from app.backup.names import name_of
from app.backup.newer import take_over
from app.backup.plan import DatabasePlace, Plan
from app.backup.postgres import DatabaseServer, missing_roles
from app.backup.recordings import give_back_recordings
from app.backup.shelf import Shelf
from app.errors import BackupError

SCRATCH = "voicebot_restore_"


@dataclass(frozen=True)
class Replaced:
    """A database that another one has taken the place of.

    Attributes:
        name: of both.
        kept: what it is called now; "" where there was none.
        taken_over: rows that came after the backup and were taken over, by table.
        problem: why those of a table could not be, or "".
    """

    name: str
    kept: str
    taken_over: dict[str, int]
    problem: str


@dataclass(frozen=True)
class Restored:
    """What was restored.

    Attributes:
        replaced: databases that were there.
        recordings: how many were given back.
    """

    manifest: Manifest
    replaced: list[Replaced]
    recordings: int


def restore(plan: Plan, name: str, now: datetime) -> Restored:
    """Puts the databases of a backup in the place of the present ones, which are kept under another name.

    From the beginning to the end nobody can connect to them: the server keeps its tickets on disk meanwhile and stores
    them when it can again. Only when all databases are restored and equal to what was backed up does any take its
    place; before, everything stays as it was. Rows that came after the backup are taken over where the plan says so.

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
        replaced: list[Replaced] = []
        with _shut(servers):
            try:
                for server in servers:
                    _restore_beside(server, manifest, folder)
                for server, place in zip(servers, plan.databases, strict=True):
                    replaced.append(_replace(server, place, manifest, shelf.directory, name_of(now).lower()))
            finally:
                for server in servers:
                    server.drop(SCRATCH + server.name)
        given = 0
        if plan.recordings is not None and plan.recordings.is_dir():
            given = give_back_recordings(folder, plan.recordings)
    return Restored(manifest, [one for one in replaced if one.kept], given)


def _restore_beside(server: DatabaseServer, manifest: Manifest, folder: Path) -> None:
    roles = (folder / globals_of(server.name)).read_text(encoding="utf-8")
    if statements := missing_roles(roles, server.roles()):
        server.sql(statements.rstrip(";"))
    scratch = SCRATCH + server.name
    server.restore_beside(scratch, folder / dump_of(server.name))
    compare(manifest.databases[server.name], server.content_of(scratch), f"{folder.name}: {server.name}")


def _replace(server: DatabaseServer, place: DatabasePlace, manifest: Manifest, directory: Path, when: str) -> Replaced:
    """Sets the present database aside, takes over what came after the backup, puts the restored one into its place."""
    scratch, kept = SCRATCH + server.name, f"{server.name}_before_{when}"
    if not server.set_aside(kept):
        server.put_into_place(scratch, manifest.databases[server.name])
        return Replaced(server.name, "", {}, "")
    taken: dict[str, int] = {}
    problem = ""
    try:
        for table, key in place.newer.items():
            try:
                taken[table] = take_over(server, kept, scratch, table, key, directory / f".{kept}.{table}")
            except (BackupError, OSError) as error:
                problem = f"rows of {table} that came after the backup could not be taken over: {error}"
        server.put_into_place(scratch, manifest.databases[server.name])
    except BaseException:
        server.put_into_place(kept)
        raise
    return Replaced(server.name, kept, taken, problem)


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

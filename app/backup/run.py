"""Makes a backup."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from app import __version__
from app.backup.configuration import configuration_files
from app.backup.files import Writer, sync_folders, write_file
from app.backup.manifest import DatabaseContent, Manifest, dump_of, globals_of, write_manifest
from app.backup.plan import DatabasePlace, Plan
from app.backup.postgres import DatabaseServer
from app.backup.recordings import keep_recordings
from app.backup.shelf import Shelf
from app.backup.target import Target

CONFIGURATION = "configuration"


@dataclass(frozen=True)
class Made:
    """A backup that was made.

    Attributes:
        folder: where it is.
        retired: names of older ones that were removed.
    """

    folder: Path
    manifest: Manifest
    retired: list[str]


def make_backup(plan: Plan, now: datetime) -> Made:
    """Backs up what the plan says, copies it to the target if there is one, and removes outdated backups.

    Args:
        now: gives the backup its name.

    Raises:
        BackupError: with one line that says what failed; nothing half-made is left.
        OSError: the disk is full or can't be written.
    """
    shelf = Shelf(plan.directory)
    with shelf.locked(plan.wait_s):
        shelf.clear_away()
        name = shelf.free_name(now)
        previous = shelf.directory / shelf.names()[-1] if shelf.names() else None
        with shelf.new(name) as folder:
            manifest = _fill(plan, folder, name, previous, now)
        complete = shelf.directory / name
        # Before the copy: a target that is away must not fill this disk.
        retired = shelf.retire(now, plan.keep_days, plan.keep_at_least)
        if plan.target:
            Target(plan).take(complete, now)
    return Made(complete, manifest, retired)


def _fill(plan: Plan, folder: Path, name: str, previous: Path | None, now: datetime) -> Manifest:
    sums: dict[str, str] = {}
    size_bytes = 0
    databases: dict[str, DatabaseContent] = {}
    for place in plan.databases:
        databases[place.name], written, its_bytes = _keep_database(place, plan.deadline_s, folder)
        sums |= written
        size_bytes += its_bytes
    for path, content in configuration_files(plan.configuration):
        inside = CONFIGURATION + str(path)
        sums[inside] = write_file(folder / inside, content)
        size_bytes += len(content)
    recordings: dict[str, str] = {}
    if plan.recordings is not None and plan.recordings_days:
        since_s = (now - timedelta(days=plan.recordings_days)).timestamp()
        recordings, its_bytes = keep_recordings(plan.recordings, since_s, folder, previous)
        size_bytes += its_bytes
    manifest = Manifest(
        name=name, version=__version__, databases=databases, recordings=len(recordings), size_bytes=size_bytes
    )
    write_manifest(folder, manifest, sums | recordings)
    sync_folders(folder)
    return manifest


def _keep_database(
    place: DatabasePlace, deadline_s: float, folder: Path
) -> tuple[DatabaseContent, dict[str, str], int]:
    """Content, SHA-256 of the files, and their size."""
    server = DatabaseServer(place, deadline_s)
    with Writer(folder / dump_of(place.name)) as dump, server.session() as session:
        server.dump(session, dump)
        content = session.content()
    with Writer(folder / globals_of(place.name)) as roles:
        server.dump_globals(roles)
    sums = {dump_of(place.name): dump.sha256, globals_of(place.name): roles.sha256}
    return content, sums, dump.size_bytes + roles.size_bytes

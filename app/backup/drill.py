"""Restores the newest backup on trial: a backup that was never restored is a hope."""

from app.backup.manifest import DatabaseContent, Manifest, dump_of, verify
from app.backup.plan import Plan
from app.backup.postgres import DatabaseServer
from app.backup.shelf import NEWEST, Shelf
from app.errors import BackupError

SCRATCH = "voicebot_drill_"
"""In front of a database's name: that of the one that is made and dropped."""


def drill(plan: Plan, name: str = NEWEST) -> Manifest:
    """Verifies every checksum of a backup, restores its databases beside the real ones, compares and drops them.

    Raises:
        BackupError: it can't be restored, or is not what was backed up.
    """
    shelf = Shelf(plan.directory)
    with shelf.locked(plan.wait_s):
        folder = shelf.folder(name)
        manifest = verify(folder)
        for place in plan.databases:
            if place.name not in manifest.databases:
                raise BackupError(f"backup {folder.name} has no database {place.name}")
            server = DatabaseServer(place, plan.deadline_s)
            scratch = SCRATCH + place.name
            try:
                server.restore_beside(scratch, folder / dump_of(place.name))
                compare(manifest.databases[place.name], server.content_of(scratch), f"{folder.name}: {place.name}")
            finally:
                server.drop(scratch)
    return manifest


def compare(wanted: DatabaseContent, found: DatabaseContent, where: str) -> None:
    """Compares tables, their rows and their checksums. Pure.

    Raises:
        BackupError: they differ; it names the first difference and says how many there are.
    """
    problems = [f"table {name} is missing" for name in sorted(set(wanted.tables) - set(found.tables))]
    problems += [f"table {name} was not there" for name in sorted(set(found.tables) - set(wanted.tables))]
    for name in sorted(set(wanted.tables) & set(found.tables)):
        then, now = wanted.tables[name], found.tables[name]
        if then.rows != now.rows:
            problems.append(f"table {name} has {now.rows} rows, {then.rows} were backed up")
        elif then.checksum != now.checksum:
            problems.append(f"rows of table {name} are not those that were backed up")
    if problems:
        more = f", and {len(problems) - 1} more" if len(problems) > 1 else ""
        raise BackupError(f"backup {where}: {problems[0]}{more}")

"""`voicebot backup`: makes backups, tries them, restores them."""

import json
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from rich.console import Console
from rich.table import Table

from app.backup import metric
from app.backup.drill import drill
from app.backup.manifest import Manifest, read_manifest
from app.backup.names import time_of
from app.backup.plan import read_plan
from app.backup.restore import restore
from app.backup.run import make_backup
from app.backup.shelf import Shelf
from app.errors import BackupError, ConfigError

SIGTERM_STATUS = 128 + signal.SIGTERM


def run_backup(file: Path) -> int:
    """Makes a backup and tells Prometheus how it went.

    Raises:
        ConfigError: the plan is wrong.
        BackupError: it failed.
        OSError: the disk is full or can't be written.
    """
    plan = read_plan(file)
    begun_s = time.monotonic()
    try:
        with _ending_in_order():
            made = make_backup(plan, datetime.now(UTC))
    except BaseException:
        metric.backup_failed(plan.metrics)
        raise
    took_s = time.monotonic() - begun_s
    made_at_s = time_of(made.manifest.name).timestamp()
    metric.backup_succeeded(plan.metrics, made_at_s, took_s, made.manifest.size_bytes)
    copied = f", copied to {plan.target}" if plan.target else ""
    removed = f"; removed {', '.join(made.retired)}" if made.retired else ""
    _say(f"{made.folder}: {in_words(made.manifest)}, {took_s:.1f} s{copied}{removed}")
    return 0


def run_drill(file: Path, name: str) -> int:
    """Restores a backup on trial and tells Prometheus how it went.

    Raises:
        ConfigError: the plan is wrong.
        BackupError: it can't be restored, or is not what was backed up.
    """
    plan = read_plan(file)
    try:
        with _ending_in_order():
            manifest = drill(plan, name)
    except BaseException:
        metric.drill_failed(plan.metrics)
        raise
    metric.drill_succeeded(plan.metrics, time.time(), time_of(manifest.name).timestamp())
    _say(f"{manifest.name} can be restored: {in_words(manifest)}, all as it was backed up")
    return 0


def run_restore(file: Path, name: str, *, confirmed: bool) -> int:
    """Restores a backup for real.

    Raises:
        ConfigError: the plan is wrong, or nobody said yes.
        BackupError: nothing was changed.
    """
    plan = read_plan(file)
    if not confirmed:
        names = " and ".join(place.name for place in plan.databases)
        raise ConfigError([f"{name} would take the place of {names}; which stay under other names. Say --yes"])
    with _ending_in_order():
        restored = restore(plan, name, datetime.now(UTC))
    _say(f"{restored.manifest.name} is restored: {in_words(restored.manifest)}")
    _say(f"{restored.recordings} recordings given back")
    for one in restored.replaced:
        taken = "".join(f"; {count} newer {table} were taken over from it" for table, count in one.taken_over.items())
        _say(f"what was {one.name} is now {one.kept}{taken}")
        if one.problem:
            _say(f"WARNING: {one.problem}")
    return 0


def list_backups(file: Path, *, as_json: bool) -> int:
    """Shows the backups, oldest first.

    Raises:
        ConfigError: the plan is wrong.
    """
    plan = read_plan(file)
    shelf = Shelf(plan.directory)
    rows: list[dict[str, object]] = []
    for name in shelf.names():
        try:
            manifest = read_manifest(shelf.directory / name)
        except BackupError as error:
            rows.append({"name": name, "problem": str(error)})
            continue
        counted = {database: content.rows for database, content in manifest.databases.items()}
        rows.append(
            {"name": name, "size_bytes": manifest.size_bytes, "rows": counted, "recordings": manifest.recordings}
        )
    rows += [{"name": name, "problem": "not complete; never restored"} for name in shelf.unfinished()]
    if as_json:
        Console().print_json(json.dumps(rows))
        return 0
    if not rows:
        _say(f"no backup in {plan.directory}: voicebot backup run")
        return 0
    table = Table("backup", "size", "rows", "recordings", "")
    for row in rows:
        size = row.get("size_bytes")
        told = row.get("rows")
        table.add_row(
            str(row["name"]),
            f"{size / 1e6:.1f} MB" if isinstance(size, int) else "",
            ", ".join(f"{name} {count}" for name, count in told.items()) if isinstance(told, dict) else "",
            str(row.get("recordings", "")),
            str(row.get("problem", "")),
        )
    Console().print(table)
    return 0


def in_words(manifest: Manifest) -> str:
    """What a backup holds, in one line."""
    rows = ", ".join(f"{name} {content.rows} rows" for name, content in manifest.databases.items())
    return f"{rows}, {manifest.recordings} recordings, {manifest.size_bytes / 1e6:.1f} MB"


def _say(line: str) -> None:
    Console(highlight=False, soft_wrap=True).print(line, markup=False)


@contextmanager
def _ending_in_order() -> Iterator[None]:
    """systemd's SIGTERM takes away what is half-made, as an error does."""

    def end(_number: int, _frame: FrameType | None) -> None:
        raise SystemExit(SIGTERM_STATUS)

    before = signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)

"""What Prometheus hears of backups: a file for the textfile collector of node exporter (`docs/metrics.md`)."""

from pathlib import Path

from prometheus_client import CollectorRegistry, Gauge, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

REGISTRY = CollectorRegistry()
"""Not that of the server: timers write these, also while no server runs."""

BACKUP_SUCCESS_S = Gauge(
    "voicebot_backup_last_success_timestamp_seconds",
    "When the last backup was begun that was made and copied to its target; 0: never.",
    registry=REGISTRY,
)
BACKUP_FAILED = Gauge("voicebot_backup_failed", "1: the last backup failed.", registry=REGISTRY)
BACKUP_SIZE_BYTES = Gauge(
    "voicebot_backup_size_bytes", "Size of the last backup that succeeded, recordings included.", registry=REGISTRY
)
BACKUP_DURATION_S = Gauge("voicebot_backup_duration_seconds", "What that took.", registry=REGISTRY)
DRILL_SUCCESS_S = Gauge(
    "voicebot_restore_drill_last_success_timestamp_seconds",
    "When a backup was last restored on trial and found equal to what had been backed up; 0: never.",
    registry=REGISTRY,
)
DRILL_FAILED = Gauge("voicebot_restore_drill_failed", "1: the last drill failed.", registry=REGISTRY)
DRILL_BACKUP_S = Gauge(
    "voicebot_restore_drill_backup_timestamp_seconds",
    "When the backup was begun that was restored in the last drill that succeeded.",
    registry=REGISTRY,
)
_ALL = (
    BACKUP_SUCCESS_S,
    BACKUP_FAILED,
    BACKUP_SIZE_BYTES,
    BACKUP_DURATION_S,
    DRILL_SUCCESS_S,
    DRILL_FAILED,
    DRILL_BACKUP_S,
)


def backup_succeeded(file: Path | None, begun_s: float, duration_s: float, size_bytes: int) -> None:
    """Says so; times are seconds since 1970."""
    _write(
        file,
        {BACKUP_SUCCESS_S: begun_s, BACKUP_FAILED: 0, BACKUP_SIZE_BYTES: size_bytes, BACKUP_DURATION_S: duration_s},
    )


def backup_failed(file: Path | None) -> None:
    """Says so; when the last one succeeded stays."""
    _write(file, {BACKUP_FAILED: 1})


def drill_succeeded(file: Path | None, now_s: float, backup_s: float) -> None:
    """Says so.

    Args:
        backup_s: when the backup was begun that was restored.
    """
    _write(file, {DRILL_SUCCESS_S: now_s, DRILL_FAILED: 0, DRILL_BACKUP_S: backup_s})


def drill_failed(file: Path | None) -> None:
    """Says so; when the last one succeeded stays."""
    _write(file, {DRILL_FAILED: 1})


def _write(file: Path | None, values: dict[Gauge, float]) -> None:
    """Writes the file anew, at one blow; what is not given stays as the file has it."""
    if file is None:
        return
    there: dict[str, float] = {}
    if file.exists():
        for family in text_string_to_metric_families(file.read_text(encoding="utf-8")):
            there |= {sample.name: sample.value for sample in family.samples}
    for gauge in _ALL:
        name = next(iter(gauge.describe())).name
        gauge.set(values.get(gauge, there.get(name, 0)))
    write_to_textfile(str(file), REGISTRY)

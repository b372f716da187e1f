"""What Prometheus reads: each command writes its own half and keeps the other."""

from pathlib import Path

from prometheus_client.parser import text_string_to_metric_families

from app.backup import metric


def told(file: Path) -> dict[str, float]:
    families = text_string_to_metric_families(file.read_text())
    return {sample.name: sample.value for family in families for sample in family.samples if sample.value}


def test_each_keeps_what_the_other_said(tmp_path: Path) -> None:
    file = tmp_path / "voicebot-backup.prom"
    metric.backup_failed(file)
    assert told(file) == {"voicebot_backup_failed": 1}
    metric.backup_succeeded(file, 1000.5, 2.5, 300)
    made = {
        "voicebot_backup_last_success_timestamp_seconds": 1000.5,
        "voicebot_backup_size_bytes": 300,
        "voicebot_backup_duration_seconds": 2.5,
    }
    assert told(file) == made
    metric.drill_succeeded(file, 2000, 1000.5)
    tried = {
        "voicebot_restore_drill_last_success_timestamp_seconds": 2000,
        "voicebot_restore_drill_backup_timestamp_seconds": 1000.5,
    }
    assert told(file) == made | tried
    metric.drill_failed(file)
    metric.backup_failed(file)
    assert told(file) == made | tried | {"voicebot_backup_failed": 1, "voicebot_restore_drill_failed": 1}


def test_without_a_file_nothing_is_written(tmp_path: Path) -> None:
    metric.backup_failed(None)
    assert list(tmp_path.iterdir()) == []

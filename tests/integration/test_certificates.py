"""What the role `node_exporter` tells Prometheus of certificates, made and read by the real openssl."""

import subprocess
import sys
import time
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

COMMAND = Path("ansible/roles/node_exporter/files/voicebot-certificates")
DAY_S = 86_400


def certificate(path: Path, days: int, name: str = "sav") -> Path:
    """Signed by itself, as that of a new appliance; its key is beside it."""
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    where = ["-keyout", str(path.with_suffix(".key")), "-out", str(path)]
    whose = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
    subprocess.run([*command, *where, *whose, "-days", str(days)], check=True, capture_output=True)
    return path


def told_by(file: Path) -> dict[str, float]:
    """Ends by certificate."""
    (family,) = text_string_to_metric_families(file.read_text(encoding="utf-8"))
    assert family.name == "voicebot_certificate_expires_timestamp_seconds"
    return {sample.labels["certificate"]: sample.value for sample in family.samples}


def run(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, str(COMMAND), *words], capture_output=True, text=True, check=False)


def test_the_end_of_each_is_told(tmp_path: Path) -> None:
    file = tmp_path / "voicebot-certificates.prom"
    soon, late = certificate(tmp_path / "soon.crt", 10), certificate(tmp_path / "late.crt", 300)
    before_s = time.time()
    assert run(str(file), f"dashboard={soon}", f"grafana={late}").returncode == 0
    ends = told_by(file)
    assert ends["dashboard"] - before_s == pytest.approx(10 * DAY_S, abs=120)
    assert ends["grafana"] - before_s == pytest.approx(300 * DAY_S, abs=120)
    assert file.stat().st_mode & 0o044, "node exporter is another user"
    assert [path.name for path in tmp_path.glob("*.prom*")] == [file.name], "nothing half-written beside it"


@pytest.mark.parametrize("content", [None, "no certificate"])
def test_one_that_cannot_be_read_counts_as_expired(tmp_path: Path, content: str | None) -> None:
    file, bad = tmp_path / "voicebot-certificates.prom", tmp_path / "bad.crt"
    if content is not None:
        bad.write_text(content, encoding="utf-8")
    good = certificate(tmp_path / "good.crt", 10)
    ran = run(str(file), f"dashboard={bad}", f"grafana={good}")
    assert ran.returncode == 1
    assert str(bad) in ran.stderr
    ends = told_by(file)
    assert ends["dashboard"] == 0
    assert ends["grafana"] > 0


def test_without_a_file_it_says_how(tmp_path: Path) -> None:
    ran = run()
    assert ran.returncode == 2
    assert ran.stderr.startswith("usage:")
    assert run(str(tmp_path / "a.prom"), "no-name").returncode == 2

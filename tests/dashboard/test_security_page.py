"""What the security page is told: the firewall's report, the server's counts, whom the dashboard turned away."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from dashboard.access.refusals import KEPT_MAX, Refusals
from dashboard.firewall import Rule, read_report
from dashboard.server_metrics import refusals_in, refused_calls

NOW = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
METRICS = """# HELP voicebot_refused_calls_total Connections refused or thrown out, by reason.
# TYPE voicebot_refused_calls_total counter
voicebot_refused_calls_total{reason="not_allowed"} 12.0
voicebot_refused_calls_total{reason="busy"} 1.5e+03
voicebot_refused_calls_created{reason="busy"} 1.7e+09
voicebot_calls_total{outcome="hangup"} 3.0
"""


def test_the_report_as_the_firewall_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    rules = [{"family": "ipv4", "rule": "filter X: -j DROP", "state": "missing"}]
    told = {"checked_at": NOW.isoformat(), "differs": True, "problems": ["p"], "wanted": rules, "administrators": ["a"]}
    file.write_text(json.dumps(told))
    report = read_report(file)
    assert report is not None
    assert (report.differs, report.problems, report.administrators) == (True, ("p",), ("a",))
    assert report.wanted == (Rule("ipv4", "filter X: -j DROP", "missing"),)
    assert report.actual == ()
    assert not report.old(NOW + timedelta(minutes=14))
    assert report.old(NOW + timedelta(minutes=16))


@pytest.mark.parametrize("text", ["", "[]", "7", "{", "[" * 100_000, '{"checked_at": "soon"}'])
def test_what_is_no_report_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "status.json"
    assert read_report(file) is None
    file.write_text(text)
    assert read_report(file) is None


def test_strange_values_in_a_report_are_left_out(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    file.write_text('{"problems": "x", "wanted": [7, {"rule": null}], "actual": 7, "administrators": {"a": 1}}')
    report = read_report(file)
    assert report is not None
    assert (report.problems, report.actual, report.differs) == ((), (), False)
    assert [rule.text for rule in report.wanted] == ["None"]


def test_refusals_as_the_metrics_page_counts_them() -> None:
    assert refusals_in(METRICS) == {"not_allowed": 12, "busy": 1500}


@pytest.mark.parametrize("address", ["http://127.0.0.1:1", "file:///etc", "nonsense"])
def test_a_server_that_does_not_answer(address: str) -> None:
    assert refused_calls(address) is None


def test_refusals_are_kept_by_address_and_reason_and_said_once_a_minute() -> None:
    said: list[str] = []
    times = iter(NOW + timedelta(seconds=20 * step) for step in range(10_000))
    refusals = Refusals(lambda: next(times), said.append)
    for _ in range(5):
        refusals.note("192.0.2.1", "address")
    refusals.note(None, "password")
    assert [(one.address, one.why, one.count) for one in refusals.latest(9)] == [
        ("?", "password", 1),
        ("192.0.2.1", "address", 5),
    ]
    assert said == [
        "refused 192.0.2.1: address (1 times)",
        "refused 192.0.2.1: address (4 times)",
        "refused ?: password (1 times)",
    ]
    for number in range(KEPT_MAX + 10):
        refusals.note(f"10.0.{number // 256}.{number % 256}", "session")
    assert len(refusals.latest(10_000)) == KEPT_MAX

"""Every alert, ringing and silent, judged by Prometheus' own `promtool`."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import yaml

from grafana.build import FOLDER
from grafana.rules.book import ALERTS
from grafana.rules.recordings import RECORDINGS
from grafana.thresholds import OPENING_DAYS, OPENING_HOURS
from tests.lab.rules.calls import CALLS
from tests.lab.rules.case import Case
from tests.lab.rules.machine import MACHINE
from tests.lab.rules.providers import PROVIDERS

CASES = (*CALLS, *PROVIDERS, *MACHINE)
BY_NAME = {alert.name: alert for alert in ALERTS}
PARIS = ZoneInfo("Europe/Paris")
EXPRESSIONS = {recording.record: recording.expr for recording in RECORDINGS}


async def promtool(directory: Path, rules: list[Path], test: dict[str, Any]) -> tuple[int, str]:
    """(exit code, what it said) of `promtool test rules`; rules are looked at as often as series have samples."""
    file = directory / "tests.yml"
    book = {"rule_files": [str(path) for path in rules], "evaluation_interval": test["interval"], "tests": [test]}
    file.write_text(yaml.safe_dump(book, allow_unicode=True))
    process = await asyncio.create_subprocess_exec(
        "promtool", "test", "rules", str(file), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def names() -> list[str]:
    """What each case is about."""
    return [f"{case.alert}: {case.story}" for case in CASES]


@pytest.mark.parametrize("case", CASES, ids=names())
async def test_an_alert(case: Case, tmp_path: Path) -> None:
    rules = [FOLDER / "alerts/voicebot.yml"]
    code, said = await promtool(tmp_path, rules, case.as_promtool(BY_NAME[case.name]))
    assert code == 0, said


async def test_every_alert_is_seen_ringing_and_silent() -> None:
    ringing = {case.name for case in CASES if case.rings}
    silent = {case.name for case in CASES if not case.rings and case.series}
    assert ringing == silent == set(BY_NAME)


async def test_the_file_passes_promtools_own_check() -> None:
    process = await asyncio.create_subprocess_exec(
        "promtool", "check", "rules", str(FOLDER / "alerts/voicebot.yml"), stdout=asyncio.subprocess.PIPE
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def test_the_clock_of_paris_is_kept_for_forty_years(tmp_path: Path) -> None:
    """An hour on each side of every change of the clock, beside what the time zone database says."""
    moments = [
        datetime(year, month, day, hour, 30, tzinfo=UTC)
        for year in range(2026, 2066)
        for month, days in ((1, (1, 31)), (3, range(24, 32)), (7, (15,)), (10, range(24, 32)), (12, (31,)))
        for day in days
        for hour in (0, 1)
    ]
    expected = [(moment, _hours_ahead(moment)) for moment in moments]
    await _holds(EXPRESSIONS["voicebot:paris_hours_ahead"], expected, tmp_path)


async def test_opening_hours_are_those_of_paris(tmp_path: Path) -> None:
    """Every half hour of a week in winter, of one in summer, and of those in which the clock changes."""
    starts = [datetime(2026, *day, tzinfo=UTC) for day in ((1, 12), (3, 26), (7, 13), (10, 22))]
    moments = [start + timedelta(minutes=30 * number) for start in starts for number in range(7 * 48)]
    ahead = f"({EXPRESSIONS['voicebot:paris_hours_ahead']})"
    expression = EXPRESSIONS["voicebot:open"].replace("voicebot:paris_hours_ahead", ahead)
    await _holds(expression, [(moment, _is_open(moment)) for moment in moments], tmp_path)


def _hours_ahead(moment: datetime) -> int:
    offset = moment.astimezone(PARIS).utcoffset()
    assert offset is not None
    return int(offset.total_seconds()) // 3600


def _is_open(moment: datetime) -> int:
    local = moment.astimezone(PARIS)
    sunday_is_0 = local.isoweekday() % 7
    open_day = OPENING_DAYS[0] <= sunday_is_0 <= OPENING_DAYS[1]
    return int(open_day and OPENING_HOURS[0] <= local.hour < OPENING_HOURS[1])


async def _holds(expression: str, expected: list[tuple[datetime, int]], directory: Path) -> None:
    questions = [
        {
            "expr": expression,
            "eval_time": f"{int(moment.timestamp())}s",
            "exp_samples": [{"labels": "{}", "value": value}],
        }
        for moment, value in expected
    ]
    # Without rules, looks 100 days apart: promtool walks all the way from 1970.
    test = {"interval": "100d", "input_series": [], "promql_expr_test": questions}
    code, said = await promtool(directory, [], test)
    assert code == 0, said

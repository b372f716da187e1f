"""Forty calls at once over two Asterisk servers, one after the other on each line: tickets right, nothing leaks."""

import asyncio
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from statistics import median

import pytest

from tests.lab.laboratory import Call, Laboratory

LINES = 40
EXPECTED = {
    "internet_resolu": ("resolved", "internet"),
    "probleme_mobile": ("resolved", "mobile"),
    "modification": ("open", "modification"),
    "raccroche": ("abandoned", "internet"),
    "demande_humain": ("open", "other"),
}
"""Shipped scripts, and what their tickets say; nobody is at the technician's telephone."""
STAGGER_S = 0.25
SAMPLE_S = 5.0
MORE_MIB = 12.0
"""Growth that is no leak: what a process has touched for the first time; from the first half to the last quarter."""


@dataclass(slots=True)
class Meter:
    """Memory and open files of processes, sampled.

    Attributes:
        pids: by name.
        mib: resident memory of each sample.
    """

    pids: dict[str, int]
    mib: dict[str, list[float]] = field(default_factory=dict)

    def sample(self) -> None:
        """Reads the memory of all of them."""
        for name, pid in self.pids.items():
            pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
            self.mib.setdefault(name, []).append(pages * 4096 / 2**20)

    def files(self) -> dict[str, int]:
        """How many files and sockets each has open."""
        return {name: len(list(Path(f"/proc/{pid}/fd").iterdir())) for name, pid in self.pids.items()}

    def quarters_mib(self) -> dict[str, list[float]]:
        """Memory in each quarter of the time, by its median."""
        quarters = {}
        for name, samples in self.mib.items():
            size = max(1, len(samples) // 4)
            quarters[name] = [round(median(samples[at : at + size]), 1) for at in range(0, len(samples), size)][:4]
        return quarters

    def growth_mib(self) -> dict[str, float]:
        """From the second quarter of the time to the last one, by their medians."""
        grown = {}
        for name, samples in self.mib.items():
            quarter = max(1, len(samples) // 4)
            grown[name] = median(samples[-quarter:]) - median(samples[quarter : 2 * quarter] or samples)
        return grown


async def hold_line(laboratory: Laboratory, line: int, end_s: float) -> list[tuple[str, Call]]:
    """One call after the other, until it is time."""
    await asyncio.sleep(line * STAGGER_S)
    names = tuple(EXPECTED)
    calls: list[tuple[str, Call]] = []
    while time.monotonic() < end_s:
        name = names[(line + len(calls)) % len(names)]
        codec = ("ulaw", "alaw")[line // 2 % 2]
        calls.append((name, await laboratory.dial(name, server=line % 2, codec=codec)))
    return calls


@pytest.mark.timeout(3600)
async def test_forty_calls_at_once(laboratory: Laboratory, request: pytest.FixtureRequest) -> None:
    bot, minutes = laboratory.bot, float(request.config.getoption("--lab-minutes"))
    meter = Meter({asterisk.host: asterisk.pid for asterisk in laboratory.asterisks} | bot.pids())
    await laboratory.nothing_is_stuck()
    files = meter.files()
    end_s = time.monotonic() + LINES * STAGGER_S + minutes * 60
    lines = asyncio.gather(*(hold_line(laboratory, line, end_s) for line in range(LINES)))
    most_calls = 0.0
    while not lines.done():
        await asyncio.wait([lines], timeout=SAMPLE_S)
        most_calls = max(most_calls, await bot.metric("voicebot_calls_active"))
        if time.monotonic() < end_s:
            meter.sample()
    calls = [call for line in await lines for call in line]
    await laboratory.nothing_is_stuck()
    late = sum(call.held.report.frames.late_over_20ms for _, call in calls)
    frames = sum(call.held.report.frames.received for _, call in calls)
    print(f"{len(calls)} calls, {most_calls:.0f} at once; {late} of {frames} frames late")
    print(f"MiB in each quarter: {meter.quarters_mib()}")
    assert most_calls >= LINES - 3, "one or two lines dial anew at any moment"
    calls = [(name, replace(call, ticket=await bot.unanswered(call.call_uuid))) for name, call in calls]
    wrong = [
        (name, call.ticket.status, call.ticket.problem_type, call.caller_words, call.held.report.detail)
        for name, call in calls
        if (call.ticket.status, call.ticket.problem_type) != EXPECTED[name]
    ]
    assert wrong == []
    assert meter.pids == {asterisk.host: asterisk.pid for asterisk in laboratory.asterisks} | bot.pids(), "nobody died"
    assert {name: grown for name, grown in meter.growth_mib().items() if grown > MORE_MIB} == {}
    await asyncio.sleep(2)
    print(f"files and sockets before: {files}, after: {meter.files()}")
    left = {name: now - files[name] for name, now in meter.files().items()}
    assert max(left.values()) <= 8, left

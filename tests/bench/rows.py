"""One server at one number of calls: is it to be believed, in words, as a picture, beside its targets."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from rich.table import Table

from app.caller.load_level import Level
from app.caller.load_picture import Curve, draw
from app.commands.load import point_of
from tests.bench.targets import Target, at_most

SERVERS = ("plain", "voicebot")
SPEECH_SHARE = 0.8
SINK_TOLERANCE = 0.03
GROWTH_TOLERANCE = 1.05
PASS_CALLS = 200
FULL_CALLS = 400


@dataclass(frozen=True, slots=True)
class Row:
    """One server at one number of calls.

    Attributes:
        server: `plain` or `voicebot`.
        level: what the callers saw and what it cost.
        sink_share: sound that reached the ears, of what the callers said; 1.0 is right.
        calibration_ms: the speed of the machine just before.
        problems: why it is not to be believed.
    """

    server: str
    level: Level
    sink_share: float
    calibration_ms: float
    problems: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "server": self.server,
            "sink_share": round(self.sink_share, 4),
            "calibration_ms": round(self.calibration_ms, 3),
            "problems": list(self.problems),
            "level": self.level.as_dict(),
        }


def problems_of(row: Row) -> list[str]:
    """Why a row can't be believed; a server that is over its limit is a finding, no problem."""
    level = row.level
    found: list[str] = []
    if level.broken:
        return found
    if level.refused or level.unheard or level.lost:
        found.append(f"calls refused {level.refused}, unheard {level.unheard}, lost {level.lost}")
    if level.speech_share < SPEECH_SHARE:
        found.append(f"only {level.speech_share:.0%} of what was heard is speech")
    if abs(row.sink_share - 1) > SINK_TOLERANCE:
        found.append(f"the ears were sent {row.sink_share:.1%} of what the callers said")
    return found


def line(row: Row) -> str:
    """One row for people."""
    level, late, own = row.level, row.level.lateness_ms, row.level.own_lateness_ms
    words = (
        f"{row.server:<8} N={level.calls:<4} {level.cpu_ms_per_call_s or 0:6.3f} ms/call-s"
        f"  cpu {level.cpu_percent or 0:5.1f} %"
        f" (sys {level.system_percent or 0:4.1f}, wait {level.wait_percent or 0:3.1f},"
        f" others {level.others_percent or 0:3.1f})"
    )
    if late:
        words += f"  late p50/p99/p99.9/max {late.p50:.1f}/{late.p99:.1f}/{late.p999:.1f}/{late.max:.1f} ms"
    if level.loop_lag_ms is not None:
        words += f"  lag {level.loop_lag_ms:.1f}"
    words += f"  {level.memory_mb or 0:.0f} MB"
    if level.memory_kb_per_call is not None:
        words += f" ({level.memory_kb_per_call:.0f} KB/call)"
    words += (
        f"  speech {level.speech_share:.2f} rt {level.realtime:.3f} sink {row.sink_share:.3f}"
        f"  underruns/min {level.underruns_per_call_min:.2f}  load {level.own_cpu_percent:.0f} %"
        f" of a core {level.own_core_percent or 0:.0f} % busy, tick p99 {own.p99 if own else 0:.1f}"
        f"  calib {row.calibration_ms:.1f}"
    )
    return words + "".join(f"  !! {one}" for one in (*row.problems, *level.problems, *filter(None, [level.broken])))


def costs(rows: Sequence[Row], server: str, calls: int) -> list[float]:
    """CPU ms a call-second, of all passes."""
    found = [row.level.cpu_ms_per_call_s for row in rows if (row.server, row.level.calls) == (server, calls)]
    return [cost for cost in found if cost is not None]


def ratios(rows: Sequence[Row], calls: int) -> list[float]:
    """Ours to plain, pass by pass: both in a pair met the same machine."""
    found = []
    plain: float | None = None
    for row in rows:
        if row.level.calls == calls and row.level.cpu_ms_per_call_s is not None:
            if row.server == SERVERS[0]:
                plain = row.level.cpu_ms_per_call_s
            elif plain is not None:
                found.append(row.level.cpu_ms_per_call_s / plain)
                plain = None
    return found


def summary(rows: Sequence[Row]) -> Table:
    """Medians by level, and the ratio."""
    table = Table("calls", "plain ms/call-s", "voicebot ms/call-s", "ratio", "p99 plain", "p99 voicebot", "KB/call")
    for calls in sorted({row.level.calls for row in rows}):
        cells = []
        for name in SERVERS:
            found = costs(rows, name, calls)
            cells.append(f"{statistics.median(found):.3f}" if found else "-")
        found = ratios(rows, calls)
        cells.append(f"{statistics.median(found):.2f}" if found else "-")
        for name in SERVERS:
            late = [
                row.level.lateness_ms.p99
                for row in rows
                if (row.server, row.level.calls) == (name, calls) and row.level.lateness_ms
            ]
            cells.append(f"{statistics.median(late):.1f}" if late else "-")
        kept = [row.level.memory_kb_per_call for row in rows if (row.server, row.level.calls) == (SERVERS[1], calls)]
        cells.append(next((f"{kb:.0f}" for kb in kept if kb is not None), "-"))
        table.add_row(str(calls), *cells)
    return table


def picture(rows: Sequence[Row]) -> str:
    """N against cost and lateness, both servers; the longest climb of each."""
    curves = []
    for name in reversed(SERVERS):
        best: dict[int, Row] = {}
        for row in rows:
            if row.server == name:
                best[row.level.calls] = row  # the last one: climbs come after comparisons
        curves.append(Curve(name, [point_of(best[calls].level) for calls in sorted(best)]))
    return draw("voicebot beside a plain server", curves, limit_ms=10.0)


def targets_of(rows: Sequence[Row]) -> list[Target]:
    """What was promised of cost, lateness, memory and growth. Rows that others disturbed count only if all were."""
    full = [row for row in rows if (row.server, row.level.calls) == ("voicebot", FULL_CALLS)]
    calm = [row for row in full if not row.level.problems]
    full_levels = [row.level for row in calm or full]
    late = [level.lateness_ms for level in full_levels if level.lateness_ms]
    memory = [level.memory_kb_per_call for level in full_levels if level.memory_kb_per_call is not None]
    passes = _passes(rows)
    found = ratios([row for row in passes if not row.level.problems], PASS_CALLS)
    return [
        at_most(f"cost beside plain, {PASS_CALLS} calls", 0.7, found or ratios(passes, PASS_CALLS), " ×"),
        at_most(f"lateness p99, {FULL_CALLS} calls on one core", 10.0, [one.p99 for one in late], " ms", 1),
        at_most(f"lateness p99.9, {FULL_CALLS} calls on one core", 20.0, [one.p999 for one in late], " ms", 1),
        at_most(f"memory a call beyond the first ten, {FULL_CALLS} calls", 150.0, memory, " KB", 0),
        _growth(rows),
    ]


def _passes(rows: Sequence[Row]) -> list[Row]:
    """Those measured right after each other, ours behind plain: within a climb minutes lie between the two."""
    pairs = [(one, next_one) for one, next_one in pairwise(rows) if one.level.calls == next_one.level.calls]
    return [row for pair in pairs if (pair[0].server, pair[1].server) == SERVERS for row in pair]


def _growth(rows: Sequence[Row]) -> Target:
    """Each level against the one before it in its climb: one process, seconds apart; as far as one core must carry."""
    ours = [row.level for row in rows if row.server == "voicebot" and row.level.calls <= FULL_CALLS]
    calm = [level for level in ours if not level.problems]
    if any(level.calls == FULL_CALLS for level in calm):
        ours = calm
    name = f"cost a call from one level to the next, to {FULL_CALLS}"
    if broken := next((level for level in ours if level.broken), None):
        return Target(name, f"≤ {GROWTH_TOLERANCE:g} ×", f"breaks at {broken.calls}: {broken.broken}", False)
    steps = [
        after.cpu_ms_per_call_s / before.cpu_ms_per_call_s
        for before, after in pairwise(ours)
        if after.calls > before.calls
        and after.memory_kb_per_call is not None  # counted from the first level of the same process
        and after.cpu_ms_per_call_s
        and before.cpu_ms_per_call_s
    ]
    return at_most(name, GROWTH_TOLERANCE, [max(steps)] if steps else [], " ×")

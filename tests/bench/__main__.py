"""`make bench`: what the audio path costs piece by piece, and what the whole server holds, beside what was promised.

    python -m tests.bench                      everything, some ten minutes
    python -m tests.bench --quick              less of it, some three minutes
    python -m tests.bench --only server,burst  one part or several

Machines differ and change speed, so what counts are ratios to something measured in the same run.
"""

import argparse
import importlib
import json
import shutil
import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from tests.bench import burst, server, soak, stall, workers
from tests.bench.house import House
from tests.bench.machine import facts
from tests.bench.rows import PASS_CALLS, Row, line, picture, summary, targets_of
from tests.bench.run import in_a_house
from tests.bench.targets import Target, markdown_of, table_of

ALONE = {"kernels": "tests.bench.kernels", "seams": "tests.bench.seams"}
"""Parts that need no server; they print and write for themselves."""
PARTS = (*ALONE, "server", "burst", "stall", "soak", "workers")
RAMP = (10, 25, 50, 100, 200, 400, 500, 600, 800, 1000)
PLAIN_RAMP = (10, 25, 50, 100, 200, 400, 600)
QUICK_RAMP = (10, 50, 200, 400)
WINDOW_S, QUICK_WINDOW_S = 8.0, 4.0
RAMP_WINDOW_S = 6.0
PASSES = 5
QUICK_SOAK = 400

Job = Callable[[House, Console], Awaitable[tuple[list[Target], dict[str, Any]]]]


@dataclass(slots=True)
class Results:
    """What has been measured so far."""

    targets: list[Target] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    parts: dict[str, Any] = field(default_factory=dict)


async def measure(parts: Sequence[str], quick: bool, house: House, console: Console) -> Results:
    """All parts that need servers."""
    done = Results()
    if "server" in parts:
        bench = server.Bench(house, console, QUICK_WINDOW_S if quick else WINDOW_S)
        await bench.compare([PASS_CALLS], 1 if quick else PASSES)
        bench.window_s = QUICK_WINDOW_S if quick else RAMP_WINDOW_S
        await bench.climb("plain", QUICK_RAMP if quick else PLAIN_RAMP)
        await bench.climb("voicebot", QUICK_RAMP if quick else RAMP)
        console.print(summary(bench.rows))
        done.rows = bench.rows
        done.targets += targets_of(bench.rows)
        done.parts["server"] = [row.as_dict() for row in bench.rows]
    jobs: dict[str, Job] = {
        "burst": burst.measure,
        "stall": stall.measure,
        "soak": partial(soak.measure, calls=QUICK_SOAK if quick else soak.CALLS),
        "workers": workers.measure,
    }
    for name, job in jobs.items():
        if name in parts:
            targets, figures = await job(house, console)
            done.targets += targets
            done.parts[name] = figures
    return done


def write(done: Results, directory: Path) -> None:
    """JSON, summary and picture."""
    directory.mkdir(parents=True, exist_ok=True)
    head = {"at": datetime.now(UTC).isoformat(timespec="seconds"), "machine": facts()}
    report = head | {"targets": [asdict(target) for target in done.targets]} | done.parts
    (directory / "server.json").write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    lines = ["# The server, measured", "", f"{head['at']} · " + " · ".join(f"{k} {v}" for k, v in facts().items()), ""]
    lines += markdown_of(done.targets)
    if done.rows:
        (directory / "growth.svg").write_text(picture(done.rows), encoding="utf-8")
        lines += ["", "![calls against cost and lateness](growth.svg)", "", "```"]
        lines += [line(row) for row in done.rows] + ["```"]
    (directory / "server.md").write_text("\n".join(lines) + "\n", encoding="utf-8")


def run_alone(module: str) -> None:
    """A part that reads its own arguments."""
    arguments, sys.argv = sys.argv, [module]
    try:
        importlib.import_module(module).main()
    finally:
        sys.argv = arguments


def main() -> None:
    """Measures, prints, writes; exit code 1 if a figure can't be believed. A target that is missed is a finding."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS), help=f"some of {','.join(PARTS)}")
    parser.add_argument("--quick", action="store_true", help="fewer levels, passes and calls; no workers")
    parser.add_argument("--directory", type=Path, default=Path("bench-results"), help="where the figures go")
    options = parser.parse_args()
    parts = options.only.split(",")
    if unknown := set(parts) - set(PARTS):
        parser.error(f"--only: no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    if options.quick and options.only == parser.get_default("only"):
        parts.remove("workers")
    for name in ALONE:
        if name in parts:
            run_alone(ALONE[name])
    if not set(parts) - set(ALONE):
        return
    done = in_a_house(partial(measure, parts, options.quick))
    write(done, options.directory)
    Console(width=max(120, shutil.get_terminal_size().columns)).print(table_of(done.targets))
    print(f"written: {options.directory}/server.json, server.md" + (", growth.svg" if done.rows else ""))
    if disturbed := sum(1 for row in done.rows if row.level.problems):
        print(f"disturbed by other work on this machine: {disturbed} of {len(done.rows)} rows, marked with !!")
    if problems := [f"{row.server}, {row.level.calls} calls: {one}" for row in done.rows for one in row.problems]:
        raise SystemExit("not to be believed:\n" + "\n".join(problems))


if __name__ == "__main__":
    main()

"""The whole server beside the reference: CPU a call-second and lateness, interleaved, in one run on one machine.

python -m tests.bench.server --levels 50,200 --passes 1 --window 8
"""

import argparse
import asyncio
import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rich.console import Console

from app.caller.load import Load
from app.caller.load_level import Level, measure_level
from app.caller.load_profile import check_file, profile, profiler
from app.caller.load_sound import caller_frames
from app.caller.metrics_page import MetricsPage
from app.caller.server_meter import ServerMeter
from tests.bench.house import House, Server
from tests.bench.machine import RETRIES, calibration_ms
from tests.bench.recordings import recording_problems
from tests.bench.rows import SERVERS, Row, line, problems_of, summary
from tests.bench.run import in_a_house

CALLS_PER_S = 50.0


class Bench:
    """Measures servers in a house.

    Args:
        window_s: length of each window.
        profile: a py-spy profile of the voicebot at its last level goes here (.svg, .json, .txt).
    """

    def __init__(self, house: House, console: Console, window_s: float, profile: Path | None = None) -> None:
        self.house = house
        self.console = console
        self.window_s = window_s
        self.profile = profile
        self.rows: list[Row] = []

    async def climb(self, name: str, levels: Sequence[int]) -> list[Row]:
        """One new process, more and more calls, to where it breaks; then its recordings are looked at."""
        house = self.house
        frames = await asyncio.to_thread(caller_frames, None)
        await asyncio.to_thread(os.sync)  # recordings would wait for the disk to write what others left
        rows: list[Row] = []
        speed_ms = await asyncio.to_thread(calibration_ms, house.server_core)
        place = house.plain if name == "plain" else house.voicebot
        async with place() as server:
            meter = ServerMeter(server.process.pid, MetricsPage(server.metrics_url) if server.metrics_url else None)
            async with Load("127.0.0.1", server.port, frames) as load:
                for calls in levels:
                    first = rows[0].level if rows else None
                    rows.append(await self._measured(name, load, calls, meter, first, speed_ms))
                    self.console.print(line(rows[-1]), markup=False, soft_wrap=True)
                    if rows[-1].level.broken:
                        break
                if self.profile is not None and name == "voicebot":
                    await profile(server.process.pid, self.profile, self.window_s)
                    self.console.print(f"written: {self.profile}")
            await meter.close()
        self.rows += rows
        if not rows[-1].level.broken:
            await self._check_recordings(server, load, rows)
        shutil.rmtree(server.process.log.parent, ignore_errors=True)
        return rows

    async def compare(self, levels: Sequence[int], passes: int, servers: Sequence[str] = SERVERS) -> list[Row]:
        """Every server at every level, each time a new process, one after the other, `passes` times."""
        return [
            row
            for _ in range(passes)
            for calls in levels
            for name in servers
            for row in await self.climb(name, [calls])
        ]

    async def _measured(
        self, name: str, load: Load, calls: int, meter: ServerMeter, first: Level | None, speed_ms: float
    ) -> Row:
        for _ in range(RETRIES):
            row = await self._measure(name, load, calls, meter, first, speed_ms)
            if not row.level.problems:
                return row
            self.console.print(f"again: {row.level.problems[0]}", markup=False, soft_wrap=True)
        return await self._measure(name, load, calls, meter, first, speed_ms)

    async def _measure(
        self, name: str, load: Load, calls: int, meter: ServerMeter, first: Level | None, speed_ms: float
    ) -> Row:
        house = self.house
        sink_before = (await house.sink_counts())["sound_bytes"]
        sent_before = sum(channel.sent_bytes for channel in load.channels)
        level = await measure_level(
            load,
            calls,
            seconds=self.window_s,
            per_s=CALLS_PER_S,
            meter=meter,
            first=first,
            own_core=house.load_core,
        )
        sent = sum(channel.sent_bytes for channel in load.channels) - sent_before
        sink = (await house.sink_counts())["sound_bytes"] - sink_before
        row = Row(name, level, sink / max(sent, 1), speed_ms, ())
        return replace(row, problems=tuple(problems_of(row)))

    async def _check_recordings(self, server: Server, load: Load, rows: list[Row]) -> None:
        if server.recordings is None:
            return
        for problem in await asyncio.to_thread(recording_problems, server.recordings, load.channels):
            self.console.print(f"!! {problem}", markup=False, soft_wrap=True)
            last = rows[-1]
            rows[-1] = self.rows[-1] = replace(last, problems=(*last.problems, problem))


def main() -> None:
    """Reads the arguments, measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    numbers = {"type": lambda text: [int(part) for part in text.split(",")]}
    parser.add_argument("--levels", default=[50, 200], **numbers, help="a new process for each")  # type: ignore[arg-type]
    parser.add_argument("--passes", type=int, default=1)
    parser.add_argument("--window", type=float, default=8.0, help="seconds measured")
    parser.add_argument("--servers", default=",".join(SERVERS))
    parser.add_argument("--climb", action="store_true", help="all levels in one process, as calls are added")
    parser.add_argument("--profile", type=Path, help="then a py-spy profile of the voicebot: .svg, .json or .txt")
    parser.add_argument("--json", type=Path, default=Path("bench-results/server.json"))
    options = parser.parse_args()
    if options.profile is not None:
        check_file(options.profile)
        profiler()

    async def work(house: House, console: Console) -> list[Row]:
        bench = Bench(house, console, options.window, options.profile)
        names = options.servers.split(",")
        if options.climb:
            for _ in range(options.passes):
                for name in names:
                    await bench.climb(name, options.levels)
        else:
            await bench.compare(options.levels, options.passes, names)
        console.print(summary(bench.rows))
        return bench.rows

    rows = in_a_house(work)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps([row.as_dict() for row in rows], indent=1), encoding="utf-8")
    if problems := [problem for row in rows for problem in row.problems]:
        raise SystemExit(f"not to be believed: {problems[0]}")


if __name__ == "__main__":
    main()

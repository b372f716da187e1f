"""Two versions of the server at once on one core: what a change costs or saves, however the machine's speed moves.

python -m tests.bench.against ../before      # another checkout, in which `make setup` was done
"""

import argparse
import asyncio
from pathlib import Path
from statistics import median

from rich.console import Console

from app.caller.load import Load
from app.caller.load_sound import caller_frames
from app.caller.process_meter import cpu_s, read_usage
from tests.bench.house import House
from tests.bench.run import in_a_house

CALLS_PER_S = 50.0
SETTLE_S = 4.0


async def compare(
    house: House, console: Console, other: Path, calls: int, windows: int, window_s: float
) -> list[float]:
    """The CPU of this version beside the other's, window by window, each with so many calls."""
    frames = await asyncio.to_thread(caller_frames, None)
    # PYTHONSAFEPATH: what is imported is the checkout that is named, not the one that we are in.
    elsewhere = {"PYTHONPATH": str(other), "PYTHONSAFEPATH": "1"}
    ratios = []
    async with (
        house.voicebot() as this,
        house.voicebot(**elsewhere) as that,
        Load("127.0.0.1", this.port, frames) as load_of_this,
        Load("127.0.0.1", that.port, frames) as load_of_that,
    ):
        await asyncio.gather(load_of_this.grow(calls, CALLS_PER_S), load_of_that.grow(calls, CALLS_PER_S))
        await asyncio.sleep(SETTLE_S)
        for _ in range(windows):
            before = [read_usage(server.process.pid) for server in (this, that)]
            await asyncio.sleep(window_s)
            after = [read_usage(server.process.pid) for server in (this, that)]
            costs = [cpu_s(*readings) / window_s / calls * 1000 for readings in zip(before, after, strict=True)]
            ratios.append(costs[0] / costs[1])
            console.print(f"this {costs[0]:.3f}, other {costs[1]:.3f} ms/call-s, ratio {ratios[-1]:.3f}")
    return ratios


def main() -> None:
    """Reads the arguments, measures, prints."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("other", type=Path, help="the checkout to compare with")
    parser.add_argument("--calls", type=int, default=100, help="of each of the two (100)")
    parser.add_argument("--windows", type=int, default=10)
    parser.add_argument("--window", type=float, default=5.0, help="seconds of each (5)")
    options = parser.parse_args()
    other: Path = options.other.resolve()
    if not list(other.glob("ext/line.*.so")):
        parser.error(f"{other} has no compiled extensions: run `make setup` there")

    async def work(house: House, console: Console) -> list[float]:
        ratios = await compare(house, console, other, options.calls, options.windows, options.window)
        console.print(f"this costs {median(ratios):.3f} of the other ({min(ratios):.3f} to {max(ratios):.3f})")
        return ratios

    in_a_house(work)


if __name__ == "__main__":
    main()

"""What was promised beside what was measured."""

import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from rich.table import Table


@dataclass(frozen=True, slots=True)
class Target:
    """One promise.

    Attributes:
        name: what is promised.
        wanted: how much of it, in words.
        measured: in words, with its spread where there is one.
        met: None: it could not be measured.
    """

    name: str
    wanted: str
    measured: str
    met: bool | None

    @property
    def verdict(self) -> str:
        """For people."""
        return {True: "met", False: "NOT MET", None: "not measured"}[self.met]


def at_most(name: str, limit: float, values: Sequence[float], unit: str = "", decimals: int = 2) -> Target:
    """The median of several passes against a limit."""
    wanted = f"≤ {limit:g}{unit}"
    if not values:
        return Target(name, wanted, "-", None)
    middle = statistics.median(values)
    measured = f"{middle:.{decimals}f}{unit}"
    if len(values) > 1:
        measured += f" ({min(values):.{decimals}f} to {max(values):.{decimals}f})"
    return Target(name, wanted, measured, middle <= limit)


def table_of(targets: Iterable[Target]) -> Table:
    """All promises."""
    table = Table("target", "wanted", "measured", "")
    for target in targets:
        style = {True: "green", False: "bold red", None: "yellow"}[target.met]
        table.add_row(target.name, target.wanted, target.measured, f"[{style}]{target.verdict}[/]")
    return table


def markdown_of(targets: Iterable[Target]) -> list[str]:
    """The same, as lines of Markdown."""
    lines = ["| target | wanted | measured | |", "|---|---|---|---|"]
    return lines + [f"| {one.name} | {one.wanted} | {one.measured} | {one.verdict} |" for one in targets]

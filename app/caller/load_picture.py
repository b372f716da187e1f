"""Calls against cost and lateness, as an SVG that any browser shows; drawn by hand, so that it needs no library."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 760, 640
LEFT, RIGHT, TOP, PANEL, BETWEEN = 70, 24, 54, 230, 56
COLOURS = ("#1f6feb", "#8b949e", "#d9730d", "#2da44e")
GRID, INK = "#d0d7de", "#24292f"
FLOOR_MS = 0.1
"""Lateness is drawn on a logarithmic scale from here on."""

Scale = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Point:
    """One level.

    Attributes:
        calls: how many.
        cost: CPU ms of the server a call-second; None if unknown.
        p99_ms, p999_ms: lateness; None if nothing was heard.
    """

    calls: int
    cost: float | None
    p99_ms: float | None
    p999_ms: float | None


@dataclass(frozen=True, slots=True)
class Curve:
    """One server."""

    name: str
    points: Sequence[Point]


def draw(title: str, curves: Sequence[Curve], limit_ms: float | None = None) -> str:
    """The picture: cost above, lateness (p99 solid, p99.9 dashed) below.

    Args:
        limit_ms: a line at the lateness that is allowed.
    """
    calls = sorted({point.calls for curve in curves for point in curve.points})
    if not calls:
        calls = [1]
    across = _logarithmic(calls[0], max(calls[-1], calls[0] * 2), LEFT, WIDTH - RIGHT)
    costs = [point.cost for curve in curves for point in curve.points if point.cost is not None]
    top_cost = _round_up(max(costs, default=1.0))
    lates = [
        late for curve in curves for point in curve.points for late in (point.p99_ms, point.p999_ms) if late is not None
    ]
    top_late = max(10.0, 10 ** math.ceil(math.log10(max([*lates, limit_ms or 0.0, 1.0]))))
    first, second = TOP, TOP + PANEL + BETWEEN
    up_cost = _linear(0.0, top_cost, first + PANEL, first)
    up_late = _logarithmic(FLOOR_MS, top_late, second + PANEL, second)
    parts = [
        _text(LEFT, 24, title, size=16, weight="bold"),
        *_panel(first, "CPU ms a call-second", [top_cost * part / 4 for part in range(5)], up_cost, calls, across),
        *_panel(
            second,
            "lateness, ms: p99 —, p99.9 - -",
            [FLOOR_MS * 10**part for part in range(round(math.log10(top_late / FLOOR_MS)) + 1)],
            up_late,
            calls,
            across,
        ),
    ]
    if limit_ms is not None:
        y = up_late(limit_ms)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#cf222e"/>')
    for number, curve in enumerate(curves):
        colour = COLOURS[number % len(COLOURS)]
        parts.append(_text(LEFT + 150 * number, 44, f"● {curve.name}", colour=colour))
        parts += _line([(across(p.calls), up_cost(p.cost)) for p in curve.points if p.cost is not None], colour)
        for name, dashes in (("p99_ms", ""), ("p999_ms", "5 4")):
            late = [(p.calls, getattr(p, name)) for p in curve.points]
            parts += _line(
                [(across(n), up_late(max(ms, FLOOR_MS))) for n, ms in late if ms is not None], colour, dashes
            )
    parts.append(_text((LEFT + WIDTH - RIGHT) / 2, HEIGHT - 8, "calls at once", anchor="middle"))
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>\n{body}\n</svg>\n'
    )


def _panel(top: int, name: str, steps: Sequence[float], up: Scale, calls: Sequence[int], across: Scale) -> list[str]:
    parts = [_text(LEFT, top - 6, name, size=12)]
    for step in steps:
        y = up(step)
        parts.append(f'<line x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="{GRID}"/>')
        parts.append(_text(LEFT - 6, y + 4, f"{step:.3g}", size=11, anchor="end"))
    for number in calls:
        parts.append(_text(across(number), top + PANEL + 16, str(number), size=11, anchor="middle"))
    return parts


def _line(places: Sequence[tuple[float, float]], colour: str, dashes: str = "") -> list[str]:
    if not places:
        return []
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    dots = [f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{colour}"/>' for x, y in places] if not dashes else []
    return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"{dashed}/>', *dots]


def _text(
    x: float, y: float, words: str, *, size: int = 13, colour: str = INK, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
        f' font-weight="{weight}">{escape(words)}</text>'
    )


def _linear(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: start + (end - start) * (value - low) / (high - low)


def _logarithmic(low: float, high: float, start: float, end: float) -> Scale:
    return lambda value: start + (end - start) * math.log(value / low) / math.log(high / low)


def _round_up(value: float) -> float:
    """The next 1, 2, 4 or 8 times a power of ten."""
    power = 10 ** math.floor(math.log10(value)) if value > 0 else 1.0
    return next(power * step for step in (1, 2, 4, 8, 10, 20) if power * step >= value)

"""The trials as an SVG that any browser shows: every answer and every interruption a dot, and where the time goes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, LEFT, RIGHT, TOP = 860, 190, 30, 70
ROW, BETWEEN = 46, 40
INK, GRID, DOT, TARGET, REST = "#24292f", "#d0d7de", "#1f6feb", "#cf222e", "#8b949e"
STAGES = {"endpoint": "#8b949e", "understanding": "#1f6feb", "first_audio": "#2da44e"}


@dataclass(frozen=True, slots=True)
class Row:
    """One kind of waiting.

    Attributes:
        values_ms: each a dot.
        targets_ms: percentile → the most that was promised.
    """

    name: str
    values_ms: Sequence[float]
    targets_ms: Mapping[int, float]


def draw(title: str, rows: Sequence[Row], stages: Mapping[str, Mapping[str, float]], top_ms: float = 3000.0) -> str:
    """The picture.

    Args:
        stages: kind of turn → stage → median in ms.
        top_ms: right end of the scale; what is beyond is drawn there.
    """

    def across(ms: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * min(ms, top_ms) / top_ms

    bars_top = TOP + len(rows) * ROW + BETWEEN
    height = bars_top + len(stages) * 30 + 50
    parts = [
        _text(LEFT, 24, title, size=16, weight="bold"),
        _text(LEFT, 44, "each dot a turn; blue lines: measured p50 and p95; red lines: what they may be", size=12),
    ]
    for number in range(int(top_ms / 500) + 1):
        x = across(500 * number)
        parts.append(f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 12}" y2="{height - 40}" stroke="{GRID}"/>')
        parts.append(_text(x, height - 24, f"{500 * number} ms", size=11, anchor="middle"))
    for number, row in enumerate(rows):
        y = TOP + ROW * number + ROW / 2
        parts.append(_text(LEFT - 10, y + 4, f"{row.name} ({len(row.values_ms)})", anchor="end"))
        ranked = sorted(row.values_ms)
        for index, ms in enumerate(ranked):
            spread = ((index * 7) % 11 - 5) * 2.2
            parts.append(
                f'<circle cx="{across(ms):.1f}" cy="{y + spread:.1f}" r="2.4" fill="{DOT}" fill-opacity="0.45"/>'
            )
        for share, target_ms in row.targets_ms.items():
            parts.append(_mark(across(target_ms), y, TARGET))
            if ranked:
                measured = ranked[max(0, -int(-share * len(ranked) // 100) - 1)]
                parts.append(_mark(across(measured), y, DOT))
    parts.append(_text(LEFT, bars_top - 12, "where the time goes: medians, as the server measured them", size=12))
    for number, (name, colour) in enumerate(STAGES.items()):
        parts.append(_text(LEFT + 380 + 96 * number, bars_top - 12, f"■ {name}", size=11, colour=colour))
    for number, (kind, medians) in enumerate(stages.items()):
        y, x = bars_top + 30 * number, float(LEFT)
        parts.append(_text(LEFT - 10, y + 14, kind, anchor="end"))
        for stage, colour in STAGES.items():
            width = across(medians.get(stage, 0.0)) - LEFT
            parts.append(f'<rect x="{x:.1f}" y="{y}" width="{width:.1f}" height="18" fill="{colour}"/>')
            x += width
    body = "\n".join(parts)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" font-family="sans-serif">\n'
        f'<rect width="{WIDTH}" height="{height}" fill="white"/>\n{body}\n</svg>\n'
    )


def _mark(x: float, y: float, colour: str) -> str:
    return f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y - 18:.1f}" y2="{y + 18:.1f}" stroke="{colour}" stroke-width="2"/>'


def _text(
    x: float, y: float, words: str, *, size: int = 13, colour: str = INK, anchor: str = "start", weight: str = "normal"
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{colour}" text-anchor="{anchor}"'
        f' font-weight="{weight}">{escape(words)}</text>'
    )

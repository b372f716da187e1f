"""All calls together: the figures that are promised, beside what was promised. Pure."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from app.caller.load_times import percentile
from tests.trials.score import CallScore, Disturbance, Kind, TurnScore


@dataclass(frozen=True, slots=True)
class Figure:
    """One promised figure.

    Attributes:
        name: what is measured.
        unit: "ms", "%", "s".
        value: measured; None if there was nothing to measure.
        target: the most (the least, if `at_least`) that was promised.
        of: how many turns, calls … it is about.
    """

    name: str
    unit: str
    value: float | None
    target: float
    of: int
    at_least: bool = False

    @property
    def met(self) -> bool | None:
        """Whether the promise is kept; None if nobody knows."""
        if self.value is None:
            return None
        return self.value >= self.target if self.at_least else self.value <= self.target


def figures_of(calls: Sequence[CallScore], own_ms: Sequence[float] = ()) -> list[Figure]:
    """The promised figures.

    Args:
        own_ms: answers of calls whose stand-ins took no time, without the silence that ended the turn.
    """
    quiet = [call for call in calls if call.line == "clean"]
    loud = [call for call in calls if call.line != "clean"]
    found: list[Figure] = []
    found += _pair("end of speech → answer, yes/no turns", answers_ms(calls, "yes_no"), (50, 550), (95, 700))
    found += _pair("end of speech → answer, open turns", answers_ms(calls, "open"), (50, 900), (95, 1400))
    found += _pair("yes/no turns, clean lines alone", answers_ms(quiet, "yes_no"), (50, 550), (95, 700))
    found += _pair("open turns, clean lines alone", answers_ms(quiet, "open"), (50, 900), (95, 1400))
    found += _pair("our own share of it", own_ms, (50, 10), (99, 40))
    stops = [one.stopped_ms for call in calls for one in call.interruptions if not one.missed]
    found += _pair("caller talks over the bot → its last sound", stops, (50, 200), (95, 300))
    for where, some, factor in (("clean lines", quiet, 1), ("noise and echo", loud, 2)):
        turns = [turn.cut_off for call in some for turn in call.turns if not turn.over_bot]
        stopped = [one.stopped for call in some for one in call.disturbances]
        missed = [one.missed for call in some for one in call.interruptions]
        found.append(_share(f"cut-offs, {where}", turns, 2 * factor))
        found.append(_share(f"false stops, {where}", stopped, 3 * factor))
        found.append(_share(f"missed interruptions, {where}", missed, 2 * factor))
    right = [not call.wrong for call in calls]
    found.append(_share("task success: the right ticket", right, 97, at_least=True))
    silences = [call.longest_silence[0] for call in calls]
    found.append(Figure("longest unexplained silence", "s", max(silences, default=None), 2.0, len(silences)))
    found.append(_share("calls with more than 2 s of it", [silence > 2.0 for silence in silences], 0))
    return found


def answers_ms(calls: Iterable[CallScore], kind: Kind) -> list[float]:
    """End of speech → first sound of the answer, ascending. Turns over the bot are none: it stops first."""
    return sorted(
        turn.answer_ms
        for call in calls
        for turn in call.turns
        if turn.kind == kind and not turn.over_bot and not turn.cut_off and turn.answer_ms is not None
    )


def own_shares_ms(calls: Iterable[CallScore]) -> list[float]:
    """Answers of calls whose stand-ins took no time, less the silence that ended the turn; ascending.

    The silence is the server's own figure; what it took longer to notice the end of speech than the speech's real end
    is our share too.
    """
    return sorted(
        turn.answer_ms - turn.stages_ms["endpoint"]
        for call in calls
        for turn in call.turns
        if turn.answer_ms is not None and not turn.over_bot and not turn.cut_off and "endpoint" in turn.stages_ms
    )


def stages_ms(calls: Iterable[CallScore], kind: Kind) -> dict[str, dict[str, float]]:
    """p50, p95, p99 of each stage as the server measured it."""
    turns = [turn for call in calls for turn in call.turns if turn.kind == kind and not turn.over_bot]
    return {
        name: spread
        for name in ("endpoint", "understanding", "first_audio", "total")
        if (spread := spread_of(turn.stages_ms[name] for turn in turns if name in turn.stages_ms))
    }


def spread_of(values: Iterable[float]) -> dict[str, float]:
    """p50, p95, p99, nearest rank; empty of nothing."""
    ranked = sorted(values)
    return {f"p{share}": round(percentile(ranked, share), 1) for share in (50, 95, 99)} if ranked else {}


def by_temper(calls: Sequence[CallScore]) -> list[dict[str, Any]]:
    """One row for each temper."""
    rows = []
    for temper in dict.fromkeys(call.temper for call in calls):
        some = [call for call in calls if call.temper == temper]
        turns = [turn for call in some for turn in call.turns]
        interruptions = [one for call in some for one in call.interruptions]
        disturbances = [one for call in some for one in call.disturbances]
        stops = sorted(one.stopped_ms for one in interruptions if not one.missed)
        rows.append(
            {
                "temper": temper,
                "calls": len(some),
                "right": sum(not call.wrong for call in some),
                "turns": len(turns),
                "cut_offs": sum(turn.cut_off for turn in turns),
                "phantom_turns": sum(turn.extra for turn in turns),
                "yes_no_ms": spread_of(answers_ms(some, "yes_no")).get("p50"),
                "open_ms": spread_of(answers_ms(some, "open")).get("p50"),
                "interruptions": len(interruptions),
                "missed": sum(one.missed for one in interruptions),
                "stop_ms": spread_of(stops).get("p50"),
                "disturbances": len(disturbances),
                "false_stops": sum(one.stopped for one in disturbances),
                "silence_s": round(max(call.longest_silence[0] for call in some), 2),
            }
        )
    return rows


def by_disturbance(calls: Sequence[CallScore]) -> list[dict[str, Any]]:
    """One row for each kind of disturbance."""
    found: dict[str, list[Disturbance]] = {}
    for call in calls:
        for one in call.disturbances:
            found.setdefault(one.kind, []).append(one)
    return [
        {
            "disturbance": kind,
            "times": len(some),
            "stops": sum(one.stopped for one in some),
            "longest_pause_ms": round(max(one.pause_ms for one in some)),
        }
        for kind, some in sorted(found.items())
    ]


def understood(calls: Iterable[CallScore]) -> tuple[int, int]:
    """(turns whose words arrived as they were said, turns that were taken): the recogniser's part in it."""
    turns = [turn for call in calls for turn in call.turns if turn.heard]
    return sum(_same_words(turn) for turn in turns), len(turns)


def as_dict(figure: Figure) -> dict[str, Any]:
    """For JSON."""
    return asdict(figure) | {"met": figure.met}


def _same_words(turn: TurnScore) -> bool:
    bare: Callable[[str], str] = lambda text: "".join(filter(str.isalnum, text.lower()))  # noqa: E731
    return bare(turn.said) == bare(turn.heard)


def _pair(name: str, values: Sequence[float], *targets: tuple[int, float]) -> list[Figure]:
    ranked = sorted(values)
    return [
        Figure(f"{name}: p{share}", "ms", percentile(ranked, share) if ranked else None, target, len(ranked))
        for share, target in targets
    ]


def _share(name: str, values: Sequence[bool], target: float, *, at_least: bool = False) -> Figure:
    return Figure(
        name, "%", 100 * sum(values) / len(values) if values else None, target, len(values), at_least=at_least
    )

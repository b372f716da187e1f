"""What people and programs get to read of the trials: tables, JSON, a picture."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from tests.trials.figures import (
    answers_ms,
    as_dict,
    by_disturbance,
    by_temper,
    figures_of,
    own_shares_ms,
    spread_of,
    stages_ms,
    understood,
)
from tests.trials.picture import Row, draw
from tests.trials.run import Outcome

KINDS = {"yes_no": "yes/no turns", "open": "open turns", "field": "turns for a field"}


def report_of(outcome: Outcome, own: Outcome | None, other: Outcome | None) -> dict[str, Any]:
    """Everything, for JSON.

    Args:
        own: the pass whose stand-ins took no time.
        other: the pass with other settings.
    """
    calls = outcome.calls
    own_ms = own_shares_ms(own.calls) if own else []
    heard, taken = understood(calls)
    turns = sum(len(call.turns) for call in calls)
    return {
        "figures": [as_dict(figure) for figure in figures_of(calls, own_ms)],
        "machine": {
            name: asdict(one.machine) | {"problems": one.machine.problems}
            for name, one in (("trials", outcome), ("own share", own), ("other settings", other))
            if one is not None
        },
        "tempers": by_temper(calls),
        "disturbances": by_disturbance(calls),
        "stages_ms": {kind: stages_ms(calls, kind) for kind in ("yes_no", "open", "field")},
        "answers_ms": {kind: spread_of(answers_ms(calls, kind)) for kind in ("yes_no", "open", "field")},
        "own_ms": spread_of(own_ms),
        "recogniser": {"turns_taken": taken, "as_said": heard},
        "phantom_turns": sum(turn.extra for call in calls for turn in call.turns),
        "waste": waste_of(outcome, turns),
        "other_settings": other and compared(outcome, other),
        "calls": [asdict(call) for call in calls],
    }


def waste_of(outcome: Outcome, turns: int) -> dict[str, float]:
    """What was asked of the paid providers, and how much of it for nothing."""
    model, voice = outcome.spent["groq"], outcome.spent["elevenlabs"]
    return {
        "model_requests": model.get("requests", 0),
        "model_requests_a_turn": round(model.get("requests", 0) / max(turns, 1), 2),
        "model_requests_dropped": model.get("cancelled", 0),
        "model_tokens": model.get("prompt_tokens", 0) + model.get("completion_tokens", 0),
        "voice_requests": voice.get("requests", 0),
        "voice_requests_dropped": voice.get("cancelled", 0),
        "voice_characters": voice.get("characters", 0),
    }


def compared(outcome: Outcome, other: Outcome) -> dict[str, dict[str, Any]]:
    """Two passes side by side."""
    both = {}
    for name, one in (("as it is", outcome), ("other settings", other)):
        turns = sum(len(call.turns) for call in one.calls)
        both[name] = waste_of(one, turns) | {
            f"{kind}_ms": spread_of(answers_ms(one.calls, kind)) for kind in ("yes_no", "open")
        }
    return both


def picture_of(outcome: Outcome, own: Outcome | None) -> str:
    """Answers and interruptions as dots, stages as bars."""
    calls = outcome.calls
    stops = [one.stopped_ms for call in calls for one in call.interruptions if not one.missed]
    rows = [
        Row("yes/no answers", answers_ms(calls, "yes_no"), {50: 550, 95: 700}),
        Row("open answers", answers_ms(calls, "open"), {50: 900, 95: 1400}),
        Row("answers to fields", answers_ms(calls, "field"), {}),
        Row("interruption → silence", stops, {50: 200, 95: 300}),
    ]
    if own is not None:
        rows.append(Row("our own share", own_shares_ms(own.calls), {50: 10, 99: 40}))
    medians = {
        KINDS[kind]: {name: spread["p50"] for name, spread in stages_ms(calls, kind).items()}
        for kind in ("yes_no", "open", "field")
    }
    heard = [row for row in rows if row.values_ms]
    return draw(f"{len(calls)} conversations", heard, {kind: found for kind, found in medians.items() if found})


def show(report: Mapping[str, Any], console: Console) -> None:
    """The tables."""
    console.print(_promised(report["figures"]))
    console.print(_plain("tempers", report["tempers"]))
    console.print(_plain("what should not stop the bot", report["disturbances"]))
    stages = [
        {"turns": KINDS[kind], "stage": name, **spread}
        for kind, found in report["stages_ms"].items()
        for name, spread in found.items()
    ]
    console.print(_plain("where the time goes (ms, the server's own figures)", stages))
    console.print(_plain("waste", [report["waste"]]))
    if report["other_settings"]:
        rows = [{"settings": name, **found} for name, found in report["other_settings"].items()]
        console.print(_plain("beside other settings", rows))
    machine = [
        {"pass": name} | {key: value for key, value in found.items() if key != "problems"}
        for name, found in report["machine"].items()
    ]
    console.print(_plain("the machine", machine))
    console.print(_plain("the recogniser", [report["recogniser"]]))
    for call in report["calls"]:
        if call["wrong"]:
            console.print(f"  {call['name']}: {'; '.join(call['wrong'])}", markup=False)


def write(report: Mapping[str, Any], picture: str, directory: Path) -> None:
    """`trials.json` and `trials.svg`."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "trials.json").write_text(json.dumps(report, indent=1, ensure_ascii=False), encoding="utf-8")
    (directory / "trials.svg").write_text(picture, encoding="utf-8")


def _promised(figures: Sequence[Mapping[str, Any]]) -> Table:
    table = Table("promised", "at most (* least)", "measured", "of", "", title="promises", title_justify="left")
    for figure in figures:
        value, unit = figure["value"], figure["unit"]
        measured = "-" if value is None else f"{value:.1f} {unit}" if unit != "ms" else f"{value:.0f} ms"
        verdict = {True: "met", False: "MISSED", None: ""}[figure["met"]]
        target = f"{figure['target']:g} {unit}{' *' if figure['at_least'] else ''}"
        table.add_row(figure["name"], target, measured, str(figure["of"]), verdict)
    return table


def _plain(title: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    table = Table(title=title, title_justify="left")
    names = list(dict.fromkeys(name for row in rows for name in row))
    for name in names:
        table.add_column(name.replace("_", " "))
    for row in rows:
        table.add_row(*("-" if row.get(name) is None else str(row.get(name)) for name in names))
    return table

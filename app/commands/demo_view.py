"""What `voicebot demo` shows: the set-up, the dialogue with its latencies, the ticket, the figures. In French."""

import json
import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from app.caller.report import CallReport
from app.store.tickets import Ticket

ENDED_BY = {"bot": "le robot", "caller": "l'appelant", "refused": "un refus", "timeout": "le temps imparti"}
BYTES_PER_SECOND = 8000 * 2 * 2


class DemoView:
    """Prints as things happen; works on a terminal and in a log."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._started_s = time.monotonic()
        self._call_s = 0.0
        self._turns: list[dict[str, Any]] = []

    def step(self, what: str) -> None:
        """A part of the set-up begins."""
        self._console.print(f"[dim]{time.monotonic() - self._started_s:5.1f} s[/dim]  {what} …")

    def ready(self, port: int) -> None:
        """The call begins."""
        self._console.print(f"[dim]{time.monotonic() - self._started_s:5.1f} s[/dim]  prêt, port {port}\n")
        self._console.rule("Un appel, en direct")
        self._call_s = time.monotonic()

    def show(self, event: dict[str, Any]) -> None:
        """One line of the server's log."""
        name = event.get("event")
        if name == "bot said":
            cut = " (interrompu)" if event.get("interrupted") else ""
            self._line("Robot", "cyan", f"{event['text']}{cut}")
        elif name == "turn understood":
            self._turns.append(dict(event))
            self._line("Appelant", "yellow", event["heard"])
        elif name == "turn answered" and self._turns:
            turn = self._turns[-1]
            turn.update(first_audio_ms=event["first_audio_ms"], total_ms=event["total_ms"])
            self._note(f"{turn['state']} → {turn['intent']} ({turn['confidence']:.2f}, {turn['source']})")
            self._note(
                f"réponse en {turn['total_ms']} ms : silence {turn['endpoint_ms']}"
                f" + compréhension {turn['understanding_ms']} + voix {turn['first_audio_ms']}"
            )
        elif event.get("level") in ("warning", "error"):
            self._note(f"{name}: {event.get('detail', '')}")

    def ticket(self, ticket: Ticket | None) -> None:
        """The row, as PostgreSQL gives it back."""
        self._console.print()
        if ticket is None:
            self._console.print(Panel("aucun ticket en base", title="Ticket", border_style="red"))
            return
        row = json.loads(ticket.to_json())
        transcript = row.pop("transcript")
        table = Table(show_header=False, box=None, pad_edge=False)
        for name, value in {"id": ticket.id, **row}.items():
            table.add_row(f"[dim]{name}[/dim]", Text("" if value is None else str(value)))
        table.add_row("[dim]transcript[/dim]", f"{len(transcript)} répliques")
        self._console.print(Panel(table, title=f"Ticket n° {ticket.id}, tel qu'enregistré", border_style="green"))

    def recording(self, directory: Path, ticket: Ticket | None) -> None:
        """Where the recording is and how long."""
        file = directory / ticket.recording if ticket is not None and ticket.recording else None
        if file is None or not file.is_file():
            self._console.print("enregistrement : absent", style="red")
            return
        length_s = file.stat().st_size / BYTES_PER_SECOND
        self._console.print(f"enregistrement : {file} ({length_s:.1f} s, stéréo 8 kHz)", soft_wrap=True)

    def latencies(self, report: CallReport) -> None:
        """Per turn, from inside and from outside."""
        table = Table(title="Latences par tour (ms)")
        table.add_column("état", no_wrap=True)
        for column in ("silence", "compréh.", "voix", "total", "à l'oreille"):
            table.add_column(column, justify="right")
        outside = [turn.latency_ms for turn in report.turns]
        for number, turn in enumerate(self._turns):
            heard = outside[number] if number < len(outside) else None
            table.add_row(
                turn["state"],
                str(turn["endpoint_ms"]),
                str(turn["understanding_ms"]),
                str(turn.get("first_audio_ms", "-")),
                str(turn.get("total_ms", "-")),
                "-" if heard is None else f"{heard:.0f}",
            )
        self._console.print(table)
        self._console.print(
            f"appel : {report.duration_s:.1f} s · terminé par {ENDED_BY.get(str(report.ended_by), report.detail)}"
            f" · trames reçues : {report.frames.received} sur {report.frames.expected} attendues",
            soft_wrap=True,
        )

    def _line(self, who: str, colour: str, text: str) -> None:
        at_s = time.monotonic() - self._call_s
        self._console.print(f"[dim]{at_s:5.1f} s[/dim]  [bold {colour}]{who:<9}[/bold {colour}]", Text(text))

    def _note(self, text: str) -> None:
        self._console.print(Text(f"{'':10}{text}", style="dim"))

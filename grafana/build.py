"""Writes the dashboards and the alerts: `python -m grafana.build`, after any change in this folder.

What it writes is in the repository, so that a machine needs neither this nor the SDK; a test holds the two together.
"""

from pathlib import Path

from grafana.boards.calls import CALLS
from grafana.boards.machine import MACHINE
from grafana.boards.overview import OVERVIEW
from grafana.boards.providers import PROVIDERS
from grafana.boards.security import SECURITY
from grafana.rules.book import render_rules

BOARDS = (OVERVIEW, CALLS, PROVIDERS, MACHINE, SECURITY)
FOLDER = Path(__file__).parent


def render() -> dict[Path, str]:
    """Every file that is generated, by its path below this folder."""
    boards = {Path("dashboards", f"{board.uid}.json"): board.render() for board in BOARDS}
    return {**boards, Path("alerts/voicebot.yml"): render_rules()}


def main() -> None:
    """Writes them all, and takes away dashboards that are no more."""
    files = render()
    for path, text in files.items():
        (FOLDER / path).write_text(text, encoding="utf-8")
    for path in (FOLDER / "dashboards").glob("*.json"):
        if path.relative_to(FOLDER) not in files:
            path.unlink()


if __name__ == "__main__":
    main()

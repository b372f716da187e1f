"""Writes the dashboards, the alerts and their pages: `python -m grafana.build`, after any change in this folder.

What it writes is in the repository, so that a machine needs neither this nor the SDK; a test holds the two together.
"""

from pathlib import Path

from grafana.boards.calls import CALLS
from grafana.boards.machine import MACHINE
from grafana.boards.overview import OVERVIEW
from grafana.boards.providers import PROVIDERS
from grafana.boards.security import SECURITY
from grafana.rules.book import ALERTS, render_rules
from grafana.rules.page import fill_page

BOARDS = (OVERVIEW, CALLS, PROVIDERS, MACHINE, SECURITY)
FOLDER = Path(__file__).parent
PAGES = {"en": FOLDER.parent / "docs/monitoring.md", "fr": FOLDER.parent / "docs/monitoring.fr.md"}


def render() -> dict[Path, str]:
    """Every file that is generated, or that has a part which is."""
    boards = {FOLDER / "dashboards" / f"{board.uid}.json": board.render() for board in BOARDS}
    pages = {
        page: fill_page(page.read_text(encoding="utf-8"), ALERTS, language=language) for language, page in PAGES.items()
    }
    return {**boards, FOLDER / "alerts/voicebot.yml": render_rules(), **pages}


def main() -> None:
    """Writes them all, and takes away dashboards that are no more."""
    files = render()
    for path, text in files.items():
        path.write_text(text, encoding="utf-8")
    for path in (FOLDER / "dashboards").glob("*.json"):
        if path not in files:
            path.unlink()


if __name__ == "__main__":
    main()

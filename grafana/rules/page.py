"""The alerts as a page for people: the part of `docs/monitoring.md` and its French twin that is generated."""

import re
from textwrap import fill

from grafana.rules.alert import Alert
from grafana.rules.book import read_words

START, END = "<!-- alerts, written by `python -m grafana.build` -->", "<!-- end of alerts -->"
WIDTH = 125
HEADINGS = {
    "fr": {
        "critical": "critique",
        "warning": "avertissement",
        "after": "après",
        "at once": "aussitôt",
        "do": "Que faire",
    },
    "en": {"critical": "critical", "warning": "warning", "after": "after", "at once": "at once", "do": "What to do"},
}
# What Prometheus fills in, as it stands in a page.
_FILLED_IN = (
    (re.compile(r"\{\{ \$labels\.(\w+) \}\}"), r"`\1`"),
    (re.compile(r"\{\{ \$value \| humanizePercentage \}\}"), "x %"),
    (re.compile(r"\{\{ \$value \| humanizeDuration \}\}"), "…"),
    (re.compile(r'\{\{ (?:printf "%.0f" )?\$value \}\}'), "N"),
)


def fill_page(page: str, alerts: tuple[Alert, ...], language: str) -> str:
    """The page with its alerts written anew.

    Args:
        page: Markdown, with the two marks in it.
        language: "fr" or "en".

    Raises:
        ValueError: the page has no marks.
    """
    before, start, rest = page.partition(START)
    _, end, after = rest.partition(END)
    if not (start and end):
        raise ValueError("no marks for the alerts")
    entries = "\n".join(_entry(alert, language) for alert in alerts)
    return f"{before}{START}\n\n{entries}\n{END}{after}"


def _entry(alert: Alert, language: str) -> str:
    words, heading = read_words()[alert.name], HEADINGS[language]
    lasts = heading["at once"] if alert.lasts == "0m" else f"{heading['after']} {_time(alert.lasts, language)}"
    colon = " :" if language == "fr" else ":"
    lines = (
        f"### {alert.name}",
        f"*{heading[alert.severity]}, {lasts}* · **{_in_words(words[f'summary_{language}'])}**",
        words[f"meaning_{language}"],
        f"{heading['do']}{colon} {_in_words(words[f'action_{language}'])}",
    )
    return "\n\n".join(fill(line, WIDTH, break_long_words=False, break_on_hyphens=False) for line in lines) + "\n"


def _time(written: str, language: str) -> str:
    """ "5m" for people."""
    unit = {"m": "min", "h": "h", "d": "j" if language == "fr" else "d"}[written[-1]]
    return f"{written[:-1]} {unit}"


def _in_words(text: str) -> str:
    for pattern, written in _FILLED_IN:
        text = pattern.sub(written, text)
    return text

"""All rules together, as the file that Prometheus loads."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import yaml

from grafana import thresholds
from grafana.rules.alert import Alert
from grafana.rules.calls import CALLS
from grafana.rules.machine import MACHINE
from grafana.rules.providers import PROVIDERS
from grafana.rules.recordings import RECORDINGS

ALERTS: tuple[Alert, ...] = (*CALLS, *PROVIDERS, *MACHINE)
WORDS = Path(__file__).with_name("words.yaml")
HEAD = "# Written by `python -m grafana.build`; conditions and words: grafana/rules, limits: grafana/thresholds.py.\n"


def render_rules() -> str:
    """The rule file, YAML.

    Raises:
        KeyError: an alert without words, or words with a threshold that is none.
    """
    words = read_words()
    groups = [
        {"name": "voicebot_made_of", "rules": [recording.rule() for recording in RECORDINGS]},
        *(
            {"name": name, "rules": [alert.rule(words[alert.name]) for alert in alerts]}
            for name, alerts in (
                ("voicebot_calls", CALLS),
                ("voicebot_providers", PROVIDERS),
                ("voicebot_machine", MACHINE),
            )
        ),
    ]
    return HEAD + yaml.safe_dump({"groups": groups}, allow_unicode=True, sort_keys=False, width=118)


@cache
def read_words() -> Mapping[str, Mapping[str, str]]:
    """What each alert says, by its name, thresholds filled in."""
    text = re.sub(r"<([A-Z_]+)>", _threshold, WORDS.read_text(encoding="utf-8").partition("\n")[2])
    words: Mapping[str, Mapping[str, str]] = yaml.safe_load(text)
    return words


def _threshold(name: re.Match[str]) -> str:
    return f"{vars(thresholds)[name[1]]:g}"

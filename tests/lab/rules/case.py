"""What an alert must do: series over time, and what it says at a moment; as `promtool test rules` reads it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from grafana.rules.alert import ANNOTATIONS, PAGE, Alert
from grafana.rules.book import read_words

JOB = 'job="voicebot",instance="sav"'
"""Labels of whatever the server tells; rules must bear them, or be rid of them."""
NODE = 'job="node",instance="sav"'
MINUTES = 60 * 24


@dataclass(frozen=True, slots=True)
class Ring:
    """One alert that rings.

    Attributes:
        value: how its summary writes the value; empty where the summary has none.
        labels: of the alert, the severity left out.
    """

    value: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """A story, one sample a minute from Thursday, 1 January 1970, 0:00 UTC.

    Attributes:
        alert: its name, without "Voicebot".
        story: why it rings, or does not.
        series: values by series, in promtool's notation.
        at: the moment, as "15m".
        rings: empty: it keeps silent.
        interval: between two samples and two looks.
    """

    alert: str
    story: str
    series: Mapping[str, str]
    at: str
    rings: tuple[Ring, ...] = ()
    interval: str = "1m"

    @property
    def name(self) -> str:
        """Of the alert, in full."""
        return f"Voicebot{self.alert}"

    def as_promtool(self, alert: Alert) -> dict[str, Any]:
        """An entry of `tests:`."""
        return {
            "name": self.story,
            "interval": self.interval,
            "input_series": [{"series": series, "values": values} for series, values in self.series.items()],
            "alert_rule_test": [
                {
                    "eval_time": self.at,
                    "alertname": self.name,
                    "exp_alerts": [
                        {
                            "exp_labels": {"severity": alert.severity, **ring.labels},
                            "exp_annotations": _annotations(alert, ring),
                        }
                        for ring in self.rings
                    ],
                }
            ],
        }


def still(value: float, minutes: int = MINUTES) -> str:
    """A value that stays."""
    return f"{value:g}x{minutes}"


def grows(a_minute: float, *, start: float = 0, minutes: int = MINUTES) -> str:
    """A counter that grows evenly."""
    return f"{start:g}+{a_minute:g}x{minutes}"


def steps(*parts: tuple[float, int]) -> str:
    """Values one after the other: (value, for so many minutes)."""
    return " ".join(f"{value:g}x{minutes - 1}" for value, minutes in parts)


def _annotations(alert: Alert, ring: Ring) -> dict[str, str]:
    words = read_words()[alert.name]
    texts = {name: _filled_in(words[name], ring) for name in ANNOTATIONS}
    return {**texts, "page": f"{PAGE}#{alert.name.lower()}"}


def _filled_in(text: str, ring: Ring) -> str:
    text = re.sub(r"\{\{ \$labels\.(\w+) \}\}", lambda match: ring.labels[match[1]], text)
    return re.sub(r"\{\{[^}]*\$value[^}]*\}\}", lambda match: ring.value, text)

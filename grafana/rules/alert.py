"""One alert, and how Prometheus wants to read it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Severity = Literal["critical", "warning"]
"""critical: callers notice it, or soon will: now. warning: today."""
PAGE = "docs/monitoring.md"
ANNOTATIONS = ("summary_fr", "summary_en", "action_fr", "action_en")


@dataclass(frozen=True, slots=True)
class Alert:
    """When something is wrong; what it says is in `words.yaml`.

    Attributes:
        name: in CamelCase, beginning with Voicebot.
        expr: PromQL; what it returns is wrong.
        lasts: so long it must be so, as Prometheus writes times ("5m"); "0m" at once.
        severity: see `Severity`.
    """

    name: str
    expr: str
    lasts: str
    severity: Severity

    def rule(self, words: Mapping[str, str]) -> dict[str, object]:
        """As an entry of a rule file.

        Args:
            words: see `ANNOTATIONS`; what it means is in the page only.
        """
        return {
            "alert": self.name,
            "expr": self.expr,
            "for": self.lasts,
            "labels": {"severity": self.severity},
            "annotations": {**{name: words[name] for name in ANNOTATIONS}, "page": f"{PAGE}#{self.name.lower()}"},
        }


@dataclass(frozen=True, slots=True)
class Recording:
    """An expression that is kept under a name, so that alerts and dashboards say the same."""

    record: str
    expr: str

    def rule(self) -> dict[str, object]:
        """As an entry of a rule file."""
        return {"record": self.record, "expr": self.expr}

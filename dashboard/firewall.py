"""The state of the firewall as `voicebot firewall status --report FILE` leaves it: a timer of root writes, we read.

    {"checked_at": "2026-03-02T14:05:00+01:00", "differs": true, "problems": ["…"],
     "wanted": [{"family": "ipv4", "rule": "…", "state": "present" | "missing"}, …],
     "actual": [{"family": "ipv4", "rule": "…", "state": "wanted" | "extra" | "foreign"}, …],
     "administrators": ["192.0.2.5/32"], "containers": ["grafana 172.30.90.21 3000"]}

What is missing of it is not shown.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

REPORT_MAX_BYTES = 1_000_000
OLD_S = 900.0
"""The timer looks every five minutes."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of one family, and how it stands."""

    family: str
    text: str
    state: str


@dataclass(frozen=True, slots=True)
class FirewallReport:
    """See above.

    Attributes:
        checked_at: when it was looked at, aware.
    """

    checked_at: datetime
    differs: bool
    problems: tuple[str, ...]
    wanted: tuple[Rule, ...]
    actual: tuple[Rule, ...]
    administrators: tuple[str, ...]
    containers: tuple[str, ...]

    def old(self, now: datetime) -> bool:
        """Nobody has looked for too long."""
        return (now - self.checked_at).total_seconds() > OLD_S


def read_report(file: Path) -> FirewallReport | None:
    """The report; None if there is none or it is none."""
    try:
        with file.open("rb") as opened:
            told = json.loads(opened.read(REPORT_MAX_BYTES))
            written_at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
        problems = _texts(told.get("problems"))
        said_at = told.get("checked_at")
        checked_at = datetime.fromisoformat(said_at) if isinstance(said_at, str) else written_at
        return FirewallReport(
            checked_at=checked_at if checked_at.tzinfo else checked_at.replace(tzinfo=UTC),
            differs=bool(told.get("differs", problems)),
            problems=problems,
            wanted=_rules(told.get("wanted")),
            actual=_rules(told.get("actual")),
            administrators=_texts(told.get("administrators")),
            containers=_texts(told.get("containers")),
        )
    except (OSError, ValueError, AttributeError, RecursionError):
        return None


def _texts(value: object) -> tuple[str, ...]:
    return tuple(str(one) for one in value) if isinstance(value, Sequence) and not isinstance(value, str) else ()


def _rules(value: object) -> tuple[Rule, ...]:
    if not isinstance(value, Sequence):
        return ()
    entries: list[Mapping[str, Any]] = [one for one in value if isinstance(one, Mapping)]
    return tuple(Rule(str(e.get("family", "")), str(e.get("rule", "")), str(e.get("state", ""))) for e in entries)

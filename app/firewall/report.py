"""What people who look at the firewall are shown: each rule that is wanted and each that stands, as JSON in a file."""

import json
import os
import shlex
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from app.firewall.plan import is_ours
from app.firewall.rules import OPENINGS, VERSIONS, Family, wanted
from app.firewall.ruleset import Ruleset
from app.firewall.table import Table

MODE = 0o644
"""The dashboard runs as somebody else; what is in it, administrators see anyway."""


def report(
    table: Table | None, rulesets: Mapping[Family, Ruleset], problems: Sequence[str], checked_at: datetime
) -> dict[str, Any]:
    """The report, ready for JSON.

    Args:
        table: what is wanted; None if it could not be read.
        rulesets: what stands, of each family that was looked at.
        problems: as `voicebot firewall status` tells them.
        checked_at: aware.
    """
    told: dict[str, Any] = {
        "checked_at": checked_at.isoformat(timespec="seconds"),
        "differs": bool(problems),
        "problems": list(problems),
        "wanted": [],
        "actual": [],
    }
    if table is None:
        return told
    told["administrators"] = [str(network) for network in table.administrators]
    told["containers"] = [
        f"{one.name} {', '.join(map(str, one.addresses))} port {one.port}" for one in table.containers
    ]
    for family, now in rulesets.items():
        chains = [
            (want.table, want.chain, [rule.words() for rule in want.rules], want.whole)
            for want in wanted(table, family)
        ]
        if table.ufw:
            openings = [rule for one in table.host for rule in one.rules(VERSIONS[family])]
            chains.insert(0, ("filter", OPENINGS[family], openings, False))
        for name, chain, wishes, whole in chains:
            there = now.rules(name, chain)
            place = f"{name} {chain}: "
            told["wanted"] += [
                _rule(family, place, words, "present" if words in there else "missing") for words in wishes
            ]
            for words in there:
                state = "wanted" if words in wishes else "extra" if whole or is_ours(words) else "foreign"
                told["actual"].append(_rule(family, place, words, state))
    return told


def write_report(file: Path, told: Mapping[str, Any]) -> None:
    """Writes it anew, at one blow.

    Raises:
        OSError: it can't be written.
    """
    fresh = file.with_name(f".{file.name}.new")
    fresh.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    fresh.chmod(MODE)
    os.replace(fresh, file)


def _rule(family: Family, place: str, words: Sequence[str], state: str) -> dict[str, str]:
    return {"family": family, "rule": place + shlex.join(words), "state": state}

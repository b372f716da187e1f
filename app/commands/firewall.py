"""`voicebot firewall`: writes the rules in front of the containers, looks whether they stand, takes them away."""

import json
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from app.errors import VoicebotError
from app.firewall import host
from app.firewall.metric import write_metric
from app.firewall.plan import Difference, Step, differences, removal, shut, steps, unguarded
from app.firewall.report import report, write_report
from app.firewall.rules import Family, wanted
from app.firewall.ruleset import Ruleset
from app.firewall.table import Table, read_table

DIFFERS = 1


def apply(file: Path, *, dry_run: bool) -> int:
    """Writes what is missing, in one commit for each table; writes nothing where nothing is missing.

    Raises:
        ConfigError: the file is wrong, or this machine's iptables is of the other kind.
        VoicebotError: it could not be written, or does not stand after it was.
    """
    table = read_table(file)
    host.check_root()
    host.check_backend()
    console = Console(highlight=False, soft_wrap=True)
    changed = 0
    failed: list[str] = []
    for family in host.families():
        try:
            taken = _bring_about(family, table, dry_run=dry_run)
        except VoicebotError as error:
            failed.append(str(error))  # the other family shall stand all the same
            continue
        changed += len(taken)
        for step in taken:
            console.print(f"{family}: {step}", markup=False)
    if table.ufw and host.ufw_is_enabled() and _unguarded():
        # Somebody has flushed the tables: policies still drop, so that SSH and calls are shut out, too.
        changed += 1
        console.print("UFW writes its rules anew")
        if not dry_run:
            _refill_ufw(console)
    if failed:
        raise VoicebotError("; ".join(failed))
    if not changed:
        console.print("nothing to do: all rules stand")
    return 0


def _refill_ufw(console: Console) -> None:
    """Without success the containers are guarded all the same; the timer tells Prometheus what is still missing."""
    try:
        host.refill_ufw()
    except VoicebotError as error:
        console.print(f"UFW does not: {error}", markup=False)


def _unguarded() -> list[Difference]:
    return [
        one for family in host.families() for one in unguarded(host.read_rules(family), family, host.ufw_rules(family))
    ]


def _bring_about(family: Family, table: Table, *, dry_run: bool) -> list[Step]:
    wants = wanted(table, family)
    for attempt in range(host.TRIES):
        try:
            with host.lock():
                found = steps(host.read_rules(family), wants)
                if found:
                    host.write_rules(family, found, commit=not dry_run)
                left = [] if dry_run else differences(host.read_rules(family), wants, family)
                if left:
                    raise VoicebotError(f"written, but it does not stand: {'; '.join(map(str, left))}")
                return found
        except host.TryAgainError:
            if attempt == host.TRIES - 1:
                raise
            time.sleep(host.PAUSE_S)
    return []


def status(file: Path, *, as_json: bool, metrics: Path | None, report_file: Path | None) -> int:
    """Compares what stands with what the file wants; exit code 1 where they differ.

    Args:
        metrics: written for node exporter.
        report_file: written for the dashboard.

    Raises:
        ConfigError: it can't be told; metric and report say "differs" then.
        VoicebotError: the report can't be written.
    """
    table: Table | None = None
    rulesets: dict[Family, Ruleset] = {}
    try:
        table = read_table(file)
        host.check_root()
        host.check_backend()
        rulesets = {family: host.read_rules(family) for family in host.families()}
        found = _problems(table, rulesets)
    except VoicebotError as error:
        _tell(metrics, report_file, table, rulesets, [str(error)])
        raise
    _tell(metrics, report_file, table, rulesets, found)
    console = Console(highlight=False, soft_wrap=True)
    if as_json:
        console.print_json(json.dumps({"differs": bool(found), "problems": found}))
    else:
        for problem in found:
            console.print(problem, markup=False)
        if not found:
            console.print("all rules stand")
    return DIFFERS if found else 0


def _tell(
    metrics: Path | None,
    report_file: Path | None,
    table: Table | None,
    rulesets: Mapping[Family, Ruleset],
    problems: Sequence[str],
) -> None:
    if metrics is not None:
        write_metric(metrics, len(problems), time.time())
    if report_file is not None:
        try:
            write_report(report_file, report(table, rulesets, problems, datetime.now(UTC)))
        except OSError as error:
            raise VoicebotError(f"--report {report_file}: {error.strerror or error}") from error


def _problems(table: Table, rulesets: Mapping[Family, Ruleset]) -> list[str]:
    found: list[Difference] = []
    for family, now in rulesets.items():
        found += differences(now, wanted(table, family), family)
    if table.ufw:
        # Where it is switched off or flushed, that is told, and not each of its rules.
        found += _unguarded() or [one for family, now in rulesets.items() for one in shut(now, table.host, family)]
    return [str(one) for one in found] + _blind_spots(table)


def _blind_spots(table: Table) -> list[str]:
    """Bridges of containers behind which the world is: somebody has plugged a network card into one."""
    return [
        f"inside: the default route leaves through {name}, so strangers are there; take it out of the list"
        for name in sorted(host.interfaces_of_default_routes() & set(table.inside))
    ]


def remove() -> int:
    """Takes our rules away, and nothing else.

    Raises:
        ConfigError: not root.
        VoicebotError: it failed.
    """
    host.check_root()
    console = Console(highlight=False, soft_wrap=True)
    changed = 0
    for family in host.families():
        with host.lock():
            taken = removal(host.read_rules(family))
            if taken:
                host.write_rules(family, taken)
        changed += len(taken)
        for step in taken:
            console.print(f"{family}: {step}", markup=False)
    if not changed:
        console.print("nothing to do: no rule of ours stands")
    return 0

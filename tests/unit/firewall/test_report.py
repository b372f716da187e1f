"""What the dashboard is shown of the firewall."""

import json
from datetime import UTC, datetime
from pathlib import Path

from app.firewall.plan import differences
from app.firewall.report import report, write_report
from app.firewall.rules import EDGE, wanted
from app.firewall.ruleset import Chain, Ruleset
from app.firewall.table import parse_table

NOW = datetime(2026, 3, 2, 13, 5, tzinfo=UTC)
TABLE = parse_table(
    """
administrators: [203.0.113.20]
inside: [docker0]
containers:
  - {name: grafana, addresses: [172.30.90.21], port: 3000}
""",
    "here",
)


def as_wanted() -> Ruleset:
    """A kernel in which everything stands."""
    now = Ruleset()
    for want in wanted(TABLE, "ipv4"):
        chains = now.tables.setdefault(want.table, {})
        chains[want.chain] = Chain("-", [rule.words() for rule in want.rules])
    return now


def test_everything_stands() -> None:
    told = report(TABLE, {"ipv4": as_wanted()}, [], NOW)
    assert told["differs"] is False
    assert {rule["state"] for rule in told["wanted"]} == {"present"}
    assert {rule["state"] for rule in told["actual"]} == {"wanted"}
    assert len(told["wanted"]) == len(told["actual"]) == 7
    assert told["administrators"] == ["203.0.113.20/32"]
    assert told["containers"] == ["grafana 172.30.90.21 port 3000"]
    assert told["checked_at"] == "2026-03-02T13:05:00+00:00"


def test_what_is_missing_too_much_and_somebody_elses() -> None:
    now = as_wanted()
    edge, user = now.tables["filter"][EDGE], now.tables["filter"]["DOCKER-USER"]
    gone = edge.rules.pop(2)
    edge.rules.append(("-s", "192.0.2.1/32", "-j", "RETURN"))
    user.rules.append(("-j", "RETURN"))
    problems = [str(one) for one in differences(now, wanted(TABLE, "ipv4"), "ipv4")]
    told = report(TABLE, {"ipv4": now}, problems, NOW)
    assert told["differs"] is True
    assert [rule["rule"] for rule in told["wanted"] if rule["state"] == "missing"] == [
        f"filter {EDGE}: -s 203.0.113.20/32 -d 172.30.90.21/32 -p tcp -m conntrack --ctstate DNAT -m tcp"
        " --dport 3000 -m comment --comment 'voicebot: administrator to grafana' -j RETURN"
    ]
    assert gone not in edge.rules
    states = {rule["rule"]: rule["state"] for rule in told["actual"]}
    assert states[f"filter {EDGE}: -s 192.0.2.1/32 -j RETURN"] == "extra"
    assert states["filter DOCKER-USER: -j RETURN"] == "foreign"


def test_what_can_not_be_told_differs() -> None:
    told = report(None, {}, ["no file /etc/voicebot/firewall.yaml"], NOW)
    assert told["differs"] is True
    assert told["wanted"] == told["actual"] == []


def test_the_file_is_whole_and_readable(tmp_path: Path) -> None:
    file = tmp_path / "status.json"
    for problems in ([], ["é"]):
        write_report(file, report(TABLE, {"ipv4": as_wanted()}, problems, NOW))
        assert json.loads(file.read_text(encoding="utf-8"))["problems"] == problems
    assert file.stat().st_mode & 0o777 == 0o644
    assert list(tmp_path.iterdir()) == [file]

"""What UFW shall open of the host's own ports, and what is told where it does not."""

import pytest

from app.errors import ConfigError
from app.firewall.openings import Opening, parse_openings
from app.firewall.plan import shut
from app.firewall.report import report
from app.firewall.ruleset import Ruleset
from app.firewall.table import parse_table
from tests.unit.firewall.test_report import NOW

TABLE = parse_table(
    """
administrators: [203.0.113.20]
inside: [docker0]
containers: []
host:
  - {ports: [22], comment: ssh}
  - {ports: [9090], from: [203.0.113.10, "2001:db8:10::5"], comment: asterisk}
  - {ports: [9091, 8501], from: [192.0.2.0/24], comment: administrator}
""",
    "firewall.yaml",
)
STANDS = """
*filter
:ufw-user-input - [0:0]
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -s 203.0.113.10/32 -p tcp -m tcp --dport 9090 -j ACCEPT
-A ufw-user-input -s 192.0.2.0/24 -p tcp -m multiport --dports 8501,9091 -j ACCEPT
-A ufw-user-input -p tcp -m tcp --dport 10050 -j ACCEPT
"""
STANDS6 = """
*filter
:ufw6-user-input - [0:0]
-A ufw6-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw6-user-input -s 2001:db8:10::5/128 -p tcp -m tcp --dport 9090 -j ACCEPT
"""


def test_rules_are_known_as_the_kernel_shows_them() -> None:
    assert shut(Ruleset(STANDS), TABLE.host, "ipv4") == []
    assert shut(Ruleset(STANDS6), TABLE.host, "ipv6") == []


@pytest.mark.parametrize("port", ["22", "9090", "8501,9091"])
def test_a_rule_that_somebody_deleted_is_told(port: str) -> None:
    left = "\n".join(line for line in STANDS.splitlines() if f" {port} -j" not in line)
    (told,) = shut(Ruleset(left), TABLE.host, "ipv4")
    assert str(told).startswith("ipv4 filter ufw-user-input: missing: ")
    assert port in str(told)


def test_where_ufw_is_not_at_all_that_is_told_elsewhere() -> None:
    assert shut(Ruleset(), TABLE.host, "ipv4") == []


def test_they_are_in_the_report_and_a_rule_of_somebody_else_is_no_fault() -> None:
    told = report(TABLE, {"ipv4": Ruleset(STANDS)}, [], NOW)
    ufw = [one for kind in ("wanted", "actual") for one in told[kind] if "ufw-user-input" in one["rule"]]
    assert [one["state"] for one in ufw] == ["present"] * 3 + ["wanted"] * 3 + ["foreign"]


def test_everybody_is_no_source() -> None:
    (opening,) = parse_openings([{"ports": [80], "from": ["0.0.0.0/0"], "comment": "x"}], "here", [])
    assert opening.rules(4) == Opening((80,)).rules(4)


@pytest.mark.parametrize(
    ("entry", "named"),
    [
        ("{ports: [9090]}", "host is a list such as"),
        ("[9090]", "host: write {ports: [9090], from"),
        ("[{ports: [9090], to: [192.0.2.1]}]", "host: write {ports: [9090], from"),
        ("[{ports: 9090}]", "9090 is no list of ports"),
        ("[{ports: [0]}]", "[0] is no list of ports"),
        ("[{ports: [true]}]", "[True] is no list of ports"),
        ("[{ports: [9090], from: asterisk}]", "'asterisk' is no list of addresses"),
        ("[{ports: [9090], from: 7}]", "7 is no list of addresses"),
    ],
)
def test_a_mistake_is_named(entry: str, named: str) -> None:
    with pytest.raises(ConfigError) as told:
        parse_table(f"{{administrators: [], inside: [], containers: [], host: {entry}}}", "firewall.yaml")
    assert named in "\n".join(told.value.problems)

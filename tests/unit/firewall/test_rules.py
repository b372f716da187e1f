"""From the table to rules."""

from app.firewall.rules import EDGE, MARK, USER, Rule, wanted
from app.firewall.table import parse_table

TABLE = parse_table(
    """
administrators: [203.0.113.20, 198.51.100.0/24, "2001:db8:1::/64"]
inside: [docker0, br-voicebot]
containers:
  - {name: prometheus, addresses: [172.30.90.20, "fd90:7aa5:9090::20"], port: 9090}
  - {name: old, addresses: [172.30.90.30], port: 80}
""",
    "here",
)


def lines(family: str, chain: str) -> list[str]:
    (want,) = (want for want in wanted(TABLE, "ipv4" if family == "ipv4" else "ipv6") if want.chain == chain)
    return [" ".join(rule.words()) for rule in want.rules]


def test_administrators_reach_containers_through_published_ports_and_nobody_else_does() -> None:
    told = "-p tcp -m conntrack --ctstate DNAT -m tcp --dport"
    assert lines("ipv4", EDGE) == [
        "-m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment voicebot: replies -j RETURN",
        "-i docker0 -m comment --comment voicebot: from containers -j RETURN",
        "-i br-voicebot -m comment --comment voicebot: from containers -j RETURN",
        f"-s 203.0.113.20/32 -d 172.30.90.20/32 {told} 9090"
        " -m comment --comment voicebot: administrator to prometheus -j RETURN",
        f"-s 198.51.100.0/24 -d 172.30.90.20/32 {told} 9090"
        " -m comment --comment voicebot: administrator to prometheus -j RETURN",
        f"-s 203.0.113.20/32 -d 172.30.90.30/32 {told} 80"
        " -m comment --comment voicebot: administrator to old -j RETURN",
        f"-s 198.51.100.0/24 -d 172.30.90.30/32 {told} 80"
        " -m comment --comment voicebot: administrator to old -j RETURN",
        "-m comment --comment voicebot: everybody else -j DROP",
    ]


def test_ipv6_has_its_own_addresses_only() -> None:
    assert lines("ipv6", EDGE) == [
        "-m conntrack --ctstate RELATED,ESTABLISHED -m comment --comment voicebot: replies -j RETURN",
        "-i docker0 -m comment --comment voicebot: from containers -j RETURN",
        "-i br-voicebot -m comment --comment voicebot: from containers -j RETURN",
        "-s 2001:db8:1::/64 -d fd90:7aa5:9090::20/128 -p tcp -m conntrack --ctstate DNAT -m tcp --dport 9090"
        " -m comment --comment voicebot: administrator to prometheus -j RETURN",
        "-m comment --comment voicebot: everybody else -j DROP",
    ]


def test_whatever_is_forwarded_goes_there_and_docker_user_comes_first() -> None:
    """Also from an interface that nobody has thought of."""
    for family in ("ipv4", "ipv6"):
        assert lines(family, USER) == ["-m comment --comment voicebot: whatever is forwarded -j VOICEBOT-EDGE"]
        assert lines(family, "FORWARD") == ["-j DOCKER-USER"]


def test_loopback_addresses_are_guarded_before_dnat() -> None:
    assert lines("ipv4", "PREROUTING") == [
        "-d 127.0.0.0/8 ! -i lo -m comment --comment voicebot: loopback from inside only -j DROP"
    ]
    assert [want.table for want in wanted(TABLE, "ipv6")] == ["filter"] * 3


def test_no_rule_accepts_and_every_rule_says_whose_it_is() -> None:
    rules: list[Rule] = [rule for family in ("ipv4", "ipv6") for want in wanted(TABLE, family) for rule in want.rules]
    assert {rule.target for rule in rules} == {"RETURN", "DROP", EDGE, USER}
    for rule in rules:
        assert rule.comment.startswith(MARK) or rule == Rule(USER)
        assert not set(rule.comment) & set("'\"\\")  # they would not come back as they were written


def test_chains_come_before_what_leads_to_them() -> None:
    made: set[str] = set()
    for want in wanted(TABLE, "ipv4"):
        assert {rule.target for rule in want.rules} <= {"RETURN", "DROP", *made}
        made.add(want.chain)

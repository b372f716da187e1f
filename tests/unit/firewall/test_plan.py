"""What is wrong, and the way to right: the steps are taken here on a ruleset in memory."""

from collections.abc import Callable

import pytest

from app.firewall.plan import Step, differences, removal, steps, unguarded
from app.firewall.rules import EDGE, USER, Want, wanted
from app.firewall.ruleset import Chain, Ruleset, Words
from app.firewall.table import parse_table

TABLE = """
administrators: [203.0.113.20]
inside: [docker0, br-voicebot]
containers:
  - {name: grafana, addresses: [172.30.90.21], port: 3000}
"""
BARE = """
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
-A INPUT -j ufw-before-input
-A FORWARD -j ufw-before-forward
*raw
:PREROUTING ACCEPT [0:0]
"""
DOCKER_26 = """
*filter
:INPUT DROP [0:0]
:FORWARD DROP [0:0]
:DOCKER - [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A FORWARD -o br-1 -j DOCKER
-A DOCKER -d 172.30.90.21/32 ! -i br-1 -o br-1 -p tcp -m tcp --dport 3000 -j ACCEPT
-A DOCKER-USER -j RETURN
*raw
:PREROUTING ACCEPT [0:0]
"""
DOCKER_28 = DOCKER_26.replace("-A DOCKER-USER -j RETURN\n", "")
FAIL2BAN = DOCKER_26.replace(
    ":DOCKER-USER - [0:0]\n", ":DOCKER-USER - [0:0]\n:f2b - [0:0]\n-A f2b -j RETURN\n-A DOCKER-USER -j f2b\n"
)
STATES = {"bare": BARE, "docker 26": DOCKER_26, "docker 28": DOCKER_28, "fail2ban": FAIL2BAN}


def wants(text: str = TABLE) -> tuple[Want, ...]:
    return wanted(parse_table(text, "here"), "ipv4")


def take(now: Ruleset, taken: list[Step]) -> Ruleset:
    """As the kernel does it."""
    for step in taken:
        chains = now.tables[step.table]
        words = step.rule.words() if step.rule else ()
        match step.action:
            case "create chain":
                assert step.chain not in chains
                chains[step.chain] = Chain("-")
            case "flush chain":
                chains[step.chain].rules.clear()
            case "delete chain":
                leading = [rule for chain in chains.values() for rule in chain.rules if rule[-1] == step.chain]
                assert leading == []  # the kernel refuses that
                assert not chains.pop(step.chain).rules
            case "append":
                chains[step.chain].rules.append(words)
            case "insert":
                chains[step.chain].rules.insert(step.position, words)
            case "delete":
                del chains[step.chain].rules[step.position]
    return now


def said(now: Ruleset, text: str = TABLE) -> list[str]:
    return [str(one) for one in differences(now, wants(text), "ipv4")]


@pytest.mark.parametrize("state", STATES)
def test_from_wherever_it_starts_all_rules_stand_and_then_nothing_is_done(state: str) -> None:
    now = Ruleset(STATES[state])
    assert said(now) != []
    now = take(now, steps(now, wants()))
    assert said(now) == []
    assert steps(now, wants()) == []


@pytest.mark.parametrize("state", STATES)
def test_what_others_wrote_stays(state: str) -> None:
    before = Ruleset(STATES[state])
    after = take(Ruleset(STATES[state]), steps(before, wants()))
    for table, chains in before.tables.items():
        for name, chain in chains.items():
            assert [rule for rule in after.rules(table, name) if rule in chain.rules] == chain.rules


@pytest.mark.parametrize("state", STATES)
def test_removal_leaves_what_was_there_before(state: str) -> None:
    before = Ruleset(STATES[state])
    after = take(Ruleset(STATES[state]), steps(before, wants()))
    after = take(after, removal(after))
    assert {table: {name: chain.rules for name, chain in chains.items()} for table, chains in after.tables.items()} == {
        table: {name: chain.rules for name, chain in chains.items()} for table, chains in before.tables.items()
    }


def applied() -> Ruleset:
    now = Ruleset(DOCKER_26)
    return take(now, steps(now, wants()))


def test_an_administrator_who_leaves_and_one_who_comes() -> None:
    now = applied()
    changed = TABLE.replace("203.0.113.20", "198.51.100.9")
    assert [one.partition(" -d ")[0] for one in said(now, changed)] == [
        "ipv4 filter VOICEBOT-EDGE: missing: -s 198.51.100.9/32",
        "ipv4 filter VOICEBOT-EDGE: does not belong here: -s 203.0.113.20/32",
    ]
    taken = steps(now, wants(changed))
    assert {step.chain for step in taken} == {EDGE}
    assert said(take(now, taken), changed) == []


def test_rules_of_an_older_version_go() -> None:
    """That looked at what came from one interface."""
    now = applied()
    now.rules("filter", USER)[0] = ("-i", "eth0", "-m", "comment", "--comment", "voicebot: from outside", "-j", EDGE)
    assert len(said(now)) == 2
    now = take(now, steps(now, wants()))
    assert said(now) == []
    assert not any("eth0" in rule for rule in now.rules("filter", USER))


def test_a_bridge_that_is_no_longer_inside_leaves_no_rule() -> None:
    now = applied()
    changed = TABLE.replace("[docker0, br-voicebot]", "[br-voicebot]")
    now = take(now, steps(now, wants(changed)))
    assert said(now, changed) == []
    assert not any("docker0" in rule for rule in now.rules("filter", EDGE))


@pytest.mark.parametrize(
    "spoiled",
    [
        lambda now: now.rules("filter", USER).clear(),  # iptables -F, and Docker started again
        lambda now: now.rules("filter", "FORWARD").reverse(),
        lambda now: now.rules("filter", USER).insert(0, ("-j", "RETURN")),
        lambda now: now.rules("filter", USER).insert(0, ("-s", "10.0.0.0/8", "-j", "ACCEPT")),
        lambda now: now.rules("filter", EDGE).pop(),
        lambda now: now.rules("filter", EDGE).reverse(),
        lambda now: now.rules("filter", EDGE).insert(1, ("-j", "RETURN")),
        lambda now: now.rules("filter", EDGE).append(now.rules("filter", EDGE)[0]),
        lambda now: now.rules("filter", USER).append(now.rules("filter", USER)[0]),
        lambda now: now.rules("raw", "PREROUTING").clear(),
        lambda now: now.tables["filter"].pop(EDGE),
    ],
)
def test_whatever_is_spoiled_is_found_and_put_right(spoiled: Callable[[Ruleset], object]) -> None:
    now = applied()
    spoiled(now)
    assert said(now) != []
    assert said(take(now, steps(now, wants()))) == []


@pytest.mark.parametrize(
    "rule", [("-s", "203.0.113.66/32", "-j", "DROP"), ("-j", "LOG"), ("-j", "f2b"), ("-i", "eth0")]
)
def test_rules_of_others_that_let_nothing_pass_may_stand_in_front(rule: Words) -> None:
    now = Ruleset(FAIL2BAN)
    now = take(now, steps(now, wants()))
    now.rules("filter", USER).insert(0, rule)
    assert said(now) == []


def test_docker_that_starts_again_changes_nothing_of_ours() -> None:
    """Before 28.2 it appends a RETURN where there is none; it puts its jump into FORWARD anew, in front."""
    now = Ruleset(BARE)
    now = take(now, steps(now, wants()))
    now.rules("filter", USER).append(("-j", "RETURN"))
    assert said(now) == []


GUARDED = """
*filter
:INPUT DROP [0:0]
:ufw-before-input - [0:0]
:ufw-user-input - [0:0]
-A INPUT -j ufw-before-input
-A ufw-before-input -j ufw-user-input
-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT
-A ufw-user-input -s 203.0.113.10/32 -p tcp -m tcp --dport 9090 -j ACCEPT
"""


@pytest.mark.parametrize(
    ("text", "rules", "problems"),
    [
        (GUARDED, 2, []),
        ("", 2, ["UFW is not active: ufw enable, then voicebot firewall apply"]),
        (DOCKER_26, 2, ["UFW is not active: ufw enable, then voicebot firewall apply"]),
        (GUARDED.replace(":INPUT DROP", ":INPUT ACCEPT"), 2, ["UFW lets everything in: ufw default deny incoming"]),
        (
            "*filter\n:INPUT ACCEPT [0:0]\n:ufw-before-input - [0:0]\n-A INPUT -j ufw-before-input\n",
            2,
            ["UFW is not active: ufw enable, then voicebot firewall apply"],  # as `ufw disable` leaves it
        ),
        (GUARDED, 3, ["of UFW's 3 rules 2 stand: voicebot firewall apply"]),
        (
            GUARDED.replace("-A ufw-before-input -j ufw-user-input\n", ""),
            2,
            ["UFW asks none of its rules: voicebot firewall apply"],
        ),
    ],
)
def test_ufw_that_does_not_guard_is_told(text: str, rules: int, problems: list[str]) -> None:
    assert [one.problem for one in unguarded(Ruleset(text), "ipv4", rules)] == problems
    ipv6 = text.replace("ufw-", "ufw6-")
    assert [one.problem for one in unguarded(Ruleset(ipv6), "ipv6", rules)] == problems

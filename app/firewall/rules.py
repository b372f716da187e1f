"""The rules that a table needs, in the order in which packets meet them.

    FORWARD ──▶ DOCKER-USER ──▶ VOICEBOT-EDGE
                                 replies to what was let in      RETURN
                                 from containers                 RETURN
                                 administrator → container       RETURN
                                 everybody else                  DROP

RETURN, never ACCEPT: Docker's own rules come after these and have the last word. Containers are told by the bridges
that they are on, and everything else is outside: a second network card, a tunnel that somebody opens next year. What
comes from the host itself is not forwarded and never gets here.

In DOCKER-USER a packet already carries the container's address and port (Docker's DNAT comes first), so these are what
the rules look at; `--ctstate DNAT` demands that it came through a published port, so that nobody talks to a
container's address directly. Why the published port itself is not matched: docs/firewall.md.
"""

from dataclasses import asdict, dataclass
from ipaddress import ip_network
from typing import Any, Literal

from app.firewall.table import Network, Table

Family = Literal["ipv4", "ipv6"]
FAMILIES: tuple[Family, ...] = ("ipv4", "ipv6")
VERSIONS: dict[Family, int] = {"ipv4": 4, "ipv6": 6}

EDGE = "VOICEBOT-EDGE"
USER = "DOCKER-USER"
OPENINGS: dict[Family, str] = {"ipv4": "ufw-user-input", "ipv6": "ufw6-user-input"}
"""Where UFW has the rules of its users."""
MARK = "voicebot: "
"""How the comment of each of our rules begins."""
LOOPBACK = ip_network("127.0.0.0/8")


@dataclass(frozen=True)
class Rule:
    """One rule, as far as this firewall needs any.

    Attributes:
        target: RETURN, DROP or a chain.
        comment: without quotes.
        in_interface: "eth0", or "!lo" for any other one.
        states: of conntrack's `--ctstate`, in the order in which iptables-save writes them.
        port: TCP port of the destination.
    """

    target: str
    comment: str = ""
    in_interface: str = ""
    source: str = ""
    destination: str = ""
    states: str = ""
    port: int = 0

    def words(self) -> tuple[str, ...]:
        """As iptables-save writes it behind `-A CHAIN`, and in that order."""
        words = ["-s", self.source] if self.source else []
        words += ["-d", self.destination] if self.destination else []
        if self.in_interface:
            words += ["!"] * self.in_interface.startswith("!") + ["-i", self.in_interface.removeprefix("!")]
        words += ["-p", "tcp"] if self.port else []
        words += ["-m", "conntrack", "--ctstate", self.states] if self.states else []
        words += ["-m", "tcp", "--dport", str(self.port)] if self.port else []
        words += ["-m", "comment", "--comment", self.comment] if self.comment else []
        return (*words, "-j", self.target)

    def as_dict(self) -> dict[str, Any]:
        """For the process that writes it."""
        return asdict(self)


@dataclass(frozen=True)
class Want:
    """What a chain must hold.

    Attributes:
        whole: the chain is ours and holds nothing else; otherwise it is shared, and our rules stand in front of every
            rule that could let a packet pass.
    """

    table: Literal["filter", "raw"]
    chain: str
    rules: tuple[Rule, ...]
    whole: bool = False


JUMP = Rule(USER)
"""FORWARD to DOCKER-USER. Without a comment: it must be the very rule that Docker writes, or there would be two."""


def wanted(table: Table, family: Family) -> tuple[Want, ...]:
    """All that must stand in the tables of one family, chains that others lead to first."""
    edge = Want("filter", EDGE, _edge(table, family), whole=True)
    jump = Rule(EDGE, f"{MARK}whatever is forwarded")
    wants = (edge, Want("filter", USER, (jump,)), Want("filter", "FORWARD", (JUMP,)))
    if family == "ipv6":
        return wants  # the kernel itself drops ::1 that comes from a wire
    guard = Rule("DROP", f"{MARK}loopback from inside only", in_interface="!lo", destination=str(LOOPBACK))
    return (*wants, Want("raw", "PREROUTING", (guard,)))


def _edge(table: Table, family: Family) -> tuple[Rule, ...]:
    version = VERSIONS[family]
    rules = [Rule("RETURN", f"{MARK}replies", states="RELATED,ESTABLISHED")]
    rules += [Rule("RETURN", f"{MARK}from containers", in_interface=name) for name in table.inside]
    administrators: list[Network] = [one for one in table.administrators if one.version == version]
    for container in table.containers:
        for address in container.addresses:
            if address.version != version:
                continue
            rules += [
                Rule(
                    "RETURN",
                    f"{MARK}administrator to {container.name}",
                    source=str(one),
                    destination=f"{address}/{address.max_prefixlen}",
                    states="DNAT",
                    port=container.port,
                )
                for one in administrators
            ]
    rules.append(Rule("DROP", f"{MARK}everybody else"))
    return tuple(rules)

"""The rules that stand in the kernel, as iptables-save shows them."""

import shlex
from dataclasses import dataclass, field

Words = tuple[str, ...]
"""A rule behind `-A CHAIN`."""

HARMLESS = {"DROP", "REJECT", "LOG", "NFLOG", "MARK", "CONNMARK", "TRACE", "CT", "SET", "TCPMSS", ""}
"""Targets that let no packet pass the rules behind them; "" is a rule that only counts."""


@dataclass
class Chain:
    """A chain.

    Attributes:
        policy: ACCEPT or DROP; "-" for a chain that is not built in.
    """

    policy: str
    rules: list[Words] = field(default_factory=list)


class Ruleset:
    """Tables, their chains, and the rules of those."""

    def __init__(self, text: str = "") -> None:
        """Reads what iptables-save wrote, of one table or of several."""
        self.tables: dict[str, dict[str, Chain]] = {}
        chains: dict[str, Chain] = {}
        for line in text.splitlines():
            if line.startswith("*"):
                chains = self.tables.setdefault(line[1:].strip(), {})
            elif line.startswith(":"):
                name, policy = line[1:].split()[:2]
                chains[name] = Chain(policy)
            elif line.startswith("-A "):
                _, name, *words = shlex.split(line)
                chains[name].rules.append(tuple(words))

    def chain(self, table: str, chain: str) -> Chain | None:
        """A chain, if there is one of that name."""
        return self.tables.get(table, {}).get(chain)

    def rules(self, table: str, chain: str) -> list[Words]:
        """The rules of a chain; none where it is not there."""
        found = self.chain(table, chain)
        return found.rules if found else []

    @property
    def is_empty(self) -> bool:
        """Nothing here does anything: no rule, no chain of anybody, no policy but ACCEPT."""
        return all(
            chain.policy == "ACCEPT" and not chain.rules for chains in self.tables.values() for chain in chains.values()
        )

    def may_let_pass(self, table: str, rule: Words, within: frozenset[str] = frozenset()) -> bool:
        """Whether a packet that meets this rule may never see the rules behind it, and yet be let through.

        Args:
            within: chains that lead here; in them RETURN is no way out.
        """
        target = target_of(rule)
        if target in HARMLESS:
            return False
        if target == "RETURN":
            return not within
        chain = self.chain(table, target)
        if chain is None or "-g" in rule:
            return True
        if target in within:
            return False  # the kernel refuses loops
        return any(self.may_let_pass(table, one, within | {target}) for one in chain.rules)


def target_of(rule: Words) -> str:
    """What becomes of a packet; "" where the rule only counts."""
    for flag in ("-j", "-g"):
        if flag in rule[:-1]:
            return rule[rule.index(flag) + 1]
    return ""


def comment_of(rule: Words) -> str:
    """Its comment, or ""."""
    return rule[rule.index("--comment") + 1] if "--comment" in rule[:-1] else ""

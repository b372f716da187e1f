"""What is wrong with the rules that stand in the kernel, and the steps that put it right."""

import shlex
from dataclasses import asdict, dataclass
from typing import Any, Literal

from app.firewall.rules import EDGE, JUMP, MARK, USER, Family, Rule, Want
from app.firewall.ruleset import Ruleset, Words, comment_of, target_of

RETURN: Words = ("-j", "RETURN")
"""What Docker before 28.2 puts at the end of DOCKER-USER."""


@dataclass(frozen=True)
class Difference:
    """One thing that is not as it should be."""

    family: Family
    table: str
    chain: str
    problem: str

    def __str__(self) -> str:
        return f"{self.family} {self.table} {self.chain}: {self.problem}"


@dataclass(frozen=True)
class Step:
    """One change of a table.

    Attributes:
        position: of the rule, from 0.
    """

    action: Literal["create chain", "flush chain", "delete chain", "append", "insert", "delete"]
    table: str
    chain: str
    position: int = 0
    rule: Rule | None = None

    def as_dict(self) -> dict[str, Any]:
        """For the process that takes it."""
        return asdict(self)

    def __str__(self) -> str:
        at = f" {self.position + 1}" if self.action in ("insert", "delete") else ""
        rule = f" {shlex.join(self.rule.words())}" if self.rule else ""
        return f"{self.action} {self.table} {self.chain}{at}{rule}"


def differences(now: Ruleset, wants: tuple[Want, ...], family: Family) -> list[Difference]:
    """What is missing, what is too much, what stands in the wrong place."""
    return [
        Difference(family, want.table, want.chain, problem)
        for want in wants
        for problem in (_of_own_chain(now, want) if want.whole else _of_shared_chain(now, want))
    ]


def steps(now: Ruleset, wants: tuple[Want, ...]) -> list[Step]:
    """What makes it right; nothing where nothing is wrong, so that nothing is flushed then."""
    found: list[Step] = []
    for want in wants:
        if not (_of_own_chain(now, want) if want.whole else _of_shared_chain(now, want)):
            continue
        if now.chain(want.table, want.chain) is None:
            found.append(Step("create chain", want.table, want.chain))
        if want.whole:
            found.append(Step("flush chain", want.table, want.chain))
            found += [Step("append", want.table, want.chain, rule=rule) for rule in want.rules]
        else:
            found += _deletions(now, want.table, want.chain)
            found += [Step("insert", want.table, want.chain, at, rule) for at, rule in enumerate(want.rules)]
    return found


def removal(now: Ruleset) -> list[Step]:
    """Takes our rules away; DOCKER-USER and the way to it only where Docker has left and nobody else uses it."""
    found = [*_deletions(now, "raw", "PREROUTING"), *_deletions(now, "filter", USER)]
    if now.chain("filter", EDGE) is not None:
        found += [Step("flush chain", "filter", EDGE), Step("delete chain", "filter", EDGE)]
    others = [rule for rule in now.rules("filter", USER) if not is_ours(rule) and rule != RETURN]
    if now.chain("filter", USER) is not None and now.chain("filter", "DOCKER") is None and not others:
        found += [
            *_deletions(now, "filter", "FORWARD"),
            Step("flush chain", "filter", USER),
            Step("delete chain", "filter", USER),
        ]
    return found


def unguarded(now: Ruleset, family: Family, ufw_rules: int) -> list[Difference]:
    """Whether UFW stands in front of the host's own ports.

    Args:
        ufw_rules: how many of its users' rules UFW would write.
    """
    prefix = "ufw" if family == "ipv4" else "ufw6"
    before, user = f"{prefix}-before-input", f"{prefix}-user-input"
    chain = now.chain("filter", "INPUT")
    there = len(now.rules("filter", user))
    asked = user in map(target_of, now.rules("filter", before))
    problems = []
    # `ufw disable` leaves the ways to its chains, but nothing in those.
    if chain is None or before not in map(target_of, chain.rules) or (chain.policy != "DROP" and not asked):
        problems.append("UFW is not active: ufw enable, then voicebot firewall apply")
    elif chain.policy != "DROP":
        problems.append("UFW lets everything in: ufw default deny incoming")
    elif not asked:
        problems.append("UFW asks none of its rules: voicebot firewall apply")
    elif there != ufw_rules:
        problems.append(f"of UFW's {ufw_rules} rules {there} stand: voicebot firewall apply")
    return [Difference(family, "filter", "INPUT", problem) for problem in problems]


def is_ours(rule: Words) -> bool:
    """Whether this firewall wrote the rule, now or in another version."""
    return comment_of(rule).startswith(MARK) or rule == JUMP.words()


def _deletions(now: Ruleset, table: str, chain: str) -> list[Step]:
    """All of our rules, the last one first, so that the positions of the others stay."""
    at = [position for position, rule in enumerate(now.rules(table, chain)) if is_ours(rule)]
    return [Step("delete", table, chain, position) for position in reversed(at)]


def _of_own_chain(now: Ruleset, want: Want) -> list[str]:
    if now.chain(want.table, want.chain) is None:
        return ["the chain is missing"]
    return _of_rules(now.rules(want.table, want.chain), [rule.words() for rule in want.rules])


def _of_shared_chain(now: Ruleset, want: Want) -> list[str]:
    if now.chain(want.table, want.chain) is None:
        return ["the chain is missing"]
    there = now.rules(want.table, want.chain)
    problems = _of_rules([rule for rule in there if is_ours(rule)], [rule.words() for rule in want.rules])
    if problems:
        return problems
    last = max((position for position, rule in enumerate(there) if is_ours(rule)), default=-1)
    return [
        f"stands in front of ours and may let packets pass: {shlex.join(rule)}"
        for rule in there[:last]
        if not is_ours(rule) and now.may_let_pass(want.table, rule)
    ]


def _of_rules(there: list[Words], wanted: list[Words]) -> list[str]:
    missing = list(wanted)
    unexpected = []
    for rule in there:
        if rule in missing:
            missing.remove(rule)
        else:
            unexpected.append(rule)
    problems = [f"missing: {shlex.join(rule)}" for rule in missing]
    problems += [f"does not belong here: {shlex.join(rule)}" for rule in unexpected]
    if not problems and there != wanted:
        problems.append("the rules stand in another order")
    return problems

"""Writes one family's rules with python-iptables; a process of its own.

    python -m app.firewall.writer FAMILY [rehearse]

On standard input it reads the steps (JSON). It says on standard error why it failed, and ends with 0, with 75 where the
kernel said "try again" (another program had changed the table meanwhile), else with 1; a bug in a C library ends it
otherwise, without taking anybody along.

A process for each family, because libxtables keeps one family in global variables. Traps of python-iptables 1.2.0 that
are worked around here (docs/firewall.md tells them all):

* an extension of the newer kind has only its first option (`conntrack --ctstate`, `comment --comment`; the older `tcp`
  has all of its own), so the rules need no other one;
* the state of an extension is kept once for all rules: a rule is finished and handed over before the next is begun;
* a rule that was read cannot be found again by `delete_rule` where it has matches: it is deleted by its number;
* every table commits by itself, after each change, unless it is told not to.
"""

import errno
import json
import os
import sys
from typing import Any

TRY_AGAIN = os.EX_TEMPFAIL
REHEARSAL = "rehearse"
"""Everything is made in the copy of the table, which is thrown away."""


def write(family: str, steps: list[dict[str, Any]], *, commit: bool = True) -> None:
    """Takes the steps, table by table, each table in one commit: others see all of them or none.

    Raises:
        iptc.IPTCError: the kernel refused it.
    """
    import iptc

    table_class = iptc.Table if family == "ipv4" else iptc.Table6
    for name in dict.fromkeys(step["table"] for step in steps):
        table = table_class(name, autocommit=False)
        table.autocommit = False
        table.refresh()
        for step in steps:
            if step["table"] == name:
                take(table, family, step)
        if commit:
            table.commit()


def take(table: Any, family: str, step: dict[str, Any]) -> None:
    """One step, in the copy of the table that is committed at the end."""
    chain = step["chain"]
    match step["action"]:
        case "create chain":
            table.create_chain(chain)
        case "flush chain":
            table.flush_entries(chain)
        case "delete chain":
            table.delete_chain(chain)
        case "append":
            import iptc

            iptc.Chain(table, chain).append_rule(made(family, step["rule"]))
        case "insert":
            import iptc

            iptc.Chain(table, chain).insert_rule(made(family, step["rule"]), step["position"])
        case "delete":
            done = table._iptc.iptc_delete_num_entry(chain.encode(), step["position"], table._handle)
            if done != 1:
                raise RuntimeError(f"can't delete rule {step['position'] + 1} of {chain}: {table.strerror()}")


def made(family: str, given: dict[str, Any]) -> Any:
    """The rule as python-iptables has it; its matches in the order of `Rule.words`."""
    import iptc

    rule = iptc.Rule() if family == "ipv4" else iptc.Rule6()
    if given["source"]:
        rule.src = given["source"]
    if given["destination"]:
        rule.dst = given["destination"]
    if given["in_interface"]:
        rule.in_interface = given["in_interface"]
    if given["port"]:
        rule.protocol = "tcp"
    if given["states"]:
        rule.create_match("conntrack").ctstate = given["states"]
    if given["port"]:
        rule.create_match("tcp").dport = str(given["port"])
    if given["comment"]:
        rule.create_match("comment").comment = given["comment"]
    rule.create_target(given["target"])
    return rule


def main() -> int:
    """The exit code."""
    try:
        write(sys.argv[1], json.load(sys.stdin), commit=REHEARSAL not in sys.argv[2:])
    except Exception as error:  # whatever a foreign library raises becomes one line
        print(f"{type(error).__name__}: {error}", file=sys.stderr)
        return TRY_AGAIN if os.strerror(errno.EAGAIN) in str(error) else 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

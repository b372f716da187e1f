"""Ansible module: UFW's rules with our mark are exactly those that are wanted; everybody else's stay.

`community.general.ufw` adds and deletes single rules but does not know which ones it wrote last time, so an address
that leaves the inventory would keep its rule. Here every rule carries a comment that begins with "voicebot: ", and
those that are no longer wanted go. New rules are added before old ones are deleted, SSH first; nothing is reloaded, so
connections stay.
"""

import re
import shlex
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

DOCUMENTATION = r"""
module: ufw_rules
short_description: Keeps UFW's rules with a mark as wanted
description: Adds what is missing and deletes what is too much among the rules whose comment begins with C(voicebot:).
options:
  rules:
    description: Who may connect to which TCP ports of this machine, SSH first. Without C(from) it is everybody.
    type: list
    elements: dict
    default: []
  enabled:
    description: Whether UFW is made active, denying what comes in and what is routed; C(false) leaves that as it is.
    type: bool
    default: true
author: voicebot
"""
EXAMPLES = r"""
- name: Let an address in
  ufw_rules:
    rules:
      - {ports: [22], comment: ssh}
      - {ports: [9090], from: [203.0.113.10], comment: asterisk}
"""
RETURN = r"""
commands:
  description: What was run, or would be.
  type: list
  returned: always
was_inactive:
  description: Whether UFW was not active before.
  type: bool
  returned: always
"""

MARK = "voicebot: "
DEFAULTS_FILE = Path("/etc/default/ufw")
WANTED_DEFAULTS = {"IPV6": "yes", "DEFAULT_INPUT_POLICY": "DROP", "DEFAULT_FORWARD_POLICY": "DROP"}


def rules_of(entry: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(words, comment) of the wanted rules of an entry, one for each address, as `ufw show added` prints them.

    Raises:
        ValueError: an address or a port is none.
    """
    ports = sorted({int(port) for port in entry["ports"]})
    if not ports or ports[0] < 1 or ports[-1] > 65535 or len(ports) > 15:
        raise ValueError(f"{entry['ports']}: 1 to 15 ports between 1 and 65535 are wanted")
    told = ",".join(map(str, ports))
    comment = MARK + entry["comment"]
    if "from" not in entry:
        return [(f"allow {told}/tcp", comment)]
    if not isinstance(entry["from"], list):
        raise ValueError(f"from: {entry['from']!r} is no list of addresses")
    networks = [ip_network(address) for address in entry["from"]]
    sources = [one.network_address if one.prefixlen == one.max_prefixlen else one for one in networks]
    return [(f"allow from {source} to any port {told} proto tcp", comment) for source in sources]


def added(text: str) -> dict[str, str]:
    """Rules as `ufw show added` tells them: words → comment."""
    rules = {}
    for line in text.splitlines():
        if line.startswith("ufw "):
            words, _, comment = line[4:].partition(" comment '")
            rules[words] = comment.removesuffix("'")
    return rules


def commands(there: Mapping[str, str], wanted: Mapping[str, str]) -> list[list[str]]:
    """What leads from the rules that are there to those that are wanted, arguments of `ufw` each."""
    missing = {words: comment for words, comment in wanted.items() if there.get(words) != comment}
    run = [[*shlex.split(words), "comment", comment] for words, comment in missing.items()]
    gone = [words for words, comment in there.items() if comment.startswith(MARK) and words not in wanted]
    return run + [["delete", *shlex.split(words)] for words in gone]


def defaults(text: str) -> dict[str, str]:
    """The settings of /etc/default/ufw."""
    return dict(re.findall(r'^(\w+)="?([^"\n]*)"?$', text, re.MULTILINE))


def default_commands(now: Mapping[str, str]) -> list[list[str]]:
    """What is to be run for the defaults that are wanted; IPV6 is a line of the file and no command."""
    run = []
    if now.get("DEFAULT_INPUT_POLICY") != "DROP":
        run.append(["default", "deny", "incoming"])
    if now.get("DEFAULT_FORWARD_POLICY") != "DROP":
        run.append(["default", "deny", "routed"])
    return run


def main() -> None:
    """Runs as Ansible asks."""
    module = AnsibleModule(
        argument_spec={
            "rules": {"type": "list", "elements": "dict", "default": []},
            "enabled": {"type": "bool", "default": True},
        },
        supports_check_mode=True,
    )
    try:
        wanted = dict(rule for entry in module.params["rules"] for rule in rules_of(entry))
    except (KeyError, TypeError, ValueError) as error:
        module.fail_json(msg=f"a rule that UFW can't have: {error}")
    ufw = module.get_bin_path("ufw", opt_dirs=["/usr/sbin"])
    if ufw is None:
        if module.check_mode:
            module.exit_json(changed=True, commands=[], was_inactive=True)
        module.fail_json(msg="no ufw here: apt-get install ufw")

    def said(*words: str) -> str:
        code, out, err = module.run_command([ufw, *words], environ_update={"LC_ALL": "C"})
        if code != 0:
            module.fail_json(msg=f"ufw {' '.join(words)}: {err.strip() or out.strip()}")
        return out

    there = added(said("show", "added"))
    active = "Status: active" in said("status")
    run = commands(there, wanted)
    if module.params["enabled"]:
        text = DEFAULTS_FILE.read_text(encoding="utf-8")
        run += default_commands(defaults(text))
        ipv6_off = defaults(text).get("IPV6", "").lower() != "yes"
        if not active or ipv6_off:
            run.append(["--force", "enable"])
        if ipv6_off and not module.check_mode:
            text = re.sub(r"^IPV6=.*\n?", "", text, flags=re.MULTILINE) + "IPV6=yes\n"
            DEFAULTS_FILE.write_text(text, encoding="utf-8")
            run.append(["reload"])
    if not module.check_mode:
        for words in run:
            said(*words)
    after = {words: comment for words, comment in there.items() if not comment.startswith(MARK)} | wanted
    module.exit_json(
        changed=bool(run),
        commands=["ufw " + shlex.join(words) for words in run],
        was_inactive=not active,
        diff={"before": shown(there), "after": shown(after)},
    )


def shown(rules: Mapping[str, str]) -> str:
    """Rules for a diff, in one order."""
    return "".join(f"ufw {words} # {comment}\n" for words, comment in sorted(rules.items()))


if __name__ == "__main__":
    main()

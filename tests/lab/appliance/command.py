"""A host to work with by hand.

python -m tests.lab appliance up [--name NAME]      boots a bare Debian 13 that stays; how to enter it
python -m tests.lab appliance reboot [--name NAME]
python -m tests.lab appliance down [--name NAME]    switches it off and removes all of it
python -m tests.lab appliance list                  names of those that run
"""

import argparse

from tests.lab.appliance import outside
from tests.lab.appliance.host import Host, running


def command(words: list[str]) -> None:
    """Does what was typed after `appliance`.

    Raises:
        VoicebotError: it can't be done; with what to do.
    """
    parser = argparse.ArgumentParser(prog="python -m tests.lab appliance")
    parser.add_argument("what", choices=("up", "reboot", "down", "list"))
    parser.add_argument("--name", default="appliance", help="of the host; several may run at once")
    asked = parser.parse_args(words)
    if asked.what == "list":
        print("\n".join(running()))
    elif asked.what == "up":
        print(how_to_enter(Host.boot(asked.name, stays=True)))
    elif asked.what == "reboot":
        host = Host.find(asked.name)
        host.reboot()
        print(how_to_enter(host))
    else:
        Host.find(asked.name).stop()


def how_to_enter(host: Host) -> str:
    """Lines to paste."""
    namespaces = host.peer("asterisk").namespace.parent
    lines = [f"host {host.name}: {outside.address4(outside.HOST)} {outside.address6(outside.HOST)}"]
    lines += [f"  enter it    nsenter -t {host.pid} -m -u -i -n -p -C --wd=/root env -i HOME=/root TERM=$TERM bash -l"]
    lines += [f"  configure   {host.directory}/bin/ansible-playbook …    (inventory: {host.inventory})"]
    lines += [f"  its files   {host.directory}/root"]
    for peer in outside.PEERS:
        where = f"{outside.address4(peer)} {outside.address6(peer)}"
        lines += [f"  {peer:13} nsenter --net={namespaces}/{peer} bash    {where}"]
    return "\n".join(lines)

"""Outside the appliance: one switch, one wire into the host, and everybody who has business with it or none.

    gateway .1 ─────────┐            an HTTP proxy, the only way to package mirrors and index (`gateway.py`)
    host .10 ───────────┤
    asterisk .11 .12 ───┼─ switch    two addresses: the second is for changes of the inventory
    administrator .21 ──┤
    providers .31 ──────┤            stand-ins of the three providers
    stranger .66 ───────┘

Addresses of nets for documentation (RFC 5737, RFC 3849), the same last number in IPv4 and IPv6; nobody else sees them.
"""

import subprocess

from app.errors import VoicebotError

NET4 = "198.51.100"
NET6 = "2001:db8:51:"
SWITCH = "outside"
HOST = "host"
INTERFACE = "ens3"
"""The host's only interface, named as a virtual machine's is."""
NUMBERS = {"gateway": 1, HOST: 10, "asterisk": 11, "administrator": 21, "providers": 31, "stranger": 66}
SECOND_ASTERISK = 12
PEERS = ("asterisk", "administrator", "providers", "stranger")


def address4(who: str) -> str:
    """The IPv4 address of one of `NUMBERS`."""
    return f"{NET4}.{NUMBERS[who]}"


def address6(who: str) -> str:
    """The IPv6 address of one of `NUMBERS`."""
    return f"{NET6}:{NUMBERS[who]}"


def must(*words: str) -> None:
    """Runs a program to its end.

    Raises:
        VoicebotError: it failed; with what it wrote.
    """
    done = subprocess.run(words, capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL, timeout=60)
    if done.returncode != 0:
        raise VoicebotError(f"{' '.join(words)}: {(done.stdout + done.stderr).strip()[-500:]}")


def build() -> None:
    """Makes the switch, the gateway and the peers, but not the host: it gets a new wire at every boot.

    Raises:
        VoicebotError: the system would not let us.
    """
    must("ip", "netns", "add", SWITCH)
    here = ("ip", "-n", SWITCH)
    must(*here, "link", "set", "lo", "up")
    must(*here, "link", "add", "switch", "type", "bridge", "stp_state", "0", "forward_delay", "0")
    must(*here, "address", "add", f"{address4('gateway')}/24", "dev", "switch")
    must(*here, "address", "add", f"{address6('gateway')}/64", "dev", "switch", "nodad")
    must(*here, "link", "set", "switch", "up")
    for peer in PEERS:
        _plug_in(peer, "wire")
    must("ip", "-n", "asterisk", "address", "add", f"{NET4}.{SECOND_ASTERISK}/24", "dev", "wire")
    # Deprecated: the kernel would prefer it as a source, since it came last.
    words = (f"{NET6}:{SECOND_ASTERISK}/64", "dev", "wire", "nodad", "preferred_lft", "0")
    must("ip", "-n", "asterisk", "address", "add", *words)


def plug_in_host() -> None:
    """Gives the host a new network namespace with a wire in it, as before a boot; the old one goes.

    The host sets its interface up itself (`site.py`), as any machine does: when its firewall stands.

    Raises:
        VoicebotError: the system would not let us.
    """
    subprocess.run(["ip", "netns", "delete", HOST], capture_output=True, check=False)
    # The kernel takes a dead namespace's end of the wire away when it gets to it, and ours with it.
    subprocess.run(["ip", "-n", SWITCH, "link", "delete", HOST], capture_output=True, check=False)
    _wire(HOST, INTERFACE)


def _plug_in(who: str, interface: str) -> None:
    _wire(who, interface)
    must("ip", "-n", who, "link", "set", "lo", "up")
    must("ip", "-n", who, "address", "add", f"{address4(who)}/24", "dev", interface)
    must("ip", "-n", who, "address", "add", f"{address6(who)}/64", "dev", interface, "nodad")
    must("ip", "-n", who, "link", "set", interface, "up")


def _wire(who: str, interface: str) -> None:
    must("ip", "netns", "add", who)
    must("ip", "-n", SWITCH, "link", "add", who, "type", "veth", "peer", "name", interface, "netns", who)
    must("ip", "-n", SWITCH, "link", "set", who, "master", "switch", "up")

"""What the firewall shall let through, as the file `/etc/voicebot/firewall.yaml` says it.

administrators: [203.0.113.20, "2001:db8:1::/64"]
inside: [docker0, br-voicebot]
containers:
  - {name: grafana, addresses: [172.30.90.21, "fd90:7aa5:9090::21"], port: 3000}
ufw: true
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from pathlib import Path

from app.errors import ConfigError
from app.role_file import RoleFile

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

INTERFACE = re.compile(r"[A-Za-z0-9_.@-]{1,15}")
"""`linux/if.h`: IFNAMSIZ is 16, a zero byte at the end included. No plus sign, which stands for any ending
(iptables(8)): a network card of such a name would be let in."""
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,30}")
"""Goes into the comment of a rule, where quotes and spaces would not come back as they were written."""
FILE = RoleFile("firewall", "--table", "`administrators:`, `inside:` and `containers:`", "docs/firewall.md")
KEYS = {"administrators", "inside", "containers", "ufw"}


@dataclass(frozen=True)
class Container:
    """A container whose port is published.

    Attributes:
        addresses: its own ones, not the host's; they must be fixed (`ipv4_address:` in the compose file).
        port: its own one, not the one that is published.
    """

    name: str
    addresses: tuple[Address, ...]
    port: int


@dataclass(frozen=True)
class Table:
    """Who may reach what.

    Attributes:
        administrators: they reach every container of the list.
        inside: bridges of containers; from any other interface nothing gets through but what is allowed.
        ufw: whether UFW guards the host's own ports, so that its absence is a fault.
    """

    administrators: tuple[Network, ...]
    inside: tuple[str, ...]
    containers: tuple[Container, ...]
    ufw: bool = True


def read_table(file: Path) -> Table:
    """Reads and checks the file.

    Raises:
        ConfigError: with one line for each mistake.
    """
    return parse_table(FILE.text(file), str(file))


def parse_table(text: str, where: str) -> Table:
    """The table in YAML.

    Args:
        text: content of the file.
        where: what messages call it.

    Raises:
        ConfigError: with one line for each mistake.
    """
    read = FILE.mapping(text, where)
    problems = [f"{where}: unknown key {key!r}; there are {', '.join(sorted(KEYS))}" for key in set(read) - KEYS]
    administrators = _administrators(read.get("administrators"), where, problems)
    inside = _inside(read.get("inside"), where, problems)
    containers = _containers(read.get("containers"), where, problems)
    ufw = read.get("ufw", True)
    if not isinstance(ufw, bool):
        problems.append(f"{where}: ufw is true or false, not {ufw!r}")
    if problems:
        raise ConfigError(problems)
    return Table(administrators, inside, containers, ufw)


def _list(value: object, key: str, example: str, where: str, problems: list[str]) -> list[object]:
    if isinstance(value, list):
        return value
    if value is not None:
        problems.append(f"{where}: {key} is a list such as {example}, not {value!r}")
    else:
        problems.append(f"{where}: {key} is missing; write for instance {key}: {example}")
    return []


def _administrators(value: object, where: str, problems: list[str]) -> tuple[Network, ...]:
    networks: list[Network] = []
    for entry in _list(value, "administrators", '[203.0.113.20, "2001:db8:1::/64"]', where, problems):
        try:
            network = ip_network(str(entry), strict=False)
        except ValueError:
            problems.append(
                f"{where}: administrators: {entry!r} is no address or network; write for instance 203.0.113.20"
            )
            continue
        if network.prefixlen == 0:
            problems.append(f"{where}: administrators: {entry!r} is everybody; name those who administer this server")
        elif network not in networks:
            networks.append(network)
    return tuple(networks)


def _inside(value: object, where: str, problems: list[str]) -> tuple[str, ...]:
    names: list[str] = []
    for entry in _list(value, "inside", "[docker0, br-voicebot]", where, problems):
        if not isinstance(entry, str) or not INTERFACE.fullmatch(entry):
            problems.append(f"{where}: inside: {entry!r} is no name of a bridge; `ip link show type bridge` tells them")
        elif entry not in names:
            names.append(entry)
    return tuple(names)


def _containers(value: object, where: str, problems: list[str]) -> tuple[Container, ...]:
    example = "[{name: grafana, addresses: [172.30.90.21], port: 3000}]"
    containers: list[Container] = []
    for entry in _list(value, "containers", example, where, problems):
        if not isinstance(entry, dict) or set(entry) != {"name", "addresses", "port"}:
            problems.append(f"{where}: containers: write {example[1:-1]}, not {entry!r}")
            continue
        name, port = entry["name"], entry["port"]
        if not isinstance(name, str) or not NAME.fullmatch(name):
            problems.append(f"{where}: containers: {name!r} is no name: small letters, digits, hyphens, 31 at most")
            continue
        if isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535:
            problems.append(f"{where}: container {name}: {port!r} is no port")
            continue
        addresses: list[Address] = []
        given = entry["addresses"]
        for address in given if isinstance(given, list) else [given]:
            try:
                addresses.append(ip_address(str(address)))
            except ValueError:
                problems.append(f"{where}: container {name}: {address!r} is no address; its own, not a network")
        if addresses:
            containers.append(Container(name, tuple(addresses), port))
    return tuple(containers)

"""Every door of the appliance, every way to it, and who may go through: what the packets are measured against."""

from dataclasses import dataclass
from typing import Literal

from tests.lab.appliance.host import Host
from tests.lab.appliance.outside import HOST, INTERFACE, address4, address6

Who = Literal["asterisk", "administrator", "stranger"]
WHO: tuple[Who, ...] = ("asterisk", "administrator", "stranger")
EVERYBODY: frozenset[str] = frozenset(WHO)
NOBODY: frozenset[str] = frozenset()
ASTERISK: frozenset[str] = frozenset({"asterisk"})
ADMINISTRATOR: frozenset[str] = frozenset({"administrator"})

BRIDGE4, BRIDGE6 = "172.30.90.1", "fd90:7aa5:9090::1"
CONTAINERS = {
    "postgres-clients": (10, 5432, "postgres"),
    "postgres-tickets": (11, 5432, "postgres"),
    "prometheus": (20, 9090, "/-/ready"),
    "grafana": (21, 3000, "/"),
    "pgadmin": (22, 80, "/"),
    "alertmanager": (23, 9093, "/-/ready"),
}
"""Last part of their addresses, own port, protocol."""
FORGOTTEN_SERVICE, FORGOTTEN_CONTAINER, LOOPBACK_CONTAINER = 8000, 8080, 8081


@dataclass(frozen=True)
class Door:
    """A port of the host's addresses.

    Attributes:
        protocol: as `knock.py` has it; a path is HTTP, `https:` before it TLS.
        to: who may use it.
        container: whether a container stands behind it, and not the host itself.
    """

    name: str
    port: int
    protocol: str
    to: frozenset[str]
    container: bool = False


DOORS = (
    Door("SSH", 22, "ssh", EVERYBODY),
    Door("AudioSocket", 9090, "audiosocket", ASTERISK),
    Door("metrics", 9091, "/metrics", ADMINISTRATOR),
    Door("dashboard", 8501, "https:/", ADMINISTRATOR),
    Door("clients database", 5432, "postgres", ADMINISTRATOR, container=True),
    Door("tickets database", 5433, "postgres", ADMINISTRATOR, container=True),
    Door("Prometheus", 9092, "/-/ready", ADMINISTRATOR, container=True),
    Door("Grafana", 3000, "/", ADMINISTRATOR, container=True),
    Door("pgAdmin", 5050, "/", ADMINISTRATOR, container=True),
    Door("node exporter", 9100, "/metrics", NOBODY),
    Door("forgotten service", FORGOTTEN_SERVICE, "/", NOBODY),
    Door("forgotten container", FORGOTTEN_CONTAINER, "/", NOBODY, container=True),
    Door("container on loopback", LOOPBACK_CONTAINER, "/", NOBODY, container=True),
)


@dataclass(frozen=True)
class Way:
    """A way to a door.

    Attributes:
        kind: of the address: `host`, `bridge` (the host's own, where containers see it), `link-local`, `loopback`,
            `container`.
        door: what is there, and to whom it is open by this way.
    """

    kind: str
    address: str
    door: Door

    @property
    def knock(self) -> tuple[str, int, str]:
        """For `knock.py`."""
        return self.address, self.door.port, self.door.protocol


def ways(host: Host) -> list[Way]:
    """All of them, IPv4 first; the host's link-local address is another one after every boot.

    Args:
        host: with the container `forgotten`.
    """
    found = [Way("host", address, door) for address in (address4(HOST), address6(HOST)) for door in DOORS]
    # The host answers at every one of its addresses, whichever interface that is on.
    found += [Way("bridge", address, door) for address in (BRIDGE4, BRIDGE6) for door in DOORS]
    found += [Way("link-local", f"{link_local(host)}%wire", _from_nowhere(door)) for door in DOORS]
    found += [Way("loopback", address, _closed(door)) for address in ("127.0.0.1", "::1") for door in DOORS]
    for name, (number, port, protocol) in CONTAINERS.items():
        behind = Door(name, port, protocol, NOBODY, container=True)
        found += [Way("container", address, behind) for address in (f"172.30.90.{number}", f"fd90:7aa5:9090::{number}")]
    strays = host.run("docker inspect -f '{{.NetworkSettings.IPAddress}}' forgotten").stdout.split()
    found += [Way("container", one, Door("forgotten", 8080, "/", NOBODY, container=True)) for one in strays]
    return found


def link_local(host: Host) -> str:
    """Of the host's outside interface."""
    words = host.run(f"ip -6 -brief address show dev {INTERFACE} scope link").stdout.split()
    return next(word.partition("/")[0] for word in words if word.startswith("fe80"))


def _closed(door: Door) -> Door:
    return Door(door.name, door.port, door.protocol, NOBODY, door.container)


def _from_nowhere(door: Door) -> Door:
    """Who connects there has an address that stands in no list."""
    return door if door.to == EVERYBODY else _closed(door)

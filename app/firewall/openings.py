"""The host's own ports, which UFW guards, and its rules that open them.

The role `firewall` writes those rules through `ufw`, which keeps them in files of its own. `ufw delete` takes one out
of the kernel and out of those files, so that UFW itself does not miss it: what is wanted stands in our file, too.
"""

from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network

KEYS = {"ports", "from", "comment"}
EXAMPLE = "{ports: [9090], from: [203.0.113.10], comment: asterisk}"
PORTS_MAX = 15
"""As many as iptables' `multiport` takes (XT_MULTI_PORTS)."""


@dataclass(frozen=True)
class Opening:
    """TCP ports of the host, and who may connect to them.

    Attributes:
        ports: sorted.
        sources: None is everybody.
    """

    ports: tuple[int, ...]
    sources: tuple[IPv4Network | IPv6Network, ...] | None = None

    def rules(self, version: int) -> list[tuple[str, ...]]:
        """As iptables-save shows what UFW writes, one for each address of the family.

        Args:
            version: 4 or 6.
        """
        several = len(self.ports) > 1
        told = ",".join(map(str, self.ports))
        ports = ("-m", "multiport", "--dports", told) if several else ("-m", "tcp", "--dport", told)
        from_whom: list[tuple[str, ...]] = [()]
        if self.sources is not None:
            mine = [one for one in self.sources if one.version == version]
            from_whom = [("-s", str(one)) if one.prefixlen else () for one in mine]
        return [(*source, "-p", "tcp", *ports, "-j", "ACCEPT") for source in from_whom]


def parse_openings(value: object, where: str, problems: list[str]) -> tuple[Opening, ...]:
    """The list `host` of the table.

    Args:
        where: what messages call the file.
        problems: gets one line for each mistake.
    """
    if value is None:
        return ()
    if not isinstance(value, list):
        problems.append(f"{where}: host is a list such as [{EXAMPLE}], not {value!r}")
        return ()
    found = []
    for entry in value:
        if not isinstance(entry, dict) or not {"ports"} <= set(entry) <= KEYS:
            problems.append(f"{where}: host: write {EXAMPLE}, not {entry!r}")
            continue
        ports, sources = _ports(entry["ports"]), entry.get("from")
        if not ports:
            problems.append(f"{where}: host: {entry['ports']!r} is no list of ports, 1 to {PORTS_MAX} of them")
            continue
        try:
            networks = None if sources is None else tuple(ip_network(str(one), strict=False) for one in list(sources))
        except (TypeError, ValueError):
            problems.append(f"{where}: host: {sources!r} is no list of addresses and networks")
            continue
        found.append(Opening(ports, networks))
    return tuple(found)


def _ports(value: object) -> tuple[int, ...]:
    """Sorted, each once; none where that is no list of ports."""
    if not isinstance(value, list) or len(value) > PORTS_MAX:
        return ()
    if any(isinstance(port, bool) or not isinstance(port, int) or not 1 <= port <= 65535 for port in value):
        return ()
    return tuple(sorted(set(value)))

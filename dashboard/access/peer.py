"""From which address somebody really comes."""

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
HOPS_MAX = 32
"""Nobody has so many proxies; a longer header is an attack on our patience."""


def real_address(peer: str | None, forwarded: Iterable[str], trusted: Sequence[Network]) -> Address | None:
    """The address that a request comes from.

    The peer of the connection is the truth. Only if it is one of our own proxies is it asked whom it passed on: each
    proxy adds the address that it saw on the right, so the right-most entry that is no proxy of ours is the visitor,
    and whatever stands left of it is the visitor's own invention (as uvicorn's ProxyHeadersMiddleware reads it).

    Args:
        peer: address of the other end of the connection.
        forwarded: every X-Forwarded-For header, in the order in which they came.
        trusted: TRUSTED_PROXIES.

    Returns:
        None if it can't be told: no peer, or a proxy of ours passed on something that is no address.
    """
    address = parsed(peer or "")
    if address is None or not contains(trusted, address):
        return address
    hops = [hop.strip() for header in forwarded for hop in header.split(",")]
    if len(hops) > HOPS_MAX:
        return None
    for hop in reversed(hops):
        address = parsed(hop)
        if address is None or not contains(trusted, address):
            return address
    return address


def parsed(text: str) -> Address | None:
    """An address; IPv4 in IPv6's clothes (::ffff:192.0.2.1) is IPv4, and what has a port or a zone is none."""
    try:
        address = ip_address(text)
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return None
        return address.ipv4_mapped or address
    return address


def contains(networks: Sequence[Network], address: Address | None) -> bool:
    """Whether an address lies in one of the networks."""
    return address is not None and any(address in network for network in networks)

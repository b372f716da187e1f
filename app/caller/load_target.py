"""Who may be put under load: a load is an attack on whoever did not ask for it."""

import asyncio
import resource
import socket
from ipaddress import ip_address

from app.errors import ConfigError, PeerError

SPARE_DESCRIPTORS = 64


async def check_target(host: str, port: int, *, public_too: bool) -> None:
    """Lets through this machine, private networks (RFC 1918, RFC 4193) and link-local addresses.

    Raises:
        ConfigError: a public address, and nobody said that it is meant.
        PeerError: an unknown name.
    """
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise PeerError("unreachable", f"{host}: {error.strerror or error}") from None
    addresses = {entry[4][0] for entry in found}
    public = sorted(str(address) for address in addresses if ip_address(str(address).partition("%")[0]).is_global)
    if public and not public_too:
        raise ConfigError(
            [f"--host {host}: {public[0]} is a public address; if that server is yours and may fail, add --yes-really"]
        )


def make_room(calls: int) -> None:
    """Raises this process's limit of descriptors as far as it needs to be.

    Raises:
        ConfigError: the system does not allow so many.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = calls + SPARE_DESCRIPTORS
    if soft != resource.RLIM_INFINITY and soft < wanted:
        if hard != resource.RLIM_INFINITY and hard < wanted:
            raise ConfigError([f"{calls} calls need {wanted} descriptors, this process may have {hard}: ulimit -n"])
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))

"""A private network: a switch, hosts that are plugged into it, and cables that can be pulled.

    bot .7 (the process itself) ─┐
    asterisk1 .11, asterisk2 .12 ┼─ switch
    phones .21, technician .22   │
    stranger .66 ────────────────┘

Host is another word for network namespace. The addresses are of a net for documentation (RFC 5737); nobody else sees
them.
"""

import asyncio
import ctypes
import os
import socket
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import TypeVar

from app.errors import VoicebotError

Made = TypeVar("Made")

NET = "198.51.100"
BOT = "bot"
ADDRESSES = {
    BOT: f"{NET}.7",
    "asterisk1": f"{NET}.11",
    "asterisk2": f"{NET}.12",
    "phones": f"{NET}.21",
    "technician": f"{NET}.22",
    "stranger": f"{NET}.66",
}
SWITCH = "switch"
MACHINE = Path("/run/netns/machine")
"""In the laboratory: the machine's own network, for those who fetch packages; nothing of ours is plugged into it."""
COMMAND_TIMEOUT_S = 30.0
CLONE_NEWNET = 0x40000000
"""`linux/sched.h`; the `os` module has it from Python 3.12 on."""


async def run(*words: str) -> str:
    """Runs a program to its end; what it wrote.

    Raises:
        VoicebotError: it failed, or took longer than 30 s.
    """
    process = await asyncio.create_subprocess_exec(
        *words, stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    try:
        async with asyncio.timeout(COMMAND_TIMEOUT_S):
            said, _ = await process.communicate()
    except TimeoutError:
        with suppress(ProcessLookupError):
            process.kill()
        raise VoicebotError(f"{' '.join(words)}: no end after {COMMAND_TIMEOUT_S:.0f} s") from None
    if process.returncode != 0:
        raise VoicebotError(f"{' '.join(words)}: {said.decode(errors='replace').strip()[-500:]}")
    return said.decode(errors="replace")


class Network:
    """The switch and the hosts of `ADDRESSES`; there is one in a laboratory."""

    async def build(self) -> None:
        """Makes all of it.

        Raises:
            VoicebotError: the system would not let us.
        """
        await run("ip", "netns", "add", SWITCH)
        await run("ip", "-n", SWITCH, "link", "add", "bridge", "type", "bridge", "stp_state", "0", "forward_delay", "0")
        await run("ip", "-n", SWITCH, "link", "set", "bridge", "up")
        for host, address in ADDRESSES.items():
            here = ["ip"] if host == BOT else ["ip", "-n", host]
            if host != BOT:
                await run("ip", "netns", "add", host)
                await run(*here, "link", "set", "lo", "up")
            await run("ip", "-n", SWITCH, "link", "add", host, "type", "veth", "peer", "name", f"to-{host}")
            await run("ip", "-n", SWITCH, "link", "set", f"to-{host}", "netns", *(["1"] if host == BOT else [host]))
            await run(*here, "link", "set", f"to-{host}", "name", "wire")
            await run(*here, "address", "add", f"{address}/24", "dev", "wire")
            await run(*here, "link", "set", "wire", "up")
            await run("ip", "-n", SWITCH, "link", "set", host, "master", "bridge", "up")

    async def pull(self, host: str) -> None:
        """Pulls the host's cable out of the switch."""
        await run("ip", "-n", SWITCH, "link", "set", host, "down")

    async def plug(self, host: str) -> None:
        """Puts it back."""
        await run("ip", "-n", SWITCH, "link", "set", host, "up")

    @asynccontextmanager
    async def filtered(self, host: str, port: int) -> AsyncIterator[None]:
        """A firewall that drops, without a word, all that goes to or from a TCP port of a host."""
        table = ["add table inet firewall"]
        for chain, hook, packets in (("in", "input", "dport"), ("out", "output", "sport")):
            table.append(f"add chain inet firewall {chain} {{ type filter hook {hook} priority 0; }}")
            table.append(f"add rule inet firewall {chain} tcp {packets} {port} drop")
        await run("ip", "netns", "exec", host, "nft", "; ".join(table))
        try:
            yield
        finally:
            await run("ip", "netns", "exec", host, "nft", "delete table inet firewall")

    async def cut(self, host: str, duration_s: float) -> None:
        """Pulls the cable for a while."""
        await self.pull(host)
        try:
            await asyncio.sleep(duration_s)
        finally:
            await self.plug(host)


def on_host(host: str, make: Callable[[], Made]) -> Made:
    """Makes something that belongs to a host's network, a socket for instance; it stays there when it is used here.

    Raises:
        OSError: there is no such host, or making it failed.
    """
    made: list[Made] = []
    failed: list[OSError] = []

    def work() -> None:
        # A network namespace is a matter of the thread: this one never comes back from there.
        try:
            with Path("/run/netns", host).open() as place:
                if ctypes.CDLL(None, use_errno=True).setns(place.fileno(), CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            made.append(make())
        except OSError as error:
            failed.append(error)

    thread = threading.Thread(target=work, name=f"on {host}")
    thread.start()
    thread.join()
    if failed:
        raise failed[0]
    return made[0]


def socket_on(host: str, kind: socket.SocketKind) -> socket.socket:
    """A socket of a host, bound to a free port of its address, non-blocking.

    Raises:
        OSError: as in `on_host`.
    """

    def make() -> socket.socket:
        made = socket.socket(socket.AF_INET, kind)
        made.setblocking(False)
        made.bind((ADDRESSES[host], 0))
        return made

    return on_host(host, make)

"""A host with containers, as Docker leaves its rules, but without Docker: namespaces, a bridge and iptables-legacy.

    administrator .20 ─┐                          ┌─ grafana    .21, port 3000, published as 3000
    asterisk .10       ┼─ switch ─ wire [host] br-voicebot ─ prometheus .20, port 9090, published as 9092
    stranger .66       ┘         .7               └─ pgadmin    .22, port 80, published on 127.0.0.1:5050 only

Outside 203.0.113.0/24 and 2001:db8:90::/64, inside 172.30.90.0/24 and fd90:7aa5:9090::/64. The rules are those that
`iptables-save` shows of Docker 26.1 and 28.2 (moby, integration/network/bridge/iptablesdoc/generated), reduced to one
bridge.
"""

import asyncio
import os
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

from app.errors import VoicebotError
from tests.lab.network import on_host, run

HOST = "docker-host"
PEERS = {"asterisk": 10, "administrator": 20, "stranger": 66}
CONTAINERS = {"prometheus": (20, 9090), "grafana": (21, 3000), "pgadmin": (22, 80)}
"""Last part of the address, own port."""
PUBLISHED = {"prometheus": 9092, "grafana": 3000}
LOOPBACK_PORT = 5050
OUTSIDE = {4: "203.0.113", 6: "2001:db8:90:"}
INSIDE = {4: "172.30.90", 6: "fd90:7aa5:9090:"}
BRIDGE = "br-voicebot"
PROGRAMS = {4: "iptables-legacy", 6: "ip6tables-legacy"}
PROBE_TIMEOUT_S = 1.0
"""A dropped packet is a connection that does not come about; in here one takes less than a millisecond."""


def address(net: str, number: int) -> str:
    return f"{net}{':' if ':' in net else '.'}{number}"


class DockerHost:
    """The host, its peers and its containers."""

    def __init__(self, directory: Path) -> None:
        self.table = directory / "firewall.yaml"
        self.alternatives = directory / "alternatives"

    async def build(self) -> None:
        """Makes all of it; containers listen.

        Raises:
            VoicebotError: the system would not let us.
        """
        await self._pin_to_legacy()
        await self._namespace("fw-switch")
        await self._bridge("fw-switch", "bridge")
        await self._plugged_host(HOST, 7)
        for name, number in PEERS.items():
            await self._plugged_host(name, number)
        await self._bridge(HOST, BRIDGE)
        for version, length in ((4, 24), (6, 64)):
            words = (f"{address(INSIDE[version], 1)}/{length}", "dev", BRIDGE, *(("nodad",) if version == 6 else ()))
            await self.on(HOST, "ip", "address", "add", *words)
        settings = (
            "net.ipv4.ip_forward=1",
            "net.ipv6.conf.all.forwarding=1",
            f"net.ipv4.conf.{BRIDGE}.route_localnet=1",
        )
        await self.on(HOST, "sysctl", "-q", "-w", *settings)
        for name, (number, _) in CONTAINERS.items():
            await self._cable(name, HOST, BRIDGE, INSIDE, number)
            for version in (4, 6):
                await self.on(name, "ip", f"-{version}", "route", "add", "default", "via", address(INSIDE[version], 1))
        for name in PEERS:  # they try the containers' own addresses, too
            for version, length in ((4, 24), (6, 64)):
                net = f"{address(INSIDE[version], 0)}/{length}"
                words = ("route", "add", net, "via", address(OUTSIDE[version], 7))
                await self.on(name, "ip", f"-{version}", *words)
            # 127.0.0.1 is theirs no more: packets for it go to the host.
            await self.on(name, "ip", "address", "flush", "dev", "lo")
            await self.on(name, "sysctl", "-q", "-w", "net.ipv4.conf.all.route_localnet=1")
            await self.on(name, "ip", "route", "add", "127.0.0.1", "via", address(OUTSIDE[4], 7))

    async def _pin_to_legacy(self) -> None:
        """The host's `iptables` is the legacy one; only in this laboratory's mount namespace."""
        await run("cp", "-a", "/etc/alternatives", str(self.alternatives))
        for program in ("iptables", "ip6tables"):
            for ending in ("", "-save", "-restore"):
                link = self.alternatives / f"{program}{ending}"
                link.unlink(missing_ok=True)
                link.symlink_to(f"/usr/sbin/{program}-legacy{ending}")
        await run("mount", "--bind", str(self.alternatives), "/etc/alternatives")

    async def tear_down(self) -> None:
        """Takes it away."""
        await run("umount", "/etc/alternatives")
        for name in (*CONTAINERS, *PEERS, HOST, "fw-switch"):
            await run("ip", "netns", "delete", name)

    async def _bridge(self, where: str, name: str) -> None:
        await self.on(where, "ip", "link", "add", name, "type", "bridge", "stp_state", "0", "forward_delay", "0")
        await self.on(where, "ip", "link", "set", name, "up")

    async def _namespace(self, name: str) -> None:
        await run("ip", "netns", "add", name)
        # No looking for doubles: for a second or two, neighbours could not find each other in IPv6.
        settings = ("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0")
        await self.on(name, "sysctl", "-q", "-w", *settings)
        await self.on(name, "ip", "link", "set", "lo", "up")

    async def _plugged_host(self, name: str, number: int) -> None:
        await self._cable(name, "fw-switch", "bridge", OUTSIDE, number)

    async def _cable(self, name: str, where: str, bridge: str, nets: dict[int, str], number: int) -> None:
        await self._namespace(name)
        await self.on(
            where, "ip", "link", "add", f"v-{name[:12]}", "type", "veth", "peer", "name", "wire", "netns", name
        )
        for version, length in ((4, 24), (6, 64)):
            words = (f"{address(nets[version], number)}/{length}", "dev", "wire", *(("nodad",) if version == 6 else ()))
            await self.on(name, "ip", "address", "add", *words)
        await self.on(name, "ip", "link", "set", "wire", "up")
        await self.on(where, "ip", "link", "set", f"v-{name[:12]}", "master", bridge, "up")

    async def on(self, host: str, *words: str) -> str:
        """Runs a program on a host."""
        return await run("ip", "netns", "exec", host, *words)

    # What Docker does

    async def docker_starts(self, version: str) -> None:
        """Its rules as they are after its start; those in DOCKER-USER stay as they were (moby, setupUserChain)."""
        for ip, program in PROGRAMS.items():
            for chain in ("DOCKER", "DOCKER-USER", "DOCKER-FORWARD"):
                await self._if_it_can(program, "-N", chain)
            await self._if_it_can(program, "-t", "nat", "-N", "DOCKER")
            await self._if_it_can(program, "-D", "FORWARD", "-j", "DOCKER-USER")
            await self._if_it_can(program, "-D", "FORWARD", "-j", "DOCKER-FORWARD")
            await self.on(HOST, f"{program}-restore", "--noflush", self._docker_rules(ip, version))
            if version < "28.2" and not await self._if_it_can(program, "-C", "DOCKER-USER", "-j", "RETURN"):
                await self.on(HOST, program, "-A", "DOCKER-USER", "-j", "RETURN")

    async def _if_it_can(self, *words: str) -> bool:
        try:
            await self.on(HOST, *words)
        except VoicebotError:
            return False
        return True

    def _docker_rules(self, ip: int, version: str) -> str:
        """A file for iptables-restore."""
        nat = ["-F DOCKER", "-A PREROUTING -m addrtype --dst-type LOCAL -j DOCKER"]
        own = ["-F DOCKER"]
        for name, (number, port) in CONTAINERS.items():
            inside = address(INSIDE[ip], number)
            target = f"[{inside}]:{port}" if ip == 6 else f"{inside}:{port}"
            published = PUBLISHED.get(name, LOOPBACK_PORT)
            where = "" if name in PUBLISHED else f"-d {'127.0.0.1' if ip == 4 else '::1'} "
            nat.append(f"-A DOCKER {where}! -i {BRIDGE} -p tcp --dport {published} -j DNAT --to-destination {target}")
            own.append(f"-A DOCKER -d {inside} ! -i {BRIDGE} -o {BRIDGE} -p tcp --dport {port} -j ACCEPT")
        net = f"{address(INSIDE[ip], 0)}/{24 if ip == 4 else 64}"
        nat.append(f"-A POSTROUTING -s {net} ! -o {BRIDGE} -j MASQUERADE")
        # Without the userland proxy the host itself reaches its published ports by these.
        nat.append("-A OUTPUT -m addrtype --dst-type LOCAL -j DOCKER")
        nat.append(f"-A POSTROUTING -o {BRIDGE} -m addrtype --src-type LOCAL -j MASQUERADE")
        own += [
            "-F DOCKER-FORWARD",
            f"-A DOCKER-FORWARD -o {BRIDGE} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT",
            f"-A DOCKER-FORWARD -o {BRIDGE} -j DOCKER",
            f"-A DOCKER-FORWARD -i {BRIDGE} -j ACCEPT",
            "-I FORWARD -j DOCKER-FORWARD",
            "-I FORWARD -j DOCKER-USER",
        ]
        text = "\n".join(["*nat", *nat, "COMMIT", "*filter", ":FORWARD DROP [0:0]", *own, "COMMIT", ""])
        file = self.table.with_name(f"docker-{version}-ipv{ip}")
        file.write_text(text)
        return str(file)

    async def flushed(self) -> None:
        """What somebody does who wants to clean up."""
        for program in PROGRAMS.values():
            for table in ("filter", "nat", "raw"):
                await self.on(HOST, program, "-t", table, "-F")

    # The command

    async def voicebot(self, *words: str) -> tuple[int, str]:
        """`voicebot firewall …` on the host: exit code, and what it said."""
        process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", HOST, sys.executable, "-W", "ignore", "-m", "app", "firewall", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, "COLUMNS": "200"},
        )
        said, _ = await process.communicate()
        assert process.returncode is not None
        return process.returncode, said.decode()

    # Packets

    @asynccontextmanager
    async def listening(self) -> AsyncIterator[None]:
        """Every container says its name to whoever connects; so does every peer, on port 7."""
        servers = []
        for name, port in ((name, CONTAINERS.get(name, (0, 7))[1]) for name in (*CONTAINERS, *PEERS)):

            async def answer(
                reader: asyncio.StreamReader, writer: asyncio.StreamWriter, word: bytes = name.encode() + b"\n"
            ) -> None:
                writer.write(word)
                while line := await reader.readline():
                    writer.write(line)
                writer.close()

            servers.append(await asyncio.start_server(answer, sock=on_host(name, partial(listener, port))))
        try:
            yield
        finally:
            for server in servers:
                server.close()

    async def connect(self, peer: str, to: str, port: int) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection from a peer.

        Raises:
            OSError: it was refused, or did not come about in time.
        """
        kind = socket.AF_INET6 if ":" in to else socket.AF_INET

        def made() -> socket.socket:
            one = socket.socket(kind, socket.SOCK_STREAM)
            one.setblocking(False)
            return one

        one = on_host(peer, made)
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                await asyncio.get_running_loop().sock_connect(one, (to, port))
        except OSError:
            one.close()
            raise
        return await asyncio.open_connection(sock=one)

    async def answers(self, peer: str, to: str, port: int) -> str:
        """Who answers there, or nobody: ""."""
        try:
            reader, writer = await self.connect(peer, to, port)
        except OSError:
            return ""
        try:
            async with asyncio.timeout(PROBE_TIMEOUT_S):
                return (await reader.readline()).decode().strip()
        except OSError:
            return ""
        finally:
            writer.close()


def listener(port: int) -> socket.socket:
    """A socket for IPv4 and IPv6."""
    return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)

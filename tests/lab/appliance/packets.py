"""Everybody knocks at every door of the appliance; what came of it, and as a table."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.lab.appliance import knock
from tests.lab.appliance.doors import WHO, Way, ways
from tests.lab.appliance.forgotten import forgotten
from tests.lab.appliance.host import Host
from tests.lab.appliance.outside import HOST, address4, address6

Outcomes = dict[tuple[str, Way], str]
"""Who, by which way: an outcome of `knock.py`."""

SCRIPT = Path(knock.__file__)
INSIDE = "/root/knock.py"
"""The same, on the host."""
SETTLED_S = 120.0
"""The longest that the appliance may take, after a boot, to answer everybody who may get in."""
KNOCK_TIMEOUT_S = 60.0
ROUTES = {
    "-4": ("127.0.0.1", "172.30.90.0/24", "172.17.0.0/16"),
    "-6": ("::1", "fd90:7aa5:9090::/64"),
}
"""What peers send to the host though it is not theirs to send: its loopback, its containers."""
LETTERS = {"asterisk": "A", "administrator": "D", "stranger": "S"}


class Packets:
    """All who knock.

    Args:
        host: where the doors are.

    Attributes:
        seen: what came of it, by what had happened before.
    """

    def __init__(self, host: Host, seen: dict[str, Outcomes]) -> None:
        self.host = host
        self.seen = seen

    @classmethod
    @contextmanager
    def on(cls, host: Host, seen: dict[str, Outcomes]) -> Iterator["Packets"]:
        """On an appliance where somebody forgot a thing or two; peers try every address.

        Raises:
            VoicebotError: what was forgotten does not start.
        """
        packets = cls(host, seen)
        with forgotten(host), packets.by_every_way():
            yield packets

    @contextmanager
    def by_every_way(self) -> Iterator[None]:
        """Peers have routes to what is none of their business; their own loopback is away meanwhile.

        Containers have none of this, but the program that knocks.
        """
        (self.host.directory / "root" / INSIDE.lstrip("/")).write_text(SCRIPT.read_text())
        there = {"-4": address4(HOST), "-6": address6(HOST)}
        routes = [(version, net) for version, nets in ROUTES.items() for net in nets]
        take = [
            "sysctl -qw net.ipv4.conf.all.route_localnet=1",
            "ip address flush dev lo",
            "ip -6 address flush dev lo",
        ]
        take += [f"ip {version} route replace {net} via {there[version]}" for version, net in routes]
        give_back = ["sysctl -qw net.ipv4.conf.all.route_localnet=0"]
        give_back += [f"ip {version} route delete {net}" for version, net in routes]
        give_back += ["ip address add 127.0.0.1/8 dev lo", "ip address add ::1/128 dev lo"]
        for who in WHO:
            self.host.peer(who).run(" && ".join(take))
        try:
            yield
        finally:
            for who in WHO:
                self.host.peer(who).run("; ".join(give_back))

    def knock(self) -> Outcomes:
        """Everybody knocks by every way, all at once."""
        found = ways(self.host)
        asked = json.dumps([way.knock for way in found])
        running = {who: self._knocking(who, asked) for who in WHO}
        outcomes: Outcomes = {}
        for who, process in running.items():
            said, _ = process.communicate(timeout=KNOCK_TIMEOUT_S)
            outcomes |= {(who, way): came for way, came in zip(found, json.loads(said), strict=True)}
        return outcomes

    def settle(self) -> Outcomes:
        """Waits until all answer who shall.

        Raises:
            AssertionError: they do not, or somebody else was let in meanwhile; it names them.
        """
        end_s = time.monotonic() + SETTLED_S
        while True:
            outcomes = self.knock()
            wanted = may_pass(outcomes)
            intruders = let_in(outcomes) - wanted
            assert not intruders, f"let in: {shown(intruders)}"
            shut_out = {one for one in wanted if outcomes[one] != "answers"}
            if not shut_out:
                return outcomes
            assert time.monotonic() < end_s, f"shut out: {shown(shut_out)}"

    @contextmanager
    def stranger_tries(self) -> Iterator[None]:
        """Meanwhile a stranger knocks without a pause.

        Raises:
            AssertionError: something opened that shall not.
        """
        doors = [way.knock for way in ways(self.host) if "stranger" not in way.door.to]
        process = self._knocking("stranger", json.dumps(doors), "--until-closed")
        try:
            yield
        finally:
            said, _ = process.communicate(timeout=KNOCK_TIMEOUT_S)
        opened = json.loads(said)
        assert not opened, f"meanwhile a stranger got through to {opened}"

    def reached_from(self, container: str, knocks: list[tuple[str, int, str]]) -> list[str]:
        """What comes of knocks from inside a container."""
        pid = self.host.run(f"docker inspect --format '{{{{.State.Pid}}}}' {container}").stdout.strip()
        said = self.host.run(f"nsenter --target={pid} --net python3 {INSIDE} '{json.dumps(knocks)}'").stdout
        return list(json.loads(said))

    def _knocking(self, who: str, asked: str, *words: str) -> "subprocess.Popen[str]":
        command = self.host.peer(who).words('exec "$0" "$@"')
        return subprocess.Popen(
            [*command, sys.executable, str(SCRIPT), *words, asked],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )


def may_pass(outcomes: Outcomes) -> set[tuple[str, Way]]:
    """Who may get in, by which way."""
    return {(who, way) for who, way in outcomes if who in way.door.to}


def let_in(outcomes: Outcomes) -> set[tuple[str, Way]]:
    """Whose packets came through, whatever the program behind the door then made of them."""
    return {one for one, came in outcomes.items() if came != "silence"}


def shown(knocks: set[tuple[str, Way]]) -> str:
    """For a message."""
    return "; ".join(sorted(f"{who} → {way.address} {way.door.port} ({way.door.name})" for who, way in knocks))


def table(seen: dict[str, Outcomes]) -> list[str]:
    """Lines; a cell says whose packets came through, at each address of that kind.

    A is the Asterisk, D an administrator, S a stranger; capital letters were answered, small ones turned away by the
    program; a hyphen: nobody listens there, and the host said so; a dot: no packet came through.
    """
    rows: dict[tuple[str, str], dict[str, list[str]]] = {}
    for state, outcomes in seen.items():
        for way in dict.fromkeys(way for _, way in outcomes):
            who = "".join(_letter(letter, outcomes[name, way]) for name, letter in LETTERS.items())
            row = rows.setdefault((way.kind, f"{way.door.name} {way.door.port}"), {})
            row.setdefault(state, []).append(who)
    head = f"{'':38}" + "".join(f"{state:>16}" for state in seen)
    return [head] + [
        f"{kind:11}{door:27}" + "".join(f"{' '.join(cells.get(state, [])):>16}" for state in seen)
        for (kind, door), cells in rows.items()
    ]


def _letter(letter: str, came: str) -> str:
    if came in ("silence", "reset"):
        return "·" if came == "silence" else "-"
    return letter if came == "answers" else letter.lower()

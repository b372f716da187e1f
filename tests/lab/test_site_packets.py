"""What gets through to the appliance, by packets: whoever knocks, by every way, whatever has happened to the host.

It stands behind `test_site.py` in the alphabet, which wants the host bare, and looks at it when it is fresh and
during the second run; alone, it makes the appliance first.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio

from tests.lab.appliance.doors import (
    BRIDGE4,
    BRIDGE6,
    CONTAINERS,
    DOORS,
    FORGOTTEN_CONTAINER,
    FORGOTTEN_SERVICE,
    LOOPBACK_CONTAINER,
    Way,
)
from tests.lab.appliance.gateway import PORT as GATEWAY_PORT
from tests.lab.appliance.installation import Installation, until
from tests.lab.appliance.outside import address4, address6
from tests.lab.appliance.packets import Outcomes, Packets, let_in, may_pass

pytestmark = pytest.mark.timeout(900)

LISTS = ("/etc/voicebot/voicebot.env", "/etc/voicebot/dashboard/dashboard.env")
TABLE_FILE = "/etc/voicebot/firewall.yaml"
STANDS = "all rules stand"
INSIDE = {"SSH"}
"""What every container reaches of the host."""
PROMETHEUS = INSIDE | {"metrics", "node exporter"}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def packets(appliance: Installation, seen: dict[str, Outcomes]) -> AsyncIterator[Packets]:
    """The appliance, and on it what somebody forgot there; peers that try every address."""
    with Packets.on(appliance.host, seen) as packets:
        yield packets


async def knocked(packets: Packets) -> Outcomes:
    return await asyncio.to_thread(packets.knock)


async def settled(packets: Packets) -> Outcomes:
    return await asyncio.to_thread(packets.settle)


async def nothing_happens(appliance: Installation) -> None:
    """As the run left it."""


async def docker_restarts(appliance: Installation) -> None:
    await appliance.run("systemctl restart docker")


async def ufw_reloads(appliance: Installation) -> None:
    await appliance.run("ufw reload")


async def somebody_cleans_up(appliance: Installation) -> None:
    await appliance.run("iptables -F && ip6tables -F && systemctl restart docker")


async def host_reboots(appliance: Installation) -> None:
    await asyncio.to_thread(appliance.host.reboot)


STATES: dict[str, Callable[[Installation], Awaitable[None]]] = {
    "fresh": nothing_happens,
    "docker restart": docker_restarts,
    "ufw reload": ufw_reloads,
    "flush, docker": somebody_cleans_up,
    "reboot": host_reboots,
}


@pytest.mark.parametrize("state", STATES)
async def test_only_what_should_pass_passes(appliance: Installation, packets: Packets, state: str) -> None:
    """Before, meanwhile and after; and what containers need goes on."""
    with packets.stranger_tries():
        await STATES[state](appliance)
        # `test_site.py` saw it fresh from the first run, if it ran.
        packets.seen[state if state not in packets.seen else "later"] = await settled(packets)
    assert await appliance.run("voicebot firewall status") == STANDS
    await inside_works(packets)


async def inside_works(packets: Packets) -> None:
    """Containers reach the world; of the host only SSH, and Prometheus the metrics."""
    world = [(address("gateway"), GATEWAY_PORT, "/") for address in (address4, address6)]
    doors = [(address, door) for address in (BRIDGE4, BRIDGE6) for door in DOORS if not door.container]
    knocks = [*world, *((address, door.port, door.protocol) for address, door in doors)]
    for name, outcomes in zip(
        CONTAINERS,
        await asyncio.gather(*(asyncio.to_thread(packets.reached_from, name, knocks) for name in CONTAINERS)),
        strict=True,
    ):
        assert "silence" not in outcomes[:2], name
        found = [door.name for (_, door), came in zip(doors, outcomes[2:], strict=True) if came != "silence"]
        assert sorted(found) == sorted([*PROMETHEUS, *PROMETHEUS] if name == "prometheus" else [*INSIDE, *INSIDE]), name


async def test_no_port_is_forgotten_here(appliance: Installation, packets: Packets) -> None:
    """What listens on the host, or is published, is one of those at which everybody knocks."""
    listening = (await appliance.run("ss --no-header --listening --tcp --udp --numeric")).splitlines()
    sockets = [line.split()[4] for line in listening]
    ports = {int(one.rpartition(":")[2]) for one in sockets if not one.startswith(("127.", "[::1]"))}
    published = await appliance.run("docker ps --format '{{.Ports}}'")
    ports |= {int(port) for port in re.findall(r":(\d+)->", published)}
    assert ports == {door.port for door in DOORS}


def of_host(outcomes: Outcomes) -> set[tuple[str, Way]]:
    """Whose packets came through to the host itself."""
    return {(who, way) for who, way in let_in(outcomes) if not way.door.container}


def of_containers(outcomes: Outcomes) -> set[tuple[str, Way]]:
    """Whose packets came through to a container; where none is published the host says that nobody listens."""
    return {one for one in let_in(outcomes) if one[1].door.container and outcomes[one] != "reset"}


async def ufw_is_off(appliance: Installation, packets: Packets) -> Outcomes:
    """Switches it off, and waits for its guard to go."""
    await appliance.run("ufw disable")

    async def everybody_answered() -> Outcomes:
        outcomes = await knocked(packets)
        services = [one for one in outcomes if one[1].kind == "host" and one[1].door.port == FORGOTTEN_SERVICE]
        return outcomes if all(outcomes[one] == "answers" for one in services) else {}

    return await until(everybody_answered, "UFW lets everybody in", 30)


async def test_without_ufw_the_others_hold(appliance: Installation, packets: Packets) -> None:
    """Containers stay behind DOCKER-USER; programs turn away whom they don't know."""
    try:
        packets.seen["no UFW"] = outcomes = await ufw_is_off(appliance, packets)
        assert of_containers(outcomes) == {one for one in may_pass(outcomes) if one[1].door.container}
        for (who, way), came in outcomes.items():
            # That one has nothing but UFW.
            if not way.door.container and way.door.port != FORGOTTEN_SERVICE and way.kind != "loopback":
                assert came in (("answers",) if who in way.door.to else ("refuses", "silence")), (who, way)
        said = await appliance.run("voicebot firewall status", check=False)
        assert "ipv4 filter INPUT: UFW is not active: ufw enable" in said
        assert "ipv6 filter INPUT: UFW is not active: ufw enable" in said
    finally:
        await appliance.run("ufw --force enable")
    await settled(packets)


async def test_without_docker_user_the_others_hold(appliance: Installation, packets: Packets) -> None:
    """The host's own ports stay behind UFW; the timer's metric says that something is missing."""
    await appliance.run("voicebot firewall remove")
    try:
        packets.seen["no DOCKER-USER"] = outcomes = await knocked(packets)
        assert of_host(outcomes) == {one for one in may_pass(outcomes) if not one[1].door.container}
        # Everybody is at the databases, and at what was published for this machine only: so it was off.
        there = {(who, way.door.port) for who, way in of_containers(outcomes)}
        assert {("stranger", 5432), ("stranger", FORGOTTEN_CONTAINER), ("stranger", LOOPBACK_CONTAINER)} <= there
        await appliance.run("systemctl start voicebot-firewall-status", check=False)
        assert await differs(appliance) > 0
    finally:
        await appliance.run("systemctl reload voicebot-firewall")
    await settled(packets)
    await appliance.run("systemctl start voicebot-firewall-status")
    assert await differs(appliance) == 0


async def differs(appliance: Installation) -> float:
    """The metric, as the file for node exporter has it."""
    text = await appliance.run("cat /var/lib/prometheus/node-exporter/voicebot-firewall.prom")
    (line,) = [line for line in text.splitlines() if line.startswith("voicebot_firewall_differs ")]
    return float(line.split()[1])


@asynccontextmanager
async def lists_that_let_everybody_in(appliance: Installation) -> AsyncIterator[None]:
    """The server's, and the dashboard's."""
    (number,) = await appliance.serving()
    restart = f"systemctl restart voicebot@{number} voicebot-dashboard"
    everybody = r"s#^\(METRICS_ALLOWED\|PERSONAL_IP\|REMOTE_ASTERISK_IP\)=.*#\1=0.0.0.0/0,::/0#"
    await appliance.run(f"sed --in-place=.kept '{everybody}' {' '.join(LISTS)} && {restart}")
    try:
        yield
    finally:
        await appliance.run(f"for file in {' '.join(LISTS)}; do mv $file.kept $file; done; {restart}")


async def test_without_the_programs_own_lists_the_others_hold(appliance: Installation, packets: Packets) -> None:
    async with lists_that_let_everybody_in(appliance):
        packets.seen["no lists"] = await settled(packets)
        try:
            outcomes = await ufw_is_off(appliance, packets)
            answered = {(who, way.door.port) for (who, way), came in outcomes.items() if came == "answers"}
            assert {("stranger", port) for port in (9090, 9091, 8501)} <= answered  # so they were off
        finally:
            await appliance.run("ufw --force enable")
    await settled(packets)


@asynccontextmanager
async def docker_stays_away(appliance: Installation, packets: Packets, wrong: str, right: str) -> AsyncIterator[str]:
    """Docker is restarted where something is wrong; what the firewall's unit said to that."""
    await appliance.run(wrong)
    try:
        with packets.stranger_tries():
            await appliance.run("systemctl restart docker", check=False)
            assert await appliance.run("systemctl is-active docker", check=False) != "active"
            yield await appliance.run("journalctl --unit voicebot-firewall --output cat --lines 20")
    finally:
        await appliance.run(f"{right}; systemctl reset-failed; systemctl start docker")
    await settled(packets)


async def test_docker_does_not_start_where_the_rules_cannot_be_written(
    appliance: Installation, packets: Packets
) -> None:
    """And says why; calls need no container and go on."""
    wrong = f"cp --archive {TABLE_FILE} {TABLE_FILE}.kept && echo 'inside: docker0' > {TABLE_FILE}"
    async with docker_stays_away(appliance, packets, wrong, f"mv {TABLE_FILE}.kept {TABLE_FILE}") as said:
        assert "inside is a list such as [docker0, br-voicebot], not 'docker0'" in said
        assert (await appliance.call("raccroche"))["ended_by"] == "caller"


async def test_docker_does_not_start_where_its_rules_would_be_in_the_other_backend(
    appliance: Installation, packets: Packets
) -> None:
    """Somebody pins the machine to nf_tables: ours would not reach there."""
    pin = "update-alternatives --set iptables /usr/sbin/iptables-"
    async with docker_stays_away(appliance, packets, f"{pin}nft", f"{pin}legacy") as said:
        assert f"{pin}legacy" in said

"""What gets through to the appliance, by packets: whoever knocks, by every way, whatever has happened to the host.

It stands behind `test_site.py` in the alphabet, which wants the host bare; alone, it makes the appliance first.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from tests.lab.appliance.installation import Installation

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
from tests.lab.appliance.outside import address4, address6
from tests.lab.appliance.packets import Outcomes, Packets, let_in, may_pass, table

pytestmark = pytest.mark.timeout(900)

STAND_IN_UNIT = """[Unit]
Description=A program on port %i
[Service]
ExecStart=/usr/bin/python3 -m http.server %i --bind :: --directory /srv
DynamicUser=yes
[Install]
WantedBy=multi-user.target
"""
DASHBOARD = 8501
TABLE_FILE = "/etc/voicebot/firewall.yaml"
STANDS = "all rules stand"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def packets(site: Installation, pytestconfig: pytest.Config) -> AsyncIterator[Packets]:
    """The appliance, and on it what somebody forgot there; peers that try every address. Prints a table at the end."""
    play = await site.play()
    assert play.code == 0, play.said[-3000:]
    (site.host.directory / "root/etc/systemd/system/stand-in@.service").write_text(STAND_IN_UNIT)
    listening = await site.run("ss --no-header --listening --tcp --numeric")
    ports = [port for port in (DASHBOARD, FORGOTTEN_SERVICE) if f":{port} " not in listening]
    units = " ".join(f"stand-in@{port}" for port in ports)
    await site.run(f"systemctl daemon-reload; systemctl enable --now {units}")
    published = (FORGOTTEN_CONTAINER, f"127.0.0.1:{LOOPBACK_CONTAINER}", f"[::1]:{LOOPBACK_CONTAINER}")
    words = [
        "docker run --detach --name forgotten --restart unless-stopped",
        *(f"--publish {one}:8080" for one in published),
    ]
    words += ["--entrypoint python3 voicebot-lab/grafana:0 /usr/local/bin/listener.py forgotten 8080"]
    await site.run(" ".join(words))
    found = Packets(site.host)
    with found.by_every_way():
        yield found
    await site.run(f"docker rm --force forgotten; systemctl disable --now {units}")
    (site.host.directory / "root/etc/systemd/system/stand-in@.service").unlink()
    reporter = pytestconfig.pluginmanager.getplugin("terminalreporter")
    assert reporter is not None
    for line in ("", *table(found.seen)):
        reporter.write_line(line)


async def knocked(packets: Packets) -> Outcomes:
    return await asyncio.to_thread(packets.knock)


async def settled(packets: Packets) -> Outcomes:
    return await asyncio.to_thread(packets.settle)


async def nothing_happens(site: Installation) -> None:
    """As the run left it."""


async def docker_restarts(site: Installation) -> None:
    await site.run("systemctl restart docker")


async def ufw_reloads(site: Installation) -> None:
    await site.run("ufw reload")


async def somebody_cleans_up(site: Installation) -> None:
    await site.run("iptables -F && ip6tables -F && systemctl restart docker")


async def host_reboots(site: Installation) -> None:
    await asyncio.to_thread(site.host.reboot)


async def second_run(site: Installation) -> None:
    play = await site.play()
    assert play.code == 0, play.said[-3000:]
    assert play.counts["changed"] == 0, play.said


STATES: dict[str, Callable[[Installation], Awaitable[None]]] = {
    "fresh": nothing_happens,
    "docker restart": docker_restarts,
    "ufw reload": ufw_reloads,
    "flush, docker": somebody_cleans_up,
    "reboot": host_reboots,
    "second run": second_run,
}


@pytest.mark.parametrize("state", STATES)
async def test_only_what_should_pass_passes(site: Installation, packets: Packets, state: str) -> None:
    """Before, meanwhile and after; and what containers need goes on."""
    with packets.stranger_tries():
        await STATES[state](site)
        packets.seen[state] = await settled(packets)
    assert await site.run("voicebot firewall status") == STANDS
    await inside_works(packets)


async def inside_works(packets: Packets) -> None:
    """Containers reach the world; of the host only SSH, and Prometheus the metrics."""
    doors = [door for door in DOORS if not door.container]
    world = [(address("gateway"), GATEWAY_PORT, "/") for address in (address4, address6)]
    knocks = [(address, door.port, door.protocol) for address in (BRIDGE4, BRIDGE6) for door in doors]
    for name in CONTAINERS:
        outcomes = await asyncio.to_thread(packets.reached_from, name, [*world, *knocks])
        assert "silence" not in outcomes[:2], name
        found = {
            (address, door.name)
            for (address, door), came in zip(
                [(address, door) for address in (BRIDGE4, BRIDGE6) for door in doors], outcomes[2:], strict=True
            )
            if came != "silence"
        }
        reached = {"SSH", "metrics"} if name == "prometheus" else {"SSH"}
        assert found == {(address, one) for address in (BRIDGE4, BRIDGE6) for one in reached}, name


def of_host(outcomes: Outcomes) -> set[tuple[str, Way]]:
    """Whose packets came through to a program of the host itself."""
    return {(who, way) for who, way in let_in(outcomes) if not way.door.container}


def of_containers(outcomes: Outcomes) -> set[tuple[str, Way]]:
    return let_in(outcomes) - of_host(outcomes)


async def test_without_ufw_the_others_hold(site: Installation, packets: Packets) -> None:
    """Containers stay behind DOCKER-USER; the server turns away whom it does not know."""
    await site.run("ufw disable")
    try:
        packets.seen["no UFW"] = outcomes = await knocked(packets)
        assert of_containers(outcomes) == {one for one in may_pass(outcomes) if one[1].door.container}
        for (who, way), came in outcomes.items():
            if way.kind == "host" and way.door.port == FORGOTTEN_SERVICE:
                assert came == "answers"  # so UFW was off
            if way.door.port in (9090, 9091) and not way.door.container:
                assert came in (("answers",) if who in way.door.to else ("refuses", "silence")), (who, way)
        said = await site.run("voicebot firewall status", check=False)
        assert "ipv4 filter INPUT: UFW is not active: ufw enable" in said
        assert "ipv6 filter INPUT: UFW is not active: ufw enable" in said
    finally:
        await site.run("ufw --force enable")
    await settled(packets)


async def test_without_docker_user_the_others_hold(site: Installation, packets: Packets) -> None:
    """The host's own ports stay behind UFW; the timer's metric says that something is missing."""
    await site.run("voicebot firewall remove")
    try:
        packets.seen["no DOCKER-USER"] = outcomes = await knocked(packets)
        assert of_host(outcomes) == {one for one in may_pass(outcomes) if not one[1].door.container}
        # Everybody is at the databases, and at what was published for this machine only: so it was off.
        there = {(who, way.door.port) for who, way in of_containers(outcomes)}
        assert {("stranger", 5432), ("stranger", FORGOTTEN_CONTAINER), ("stranger", LOOPBACK_CONTAINER)} <= there
        await site.run("systemctl start voicebot-firewall-status", check=False)
        assert await differs(site) > 0
    finally:
        await site.run("systemctl reload voicebot-firewall")
    await settled(packets)
    await site.run("systemctl start voicebot-firewall-status")
    assert await differs(site) == 0


async def differs(site: Installation) -> float:
    """The metric, as the file for node exporter has it."""
    text = await site.run("cat /var/lib/prometheus/node-exporter/voicebot-firewall.prom")
    (line,) = [line for line in text.splitlines() if line.startswith("voicebot_firewall_differs ")]
    return float(line.split()[1])


@asynccontextmanager
async def lists_that_let_everybody_in(site: Installation) -> AsyncIterator[None]:
    """The server's own."""
    everybody = "0.0.0.0/0,::/0"
    edit = [f"-e 's#^{name}=.*#{name}=\"{everybody}\"#'" for name in ("METRICS_ALLOWED", "REMOTE_ASTERISK_IP")]
    (number,) = await site.serving()
    file = "/etc/voicebot/voicebot.env"
    await site.run(
        f"cp --archive {file} {file}.kept; sed -i {' '.join(edit)} {file}; systemctl restart voicebot@{number}"
    )
    try:
        yield
    finally:
        await site.run(f"mv {file}.kept {file}; systemctl restart voicebot@{number}")


async def test_without_the_servers_own_lists_the_others_hold(site: Installation, packets: Packets) -> None:
    async with lists_that_let_everybody_in(site):
        packets.seen["no lists"] = await settled(packets)
        await site.run("ufw disable")
        try:
            outcomes = await knocked(packets)
            answered = {(who, way.door.port) for (who, way), came in outcomes.items() if came == "answers"}
            assert {("stranger", 9090), ("stranger", 9091)} <= answered  # so they were off
        finally:
            await site.run("ufw --force enable")
    await settled(packets)


async def test_docker_does_not_start_where_the_rules_cannot_be_written(site: Installation, packets: Packets) -> None:
    """And says why; calls need no container and go on."""
    await site.run(f"cp --archive {TABLE_FILE} {TABLE_FILE}.kept; echo 'outside: eth0' > {TABLE_FILE}")
    try:
        with packets.stranger_tries():
            await site.run("systemctl restart docker", check=False)
            assert await site.run("systemctl is-active docker", check=False) != "active"
            said = await site.run("journalctl --unit voicebot-firewall --output cat --lines 20")
            assert "outside is a list such as [eth0], not 'eth0'" in said
            assert (await site.call("raccroche"))["ended_by"] == "caller"
    finally:
        await site.run(f"mv {TABLE_FILE}.kept {TABLE_FILE}; systemctl reset-failed; systemctl start docker")
    await settled(packets)


async def test_nft_is_refused_and_docker_stays_away(site: Installation, packets: Packets) -> None:
    """Where somebody pins the machine to the other backend, Docker would write its rules where ours don't reach."""
    await site.run("update-alternatives --set iptables /usr/sbin/iptables-nft")
    try:
        with packets.stranger_tries():
            await site.run("systemctl restart docker", check=False)
            assert await site.run("systemctl is-active docker", check=False) != "active"
            said = await site.run("journalctl --unit voicebot-firewall --output cat --lines 20")
            assert "update-alternatives --set iptables /usr/sbin/iptables-legacy" in said
    finally:
        await site.run("update-alternatives --set iptables /usr/sbin/iptables-legacy")
        await site.run("systemctl reset-failed; systemctl start docker")
    await settled(packets)


async def test_an_administrator_comes_and_goes_in_seconds(site: Installation, packets: Packets) -> None:
    """A connection to a container and one to the host stay open meanwhile."""
    administrators = [address4("administrator"), address6("administrator")]
    play = await site.play("--tags", "firewall", voicebot_administrators=[*administrators, address4("stranger")])
    assert play.code == 0, play.said[-3000:]
    print(f"an administrator more: {play.took_s:.0f} s")
    outcomes = await knocked(packets)
    came = {way.door.port for who, way in let_in(outcomes) if who == "stranger" and way.kind == "host"}
    assert came == {22, 9091, 8501, 5432, 5433, 9092, 3000, 5050}
    play = await site.play("--tags", "firewall")
    assert play.code == 0, play.said[-3000:]
    await settled(packets)

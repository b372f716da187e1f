"""`voicebot firewall` with real tables and real packets, IPv4 and IPv6, in front of what Docker leaves behind."""

import asyncio
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.lab.docker_host import (
    BRIDGE,
    CONTAINERS,
    HOST,
    INSIDE,
    LOOPBACK_PORT,
    OUTSIDE,
    PEERS,
    PROGRAMS,
    PUBLISHED,
    DockerHost,
    address,
)

DOCKERS = ("26.1", "28.2")
Answer = dict[tuple[str, str, int], str]
"""(peer, address, port): who answered."""


@pytest_asyncio.fixture(loop_scope="session")
async def host(tmp_path: Path) -> AsyncIterator[DockerHost]:
    """Bare: neither Docker nor the firewall has been there."""
    host = DockerHost(tmp_path)
    await host.build()
    write_table(host, "administrator")
    async with host.listening():
        yield host
    await host.tear_down()


def write_table(host: DockerHost, *administrators: str, inside: str = BRIDGE) -> None:
    networks = [address(net, PEERS[name]) for name in administrators for net in OUTSIDE.values()]
    containers = [
        {"name": name, "addresses": [address(net, number) for net in INSIDE.values()], "port": port}
        for name, (number, port) in CONTAINERS.items()
    ]
    content = {"administrators": networks, "inside": [inside], "containers": containers, "ufw": False}
    host.table.write_text(json.dumps(content))


async def apply(host: DockerHost) -> str:
    code, said = await host.voicebot("apply", "--table", str(host.table))
    assert code == 0, said
    return said


async def packets(host: DockerHost) -> Answer:
    """Every peer knocks everywhere."""
    doors = [(address(net, 7), port) for net in OUTSIDE.values() for port in PUBLISHED.values()]
    doors += [(address(net, number), port) for net in INSIDE.values() for number, port in CONTAINERS.values()]
    doors.append(("127.0.0.1", LOOPBACK_PORT))
    knocks = [(peer, to, port) for peer in PEERS for to, port in doors]
    return dict(zip(knocks, await asyncio.gather(*(host.answers(*knock) for knock in knocks)), strict=True))


def may_pass() -> Answer:
    """What must get through, and nothing else may: administrators, to published ports."""
    return {
        ("administrator", address(net, 7), port): name for net in OUTSIDE.values() for name, port in PUBLISHED.items()
    }


async def check(host: DockerHost) -> None:
    """The right ones pass, the others don't, containers still reach the world and each other, and status agrees."""
    passed = {knock: who for knock, who in (await packets(host)).items() if who}
    assert passed == may_pass()
    for version, net in OUTSIDE.items():
        assert await host.answers("grafana", address(net, PEERS["stranger"]), 7) == "stranger"
        assert await host.answers("grafana", address(INSIDE[version], 20), 9090) == "prometheus"
    assert await host.answers(HOST, "127.0.0.1", LOOPBACK_PORT) == "pgadmin"
    code, said = await host.voicebot("status", "--table", str(host.table))
    assert (code, said) == (0, "all rules stand\n")


@pytest.mark.parametrize("docker", DOCKERS)
async def test_without_it_strangers_get_in_everywhere(host: DockerHost, docker: str) -> None:
    """What it is there for; and the proof that the packets of the other tests could have passed."""
    await host.docker_starts(docker)
    assert all((await packets(host)).values())


@pytest.mark.parametrize("docker", DOCKERS)
async def test_docker_starts_behind_it(host: DockerHost, docker: str) -> None:
    await apply(host)
    await host.docker_starts(docker)
    await check(host)
    assert await apply(host) == "nothing to do: all rules stand\n"


@pytest.mark.parametrize("docker", DOCKERS)
async def test_docker_is_there_already_and_starts_again(host: DockerHost, docker: str) -> None:
    await host.docker_starts(docker)
    await apply(host)
    await check(host)
    await host.docker_starts(docker)
    await check(host)
    assert await apply(host) == "nothing to do: all rules stand\n"


@pytest.mark.parametrize("docker", DOCKERS)
async def test_after_somebody_cleaned_up(host: DockerHost, docker: str) -> None:
    """As the units do it: the rules, then Docker."""
    await host.docker_starts(docker)
    await apply(host)
    await host.flushed()
    code, said = await host.voicebot("status", "--table", str(host.table))
    assert code == 1
    assert "ipv4 filter VOICEBOT-EDGE: missing" in said
    assert "ipv6 filter VOICEBOT-EDGE: missing" in said
    await apply(host)
    await host.docker_starts(docker)
    await check(host)


async def test_a_rule_in_front_that_opens_is_found_and_overtaken(host: DockerHost) -> None:
    await host.docker_starts("28.2")
    await apply(host)
    for program in PROGRAMS.values():
        await host.on(HOST, program, "-I", "DOCKER-USER", "-j", "RETURN")
    assert (await packets(host))["stranger", address(OUTSIDE[4], 7), 3000] == "grafana"
    code, said = await host.voicebot("status", "--table", str(host.table))
    assert code == 1
    assert said.count("stands in front of ours and may let packets pass: -j RETURN") == 2
    await apply(host)
    await check(host)


async def test_a_rule_of_somebody_else_stays(host: DockerHost) -> None:
    await host.docker_starts("26.1")
    await host.on(HOST, "iptables-legacy", "-N", "f2b")
    await host.on(HOST, "iptables-legacy", "-I", "DOCKER-USER", "-j", "f2b")
    await host.on(HOST, "iptables-legacy", "-A", "f2b", "-s", address(OUTSIDE[4], PEERS["administrator"]), "-j", "DROP")
    await apply(host)
    answers = await packets(host)
    assert answers["administrator", address(OUTSIDE[4], 7), 3000] == ""
    assert answers["administrator", address(OUTSIDE[6], 7), 3000] == "grafana"
    assert "-A DOCKER-USER -j f2b" in await host.on(HOST, "iptables-legacy", "-S")


async def test_somebody_comes_and_goes_and_no_connection_breaks(host: DockerHost) -> None:
    await host.docker_starts("26.1")
    await apply(host)
    door = (address(OUTSIDE[4], 7), PUBLISHED["prometheus"])
    reader, writer = await host.connect("administrator", *door)
    assert await reader.readline() == b"prometheus\n"
    write_table(host, "stranger")
    await apply(host)
    assert await host.answers("stranger", *door) == "prometheus"
    assert await host.answers("administrator", *door) == ""
    writer.write(b"still here\n")
    assert await reader.readline() == b"still here\n"
    writer.close()
    write_table(host, "administrator")
    await apply(host)
    await check(host)


async def test_everything_is_written_at_one_blow(host: DockerHost) -> None:
    """While tables are written again and again, no packet of a stranger slips through."""
    await host.docker_starts("26.1")
    await apply(host)
    door = (address(OUTSIDE[4], 7), PUBLISHED["grafana"])
    done = asyncio.Event()

    async def knock() -> list[str]:
        heard = []
        while not done.is_set():
            heard += await asyncio.gather(*(host.answers("stranger", *door) for _ in range(20)))
        return heard

    knocking = asyncio.create_task(knock())
    for names in (("administrator", "asterisk"), ("administrator",)) * 3:
        write_table(host, *names)
        await apply(host)
    done.set()
    assert set(await knocking) == {""}


async def test_others_who_write_at_the_same_time_lose_nothing(host: DockerHost) -> None:
    """Docker and UFW take the lock of iptables; so does this."""
    await host.docker_starts("26.1")

    async def others() -> None:
        for number in range(60):
            words = ("-w", "-A", "DOCKER", "-s", f"192.0.2.{number}", "-j", "DROP")
            await host.on(HOST, "iptables-legacy", *words)

    writing = asyncio.create_task(others())
    for names in (("administrator", "asterisk"), ("administrator",)) * 4:
        write_table(host, *names)
        await apply(host)
    await writing
    stands = await host.on(HOST, "iptables-legacy", "-S", "DOCKER")
    assert stands.count("192.0.2.") == 60
    assert (await host.voicebot("status", "--table", str(host.table)))[0] == 0


async def test_removal_opens_and_leaves_nothing_of_ours(host: DockerHost) -> None:
    saved = [f"{program}-save" for program in PROGRAMS.values()]
    await host.docker_starts("26.1")
    before = [rules_of(await host.on(HOST, program)) for program in saved]
    await apply(host)
    assert (await host.voicebot("remove"))[0] == 0
    assert [rules_of(await host.on(HOST, program)) for program in saved] == before
    assert all((await packets(host)).values())
    assert (await host.voicebot("remove"))[1] == "nothing to do: no rule of ours stands\n"


def rules_of(saved: str) -> list[str]:
    return [line for line in saved.splitlines() if line.startswith("-A")]


async def test_a_rehearsal_writes_nothing(host: DockerHost) -> None:
    code, said = await host.voicebot("apply", "--dry-run", "--table", str(host.table))
    assert code == 0
    assert "ipv4: create chain filter VOICEBOT-EDGE" in said
    assert "VOICEBOT-EDGE" not in await host.on(HOST, "iptables-legacy", "-S")


async def test_rules_of_docker_in_the_other_backend_are_refused(host: DockerHost) -> None:
    await host.on(HOST, "iptables-nft", "-N", "DOCKER")
    for command in ("apply", "status"):
        code, said = await host.voicebot(command, "--table", str(host.table))
        assert code == 2
        assert "Docker's rules stand in the nf_tables backend of iptables" in said
    assert "VOICEBOT-EDGE" not in await host.on(HOST, "iptables-legacy", "-S")


async def test_a_machine_that_is_not_pinned_is_refused(host: DockerHost) -> None:
    link = host.alternatives / "ip6tables"
    link.unlink()
    link.symlink_to("/usr/sbin/ip6tables-nft")
    code, said = await host.voicebot("apply", "--table", str(host.table))
    assert code == 2
    assert "update-alternatives --set ip6tables /usr/sbin/ip6tables-legacy" in said


async def test_docker_with_its_nftables_backend_is_refused(host: DockerHost) -> None:
    await host.on(HOST, "nft", "add table ip docker-bridges")
    code, said = await host.voicebot("apply", "--table", str(host.table))
    assert code == 2
    assert "firewall-backend" in said


async def test_an_interface_that_nobody_thought_of_is_outside(host: DockerHost) -> None:
    """A second network card, behind which a stranger is."""
    await host.docker_starts("26.1")
    await apply(host)
    await host.on(HOST, "ip", "link", "set", "wire", "down")
    await host.on(HOST, "ip", "link", "set", "wire", "name", "eth7")
    await host.on(HOST, "ip", "link", "set", "eth7", "up")
    for version, length in ((4, 24), (6, 64)):
        words = (f"{address(OUTSIDE[version], 7)}/{length}", "dev", "eth7", *(("nodad",) if version == 6 else ()))
        await host.on(HOST, "ip", "address", "replace", *words)
    await check(host)


async def test_a_bridge_with_the_world_behind_it_is_told(host: DockerHost) -> None:
    await host.on(HOST, "ip", "route", "add", "default", "via", address(OUTSIDE[4], 66))
    write_table(host, "administrator", inside="wire")
    await apply(host)
    metric = host.table.with_name("firewall.prom")
    code, said = await host.voicebot("status", "--table", str(host.table), "--json", "--metrics", str(metric))
    assert code == 1
    told = "inside: the default route leaves through wire, so strangers are there; take it out of the list"
    assert json.loads(said) == {"differs": True, "problems": [told]}
    assert "voicebot_firewall_differs 1.0" in metric.read_text()


async def test_what_cannot_be_told_counts_as_a_difference(host: DockerHost) -> None:
    await host.on(HOST, "iptables-nft", "-P", "FORWARD", "DROP")
    metric = host.table.with_name("firewall.prom")
    code, _ = await host.voicebot("status", "--table", str(host.table), "--metrics", str(metric))
    assert code == 2
    assert "voicebot_firewall_differs 1.0" in metric.read_text()

"""From a bare Debian 13 to answered calls, and what comes after: one host, its tests in the order of its life."""

import asyncio
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from tests.lab.appliance import outside
from tests.lab.appliance.doors import DOORS
from tests.lab.appliance.host import REPOSITORY
from tests.lab.appliance.installation import Installation, Play, until
from tests.lab.appliance.packets import Outcomes, Packets, let_in

pytestmark = pytest.mark.timeout(1200)

INSTALL_LIMIT_S = 600.0
"""From bare host to appliance."""
FIREWALL_LIMIT_S = 60.0
"""An address that comes or goes."""
EXPOSURE_LIMIT = 2.0
OURS = ("/etc/voicebot", "/opt/voicebot", "/var/lib/voicebot", "/etc/docker", "/etc/nginx", "/etc/default/ufw")
EVERY_S = 15.0
"""A new call comes so often while an upgrade runs."""
SOURCE = ("app", "ext", "pyproject.toml", "setup.py", "requirements-prod.lock", "requirements-build.lock")
SOURCE_TEXTS = ("README.md", "LICENSE")
CONTAINERS = {"postgres-clients", "postgres-tickets", "prometheus", "alertmanager", "grafana", "pgadmin"}
GREETS = """
import socket, sys, uuid
with socket.create_connection((sys.argv[2], 9090), 3, (sys.argv[1], 0)) as call:
    call.settimeout(3)
    call.sendall(bytes((1, 0, 16)) + uuid.uuid4().bytes)
    print(len(call.recv(323)))
"""


def failed_with(play: Play, *words: str) -> None:
    """A run that refused, changed nothing and said why."""
    assert play.code == 2, play.said[-3000:]
    assert play.counts["changed"] == 0
    told = " ".join(play.said.split())
    for word in words:
        assert word in told


def went_well(play: Play) -> None:
    assert play.code == 0, play.said[-4000:]
    assert play.counts["failed"] == 0


async def nothing_is_there(site: Installation) -> None:
    """A bare host as it was booted."""
    assert await site.run(f"ls -d {' '.join(OURS)} 2>/dev/null", check=False) == ""
    assert await site.run("getent passwd voicebot", check=False) == ""
    assert await site.run("command -v docker ufw nginx", check=False) == ""


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"voicebot_asterisk_servers": []}, ("voicebot_asterisk_servers: names no address", "203.0.113.10")),
        (
            {"voicebot_asterisk_servers": "10.0.0.1,10.0.0.2"},
            ("voicebot_asterisk_servers: '10.0.0.1,10.0.0.2' is one text, not a list", "203.0.113.10"),
        ),
        (
            {"voicebot_administrators": ["admin.example.com"]},
            ("voicebot_administrators: 'admin.example.com' is a name", "192.0.2.5"),
        ),
        (
            {"voicebot_deepgram_api_key": "", "voicebot_groq_api_key": ""},
            ("voicebot_deepgram_api_key: is missing", "voicebot_groq_api_key: is missing", "ansible-vault edit"),
        ),
        (
            {"preflight_operator_address": "192.0.2.77"},
            ("voicebot_administrators: lacks 192.0.2.77", "you would lock yourself out; add - 192.0.2.77"),
        ),
    ],
)
async def test_a_bad_inventory_is_refused_before_anything_is_changed(
    site: Installation, variables: dict[str, Any], words: tuple[str, ...]
) -> None:
    failed_with(await site.play(**variables), "Nothing was changed. In the inventory:", *words)
    await nothing_is_there(site)


async def test_a_rehearsal_on_a_bare_host_passes_and_changes_nothing(site: Installation) -> None:
    play = await site.play("--check")
    went_well(play)
    assert play.counts["changed"] > 20  # it says what it would do
    await nothing_is_there(site)


async def test_one_run_makes_the_appliance(site: Installation) -> None:
    play = await site.play()
    went_well(play)
    print(f"from bare host to appliance: {play.took_s:.0f} s")
    assert play.took_s <= INSTALL_LIMIT_S
    assert await site.serving() == ["1"]
    assert await site.run("systemctl list-units --failed --plain --no-legend") == ""


async def test_fresh_it_lets_in_whom_it_shall_and_nobody_else(site: Installation, seen: dict[str, Outcomes]) -> None:
    """What comes later: `test_site_packets.py`."""
    with Packets.on(site.host, seen) as packets:
        seen["fresh"] = await asyncio.to_thread(packets.settle)


async def test_a_second_run_changes_nothing_and_opens_nothing(site: Installation, seen: dict[str, Outcomes]) -> None:
    with Packets.on(site.host, seen) as packets:
        with packets.stranger_tries():
            play = await site.play()
        went_well(play)
        assert play.counts["changed"] == 0, play.said
        seen["second run"] = await asyncio.to_thread(packets.settle)


async def test_a_third_one_finds_no_difference(site: Installation) -> None:
    play = await site.play("--check", "--diff")
    went_well(play)
    assert play.counts["changed"] == 0, play.said
    assert "+++ after" not in play.said


async def test_a_call_is_answered_and_its_ticket_is_in_the_container(site: Installation) -> None:
    report = await site.call("internet_resolu")
    assert report["ended_by"] == "bot", report
    ticket = await site.ticket(report["uuid"])
    assert (ticket["status"], ticket["problem_type"]) == ("resolved", "internet")
    assert ticket["asterisk"] == outside.address4("asterisk")


async def test_prometheus_scrapes_it(site: Installation) -> None:
    async def look() -> list[str]:
        return await site.prometheus('voicebot_calls_total{outcome="goodbye"} > 0')

    (line,) = await until(look, "Prometheus knows of the call", 45)
    assert 'job="voicebot"' in line


async def test_prometheus_watches_the_machine_and_strangers_do_not(site: Installation) -> None:
    async def look() -> list[str]:
        return await site.prometheus(
            "voicebot_firewall_differs == 0 and on() voicebot_firewall_checked_timestamp_seconds"
        )

    (line,) = await until(look, "Prometheus knows of the firewall, by way of node exporter", 45)
    assert 'job="node"' in line
    assert await site.prometheus("node_memory_MemAvailable_bytes > 0")
    assert await site.prometheus("voicebot:open") != [], "the rules are there"
    assert await site.run("cat /var/lib/prometheus/node-exporter/voicebot-certificates.prom")
    here, there = outside.address4(outside.HOST), "http.client.HTTPConnection(sys.argv[1], 9100, timeout=3)"
    asks = f"import http.client, sys; c = {there}; c.request('GET', '/metrics'); print(c.getresponse().status)"
    done = await asyncio.to_thread(site.host.peer("asterisk").run, f'python3 -c "{asks}" {here}', check=False)
    assert done.stdout.strip() == ""


async def test_the_unit_is_hardened_watched_and_tells_no_secret(site: Installation) -> None:
    exposure = (await site.run("systemd-analyze security --no-pager voicebot@1")).splitlines()[-1]
    assert float(exposure.split(": ")[1].split()[0]) <= EXPOSURE_LIMIT
    shown = await site.run("systemctl show voicebot@1 --property Type,WatchdogUSec,User,MainPID,Environment")
    unit = dict(line.split("=", 1) for line in shown.splitlines())
    assert (unit["Type"], unit["WatchdogUSec"], unit["User"]) == ("notify", "30s", "voicebot")
    environment = await site.run(f"tr '\\0' '\\n' < /proc/{unit['MainPID']}/environ")
    assert "CREDENTIALS_DIRECTORY=" in environment
    assert "laboratory-" not in environment + unit["Environment"]
    assert int(await site.run("find /var/lib/voicebot/cache -name '*.raw' | wc -l")) > 20  # phrases are spoken
    assert await site.run("su -s /bin/sh voicebot -c 'ls /etc/voicebot/credentials' 2>/dev/null", check=False) == ""


def next_release(directory: Path) -> Path:
    """A copy of the source in which a line is different: another release, of the same behaviour."""
    listed = ["git", "-c", f"safe.directory={REPOSITORY}", "-C", str(REPOSITORY), "ls-files", "-z", "--"]
    done = subprocess.run([*listed, *SOURCE, *SOURCE_TEXTS], capture_output=True, check=True, text=True)
    for name in done.stdout.split("\0"):
        if name and (REPOSITORY / name).is_file():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(REPOSITORY / name, directory / name)
    with (directory / "README.md").open("a") as text:
        text.write("\n")
    return directory


async def test_an_upgrade_while_calls_come_loses_none(site: Installation, tmp_path: Path) -> None:
    """A new call every few seconds; some of them are in progress while one server takes over from the other."""
    source = await asyncio.to_thread(next_release, tmp_path)
    before = await site.run("readlink /opt/voicebot/current")
    spans: list[tuple[float, float]] = []

    async def one() -> dict[str, Any]:
        begun_s = time.monotonic()
        report = await site.call("internet_resolu")
        spans.append((begun_s, time.monotonic()))
        return report

    upgrade = asyncio.create_task(site.play(voicebot_source=str(source)))
    calls = []
    while not upgrade.done():
        calls.append(asyncio.create_task(one()))
        await asyncio.wait({upgrade}, timeout=EVERY_S)
    went_well(await upgrade)
    assert await site.run("readlink /opt/voicebot/current") != before
    assert await site.serving() == ["2"]
    shown = await site.run("systemctl show --value --property ActiveEnterTimestampMonotonic voicebot@2")
    reports = await asyncio.gather(*calls)
    through = [begun_s for begun_s, ended_s in spans if begun_s < int(shown) / 1e6 < ended_s]
    print(f"{len(calls)} calls, {len(through)} of them in progress when voicebot@2 took over")
    assert through
    for report in reports:
        assert report["ended_by"] == "bot", report
        assert (await site.ticket(report["uuid"]))["status"] == "resolved"

    async def gone() -> bool:
        return await site.run("systemctl is-active voicebot@1", check=False) in ("inactive", "failed")

    await until(gone, "the old server has ended by itself", 60)
    assert await site.run("systemctl show --value --property Result voicebot@1") == "success"


async def greeted(site: Installation, address: str, there: str) -> bool:
    """Whether a call from an address of the Asterisk's side gets a first frame."""
    command = f"python3 -c '{GREETS}' {address} {there}"
    done = await asyncio.to_thread(site.host.peer("asterisk").run, command, check=False)
    return done.stdout.strip() == "323"


async def test_an_asterisk_and_an_administrator_come_and_go_while_a_call_goes_on(site: Installation) -> None:
    new = (f"{outside.NET4}.{outside.SECOND_ASTERISK}", f"{outside.NET6}:{outside.SECOND_ASTERISK}")
    there = (outside.address4(outside.HOST), outside.address6(outside.HOST))
    servers = [outside.address4("asterisk"), outside.address6("asterisk")]
    assert not any([await greeted(site, *pair) for pair in zip(new, there, strict=True)])
    call = asyncio.create_task(site.call("internet_resolu"))
    await asyncio.sleep(5)  # it is in progress
    administrators = [outside.address4("administrator"), outside.address6("administrator")]
    lists: dict[str, Any] = {
        "voicebot_asterisk_servers": [*servers, *new],
        "voicebot_administrators": [*administrators, outside.address4("stranger")],
    }
    play = await site.play("--tags", "firewall", **lists)
    went_well(play)
    print(f"an Asterisk and an administrator more: {play.took_s:.0f} s")
    assert play.took_s <= FIREWALL_LIMIT_S
    assert not call.done()
    assert all([await greeted(site, *pair) for pair in zip(new, there, strict=True)])
    with Packets.on(site.host, {}) as packets:
        came = let_in(await asyncio.to_thread(packets.knock))
    ports = {way.door.port for who, way in came if who == "stranger" and way.kind == "host"}
    assert ports == {door.port for door in DOORS if "administrator" in door.to}
    went_well(await site.play("--tags", "firewall"))
    assert not any([await greeted(site, *pair) for pair in zip(new, there, strict=True)])
    report = await call
    assert report["ended_by"] == "bot", report
    assert (await site.ticket(report["uuid"]))["status"] == "resolved"


async def test_settings_that_cannot_work_leave_the_server_and_its_settings(site: Installation) -> None:
    serving = await site.serving()
    before = await site.run("cat /etc/voicebot/voicebot.env")
    play = await site.play("--tags", "voicebot", voicebot_settings={"WORKERS": "many", "WORKRES": 2})
    assert play.code == 2
    assert "WORKERS" in play.said
    assert "WORKRES" in play.said
    assert await site.run("cat /etc/voicebot/voicebot.env") == before
    assert await site.serving() == serving


async def test_without_docker_calls_go_on_and_tickets_get_in_afterwards(site: Installation) -> None:
    await site.run("systemctl stop docker.socket docker.service")
    try:
        report = await site.call("internet_resolu")
        assert report["ended_by"] == "bot", report

        async def spooled() -> bool:
            metrics = await site.run("curl --silent --fail http://127.0.0.1:9091/metrics")
            return "voicebot_spool_entries 1.0" in metrics

        await until(spooled, "the ticket waits on disk", 30)
    finally:
        await site.run("systemctl start docker.service")
    assert (await site.ticket(report["uuid"], within_s=120))["status"] == "resolved"

    async def all_are_back() -> bool:
        return set((await site.run("docker ps --format '{{.Names}}'")).split()) == CONTAINERS

    await until(all_are_back, "every container runs again", 60)


async def test_after_a_reboot_it_takes_calls_again(site: Installation) -> None:
    await asyncio.to_thread(site.host.reboot)

    async def ready() -> bool:
        return await site.run("curl --silent http://127.0.0.1:9091/readyz", check=False) != "" and bool(
            await site.serving()
        )

    await until(ready, "the server is ready", 60)
    assert len(await site.serving()) == 1
    report = await site.call("raccroche")
    assert report["ended_by"] == "caller", report
    assert (await site.ticket(report["uuid"], within_s=90))["status"] == "abandoned"


async def test_a_server_that_hangs_is_replaced(site: Installation) -> None:
    (number,) = await site.serving()
    await site.run(f"systemctl kill --kill-whom=main --signal=SIGSTOP voicebot@{number}")

    async def again() -> bool:
        shown = await site.run(f"systemctl show --value --property NRestarts,ActiveState voicebot@{number}")
        return shown.split() == ["1", "active"]

    await until(again, "systemd has restarted it", 120)
    assert (await site.call("raccroche"))["ended_by"] == "caller"

"""Backups of the appliance: made, tried, lost databases restored, damage told."""

import re
from typing import Any

import pytest

from tests.lab.appliance.installation import Installation, until
from tests.lab.test_site import went_well

pytestmark = pytest.mark.timeout(1200)

SHELF = "/var/backups/voicebot"
STACK = "/var/lib/voicebot-stack"
CONTENT = "SELECT count(*) || ' ' || coalesce(md5(string_agg(t::text, '|' ORDER BY id)), '') FROM {table} AS t"
SCRAPED_S = 60.0
TARGET = "/srv/voicebot-backups"


async def sql(site: Installation, kind: str, statement: str) -> str:
    """What the database in its container says."""
    psql = f"docker exec --user postgres postgres-{kind} psql --no-align --tuples-only --quiet --dbname db_{kind}"
    return await site.run(f'{psql} --command "{statement}"')


async def content(site: Installation) -> dict[str, str]:
    """Rows and a checksum of clients and tickets."""
    return {kind: await sql(site, kind, CONTENT.format(table=kind)) for kind in ("clients", "tickets")}


async def figure(site: Installation, name: str) -> float:
    """What the appliance's own Prometheus knows of it; -1 when it knows nothing."""
    lines = await site.prometheus(name)
    found = re.search(r"=> (\S+) @", lines[0]) if lines else None
    return float(found[1]) if found else -1.0


async def names(site: Installation) -> list[str]:
    return (await site.run(f"ls {SHELF}")).split()


async def test_the_appliance_backs_itself_up_from_the_first_run(site: Installation) -> None:
    if not await site.serving():
        went_well(await site.play())
    assert len(await names(site)) >= 1
    timers = await site.run("systemctl list-timers --no-legend 'voicebot-*'")
    assert "voicebot-backup.timer" in timers
    assert "voicebot-restore-drill.timer" in timers

    async def known() -> bool:
        names = ("voicebot_backup", "voicebot_restore_drill")
        return all([await figure(site, f"{name}_last_success_timestamp_seconds") > 0 for name in names])

    await until(known, "Prometheus knows of a backup and of a drill", SCRAPED_S)


async def test_both_databases_lost_and_every_ticket_back(site: Installation) -> None:
    for _ in range(2):
        report = await site.call("raccroche")
        await site.ticket(report["uuid"])
    statement = "INSERT INTO clients (first_name, last_name, phone) VALUES ('Zoé', 'Lefèvre', '+33612345678')"
    await sql(site, "clients", f"{statement} ON CONFLICT DO NOTHING")
    before = await content(site)
    recordings = await site.run("cd /var/lib/voicebot/recordings && sha256sum *.raw")
    await site.run("systemctl start voicebot-backup.service")

    await site.run("docker rm --force postgres-clients postgres-tickets && rm /var/lib/voicebot/recordings/*")
    await site.run(f"rm -r {STACK}/postgres-clients {STACK}/postgres-tickets")
    meanwhile = await site.call("raccroche")
    went_well(await site.play("--tags", "postgres,voicebot"))
    assert (await content(site))["clients"] == "0"

    refused = await site.play(playbook="playbooks/restore.yml", restore_backup="newest")
    assert refused.code == 2
    assert "restore_confirmed=true" in refused.said
    play = await site.play(playbook="playbooks/restore.yml", restore_backup="newest", restore_confirmed=True)
    went_well(play)
    print(f"restored in {play.took_s:.0f} s")
    late = await site.ticket(meanwhile["uuid"])
    assert late["status"] == "abandoned"
    await sql(site, "tickets", f"DELETE FROM tickets WHERE call_uuid = '{meanwhile['uuid']}'")
    assert await content(site) == before
    given_back = await site.run("cd /var/lib/voicebot/recordings && sha256sum *.raw")
    assert set(recordings.splitlines()) < set(given_back.splitlines())  # and that of the call meanwhile
    owner = await site.run("stat --format %U /var/lib/voicebot/recordings/*.raw | sort --unique")
    assert owner == "voicebot"
    # It goes on: the next call's ticket gets in, and the next run has nothing to change.
    report = await site.call("raccroche")
    await site.ticket(report["uuid"])
    again = await site.play("--tags", "postgres,voicebot")
    went_well(again)
    assert again.counts["changed"] == 0, again.said


async def test_a_corrupted_backup_makes_the_drill_fail_loudly(site: Installation) -> None:
    newest = (await names(site))[-1]
    dump = f"{SHELF}/{newest}/databases/db_tickets.dump"
    await site.run(f"cp {dump} /root/dump && printf X | dd of={dump} bs=1 seek=3000 conv=notrunc status=none")
    try:
        assert await site.run("systemctl start voicebot-restore-drill.service 2>&1", check=False) != ""
        assert await site.run("systemctl is-failed voicebot-restore-drill.service", check=False) == "failed"
        journal = await site.run("journalctl --unit voicebot-restore-drill --output cat --no-pager --lines 20")
        assert f"voicebot: backup {newest} is damaged: databases/db_tickets.dump is not as it was written" in journal

        async def known() -> bool:
            return await figure(site, "voicebot_restore_drill_failed") == 1

        await until(known, "Prometheus knows that the drill failed", SCRAPED_S)
    finally:
        await site.run(f"cat /root/dump > {dump} && rm /root/dump")
    await site.run("systemctl start voicebot-restore-drill.service")
    assert await site.run("systemctl is-active voicebot-restore-drill.service", check=False) == "inactive"


async def test_a_full_disk_is_one_clear_line(site: Installation) -> None:
    await site.run("mkdir -p /mnt/small && mount -t tmpfs -o size=64k small /mnt/small")
    try:
        plan = "/root/small.yaml"
        await site.run(
            f"sed -e 's|^directory: .*|directory: /mnt/small|' -e '/^metrics:/d' /etc/voicebot/backup.yaml > {plan}"
        )
        said = await site.run(f"voicebot backup run --plan {plan} 2>&1", check=False)
        assert re.search(r"(?m)^voicebot: No space left on device: /mnt/small/\.\d{8}T\d{6}Z\.partial/\S+\Z", said), (
            said
        )
        assert await site.run("ls /mnt/small") == ""
    finally:
        await site.run("umount /mnt/small && rmdir /mnt/small")


async def test_another_machine_gets_a_copy(site: Installation) -> None:
    """The host itself plays the other machine: ssh and rsync don't know."""
    await site.run("apt-get install --quiet --yes --no-install-recommends openssh-server", check=True)
    await site.run("systemctl start ssh && install -d -m 700 /root/.ssh")
    key = await site.run("cut -d ' ' -f 1,2 /etc/ssh/ssh_host_ed25519_key.pub")
    target: dict[str, Any] = {
        "backup_target": f"root@127.0.0.1:{TARGET}",
        "backup_target_host_keys": [f"127.0.0.1 {key}"],
    }
    play = await site.play("--tags", "backup", **target)
    went_well(play)
    assert "Let this key in at root@127.0.0.1 (authorized_keys): ssh-ed25519" in " ".join(play.said.split())

    said = await site.run("voicebot backup run 2>&1", check=False)
    newest = (await names(site))[-1]
    assert said.splitlines()[-1].startswith(
        f"voicebot: {newest} is complete in {SHELF}, but not at root@127.0.0.1:{TARGET}: "
    )
    assert "Permission denied" in said

    await site.run("cat /etc/voicebot/secrets/backup_ssh_key.pub >> /root/.ssh/authorized_keys")
    await site.run("systemctl start voicebot-backup.service")
    await site.run("systemctl start voicebot-backup.service")
    there = (await site.run(f"ls -A {TARGET}")).split()
    assert there == (await names(site))[-2:]
    await site.run(f"cd {TARGET}/{there[-1]} && sha256sum --check --strict --quiet SHA256SUMS")
    links = await site.run(f"find {TARGET}/{there[-1]}/recordings -name '*.raw' -printf '%n\\n' | sort --unique")
    assert links == "2", "what the target has already is not sent again"
    keys = await site.run(
        f"grep --recursive --files-with-matches 'PRIVATE KEY\\|laboratory-' {SHELF} {TARGET}", check=False
    )
    assert keys == ""

    await site.run("systemctl stop ssh ssh.socket", check=False)
    said = await site.run("voicebot backup run 2>&1", check=False)
    assert said.endswith("ssh: connect to host 127.0.0.1 port 22: Connection refused"), said
    went_well(await site.play("--tags", "backup"))

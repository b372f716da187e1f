"""The appliance is taken away: nothing stays but its data, and that goes only when it is said as well."""

import pytest

from tests.lab.appliance.installation import Installation
from tests.lab.test_site import OURS, went_well
from tests.lab.test_site_backup import SHELF, STACK, sql

pytestmark = pytest.mark.timeout(1200)


async def snapshot(site: Installation) -> str:
    """Names and sizes of all data; what the containers write at their end is left out."""
    return await site.run(f"find /var/lib/voicebot/recordings {SHELF} -type f -printf '%p %s\\n' | sort")


async def test_taken_away_it_leaves_nothing_but_its_data(site: Installation) -> None:
    if not await site.serving():
        went_well(await site.play())
    if "Lefèvre" not in await sql(site, "clients", "SELECT last_name FROM clients"):
        names = "INSERT INTO clients (first_name, last_name, phone) VALUES ('Zoé', 'Lefèvre', '+33612345678')"
        await sql(site, "clients", names)
    await site.ticket((await site.call("raccroche"))["uuid"])
    await site.run("systemctl start voicebot-backup.service")
    data = await snapshot(site)
    rehearsal = await site.play("--check", voicebot_state="absent")
    went_well(rehearsal)
    assert await site.serving()
    play = await site.play(voicebot_state="absent")
    went_well(play)
    print(f"taken away in {play.took_s:.0f} s")
    assert await site.run("systemctl list-unit-files --no-legend 'voicebot*' 'docker*'", check=False) == ""
    assert await site.run("systemctl list-units --all --plain --no-legend 'voicebot*'", check=False) == ""
    assert await site.run("find /etc/systemd /var/lib/systemd -name '*voicebot*'") == ""
    for name in ("voicebot", "voicebot-dashboard", "docker"):
        assert await site.run(f"getent passwd {name}", check=False) == ""
    for command in ("iptables-legacy", "ip6tables-legacy", "iptables-nft", "ip6tables-nft"):
        rules = await site.run(f"{command}-save | grep -iE 'voicebot|docker|br-'", check=False)
        assert rules == "", f"{command}: {rules}"
    assert await site.run("ip --brief link show type bridge") == ""
    programs = "dockerd|containerd|postgres|prometheus|nginx|voicebot"
    assert await site.run(f"pgrep --list-full '{programs}'", check=False) == ""
    left = ["/etc/voicebot", "/opt/voicebot", "/usr/local/sbin/voicebot*", "/etc/docker", "/var/lib/docker"]
    left += ["/etc/nginx", "/usr/local/share/voicebot*"]
    assert await site.run(f"ls -d {' '.join(left)} 2>/dev/null", check=False) == ""
    assert await snapshot(site) == data
    assert await site.run(f"ls {STACK}/postgres-tickets") != ""
    again = await site.play(voicebot_state="absent")
    went_well(again)
    assert again.counts["changed"] == 0, again.said


async def test_installed_again_it_finds_its_data(site: Installation) -> None:
    went_well(await site.play())
    assert int(await sql(site, "tickets", "SELECT count(*) FROM tickets")) >= 1
    assert await sql(site, "clients", "SELECT last_name FROM clients") == "Lefèvre"
    assert (await site.call("raccroche"))["ended_by"] == "caller"


async def test_data_goes_only_when_that_is_said_as_well(site: Installation) -> None:
    refused = await site.play(voicebot_remove_data=True)
    assert refused.code == 2
    assert "add -e voicebot_state=absent" in refused.said
    went_well(await site.play(voicebot_state="absent", voicebot_remove_data=True))
    # UFW stays, inactive: it may have been there before.
    ours = (SHELF, STACK, *(path for path in OURS if "ufw" not in path))
    assert await site.run(f"ls -d {' '.join(ours)} 2>/dev/null", check=False) == ""
    assert await site.run("ufw status") == "Status: inactive"
    assert await site.run("getent passwd voicebot", check=False) == ""

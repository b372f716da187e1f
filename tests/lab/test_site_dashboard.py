"""The dashboard on the appliance: an administrator sees it in a real Chromium, nobody else sees anything of it."""

import asyncio
import json
import shlex
import sys
from typing import Any

import pytest

from app.errors import VoicebotError
from tests.lab.appliance import ask, knock, outside
from tests.lab.appliance.host import REPOSITORY
from tests.lab.appliance.installation import Installation, until
from tests.lab.test_site import went_well

pytestmark = pytest.mark.timeout(900)

EXPOSURE_LIMIT = 2.0
BROWSER = ".venv-dashboard/bin/python"
"""The environment that has Playwright and the dashboard's own libraries."""
BROWSER_TIMEOUT_S = 240.0
ANSWERS_WITHIN_S = 90.0
CERTIFICATE = "/etc/voicebot/dashboard/tls/dashboard.crt"
UNIT = "voicebot-dashboard.service"
BY_HAND, PASSWORD = "marc", "tape au clavier"
"""A user whom the operator adds on the machine."""
FORGED = {"X-Forwarded-For": outside.address4("administrator"), "X-Real-IP": outside.address4("administrator")}
Answer = tuple[int, dict[str, str], str]


async def asked(site: Installation, who: str, *requests: tuple[str, str, dict[str, str], str]) -> list[Answer]:
    """What the dashboard answers somebody outside, over TLS, with the certificate of the host."""
    certificate = site.host.directory / "root" / CERTIFICATE.lstrip("/")
    words = [sys.executable, ask.__file__, outside.address4(outside.HOST), str(certificate), json.dumps(requests)]
    done = await asyncio.to_thread(site.host.peer(who).run, shlex.join(words))
    return [(status, headers, body) for status, headers, body in json.loads(done.stdout)]


async def answers(site: Installation) -> bool:
    """Whether an administrator gets the page to log in."""
    try:
        ((status, _, body),) = await asked(site, "administrator", ("GET", "/login", {}, ""))
    except VoicebotError:
        return False
    return status == 200 and 'id="password"' in body


async def look(site: Installation, user: str, password: str, ticket: str) -> dict[str, Any]:
    """What Chromium sees at the administrator's address (`tests/browser/appliance.py`)."""
    url = f"https://{outside.address4(outside.HOST)}:{ask.PORT}"
    words = shlex.join([BROWSER, "-m", "tests.browser.appliance", url, user, ticket])
    command = f"cd {shlex.quote(str(REPOSITORY))} && echo {shlex.quote(password)} | {words}"
    done = await asyncio.to_thread(site.host.peer("administrator").run, command, timeout_s=BROWSER_TIMEOUT_S)
    return dict(json.loads(done.stdout))


@pytest.fixture
async def installed(site: Installation) -> Installation:
    """The host with the appliance on it."""
    if not await site.serving():
        went_well(await site.play())
    await until(lambda: answers(site), "an administrator gets the dashboard", ANSWERS_WITHIN_S)
    return site


async def test_its_unit_is_hardened_and_tells_no_secret(installed: Installation) -> None:
    exposure = (await installed.run(f"systemd-analyze security --no-pager {UNIT}")).splitlines()[-1]
    assert float(exposure.split(": ")[1].split()[0]) <= EXPOSURE_LIMIT
    pid = await installed.run(f"systemctl show --value --property MainPID {UNIT}")
    environment = await installed.run(f"tr '\\0' '\\n' < /proc/{pid}/environ")
    assert "CREDENTIALS_DIRECTORY=" in environment
    assert "laboratory-" not in environment + await installed.run(f"systemctl show --property Environment {UNIT}")
    assert "laboratory-" not in await installed.run("cat /etc/voicebot/dashboard/users /etc/voicebot/dashboard/*.env")
    listens = await installed.run("ss --listening --tcp --numeric --no-header 'sport = :8502'")
    assert [line.split()[3] for line in listens.splitlines()] == ["127.0.0.1:8502"]


async def test_an_administrator_watches_hears_and_comments_calls(installed: Installation) -> None:
    add = f"echo {shlex.quote(PASSWORD)} | voicebot-dashboard-user add {BY_HAND} supervisor"
    await installed.run(add)
    assert f"{BY_HAND}\tsupervisor" in await installed.run("voicebot-dashboard-user list")
    over = await installed.call("internet_resolu")
    await installed.ticket(over["uuid"])
    psql = "docker exec --user postgres postgres-tickets psql --no-align --tuples-only --quiet --dbname db_tickets"
    columns = "id, duration_seconds, jsonb_array_length(transcript)"
    row = await installed.run(f"{psql} --command \"SELECT {columns} FROM tickets WHERE call_uuid = '{over['uuid']}'\"")
    number, seconds, entries = row.split("|")

    meanwhile = asyncio.create_task(installed.call("internet_resolu"))
    seen = await look(installed, BY_HAND, PASSWORD, number)
    assert (await meanwhile)["ended_by"] == "bot"
    assert len(seen["live"]) >= 2, seen
    assert len(seen["words"]) == int(entries)
    assert seen["sound_s"] == pytest.approx(float(seconds), abs=0.1)
    assert seen["mp3_s"] == pytest.approx(float(seconds), rel=0.02)
    assert "Le pare-feu est tel qu’il doit être." in seen["firewall"]
    assert outside.address4("administrator") in seen["firewall"]
    to_grafana = "'voicebot: administrator to grafana'"
    assert len([rule for rule in seen["rules"] if to_grafana in rule]) == 4, "wanted and actual, IPv4 and IPv6"
    assert seen["trouble"] == []
    history = f"SELECT changed_by, what FROM ticket_changes WHERE ticket_id = {number}"
    assert await installed.run(f'{psql} --command "{history}"') == f"{BY_HAND}|comment"


async def test_users_of_the_inventory_log_in_and_only_they_hear_anything(installed: Installation) -> None:
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    login, wrong, page, sound, media = await asked(
        installed,
        "administrator",
        ("POST", "/login", kind, "name=anne&password=laboratory-anne"),
        ("POST", "/login", kind, "name=anne&password=laboratory-lise"),
        ("GET", "/calls", {"Accept": "text/html"}, ""),
        ("GET", "/recordings/1/1/both.wav", {}, ""),
        ("GET", "/media/0123456789abcdef.wav", {}, ""),
    )
    assert (login[0], wrong[0]) == (303, 401)
    assert login[1]["set-cookie"].startswith("__Host-voicebot=")
    assert (page[0], page[1]["location"]) == (303, "/login")
    assert {sound[0], media[0]} == {401}
    cookie = {"Cookie": login[1]["set-cookie"].partition(";")[0]}
    ((status, _, _),) = await asked(installed, "administrator", ("GET", "/_stcore/health", cookie, ""))
    assert status == 200


@pytest.mark.parametrize("who", ["stranger", "asterisk"])
async def test_others_hear_nothing_at_all(installed: Installation, who: str) -> None:
    doors = [(address, ask.PORT, "/") for address in (outside.address4(outside.HOST), outside.address6(outside.HOST))]
    words = shlex.join([sys.executable, knock.__file__, json.dumps(doors)])
    done = await asyncio.to_thread(installed.host.peer(who).run, words)
    assert json.loads(done.stdout) == ["silence", "silence"]


async def test_a_forged_address_helps_nobody_whom_the_firewall_lets_through(installed: Installation) -> None:
    """The host itself is no administrator, and no firewall stands between it and nginx."""
    headers = " ".join(f"--header '{name}: {value}'" for name, value in FORGED.items())
    for address in ("127.0.0.1", outside.address4(outside.HOST)):
        url = f"https://{address}:{ask.PORT}/login"
        told = await installed.run(f"curl --silent --insecure {headers} --write-out ' %{{http_code}}' {url}")
        assert told.endswith(" 403"), told
        assert "password" not in told
        assert address in told  # the address that counts


async def test_prometheus_knows_when_its_certificate_expires(installed: Installation) -> None:
    await installed.run("systemctl start voicebot-certificates.service")
    days = "(voicebot_certificate_expires_timestamp_seconds - time()) / 86400 > 800"

    async def known() -> list[str]:
        return await installed.prometheus(days)

    (line,) = await until(known, "Prometheus knows of the certificate", 60)
    assert 'certificate="dashboard"' in line


async def test_after_a_reboot_it_answers_again(installed: Installation) -> None:
    await asyncio.to_thread(installed.host.reboot)
    await until(lambda: answers(installed), "an administrator gets the dashboard", ANSWERS_WITHIN_S)
    assert await installed.run("systemctl list-units --failed --plain --no-legend 'voicebot-dashboard*' nginx*") == ""

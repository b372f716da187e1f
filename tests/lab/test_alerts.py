"""Who is told of an alert, and what a mail says, by Alertmanager's `amtool`. That one arrives: `test_prometheus.py`."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from grafana.rules.book import ALERTS
from tests.integration.test_certificates import certificate
from tests.lab.alertmanager import alertmanager, write_settings
from tests.lab.mailbox import SMTPS_PORT, USERNAME, mailbox

MAIL = Path("ansible/roles/alertmanager/files/mail.tmpl").resolve()
BEGAN, ENDED = "2026-07-14T07:00:00Z", "2026-07-14T07:20:00Z"


async def amtool(*words: str) -> tuple[int, str]:
    """(exit code, what it said)."""
    process = await asyncio.create_subprocess_exec(
        *("env", "TZ=Europe/Paris", "amtool", *words), stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def alert(provider: str, status: str = "firing", severity: str = "critical") -> dict[str, Any]:
    """As Alertmanager hands it to a template."""
    return {
        "status": status,
        "labels": {"alertname": "VoicebotProviderErrors", "severity": severity, "provider": provider},
        "annotations": {
            "summary_fr": f"{provider} : 7 erreurs & <b>rien</b>.",
            "summary_en": f"{provider}: 7 errors.",
            "action_fr": "Lire « provider failed ».",
            "action_en": 'Read "provider failed".',
            "page": "docs/monitoring.md#voicebotprovidererrors",
        },
        "startsAt": BEGAN,
        "endsAt": ENDED,
    }


async def said_of(directory: Path, part: str, *alerts: dict[str, Any]) -> str:
    """A part of the mail about them: subject, text or html."""
    data = {
        "status": "firing" if any(one["status"] == "firing" for one in alerts) else "resolved",
        "alerts": alerts,
        "commonLabels": {"severity": alerts[0]["labels"]["severity"]},
        "externalURL": "http://sav:3000",
    }
    file = directory / "data.json"
    file.write_text(json.dumps(data))
    code, said = await amtool(
        "template",
        "render",
        f"--template.glob={MAIL}",
        f"--template.type={'html' if part == 'html' else 'text'}",
        f"--template.data={file}",
        f'--template.text={{{{ template "voicebot.{part}" . }}}}',
    )
    assert code == 0, said
    return said


@pytest.mark.parametrize(
    "variables",
    [
        {},
        {"alertmanager_mail_username": ""},
        {"alertmanager_webhooks": ["https://sms.example.com/alerts?key=1", "http://192.0.2.7:8080"]},
        {"alertmanager_webhooks": ["https://sms.example.com/alerts"], "alertmanager_recipients": []},
        {"alertmanager_mail_username": "o'bot\"@example.com", "alertmanager_mail_tls": False},
    ],
    ids=["mail", "without a password", "both", "programs only", "odd letters"],
)
async def test_alertmanager_takes_what_the_role_writes(variables: dict[str, Any], tmp_path: Path) -> None:
    code, said = await amtool("check-config", str(write_settings(tmp_path, **variables)))
    assert code == 0, said
    settings = yaml.safe_load((tmp_path / "alertmanager.yml").read_text())
    (people,) = settings["receivers"]
    recipients = variables.get("alertmanager_recipients", ["astreinte@example.com", "supervision@example.com"])
    assert [one["to"] for one in people.get("email_configs", [])] == recipients
    assert [one["url"] for one in people.get("webhook_configs", [])] == variables.get("alertmanager_webhooks", [])
    username = variables.get("alertmanager_mail_username", USERNAME) if recipients else ""
    assert settings.get("global", {}).get("smtp_auth_username", "") == username


async def test_a_mail_leaves_by_a_server_with_tls_from_the_first_byte(tmp_path: Path) -> None:
    """Alertmanager asks for STARTTLS there as well, unless told otherwise."""
    signed = await asyncio.to_thread(certificate, tmp_path / "mail.crt", 365, "localhost")
    ringing = {"labels": {"alertname": "VoicebotTest", "severity": "warning"}, "annotations": {"summary_fr": "Essai."}}
    async with (
        mailbox(signed, signed.with_suffix(".key"), port=SMTPS_PORT) as mails,
        alertmanager(tmp_path, SMTPS_PORT, signed) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http,
    ):
        (await http.post("/api/v2/alerts", json=[ringing])).raise_for_status()
        assert (await mails.wait_for("supervision@example.com", "Essai"))["Subject"] == "[sav] À voir : Essai."


async def test_what_is_left_unsaid_beside_something_worse_are_alerts_of_ours(tmp_path: Path) -> None:
    settings = yaml.safe_load(write_settings(tmp_path).read_text())
    named = {
        name
        for rule in settings["inhibit_rules"]
        for matcher in [*rule["source_matchers"], *rule["target_matchers"]]
        for name in re.findall(r"Voicebot\w+", matcher)
    }
    assert named <= {one.name for one in ALERTS}


async def test_a_subject_says_how_urgent_it_is_and_of_how_many(tmp_path: Path) -> None:
    subject = "groq : 7 erreurs & <b>rien</b>."
    assert await said_of(tmp_path, "subject", alert("groq")) == f"URGENT : {subject}"
    assert await said_of(tmp_path, "subject", alert("groq", severity="warning")) == f"À voir : {subject}"
    assert await said_of(tmp_path, "subject", alert("groq", "resolved")) == f"Rétabli : {subject}"
    three = (alert("deepgram", "resolved"), alert("groq"), alert("elevenlabs"))
    assert await said_of(tmp_path, "subject", *three) == f"URGENT : {subject} (et 1 de plus)"


async def test_a_mail_says_what_to_do_in_both_languages_and_since_when_here(tmp_path: Path) -> None:
    for part in ("text", "html"):
        said = await said_of(tmp_path, part, alert("groq"), alert("deepgram", "resolved"))
        assert "provider failed" in said
        for words in ("deepgram: 7 errors.", "Lire « ", "14/07/2026 à 09:00 (CEST)", "09:20 (CEST)", "http://sav:3000"):
            assert words in said
        assert said.count("Lire « ") == 1  # nothing is to be done where it is over


async def test_what_an_alert_says_is_no_markup(tmp_path: Path) -> None:
    said = await said_of(tmp_path, "html", alert("groq"))
    assert "&lt;b&gt;rien&lt;/b&gt;" in said
    assert "<b>rien" not in said

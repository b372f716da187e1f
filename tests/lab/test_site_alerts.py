"""Alerts of an appliance: a trial arrives, or it is said why not; without recipients there is nothing."""

import asyncio
from email.message import EmailMessage

import pytest

from tests.lab.appliance import outside
from tests.lab.appliance.installation import Installation, until
from tests.lab.mailbox import text_of
from tests.lab.test_site import went_well

pytestmark = pytest.mark.timeout(1200)

TOLD = {"astreinte@example.com", "supervision@example.com"}


async def test_who_is_to_be_told_gets_a_mail(appliance: Installation) -> None:
    play = await appliance.play(playbook="playbooks/alert.yml")
    went_well(play)
    assert "Taken. Look whether it arrives: astreinte@example.com, supervision@example.com" in play.said

    name = appliance.host.directory.name

    async def came() -> dict[str, EmailMessage]:
        mails = await asyncio.to_thread(appliance.mails)
        trials = {str(mail["X-RcptTo"]): mail for mail in mails if f"À voir : Essai de {name}" in mail["Subject"]}
        return trials if len(trials) == len(TOLD) else {}

    mails = await until(came, "each has a mail in the mailbox", 30)
    assert set(mails) == TOLD
    for mail in mails.values():
        assert str(mail["Subject"]) == f"[{name}] À voir : Essai de {name} : cette alerte arrive bien."
        said = text_of(mail, "plain")
        assert f"http://{name}:3000" in said
        assert "(CET)" in said or "(CEST)" in said
    (told,) = await appliance.prometheus("prometheus_notifications_alertmanagers_discovered == 1")
    assert 'job="prometheus"' in told


async def test_a_mail_server_that_does_not_answer_is_named(appliance: Installation) -> None:
    nowhere = f"{outside.address4('providers')}:2526"
    went_well(await appliance.play("--tags", "alertmanager", voicebot_mail_server=nowhere))
    play = await appliance.play(playbook="playbooks/alert.yml")
    assert play.code == 2
    told = " ".join(play.said.split())
    assert "It did not get through to all of them. Alertmanager says:" in told
    assert f"{nowhere}: connect: connection refused" in told


async def test_where_nobody_is_to_be_told_there_is_no_alertmanager(appliance: Installation) -> None:
    tags = ("--tags", "alertmanager,prometheus,grafana")
    went_well(await appliance.play(*tags, voicebot_alert_recipients=[]))
    assert await appliance.run("docker ps --all --quiet --filter name=alertmanager") == ""
    assert "alertmanager" not in await appliance.run("ls /opt/voicebot/stack/secrets")
    assert "alertmanager" not in await appliance.run("cat /opt/voicebot/stack/compose.yaml")
    assert "alerting" not in await appliance.run("cat /opt/voicebot/stack/prometheus/prometheus.yml")
    refused = await appliance.play(playbook="playbooks/alert.yml", voicebot_alert_recipients=[])
    assert refused.code == 2
    assert "voicebot_alert_recipients: [sav@example.com]" in " ".join(refused.said.split())
    rehearsal = await appliance.play("--check", "--diff")  # of somebody who is to be told from now on
    went_well(rehearsal)
    assert rehearsal.counts["changed"] > 0
    went_well(await appliance.play(*tags))
    assert await appliance.run("docker ps --quiet --filter name=alertmanager --filter health=healthy") != ""

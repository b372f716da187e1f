"""A real Alertmanager, as Debian has it, with what the role writes for it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.lab.mailbox import PASSWORD, USERNAME
from tests.lab.prometheus import answers, free_port, running
from tests.lab.role_template import rendered


@asynccontextmanager
async def alertmanager(directory: Path, mail_port: int, authority: Path) -> AsyncIterator[int]:
    """Runs one with what the role writes for it; its port.

    Args:
        mail_port: of the mail server.
        authority: certificate by which that one's is believed.
    """
    server = {"alertmanager_mail_server": f"localhost:{mail_port}", "alertmanager_mail_authority": str(authority)}
    port, file = free_port(), write_settings(directory, **server)
    options = [f"--config.file={file}", f"--storage.path={directory / 'alertmanager'}", "--cluster.listen-address="]
    options += [f"--web.listen-address=127.0.0.1:{port}", "--web.external-url=http://sav:3000", "--web.route-prefix=/"]
    words = ("env", "TZ=Europe/Paris", "prometheus-alertmanager", *options)
    async with (
        running(*words, log=directory / "alertmanager.log") as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30.0) as http,
    ):
        await answers(http, "/-/ready", process)
        yield port


def write_settings(directory: Path, **variables: Any) -> Path:
    """Writes what Alertmanager reads, as the role does, with its files in other places."""
    usual = {
        "inventory_hostname": "sav",
        "alertmanager_recipients": ["astreinte@example.com", "supervision@example.com"],
        "alertmanager_webhooks": [],
        "alertmanager_mail_server": "smtp.example.com:587",
        "alertmanager_mail_from": "voicebot@example.com",
        "alertmanager_mail_username": USERNAME,
        "alertmanager_mail_tls": True,
        "alertmanager_mail_authority": "",
    }
    text = rendered("alertmanager", "alertmanager.yml.j2", **usual | variables)
    (directory / "password").write_text(PASSWORD)
    shutil.copy("ansible/roles/alertmanager/files/mail.tmpl", directory)
    if authority := variables.get("alertmanager_mail_authority"):
        shutil.copy(authority, directory / "authority.pem")
    file = directory / "alertmanager.yml"
    file.write_text(text.replace("/etc/alertmanager", str(directory)), encoding="utf-8")
    return file

"""The appliance on a host of the laboratory: played by Ansible, called by the Asterisk's side, asked what came of it.

async with Installation.on_bare_host() as site:
    assert (await site.play()).code == 0
    report = await site.call("internet_resolu")
    assert (await site.ticket(report["uuid"]))["status"] == "resolved"
"""

import asyncio
import json
import mailbox
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

from app.errors import VoicebotError
from tests.lab.appliance import outside
from tests.lab.appliance.ansible import changed
from tests.lab.appliance.host import REPOSITORY, Host

Seen = TypeVar("Seen")
VOICEBOT = Path(sys.executable).with_name("voicebot")
PLAY_TIMEOUT_S = 900.0
CALL_TIMEOUT_S = 240.0
STANDINS_TIMEOUT_S = 60.0
POLL_S = 0.5
MAILS, MAIL_PORT = "mails", 2525


@dataclass(frozen=True, slots=True)
class Play:
    """What became of a run of a playbook.

    Attributes:
        code: ansible-playbook's exit code.
        said: all that it wrote.
        took_s: from its start to its end.
    """

    code: int
    said: str
    took_s: float

    @property
    def counts(self) -> dict[str, int]:
        """Of the last line: ok, changed, unreachable, failed, skipped, rescued, ignored."""
        return changed(self.said)


class Installation:
    """The host, and beside it the stand-ins of the three providers, and a mail server.

    Attributes:
        host: a bare Debian until something is played on it.
    """

    def __init__(self, host: Host) -> None:
        self.host = host

    @classmethod
    @asynccontextmanager
    async def on_bare_host(cls) -> AsyncIterator["Installation"]:
        """Boots a host that ends with this.

        Raises:
            VoicebotError: it does not boot, or the stand-ins do not start.
        """
        host = await asyncio.to_thread(Host.boot, f"site-{uuid4().hex[:6]}")
        there = outside.address4("providers")
        programs = {
            "standins": f"{VOICEBOT} standins --host {there}",
            "mails": f"{sys.executable} -m aiosmtpd --nosetuid --listen {there}:{MAIL_PORT}"
            f" --class aiosmtpd.handlers.Mailbox {host.directory / MAILS}",
        }
        running: list[asyncio.subprocess.Process] = []
        try:
            for name, words in programs.items():
                with (host.directory / f"{name}.log").open("w") as log:
                    process = await asyncio.create_subprocess_exec(
                        *host.peer("providers").words(f"exec {words}"), stdout=log, stderr=log, cwd=REPOSITORY
                    )
                running.append(process)
            await until(lambda: _said(host.directory / "standins.log"), "the stand-ins listen", STANDINS_TIMEOUT_S)
            yield cls(host)
        finally:
            for process in running:
                with suppress(ProcessLookupError):
                    process.terminate()
                await process.wait()
            await asyncio.to_thread(host.stop)

    async def play(self, *words: str, playbook: str = "site.yml", **variables: object) -> Play:
        """Runs a playbook as an operator does, with the inventory of the laboratory.

        Args:
            words: further ones for ansible-playbook.
            playbook: below ansible/.
            variables: in place of the inventory's.
        """
        inventories = ["-i", str(self.host.inventory), "-i", "inventories/lab"]
        begun_s = time.monotonic()
        done = await asyncio.to_thread(
            self.host.ansible,
            "ansible-playbook",
            *inventories,
            "-e",
            json.dumps(variables),
            *words,
            playbook,
            check=False,
            timeout_s=PLAY_TIMEOUT_S,
        )
        return Play(done.returncode, done.stdout + done.stderr, time.monotonic() - begun_s)

    async def run(self, command: str, *, check: bool = True) -> str:
        """What a shell command on the host, as root, says on standard output.

        Raises:
            VoicebotError: it failed and `check` is set.
        """
        return (await asyncio.to_thread(self.host.run, command, check=check)).stdout.strip()

    async def call(self, script: str) -> dict[str, Any]:
        """A call from the Asterisk's address; its report (`app/caller/report.py`).

        Raises:
            VoicebotError: there is none.
        """
        words = [str(VOICEBOT), "call", "--host", outside.address4(outside.HOST), "--port", "9090"]
        words += ["--uuid", str(uuid4()), "--script", script, "--json"]
        done = await asyncio.to_thread(
            self.host.peer("asterisk").run, " ".join(words), check=False, timeout_s=CALL_TIMEOUT_S
        )
        try:
            report: dict[str, Any] = json.loads(done.stdout)
        except ValueError:
            raise VoicebotError(f"no report of a call: {done.stdout}{done.stderr}") from None
        return report

    async def ticket(self, uuid: str, within_s: float = 20.0) -> dict[str, str]:
        """A call's ticket, as the PostgreSQL in its container has it.

        Raises:
            VoicebotError: it did not come in time.
        """
        columns = "call_uuid, status, problem_type, asterisk, duration_seconds"
        query = f"SELECT row_to_json(t) FROM (SELECT {columns} FROM tickets WHERE call_uuid = '{uuid}') t"
        psql = (
            "docker exec --user postgres postgres-tickets psql --no-align --tuples-only --dbname db_tickets --command"
        )

        async def look() -> dict[str, str]:
            found = await self.run(f'{psql} "{query}"', check=False)
            return dict(json.loads(found)) if found.startswith("{") else {}

        return await until(look, f"the ticket of call {uuid} is in the database", within_s)

    async def prometheus(self, query: str) -> list[str]:
        """What the Prometheus in its container answers, a line each."""
        said = await self.run(f"docker exec prometheus promtool query instant http://127.0.0.1:9090 '{query}'")
        return said.splitlines()

    def mails(self) -> list[EmailMessage]:
        """What the mail server beside the host has taken; to whom is in `X-RcptTo`."""
        kept = mailbox.Maildir(self.host.directory / MAILS, create=True)
        return [message_from_bytes(kept.get_bytes(key), policy=policy.default) for key in sorted(kept.keys())]

    async def serving(self) -> list[str]:
        """Numbers of the instances that take calls."""
        units = await self.run("systemctl list-units --plain --no-legend --state=active 'voicebot@*.service'")
        return [line.split(".")[0].partition("@")[2] for line in units.splitlines()]


async def until(look: Callable[[], Awaitable[Seen]], what: str, within_s: float) -> Seen:
    """Looks again and again until it sees something.

    Raises:
        VoicebotError: it did not, in time.
    """
    end_s = time.monotonic() + within_s
    while time.monotonic() < end_s:
        if seen := await look():
            return seen
        await asyncio.sleep(POLL_S)
    raise VoicebotError(f"after {within_s:.0f} s it is still not so: {what}")


async def _said(log: Path) -> bool:
    return "for the server" in await asyncio.to_thread(log.read_text)

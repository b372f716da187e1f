"""A server under load, watched by a real Prometheus: what the dashboards and alerts are tried on.

Real are `voicebot serve` with two workers, PostgreSQL, Prometheus, Alertmanager and node exporter. The providers are
`voicebot standins`, the manager of the Asterisk is that of the integration tests. What only timers of an appliance tell
comes, by way of node exporter, from the code that these timers run.
"""

import asyncio
import sys
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import httpx

from app.backup.metric import backup_succeeded, drill_succeeded
from app.caller.caller import place_call
from app.caller.script import Say, Script, read_script
from app.commands.children import finish, voicebot
from app.firewall.metric import write_metric
from app.media.clock import FrameClock
from app.store.clients import Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.tickets import Tickets
from grafana.build import FOLDER
from tests.e2e.world import seed, settings_of, ticket_of
from tests.integration.asterisk_manager import Manager
from tests.integration.test_certificates import COMMAND, certificate
from tests.lab.alertmanager import alertmanager
from tests.lab.mailbox import Mailbox, mailbox
from tests.lab.network import run
from tests.lab.prometheus import Prometheus, node_exporter, prometheus

CARD = "card"
LOAD_CALLS, LOAD_SECONDS = 8, 8
OPEN_QUESTION = "Bonjour, ma box est en panne."
HUMAN = "Je veux parler à un conseiller."
SCRIPTS = (
    *(read_script(name) for name in ("internet_resolu", "demande_humain", "raccroche")),
    # Talks over the bot, and is answered by the model.
    Script(
        name="interrupts",
        max_seconds=60,
        steps=(
            Say(say=OPEN_QUESTION),
            Say(say="Non, attendez, le voyant est rouge.", over_bot_after_s=1.0),
            Say(say=HUMAN),
        ),
    ),
)
KEY_REFUSED = Script(
    name="key-refused",
    max_seconds=40,
    steps=(Say(say=OPEN_QUESTION), Say(say="Non, pas encore."), Say(say=HUMAN, optional=True)),
)


@dataclass(frozen=True, slots=True)
class Watched:
    """What is there when the calls are over; all of it still runs."""

    prometheus: Prometheus
    audiosocket_port: int
    groq: str
    mails: Mailbox

    async def call(self, *scripts: Script) -> list[UUID]:
        """Places calls at once, to their ends; their UUIDs."""
        clock, uuids = FrameClock(), [uuid4() for _ in scripts]
        await asyncio.gather(
            *(
                place_call(script, "127.0.0.1", self.audiosocket_port, call_uuid=call_uuid, clock=clock)
                for script, call_uuid in zip(scripts, uuids, strict=True)
            )
        )
        return uuids

    async def break_groq(self, fault: str) -> None:
        """From now on; "none" mends it."""
        async with httpx.AsyncClient(timeout=5.0) as http:
            (await http.put(f"{self.groq}/control", json={"fault": fault})).raise_for_status()


@asynccontextmanager
async def watched(directory: Path) -> AsyncIterator[Watched]:
    """The whole, after its calls."""
    async with AsyncExitStack() as stack:
        # The laboratory's network has only "lo", which nobody counts.
        await run("ip", "link", "add", CARD, "type", "veth", "peer", "name", f"{CARD}-end")
        stack.push_async_callback(run, "ip", "link", "delete", CARD)
        postgres = await stack.enter_async_context(EmbeddedPostgres(directory / "postgres"))
        await migrate(postgres.clients_url, "clients")
        await migrate(postgres.tickets_url, "tickets")
        clients = await stack.enter_async_context(Database(postgres.clients_url))
        tickets = Tickets(await stack.enter_async_context(Database(postgres.tickets_url)))
        await seed(Clients(clients), tickets)
        ports = [word for name in ("deepgram", "groq", "elevenlabs") for word in (f"--{name}-port", "0")]
        standins = await stack.enter_async_context(voicebot("standins", *ports, reads="stdout"))
        addresses = await standins.wait_for()
        manager = await stack.enter_async_context(Manager())
        environment = settings_of(directory, postgres, addresses) | {
            "WORKERS": "2",
            "REMOTE_ASTERISK_IP": "127.0.0.1",
            "AMI_PORT": str(manager.port),
            "AMI_USERNAME": "voicebot",
            "AMI_SECRET": manager.secret,
        }
        await finish("cache", "build", environment=environment)
        server = await stack.enter_async_context(voicebot("serve", reads="stderr", environment=environment))
        listening = await server.wait_for("listening")
        draining = asyncio.create_task(_drain(server.events()), name="read the log")
        stack.callback(draining.cancel)
        signed = await asyncio.to_thread(certificate, directory / "mail.crt", 365, "localhost")
        mails = await stack.enter_async_context(mailbox(signed, signed.with_suffix(".key")))
        teller_port = await stack.enter_async_context(alertmanager(directory, mails.port, signed))
        exporter_port = await stack.enter_async_context(node_exporter(directory, await reports_of_timers(directory)))
        jobs = {"voicebot": listening["metrics_port"], "node": exporter_port, "alertmanager": teller_port}
        rules = FOLDER / "alerts/voicebot.yml"
        watching = await stack.enter_async_context(prometheus(directory, jobs, rules, teller_port))
        # At 0 before the first call: what grows must have been seen before it grew.
        await watching.wait_for('voicebot_calls_total{outcome="goodbye"}')
        place = Watched(watching, listening["audiosocket_port"], addresses["groq"], mails)
        page = f"http://127.0.0.1:{listening['metrics_port']}/metrics"
        uuids, _ = await asyncio.gather(place.call(*SCRIPTS), load(place.audiosocket_port, page))
        for call_uuid in uuids:
            await ticket_of(tickets, call_uuid)
        yield place


async def load(port: int, page: str) -> None:
    """Runs `voicebot load`. That a busy machine is late, which it says with 1, is nothing here."""
    options = {"--port": port, "--calls": LOAD_CALLS, "--seconds": LOAD_SECONDS, "--metrics": page}
    words = [str(word) for option in options.items() for word in option]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "app", "load", *words, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    said, _ = await process.communicate()
    assert process.returncode in (0, 1), said.decode()


async def reports_of_timers(directory: Path) -> Path:
    """The folder for node exporter, with what timers of an appliance would have written there."""
    folder = directory / "textfiles"
    folder.mkdir()
    write_metric(folder / "voicebot-firewall.prom", 0, time.time())
    signed = await asyncio.to_thread(certificate, directory / "dashboard.crt", 365)
    await run("python3", str(COMMAND), str(folder / "voicebot-certificates.prom"), f"dashboard={signed}")
    backup = folder / "voicebot-backup.prom"
    backup_succeeded(backup, begun_s=time.time(), duration_s=12.0, size_bytes=34_000_000)
    drill_succeeded(backup, now_s=time.time(), backup_s=time.time())
    return folder


async def _drain(events: AsyncIterator[object]) -> None:
    async for _ in events:
        pass

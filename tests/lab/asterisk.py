"""One real Asterisk on a host of its own: a layer over the shared root folder, with the shipped templates in it."""

import asyncio
import shutil
import signal
import socket
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from app.commands.children import end_of
from app.errors import VoicebotError
from tests.lab.network import ADDRESSES, run
from tests.lab.role_template import rendered

ROLE = "asterisk"
CONFIG = Path(__file__).parent / "config"
"""What an operator has of his own: telephones, contexts."""
LAYERS = Path("/run/laboratory")
START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 15.0
AMI_USERNAME = "voicebot"
AMI_SECRET = "a-secret-of-the-laboratory"
AMI_PORT = 5038
AMI_LOGIN = f"Action: Login\r\nUsername: {AMI_USERNAME}\r\nSecret: {AMI_SECRET}\r\n\r\n".encode()


class Asterisk:
    """An Asterisk on one of the network's hosts.

    Args:
        host: "asterisk1" or "asterisk2".
        root: the folder with the programs, shared.
        variables: of the role, besides those of the laboratory.
    """

    def __init__(self, host: str, root: Path, variables: Mapping[str, Any] | None = None) -> None:
        self.host = host
        self.address = ADDRESSES[host]
        self._root = root
        self._layer = LAYERS / host
        self.tree = self._layer / "tree"
        self._process: asyncio.subprocess.Process | None = None
        self.variables: dict[str, Any] = {
            "asterisk_voicebot_servers": [f"{ADDRESSES['bot']}:9090"],
            "asterisk_voicebot_reachable_from": ["telephones"],
            "asterisk_technician_context": "technicians",
            "asterisk_technician_ring_seconds": 5,
            "asterisk_ami_username": AMI_USERNAME,
            "asterisk_ami_secret": AMI_SECRET,
            "asterisk_ami_permit": [ADDRESSES["bot"]],
            **(variables or {}),
        }

    @property
    def pid(self) -> int:
        """The process, while it runs."""
        assert self._process is not None
        return self._process.pid

    async def prepare(self) -> None:
        """Puts the layer over the root folder and writes the configuration into it."""
        for name in ("upper", "work", "tree"):
            (self._layer / name).mkdir(parents=True)
        options = f"lowerdir={self._root},upperdir={self._layer / 'upper'},workdir={self._layer / 'work'}"
        await run("mount", "-t", "overlay", "overlay", "-o", options, str(self.tree))
        for name in ("proc", "dev"):
            await run("mount", "--rbind", f"/{name}", str(self.tree / name))
        self.configure()

    def configure(self, **variables: Any) -> None:
        """Writes the configuration, with changed variables of the role."""
        self.variables |= variables
        etc = self.tree / "etc/asterisk"
        for file in CONFIG.iterdir():
            text = file.read_text("utf-8").replace("@ADDRESS@", self.address)
            for host in ("bot", "phones", "technician"):
                text = text.replace(f"@{host.upper()}@", ADDRESSES[host])
            (etc / file.name).write_text(text, "utf-8")
        # It looks its own name up whenever it describes a call.
        (self.tree / "etc/hosts").write_text(f"127.0.0.1 localhost\n{self.address} {socket.gethostname()}\n", "utf-8")
        dialplan = rendered(ROLE, "extensions_voicebot.conf.j2", **self.variables)
        (etc / "extensions_voicebot.conf").write_text(dialplan, "utf-8")
        manager = rendered(ROLE, "manager_voicebot.conf.j2", **self.variables)
        (etc / "manager_voicebot.conf").write_text(manager, "utf-8")

    async def start(self) -> None:
        """Starts it and waits until it is ready.

        Raises:
            VoicebotError: it ended, or is not ready after a minute; with its last lines.
        """
        with suppress(FileNotFoundError):
            self.log_file.unlink()
        self._process = await asyncio.create_subprocess_exec(
            *("ip", "netns", "exec", self.host, "chroot", str(self.tree), "/usr/sbin/asterisk", "-f"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        end_s = time.monotonic() + START_TIMEOUT_S
        while time.monotonic() < end_s and self._process.returncode is None:
            with suppress(VoicebotError):
                await self.cli("core waitfullybooted")
                return
            await asyncio.sleep(0.2)
        raise VoicebotError(f"{self.host} did not start: {self.last_lines()}")

    async def kill(self) -> None:
        """Ends it as a power cut would: no BYE, no FIN from the program."""
        await self._end(signal.SIGKILL)

    async def stop(self) -> None:
        """Ends it as its service does: calls are hung up."""
        with suppress(VoicebotError):
            await self.cli("core stop now")
        await self._end(signal.SIGTERM)

    async def remove(self) -> None:
        """Stops it and takes its layer away."""
        await self.stop()
        await run("umount", "-R", "-l", str(self.tree))
        shutil.rmtree(self._layer, ignore_errors=True)

    async def cli(self, command: str) -> str:
        """Runs a command of its console.

        Raises:
            VoicebotError: it does not run, or does not know the command.
        """
        said = await run("chroot", str(self.tree), "/usr/sbin/asterisk", "-rx", command)
        if said.startswith("No such command"):
            raise VoicebotError(said.strip())
        return said

    async def channels(self) -> list[str]:
        """Names of the channels that exist."""
        lines = (await self.cli("core show channels concise")).splitlines()
        return [line.partition("!")[0] for line in lines if "!" in line]

    async def variables_of(self, channel: str) -> dict[str, str]:
        """Variables of a channel."""
        lines = (await self.cli(f"core show channel {channel}")).partition("Variables:")[2].splitlines()
        return {name: value for name, mark, value in (line.strip().partition("=") for line in lines) if mark}

    @property
    def log_file(self) -> Path:
        """Its full log."""
        return self.tree / "var/log/asterisk/full.log"

    def last_lines(self, count: int = 15) -> str:
        """The end of its log."""
        try:
            return "\n".join(self.log_file.read_text(errors="replace").splitlines()[-count:])
        except OSError:
            return "it wrote no log"

    async def _end(self, number: int) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        await end_of(process, STOP_TIMEOUT_S)

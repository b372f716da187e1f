"""SIPp, the telephones' signalling: one process for each telephone, told to hang up by a message, read by its log."""

import asyncio
import os
import socket
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from tests.lab.network import ADDRESSES, socket_on

SCENARIOS = Path(__file__).parent / "sipp"
SIP_PORT = 5060
FIRST_PORT = 20_000
END_TIMEOUT_S = 20.0
"""From the wish to hang up to SIPp's end: BYE is repeated for longer than a cable is ever pulled here."""

_ports = count(FIRST_PORT, 2)
_numbers = count(1)


@dataclass(frozen=True, slots=True)
class Message:
    """A SIP message that was sent or received.

    Attributes:
        at_s: when, seconds of the system clock.
        sent: or received.
        first_line: request or status line.
    """

    at_s: float
    sent: bool
    first_line: str


class SippCall:
    """One call of one SIPp.

    Args:
        scenario: a file in `sipp/`, without `.xml`.
        host: whose network it uses.
        keys: values of the scenario's own keywords.
        directory: where its log goes.
        max_seconds: it is ended by force after so long.
        port: of its SIP; one of its own by default.

    Attributes:
        call_id: of a call that it places.
    """

    def __init__(
        self, scenario: str, host: str, keys: Mapping[str, object], directory: Path, max_seconds: float, port: int = 0
    ) -> None:
        self._scenario = scenario
        self._host = host
        self._keys = keys
        self._port = port or next(_ports)
        self.call_id = f"{scenario}-{next(_numbers)}@laboratory"
        self._log = directory / f"{self.call_id.partition('@')[0]}.csv"
        self._errors = self._log.with_suffix(".errors")
        self._answer = self._log.with_suffix(".answer")
        self._messages = self._log.with_suffix(".messages")
        self._max_seconds = max_seconds
        self._process: asyncio.subprocess.Process | None = None

    async def start(self, remote: str = "", service: str = "") -> None:
        """Calls `service` at `remote`; or waits for a call, without them."""
        words = ["ip", "netns", "exec", self._host, "sipp", *([f"{remote}:{SIP_PORT}"] if remote else [])]
        words += ["-sf", str(SCENARIOS / f"{self._scenario}.xml"), "-m", "1", "-l", "1", "-nostdin"]
        words += ["-i", ADDRESSES[self._host], "-p", str(self._port), "-cid_str", self.call_id]
        words += ["-s", service] if service else []
        words += ["-timeout", f"{self._max_seconds:.0f}s", "-timeout_error"]
        words += ["-trace_shortmsg", "-shortmessage_file", str(self._log), "-shortmessage_overwrite", "true"]
        words += ["-trace_msg", "-message_file", str(self._messages), "-message_overwrite", "true"]
        words += ["-trace_err", "-error_file", str(self._errors)]
        for name, value in {"answer_file": self._answer, **self._keys}.items():
            words += ["-key", name, str(value)]
        self._process = await asyncio.create_subprocess_exec(
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
            env={**os.environ, "TERM": "dumb"},
            cwd=self._log.parent,
        )

    def hang_up(self) -> None:
        """Tells it to say BYE."""
        message = (
            f"INFO sip:hang-up@{ADDRESSES[self._host]}:{self._port} SIP/2.0\r\n"
            f"Via: SIP/2.0/UDP {ADDRESSES[self._host]}:9;branch=z9hG4bK-{self.call_id}\r\n"
            f"From: <sip:hand@laboratory>;tag=hand\r\nTo: <sip:telephone@laboratory>\r\n"
            f"Call-ID: {self.call_id}\r\nCSeq: 1 INFO\r\nContent-Length: 0\r\n\r\n"
        )
        with socket_on(self._host, socket.SOCK_DGRAM) as hand:
            hand.sendto(message.encode(), (ADDRESSES[self._host], self._port))

    async def over(self) -> int:
        """Waits for the end of the call: 0 is a proper end."""
        assert self._process is not None
        return await self._process.wait()

    async def close(self) -> None:
        """Ends it, whatever it does."""
        if self._process is None or self._process.returncode is not None:
            return
        with suppress(ProcessLookupError):
            self._process.kill()
        await self._process.wait()

    def sound_port(self) -> int | None:
        """Where the other side takes sound; None as long as it has not answered."""
        try:
            return int(self._answer.read_text())
        except (OSError, ValueError):
            return None

    def messages(self) -> list[Message]:
        """All messages of the call; complete once it is over."""
        messages = []
        for line in self._log.read_text(errors="replace").splitlines():
            # day, time, both as seconds since 1970, S or R, call, CSeq, first line
            parts = line.split("\t")
            if len(parts) >= 7:
                messages.append(Message(float(parts[2]), parts[3] == "S", parts[-1]))
        return messages

    def answered_at_s(self) -> float | None:
        """When the 200 OK to the INVITE came, system clock; None if none did."""
        return next((one.at_s for one in self.messages() if " 200" in one.first_line), None)

    def header(self, name: str) -> str | None:
        """The first header of that name in any message; None if there is none."""
        for line in self._messages.read_text(errors="replace").splitlines():
            if line.startswith(f"{name}: "):
                return line.partition(": ")[2].strip()
        return None

    def complaint(self) -> str:
        """What it wrote about its failure, one line."""
        with suppress(OSError):
            return " ".join(self._errors.read_text(errors="replace").split())[:600]
        return "it said nothing"

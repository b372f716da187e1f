"""An Asterisk's manager interface, byte by byte as Asterisk 22 speaks it, with the faults that one can have.

What it says is what a real Asterisk says: `tests/lab/test_ami.py` holds both against the same client.
"""

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self
from uuid import UUID

from tests.integration.peer import TIMEOUT_S

BANNER = b"Asterisk Call Manager/11.0.0\r\n"
CHALLENGE = b"171717171"
Headers = dict[str, str]


@dataclass(slots=True)
class Manager:
    """A manager that takes any number of connections.

    Attributes:
        secret: what it wants for a login.
        actions: everything that it was told, in order, pings and logins left out.
        logins: how many were tried.
        answers: what comes instead of the usual answer to an action, by its name; None: nothing at all.
        chunk_bytes: everything is sent in pieces of this size; 0 sends it whole.
    """

    secret: str = "s3cret"
    host: str = "127.0.0.1"
    port: int = 0
    actions: list[Headers] = field(default_factory=list)
    logins: int = 0
    pings: int = 0
    answers: dict[str, Callable[[Headers], bytes] | None] = field(default_factory=dict)
    chunk_bytes: int = 0
    banner: bytes = BANNER
    writers: list[asyncio.StreamWriter] = field(default_factory=list)
    raw: bytes = b""
    """All that came over all connections."""
    _server: asyncio.Server | None = None

    async def __aenter__(self) -> Self:
        await self.open()
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.close()

    async def open(self) -> None:
        """Listens, on the port of before if there was one."""
        self._server = await asyncio.start_server(self._serve, self.host, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Goes away, like an Asterisk that is stopped."""
        if self._server is not None:
            self._server.close()
        self.cut()
        for writer in self.writers:
            try:
                async with asyncio.timeout(TIMEOUT_S):
                    await writer.wait_closed()
            except OSError:
                pass
        self.writers.clear()

    def cut(self) -> None:
        """Cuts all connections."""
        for writer in self.writers:
            writer.transport.abort()

    @property
    def variables(self) -> list[tuple[str, str, str]]:
        """Channel, name and value of everything that was set."""
        return [(a["channel"], a["variable"], a["value"]) for a in self.actions if a["action"] == "Setvar"]

    def announce(self, call_uuid: UUID, channel: str = "PJSIP/phone-00000001", **headers: str) -> None:
        """`UserEvent(VoicebotCall,…)` in a dialplan."""
        told = {
            "CallUUID": str(call_uuid),
            "CallerNumber": "0199000001",
            "CallerName": "Marie",
            "Dialled": "777",
            "Attempt": "new",
            "Reason": "",
        } | headers
        self.say(user_event(channel, told))

    def unanswered(self, call_uuid: UUID, channel: str = "PJSIP/phone-00000001", reason: str = "CANCEL") -> None:
        """`UserEvent(VoicebotUnanswered,…)` in a dialplan."""
        told = {"UserEvent": "VoicebotUnanswered", "CallUUID": str(call_uuid), "Reason": reason}
        self.say(user_event(channel, told))

    @property
    def _key(self) -> str:
        """What a login with `AuthType: MD5` brings."""
        return hashlib.md5(CHALLENGE + self.secret.encode()).hexdigest()

    def say(self, data: bytes) -> None:
        """Bytes to everybody who is connected."""
        for writer in self.writers:
            self._write(writer, data)

    def _write(self, writer: asyncio.StreamWriter, data: bytes) -> None:
        if writer.is_closing():
            return
        size = self.chunk_bytes or len(data) or 1
        for at in range(0, len(data), size):
            writer.write(data[at : at + size])

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.writers.append(writer)
        self._write(writer, self.banner)
        try:
            while True:
                data = await reader.readuntil(b"\r\n\r\n")
                self.raw += data
                lines = (line.partition(":") for line in data.decode().split("\r\n") if line)
                action = {name.strip().lower(): value.strip() for name, _, value in lines}
                if not self._take(action, writer):
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    def _take(self, action: Headers, writer: asyncio.StreamWriter) -> bool:
        """Answers one action; False ends the connection."""
        name = action["action"]
        if name == "Ping":
            self.pings += 1
        elif name == "Login":
            self.logins += 1
        if name not in ("Ping", "Challenge", "Login"):
            self.actions.append(action)
        if name in self.answers:
            answer = self.answers[name]
            if answer is not None:
                self._write(writer, answer(action))
            return True
        match name:
            case "Challenge":
                told = b"Response: Success\r\nActionID: %s\r\nChallenge: %s\r\n\r\n"
                self._write(writer, told % (_id(action), CHALLENGE))
            case "Login" if self.secret != action.get("secret") and self._key != action.get("key"):
                self._write(writer, response(action, "Error", "Authentication failed"))
                return False
            case "Login":
                self._write(writer, response(action, "Success", "Authentication accepted"))
                self._write(writer, b"Event: FullyBooted\r\nPrivilege: system,all\r\nStatus: Fully Booted\r\n\r\n")
            case "Ping":
                self._write(writer, b"Response: Success\r\nActionID: %s\r\nPing: Pong\r\n\r\n" % _id(action))
            case "Setvar":
                self._write(writer, response(action, "Success", "Variable Set"))
            case "Logoff":
                self._write(writer, response(action, "Goodbye", "Thanks for all the fish."))
                return False
            case _:
                self._write(writer, response(action, "Error", "Invalid/unknown command"))
        return True


def response(action: Headers, word: str, message: str) -> bytes:
    """An answer."""
    id_line = b"ActionID: %s\r\n" % _id(action) if "actionid" in action else b""
    return f"Response: {word}\r\n".encode() + id_line + f"Message: {message}\r\n\r\n".encode()


def user_event(channel: str, headers: Headers) -> bytes:
    """A UserEvent as `app_userevent` and `manager_channels` make it: the channel's headers first."""
    told = {
        "Event": "UserEvent",
        "Privilege": "user,all",
        "Channel": channel,
        "ChannelState": "6",
        "ChannelStateDesc": "Up",
        "CallerIDNum": "0199000001",
        "CallerIDName": "<unknown>",
        "Context": "voicebot",
        "Exten": "777",
        "Priority": "4",
        "Uniqueid": "1700000000.1",
        "Linkedid": "1700000000.1",
        "UserEvent": "VoicebotCall",
    } | headers
    return "".join(f"{name}: {value}\r\n" for name, value in told.items()).encode() + b"\r\n"


def _id(action: Headers) -> bytes:
    return action.get("actionid", "").encode()

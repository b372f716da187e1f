"""The wire of the Asterisk Manager Interface: bytes to messages, actions to bytes. Pure.

A message is lines of "Name: value", each ended by CR LF, and an empty line after the last; the connection begins with a
banner of one line (Asterisk, `main/manager.c`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from app.errors import ProviderProtocolError

PROVIDER = "ami"
"""How errors and metrics call it."""
BANNER = b"Asterisk Call Manager/"
END_OF_LINE = b"\r\n"
MAX_LINE_BYTES = 16_384
MAX_LINES = 512
"""An event is some thirty lines of less than a hundred bytes: whoever sends more than this is no Asterisk, or fills our
memory."""


@dataclass(frozen=True, slots=True)
class Message:
    """A response or an event.

    Attributes:
        headers: by name in lower case, the first of its name.
        repeated: names (lower case) that came more than once.
    """

    headers: Mapping[str, str]
    repeated: frozenset[str] = frozenset()

    def get(self, name: str) -> str:
        """A header, by its name in lower case; empty where there is none."""
        return self.headers.get(name, "")


class MessageReader:
    """Cuts a stream of bytes into messages, in whatever pieces it comes."""

    def __init__(self) -> None:
        self._rest = b""
        self._headers: dict[str, str] = {}
        self._repeated: set[str] = set()
        self._lines = 0
        self.version = ""
        """Of the protocol, out of the banner; empty before it."""

    def receive(self, data: bytes) -> Iterator[Message]:
        """Takes bytes, yields the messages that are whole.

        Raises:
            ProviderProtocolError: this is no Asterisk manager, or its messages know no bounds.
        """
        *lines, self._rest = (self._rest + data).split(END_OF_LINE)
        for line in lines:
            if (message := self._line(line)) is not None:
                yield message
        if len(self._rest) > MAX_LINE_BYTES:
            raise ProviderProtocolError(PROVIDER, f"a line of more than {MAX_LINE_BYTES} bytes")
        if not self.version and self._rest[: len(BANNER)] != BANNER[: len(self._rest)]:
            raise _no_manager()

    def _line(self, line: bytes) -> Message | None:
        if len(line) > MAX_LINE_BYTES:
            raise ProviderProtocolError(PROVIDER, f"a line of more than {MAX_LINE_BYTES} bytes")
        if not self.version:
            if not line.startswith(BANNER):
                raise _no_manager()
            self.version = line[len(BANNER) :].decode("ascii", "replace").strip() or "unknown"
            return None
        if not line:
            return self._whole()
        self._lines += 1
        if self._lines > MAX_LINES:
            raise ProviderProtocolError(PROVIDER, f"a message of more than {MAX_LINES} lines")
        # Whole lines only: a character may be cut in two between two pieces.
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if colon:
            key = name.strip().lower()
            if key in self._headers:
                self._repeated.add(key)
            else:
                self._headers[key] = value.strip()
        return None

    def _whole(self) -> Message | None:
        headers, repeated = self._headers, frozenset(self._repeated)
        self._headers, self._lines = {}, 0
        self._repeated.clear()
        return Message(headers, repeated) if headers else None


def encode(action: str, headers: Mapping[str, str]) -> bytes:
    """An action as it goes over the wire.

    Raises:
        ValueError: a header holds a control character, which could begin another header or another action. The value
            is not told: it may be a secret.
    """
    lines = []
    for name, value in {"Action": action, **headers}.items():
        if not (name.isalnum() and name.isascii()) or any(char < " " or char == "\x7f" for char in value):
            raise ValueError(f"{action}: a control character in {name!r}")
        lines.append(f"{name}: {value}".encode("utf-8", "replace"))
    return END_OF_LINE.join([*lines, b"", b""])


def _no_manager() -> ProviderProtocolError:
    return ProviderProtocolError(PROVIDER, "no Asterisk manager answers there; is AMI_PORT right?")

"""A WebSocket under an SDK's client: one copy and one write a message, and deadlines where the SDK has none.

The SDK's own client (`websockets`) awaits a lock, a queue and a drain for every message it sends; this one hands the
message to the transport at once (`docs/providers.md` has the figures). Sending never waits: what the peer does not take
is bounded, and a peer that falls behind is given up.
"""

import asyncio
from dataclasses import dataclass
from ssl import SSLContext
from typing import Self

from picows import WSAutoPingStrategy, WSCloseCode, WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

from app.inbox import Inbox

TEXT, BINARY = WSMsgType.TEXT, WSMsgType.BINARY
READ_BUFFER_BYTES = 1024
"""To begin with: transcripts are short, and there is one such buffer a call."""
MAX_UNREAD_MESSAGES = 256
"""More than that and the reader has stopped: the connection is given up."""


@dataclass(frozen=True, slots=True)
class Deadlines:
    """How long a peer may take.

    Attributes:
        open_s: TCP, TLS and upgrade together.
        ping_s: between pings, and for each answer: a mute peer is found out within twice that.
        close_s: for its answer to our close frame.
        unsent_bytes: what may wait for it to read.
    """

    open_s: float
    ping_s: float
    close_s: float
    unsent_bytes: int


class WebSocket(WSListener):
    """One client connection; what the Deepgram SDK calls an `AsyncTransport`.

    Args:
        url: "wss://…" or "ws://…".
        headers: of the upgrade request.
        tls: for "wss://".
    """

    def __init__(self, url: str, headers: dict[str, str], tls: SSLContext | None, deadlines: Deadlines) -> None:
        self._url = url
        self._headers = headers
        self._tls = tls
        self._deadlines = deadlines
        self._transport: WSTransport | None = None
        self._messages: Inbox[str | bytes] = Inbox(MAX_UNREAD_MESSAGES)
        self._part = bytearray()
        self._ended: Exception | None = None
        """Why nothing more will be read or sent."""

    async def open(self) -> None:
        """Connects and upgrades.

        Raises:
            OSError: unreachable.
            TimeoutError: not within `open_s`.
            WSHandshakeError: refused; `response` tells why.
        """
        open_s = self._deadlines.open_s
        async with asyncio.timeout(open_s + 0.1):  # should the handshake's own deadline not be reached
            self._transport, _ = await ws_connect(
                lambda: self,
                self._url,
                ssl_context=self._tls,
                extra_headers=self._headers,
                websocket_handshake_timeout=open_s,  # closes the socket, too
                max_redirects=0,
                enable_auto_ping=True,
                auto_ping_strategy=WSAutoPingStrategy.PING_PERIODICALLY,
                auto_ping_idle_timeout=self._deadlines.ping_s,
                auto_ping_reply_timeout=self._deadlines.ping_s,
                read_buffer_init_size=READ_BUFFER_BYTES,
            )
        self._transport.underlying_transport.set_write_buffer_limits(high=self._deadlines.unsent_bytes)

    def send_now(self, data: str | bytes) -> None:
        """Sends one message without waiting; text as text, bytes as binary.

        Raises:
            ConnectionError: the connection is gone.
        """
        if self._transport is None or self._ended is not None:
            raise ConnectionError(str(self._ended or "the connection was never opened"))
        if isinstance(data, str):
            self._transport.send(TEXT, data.encode())
        else:
            self._transport.send(BINARY, data)

    async def send(self, data: str | bytes) -> None:
        """As `send_now`; never waits."""
        self.send_now(data)

    async def recv(self) -> str | bytes:
        """The next message.

        Raises:
            EOFError: closed as agreed.
            ConnectionError: broken.
        """
        while not self._messages:
            if self._ended is not None:
                raise self._ended
            await self._messages.arrival()
        return self._messages.take()

    def __aiter__(self) -> Self:
        """Every message until the connection is closed; a broken one raises `ConnectionError`."""
        return self

    async def __anext__(self) -> str | bytes:
        try:
            return await self.recv()
        except EOFError:
            raise StopAsyncIteration from None

    async def close(self) -> None:
        """Ends the connection, politely within `close_s`, else by force."""
        transport = self._transport
        if transport is None or transport.is_disconnected:
            return
        transport.send_close()
        try:
            async with asyncio.timeout(self._deadlines.close_s):
                await transport.wait_disconnected()
        except TimeoutError:
            transport.disconnect(graceful=False)

    # Told by picows.

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """One frame of the peer; messages in parts are put together."""
        kind = frame.msg_type
        if kind == WSMsgType.CLOSE:
            code = frame.get_close_code()
            polite = code in (WSCloseCode.NO_INFO, WSCloseCode.OK, WSCloseCode.GOING_AWAY)
            reason = f"closed with {code:d} {frame.get_close_reason() or ''}".strip()
            self._end(EOFError(reason) if polite else ConnectionError(reason))
            if not transport.is_close_frame_sent:
                transport.send_close(code)
            transport.disconnect()
            return
        if kind in (WSMsgType.PING, WSMsgType.PONG):
            return
        if not frame.fin or self._part:
            self._part += frame.get_payload_as_bytes()
            if frame.fin:
                self._take(self._part.decode())  # no peer of ours sends sound in parts
                self._part.clear()
            return
        self._take(frame.get_payload_as_utf8_text() if kind == TEXT else frame.get_payload_as_bytes())

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """The socket is gone."""
        self._end(ConnectionError("the connection broke"))

    def pause_writing(self) -> None:
        """More waits than the peer may leave unread."""
        self._end(ConnectionError(f"{self._deadlines.unsent_bytes} bytes wait for it to read"))
        if self._transport is not None:
            self._transport.disconnect(graceful=False)

    def resume_writing(self) -> None:
        """Too late."""

    def _take(self, message: str | bytes) -> None:
        if not self._messages.put(message):
            self._end(ConnectionError("nobody reads its messages"))

    def _end(self, why: Exception) -> None:
        if self._ended is None:
            self._ended = why
        self._messages.wake()

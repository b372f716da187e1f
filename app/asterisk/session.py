"""One connection to an Asterisk's manager, from the banner to its end."""

import asyncio
from collections.abc import Callable, Mapping
from typing import cast

from app.asterisk.messages import PROVIDER, Message, MessageReader, encode
from app.errors import (
    ProviderAuthError,
    ProviderError,
    ProviderNetworkError,
    ProviderProtocolError,
    ProviderTimeoutError,
)

MAX_UNANSWERED = 500
"""Actions; a manager that owes so many answers will not catch up."""


class Session(asyncio.Protocol):
    """A connection; actions may be sent at the same time, Asterisk answers each by its ActionID.

    Args:
        on_event: told of every event, on the loop.
    """

    def __init__(self, on_event: Callable[[Message], None]) -> None:
        self._on_event = on_event
        self._reader = MessageReader()
        self._transport: asyncio.Transport | None = None
        self._answers: dict[str, asyncio.Future[Message]] = {}
        self._actions = 0
        self._trouble: ProviderError | None = None
        self.lost = asyncio.get_running_loop().create_future()
        """Done when the connection is no more, with the reason."""

    async def act(self, action: str, headers: Mapping[str, str], within_s: float) -> Message:
        """Sends one action and returns its answer.

        Raises:
            ProviderTimeoutError: no answer within `within_s`.
            ProviderAuthError: not permitted.
            ProviderProtocolError: refused for any other reason, told in Asterisk's words; or a header holds a control
                character, and nothing was sent.
            ProviderNetworkError: the connection is, or goes, away.
        """
        if self._transport is None:
            raise self._trouble or ProviderNetworkError(PROVIDER, "not connected")
        if len(self._answers) >= MAX_UNANSWERED:
            raise ProviderTimeoutError(PROVIDER, f"{MAX_UNANSWERED} actions are not answered")
        self._actions += 1
        action_id = str(self._actions)
        try:
            data = encode(action, {"ActionID": action_id, **headers})
        except ValueError as error:
            raise ProviderProtocolError(PROVIDER, str(error)) from error
        answer: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._answers[action_id] = answer
        try:
            self._transport.write(data)
            async with asyncio.timeout(within_s):
                message = await answer
        except TimeoutError as error:
            raise ProviderTimeoutError(PROVIDER, f"no answer to {action} within {within_s:g} s") from error
        finally:
            self._answers.pop(action_id, None)
        if message.get("response") in ("Success", "Goodbye"):
            return message
        words = message.get("message") or "no reason given"
        if "permission" in words.lower() or "authentication" in words.lower():
            raise ProviderAuthError(PROVIDER, f"{action}: {words}")
        raise ProviderProtocolError(PROVIDER, f"{action}: {words}")

    def close(self) -> None:
        """Says goodbye and closes what is still open; `lost` is done soon."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(encode("Logoff", {}))
            self._transport.close()

    def abort(self) -> None:
        """Cuts the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # What the loop calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The Asterisk's port is open."""
        self._transport = cast(asyncio.Transport, transport)  # uvloop's is no subclass

    def data_received(self, data: bytes) -> None:
        """Bytes of the manager."""
        try:
            for message in self._reader.receive(data):
                if message.get("event"):
                    self._on_event(message)
                elif (answer := self._answers.get(message.get("actionid"))) is not None and not answer.done():
                    answer.set_result(message)
        except ProviderProtocolError as error:
            self._trouble = error
            self.abort()

    def connection_lost(self, error: Exception | None) -> None:
        """It is over: whoever waits for an answer is told."""
        self._transport = None
        reason = self._trouble or ProviderNetworkError(PROVIDER, str(error or "") or "the connection was closed")
        self._trouble = reason
        for answer in self._answers.values():
            if not answer.done():
                answer.set_exception(reason)
        if not self.lost.done():
            self.lost.set_result(reason)

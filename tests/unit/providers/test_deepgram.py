"""What goes to Deepgram past the SDK is what the SDK would send."""

import asyncio
import json
from typing import Any, cast

from deepgram.listen.v1.socket_client import AsyncV1SocketClient

from app.providers.deepgram import FINALIZE


class Wire:
    """Keeps what is sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    async def send(self, message: str) -> None:
        self.sent.append(message)


def test_finalize() -> None:
    wire = Wire()
    asyncio.run(AsyncV1SocketClient(websocket=cast(Any, wire)).send_finalize())
    assert [json.loads(message) for message in wire.sent] == [json.loads(FINALIZE)]

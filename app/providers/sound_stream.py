"""HTTP under a voice's SDK: pieces of sound that their reader can throw away.

Between two pieces of a sentence lies a third of a second, and the SDK and httpx wait for the next one in a row of
generators, each of which still has the last one in hand: 9 KB a call that nobody will look at again. `bytes` stay as
long as anybody holds them; a `bytearray` can be emptied.
"""

from collections.abc import AsyncIterator
from typing import cast

import httpx
from aiohttp import ClientResponse
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream, map_aiohttp_exceptions


class SoundTransport(AiohttpTransport):
    """aiohttp under httpx: it parses HTTP in C, h11 in Python. Answers come in pieces that can be emptied (`clear`)."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """See `httpx.AsyncBaseTransport`."""
        response = await super().handle_async_request(request)
        assert isinstance(response.stream, AiohttpResponseStream)
        response.stream = _Pieces(response.stream._aiohttp_response)
        return response


class _Pieces(AiohttpResponseStream):
    """All that has arrived, each time: the original cuts it every 16 KB. Closing is the same."""

    def __init__(self, answer: ClientResponse) -> None:
        super().__init__(answer)
        self._content = answer.content

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with map_aiohttp_exceptions():
            while piece := bytearray(await self._content.readany()):
                yield cast(bytes, piece)  # nobody between here and the reader asks what it is

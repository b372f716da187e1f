"""What a supervisor and its worker say to each other, over a real socket pair and the loop that serves."""

import asyncio
import socket

from app.orders import READY, Channel
from tests.integration.house import on_uvloop

TIMEOUT_S = 5.0


async def pair() -> tuple[Channel, socket.socket]:
    ours, theirs = socket.socketpair()
    ours.setblocking(False)
    theirs.setblocking(False)
    return await Channel.over(ours), theirs


@on_uvloop
async def test_what_one_tells_the_other_hears() -> None:
    channel, theirs = await pair()
    other = await Channel.over(theirs)
    other.tell(READY)
    assert await asyncio.wait_for(channel.hear(), TIMEOUT_S) == READY
    channel.close()
    assert await asyncio.wait_for(other.hear(), TIMEOUT_S) is None
    other.close()


@on_uvloop
async def test_telling_one_who_died_with_unread_orders_is_no_error() -> None:
    """The socket is reset then, and uvloop's transport is closed behind our back; `hear` says it."""
    channel, theirs = await pair()
    channel.tell("open")
    await asyncio.sleep(0)
    theirs.close()
    assert await asyncio.wait_for(channel.hear(), TIMEOUT_S) is None
    channel.tell("drain")
    await asyncio.sleep(0)
    channel.tell("cut")
    channel.close()

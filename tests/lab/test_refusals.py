"""Who is not on the list gets nothing: no sound, no provider, and a connection that is over at once."""

import asyncio
import socket
import time
from uuid import uuid4

from app.audiosocket.frames import TERMINATE_FRAME
from app.caller.script import HangUp, Pause, Script
from ext.frames import KIND_UUID, build
from tests.lab.asterisk import AMI_LOGIN, AMI_PORT
from tests.lab.bot import AUDIOSOCKET_PORT
from tests.lab.laboratory import Laboratory
from tests.lab.network import ADDRESSES, BOT, socket_on

PROMISE_S = 0.1
SHORT = Script(name="short", steps=(Pause(pause_s=1.5), HangUp(hangup=True)))


async def knock(laboratory: Laboratory, host: str, reason: str) -> None:
    """A connection from a host with a UUID that nobody knows is closed at once, counted, and asks no provider."""
    bot = laboratory.bot
    before = await bot.metric("voicebot_refused_calls_total", reason=reason)
    asked = await bot.provider_stats()
    loop = asyncio.get_running_loop()
    with socket_on(host, socket.SOCK_STREAM) as stranger:
        await loop.sock_connect(stranger, (ADDRESSES[BOT], AUDIOSOCKET_PORT))
        begun_s = time.monotonic()
        try:
            await loop.sock_sendall(stranger, build(KIND_UUID, uuid4().bytes))
            async with asyncio.timeout(5):
                got = await loop.sock_recv(stranger, 1000)
        except ConnectionError:
            got = b""
        took_s = time.monotonic() - begun_s
    assert got in (b"", TERMINATE_FRAME)
    assert took_s < PROMISE_S
    assert await bot.metric("voicebot_refused_calls_total", reason=reason) == before + 1
    assert await bot.provider_stats() == asked
    assert await bot.metric("voicebot_calls_active") == 0


async def test_a_stranger_is_refused_at_once(laboratory: Laboratory) -> None:
    await knock(laboratory, "stranger", "not_allowed")


async def test_a_call_that_no_dialplan_announced_is_refused_at_once(laboratory: Laboratory) -> None:
    """Where announcements are required: a UUID of a program on the Asterisk's machine, and a call as it should be."""
    bot = laboratory.bot
    await bot.stop()
    await bot.start(REQUIRE_ANNOUNCED_CALLS="true")
    try:
        await bot.linked()
        await knock(laboratory, "asterisk1", "unannounced")
        call = await laboratory.dial(SHORT)
        assert 0 < call.held.first_sound_ms <= 400
    finally:
        await bot.stop()
        await bot.start()
        await bot.linked()


async def test_a_stranger_may_not_log_in_to_the_manager(laboratory: Laboratory) -> None:
    """Nor does the right secret help from an address that is not the bot's."""
    asterisk = laboratory.asterisks[0]
    loop = asyncio.get_running_loop()
    with socket_on("stranger", socket.SOCK_STREAM) as stranger:
        await loop.sock_connect(stranger, (asterisk.address, AMI_PORT))
        await loop.sock_sendall(stranger, AMI_LOGIN)
        said = b""
        async with asyncio.timeout(10):
            while b"Response" not in said and (piece := await loop.sock_recv(stranger, 1000)):
                said += piece
    assert b"Authentication accepted" not in said
    assert b"Success" not in said

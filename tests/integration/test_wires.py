"""What an Asterisk may send besides linear sound of 8 kHz, and in what it is answered."""

import asyncio
from collections.abc import Callable
from ipaddress import ip_network
from uuid import uuid4

import pytest

from app.config import Codec
from tests.integration.conftest import OpenHouse
from tests.integration.house import on_uvloop
from tests.integration.peer import frame
from tests.reference.frames import RATES_HZ
from tests.reference.g711 import alaw_decode, ulaw_decode

LOCAL = "127.0.0.1"


@pytest.mark.parametrize(("kind", "rate_hz"), sorted(RATES_HZ.items())[1:])
@on_uvloop
async def test_wideband_is_answered_in_kind(house_of: OpenHouse, kind: int, rate_hz: int) -> None:
    size = rate_hz // 25
    async with house_of() as house:
        call_uuid = uuid4()
        peer = await house.connect()
        peer.send(frame(0x01, call_uuid.bytes))
        peer.speak(kind, bytes(size))
        await asyncio.sleep(0.6)
        kinds = [one.kind for one in peer.frames]
        first = kinds.index(kind)
        assert first <= 3, "before the caller's first frame nobody knows"
        assert set(kinds[:first]) <= {0x10}
        assert set(kinds[first:]) == {kind}
        assert {len(one.payload) for one in peer.frames[first:]} == {size}
        peer.finish()
        await peer.end()
        assert await house.outcome(call_uuid) == "hangup"
        assert house.refused == {}


@pytest.mark.parametrize(("codec", "decode"), [("ulaw", ulaw_decode), ("alaw", alaw_decode)])
@on_uvloop
async def test_g711_is_heard_as_what_it_is_and_answered_in_linear_sound(
    house_of: OpenHouse, codec: Codec, decode: Callable[[bytes], bytes]
) -> None:
    codes = bytes(at * 37 % 256 for at in range(160))
    async with house_of(audiosocket_codecs=((ip_network(LOCAL), codec),)) as house:
        call_uuid = uuid4()
        peer = await house.connect()
        peer.send(frame(0x01, call_uuid.bytes))
        peer.speak(0x10, codes)
        await peer.heard(20)
        peer.send(frame(0x03, b"A") + frame(0x10, codes[:81]))
        await peer.heard(25)
        peer.assert_only_sound()
        peer.finish()
        await peer.end()
        assert await house.outcome(call_uuid) == "hangup"
        heard = (await house.caller_track(call_uuid)).tobytes()
        assert heard.count(decode(codes)) >= 5
        assert house.refused == {}

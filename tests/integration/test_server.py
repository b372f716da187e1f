"""The server's own rules: cadence, room, limits, the end."""

import asyncio
import os
import signal
import time
from array import array
from collections.abc import AsyncGenerator
from ipaddress import ip_network
from itertools import pairwise
from math import pi, sin
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from app.audiosocket.connection import Patience
from app.commands.children import voicebot
from app.providers.ladder import VoiceLadder
from app.server import MAX_REFUSALS
from tests.integration.conftest import OpenHouse
from tests.integration.house import Ground, House, calls_active, on_uvloop, until
from tests.integration.peer import Peer, frame

CALL_UUID = UUID("33333333-4444-4555-8666-777777777777")


class Speechless:
    """A voice that never gets a word out, and never fails either."""

    name = "speechless"
    voice_key = "speechless"

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        await asyncio.Event().wait()
        yield text.encode()

    async def close(self) -> None:
        pass


# Cadence.


@on_uvloop
async def test_frames_flow_from_the_uuid_to_the_end(house_of: OpenHouse) -> None:
    async with house_of() as house:
        loop = asyncio.get_running_loop()
        peer = await house.knock(CALL_UUID)
        began_s = loop.time()
        await peer.heard(100)
        peer.assert_only_sound()
        times_s = [one.at_s for one in peer.frames]
        # 40 ms ahead are allowed, and 20 ms of rounding; how late a busy machine is says nothing.
        ahead = [n for n, at_s in enumerate(times_s) if n > (at_s - began_s) * 50 + 3]
        assert ahead == []
        assert times_s == sorted(times_s)
        # A hundred frames last 2 s; on a machine that has other things to do, too, not twice as long.
        assert times_s[-1] - began_s < 3.5
        assert max(after - before for before, after in pairwise(times_s)) < 0.5
        welcome = house.phrase("welcome")
        start = peer.pcm.find(welcome[320:3200])
        assert start >= 0
        assert welcome.startswith(peer.pcm[start : start + len(welcome) - 320], 320)


@on_uvloop
async def test_many_calls_are_all_served_in_step(house_of: OpenHouse) -> None:
    async with house_of() as house:
        peers = [await house.call() for _ in range(20)]
        await peers[-1].heard(75)
        for peer in peers:
            peer.assert_only_sound()
            assert abs(peer.sounds - peers[-1].sounds) <= 25
        assert house.server.calls == calls_active() == house.board.slots[0].calls == 20


@on_uvloop
async def test_packet_times_of_all_telephones(house_of: OpenHouse) -> None:
    """A square wave is never zero: what of it was recorded can be counted."""
    square = array("h", [7000, -7000] * 480).tobytes()
    async with house_of() as house:
        calls = {}
        for ptime_ms in (10, 20, 30, 60):
            call_uuid = uuid4()
            calls[call_uuid] = (ptime_ms, await house.knock(call_uuid))
        for ptime_ms, peer in calls.values():
            await peer.heard(5)
            peer.speak(payload=square[: ptime_ms * 16], ptime_ms=ptime_ms)
        await asyncio.sleep(1.2)
        for _, peer in calls.values():
            peer.be_silent()
        await asyncio.sleep(0.1)
        for _, peer in calls.values():
            peer.finish()
        for call_uuid, (ptime_ms, _) in calls.items():
            track = await house.caller_track(call_uuid)
            sound = [sample for sample in track if sample]
            assert len(sound) % (ptime_ms * 8) == 0, ptime_ms
            assert 0.5 * 8000 <= len(sound) <= 1.5 * 8000, ptime_ms
            assert set(sound) == {7000, -7000}, ptime_ms
        assert house.refused == {}


@on_uvloop
async def test_all_rates_of_asterisk(house_of: OpenHouse) -> None:
    rates_hz = (8_000, 12_000, 16_000, 24_000, 32_000, 44_100, 48_000, 96_000, 192_000)
    async with house_of() as house:
        calls = {}
        for kind, rate_hz in enumerate(rates_hz, 0x10):
            call_uuid = uuid4()
            peer = await house.knock(call_uuid)
            # 20 ms hold ten whole periods of 500 Hz: the frames fit together without a click.
            samples = (round(9000 * sin(2 * pi * 500 * n / rate_hz)) for n in range(rate_hz // 50))
            peer.speak(kind, array("h", samples).tobytes())
            calls[call_uuid] = (rate_hz, peer)
        await asyncio.sleep(1.0)
        for _, peer in calls.values():
            peer.finish()
        for call_uuid, (rate_hz, _) in calls.items():
            track = await house.caller_track(call_uuid)
            loud = [n for n, sample in enumerate(track) if abs(sample) > 4000]
            assert loud, rate_hz
            middle = track[loud[0] + 400 : loud[0] + 400 + 3200]
            assert 8000 < max(middle) < 10_000, rate_hz
            rises = sum(before < 0 <= after for before, after in pairwise(middle))
            assert 180 <= rises <= 220, (rate_hz, rises)
        assert house.refused == {}


# Room.


async def hear_refusal(house: House, call_uuid: UUID) -> Peer:
    """A call for which there is no room."""
    peer = await house.call(call_uuid)
    await peer.end()
    peer.assert_polite_end()
    return peer


@on_uvloop
async def test_busy_is_said_and_the_dialplan_goes_on(house_of: OpenHouse) -> None:
    async with house_of(max_concurrent_calls=1) as house, house.neighbour():
        peer = await hear_refusal(house, CALL_UUID)
        assert house.phrase("busy")[320:] in peer.pcm
        assert house.refused == {"busy": 1}
        assert await house.services.tickets.by_call(CALL_UUID) is None


@on_uvloop
async def test_who_arrives_takes_one_place_and_not_two(house_of: OpenHouse) -> None:
    """Looked at in every turn of the loop: a place too few for one turn, and another worker sends a caller away."""
    async with house_of(max_concurrent_calls=10) as house:
        loop, slot = asyncio.get_running_loop(), house.board.slots[0]
        said: set[tuple[int, int]] = set()

        def look() -> None:
            said.add((slot.connections, slot.room))
            looking[0] = loop.call_soon(look)

        looking = [loop.call_soon(look)]
        for number in range(1, 4):
            await (await house.call()).heard(1)
            await until(lambda number=number: slot.room == 10 - number, "it is on the board")  # type: ignore[misc]
        looking[0].cancel()
        assert said == {(connections, 10 - connections) for connections in range(4)}


@on_uvloop
async def test_refused_callers_may_leave_and_be_many(house_of: OpenHouse) -> None:
    async with house_of(max_concurrent_calls=1) as house, house.neighbour():
        peers = [await house.call() for _ in range(MAX_REFUSALS + 5)]
        over = peers[MAX_REFUSALS:]
        for peer in over:
            await peer.end()
            peer.assert_polite_end()
            assert peer.sounds == 0
        for number, peer in enumerate(peers[:MAX_REFUSALS]):
            await peer.heard(1)
            if number % 2:
                peer.finish()
            else:
                peer.reset()
        await until(lambda: house.server.connections == 1, "they are gone")
        assert house.refused == {"busy": MAX_REFUSALS + 5}
        again = await house.call()
        await again.heard(1)


@on_uvloop
async def test_a_loop_that_is_late_takes_no_more_calls(house_of: OpenHouse) -> None:
    """The callers that are there already would pay for another."""
    async with house_of(max_loop_lag_ms=60) as house:
        peer = await house.call()
        await peer.heard(5)

        async def be_late(seconds: float) -> None:
            end_s = asyncio.get_running_loop().time() + seconds
            while asyncio.get_running_loop().time() < end_s:
                time.sleep(0.1)  # noqa: ASYNC251 -- stalls the loop on purpose
                await asyncio.sleep(0.03)

        await be_late(0.2)
        another = await house.call()
        await another.heard(5)
        assert house.refused == {}, "one hiccup refuses nobody"
        await be_late(4.0)
        refused = await hear_refusal(house, CALL_UUID)
        assert house.phrase("busy")[320:] in refused.pcm
        assert house.refused == {"overloaded": 1}
        assert not peer.ended.is_set()
        await until(lambda: not house.services.lag.over(0.06, asyncio.get_running_loop().time()), "it has recovered")
        again = await house.call()
        await again.heard(5)
        assert house.refused == {"overloaded": 1}


@on_uvloop
async def test_no_more_calls_than_the_recogniser_takes_streams(house_of: OpenHouse) -> None:
    async with house_of(deepgram_max_streams=2) as house, house.neighbour():
        second = await house.call()
        await second.heard(5)
        refused = await hear_refusal(house, CALL_UUID)
        assert house.phrase("busy")[320:] in refused.pcm
        assert house.refused == {"provider_quota": 1}
        second.finish()
        await until(lambda: house.server.calls == 1, "the second has gone")
        third = await house.call()
        await third.heard(5)
        assert house.refused == {"provider_quota": 1}


@on_uvloop
async def test_two_calls_of_one_uuid(house_of: OpenHouse) -> None:
    async with house_of() as house:
        first = await house.call(CALL_UUID)
        await first.heard(5)
        second = await house.call(CALL_UUID)
        await second.heard(5)
        assert house.refused == {"duplicate_uuid": 1}
        second.finish()
        await until(lambda: house.server.connections == 1, "the second has gone")
        await first.heard(first.sounds + 10)
        first.finish()
        await house.empty()
        await asyncio.sleep(1.0)  # recordings are named by the second
        third = await house.call(CALL_UUID)
        await third.heard(5)
        assert house.refused == {"duplicate_uuid": 1}
        third.finish()
        await house.empty()
        tickets = await house.services.tickets.latest(10)
        assert len(tickets) == 2
        assert all(ticket.ended_at is not None for ticket in tickets)
        assert len({ticket.recording for ticket in tickets}) == 2
        assert CALL_UUID in {ticket.call_uuid for ticket in tickets}


@on_uvloop
async def test_only_the_asterisks_of_the_settings_may_connect(house_of: OpenHouse) -> None:
    allowed = (ip_network("127.0.0.1/32"), ip_network("2001:db8::/32"))
    async with house_of(remote_asterisk_ip=allowed) as house, house.neighbour():
        for count in (1, 2):
            stranger = await house.knock(CALL_UUID, local_host="127.0.0.2")
            await stranger.end()
            assert stranger.frames == []
            assert stranger.rest == b""
            assert house.refused == {"not_allowed": count}
        assert await house.services.tickets.by_call(CALL_UUID) is None


# Limits.


@on_uvloop
async def test_the_longest_call_ends_politely(house_of: OpenHouse) -> None:
    async with house_of(max_call_seconds=0.5) as house:
        peer = await house.call(CALL_UUID)
        await peer.end(20)
        peer.assert_polite_end()
        assert house.phrase("goodbye_too_long")[320:] in peer.pcm
        ticket = await house.ticket(CALL_UUID)
        assert ticket.transcript[-1]["text"] == house.services.prompts.text("goodbye_too_long")
        assert await house.outcome(CALL_UUID) == "too_long"


@on_uvloop
async def test_the_longest_call_ends_whatever_hangs(house_of: OpenHouse) -> None:
    mute = Speechless()
    async with house_of(max_call_seconds=0.5, last_words_s=0.5, voice=VoiceLadder(mute, mute)) as house:
        peer = await house.call(CALL_UUID)
        await peer.end()
        peer.assert_polite_end()
        assert 25 <= peer.sounds <= 100
        assert not any(abs(sample) > 100 for sample in array("h", peer.pcm))
        await house.ticket(CALL_UUID)
        assert await house.outcome(CALL_UUID) == "too_long"


@pytest.mark.parametrize("how", ["stays", "resets", "speaks on"])
@on_uvloop
async def test_peers_that_do_not_answer_our_end(house_of: OpenHouse, how: str) -> None:
    async with house_of(patience=Patience(end_s=0.3)) as house:
        peer = await house.knock(CALL_UUID, keeps_open=True)
        await peer.heard(5)
        house.server.cut()
        await peer.end()
        assert house.server.connections == 1
        if how == "resets":
            peer.reset()
        elif how == "speaks on":
            for _ in range(50):
                peer.send(frame(0x10, bytes(321)))
        await house.empty()
        peer.assert_polite_end()
        assert await house.outcome(CALL_UUID) == "lost"
        assert house.refused == {}
        await house.ticket(CALL_UUID)


# The end.


@on_uvloop
async def test_draining_lets_calls_end_and_takes_no_others(house_of: OpenHouse) -> None:
    async with house_of(max_concurrent_calls=1) as house:
        peer = await house.call(CALL_UUID)
        await peer.heard(5)
        silent = await house.connect()
        refused = await house.call()
        await refused.heard(1)
        stopping = asyncio.create_task(house.server.stop(30.0))
        await silent.end()
        assert silent.frames == []
        with pytest.raises(ConnectionRefusedError):
            await house.connect()
        await refused.heard(refused.sounds + 25)
        await peer.heard(peer.sounds + 25)
        peer.finish()
        await house.outcome(CALL_UUID)
        assert not stopping.done()
        refused.finish()
        await asyncio.wait_for(stopping, 10)
        assert await house.outcome(CALL_UUID) == "hangup"
        assert (await house.ticket(CALL_UUID)).status == "abandoned"
        assert house.refused == {"busy": 1}


@on_uvloop
async def test_what_is_left_after_the_drain_is_cut(house_of: OpenHouse) -> None:
    async with house_of() as house:
        calls = {uuid4(): await house.connect() for _ in range(5)}
        for call_uuid, peer in calls.items():
            peer.say(call_uuid)
            await peer.heard(2)
        await asyncio.wait_for(house.server.stop(0.2), 10)
        for call_uuid, peer in calls.items():
            await peer.end()
            peer.assert_polite_end()
            assert (await house.ticket(call_uuid)).status == "abandoned"
            assert await house.outcome(call_uuid) == "lost"


@on_uvloop
async def test_a_cut_shortens_the_drain(house_of: OpenHouse) -> None:
    """Somebody who never closes holds up neither a hurried stop nor what is left behind."""
    async with house_of(patience=Patience(end_s=60.0), clean_up_s=0.5) as house:
        peer = await house.connect(keeps_open=True)
        peer.say(CALL_UUID)
        await peer.heard(5)
        stopping = asyncio.create_task(house.server.stop(60.0))
        await asyncio.sleep(0.05)
        assert not stopping.done()
        house.server.cut()
        await asyncio.wait_for(stopping, 20)
        assert house.server.connections == house.server.calls == 0
        peer.assert_polite_end()
        await house.ticket(CALL_UUID)


async def test_signals(ground: Ground, tmp_path: Path) -> None:
    """The process itself: the first signal drains, the second cuts; the ticket waits for a database on disk."""
    environment = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ} | {
        "PYTHONPATH": os.getcwd(),
        "DEEPGRAM_API_KEY": "a-key",
        "DEEPGRAM_URL": "ws://127.0.0.1:1",
        "CLIENTS_DATABASE_URL": ground.clients_url,
        "TICKETS_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none",
        "RECORDINGS_DIR": str(tmp_path / "recordings"),
        "SPOOL_DIR": str(tmp_path / "spool"),
        "CACHE_DIR": str(ground.cache_dir),
        "AUDIOSOCKET_HOST": "127.0.0.1",
        "AUDIOSOCKET_PORT": "0",
        "METRICS_PORT": "0",
        "STRUCTURED_LOGGING": "true",
    }
    async with voicebot("serve", reads="stderr", environment=environment) as server:
        listening = await server.wait_for("listening")
        peer = await Peer.connect(listening["audiosocket_port"])
        peer.say(CALL_UUID)
        await peer.heard(5)
        server.process.send_signal(signal.SIGTERM)
        assert (await server.wait_for("draining"))["calls"] == 1
        await peer.heard(peer.sounds + 10)
        server.process.send_signal(signal.SIGTERM)
        ended = await server.wait_for("call ended")
        assert (ended["outcome"], ended["ticket"]) == ("lost", "spooled")
        await peer.end()
        peer.assert_polite_end()
        await peer.close()
        assert await asyncio.wait_for(server.process.wait(), 15) == 0
    assert [CALL_UUID.hex in file.name.replace("-", "") for file in (tmp_path / "spool").glob("*.json")] == [True]

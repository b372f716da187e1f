"""Attacks on the wire: each is closed, told once, counted once, and nobody else notices."""

import asyncio
import random
import socket
import struct
from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from app.audiosocket.connection import Patience
from app.server import MAX_SILENT_CONNECTIONS
from tests.integration.conftest import OpenHouse
from tests.integration.house import House, on_uvloop, until
from tests.integration.peer import Peer, frame, hello

CALL_UUID = UUID("22222222-3333-4444-8555-666666666666")
SOUND = frame(0x10, bytes(320))

BEFORE_A_CALL = {
    "nothing at all": (b"", "no_uuid"),
    "half a header": (b"\x01\x00", "cut_frame"),
    "a UUID cut short": (hello(CALL_UUID)[:-1], "cut_frame"),
}
INSTEAD_OF_A_UUID = {
    "0x00": (frame(0x00), "first_kind"),
    "DTMF": (frame(0x03, b"1"), "first_kind"),
    "sound": (SOUND, "first_kind"),
    "wideband sound": (frame(0x12, bytes(640)), "first_kind"),
    "an error": (frame(0xFF), "first_kind"),
    "an error with a code": (frame(0xFF, b"\x04"), "first_kind"),
    "an unknown kind": (frame(0x42, bytes(16)), "first_kind"),
    "HTTP": (b"GET / HTTP/1.1\r\nHost: voicebot.example\r\n\r\n", "first_kind"),
    "SSH": (b"SSH-2.0-OpenSSH_9.2\r\n", "first_kind"),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", "first_kind"),
    "a header that promises 65 535 bytes": (b"\x10\xff\xff", "first_kind"),
    "an empty UUID": (frame(0x01), "bad_uuid"),
    "a UUID of 15 bytes": (frame(0x01, bytes(15)), "bad_uuid"),
    "a UUID of 17 bytes": (frame(0x01, bytes(17)), "bad_uuid"),
    "a UUID in letters": (frame(0x01, str(CALL_UUID).encode()), "bad_uuid"),
    "a UUID of 65 535 bytes that never come": (b"\x01\xff\xff", "bad_uuid"),
}
DURING_A_CALL = {
    "another UUID": (hello(uuid4()), "second_uuid"),
    "the same UUID again": (hello(CALL_UUID), "second_uuid"),
    "sound of an odd length": (frame(0x10, bytes(319)), "odd_audio"),
    "sound of one byte": (frame(0x10, b"\0"), "odd_audio"),
    "sound of 65 535 bytes": (frame(0x10, bytes(65_535)), "odd_audio"),
    "wideband sound of an odd length": (frame(0x18, bytes(7_679)), "odd_audio"),
    "an unknown kind": (frame(0x42, b"?"), "unknown_kind"),
    "the kind after the last of sound": (frame(0x19, bytes(320)), "unknown_kind"),
    "an error": (frame(0xFF, b"\x01"), "unknown_kind"),
    "no key": (frame(0x03), "bad_dtmf"),
    "two keys": (frame(0x03, b"12"), "bad_dtmf"),
    "a key that no telephone has": (frame(0x03, b"E"), "bad_dtmf"),
    "a key that is no letter": (frame(0x03, b"\xe9"), "bad_dtmf"),
    "HTTP": (b"GET / HTTP/1.1\r\n\r\n" + bytes(70_000), "unknown_kind"),
}


async def assert_call_was_left(house: House, call_uuid: UUID, outcome: str) -> None:
    """There was a call, so there is a ticket."""
    ticket = await house.ticket(call_uuid)
    assert ticket.status == "abandoned"
    assert ticket.asterisk == "127.0.0.1"
    assert await house.outcome(call_uuid) == outcome


def typed(house: House) -> list[str]:
    """What the bot took the keys for."""
    return [str(entry["heard"]) for entry in house.log if entry["event"] == "turn understood"]


@on_uvloop
async def test_who_has_left_before_being_let_in_is_no_stranger(house_of: OpenHouse) -> None:
    async with house_of() as house:
        plug = socket.create_connection(("127.0.0.1", house.port))  # the kernel answers; the server has not seen it yet
        plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        plug.close()
        await until(lambda: house.refused != {}, "it is noticed")
        assert house.refused == {"no_uuid": 1}


@on_uvloop
async def test_streams_that_begin_wrong_are_closed_at_once(house_of: OpenHouse) -> None:
    async with house_of() as house, house.neighbour():
        wanted: dict[str, int] = {}
        for attack, reason in INSTEAD_OF_A_UUID.values():
            peer = await house.connect()
            peer.send(attack)
            await peer.end()
            wanted[reason] = wanted.get(reason, 0) + 1
            assert house.refused == wanted
            assert peer.frames == []
            assert peer.rest == b""


@on_uvloop
async def test_streams_that_end_before_the_uuid(house_of: OpenHouse) -> None:
    async with house_of() as house, house.neighbour():
        wanted: dict[str, int] = {}
        for attack, reason in BEFORE_A_CALL.values():
            peer = await house.connect()
            peer.send(attack)
            peer.finish()
            await peer.end()
            wanted[reason] = wanted.get(reason, 0) + 1
            await until(lambda: house.refused == wanted, f"counted {wanted}")
            assert peer.frames == []


@on_uvloop
async def test_calls_that_break_the_protocol_are_thrown_out(house_of: OpenHouse) -> None:
    async with house_of() as house, house.neighbour():
        wanted: dict[str, int] = {}
        for name, (attack, reason) in DURING_A_CALL.items():
            call_uuid = uuid4()
            peer = await house.call(call_uuid)
            await peer.heard(2)
            peer.be_silent()
            peer.send(attack.replace(CALL_UUID.bytes, call_uuid.bytes))
            await peer.end()
            wanted[reason] = wanted.get(reason, 0) + 1
            assert house.refused == wanted, name
            peer.assert_only_sound()
            await assert_call_was_left(house, call_uuid, reason)


@on_uvloop
async def test_what_came_before_a_mistake_counts_however_the_bytes_are_cut(house_of: OpenHouse) -> None:
    async with house_of() as house:
        whole = await house.knock(CALL_UUID)
        await whole.heard(2)
        whole.be_silent()
        whole.send(SOUND * 5 + frame(0x03, b"1") + frame(0x42))
        await whole.end()
        assert house.refused == {"unknown_kind": 1}
        await assert_call_was_left(house, CALL_UUID, "unknown_kind")
        (said,) = [line for line in (await house.ticket(CALL_UUID)).transcript if line["speaker"] == "caller"]
        assert said["text"] == "[touches] 1"
        assert not any(await house.caller_track(CALL_UUID))


@on_uvloop
async def test_random_bytes(house_of: OpenHouse) -> None:
    dice = random.Random(4711)
    async with house_of(patience=Patience(uuid_s=0.3)) as house, house.neighbour():
        peers = [await house.connect() for _ in range(40)]
        for peer in peers:
            peer.send(dice.randbytes(dice.randrange(1, 3000)))
        for peer in peers:
            await peer.end()
        assert sum(house.refused.values()) == 40
        assert set(house.refused) <= {"first_kind", "bad_uuid", "uuid_timeout"}
        calls = {uuid4(): await house.connect() for _ in range(40)}
        for call_uuid, peer in calls.items():
            peer.send(hello(call_uuid) + SOUND + dice.randbytes(70_000))
        for call_uuid, peer in calls.items():
            await peer.end()
            assert (await house.ticket(call_uuid)).status == "abandoned"
            assert await house.outcome(call_uuid) in (
                "unknown_kind", "odd_audio", "bad_dtmf", "second_uuid", "flood", "hangup"
            )  # fmt: skip


@pytest.mark.parametrize("how", [Peer.finish, Peer.reset], ids=["end of stream", "reset"])
@on_uvloop
async def test_a_stream_cut_after_every_byte(house_of: OpenHouse, how: Callable[[Peer], None]) -> None:
    keys = frame(0x03, b"5")
    head = len(hello(CALL_UUID))
    async with house_of() as house, house.neighbour():
        for cut in range(head + len(keys) + 1):
            call_uuid = uuid4()
            before = house.refused
            peer = await house.connect()
            peer.send((hello(call_uuid) + keys)[:cut])
            if cut >= head:
                await peer.heard(1)
            how(peer)
            await peer.end()
            whole = cut in (head, head + len(keys))
            if how is Peer.finish and not whole:
                reason = "cut_frame" if cut else "no_uuid"
            elif cut < head:
                reason = "no_uuid"
            else:
                reason = ""
            if reason:
                wanted = before | {reason: before.get(reason, 0) + 1}
                await until(lambda: house.refused == wanted, f"cut after {cut}: {wanted}")  # noqa: B023
            if cut >= head:
                await assert_call_was_left(house, call_uuid, reason or ("hangup" if how is Peer.finish else "lost"))
            if not reason:
                assert house.refused == before


@on_uvloop
async def test_one_byte_at_a_time(house_of: OpenHouse) -> None:
    async with house_of() as house:
        peer = await house.connect()
        for byte in hello(CALL_UUID):
            peer.send(bytes([byte]))
            await asyncio.sleep(0)
        await peer.heard(1)
        for byte in frame(0x03, b"7") + SOUND + frame(0x03, b"#"):
            peer.send(bytes([byte]))
            await asyncio.sleep(0)
        await until(lambda: typed(house) == ["[touches] 7"], "keys")
        await peer.heard(10)
        peer.finish()
        await peer.end()
        await assert_call_was_left(house, CALL_UUID, "hangup")
        assert house.refused == {}


@on_uvloop
async def test_what_looks_odd_and_is_legal(house_of: OpenHouse) -> None:
    keys = "0123456789*#ABCD"
    async with house_of() as house:
        peer = await house.knock(CALL_UUID)
        await peer.heard(2)
        peer.send(
            SOUND * 100
            + frame(0x10) * 3
            + frame(0x10, bytes(65_534))
            + frame(0x10, b"\0\0")
            + b"".join(frame(0x03, key.encode()) for key in keys)
        )
        await until(lambda: typed(house) == ["[touches] 0123456789"], "keys")
        await peer.heard(10)
        peer.assert_only_sound()
        peer.finish()
        await peer.end()
        await assert_call_was_left(house, CALL_UUID, "hangup")
        assert house.refused == {}


@on_uvloop
async def test_a_peer_that_ends_with_a_frame_hangs_up(house_of: OpenHouse) -> None:
    async with house_of() as house:
        peer = await house.call(CALL_UUID)
        await peer.heard(3)
        peer.be_silent()
        peer.send(frame(0x00))
        await peer.end()
        await assert_call_was_left(house, CALL_UUID, "hangup")
        assert house.refused == {}


FLOODS = {
    "sound": frame(0x10, bytes(320)),
    "empty frames": frame(0x10),
    "keys": frame(0x03, b"1"),
    "the longest frames": frame(0x10, bytes(65_534)),
    "192 kHz": frame(0x18, bytes(7_680)),
}


@on_uvloop
async def test_a_flood_is_stopped(house_of: OpenHouse) -> None:
    async with house_of() as house, house.neighbour() as neighbour:
        for count, (name, piece) in enumerate(FLOODS.items(), 1):
            call_uuid = uuid4()
            peer = await house.knock(call_uuid)
            for _ in range(500):
                if peer.ended.is_set():
                    break
                peer.send(piece * (50_000 // len(piece) + 1))
                await asyncio.sleep(0)
            await peer.end()
            assert house.refused == {"flood": count}, name
            await assert_call_was_left(house, call_uuid, "flood")
        await neighbour.heard(neighbour.sounds + 25)


@on_uvloop
async def test_a_stalled_line_that_delivers_at_once_is_no_flood(house_of: OpenHouse) -> None:
    async with house_of() as house:
        peer = await house.call(CALL_UUID)
        await peer.heard(5)
        peer.send(SOUND * 300)
        await peer.heard(30)
        peer.finish()
        await peer.end()
        await assert_call_was_left(house, CALL_UUID, "hangup")


@on_uvloop
async def test_silent_connections_are_closed_and_do_not_delay_anybody(house_of: OpenHouse) -> None:
    async with house_of(patience=Patience(uuid_s=0.4)) as house, house.neighbour():
        peers = []
        for _ in range(50):
            peers.append(await house.connect())
            await asyncio.sleep(0.02)
        healthy = await house.call(CALL_UUID)
        await healthy.heard(1)
        for peer in peers:
            await peer.end()
            assert peer.frames == []
        await until(lambda: house.refused == {"uuid_timeout": 50}, "all of them told")
        healthy.finish()
        await healthy.end()
        await assert_call_was_left(house, CALL_UUID, "hangup")


@on_uvloop
async def test_a_uuid_that_drips_in_is_too_late(house_of: OpenHouse) -> None:
    async with house_of(patience=Patience(uuid_s=0.3)) as house:
        peer = await house.connect()
        for byte in hello(CALL_UUID)[:-1]:
            peer.send(bytes([byte]))
            await asyncio.sleep(0.03)
        await peer.end()
        assert house.refused == {"uuid_timeout": 1}


@on_uvloop
async def test_more_silent_connections_than_any_telephone_system_has(house_of: OpenHouse) -> None:
    async with house_of(patience=Patience(uuid_s=30.0)) as house, house.neighbour():
        peers = [await house.connect() for _ in range(MAX_SILENT_CONNECTIONS)]
        await until(lambda: house.server.connections == MAX_SILENT_CONNECTIONS + 1, "all are in")
        over = await house.connect()
        await over.end()
        assert over.frames == []
        assert house.refused == {"too_many_connections": 1}
        peers[0].reset()
        peers[1].finish()
        await until(lambda: house.refused.get("no_uuid") == 2, "two have left")
        for _ in range(2):
            healthy = await house.call()
            await healthy.heard(1)
        assert house.refused == {"too_many_connections": 1, "no_uuid": 2}


@pytest.mark.parametrize("how", [Peer.finish, Peer.reset], ids=["end of stream", "reset"])
@on_uvloop
async def test_hanging_up_at_any_moment(house_of: OpenHouse, how: Callable[[Peer], None]) -> None:
    polite = how is Peer.finish
    async with house_of() as house, house.neighbour():
        right_after_the_uuid = uuid4()
        peer = await house.knock(right_after_the_uuid)
        await until(lambda: house.server.calls == 2, "it was let in")
        how(peer)
        await peer.end()
        in_the_middle_of_a_frame = uuid4()
        peer = await house.knock(in_the_middle_of_a_frame)
        await peer.heard(1)
        peer.send(SOUND[:100])
        await asyncio.sleep(0.02)
        how(peer)
        await peer.end()
        during_the_welcome = uuid4()
        peer = await house.call(during_the_welcome)
        await peer.heard(60)
        how(peer)
        await peer.end()
        await assert_call_was_left(house, right_after_the_uuid, "hangup" if polite else "lost")
        await assert_call_was_left(house, in_the_middle_of_a_frame, "cut_frame" if polite else "lost")
        await assert_call_was_left(house, during_the_welcome, "hangup" if polite else "lost")
        assert house.refused == ({"cut_frame": 1} if polite else {})
        said = (await house.ticket(during_the_welcome)).transcript
        assert len(said) == 1
        assert said[0]["speaker"] == "bot"
        assert said[0]["interrupted"]


@on_uvloop
async def test_many_who_hang_up_in_the_first_moments(house_of: OpenHouse) -> None:
    """Each moment of a call's beginning is somebody's last."""
    async with house_of() as house, house.neighbour():
        calls = {uuid4(): await house.connect() for _ in range(60)}
        for call_uuid, peer in calls.items():
            peer.send(hello(call_uuid))
        for step, peer in enumerate(calls.values()):
            if step % 3 == 0:
                await asyncio.sleep(0.001)
            peer.finish()
        for call_uuid in calls:
            await assert_call_was_left(house, call_uuid, "hangup")


@on_uvloop
async def test_a_peer_that_does_not_read_is_cut(house_of: OpenHouse) -> None:
    async with house_of(patience=Patience(unread_s=0.2)) as house, house.neighbour():
        peer = await house.connect(receive_buffer_bytes=2_048)
        peer.stop_reading()
        peer.say(CALL_UUID)
        await until(lambda: house.refused == {"stuck_peer": 1}, "it was noticed")
        await assert_call_was_left(house, CALL_UUID, "stuck_peer")
        assert house.refused == {"stuck_peer": 1}


@on_uvloop
async def test_a_peer_that_does_not_read_and_hangs_up(house_of: OpenHouse) -> None:
    async with house_of() as house:
        peer = await house.connect(receive_buffer_bytes=2_048)
        peer.stop_reading()
        peer.say(CALL_UUID)
        await asyncio.sleep(3.0)  # the kernels are full by now, the frames wait in the server
        peer.finish()
        await until(lambda: house.server.calls == 0, "the call has ended")
        # An Asterisk whose network was cut, not a caller who hung up.
        await assert_call_was_left(house, CALL_UUID, "lost")


@pytest.mark.parametrize("rate", ["narrow", "wide"])
@on_uvloop
async def test_a_peer_that_reads_again_after_two_seconds_is_still_there(house_of: OpenHouse, rate: str) -> None:
    """How long is what counts, not how many bytes that is: at 48 kHz two seconds are three times 64 KB."""
    kind, payload = {"narrow": (0x10, bytes(320)), "wide": (0x16, bytes(1920))}[rate]
    async with house_of() as house:
        peer = await house.knock(CALL_UUID, receive_buffer_bytes=2_048)
        peer.speak(kind, payload)
        await until(lambda: any(one.kind == kind for one in peer.frames), "it is answered in kind")
        peer.stop_reading()
        await asyncio.sleep(2.0)
        peer.read_on()
        heard = len(peer.frames)
        await until(lambda: len(peer.frames) > heard + 150, "what waited, and what is said since")
        assert house.refused == {}
        peer.finish()
        await peer.end()
        await assert_call_was_left(house, CALL_UUID, "hangup")


@on_uvloop
async def test_a_caller_of_whom_nothing_comes_is_still_spoken_to(house_of: OpenHouse) -> None:
    async with house_of() as house, house.neighbour() as neighbour:
        peer = await house.knock(CALL_UUID)
        await peer.heard(10)
        peer.speak()
        await peer.heard(20)
        peer.be_silent()
        await peer.heard(70)
        assert abs(peer.sounds - neighbour.sounds) < 20
        assert house.refused == {}
        peer.finish()
        await peer.end()
        await assert_call_was_left(house, CALL_UUID, "hangup")

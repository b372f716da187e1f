import os
import socket
import struct
from array import array
from typing import Any
from uuid import UUID

import pytest

from app.caller.load_channel import LISTEN_EVERY, Channel
from ext.frames import build

CALL_UUID = UUID("11111111-2222-4333-8444-555555555555")
SILENCE = build(0x10, bytes(320))
SPEECH = build(0x10, array("h", [0, 3000] * 80).tobytes())


class Wire:
    """A transport over a real pair of sockets, of which the far end is looked at."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair()
        self.near.setblocking(False)
        self.closed = False

    def get_extra_info(self, name: str) -> Any:
        assert name == "socket"
        return self

    def setsockopt(self, *_: object) -> None:
        """A pair of local sockets has no Nagle."""

    def fileno(self) -> int:
        return self.near.fileno()

    def write(self, data: bytes) -> None:
        os.write(self.near.fileno(), data)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def wire() -> Any:
    wire = Wire()
    yield wire
    wire.near.close()
    wire.far.close()


@pytest.fixture
def channel(wire: Any) -> Channel:
    channel = Channel(CALL_UUID)
    channel.connection_made(wire)
    channel.noting = True
    return channel


def test_the_uuid_goes_first_and_frames_follow(channel: Channel, wire: Wire) -> None:
    channel.send(SPEECH)
    assert wire.far.recv(4096) == struct.pack(">BH", 1, 16) + CALL_UUID.bytes + SPEECH
    assert channel.sent_bytes == 320


@pytest.mark.parametrize("size", [1, 2, 3, 7, 322, 323, 324, 1000, 5000])
def test_frames_are_counted_however_they_are_cut(channel: Channel, size: int) -> None:
    stream = SILENCE * 3 + build(0x10, bytes(160)) + build(0x03, b"5") + SILENCE * 4
    for at in range(0, len(stream), size):
        channel.data_received(stream[at : at + size])
    assert channel.frames == 8
    assert list(channel.sizes_bytes) == [320] * 3 + [160] + [320] * 4
    assert list(channel.at_s) == sorted(channel.at_s)
    assert channel.odd == {0x03: 1}
    assert channel.first_s > 0
    assert channel.heard_or_gone.is_set()


def test_without_noting_frames_are_only_counted(channel: Channel) -> None:
    channel.noting = False
    channel.data_received(SILENCE)
    assert (channel.frames, len(channel.at_s)) == (1, 0)


@pytest.mark.parametrize(("frame", "spoke"), [(SILENCE, 0), (SPEECH, 4)])
def test_now_and_then_a_frame_is_looked_into_for_speech(channel: Channel, frame: bytes, spoke: int) -> None:
    for _ in range(4 * LISTEN_EVERY):
        channel.data_received(frame)
    assert (channel.listened, channel.spoke) == (4, spoke)


def test_a_goodbye_of_the_bot_is_noted(channel: Channel) -> None:
    channel.data_received(SILENCE + build(0x00, b""))
    assert channel.ended
    channel.eof_received()
    assert not channel.open


def test_a_server_that_does_not_read_is_noted(channel: Channel) -> None:
    for _ in range(10_000):
        channel.send(SPEECH)
        if channel.stuck:
            break
    assert channel.stuck == 1


def test_after_the_end_nothing_is_sent_to_a_descriptor_that_somebody_else_may_have(
    channel: Channel, wire: Wire
) -> None:
    channel.connection_lost(None)
    wire.far.recv(4096)
    wire.far.setblocking(False)
    channel.send(SPEECH)
    with pytest.raises(BlockingIOError):
        wire.far.recv(1)
    assert channel.gone.is_set()
    assert channel.heard_or_gone.is_set()

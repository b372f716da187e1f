import pytest
from websockets.frames import Frame, Opcode

from tests.bench.sink import Sink, SinkCounts

REQUEST = (
    b"GET /v1/listen?model=nova-3 HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
)


class Transport:
    """Keeps what is written."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    abort = close


def message(opcode: Opcode, payload: bytes) -> bytes:
    """As a client sends it: masked."""
    return Frame(opcode, payload).serialize(mask=True)


def connected() -> tuple[Sink, SinkCounts, Transport]:
    counts, transport = SinkCounts(), Transport()
    sink = Sink(counts)
    sink.connection_made(transport)  # type: ignore[arg-type]
    return sink, counts, transport


def test_it_shakes_hands_as_the_rfc_says() -> None:
    sink, _, transport = connected()
    sink.data_received(REQUEST)
    assert b"101 Switching" in transport.written
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in transport.written  # RFC 6455, section 1.3


@pytest.mark.parametrize("size", [1, 3, 50, 321, 70_000, 1_000_000])
def test_sound_is_counted_however_it_is_cut(size: int) -> None:
    sink, counts, transport = connected()
    sizes = [320, 640, 100, 125, 126, 65_535, 65_536, 320]
    stream = REQUEST + b"".join(message(Opcode.BINARY, bytes(size)) for size in sizes)
    stream += message(Opcode.TEXT, b'{"type": "KeepAlive"}') + message(Opcode.BINARY, bytes(10))
    for at in range(0, len(stream), size):
        sink.data_received(stream[at : at + size])
    assert (counts.messages, counts.sound_bytes) == (len(sizes) + 1, sum(sizes) + 10)
    assert not transport.closed


def test_pings_are_answered_and_closes_too() -> None:
    sink, _, transport = connected()
    sink.data_received(REQUEST)
    transport.written = b""
    sink.data_received(message(Opcode.PING, b"abc"))
    assert transport.written == b"\x8a\x03abc"
    sink.data_received(message(Opcode.CLOSE, b"\x03\xe8"))
    assert transport.written.endswith(b"\x88\x02\x03\xe8")
    assert transport.closed


def test_a_plain_request_is_told_the_counts() -> None:
    sink, _, transport = connected()
    sink.data_received(b"GET /counts HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b'"sound_bytes": 0' in transport.written

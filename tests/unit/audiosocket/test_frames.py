"""The peer's bytes, judged: events in order, or the one error that ends the connection."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.audiosocket.frames import (
    DTMF_DIGITS,
    TERMINATE_FRAME,
    AudioArrived,
    CallStarted,
    Codec,
    DigitPressed,
    Event,
    FrameReader,
    Terminated,
)
from app.errors import PeerError
from ext import frames

CALL_UUID = UUID("40325ec2-5efd-4bd3-805f-53576e581d13")
HELLO = frames.build(frames.KIND_UUID, CALL_UUID.bytes)
AUDIO = frames.build(frames.KIND_SLIN_8000, bytes(range(64)) * 5)


def received(reader: FrameReader, data: bytes) -> list[Event]:
    return list(reader.receive(data))


def started() -> FrameReader:
    reader = FrameReader()
    assert received(reader, HELLO) == [CallStarted(CALL_UUID)]
    return reader


def test_the_first_frame_says_which_call_it_is() -> None:
    assert received(FrameReader(), HELLO) == [CallStarted(CALL_UUID)]


def test_a_whole_call_in_one_piece() -> None:
    stream = HELLO + AUDIO + frames.build(frames.KIND_DTMF, b"#") + TERMINATE_FRAME
    assert received(FrameReader(), stream) == [
        CallStarted(CALL_UUID),
        AudioArrived(bytes(range(64)) * 5, 8000),
        DigitPressed("#"),
        Terminated(),
    ]


@given(cuts=st.lists(st.integers(0, 400), max_size=12))
def test_where_the_stream_is_cut_makes_no_difference(cuts: list[int]) -> None:
    stream = HELLO + AUDIO + frames.build(frames.KIND_DTMF, b"5") + TERMINATE_FRAME
    reader, events, start = FrameReader(), list[Event](), 0
    for end in [*sorted(cuts), len(stream)]:
        events += received(reader, stream[start:end])
        start = max(start, end)
    assert events == received(FrameReader(), stream)


def test_an_end_of_stream_inside_a_frame_is_seen() -> None:
    reader = started()
    assert not reader.mid_frame
    received(reader, AUDIO[:10])
    assert reader.mid_frame
    received(reader, AUDIO[10:])
    assert not reader.mid_frame


@pytest.mark.parametrize(
    ("kind", "rate_hz"),
    [
        (frames.KIND_SLIN_8000, 8000),
        (frames.KIND_SLIN_12000, 12000),
        (frames.KIND_SLIN_16000, 16000),
        (frames.KIND_SLIN_24000, 24000),
        (frames.KIND_SLIN_32000, 32000),
        (frames.KIND_SLIN_44100, 44100),
        (frames.KIND_SLIN_48000, 48000),
        (frames.KIND_SLIN_96000, 96000),
        (frames.KIND_SLIN_192000, 192000),
    ],
)
def test_audio_of_every_rate(kind: int, rate_hz: int) -> None:
    assert received(started(), frames.build(kind, b"\x01\x02")) == [AudioArrived(b"\x01\x02", rate_hz)]


def test_audio_may_be_empty() -> None:
    assert received(started(), frames.build(frames.KIND_SLIN_8000, b"")) == [AudioArrived(b"", 8000)]


@pytest.mark.parametrize("digit", "0123456789*#ABCD")
def test_every_key(digit: str) -> None:
    assert received(started(), frames.build(frames.KIND_DTMF, digit.encode())) == [DigitPressed(digit)]
    assert len(DTMF_DIGITS) == 16


@pytest.mark.parametrize(
    ("kind", "payload", "reason"),
    [
        (frames.KIND_SLIN_8000, b"\0" * 321, "odd_audio"),
        (frames.KIND_DTMF, b"", "bad_dtmf"),
        (frames.KIND_DTMF, b"12", "bad_dtmf"),
        (frames.KIND_DTMF, b"E", "bad_dtmf"),
        (frames.KIND_DTMF, b"\xff", "bad_dtmf"),
        (frames.KIND_UUID, CALL_UUID.bytes, "second_uuid"),
        (frames.KIND_ERROR, b"", "unknown_kind"),
        (0x02, b"", "unknown_kind"),
        (0x19, b"\0\0", "unknown_kind"),
    ],
)
def test_what_a_peer_may_not_send(kind: int, payload: bytes, reason: str) -> None:
    with pytest.raises(PeerError) as caught:
        received(started(), frames.build(kind, payload))
    assert caught.value.reason == reason


@pytest.mark.parametrize("kind", [frames.KIND_SLIN_8000, frames.KIND_DTMF, frames.KIND_TERMINATE, 0x47])
def test_nothing_comes_before_the_uuid(kind: int) -> None:
    with pytest.raises(PeerError, match=f"first_kind: 0x{kind:02x}"):
        received(FrameReader(), frames.build(kind, b"00"))


@pytest.mark.parametrize("size", [0, 15, 17, 36, 4096])
def test_a_uuid_has_sixteen_bytes(size: int) -> None:
    with pytest.raises(PeerError, match=f"bad_uuid: its header is 01 {size >> 8:02x} {size & 255:02x}, not 01 00 10"):
        received(FrameReader(), frames.build(frames.KIND_UUID, bytes(size)))


def test_the_first_header_is_judged_as_its_bytes_come() -> None:
    with pytest.raises(PeerError, match="first_kind: 0x47"):
        received(FrameReader(), b"G")
    reader = FrameReader()
    assert received(reader, b"\x01") == []
    assert received(reader, b"") == []
    with pytest.raises(PeerError, match="bad_uuid: its header is 01 42"):
        received(reader, b"\x42")


def test_what_came_before_a_mistake_is_told_first() -> None:
    events = started().receive(AUDIO + frames.build(frames.KIND_DTMF, b"x") + AUDIO)
    assert isinstance(next(events), AudioArrived)
    with pytest.raises(PeerError, match="bad_dtmf"):
        next(events)


def test_a_bad_payload_is_quoted_only_in_part() -> None:
    with pytest.raises(PeerError) as caught:
        received(started(), frames.build(frames.KIND_DTMF, b"x" * 60_000))
    assert len(str(caught.value)) < 60


@given(data=st.binary(max_size=200))
def test_any_bytes_give_events_or_a_peer_error(data: bytes) -> None:
    reader = started()
    reason = ""
    try:
        events = received(reader, data)
    except PeerError as error:
        events, reason = [], error.reason
    assert reason in {"", "odd_audio", "bad_dtmf", "second_uuid", "unknown_kind"}
    assert all(isinstance(event, AudioArrived | DigitPressed | Terminated) for event in events)


@pytest.mark.parametrize("codec", ["ulaw", "alaw"])
def test_g711_has_no_half_samples(codec: Codec) -> None:
    reader = started()
    reader.codec = codec
    assert received(reader, frames.build(0x10, b"odd")) == [AudioArrived(b"odd", 8000)]
    with pytest.raises(PeerError, match="odd_audio"):
        received(reader, frames.build(0x12, b"odd"))

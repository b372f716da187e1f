"""Whatever bytes come, however they are cut: the same events, the same mistake, and no other error."""

import struct
from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given, settings
from hypothesis import strategies as st

from app.audiosocket.frames import AudioArrived, CallStarted, DigitPressed, Event, FrameReader, Terminated
from app.errors import PeerError

REASONS = {"first_kind", "bad_uuid", "second_uuid", "odd_audio", "bad_dtmf", "unknown_kind"}
HELLO = b"\x01\x00\x10" + bytes(range(16))
KINDS = st.one_of(st.sampled_from([0x00, 0x01, 0x03, 0x10, 0x12, 0x18, 0x19, 0xFF]), st.integers(0, 255))


def framed(kind: int, payload: bytes) -> bytes:
    return struct.pack(">BH", kind, len(payload)) + payload


FRAMES = st.one_of(
    st.builds(framed, KINDS, st.binary(max_size=40)),
    st.builds(framed, st.sampled_from(range(0x10, 0x19)), st.binary(max_size=20).map(lambda half: half * 2)),
    st.builds(framed, st.just(0x03), st.sampled_from([bytes([key]) for key in b"0123456789*#ABCD"])),
)
STREAMS = st.one_of(
    st.binary(max_size=300),
    st.lists(FRAMES, max_size=12).map(b"".join),
    st.builds(
        lambda frames, tail: HELLO + b"".join(frames) + tail, st.lists(FRAMES, max_size=12), st.binary(max_size=9)
    ),
)
CUTS = st.lists(st.integers(0, 500), max_size=12)


def read(pieces: Sequence[bytes]) -> tuple[list[Event], str, bool]:
    """Events, reason of the mistake, whether a frame is unfinished."""
    reader = FrameReader()
    events: list[Event] = []
    for piece in pieces:
        try:
            for event in reader.receive(piece):
                events.append(event)
        except PeerError as error:
            return events, error.reason, False
    return events, "", reader.mid_frame


def expected(stream: bytes) -> tuple[list[type[Event]], str, bool]:
    """The rules once more, frame by frame and without any state but the place in the stream."""
    if stream and stream[0] != 0x01:
        return [], "first_kind", False
    if not (b"\x01\x00\x10".startswith(stream[:3])):
        return [], "bad_uuid", False
    events: list[type[Event]] = []
    at = 0
    while len(stream) >= at + 3:
        kind, length = struct.unpack_from(">BH", stream, at)
        payload = stream[at + 3 : at + 3 + length]
        if len(payload) < length:
            break
        at += 3 + length
        if kind == 0x01 and events:
            return events, "second_uuid", False
        if kind == 0x01:
            events.append(CallStarted)
        elif 0x10 <= kind <= 0x18:
            if length % 2:
                return events, "odd_audio", False
            events.append(AudioArrived)
        elif kind == 0x03:
            if length != 1 or payload not in b"0123456789*#ABCD":
                return events, "bad_dtmf", False
            events.append(DigitPressed)
        elif kind == 0x00:
            events.append(Terminated)
        else:
            return events, "unknown_kind", False
    return events, "", at < len(stream)


@settings(max_examples=400, deadline=None)
@given(STREAMS, CUTS)
@example(HELLO + framed(0x10, bytes(4)) + framed(0x42, b""), [])
@example(b"\x01\x00\x11" + bytes(17), [1, 2])
@example(b"", [0])
def test_any_bytes_however_cut(stream: bytes, cuts: list[int]) -> None:
    whole = read([stream])
    places = [0, *sorted(min(cut, len(stream)) for cut in cuts), len(stream)]
    assert read([stream[a:b] for a, b in pairwise(places)]) == whole
    assert read([bytes([byte]) for byte in stream]) == whole
    events, reason, unfinished = whole
    assert ([type(event) for event in events], reason, unfinished) == expected(stream)
    assert reason in REASONS | {""}
    assert all(len(event.sound) % 2 == 0 for event in events if isinstance(event, AudioArrived))

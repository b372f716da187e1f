"""AudioSocket frames, as res_audiosocket.c writes and reads them."""

from types import ModuleType

import pytest

from ext import frames
from tests.reference import frames as reference


@pytest.fixture(params=[frames, reference], ids=["ext", "reference"])
def codec(request: pytest.FixtureRequest) -> ModuleType:
    module: ModuleType = request.param
    return module


def test_a_frame_is_kind_big_endian_length_payload(codec: ModuleType) -> None:
    assert codec.build(frames.KIND_SLIN_8000, bytes(320)) == b"\x10\x01\x40" + bytes(320)
    assert codec.build(frames.KIND_TERMINATE, b"") == b"\x00\x00\x00"
    assert codec.build(frames.KIND_DTMF, b"5") == b"\x03\x00\x015"
    assert codec.build(frames.KIND_ERROR, bytes(65535))[:3] == b"\xff\xff\xff"


def test_what_does_not_fit_is_refused_with_both_numbers(codec: ModuleType) -> None:
    with pytest.raises(ValueError, match="65535 bytes, got 65536"):
        codec.build(0x10, bytes(65536))
    with pytest.raises(ValueError, match="0 to 255, got 256"):
        codec.build(256, b"")
    with pytest.raises(ValueError, match="0 to 255, got -1"):
        codec.build(-1, b"")


def test_kinds_and_rates_of_asterisk(codec: ModuleType) -> None:
    rates = [codec.sample_rate_hz(kind) for kind in range(256)]
    assert rates[0x10:0x19] == [8000, 12000, 16000, 24000, 32000, 44100, 48000, 96000, 192000]
    assert sum(rate != 0 for rate in rates) == 9
    assert codec.sample_rate_hz(frames.KIND_SLIN_44100) == 44100
    assert (frames.KIND_UUID, frames.KIND_SLIN_12000, frames.KIND_SLIN_192000) == (0x01, 0x11, 0x18)


def test_one_byte_at_a_time(codec: ModuleType) -> None:
    stream = codec.build(1, bytes(range(16))) + codec.build(0x10, b"") + codec.build(0x10, b"ab")
    parser = codec.FrameParser()
    found = [frame for byte in stream for frame in parser.feed(bytes([byte]))]
    assert found == [(1, bytes(range(16))), (0x10, b""), (0x10, b"ab")]
    assert parser.pending_bytes == 0


def test_a_partial_frame_is_held_and_counted(codec: ModuleType) -> None:
    parser = codec.FrameParser()
    assert parser.feed(b"\x10\x01") == []
    assert parser.pending_bytes == 2
    assert parser.feed(b"\x40" + bytes(319)) == []
    assert parser.pending_bytes == 322
    assert parser.feed(b"\x07\x03\x00") == [(0x10, bytes(319) + b"\x07")]
    assert parser.pending_bytes == 2


def test_the_longest_frame_in_pieces_between_short_ones(codec: ModuleType) -> None:
    payload = bytes(i * 7 & 0xFF for i in range(65535))
    stream = codec.build(3, b"1") + codec.build(0x18, payload) + codec.build(3, b"#")
    parser = codec.FrameParser()
    found = []
    for start in range(0, len(stream), 1449):
        found += parser.feed(stream[start : start + 1449])
    assert found == [(3, b"1"), (0x18, payload), (3, b"#")]


def test_empty_feeds_change_nothing(codec: ModuleType) -> None:
    parser = codec.FrameParser()
    parser.feed(b"\x10")
    assert parser.feed(b"") == []
    assert parser.pending_bytes == 1


class Reading:
    """A receiver on a time that the test sets, and what it was told."""

    def __init__(self, codec: ModuleType, ahead_s: float = 1.0) -> None:
        self.now_s = 100.0
        self.told: list[object] = []
        self.ends_with_others = False

        class Told(codec.Receiver):  # type: ignore[misc,name-defined]
            def received_early(_, data: bytes) -> None:
                self.told.append(data)

            def received_others(receiver, others: list[tuple[int, bytes]]) -> None:
                self.told.append(others)
                receiver.ended = self.ends_with_others

            def flooded(_) -> None:
                self.told.append("flooded")

        self.receiver = Told(codec.FrameParser(), lambda: self.now_s, ahead_s)
        self.sink = codec.SoundSink()

    def begin(self) -> None:
        self.receiver.sink = self.sink
        self.receiver.ahead_until_s = self.now_s


def test_what_comes_before_there_is_a_sink_is_handed_on_as_it_is(codec: ModuleType) -> None:
    reading = Reading(codec)
    reading.receiver.data_received(b"\x01\x00")
    assert reading.told == [b"\x01\x00"]


def test_sound_is_heard_and_only_other_frames_are_told(codec: ModuleType) -> None:
    reading, frame = Reading(codec), codec.build(0x10, bytes(320))
    reading.begin()
    reading.receiver.data_received(frame[:100])
    reading.receiver.data_received(frame[100:] + frame + codec.build(3, b"5") + frame)
    assert reading.told == [[(3, b"5"), (0x10, bytes(320))]]
    assert reading.sink.heard_s == pytest.approx(0.04)


def test_nothing_is_taken_after_the_end(codec: ModuleType) -> None:
    reading = Reading(codec, ahead_s=0.01)
    reading.begin()
    reading.ends_with_others = True
    reading.receiver.data_received(codec.build(0x10, bytes(320)) + codec.build(0, b""))
    assert reading.told == [[(0, b"")]], "a pace that nobody cares for any more"
    reading.receiver.data_received(codec.build(0, b""))
    assert reading.told == [[(0, b"")]]


def test_sound_faster_than_time_is_a_flood_once_the_allowance_is_used_up(codec: ModuleType) -> None:
    reading, second = Reading(codec), codec.build(0x10, bytes(16000))
    reading.begin()
    for _ in range(3):
        reading.receiver.data_received(second)
        reading.now_s += 1.0
    reading.receiver.data_received(second)
    assert reading.told == [], "a second ahead is forgiven"
    reading.receiver.data_received(codec.build(0x10, bytes(320)))
    assert reading.told == ["flooded"]


def test_a_silent_peer_saves_up_no_more_than_the_allowance(codec: ModuleType) -> None:
    reading, second = Reading(codec), codec.build(0x10, bytes(16000))
    reading.begin()
    reading.now_s += 60.0
    reading.receiver.data_received(second + second)
    assert reading.told == []
    reading.receiver.data_received(codec.build(0x10, b"ab"))
    assert reading.told == ["flooded"]

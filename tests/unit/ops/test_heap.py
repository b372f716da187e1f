"""What was freed in the middle of the heap goes back to the system."""

from pathlib import Path

from app.ops.heap import WORTH_BYTES, Heap

PIECES = 1500
PIECE_BYTES = 16_000


def resident_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


def test_holes_are_given_back() -> None:
    heap = Heap()
    heap.give_back()
    before = resident_bytes()
    pieces, pins = [], []
    for _ in range(PIECES):
        pieces.append(bytes(PIECE_BYTES))
        pins.append(bytes(1000))  # above each piece, so that the C library can't give it back by itself
    assert not heap.give_back()
    grown = resident_bytes() - before
    pieces.clear()
    assert heap.free_bytes > PIECES * PIECE_BYTES * 0.8
    assert resident_bytes() - before > 0.8 * grown
    assert heap.give_back()
    assert resident_bytes() - before < 0.4 * grown
    assert len(pins) == PIECES


def test_little_is_left_alone() -> None:
    heap = Heap()
    heap.give_back()
    assert not heap.give_back()
    pieces = [bytes(PIECE_BYTES) for _ in range(WORTH_BYTES // PIECE_BYTES // 2)]
    pieces.clear()
    assert not heap.give_back()

"""The board: each writes its own, all read all, the dead leave nothing."""

import os
from collections.abc import Iterator
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.board import FRESH_MS, USED_ANNOUNCEMENTS, UUID_BYTES, Board, Slot, State, now_ms, share

WORDS = ("pid", "state", "calls", "connections", "room", "lag_us", "beat_ms", "ears", "voices")


@pytest.fixture
def board() -> Iterator[Board]:
    board = Board.create(lines=9, workers=4)
    yield board
    board.close()


@given(st.integers(0, 10_000), st.integers(1, 64))
def test_shares_are_exactly_the_whole_and_almost_equal(total: int, workers: int) -> None:
    shares = [share(total, workers, number) for number in range(workers)]
    assert sum(shares) == total
    assert max(shares) - min(shares) <= 1
    assert shares == sorted(shares, reverse=True)


def test_every_word_of_every_slot_is_its_own(board: Board) -> None:
    values = {
        (slot.number, name): 1000 * slot.number + place for slot in board.slots for place, name in enumerate(WORDS)
    }
    for (number, name), value in values.items():
        setattr(board.slots[number], name, value)
    assert {key: getattr(board.slots[key[0]], key[1]) for key in values} == values
    board.slots[2].room = -(2**62)
    assert board.slots[2].room == -(2**62)


def test_another_process_sees_the_same(board: Board) -> None:
    other = Board(os.dup(board.fd), lines=9, workers=4)
    board.slots[3].calls = 7
    other.slots[1].calls = 5
    assert (other.slots[3].calls, board.slots[1].calls) == (7, 5)
    assert board.calls == other.calls == 12
    other.close()


def test_only_who_is_open_and_awake_counts(board: Board) -> None:
    def make(slot: Slot, state: State, silent_ms: int) -> None:
        slot.state, slot.beat_ms = state, now_ms() - silent_ms

    make(board.slots[0], State.OPEN, 0)
    make(board.slots[1], State.OPEN, 0)
    make(board.slots[2], State.OPEN, FRESH_MS + 1)
    make(board.slots[3], State.DRAINING, 0)
    assert [slot.number for slot in board.others(0)] == [1]
    assert [slot.number for slot in board.others(1)] == [0]


def test_a_uuid_is_in_one_call_only(board: Board) -> None:
    call_uuid = uuid4()
    place = board.enter_call(1, call_uuid)
    assert place is not None
    assert [board.enter_call(number, call_uuid) for number in range(4)] == [None] * 4
    board.leave_call(1, place)
    assert board.enter_call(1, call_uuid) is not None


def test_there_is_a_place_for_every_call_that_a_worker_may_hold(board: Board) -> None:
    """Nine lines of four workers are three at most, each with three clean-ups; and one that is just being refused."""
    places = [board.enter_call(0, uuid4()) for _ in range(3 * 3 + 1)]
    assert None not in places
    assert len(set(places)) == 10
    for place in places:
        assert place is not None
        board.leave_call(0, place)
    assert None not in [board.enter_call(0, uuid4()) for _ in range(10)]


def test_the_halves_of_two_neighbours_are_no_third_call(board: Board) -> None:
    call_uuid = uuid4()
    half = UUID_BYTES // 2
    before = UUID(bytes=bytes([1] * half) + call_uuid.bytes[:half])
    after = UUID(bytes=call_uuid.bytes[half:] + bytes([2] * half))
    neighbours = [board.enter_call(0, one) for one in (before, after)]
    board.leave_call(0, neighbours[1] or 0)
    board.leave_call(0, neighbours[0] or 0)
    assert {board.enter_call(0, after), board.enter_call(0, before)} == set(neighbours)
    assert board.enter_call(1, call_uuid) is not None


def test_the_dead_leave_nothing(board: Board) -> None:
    mine, lost = uuid4(), uuid4()
    board.enter_call(0, mine)
    board.enter_call(1, lost)
    for name in WORDS:
        setattr(board.slots[1], name, 9)
    board.slots[0].calls = 3
    board.wipe(1)
    assert [getattr(board.slots[1], name) for name in WORDS] == [0] * len(WORDS)
    assert board.slots[0].calls == 3
    # Its successor is another process, with a list of free places of its own.
    successor = Board(os.dup(board.fd), lines=9, workers=4)
    assert successor.enter_call(1, lost) is not None
    assert successor.enter_call(1, mine) is None
    successor.close()


def test_an_announcement_used_by_one_is_used_for_all(board: Board) -> None:
    other = Board(os.dup(board.fd), lines=9, workers=4)
    call_uuid = uuid4()
    assert not other.announcement_used(call_uuid, returned=False)
    board.use_announcement(1, call_uuid, returned=False)
    assert other.announcement_used(call_uuid, returned=False)
    assert not other.announcement_used(call_uuid, returned=True), "who comes back is announced anew"
    for _ in range(USED_ANNOUNCEMENTS):
        other.use_announcement(2, uuid4(), returned=True)
    assert board.announcement_used(call_uuid, returned=False), "each worker has a part of its own"
    for _ in range(USED_ANNOUNCEMENTS):
        board.use_announcement(1, uuid4(), returned=True)
    assert not board.announcement_used(call_uuid, returned=False)
    other.close()


def test_a_used_announcement_is_no_call_in_progress(board: Board) -> None:
    for _ in range(USED_ANNOUNCEMENTS):
        call_uuid = uuid4()
        board.use_announcement(0, call_uuid, returned=False)
        place = board.enter_call(0, call_uuid)
        assert place is not None
        board.leave_call(0, place)

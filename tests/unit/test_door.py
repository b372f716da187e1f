"""Who goes first at the door."""

from collections.abc import Iterator

import pytest

from app.board import Board, Slot
from app.door import HESITATION_S, MAX_HESITATION_S, hesitation_s


@pytest.fixture
def slots() -> Iterator[tuple[Slot, ...]]:
    board = Board.create(lines=30, workers=3)
    yield board.slots
    board.close()


@pytest.mark.parametrize(
    ("own", "others", "expected"),
    [
        # (connections, room)
        ((5, 5), [], 0.0),
        ((5, 5), [(5, 5), (9, 1)], 0.0),
        ((4, 5), [(5, 5)], 0.0),
        ((6, 4), [(5, 5)], HESITATION_S),
        ((7, 4), [(9, 5), (5, 5)], 2 * HESITATION_S),
        ((90, 4), [(0, 9)], MAX_HESITATION_S),
        ((9, 1), [(2, 0)], 0.0),
        ((9, 0), [(2, 1)], None),
        ((2, -1), [(9, 1), (9, 0)], None),
        ((9, 0), [(9, 0)], 0.0),
        ((9, 0), [], 0.0),
    ],
    ids=[
        "alone",
        "as busy as the least busy",
        "the least busy",
        "one more than the least busy",
        "two more than the least busy",
        "never longer than that",
        "the only one with room, however busy",
        "full, another has room",
        "more than full, one of the others has room",
        "all full: all answer",
        "full and alone",
    ],
)
def test_hesitation(
    slots: tuple[Slot, ...], own: tuple[int, int], others: list[tuple[int, int]], expected: float | None
) -> None:
    for slot, (connections, room) in zip(slots, [own, *others], strict=False):
        slot.connections, slot.room = connections, room
    assert hesitation_s(slots[0], list(slots[1 : 1 + len(others)])) == expected

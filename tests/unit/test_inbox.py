"""What waits for one reader."""

import asyncio

import pytest

from app.inbox import Inbox


def test_first_in_first_out_and_bounded() -> None:
    inbox: Inbox[int] = Inbox(2)
    assert not inbox
    assert [inbox.put(n) for n in (1, 2, 3)] == [True, True, False]
    assert [inbox.take(), inbox.take()] == [1, 2]
    with pytest.raises(IndexError):
        inbox.take()


def test_a_reader_waits_for_what_comes() -> None:
    async def scene() -> list[int]:
        inbox: Inbox[int] = Inbox(3)
        reader = asyncio.create_task(inbox.get())
        await asyncio.sleep(0)
        inbox.put(1)
        inbox.put(2)
        return [await reader, await inbox.get()]

    assert asyncio.run(scene()) == [1, 2]


def test_a_reader_that_was_cancelled_leaves_everything_to_the_next() -> None:
    async def scene() -> int:
        inbox: Inbox[int] = Inbox(3)
        for _ in range(2):
            reader = asyncio.create_task(inbox.get())
            await asyncio.sleep(0)
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
        inbox.put(7)
        return await inbox.get()

    assert asyncio.run(scene()) == 7


def test_woken_with_nothing_there() -> None:
    async def scene() -> int:
        inbox: Inbox[int] = Inbox(3)
        waiting = asyncio.create_task(inbox.arrival())
        await asyncio.sleep(0)
        inbox.wake()
        await waiting
        return len(inbox)

    assert asyncio.run(scene()) == 0

"""Places at a provider: never more taken than there are, whoever takes them."""

import asyncio
import os
from collections.abc import AsyncGenerator, Iterator

import pytest

from app.errors import ProviderQuotaError
from app.providers import quota as quota_module
from app.providers.quota import Quota, QuotaVoice


@pytest.fixture
def two() -> Iterator[Quota]:
    """Two places."""
    quota = Quota.of(2)
    yield quota
    quota.close()


def test_as_many_as_there_are(two: Quota) -> None:
    assert [two.try_take() for _ in range(3)] == [True, True, False]
    assert two.held == 2
    two.give_back()
    assert (two.try_take(), two.try_take(), two.held) == (True, False, 2)


def test_all_processes_take_from_the_same(two: Quota) -> None:
    other = Quota(os.dup(two.fd))
    assert (two.try_take(), other.try_take()) == (True, True)
    assert (two.try_take(), other.try_take()) == (False, False)
    two.give_back()
    assert other.try_take()
    other.close()


def test_what_the_dead_held_is_given_back_for_them(two: Quota) -> None:
    dead = Quota(os.dup(two.fd))
    assert dead.try_take()
    assert dead.try_take()
    dead.close()
    two.give_back(2)
    assert two.held == 0
    assert [two.try_take() for _ in range(3)] == [True, True, False]


def test_what_is_held_is_told_before_it_is_taken_and_after_it_is_given_back() -> None:
    told: list[tuple[int, bool]] = []
    probe = Quota.of(1)

    def on_held(held: int) -> None:
        free = probe.try_take()
        if free:
            probe.give_back()
        told.append((held, free))

    quota = Quota(probe.fd, on_held)
    assert quota.try_take()
    assert not quota.try_take()
    quota.give_back()
    assert told == [(1, True), (2, False), (1, False), (0, True)]
    probe.close()


async def test_one_waits_until_a_place_is_free(two: Quota) -> None:
    assert two.try_take()
    assert two.try_take()
    waiting = [asyncio.create_task(two.take(30.0)) for _ in range(3)]
    await asyncio.sleep(0)
    elsewhere = Quota(os.dup(two.fd))
    elsewhere.give_back()
    done, rest = await asyncio.wait(waiting, timeout=10.0, return_when=asyncio.FIRST_COMPLETED)
    assert [task.result() for task in done] == [True]
    two.give_back(2)
    assert all([await task for task in rest])
    assert not two.try_take()
    elsewhere.close()


async def test_one_does_not_wait_for_ever(two: Quota) -> None:
    assert two.try_take()
    assert two.try_take()
    assert not await two.take(0.01)
    assert two.held == 2
    assert not asyncio.get_running_loop().remove_reader(two.fd), "nobody watches it any more"


async def test_who_gives_up_leaves_the_place_to_the_next(two: Quota) -> None:
    assert two.try_take()
    assert two.try_take()
    first, second = (asyncio.create_task(two.take(30.0)) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    two.give_back()
    assert await asyncio.wait_for(second, 10.0)
    assert first.cancelled()
    assert two.held == 2


class Voice:
    """Says one thing."""

    name = voice_key = "voice"

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        yield text.encode()

    async def close(self) -> None:
        """Nothing is kept."""


async def test_a_voice_within_its_places(two: Quota, monkeypatch: pytest.MonkeyPatch) -> None:
    voice = QuotaVoice(Voice(), two)
    stream = voice.speak("Bonjour.")
    assert await anext(stream) == b"Bonjour."
    assert two.held == 1
    await stream.aclose()
    assert two.held == 0
    assert two.try_take()
    assert two.try_take()
    monkeypatch.setattr(quota_module, "PATIENCE_S", 0.01)
    with pytest.raises(ProviderQuotaError, match="no place"):
        await anext(voice.speak("Bonjour."))
    assert two.held == 2

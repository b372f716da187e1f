"""Keys of the telephone on a real server: which of them count, and how many."""

from uuid import uuid4

from tests.integration.conftest import OpenHouse
from tests.integration.house import House, on_uvloop, until
from tests.integration.peer import frame
from tests.transcript import said_by


def pressed(keys: str) -> bytes:
    return b"".join(frame(0x03, key.encode("ascii")) for key in keys)


def turns(house: House) -> list[tuple[str, str]]:
    """What was understood, and as what."""
    lines = [entry for entry in house.log if entry["event"] == "turn understood"]
    return [(str(line["heard"]), str(line["intent"])) for line in lines]


@on_uvloop
async def test_keys_before_the_first_words_answer_nothing(house_of: OpenHouse) -> None:
    async with house_of() as house:
        call_uuid = uuid4()
        peer = await house.connect()
        peer.send(frame(0x01, call_uuid.bytes) + pressed("0612345678"))
        await peer.heard(10)
        peer.finish()
        await peer.end()
        assert said_by("caller", await house.ticket(call_uuid)) == []


@on_uvloop
async def test_keys_behind_a_number_do_not_answer_the_next_question(house_of: OpenHouse) -> None:
    async with house_of() as house:
        call_uuid = uuid4()
        peer = await house.call(call_uuid)
        await peer.heard(5)
        peer.send(pressed("0612345678#0#"))
        await until(lambda: len(turns(house)) == 1, "the number was taken")
        await peer.heard(peer.sounds + 10)
        assert turns(house) == [("[touches] 0612345678", "IDENTITY_PROVIDED")]
        peer.finish()
        await peer.end()
        assert (await house.ticket(call_uuid)).status == "abandoned", "nobody asked for a person"


@on_uvloop
async def test_a_flood_of_keys_loses_nothing_else(house_of: OpenHouse) -> None:
    """As many as a peer may send at once; the house sees to it that no error is logged."""
    async with house_of() as house, house.neighbour():
        call_uuid = uuid4()
        peer = await house.call(call_uuid)
        await peer.heard(5)
        peer.send(pressed("1*" * 1500))
        await peer.heard(20)
        peer.send(pressed("0#"))
        await until(lambda: len(turns(house)) > 0, "a key is still taken")
        peer.finish()
        await peer.end()
        assert house.refused == {}

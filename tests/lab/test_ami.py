"""The manager's link on a real Asterisk: who is calling, where the call goes, who comes back; and its very bytes."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any

import pytest

from app.asterisk.announcements import read_announcement
from app.asterisk.link import Link
from app.asterisk.messages import Message
from app.asterisk.session import Session
from app.errors import ProviderAuthError, ProviderProtocolError
from app.store.tickets import Ticket
from tests.integration.asterisk_manager import Headers, Manager, response, user_event
from tests.lab.asterisk import AMI_SECRET, AMI_USERNAME
from tests.lab.laboratory import Laboratory
from tests.transcript import said_by

MARIE_PHONE = "0199000001"
HEADERS = dict.fromkeys(("CallUUID", "CallerNumber", "CallerName", "Dialled", "Attempt", "Reason"), "x")
LOGIN = {"Username": AMI_USERNAME, "Secret": AMI_SECRET, "Events": "user"}


class Listening(Session):
    """A session that keeps every byte."""

    raw = b""

    def data_received(self, data: bytes) -> None:
        self.raw += data
        super().data_received(data)


@asynccontextmanager
async def session_with(address: str, port: int = 5038) -> AsyncIterator[tuple[Listening, list[Message]]]:
    """A connection that has not logged in yet, and the events that come over it."""
    events: list[Message] = []
    loop = asyncio.get_running_loop()
    _, session = await loop.create_connection(lambda: Listening(events.append), address, port)
    try:
        yield session, events
    finally:
        session.close()
        await asyncio.wait_for(session.lost, 5)


async def sentences(session: Listening) -> list[bytes]:
    """What the same actions are answered, ids left out."""
    assert (await session.act("Challenge", {"AuthType": "MD5"}, 5)).get("challenge").isdigit()
    await session.act("Login", LOGIN, 5)
    await session.act("Ping", {}, 5)
    for variable in ({"Variable": "VOICEBOT_NEXT", "Value": "hangup"}, {"Variable": ""}):
        with pytest.raises(ProviderProtocolError):
            await session.act("Setvar", {"Channel": "PJSIP/nobody-00000000", **variable}, 5)
    return [line for line in session.raw.split(b"\r\n") if line.startswith((b"Asterisk Call", b"Response", b"Message"))]


async def settled(laboratory: Laboratory, call_uuid: str) -> Ticket:
    await laboratory.nothing_is_stuck()
    return await laboratory.bot.ticket(call_uuid)


def told(laboratory: Laboratory, event: str, call_uuid: str) -> list[dict[str, Any]]:
    return laboratory.bot.events(event, call_id=call_uuid)


async def test_every_worker_is_linked_to_every_asterisk(laboratory: Laboratory) -> None:
    for asterisk in laboratory.asterisks:
        await laboratory.bot.linked()
        sessions = (await asterisk.cli("manager show connected")).count(AMI_USERNAME)
        assert sessions >= len(laboratory.bot.events("worker ready", since=laboratory.bot.born))


async def test_a_wrong_secret_is_told_in_asterisks_words(laboratory: Laboratory) -> None:
    async with session_with(laboratory.asterisks[0].address) as (session, _):
        with pytest.raises(ProviderAuthError, match="Authentication failed"):
            await session.act("Login", {**LOGIN, "Secret": "wrong"}, 5)


async def test_the_secret_stays_off_the_wire(laboratory: Laboratory) -> None:
    """A real Asterisk poses the challenge, and takes the answer to it."""
    asterisk = laboratory.asterisks[0]
    sent: list[bytes] = []

    async def listen_in(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        real, manager = await asyncio.open_connection(asterisk.address, 5038)

        async def pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter, kept: list[bytes]) -> None:
            while data := await source.read(4096):
                kept.append(data)
                target.write(data)
            target.close()

        await asyncio.gather(pass_on(reader, manager, sent), pass_on(real, writer, []))

    async with await asyncio.start_server(listen_in, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        link = Link(ip_address("127.0.0.1"), port, AMI_USERNAME, AMI_SECRET, lambda event: None)
        link.start()
        try:
            await asyncio.wait_for(link.tried.wait(), 10)
            assert link.up
        finally:
            await link.stop()
    told = b"".join(sent)
    assert b"AuthType: MD5" in told
    assert AMI_SECRET.encode() not in told


async def test_least_rights_are_enough_and_no_more_than_that(laboratory: Laboratory) -> None:
    async with session_with(laboratory.asterisks[0].address) as (session, events):
        await session.act("Login", LOGIN, 5)
        for action, headers in (
            ("Command", {"Command": "core stop now"}),
            ("Originate", {"Channel": "Local/777@telephones", "Application": "Echo"}),
            ("UpdateConfig", {"SrcFilename": "manager.conf", "DstFilename": "manager.conf"}),
        ):
            with pytest.raises((ProviderAuthError, ProviderProtocolError)):
                await session.act(action, headers, 5)
        await session.act("Ping", {}, 5)
        assert {event.get("event") for event in events} <= {"FullyBooted"}


async def test_the_manager_of_the_other_tests_says_what_asterisk_says(laboratory: Laboratory) -> None:
    async with session_with(laboratory.asterisks[0].address) as (session, _):
        real = await sentences(session)

    def no_channel(action: Headers) -> bytes:
        return response(action, "Error", "No such channel" if action["variable"] else "No variable specified")

    async with (
        Manager(secret=AMI_SECRET, answers={"Setvar": no_channel}) as manager,
        session_with("127.0.0.1", manager.port) as (session, _),
    ):
        made_up = await sentences(session)
    assert made_up[1:] == real[1:]
    assert made_up[0].startswith(b"Asterisk Call Manager/")
    assert real[0].startswith(b"Asterisk Call Manager/")


async def test_the_announcement_comes_whole_and_before_the_call(laboratory: Laboratory) -> None:
    asterisk = laboratory.asterisks[0]
    async with session_with(asterisk.address) as (session, events):
        await session.act("Login", LOGIN, 5)
        call = await laboratory.dial("raccroche", caller_number=MARIE_PHONE, caller_name="Bob, Attempt: returned")
        (event,) = [one for one in events if one.get("userevent") == "VoicebotCall"]
        announcement = read_announcement(event, ip_address(asterisk.address))
    assert announcement is not None
    assert (announcement.caller_number, announcement.dialled, announcement.returned) == ("+33199000001", "777", False)
    assert announcement.channel.startswith("PJSIP/telephone-")
    made_up = {line.partition(b":")[0].lower().decode() for line in user_event("x", HEADERS).split(b"\r\n") if line}
    assert made_up <= set(event.headers)
    assert event.repeated == frozenset()
    ticket = await settled(laboratory, call.call_uuid)
    assert ticket.caller_number == "+33199000001"
    assert "Bonjour Marie" in call.bot_words
    assert call.held.first_sound_ms <= 400


@pytest.mark.parametrize(
    ("display", "announced"),
    [
        (b"Jean :(", "Jean"),
        (b'Zo "Z', "Zo Z"),
        (b"a [b {c \\d ;e", "a b c d e"),
        (b"${SHELL(id)}$[1]", "SHELLid1"),
        ("Zoé d'Aÿ-Lefèbvre".encode(), "Zoé d'Aÿ-Lefèbvre"),
        ("Zoé Lefèbvre".encode("latin-1"), "Zo Lefbvre"),
    ],
    ids=["round", "quote", "square", "evaluated", "UTF-8", "Latin-1"],
)
async def test_a_display_name_moves_no_header_and_ends_no_call(
    laboratory: Laboratory, display: bytes, announced: str
) -> None:
    asterisk, number = laboratory.asterisks[0], laboratory.new_number()
    dialplan = asterisk.tree / "etc/asterisk/extensions.conf"
    name = f"${{BASE64_DECODE({base64.b64encode(display).decode()})}}"
    with dialplan.open("a") as file:
        file.write(f"[names]\nexten => 1,1,Set(CALLERID(num)={number})\n")
        file.write(f" same => n,Set(CALLERID(name)={name})\n same => n,Goto(voicebot,777,1)\n")
    try:
        await asterisk.cli("dialplan reload")
        await asterisk.cli("channel originate Local/1@names application Wait 1")
        event = await laboratory.announcements[0].call(number)
    finally:
        asterisk.configure()
        await asterisk.cli("dialplan reload")
    assert [event[key] for key in ("CallerName", "Dialled", "Attempt", "Reason")] == [announced, "777", "new", ""]
    await laboratory.nothing_is_stuck()


async def test_a_secret_may_hold_what_begins_a_comment(laboratory: Laboratory) -> None:
    asterisk, secret = laboratory.asterisks[0], "semi;colon;--secret"
    asterisk.configure(asterisk_ami_secret=secret)
    try:
        await asterisk.cli("manager reload")
        async with session_with(asterisk.address) as (session, _):
            await session.act("Login", {**LOGIN, "Secret": secret}, 5)
    finally:
        asterisk.configure(asterisk_ami_secret=AMI_SECRET)
        await asterisk.cli("manager reload")


async def test_who_gets_no_technician_is_promised_a_call_on_the_same_ticket(laboratory: Laboratory) -> None:
    call = await laboratory.dial("demande_humain", caller_number="0199000777")
    ticket = await settled(laboratory, call.call_uuid)
    assert (ticket.status, ticket.caller_number) == ("open", "+33199000777")
    assert ticket.summary.endswith("Technicien injoignable, à rappeler : +33199000777.")
    words = " ".join(said_by("bot", ticket))
    assert words.index("mets en relation") < words.index("aucun technicien")
    outcomes = [entry["outcome"] for entry in told(laboratory, "call ended", call.call_uuid)]
    assert outcomes == ["transfer", "callback"]
    ways = [
        (entry["next"], entry["ticket"])
        for entry in told(laboratory, "dialplan told where the call goes", call.call_uuid)
    ]
    assert ways == [("transfer", str(ticket.id)), ("hangup", "")]
    assert ticket.recording is not None
    files = [laboratory.directory / "recordings" / name for name in ticket.recording.split(" ")]
    assert len(files) == 2
    assert all(file.stat().st_size > 0 for file in files)


async def test_an_asterisk_that_was_restarted_is_linked_again(laboratory: Laboratory) -> None:
    asterisk = laboratory.asterisks[1]
    await laboratory.bot.linked()
    linked = laboratory.bot.events("asterisk connected", asterisk=asterisk.address)
    await asterisk.kill()
    await asterisk.start()
    for _ in range(300):
        if len(laboratory.bot.events("asterisk connected", asterisk=asterisk.address)) >= 2 * len(linked):
            break
        await asyncio.sleep(0.1)
    assert await laboratory.bot.metric("voicebot_ami_connected", asterisk=asterisk.address) == 1

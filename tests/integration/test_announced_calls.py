"""Calls that a dialplan announced: who is calling, where the call goes next, and who comes back."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from ipaddress import ip_address, ip_network
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import asyncpg
from pydantic import SecretStr

from app.caller.caller import place_call
from app.caller.report import CallReport
from app.caller.script import Script
from app.server import BEAT_S
from app.store.tickets import Ticket
from tests.integration.asterisk_manager import Headers, Manager, response
from tests.integration.conftest import CALL_ME, OpenHouse
from tests.integration.house import Ground, House, in_order, on_uvloop, until
from tests.integration.peer import frame, hello
from tests.integration.serving import serving
from tests.transcript import said_by

MARIE_PHONE = "+33199000001"
LOOPBACK = ip_address("127.0.0.1")
CHANNEL = "PJSIP/phone-00000001"


@asynccontextmanager
async def open_both(house_of: OpenHouse, **settings: Any) -> AsyncIterator[tuple[House, Manager]]:
    """A server and the Asterisk that it is linked to."""
    async with Manager() as manager:
        ami = {"ami_username": "voicebot", "ami_secret": SecretStr("s3cret"), "ami_port": manager.port}
        async with house_of(**ami, **settings) as house:
            await house.services.databases[0].fetch("TRUNCATE clients")
            await until(lambda: house.services.switchboard.hears(LOOPBACK), "the link is up")
            yield house, manager


async def talk(house: House, call_uuid: UUID, *says: str) -> CallReport:
    """A spoken call to its end."""
    script = Script.model_validate(
        {"name": "test", "max_seconds": 60, "steps": [{"say": text, "optional": True} for text in says]}
    )
    return await place_call(script, "127.0.0.1", house.port, call_uuid=call_uuid)


async def listen(house: House, call_uuid: UUID) -> Ticket:
    """A call that hears the welcome and hangs up."""
    peer = await house.call(call_uuid)
    await peer.heard(60)
    peer.finish()
    return await house.ticket(call_uuid)


async def announced(house: House, manager: Manager, call_uuid: UUID, channel: str = CHANNEL, **headers: str) -> None:
    """The dialplan announces a call, and it is heard."""
    manager.announce(call_uuid, channel, **headers)
    await until(lambda: house.services.switchboard.announced(call_uuid, LOOPBACK) is not None, "announced")


def bot_said(ticket: Ticket) -> str:
    return " ".join(said_by("bot", ticket))


async def add_marie(house: House, *, pending: bool) -> None:
    client = await house.services.clients.add(
        first_name="Marie", last_name="Lopez", company="Boulangerie Martin", phone=MARIE_PHONE
    )
    if pending:
        began = datetime.now(UTC)
        await house.services.tickets.save(
            Ticket(uuid4(), began, client_id=client.id, problem_type="internet", ended_at=began)
        )


@asynccontextmanager
async def locked(url: str, table: str) -> AsyncIterator[None]:
    """A database that answers nothing about a table."""
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            await connection.execute(f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


# Who is calling.


@on_uvloop
async def test_a_known_number_is_greeted_by_name_and_offered_the_pending_ticket(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        await add_marie(house, pending=True)
        call_uuid = uuid4()
        await announced(house, manager, call_uuid, CallerNumber="0199000001")
        peer = await house.call(call_uuid)
        await until(lambda: said_in_log(house, "au sujet de votre connexion Internet"), "the pending ticket is offered")
        peer.finish()
        ticket = await house.ticket(call_uuid)
        assert bot_said(ticket).startswith("Bonjour Marie, bienvenue au SAV Wipple. Je vois un ticket en cours")
        assert (ticket.caller_number, ticket.asterisk) == (MARIE_PHONE, "127.0.0.1")
        assert ticket.client_id is not None
        assert house.refused == {}


@on_uvloop
async def test_an_announcement_may_come_a_moment_after_the_call(house_of: OpenHouse) -> None:
    for required in (False, True):
        async with open_both(house_of, require_announced_calls=required) as (house, manager):
            await add_marie(house, pending=False)
            call_uuid = uuid4()
            peer = await house.call(call_uuid)
            await asyncio.sleep(0.03)
            manager.announce(call_uuid, CHANNEL)
            await until(lambda: said_in_log(house, "Bonjour Marie"), "Marie is greeted")
            peer.assert_only_sound()
            peer.finish()
            assert (await house.ticket(call_uuid)).caller_number == MARIE_PHONE


@on_uvloop
async def test_a_withheld_number_is_no_number(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        withheld = uuid4()
        await announced(house, manager, withheld, CallerNumber="anonymous")
        ticket = await listen(house, withheld)
        assert ticket.caller_number is None
        assert bot_said(ticket).startswith("Bonjour, bienvenue")


@on_uvloop
async def test_a_database_that_does_not_answer_is_not_waited_for(house_of: OpenHouse, ground: Ground) -> None:
    async with open_both(house_of) as (house, manager):
        await add_marie(house, pending=False)
        call_uuid = uuid4()
        await announced(house, manager, call_uuid)
        async with locked(ground.clients_url, "clients"):
            peer = await house.call(call_uuid)
            await until(lambda: in_order(peer.pcm, house.phrase("welcome")) and peer.sounds > 60, "the welcome")
        peer.finish()
        assert (await house.ticket(call_uuid)).caller_number == MARIE_PHONE


@on_uvloop
async def test_without_an_announcement_the_call_is_taken_all_the_same(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        assert (await listen(house, uuid4())).caller_number is None
        assert manager.variables == []


# Who must be announced.


@on_uvloop
async def test_who_was_not_announced_is_refused_within_100_ms_and_reaches_nobody(house_of: OpenHouse) -> None:
    async with open_both(house_of, require_announced_calls=True) as (house, manager):
        other = uuid4()
        await announced(house, manager, other)
        loop = asyncio.get_running_loop()
        call_uuid = uuid4()
        peer = await house.connect()
        began_s = loop.time()
        peer.send(hello(call_uuid))
        await peer.end()
        assert peer.frames[-1].kind == 0x00
        # 100 ms is promised for a server that has the processor to itself; a test run does not.
        assert peer.frames[-1].at_s - began_s < 0.3
        peer.assert_polite_end()
        assert house.refused == {"unannounced": 1}
        assert house.services.ears.held == 0
        assert await house.services.tickets.by_call(call_uuid) is None
        assert list(house.services.settings.recordings_dir.glob(f"*{call_uuid}*")) == []


@on_uvloop
async def test_an_announcement_is_good_for_one_call_from_its_own_asterisk(house_of: OpenHouse) -> None:
    allowed = (ip_network("127.0.0.1/32"), ip_network("127.0.0.2/32"))
    async with open_both(house_of, require_announced_calls=True, remote_asterisk_ip=allowed) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid)
        stranger = await house.knock(call_uuid, local_host="127.0.0.2")
        await stranger.end()
        assert house.refused == {"unannounced": 1}
        peer = await house.call(call_uuid)
        await peer.heard(3)
        peer.finish()
        await house.ticket(call_uuid)
        again = await house.knock(call_uuid)
        await again.end()
        assert house.refused == {"unannounced": 2}


@on_uvloop
async def test_while_the_link_is_down_nobody_is_waited_for(house_of: OpenHouse) -> None:
    async with open_both(house_of, require_announced_calls=True) as (house, manager):
        await manager.close()
        await until(lambda: not house.services.switchboard.hears(LOOPBACK), "the link is down")
        peer = await house.knock(uuid4())
        await peer.end()
        assert [one.kind for one in peer.frames] == [0x00]
        assert house.refused == {"unannounced": 1}


@on_uvloop
async def test_who_hangs_up_before_the_announcement_leaves_nothing(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, _):
        peer = await house.knock(uuid4())
        await peer.heard(1)
        peer.finish()
        await peer.end()
        await house.empty()
        assert house.server.calls_ended == 0
        assert [e for e in house.log if e["event"] == "caller left before the call began"] != []


@on_uvloop
async def test_who_waits_for_the_announcement_when_the_server_drains_is_turned_away_in_words(
    house_of: OpenHouse,
) -> None:
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        first = await house.call(call_uuid)
        await first.heard(15)
        await announced(house, manager, call_uuid, Attempt="returned")
        again = await house.connect()
        again.send(hello(call_uuid))  # held: the call of this UUID is still there
        await again.heard(5)
        stopping = asyncio.create_task(house.server.stop(30.0))
        await again.end()
        again.assert_polite_end()
        assert again.sounds > 100
        assert in_order(again.pcm, house.phrase("busy"))
        assert house.refused == {"draining": 1}
        first.finish()
        await asyncio.wait_for(stopping, 10)


# Where the call goes.


@on_uvloop
async def test_a_transfer_tells_the_dialplan_everything_before_the_end(house_of: OpenHouse) -> None:
    async with open_both(house_of, transfer_target="6001") as (house, manager):
        await add_marie(house, pending=False)
        call_uuid = uuid4()
        await announced(house, manager, call_uuid)
        report = await talk(house, call_uuid, "Je veux parler à un conseiller.")
        ticket = await house.ticket(call_uuid)
        assert ticket.status == "transferred"
        assert "mets en relation" in bot_said(ticket)
        assert [(channel, name) for channel, name, _ in manager.variables] == [
            (CHANNEL, "VOICEBOT_TARGET"),
            (CHANNEL, "VOICEBOT_TICKET"),
            (CHANNEL, "VOICEBOT_SUMMARY"),
            (CHANNEL, "VOICEBOT_NEXT"),
        ]
        values = {name: value for _, name, value in manager.variables}
        assert values["VOICEBOT_NEXT"] == "transfer"
        assert values["VOICEBOT_TARGET"] == "6001"
        assert values["VOICEBOT_TICKET"] == str(ticket.id)
        assert (
            values["VOICEBOT_SUMMARY"]
            == "Demande non précisée · Marie Lopez Boulangerie Martin . Transféré à un technicien."
        )
        assert report.ended_by.value == "bot"
        assert await house.services.databases[1].fetchrow("SELECT count(*) AS n FROM tickets") == (1,)


@on_uvloop
async def test_any_other_ending_hangs_up_whatever_the_asterisk_says_to_that(house_of: OpenHouse) -> None:
    def answer(action: Headers) -> bytes:
        if action["channel"] == "PJSIP/mute":
            return b""
        if action["channel"] == "PJSIP/gone":
            return response(action, "Error", "No such channel")
        return response(action, "Success", "Variable Set")

    async with open_both(house_of, max_call_seconds=1.0) as (house, manager):
        manager.answers["Setvar"] = answer
        channels = {uuid4(): channel for channel in ("PJSIP/well", "PJSIP/mute", "PJSIP/gone")}
        for call_uuid, channel in channels.items():
            await announced(house, manager, call_uuid, channel)
            await house.call(call_uuid)
        await asyncio.gather(*(peer.end(20) for peer in house.peers))
        assert sorted(manager.variables) == sorted((c, "VOICEBOT_NEXT", "hangup") for c in channels.values())
        assert {await house.outcome(call_uuid) for call_uuid in channels} == {"too_long"}
        kinds = {e["kind"] for e in house.log if e["event"] == "dialplan not told where the call goes"}
        assert kinds == {"timeout", "protocol"}


@on_uvloop
async def test_a_database_that_does_not_answer_costs_the_number_and_not_the_transfer(
    house_of: OpenHouse, ground: Ground
) -> None:
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid)
        async with locked(ground.tickets_url, "tickets"):
            talking = asyncio.create_task(talk(house, call_uuid, "Je veux parler à un conseiller."))
            await until(lambda: any(e["event"] == "turn understood" for e in house.log), "it is understood")
            await until(lambda: len(manager.variables) == 4, "the dialplan is told")
        await talking
        assert [value for _, name, value in manager.variables if name in ("VOICEBOT_TICKET", "VOICEBOT_NEXT")] == [
            "",
            "transfer",
        ]
        assert (await house.ticket(call_uuid)).status == "transferred"


@on_uvloop
async def test_who_hangs_up_before_a_technician_was_rung_was_not_transferred(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid)
        peer = await house.call(call_uuid)
        await peer.heard(5)
        peer.send(frame(0x03, b"0"))
        await until(lambda: len(manager.variables) == 4, "the dialplan is told")
        peer.finish()
        ticket = await house.ticket(call_uuid)
        assert await house.outcome(call_uuid) == "hangup"
        assert (ticket.status, "Transféré" in ticket.summary) == ("abandoned", False)


@on_uvloop
async def test_who_hangs_up_while_the_technicians_telephone_rings_is_called_back(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid, CallerNumber="0612345678")
        peer = await house.call(call_uuid)
        await peer.heard(5)
        peer.send(frame(0x03, b"0"))
        await peer.end(20)
        manager.unanswered(call_uuid)  # perhaps before the ticket is stored, and so that the last state comes after it
        await until(lambda: opened(house) == [str(call_uuid)], "the ticket is opened")
        manager.unanswered(call_uuid)
        manager.unanswered(uuid4())  # of a call that never reached a bot
        ticket = await house.ticket(call_uuid)
        assert await house.outcome(call_uuid) == "transfer"
        assert ticket.status == "open"
        assert ticket.summary == (
            "Demande non précisée · appelant non identifié. Technicien injoignable, à rappeler : +33612345678."
        )
        assert opened(house) == [str(call_uuid)]


@on_uvloop
async def test_a_server_that_stops_sends_its_callers_to_the_next(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        untold, told, leaving = uuid4(), uuid4(), uuid4()
        await announced(house, manager, told, "PJSIP/told")
        await announced(house, manager, leaving, "PJSIP/leaving")
        peers = {call_uuid: await house.call(call_uuid) for call_uuid in (untold, told, leaving)}
        for peer in peers.values():
            await peer.heard(5)
        peers[leaving].send(frame(0x03, b"0"))
        await until(lambda: ("PJSIP/leaving", "VOICEBOT_NEXT", "transfer") in manager.variables, "its dialplan knows")
        house.server.cut()
        for peer in peers.values():
            await peer.end()
            peer.assert_polite_end()
        assert [value for channel, _, value in manager.variables if channel == "PJSIP/told"] == ["server"]
        assert "server" not in [value for channel, _, value in manager.variables if channel == "PJSIP/leaving"]
        assert {await house.outcome(call_uuid) for call_uuid in peers} == {"lost"}


@on_uvloop
async def test_who_has_hung_up_is_told_by_the_life_of_the_asterisk(house_of: OpenHouse) -> None:
    """A frame of ours that comes between Asterisk's last read and its close makes a reset of a hang-up; and an Asterisk
    that dies may end its calls as a hang-up does."""
    async with open_both(house_of) as (house, manager):
        ways = ("reset", "finish")
        left, died = {uuid4(): way for way in ways}, {uuid4(): way for way in ways}
        peers = {}
        for call_uuid in (*left, *died):
            await announced(house, manager, call_uuid)
            peers[call_uuid] = await house.call(call_uuid)
        for peer in peers.values():
            await peer.heard(5)
        for call_uuid, way in left.items():
            getattr(peers[call_uuid], way)()
            assert await house.outcome(call_uuid) == "hangup"
        for call_uuid, way in died.items():
            getattr(peers[call_uuid], way)()
        await manager.close()
        assert {await house.outcome(call_uuid) for call_uuid in died} == {"lost"}


# Who comes back.


@on_uvloop
async def test_who_comes_back_is_promised_a_call_on_the_same_ticket(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid, CallerNumber="0612345678")
        await talk(house, call_uuid, "Je veux parler à un conseiller.")
        first = await house.ticket(call_uuid)
        assert (first.status, first.caller_number) == ("transferred", "+33612345678")
        await announced(house, manager, call_uuid, CallerNumber="0612345678", Attempt="returned", Reason="NOANSWER")
        talking = asyncio.create_task(talk(house, call_uuid))
        spool = house.services.settings.spool_dir
        await until(lambda: "injoignable" in "".join(f.read_text() for f in spool.glob("*.json")), "it is on disk")
        report = await talking
        assert report.ended_by.value == "bot"
        await house.empty()
        ticket = await house.ticket(call_uuid)
        assert (ticket.id, ticket.started_at, ticket.status) == (first.id, first.started_at, "open")
        assert ticket.transcript[: len(first.transcript)] == first.transcript
        assert "aucun technicien n'est disponible" in bot_said(ticket)
        assert [line["at_s"] for line in ticket.transcript] == sorted(line["at_s"] for line in ticket.transcript)
        assert ticket.transcript[-1]["at_s"] > (first.duration_seconds or 0)
        assert (ticket.duration_seconds or 0) > (first.duration_seconds or 0) + 2
        assert ticket.summary == (
            "Demande non précisée · appelant non identifié. Technicien injoignable, à rappeler : +33612345678."
        )
        assert ticket.recording is not None
        assert ticket.recording.split(" ")[0] == first.recording
        both = [house.services.settings.recordings_dir / name for name in ticket.recording.split(" ")]
        assert len(both) == 2
        assert all(file.stat().st_size > 0 for file in both)
        assert manager.variables[-1] == (CHANNEL, "VOICEBOT_NEXT", "hangup")
        assert await house.services.databases[1].fetchrow("SELECT count(*) AS n FROM tickets") == (1,)
        outcomes = [e["outcome"] for e in house.log if e["event"] == "call ended"]
        assert outcomes == ["transfer", "callback"]
        assert len(list(house.services.settings.spool_dir.glob("*.json"))) == 0


@on_uvloop
async def test_who_comes_back_while_the_database_is_away_loses_nothing(house_of: OpenHouse, ground: Ground) -> None:
    """The second leg gets a ticket of its own, from the disk; the first one is opened when the dialplan says so."""
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid, CallerNumber="0612345678")
        await talk(house, call_uuid, "Je veux parler à un conseiller.")
        first = await house.ticket(call_uuid)
        await house.empty()
        await announced(house, manager, call_uuid, CallerNumber="0612345678", Attempt="returned", Reason="BUSY")
        async with locked(ground.tickets_url, "tickets"):
            report = await talk(house, call_uuid)
            await until(lambda: any(e.get("ticket") == "spooled" for e in house.log), "the second ticket is on disk")
        manager.unanswered(call_uuid, reason="BUSY")
        assert report.ended_by.value == "bot"
        await until(lambda: opened(house) == [str(call_uuid)], "the first ticket is opened")
        assert await house.services.writer.replay() <= 1  # or it was done already, by itself
        second, again = await house.services.tickets.latest(3)
        assert again.id == first.id
        assert again.transcript == first.transcript
        assert second.call_uuid != call_uuid
        assert "aucun technicien n'est disponible" in bot_said(second)
        for ticket in (again, second):
            assert (ticket.status, ticket.caller_number) == ("open", "+33612345678")
            assert ticket.summary.endswith("Technicien injoignable, à rappeler : +33612345678.")


@on_uvloop
async def test_whose_number_is_not_known_is_asked_for_it(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid, CallerNumber="anonymous")
        await talk(house, call_uuid, "Je veux parler à un conseiller.")
        await announced(house, manager, call_uuid, CallerNumber="anonymous", Attempt="returned", Reason="BUSY")
        await talk(house, call_uuid, CALL_ME)
        await house.empty()
        ticket = await house.ticket(call_uuid)
        assert (ticket.status, ticket.caller_number) == ("open", "+33612345678")
        assert "à rappeler : +33612345678" in ticket.summary
        assert "À quel numéro" in bot_said(ticket)


@on_uvloop
async def test_who_comes_back_while_the_first_leg_is_still_being_written_is_held(house_of: OpenHouse) -> None:
    async with open_both(house_of) as (house, manager):
        call_uuid = uuid4()
        await announced(house, manager, call_uuid)
        peer = await house.call(call_uuid)
        await peer.heard(5)
        await announced(house, manager, call_uuid, Attempt="returned", Reason="CHANUNAVAIL")
        back = await house.knock(call_uuid)
        await back.heard(10)
        assert house.refused == {}
        peer.finish()
        await back.end(20)
        await house.empty()
        assert "aucun technicien" in bot_said(await house.ticket(call_uuid))
        assert (await house.ticket(call_uuid)).status == "open"
        assert house.refused == {}


# Several workers.


@on_uvloop
async def test_an_announcement_is_used_once_whichever_worker_took_the_call(ground: Ground, tmp_path: Path) -> None:
    async with Manager() as manager:
        settings = {
            "AMI_USERNAME": "voicebot",
            "AMI_SECRET": "s3cret",
            "AMI_PORT": manager.port,
            "REQUIRE_ANNOUNCED_CALLS": "true",
            "REMOTE_ASTERISK_IP": "127.0.0.1",
        }
        async with serving(ground, tmp_path, settings) as server:
            await until(lambda: len(server.events("asterisk connected")) == 2, "both workers are linked")
            assert await server.metric("voicebot_ami_connected", asterisk="127.0.0.1") == 1
            for attempt in ("new", "returned"):
                call_uuid = UUID(int=7)
                manager.announce(call_uuid, CHANNEL, Attempt=attempt)
                peer = await server.call(call_uuid)
                await peer.heard(3)
                peer.finish()
                await server.holds(0)
                for _ in range(8):
                    again = await server.connect()
                    again.send(hello(call_uuid))
                    await again.end()
                    assert again.frames[-1].kind == 0x00
            assert await server.metric("voicebot_refused_calls_total", reason="unannounced") == 16
            assert len(server.events("call started")) == 2


@on_uvloop
async def test_a_worker_whose_link_is_down_leaves_the_calls_to_the_others(ground: Ground, tmp_path: Path) -> None:
    async with Manager() as manager:
        settings = {
            "AMI_USERNAME": "voicebot",
            "AMI_SECRET": "s3cret",
            "AMI_PORT": manager.port,
            "REQUIRE_ANNOUNCED_CALLS": "true",
            "REMOTE_ASTERISK_IP": "127.0.0.1",
        }
        async with serving(ground, tmp_path, settings) as server:
            await until(lambda: len(server.events("asterisk connected")) == 2, "both workers are linked")
            manager.answers["Login"] = None
            manager.writers[0].transport.abort()
            (down,) = {entry["worker"] for entry in [await server.event("asterisk not connected")]}
            await asyncio.sleep(2 * BEAT_S)
            for _ in range(10):
                call_uuid = uuid4()
                manager.announce(call_uuid, CHANNEL)
                await server.call(call_uuid)
            await until(lambda: server.workers_of_calls().total() == 10, "all calls have started")
            assert server.workers_of_calls() == {1 - down: 10}


@on_uvloop
async def test_a_worker_takes_no_call_before_it_has_tried_to_link(house_of: OpenHouse) -> None:
    async with Manager() as manager:
        ami = {"ami_username": "voicebot", "ami_secret": SecretStr("s3cret"), "ami_port": manager.port}

        def answer_late(action: Headers) -> bytes:
            accepted = response(action, "Success", "Authentication accepted")
            asyncio.get_running_loop().call_later(0.5, manager.say, accepted)
            return b""

        manager.answers["Login"] = answer_late
        async with house_of(**ami, require_announced_calls=True) as house:
            assert house.services.switchboard.hears(LOOPBACK)
        await manager.close()
        async with house_of(**ami, require_announced_calls=True) as house:
            assert not house.services.switchboard.hears(LOOPBACK)


def opened(house: House) -> list[str]:
    """Calls whose tickets were opened because no technician had answered."""
    return [e["call_id"] for e in house.log if e["event"] == "no technician answered: ticket opened"]


def said_in_log(house: House, words: str) -> bool:
    """Whether the bot is saying it: the sentence is noted when it was heard, or in the checkpoint."""
    return any(e["event"] == "bot said" and words in e["text"] for e in house.log)

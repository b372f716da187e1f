"""The link to an Asterisk's manager: logged in, kept up, mended, and never in anybody's way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from app.asterisk.announcements import Announcement
from app.asterisk.link import Link, Patience
from app.asterisk.messages import Message
from app.asterisk.route import Route
from app.asterisk.switchboard import Switchboard
from app.config import Settings
from app.errors import ProviderAuthError, ProviderNetworkError, ProviderProtocolError, ProviderTimeoutError
from app.ops import metrics
from tests.integration.asterisk_manager import Manager, response
from tests.integration.house import on_uvloop, until

HERE = ip_address("127.0.0.1")
QUICK = Patience(
    connect_s=1.0, login_s=0.3, ping_every_s=0.1, ping_s=0.2, retry_s=0.02, max_retry_s=0.1, refused_s=0.05
)


@asynccontextmanager
async def linked(manager: Manager, *, secret: str = "s3cret", up: bool = True) -> AsyncIterator[tuple[Link, list[Any]]]:
    """A link and the events that came over it."""
    events: list[Message] = []
    link = Link(HERE, manager.port, "voicebot", secret, events.append, patience=QUICK)
    link.start()
    try:
        if up:
            await until(lambda: link.up, "the link is up")
        yield link, events
    finally:
        await link.stop()


def connected() -> float | None:
    return metrics.REGISTRY.get_sample_value("voicebot_ami_connected", {"asterisk": str(HERE)})


def errors(kind: str) -> float:
    return metrics.REGISTRY.get_sample_value("voicebot_errors_total", {"provider": "ami", "kind": kind}) or 0.0


@on_uvloop
async def test_logs_in_for_user_events_only_and_logs_off() -> None:
    async with Manager() as manager:
        async with linked(manager):
            assert connected() == 1
            assert b"Events: user\r\n" in manager.raw
        await until(lambda: [a["action"] for a in manager.actions] == ["Logoff"], "it logs off")
        assert connected() == 0


@pytest.mark.parametrize("chunk_bytes", [0, 1, 7])
def test_events_come_whole_in_whatever_pieces(chunk_bytes: int) -> None:
    @on_uvloop
    async def run() -> None:
        async with Manager(chunk_bytes=chunk_bytes) as manager, linked(manager) as (_, events):
            call_uuid = uuid4()
            manager.announce(call_uuid, CallerName="Zoé Lefèbvre")
            await until(lambda: len(events) == 2, "FullyBooted and the announcement have come")
            assert events[1].get("calluuid") == str(call_uuid)
            assert events[1].get("callername") == "Zoé Lefèbvre"

    run()


@on_uvloop
async def test_half_an_event_is_none_until_the_rest_comes() -> None:
    async with Manager() as manager, linked(manager) as (_, events):
        await until(lambda: len(events) == 1, "FullyBooted has come")
        manager.say(b"Event: UserEvent\r\nUserEv")
        await asyncio.sleep(0.05)
        manager.say(b"ent: VoicebotCall\r\n\r\n")
        await until(lambda: len(events) == 2, "the event is whole")
        assert events[1].get("userevent") == "VoicebotCall"


@on_uvloop
async def test_the_secret_goes_over_the_wire_only_where_there_is_no_other_way() -> None:
    async with Manager() as manager:
        async with linked(manager):
            pass
        assert manager.secret.encode() not in manager.raw
        assert b"AuthType: MD5" in manager.raw
        manager.answers["Challenge"] = lambda action: response(action, "Error", "Must specify AuthType")
        async with linked(manager):
            pass
        assert f"Secret: {manager.secret}".encode() in manager.raw


@on_uvloop
async def test_a_wrong_secret_is_one_line_and_is_tried_again_slowly() -> None:
    before = errors("auth")
    with capture_logs() as log:
        async with Manager() as manager, linked(manager, secret="wrong", up=False) as (link, _):
            await until(lambda: manager.logins >= 3, "it goes on trying")
            assert not link.up
            assert connected() == 0
    (line,) = [entry for entry in log if entry["log_level"] == "error"]
    assert "AMI_SECRET" in line["detail"]
    assert "wrong" not in str(log)
    assert errors("auth") >= before + 2


@on_uvloop
async def test_an_asterisk_that_comes_late_and_comes_back_is_found() -> None:
    manager = Manager()
    await manager.open()
    await manager.close()
    with capture_logs() as log:
        async with linked(manager, up=False) as (link, _):
            await until(lambda: any(entry["event"] == "asterisk not connected" for entry in log), "it is told")
            await manager.open()
            await until(lambda: link.up, "the link is up")
            await manager.close()
            await until(lambda: not link.up, "the link is down")
            with pytest.raises(ProviderNetworkError):
                await link.act("Ping", {}, 1.0)
            await manager.open()
            await until(lambda: link.up, "the link is up again")
        await manager.close()
    assert [entry["event"] for entry in log].count("asterisk connected") == 2


@on_uvloop
async def test_a_dead_peer_is_noticed_without_a_word_from_it() -> None:
    before = errors("timeout")
    async with Manager() as manager, linked(manager) as (link, _):
        manager.answers["Ping"] = None
        await until(lambda: manager.logins == 2, "it connects anew")
        del manager.answers["Ping"]
        await until(lambda: link.up, "and is up")
        assert errors("timeout") > before


@on_uvloop
async def test_a_connection_lost_in_mid_action_ends_it_at_once_and_it_is_not_sent_again() -> None:
    async with Manager() as manager, linked(manager) as (link, _):
        manager.answers["Setvar"] = None
        action = asyncio.create_task(link.act("Setvar", {"Channel": "PJSIP/1"}, 10.0))
        await until(lambda: len(manager.actions) == 1, "it is there")
        manager.cut()
        with pytest.raises(ProviderNetworkError):
            await asyncio.wait_for(action, 1.0)
        await until(lambda: manager.logins == 2 and link.up, "it connects anew")
        assert len(manager.actions) == 1


@on_uvloop
async def test_a_slow_asterisk_costs_the_deadline_and_a_late_answer_hurts_nobody() -> None:
    async with Manager() as manager, linked(manager) as (link, _):
        late: list[bytes] = []

        def remember(action: dict[str, str]) -> bytes:
            late.append(response(action, "Success", "Variable Set"))
            return b""

        manager.answers["Setvar"] = remember
        with pytest.raises(ProviderTimeoutError):
            await link.act("Setvar", {"Channel": "PJSIP/1"}, 0.05)
        manager.say(late[0])
        await link.act("Ping", {}, 1.0)
        assert link.up


@on_uvloop
async def test_what_is_no_manager_or_knows_no_bounds_is_left() -> None:
    for fault in (b"x" * 20_000, b"a: b\r\n" * 600):
        with capture_logs() as log:
            async with Manager() as manager, linked(manager) as (link, _):
                manager.say(fault)
                await until(lambda: manager.logins == 2 and link.up, "it connects anew")
        assert [entry["detail"] for entry in log if entry["event"] == "asterisk not connected"] != []
    with capture_logs() as log:
        async with Manager(banner=b"SSH-2.0-OpenSSH_9.2\r\n") as manager, linked(manager, up=False) as (link, _):
            await until(lambda: any("AMI_PORT" in str(entry.get("detail")) for entry in log), "it is told")
            assert not link.up


@on_uvloop
async def test_refusals_in_asterisks_own_words() -> None:
    async with Manager() as manager, linked(manager) as (link, _):
        manager.answers["Setvar"] = lambda action: response(action, "Error", "No such channel")
        with pytest.raises(ProviderProtocolError, match="No such channel"):
            await link.act("Setvar", {"Channel": "PJSIP/1"}, 1.0)
        manager.answers["Setvar"] = lambda action: response(action, "Error", "Permission denied")
        with pytest.raises(ProviderAuthError):
            await link.act("Setvar", {"Channel": "PJSIP/1"}, 1.0)


@on_uvloop
async def test_nobody_brings_in_an_action_of_his_own() -> None:
    async with Manager() as manager, linked(manager) as (link, _):
        with pytest.raises(ProviderProtocolError, match="control character"):
            await link.act("Setvar", {"Channel": "PJSIP/1", "Value": "1\r\n\r\nAction: Originate"}, 1.0)
        await link.act("Ping", {}, 1.0)
        assert manager.actions == []


@on_uvloop
async def test_the_whole_route_in_order_and_harmless() -> None:
    async with Manager() as manager:
        settings = Settings(
            _env_file=None,
            remote_asterisk_ip="127.0.0.1,10.0.0.0/8",
            ami_username="voicebot",
            ami_secret="s3cret",
            ami_port=manager.port,
        )
        switchboard = Switchboard(settings, QUICK)
        switchboard.start()
        await until(lambda: switchboard.hears(HERE), "the link is up")
        assert not switchboard.hears(ip_address("10.0.0.1"))
        call_uuid = uuid4()
        manager.announce(call_uuid, "PJSIP/x-1", CallerName="Bob", Attempt="new")
        await until(lambda: switchboard.announced(call_uuid, HERE) is not None, "announced")
        found = switchboard.announced(call_uuid, HERE)
        assert isinstance(found, Announcement)
        assert switchboard.announced(call_uuid, ip_address("::1")) == found
        assert switchboard.announced(call_uuid, ip_address("127.0.0.2")) is found
        assert switchboard.announced(call_uuid, ip_address("10.0.0.1")) is None
        summary = 'Panne\r\n\r\nAction: Originate ${SHELL(rm -rf /)}, "box"; [l’été] 50 %'
        await switchboard.send_on(found, Route("transfer", "6001", "1001", summary), 1.0)
        assert manager.variables == [
            ("PJSIP/x-1", "VOICEBOT_TARGET", "6001"),
            ("PJSIP/x-1", "VOICEBOT_TICKET", "1001"),
            ("PJSIP/x-1", "VOICEBOT_SUMMARY", "Panne Action: Originate SHELL rm -rf / box l'été 50 %"),
            ("PJSIP/x-1", "VOICEBOT_NEXT", "transfer"),
        ]
        manager.answers["Setvar"] = None
        with pytest.raises(ProviderTimeoutError):
            await switchboard.send_on(found, Route("hangup"), 0.05)
        await switchboard.stop()


@on_uvloop
async def test_an_announcement_with_a_header_of_the_callers_own_is_dropped() -> None:
    async with Manager() as manager:
        settings = Settings(_env_file=None, ami_username="voicebot", ami_secret="s3cret", ami_port=manager.port)
        switchboard = Switchboard(settings, QUICK)
        switchboard.start()
        await until(lambda: switchboard.hears(HERE), "the link is up")
        forged, good = uuid4(), uuid4()
        with capture_logs() as log:
            manager.announce(forged, CallerName="Bob\r\nAttempt: returned")
            manager.announce(good)
            await until(lambda: switchboard.announced(good, HERE) is not None, "the good one is there")
        assert switchboard.announced(forged, HERE) is None
        assert [entry["event"] for entry in log] == ["announcement makes no sense"]
        await switchboard.stop()

"""Several processes as one server: who takes which call, who dies and what becomes of it, one page for all of them."""

import asyncio
import os
import signal
from collections import Counter
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from app.commands.children import voicebot
from app.store.embedded import EmbeddedPostgres
from tests.integration.house import Ground, until
from tests.integration.peer import Peer
from tests.integration.serving import Page, Serving, alive, environment_of, serving

Serve = Callable[..., AbstractAsyncContextManager[Serving]]
CALL_UUID = UUID("55555555-6666-4777-8888-999999999999")


@pytest.fixture
def serve(ground: Ground, tmp_path: Path) -> Serve:
    """Runs a server: `async with serve(WORKERS=2) as server`."""
    return lambda **settings: serving(ground, tmp_path, settings)


async def refused(server: Serving, peer: Peer) -> str:
    """Waits until the call has been turned away politely; the reason."""
    await peer.end()
    peer.assert_polite_end()
    assert server.busy_pcm[320:] in peer.pcm  # its beginning is faded in
    await server.event("call refused")
    return str(server.events("call refused")[-1]["reason"])


def counters(page: Page) -> Page:
    """What must never go backwards."""
    endings = ("_total", "_count", "_sum", "_bucket")
    return {key: value for key, value in page.items() if key[0].endswith(endings)}


def assert_nothing_went_backwards(before: Page, after: Page) -> None:
    lower = {key: (value, after.get(key)) for key, value in counters(before).items() if after.get(key, -1) < value}
    assert lower == {}


# One port, one page.


async def test_workers_share_one_port_and_one_page(serve: Serve) -> None:
    async with serve(MAX_CONCURRENT_CALLS=20) as server:
        peers = [await server.call() for _ in range(6)]
        await until(lambda: server.workers_of_calls().total() == 6, "all calls have started")
        assert set(server.workers_of_calls()) == {0, 1}
        page = await server.metrics()
        assert page[("voicebot_calls_active", ())] == 6
        assert page[("voicebot_workers", ())] == 2
        assert page[("voicebot_provider_streams", (("provider", "deepgram"),))] == 6
        assert page[("voicebot_calls_max", ())] == 20
        assert page[("voicebot_provider_streams_max", (("provider", "deepgram"),))] == 150
        for database in ("clients", "tickets"):
            assert page[("voicebot_database_up", (("database", database),))] == 1
        assert page[("voicebot_calls_total", (("outcome", "hangup"),))] == 0, "there before its first event"
        for number, calls in server.workers_of_calls().items():
            assert page[("voicebot_worker_calls", (("worker", str(number)),))] == calls
        for name in ("cpu_seconds_total", "resident_memory_bytes", "open_fds", "threads"):
            for worker in ("0", "1", "supervisor"):
                assert page[(f"voicebot_process_{name}", (("worker", worker),))] > 0
        for path, status in (("/readyz", 200), ("/healthz", 200)):
            assert (await server.page(path))[0] == status
        for peer in peers:
            peer.finish()
        await until(lambda: len(server.events("call ended")) == 6, "all calls have ended")
        after = await server.metrics()
        assert_nothing_went_backwards(page, after)
        assert after[("voicebot_calls_total", (("outcome", "hangup"),))] == 6
        assert after[("voicebot_call_duration_seconds_count", ())] == 6
        assert after[("voicebot_call_duration_seconds_bucket", (("le", "+Inf"),))] == 6
        assert after[("voicebot_calls_active", ())] == 0


async def test_every_line_of_the_log_says_which_worker_wrote_it(serve: Serve) -> None:
    async with serve() as server:
        calls = [await server.call(), await server.call()]
        assert len(calls) == 2
        await until(lambda: len(server.events("call started")) == 2, "both have started")
        assert all("worker" in entry for entry in server.log if "call_id" in entry)


# Room.


async def test_a_full_worker_leaves_the_call_to_the_other(serve: Serve) -> None:
    """Three lines are two and one; four callers come one after another, and the room is used to the last place."""
    async with serve(MAX_CONCURRENT_CALLS=3) as server:
        peers = [await server.call() for _ in range(3)]
        await until(lambda: server.workers_of_calls() == Counter({0: 2, 1: 1}), "shared as the lines are")
        assert server.events("call refused") == []
        assert await refused(server, await server.call()) == "busy"
        assert (await server.page("/readyz"))[0] == 200
        peers[0].finish()
        await server.event("call ended")
        again = await server.call()
        await again.heard(10)
        assert len(server.events("call refused")) == 1
        assert await server.metric("voicebot_refused_calls_total", reason="busy") == 1


async def test_all_at_once_fill_all_workers_exactly(serve: Serve) -> None:
    async with serve(MAX_CONCURRENT_CALLS=12) as server:
        await asyncio.gather(*(server.call() for _ in range(30)))
        await until(lambda: len(server.events("call refused")) == 18, "all were answered")
        assert server.workers_of_calls() == Counter({0: 6, 1: 6})
        assert {entry["reason"] for entry in server.events("call refused")} == {"busy"}


async def test_one_quota_for_all_workers(serve: Serve) -> None:
    async with serve(DEEPGRAM_MAX_STREAMS=3) as server:
        peers = [await server.call() for _ in range(3)]
        await until(lambda: server.workers_of_calls().total() == 3, "three calls")
        assert set(server.workers_of_calls()) == {0, 1}
        assert await refused(server, await server.call()) == "provider_quota"
        peers[0].finish()
        await server.event("call ended")
        await (await server.call()).heard(10)
        assert len(server.events("call refused")) == 1


async def test_a_uuid_is_one_call_whichever_worker_has_it(serve: Serve) -> None:
    async with serve() as server:
        first = await server.call(CALL_UUID)
        for _ in range(3):
            assert await refused(server, await server.call(CALL_UUID)) == "duplicate_uuid"
        await first.heard(first.sounds + 10)
        first.finish()
        await server.event("call ended")
        await (await server.call(CALL_UUID)).heard(10)
        assert len(server.events("call refused")) == 3


# Death.


async def test_a_dead_worker_is_replaced_and_its_calls_are_accounted_for(serve: Serve, tmp_path: Path) -> None:
    async with serve(DEEPGRAM_MAX_STREAMS=4) as server:
        lost_uuid, lost = await server.call_on(1)
        kept_uuid, kept = await server.call_on(0)
        for peer in server.peers:
            if peer not in (lost, kept):
                peer.finish()
        await server.holds(2)  # theirs are free again: the next one is not refused
        short = await server.call()
        short.finish()
        await server.holds(2)
        assert server.events("call ended") != []
        await until(lambda: len(list((tmp_path / "spool").glob(f"{lost_uuid}_*.json"))) == 1, "it is on disk")
        before, pids = await server.metrics(), server.pids
        os.kill(pids[1], signal.SIGKILL)
        await lost.end()
        assert lost.error is not None or lost.rest == b""
        died = await server.event("worker died")
        assert (died["worker"], died["how"], died["calls"]) == (1, "signal SIGKILL", 1)
        assert_nothing_went_backwards(before, await server.metrics())
        await kept.heard(kept.sounds + 50)
        await until(lambda: server.pids[1] != pids[1], "another has taken its place")
        assert server.pids[0] == pids[0]
        kept.assert_only_sound()
        ticket = await server.ticket(lost_uuid)
        assert (ticket.status, ticket.ended_at) == ("abandoned", None)
        await until(lambda: not list((tmp_path / "spool").glob(f"{lost_uuid}_*.json")), "it has left the spool")
        await server.event("ticket reached the database late", call_uuid=str(lost_uuid))
        assert len(server.events("ticket reached the database late")) == 1
        after = await server.metrics()
        assert_nothing_went_backwards(before, after)
        assert after[("voicebot_calls_total", (("outcome", "worker_died"),))] == 1
        assert after[("voicebot_worker_restarts_total", ())] == 1
        assert after[("voicebot_workers", ())] == 2
        assert after[("voicebot_calls_active", ())] == 1
        assert after[("voicebot_provider_streams", (("provider", "deepgram"),))] == 1
        # What it held at the recogniser can be held again, and there is no more of it than before.
        for _ in range(3):
            call_uuid = uuid4()
            await server.call(call_uuid)
            await server.worker_of(call_uuid)
        assert server.events("call refused") == []
        assert await refused(server, await server.call()) == "provider_quota"
        assert not kept.ended.is_set()
        assert kept_uuid != lost_uuid


async def test_a_worker_that_hangs_is_killed_and_replaced(serve: Serve) -> None:
    async with serve() as server:
        pids = server.pids
        _, kept = await server.call_on(0)
        os.kill(pids[1], signal.SIGSTOP)
        await asyncio.sleep(1.2)
        for _ in range(3):  # nobody waits for it
            call_uuid = uuid4()
            await server.call(call_uuid)
            assert await server.worker_of(call_uuid) == 0
        assert (await server.page("/metrics"))[0] == 200
        await server.event("worker hangs: killed", worker=1)
        await until(lambda: server.pids[1] != pids[1], "another has taken its place")
        await kept.heard(kept.sounds + 10)
        assert await server.metric("voicebot_worker_restarts_total") == 1


async def test_one_worker_can_be_renewed_without_hurting_a_call(serve: Serve) -> None:
    async with serve() as server:
        pids = server.pids
        call_uuid, peer = await server.call_on(1)
        os.kill(pids[1], signal.SIGTERM)
        await peer.heard(peer.sounds + 25)
        for other in server.peers:
            if other is not peer:
                other.finish()
        later = uuid4()
        await server.call(later)
        assert await server.worker_of(later) == 0
        peer.finish()
        await server.event("call ended", call_id=str(call_uuid), outcome="hangup")
        await server.event("worker has left", worker=1)
        await until(lambda: server.pids[1] != pids[1], "another has taken its place")
        assert server.events("worker died") == []


async def test_workers_that_die_at_start_are_given_up(ground: Ground, tmp_path: Path) -> None:
    """One clear line, in time, and no process left."""
    (tmp_path / "sitecustomize.py").write_text("import os, sys\nif 'worker' in sys.orig_argv: os._exit(7)\n")
    environment = environment_of(ground, tmp_path, "ws://127.0.0.1:1")
    environment["PYTHONPATH"] = f"{tmp_path}:{os.getcwd()}"
    async with voicebot("serve", reads="stderr", environment=environment) as child:
        said = await asyncio.wait_for(child.lines.read(), 60)
        assert await child.process.wait() == 1
    last = said.decode().strip().splitlines()[-1]
    assert last.startswith("voicebot: workers die again and again (the last one: exit code 7)")
    assert b"Traceback" not in said


# The end.


async def test_the_first_signal_drains_all_workers_the_second_cuts(serve: Serve) -> None:
    async with serve() as server:
        calls = {number: await server.call_on(number) for number in (0, 1)}
        for peer in server.peers:
            if peer not in [peer for _, peer in calls.values()]:
                peer.finish()
        await until(lambda: server.workers_of_calls().total() - len(server.events("call ended")) == 2, "two are left")
        silent = await server.connect()
        os.kill(server.pid, signal.SIGTERM)
        assert (await server.event("draining"))["calls"] == 2
        await silent.end()
        assert silent.frames == []
        assert (await server.page("/readyz"))[0] == 404
        assert (await server.page("/healthz"))[0] == 200
        with pytest.raises(ConnectionRefusedError):
            await server.connect()
        for _, peer in calls.values():
            await peer.heard(peer.sounds + 25)
        calls[0][1].finish()
        await server.event("call ended", call_id=str(calls[0][0]), outcome="hangup")
        await server.event("worker has left", worker=0)
        assert (await server.page("/metrics"))[0] == 200
        os.kill(server.pid, signal.SIGTERM)
        await calls[1][1].end()
        calls[1][1].assert_polite_end()
        assert await server.ended() == 0
        await server.event("call ended", call_id=str(calls[1][0]), outcome="lost")
        assert server.events("worker died") == []
        for call_uuid, _ in calls.values():
            assert (await server.ticket(call_uuid)).status == "abandoned"


async def test_nothing_outlives_a_killed_supervisor(serve: Serve) -> None:
    """Calls in progress go on to their end, and then the workers end by themselves."""
    async with serve() as server:
        call_uuid, peer = await server.call_on(1)
        for other in server.peers:
            if other is not peer:
                other.finish()
        pids = server.pids
        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: not alive(pids[0]), "the idle worker has ended")
        await peer.heard(peer.sounds + 25)
        assert alive(pids[1])
        with pytest.raises(ConnectionRefusedError):
            await server.connect()
        peer.finish()
        await until(lambda: not alive(pids[1]), "the other one has ended, too")
        await server.ended()
        assert (await server.ticket(call_uuid)).ended_at is not None


async def test_not_even_the_embedded_postgresql_outlives_a_killed_supervisor(serve: Serve, tmp_path: Path) -> None:
    directory = tmp_path / "postgres"
    embedded: dict[str, Any] = {"CLIENTS_DATABASE_URL": "", "TICKETS_DATABASE_URL": ""}
    async with serve(**embedded, EMBEDDED_POSTGRES_DIR=directory) as server:
        pid = EmbeddedPostgres(directory).pid
        assert pid is not None
        assert alive(pid)
        os.kill(server.pid, signal.SIGKILL)
        await until(lambda: not alive(pid), "the last worker has stopped it")
        await server.ended()


async def test_a_taken_port_is_one_clear_line(serve: Serve, ground: Ground, tmp_path: Path) -> None:
    async with serve() as server:
        for name, key in (("AUDIOSOCKET_PORT", "audiosocket_port"), ("METRICS_PORT", "metrics_port")):
            environment = environment_of(ground, tmp_path, "ws://127.0.0.1:1") | {name: str(server.ports[key])}
            async with voicebot("serve", reads="stderr", environment=environment) as child:
                said = await asyncio.wait_for(child.lines.read(), 60)
                assert await child.process.wait() == 1
            last = said.decode().strip().splitlines()[-1]
            assert last.startswith(f"voicebot: can't listen on {name} {server.ports[key]}: ")
            assert b"Traceback" not in said


HANG = """
import os, sys
if 'worker' in sys.orig_argv:
    import signal, time
    signal.signal(signal.SIGUSR1, lambda *_: time.sleep(3600))
"""


async def test_not_even_a_worker_that_hangs_outlives_a_killed_supervisor(ground: Ground, tmp_path: Path) -> None:
    """Nobody is left to notice it but the kernel."""
    (tmp_path / "sitecustomize.py").write_text(HANG)
    async with serving(ground, tmp_path, {"PYTHONPATH": f"{tmp_path}:{os.getcwd()}", "WORKERS": 1}) as server:
        pid = server.pids[0]
        os.kill(server.pid, signal.SIGKILL)
        os.kill(pid, signal.SIGUSR1)
        await asyncio.sleep(1.0)
        assert alive(pid)
        for _ in range(3):
            with suppress(AssertionError):
                await until(lambda: not alive(pid), "ended by its timer")
        assert not alive(pid)
        await server.ended()


async def test_phrases_that_one_worker_speaks_are_there_for_all(serve: Serve, tmp_path: Path) -> None:
    async with serve(CACHE_DIR=tmp_path / "cache") as server:
        await server.event("phrases missing in the cache are being spoken", worker=0)
        await until(lambda: list((tmp_path / "cache").glob("*/index.json")) != [], "all are on disk")
        await server.event("phrases that were missing are there", worker=1)
        before = await server.metric("voicebot_cache_misses_total")
        for worker in (0, 1):
            _, peer = await server.call_on(worker)
            await peer.heard(50)
        assert await server.metric("voicebot_cache_misses_total") == before
        assert len(server.events("phrases missing in the cache are being spoken")) == 1

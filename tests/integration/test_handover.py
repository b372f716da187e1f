"""A server takes over from another on the same ports while calls come and go; what systemd hears of it."""

import asyncio
import os
import signal
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import pytest

from app.commands.children import voicebot
from tests.integration.house import Ground, until
from tests.integration.peer import TIMEOUT_S, Peer, hello
from tests.integration.serving import Serving, environment_of, serving

Serve = Callable[..., AbstractAsyncContextManager[Serving]]
EVERY_S = 0.05
"""A new call comes so often."""


@pytest.fixture
def serve(ground: Ground, tmp_path: Path) -> Serve:
    """Runs a server that others may join: `async with serve(WORKERS=2) as server`."""
    return lambda **settings: serving(ground, tmp_path, {"SHARE_PORTS": "true", **settings})


def ports_of(server: Serving) -> dict[str, int]:
    """For a server that is to share them."""
    return {name.upper(): server.ports[name] for name in ("audiosocket_port", "metrics_port")}


class Callers:
    """One new call after another."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._done = asyncio.Event()
        self.calls: dict[UUID, Peer] = {}

    @asynccontextmanager
    async def calling(self) -> AsyncIterator["Callers"]:
        """They come as long as this is open."""
        coming = asyncio.create_task(self._come(), name="callers")
        try:
            yield self
        finally:
            self._done.set()
            await coming

    async def more(self, calls: int) -> None:
        """Waits until so many more have come."""
        wanted = len(self.calls) + calls
        await until(lambda: len(self.calls) >= wanted, f"{wanted} calls have come")

    async def _come(self) -> None:
        while not self._done.is_set():
            peer = await Peer.connect(self._port)
            call_uuid = uuid4()
            self.calls[call_uuid] = peer
            peer.say(call_uuid)
            await asyncio.sleep(EVERY_S)


async def test_of_calls_that_come_during_a_handover_none_is_lost_and_those_in_progress_go_on(serve: Serve) -> None:
    async with serve(MAX_CONCURRENT_CALLS=200) as old:
        talking = {number: await old.call_on(number) for number in (0, 1)}
        async with serve(MAX_CONCURRENT_CALLS=200, **ports_of(old)) as new:
            assert new.ports["audiosocket_port"] == old.ports["audiosocket_port"]
            async with Callers(old.ports["audiosocket_port"]).calling() as callers:
                await callers.more(10)
                os.kill(old.pid, signal.SIGUSR1)
                await old.event("pages left to a successor")
                os.kill(old.pid, signal.SIGTERM)
                await old.event("draining")
                await callers.more(20)
            old.peers += callers.calls.values()
            for peer in callers.calls.values():
                await peer.heard(25)
                peer.assert_only_sound()
                assert not peer.ended.is_set()
            in_old = {UUID(entry["call_id"]) for entry in old.events("call started")} & callers.calls.keys()
            in_new = {UUID(entry["call_id"]) for entry in new.events("call started")}
            assert in_old | in_new == callers.calls.keys()
            assert in_old & in_new == set()
            assert set(list(callers.calls)[-10:]) <= in_new
            for server in (old, new):
                for event in ("connection refused", "call refused", "call failed", "call ended", "worker died"):
                    assert server.events(event) == [], event
            for _, peer in talking.values():
                await peer.heard(peer.sounds + 25)
                peer.assert_only_sound()
            for peer in old.peers:
                peer.finish()
            assert await old.ended() == 0
            for call_uuid, _ in talking.values():
                assert old.events("call ended", call_id=str(call_uuid), outcome="hangup") != []
            assert await new.metric("voicebot_refused_calls_total", reason="draining") == 0


async def test_who_has_connected_but_not_yet_spoken_when_the_server_drains_still_gets_a_call(serve: Serve) -> None:
    async with serve(WORKERS=1) as server:
        late, never = await server.connect(), await server.connect()
        in_progress = await server.call()
        os.kill(server.pid, signal.SIGTERM)
        await server.event("draining")
        call_uuid = uuid4()
        late.send(hello(call_uuid))
        await late.heard(25)
        await server.event("call started", call_id=str(call_uuid))
        await never.end()
        assert never.frames == []
        late.assert_only_sound()
        for peer in (late, in_progress):
            peer.finish()
        assert await server.ended() == 0


async def test_two_servers_share_their_ports_only_if_both_were_told_to(
    serve: Serve, ground: Ground, tmp_path: Path
) -> None:
    """By mistake they don't."""
    for first, second in (("true", "false"), ("false", "true"), ("false", "false")):
        async with serve(SHARE_PORTS=first) as server:
            for name in ("AUDIOSOCKET_PORT", "METRICS_PORT"):
                port = ports_of(server)[name]
                environment = environment_of(ground, tmp_path, "ws://127.0.0.1:1")
                environment |= {"SHARE_PORTS": second, name: str(port)}
                async with voicebot("serve", reads="stderr", environment=environment) as child:
                    said = await asyncio.wait_for(child.lines.read(), 60)
                    assert await child.process.wait() == 1
                last = said.decode().strip().splitlines()[-1]
                assert last.startswith(f"voicebot: can't listen on {name} {port}: "), (first, second)


async def test_pages_are_left_to_the_successor_also_by_connections_that_stay_open(serve: Serve) -> None:
    async with serve(WORKERS=1) as old, aiohttp.ClientSession() as prometheus:
        url = f"http://127.0.0.1:{old.ports['metrics_port']}/metrics"
        await old.call()
        await old.holds(1)

        async def active() -> str:
            async with prometheus.get(url) as answer:
                text = await answer.text()
            return next(line for line in text.splitlines() if line.startswith("voicebot_calls_active "))

        assert await active() == "voicebot_calls_active 1.0"
        async with serve(WORKERS=1, **ports_of(old)) as new:
            os.kill(old.pid, signal.SIGUSR1)
            await old.event("pages left to a successor")
            for _ in range(20):
                assert await active() == "voicebot_calls_active 0.0"
            assert new.events("call started") == []
            os.kill(old.pid, signal.SIGTERM)
            await old.event("draining")
            assert (await new.page("/readyz"))[0] == 200
            old.peers[0].finish()
            assert await old.ended() == 0


# systemd.


class Manager:
    """What a service manager hears."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.messages: list[dict[str, str]] = []
        self._plug = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._plug.bind(str(path))
        self._plug.setblocking(False)
        asyncio.get_running_loop().add_reader(self._plug, self._hear)

    def heard(self, name: str) -> int:
        """So often."""
        return sum(name in message for message in self.messages)

    async def hears(self, name: str, times: int = 1) -> None:
        """Waits for so many more of it."""
        wanted = self.heard(name) + times
        await until(lambda: self.heard(name) >= wanted, f"{name} is heard")

    def close(self) -> None:
        """Hears no more."""
        asyncio.get_running_loop().remove_reader(self._plug)
        self._plug.close()

    def _hear(self) -> None:
        lines = self._plug.recv(4096).decode().split("\n")
        self.messages.append(dict(line.split("=", 1) for line in lines))


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    manager = Manager(tmp_path / "notify")
    yield manager
    manager.close()


def told_by(manager: Manager, watchdog_s: float) -> dict[str, Any]:
    """The environment that systemd gives to a service."""
    return {"NOTIFY_SOCKET": manager.path, "WATCHDOG_USEC": int(watchdog_s * 1e6)}


async def test_systemd_hears_of_the_whole_life(serve: Serve, manager: Manager) -> None:
    async with serve(WORKERS=1, **told_by(manager, 0.4)) as server:
        await until(lambda: len(manager.messages) > 1, "two messages")
        port = server.ports["audiosocket_port"]
        assert manager.messages[0] == {"READY": "1", "STATUS": f"answering calls on port {port}"}
        assert manager.messages[1] == {"WATCHDOG": "1"}
        await manager.hears("WATCHDOG", 3)
        peer = await server.call()
        os.kill(server.pid, signal.SIGTERM)
        await manager.hears("STOPPING")
        await manager.hears("EXTEND_TIMEOUT_USEC", 3)
        await manager.hears("WATCHDOG", 3)
        extensions = [message for message in manager.messages if "EXTEND_TIMEOUT_USEC" in message]
        assert {message["STATUS"] for message in extensions} == {"draining 1 calls"}
        peer.finish()
        assert await server.ended() == 0
        assert manager.heard("READY") == manager.heard("STOPPING") == 1


DIE = "import os, sys\nif 'worker' in sys.orig_argv and os.path.exists({path!r}): os._exit(7)\n"


async def test_a_server_without_a_worker_gives_no_sign_of_life(
    ground: Ground, tmp_path: Path, manager: Manager
) -> None:
    """So that systemd starts it anew, if it does not manage to start workers."""
    (tmp_path / "sitecustomize.py").write_text(DIE.format(path=str(tmp_path / "die")))
    settings = {"WORKERS": 1, "PYTHONPATH": f"{tmp_path}:{os.getcwd()}", **told_by(manager, 0.2)}
    async with serving(ground, tmp_path, settings) as server:
        await manager.hears("WATCHDOG", 3)
        (tmp_path / "die").touch()
        os.kill(server.pids[0], signal.SIGKILL)
        await server.event("worker died")
        before = manager.heard("WATCHDOG")
        await until(lambda: len(server.events("worker died")) > 2, "others died, too")
        assert manager.heard("WATCHDOG") - before <= 1  # one may have been on its way
        (tmp_path / "die").unlink()
        await asyncio.wait_for(manager.hears("WATCHDOG", 3), 3 * TIMEOUT_S)

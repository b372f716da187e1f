"""A real server with real services in the test's own loop, watched for everything that it should not do."""

import asyncio
import gc
import os
from array import array
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, MutableMapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from functools import wraps
from pathlib import Path
from typing import Any, ParamSpec
from uuid import UUID, uuid4

import uvloop
from structlog.contextvars import merge_contextvars
from structlog.testing import capture_logs

from app.audiosocket.connection import Patience
from app.board import Board
from app.call.services import Services, open_services
from app.config import Settings
from app.door import BACKLOG, bound_socket
from app.media.phrases import PhraseCache
from app.ops import metrics
from app.providers.ladder import VoiceLadder
from app.server import CLEAN_UP_TIMEOUT_S, LAST_WORDS_S, Server
from app.standins.phrase_bank import PhraseBank
from app.standins.server import StandIns
from app.store.tickets import Ticket
from tests.integration.peer import TIMEOUT_S, Peer, hello

P = ParamSpec("P")


def on_uvloop(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Runs a test on the loop that calls are answered on."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(test(*args, **kwargs))
        gc.collect()  # what was left open says so now

    return run


async def until(condition: Callable[[], bool], what: str) -> None:
    """Waits for something that must become true."""
    end_s = asyncio.get_running_loop().time() + TIMEOUT_S
    while not condition():
        assert asyncio.get_running_loop().time() < end_s, f"still not so: {what}"
        await asyncio.sleep(0.01)


@dataclass(frozen=True, slots=True)
class Ground:
    """What all houses of a run stand on."""

    clients_url: str
    tickets_url: str
    cache_dir: Path
    bank: PhraseBank


@dataclass(slots=True)
class House:
    """A running server, and what can be known about it from outside."""

    server: Server
    services: Services
    board: Board
    port: int
    log: list[MutableMapping[str, Any]]
    peers: list[Peer] = field(default_factory=list)
    _counted: Counter[str] = field(default_factory=Counter)

    @property
    def refused(self) -> dict[str, int]:
        """Refusals by reason: each is in the log as often as in the metric."""
        events = ("connection refused", "call refused")
        logged = Counter(str(entry["reason"]) for entry in self.log if entry["event"] in events)
        assert logged == refusals_counted() - self._counted
        return dict(logged)

    def phrase(self, key: str) -> bytes:
        """A phrase of the bot as it is kept in the cache."""
        pcm = self.services.cache.get(self.services.prompts.text(key))
        assert pcm is not None
        return pcm

    async def connect(self, **how: Any) -> Peer:
        """A connection that says nothing yet."""
        peer = await Peer.connect(self.port, **how)
        self.peers.append(peer)
        return peer

    async def knock(self, call_uuid: UUID, **how: Any) -> Peer:
        """A connection that says which call it is, and nothing more."""
        peer = await self.connect(**how)
        peer.send(hello(call_uuid))
        return peer

    async def call(self, call_uuid: UUID | None = None, **how: Any) -> Peer:
        """A call like any other."""
        peer = await self.connect(**how)
        peer.say(call_uuid or uuid4())
        return peer

    @asynccontextmanager
    async def neighbour(self) -> AsyncIterator[Peer]:
        """A healthy call that must not notice what happens beside it."""
        call_uuid = uuid4()
        peer = await self.call(call_uuid)
        await peer.heard(1)
        yield peer
        elapsed_s = asyncio.get_running_loop().time() - peer.frames[0].at_s
        assert not peer.ended.is_set()
        peer.assert_only_sound()
        # A busy machine may swallow ticks; most of a call's frames it does not, and it makes up no others.
        assert 0.6 * 50 * elapsed_s - 5 <= peer.sounds <= 50 * elapsed_s + 5
        assert [one.at_s for one in peer.frames] == sorted(one.at_s for one in peer.frames)
        assert in_order(peer.pcm, self.phrase("welcome"))
        peer.finish()
        await peer.end()
        assert (await self.ticket(call_uuid)).status == "abandoned"
        assert await self.outcome(call_uuid) == "hangup"

    async def ticket(self, call_uuid: UUID) -> Ticket:
        """The ticket of a call that has ended."""
        end_s = asyncio.get_running_loop().time() + TIMEOUT_S
        while asyncio.get_running_loop().time() < end_s:
            ticket = await self.services.tickets.by_call(call_uuid)
            if ticket is not None and ticket.ended_at is not None:
                return ticket
            await asyncio.sleep(0.02)
        raise AssertionError(f"call {call_uuid} left no ticket")

    async def outcome(self, call_uuid: UUID) -> str:
        """How the call ended, as it was logged, once."""

        def outcomes() -> list[str]:
            call_id = str(call_uuid)
            return [e["outcome"] for e in self.log if e["event"] == "call ended" and e["call_id"] == call_id]

        await until(lambda: outcomes() != [], "the end of the call is in the log")
        (outcome,) = outcomes()
        return outcome

    async def caller_track(self, call_uuid: UUID) -> "array[int]":
        """What of the caller was recorded, 8 kHz."""
        ticket = await self.ticket(call_uuid)
        assert ticket.recording is not None
        file = self.services.settings.recordings_dir / ticket.recording
        told = file.with_suffix(".json")
        await until(lambda: told.exists() and '"complete": true' in told.read_text(), "recording is complete")
        return array("h", file.read_bytes())[::2]

    async def empty(self) -> None:
        """Waits until nobody is there."""
        await until(lambda: self.server.calls == self.server.connections == 0, "everybody has left")


def in_order(pcm: bytes, phrase: bytes) -> bool:
    """As much of the phrase as was time for is in the sound, in one piece (or its first 0.2 s are still to come)."""
    start = pcm.find(phrase[320:3200])
    if start < 0:
        return len(pcm) < 3200 + 50 * 320
    heard = pcm[start : start + len(phrase) - 320]
    return heard == phrase[320 : 320 + len(heard)]


def refusals_counted() -> Counter[str]:
    """The metric, by reason."""
    return Counter(
        {
            sample.labels["reason"]: int(sample.value)
            for family in metrics.REFUSED_CALLS.collect()
            for sample in family.samples
            if sample.name == "voicebot_refused_calls_total" and sample.value
        }
    )


def calls_active() -> float:
    """The metric."""
    return metrics.REGISTRY.get_sample_value("voicebot_calls_active") or 0.0


def open_files() -> dict[str, str]:
    """File descriptors of this process, and what they are."""
    found = {}
    for descriptor in os.listdir("/proc/self/fd"):
        with suppress(FileNotFoundError):  # the directory itself, as it was read
            found[descriptor] = os.readlink(f"/proc/self/fd/{descriptor}")
    # libuv keeps one in reserve for the day when none is left (`uv__stream_init`).
    return {descriptor: target for descriptor, target in found.items() if target != "/dev/null"}


@asynccontextmanager
async def open_house(
    ground: Ground,
    directory: Path,
    *,
    patience: Patience | None = None,
    last_words_s: float = LAST_WORDS_S,
    clean_up_s: float = CLEAN_UP_TIMEOUT_S,
    voice: VoiceLadder | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """A server with everything behind it; when it closes, nothing may be left of it.

    Args:
        directory: recordings and spool.
        voice: speaks in the place of the local one, with nothing spoken before.
        settings: besides the usual ones; not checked again, so that limits can be shorter than allowed.
    """
    files, tasks, trouble = open_files(), asyncio.all_tasks(), list[str]()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda _loop, context: trouble.append(repr(context)))
    with capture_logs(processors=[merge_contextvars]) as log:
        async with AsyncExitStack() as stack:
            standins = await stack.enter_async_context(StandIns(bank=ground.bank))
            usual = Settings(
                _env_file=None,
                deepgram_api_key="a-key",
                deepgram_url=standins.deepgram_url,
                clients_database_url=ground.clients_url,
                tickets_database_url=ground.tickets_url,
                audiosocket_host="127.0.0.1",
                audiosocket_port=0,
                metrics_port=0,
                max_concurrent_calls=500,
                recordings_dir=directory / "recordings",
                spool_dir=directory / "spool",
                cache_dir=ground.cache_dir,
            )
            services = await stack.enter_async_context(open_services(usual.model_copy(update=settings)))
            await services.databases[1].fetch("TRUNCATE tickets CASCADE")
            if voice is not None:
                services = replace(services, voice=voice, cache=PhraseCache(directory, "never spoken"))
            board = Board.create(services.settings.max_concurrent_calls, 1)
            stack.callback(board.close)
            server = Server(services, board, patience=patience, last_words_s=last_words_s, clean_up_s=clean_up_s)
            listener = bound_socket(services.settings.audiosocket_host, services.settings.audiosocket_port)
            listener.listen(BACKLOG)
            port = listener.getsockname()[1]
            server.start(listener)
            house = House(server, services, board, port, log, _counted=refusals_counted())
            try:
                yield house
                for peer in house.peers:
                    await peer.close()
                await house.empty()
                assert calls_active() == 0
                slot = board.slots[0]
                assert (slot.calls, slot.connections, slot.ears, services.ears.held) == (0, 0, 0, 0)
            finally:
                await server.stop(0.0)
    assert trouble == []
    assert [entry for entry in log if entry["log_level"] in ("error", "critical")] == []
    left = asyncio.all_tasks() - tasks
    await until(lambda: all(task.done() for task in left), f"ended: {left}")
    await until(lambda: len(open_files()) <= len(files), f"closed: {open_files().items() - files.items()}")

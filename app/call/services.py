"""What all calls of a worker share: settings, clock, providers, caches, databases, recorder."""

import asyncio
import time
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any

import structlog

from app.asterisk.switchboard import Switchboard
from app.call.database_watch import watch_databases
from app.call.unanswered import Unanswered
from app.config import Settings
from app.dialogue.prompts import Prompts, load_prompts
from app.errors import MediaError, ProviderError, StoreError
from app.media.clock import FrameClock
from app.media.phrases import PhraseCache
from app.media.recording import Recorder
from app.ops import metrics
from app.ops.lag import Lag
from app.providers.base import SpeechToText, TextToSpeech
from app.providers.clear_voice import ClearVoice
from app.providers.deepgram import DeepgramSpeechToText
from app.providers.elevenlabs import ElevenLabsTextToSpeech
from app.providers.espeak import LEVEL_DBOV, EspeakTextToSpeech
from app.providers.groq import GroqLanguageModel
from app.providers.ladder import UnderstandingLadder, VoiceLadder
from app.providers.quota import Quota, QuotaVoice
from app.providers.voice_level import MEMORY_S, VoiceLevel
from app.store.clients import Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import POOL_SIZE, Database
from app.store.spool import Spool
from app.store.tickets import Ticket, Tickets
from app.store.writer import TicketWriter

log = structlog.get_logger(__name__)

CONNECTIONS_PER_DATABASE = 24
"""Of all workers together; the embedded PostgreSQL has 60 for both, one of your own 100 unless told otherwise."""
LOOK_FOR_PHRASES_S = 3.0
MAX_LOOK_FOR_PHRASES_S = 60.0
LINKS_WITHIN_S = 1.0
"""A start is not held up longer by an Asterisk that does not answer."""


@dataclass(frozen=True, slots=True)
class Part:
    """Which part of a server these services are for; by default all of it.

    Attributes:
        number: of the worker. Number 0 does what is to be done once: watches the databases, speaks missing phrases.
        workers: how many there are.
        ears: places at the recogniser that all workers share; own ones by default, as many as the settings say.
        voices: the same at the voice's provider.
    """

    number: int = 0
    workers: int = 1
    ears: Quota | None = None
    voices: Quota | None = None


@dataclass(frozen=True, slots=True)
class Services:
    """Handed to every call; see `open_services`."""

    settings: Settings
    prompts: Prompts
    clock: FrameClock
    lag: Lag
    ears: Quota
    recogniser: SpeechToText
    understanding: UnderstandingLadder
    voice: VoiceLadder
    cache: PhraseCache
    clients: Clients
    tickets: Tickets
    databases: tuple[Database, Database]
    writer: TicketWriter
    recorder: Recorder
    switchboard: Switchboard


@asynccontextmanager
async def open_services(settings: Settings, part: Part | None = None) -> AsyncIterator[Services]:
    """Opens everything, yields it, closes everything in the opposite order.

    Args:
        settings: all of them.
        part: of which worker of how many.

    Raises:
        ConfigError: prompts that can't work, or the embedded PostgreSQL is not installed.
        StoreError: the embedded PostgreSQL does not start. A remote one that is away is no error: tickets wait.
    """
    part = part or Part()
    first = part.number == 0
    prompts = load_prompts(settings.prompts_file)
    async with AsyncExitStack() as stack:
        ears = part.ears or _own(Quota.of(settings.deepgram_max_streams), stack)
        voices = part.voices or _own(Quota.of(settings.elevenlabs_max_streams), stack)
        clients_db, tickets_db = await _open_databases(settings, part, stack)
        clients, tickets = Clients(clients_db), Tickets(tickets_db)
        if first:
            await _look_at_databases(clients, tickets)
            watch = watch_databases({"clients": clients_db, "tickets": tickets_db})
            _in_background(watch, stack, name="watch databases")
        writer = TicketWriter(
            Spool(settings.spool_dir, on_bad=_bad_spool_entry),
            tickets,
            on_change=metrics.SPOOL_ENTRIES.set,
            on_replayed=_replayed,
            on_trouble=_tickets_wait,
        )
        writer.start()
        stack.push_async_callback(writer.stop)
        recorder = Recorder(on_error=_recording_failed)
        recorder.start()
        stack.callback(recorder.close)
        unanswered = Unanswered(tickets, prompts.names)
        unanswered.start()
        stack.push_async_callback(unanswered.stop)
        switchboard = Switchboard(settings, on_unanswered=unanswered.note)
        switchboard.start()
        stack.push_async_callback(switchboard.stop)
        recogniser = DeepgramSpeechToText(settings)
        stack.push_async_callback(recogniser.close)
        understanding = UnderstandingLadder(await _open_model(settings, prompts, stack))
        voice, spare = await open_voice(settings, stack)
        cache = PhraseCache(settings.cache_dir, voice.voice_key, voice.level)
        texts = list(prompts.fixed().values())
        if missing := await asyncio.to_thread(cache.load, texts):
            builder = voice.patient if voice is spare else QuotaVoice(voice.patient, voices)
            work = _speak(cache, texts, missing, builder) if first else _look_for(cache, missing)
            _in_background(work, stack, name="cache")
        await switchboard.tried(LINKS_WITHIN_S)
        lag, loop = Lag(), asyncio.get_running_loop()

        def late(lateness_s: float) -> None:
            lateness_s = max(0.0, lateness_s)  # a timer may come some picoseconds early; a sum must not go backwards
            metrics.PLAYOUT_LATENESS_S.observe(lateness_s)
            lag.note(lateness_s, loop.time())

        yield Services(
            settings=settings,
            prompts=prompts,
            clock=FrameClock(late, metrics.PLAYOUT_SKIPPED.inc, time.monotonic),
            lag=lag,
            ears=ears,
            recogniser=recogniser,
            understanding=understanding,
            voice=VoiceLadder(voice, spare, voices),
            cache=cache,
            clients=clients,
            tickets=tickets,
            databases=(clients_db, tickets_db),
            writer=writer,
            recorder=recorder,
            switchboard=switchboard,
        )


def _own(quota: Quota, stack: AsyncExitStack) -> Quota:
    stack.callback(quota.close)
    return quota


async def open_voice(settings: Settings, stack: AsyncExitStack) -> tuple[ClearVoice, ClearVoice]:
    """The voice of the settings and the local one; the same where no key was given."""
    spare = ClearVoice(EspeakTextToSpeech(), VoiceLevel(LEVEL_DBOV, MEMORY_S))
    stack.push_async_callback(spare.close)
    if not settings.elevenlabs_api_key.get_secret_value():
        return spare, spare
    cloud = ElevenLabsTextToSpeech(settings)
    stack.push_async_callback(cloud.close)
    await cloud.warm()
    return ClearVoice(cloud), spare


async def _open_model(settings: Settings, prompts: Prompts, stack: AsyncExitStack) -> GroqLanguageModel | None:
    if not settings.groq_api_key.get_secret_value():
        return None
    model = GroqLanguageModel(settings, prompts)
    stack.push_async_callback(model.close)
    await model.warm()
    return model


async def _open_databases(settings: Settings, part: Part, stack: AsyncExitStack) -> tuple[Database, Database]:
    clients_url, tickets_url = settings.clients_database_url, settings.tickets_database_url
    if clients_url is None or tickets_url is None:
        # Every worker is a user of its own: the last to leave stops it, whatever became of the supervisor.
        embedded = EmbeddedPostgres(settings.embedded_postgres_dir)
        await stack.enter_async_context(embedded)
        clients_url, tickets_url = embedded.clients_url, embedded.tickets_url
        if part.number == 0:
            await migrate(clients_url, "clients")
            await migrate(tickets_url, "tickets")
    size = max(1, min(POOL_SIZE, CONNECTIONS_PER_DATABASE // part.workers))
    clients_db = await stack.enter_async_context(Database(clients_url, name="clients database", pool_size=size))
    tickets_db = await stack.enter_async_context(Database(tickets_url, name="tickets database", pool_size=size))
    return clients_db, tickets_db


async def _speak(cache: PhraseCache, texts: list[str], missing: list[str], voice: TextToSpeech) -> None:
    """Speaks what is missing, while calls are already taken."""
    log.info("phrases missing in the cache are being spoken", missing=len(missing))

    def progress(text: str, error: ProviderError | None) -> None:
        if error is not None:
            log.warning("phrase not spoken", text=text, detail=str(error))

    await cache.build(texts, voice, progress)


async def _look_for(cache: PhraseCache, missing: list[str]) -> None:
    """Another worker speaks them; they are taken from the disk when they are there."""
    wait_s = LOOK_FOR_PHRASES_S
    while missing:
        await asyncio.sleep(wait_s)
        found_before, missing = len(missing), await asyncio.to_thread(cache.load, missing)
        wait_s = LOOK_FOR_PHRASES_S if len(missing) < found_before else min(2 * wait_s, MAX_LOOK_FOR_PHRASES_S)
    log.info("phrases that were missing are there")


def _in_background(work: Coroutine[Any, Any, None], stack: AsyncExitStack, name: str) -> None:
    job = asyncio.create_task(work, name=name)

    async def stop() -> None:
        job.cancel()
        with suppress(asyncio.CancelledError):
            await job

    stack.push_async_callback(stop)


def _bad_spool_entry(path: object, reason: str) -> None:
    log.error("spool entry set aside", file=str(path), reason=reason)


def _replayed(ticket: Ticket) -> None:
    metrics.TICKETS.labels(ticket.problem_type, ticket.status).inc()
    log.info("ticket reached the database late", call_uuid=str(ticket.call_uuid))


def _tickets_wait(reason: str | None) -> None:
    if reason is None:
        log.info("tickets are stored again")
    else:
        log.warning("tickets wait on disk for the database", detail=reason)


async def _look_at_databases(clients: Clients, tickets: Tickets) -> None:
    """A database that can't be used is said at start: wrong name, no tables (`voicebot db migrate`), not running."""
    for name, look in (("clients", clients.find_by_phone("+33000000000")), ("tickets", tickets.latest(1))):
        try:
            await look
        except StoreError as error:
            log.warning("database not usable yet", database=name, detail=str(error))


def _recording_failed(error: MediaError) -> None:
    metrics.RECORDING_ERRORS.inc()
    log.error("recording failed, the call goes on", detail=str(error))

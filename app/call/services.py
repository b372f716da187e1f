"""What all calls of a worker share: settings, clock, providers, caches, databases, recorder."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass

import structlog

from app.config import Settings
from app.dialogue.prompts import Prompts, load_prompts
from app.errors import MediaError, ProviderError, StoreError
from app.media.clock import FrameClock
from app.media.phrases import PhraseCache
from app.media.recording import Recorder
from app.ops import metrics
from app.providers.base import SpeechToText, TextToSpeech
from app.providers.deepgram import DeepgramSpeechToText
from app.providers.elevenlabs import ElevenLabsTextToSpeech
from app.providers.espeak import EspeakTextToSpeech
from app.providers.groq import GroqLanguageModel
from app.providers.ladder import UnderstandingLadder, VoiceLadder
from app.store.clients import Clients
from app.store.embedded import EmbeddedPostgres
from app.store.migrate import migrate
from app.store.pool import Database
from app.store.spool import Spool
from app.store.tickets import Ticket, Tickets
from app.store.writer import TicketWriter

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Services:
    """Handed to every call; see `open_services`."""

    settings: Settings
    prompts: Prompts
    clock: FrameClock
    recogniser: SpeechToText
    understanding: UnderstandingLadder
    voice: VoiceLadder
    cache: PhraseCache
    clients: Clients
    tickets: Tickets
    databases: tuple[Database, Database]
    writer: TicketWriter
    recorder: Recorder


@asynccontextmanager
async def open_services(settings: Settings) -> AsyncIterator[Services]:
    """Opens everything, yields it, closes everything in the opposite order.

    Raises:
        ConfigError: prompts that can't work, or the embedded PostgreSQL is not installed.
        StoreError: the embedded PostgreSQL does not start. A remote one that is away is no error: tickets wait.
    """
    prompts = load_prompts(settings.prompts_file)
    async with AsyncExitStack() as stack:
        clients_db, tickets_db = await _open_databases(settings, stack)
        clients, tickets = Clients(clients_db), Tickets(tickets_db)
        await _look_at_databases(clients, tickets)
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
        recogniser = DeepgramSpeechToText(settings)
        stack.push_async_callback(recogniser.close)
        understanding = UnderstandingLadder(await _open_model(settings, prompts, stack))
        voice, spare = await open_voice(settings, stack)
        cache = PhraseCache(settings.cache_dir, voice.voice_key)
        await _fill_cache(cache, prompts, voice, spare, stack)
        yield Services(
            settings=settings,
            prompts=prompts,
            clock=FrameClock(metrics.PLAYOUT_LATENESS_S.observe, time.monotonic),
            recogniser=recogniser,
            understanding=understanding,
            voice=VoiceLadder(voice, spare),
            cache=cache,
            clients=clients,
            tickets=tickets,
            databases=(clients_db, tickets_db),
            writer=writer,
            recorder=recorder,
        )


async def open_voice(settings: Settings, stack: AsyncExitStack) -> tuple[TextToSpeech, TextToSpeech]:
    """The voice of the settings and the local one; the same where no key was given."""
    spare = EspeakTextToSpeech()
    stack.push_async_callback(spare.close)
    if not settings.elevenlabs_api_key.get_secret_value():
        log.warning("no ELEVENLABS_API_KEY: the local voice speaks")
        return spare, spare
    voice = ElevenLabsTextToSpeech(settings)
    stack.push_async_callback(voice.close)
    await voice.warm()
    return voice, spare


async def _open_model(settings: Settings, prompts: Prompts, stack: AsyncExitStack) -> GroqLanguageModel | None:
    if not settings.groq_api_key.get_secret_value():
        log.warning("no GROQ_API_KEY: the local rules understand")
        return None
    model = GroqLanguageModel(settings, prompts)
    stack.push_async_callback(model.close)
    await model.warm()
    return model


async def _open_databases(settings: Settings, stack: AsyncExitStack) -> tuple[Database, Database]:
    clients_url, tickets_url = settings.clients_database_url, settings.tickets_database_url
    if clients_url is None or tickets_url is None:
        embedded = EmbeddedPostgres(settings.embedded_postgres_dir)
        await stack.enter_async_context(embedded)
        clients_url, tickets_url = embedded.clients_url, embedded.tickets_url
        await migrate(clients_url, "clients")
        await migrate(tickets_url, "tickets")
    clients_db = await stack.enter_async_context(Database(clients_url, name="clients database"))
    tickets_db = await stack.enter_async_context(Database(tickets_url, name="tickets database"))
    return clients_db, tickets_db


async def _fill_cache(
    cache: PhraseCache, prompts: Prompts, voice: TextToSpeech, spare: TextToSpeech, stack: AsyncExitStack
) -> None:
    """Loads the pre-spoken phrases; what is missing is spoken in the background while calls are already taken."""
    texts = list(prompts.fixed().values())
    missing = await asyncio.to_thread(cache.load, texts)
    if not missing:
        return
    log.info("phrases missing in the cache are being spoken", missing=len(missing))

    def progress(text: str, error: ProviderError | None) -> None:
        if error is not None:
            log.warning("phrase not spoken", text=text, detail=str(error))

    job = asyncio.create_task(cache.build(texts, voice, progress), name="cache")

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

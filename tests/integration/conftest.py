"""Houses to attack: real servers, and the ground that they stand on."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import asyncpg
import pytest

from app.dialogue.prompts import load_prompts
from app.media.phrases import PhraseCache
from app.providers.clear_voice import ClearVoice
from app.providers.espeak import EspeakTextToSpeech
from app.standins.phrase_bank import PhraseBank
from app.store.embedded import EmbeddedPostgres
from tests.conftest import run_apart
from tests.integration.house import Ground, House, open_house

CALL_ME = "C'est le zéro six douze trente-quatre cinquante-six soixante-dix-huit."
OpenHouse = Callable[..., AbstractAsyncContextManager[House]]


@pytest.fixture(scope="session")
def ground(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Ground:
    """PostgreSQL, the spoken phrases, and what the recogniser stand-in knows (little: nobody speaks here)."""
    cache_dir = tmp_path_factory.mktemp("cache")

    async def speak_phrases() -> None:
        voice = ClearVoice(EspeakTextToSpeech())
        cache = PhraseCache(cache_dir, voice.voice_key)
        assert await cache.build(load_prompts().fixed().values(), voice.patient) == 0
        await voice.close()

    async def copy_databases() -> None:
        admin = await asyncpg.connect(postgres.url("postgres"))
        await admin.execute("CREATE DATABASE houses_clients TEMPLATE db_clients")
        await admin.execute("CREATE DATABASE houses_tickets TEMPLATE db_tickets")
        await admin.close()

    run_apart(speak_phrases)
    run_apart(copy_databases)
    bank = PhraseBank(["Oui.", "Non.", "Je veux parler à un conseiller.", CALL_ME], ["fr"])
    return Ground(postgres.url("houses_clients"), postgres.url("houses_tickets"), cache_dir, bank)


@pytest.fixture
def house_of(ground: Ground, tmp_path: Path) -> OpenHouse:
    """Opens a house: `async with house_of(max_concurrent_calls=2) as house`."""
    return partial(open_house, ground, tmp_path)

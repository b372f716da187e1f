"""A plan's limit over real sockets: the voice's provider never has to refuse what it was not sent."""

import asyncio
import os
from contextlib import AsyncExitStack, aclosing

from app.config import Settings
from app.ops import metrics
from app.providers.elevenlabs import ElevenLabsTextToSpeech
from app.providers.espeak import EspeakTextToSpeech
from app.providers.ladder import VoiceLadder
from app.providers.quota import Quota
from app.standins.knobs import AllKnobs, ElevenLabsKnobs
from app.standins.phrase_bank import PhraseBank
from app.standins.server import StandIns
from tests.integration.house import on_uvloop

SENTENCES = [f"Voici la phrase numéro {number}, qui dure un petit moment." for number in range(12)]
PLACES = 2


async def said_by_own_voice(ladder: VoiceLadder, text: str) -> bool:
    """Whether all of a sentence came from the voice of the settings."""
    async with aclosing(ladder.speak(text)) as pieces:
        return all([own async for _, own in pieces])


def refused() -> float:
    return (
        metrics.REGISTRY.get_sample_value("voicebot_errors_total", {"provider": "elevenlabs", "kind": "quota"}) or 0.0
    )


@on_uvloop
async def test_two_workers_speak_no_more_at_a_time_than_the_plan_allows() -> None:
    # Ten times faster than real time, a sentence of three seconds takes a third of one: some find a place, some don't.
    knobs = AllKnobs(elevenlabs=ElevenLabsKnobs(max_active=PLACES, first_byte_ms=75, speed=10.0))
    async with AsyncExitStack() as stack:
        standins = await stack.enter_async_context(StandIns(bank=PhraseBank(["Oui."], ["fr"]), knobs=knobs))
        settings = Settings(_env_file=None, elevenlabs_api_key="a-key", elevenlabs_url=standins.elevenlabs_url)
        shared = Quota.of(PLACES)
        stack.callback(shared.close)
        ladders = []
        for _ in range(2):
            places = Quota(os.dup(shared.fd))
            voice, spare = ElevenLabsTextToSpeech(settings), EspeakTextToSpeech()
            stack.callback(places.close)
            stack.push_async_callback(voice.close)
            stack.push_async_callback(spare.close)
            await voice.warm()
            ladders.append(VoiceLadder(voice, spare, places))
        before = refused()
        jobs = (said_by_own_voice(ladders[number % 2], text) for number, text in enumerate(SENTENCES))
        own = await asyncio.wait_for(asyncio.gather(*jobs), 20)
        assert refused() == before
        assert standins.elevenlabs.stats.most_active <= PLACES
        assert PLACES <= sum(own) < len(SENTENCES)
        # Everything was given back.
        assert [shared.try_take() for _ in range(PLACES + 1)] == [True] * PLACES + [False]

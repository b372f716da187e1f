"""The sound itself, end to end: every coding of the wires, compared with independent references to the sample.

The second half breaks one link of the path at a time and sees the same comparison fail.
"""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.caller.script import Script, parse_script
from app.dialogue.prompts import default_prompts
from tests.e2e import fidelity
from tests.e2e.world import World, run_world
from tests.words import bare

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

SABOTAGE = Path(__file__).parent / "sabotage"
ROOT = Path(__file__).parents[2]
SCRIPT = """
name: audio-path
voice: {name: fr+f2}
steps:
  - say: "Bonjour, j'ai un problème avec ma connexion Internet."
  - say: "Non."
  - say: "Pierre Dupont de la société TechCorp."
  - wait_bot_s: 15
  - hangup: true
"""
SAID = [
    "Bonjour, j'ai un problème avec ma connexion Internet.",
    "Non.",
    "Pierre Dupont de la société TechCorp.",
]
HEARD = ["welcome", "ask_ticket", "ask_identity"]
LINEAR = {"DEEPGRAM_ENCODING": "linear16", "ELEVENLABS_FORMAT": "pcm_8000"}
MULAW = {"DEEPGRAM_ENCODING": "mulaw", "ELEVENLABS_FORMAT": "ulaw_8000"}
RESAMPLED = {"DEEPGRAM_MODEL": "flux-general-multi", "ELEVENLABS_FORMAT": "pcm_22050"}
WHOLE = {"linear": LINEAR, "mulaw": MULAW, "resampled": RESAMPLED}
WIRES = {
    "ulaw": LINEAR | {"AUDIOSOCKET_CODECS": "127.0.0.0/8=ulaw"},
    "alaw": LINEAR | {"AUDIOSOCKET_CODECS": "127.0.0.0/8=slin,127.0.0.1=alaw"},
    "slin16": LINEAR,
}
"""By what the Asterisk sends."""
BROKEN = {
    "ulaw_encode_one_bit": MULAW,
    "ulaw_decode_one_bit": MULAW,
    "swapped_bytes": LINEAR,
    "resampler_drops_a_chunk": RESAMPLED,
    "recording_tracks_swapped": LINEAR,
}


def script(codec: str) -> Script:
    return parse_script(f"{SCRIPT}codec: {codec}\n", "audio path")


def world_of(directory: Path, settings: dict[str, str], codec: str) -> World:
    knobs = ["deepgram.tape_bytes=4000000", "elevenlabs.tape_bytes=4000000"]
    return run_world(directory, {"call": script(codec)}, settings, knobs)


def worlds_of(factory: pytest.TempPathFactory, variants: dict[str, dict[str, str]]) -> dict[str, World]:
    with ThreadPoolExecutor(len(variants)) as pool:
        jobs = {
            name: pool.submit(world_of, factory.mktemp(name), settings, name if name in WIRES else "slin")
            for name, settings in variants.items()
        }
        return {name: job.result() for name, job in jobs.items()}


def problems_of(world: World, codec: str = "slin") -> list[str]:
    call = world.calls["call"]
    texts = [default_prompts().text(key) for key in HEARD]
    problems = [] if bare(call.caller_words) == bare(SAID) else [f"understood as {call.caller_words}"]
    problems += fidelity.caller_to_recogniser(call, world.deepgram_tape[-1], codec)
    problems += fidelity.caller_to_recording(call, codec)
    problems += fidelity.bot_to_caller(call, world, texts, codec)
    problems += fidelity.bot_to_recording(call, codec)
    return problems


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    return worlds_of(tmp_path_factory, WHOLE)


@pytest.fixture(scope="module")
def wires(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    return worlds_of(tmp_path_factory, WIRES)


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> dict[str, World]:
    return worlds_of(
        tmp_path_factory,
        {name: settings | {"PYTHONPATH": f"{SABOTAGE}:{ROOT}", "SABOTAGE": name} for name, settings in BROKEN.items()},
    )


@pytest.mark.parametrize("coding", WHOLE)
def test_sound_arrives_as_it_was_sent(whole: dict[str, World], coding: str) -> None:
    assert problems_of(whole[coding]) == []


@pytest.mark.parametrize("codec", WIRES)
def test_sound_arrives_over_every_wire(wires: dict[str, World], codec: str) -> None:
    assert problems_of(wires[codec], codec) == []


@pytest.mark.parametrize("codec", WIRES)
def test_the_ticket_is_right_over_every_wire(wires: dict[str, World], codec: str) -> None:
    call = wires[codec].calls["call"]
    assert (call.ticket.problem_type, call.ticket.status) == ("internet", "abandoned")
    assert "Pierre Dupont (TechCorp)" in call.ticket.summary


@pytest.mark.parametrize("link", BROKEN)
def test_a_broken_link_is_noticed(broken: dict[str, World], link: str) -> None:
    assert problems_of(broken[link]) != []

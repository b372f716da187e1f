import math
from array import array
from itertools import pairwise

import pytest

from app.caller.clips import clip_of, clips_for
from app.caller.noises import MADE, made
from app.caller.script import parse_script
from app.caller.surroundings import Surroundings, speech_level_db, surroundings_of, with_snr
from app.errors import ConfigError
from ext.levels import rms_dbfs

SOFT = bytes(320)


def square(amplitude: int, samples: int = 160) -> bytes:
    return array("h", [amplitude, -amplitude] * (samples // 2)).tobytes()


def test_pauses_make_speech_no_softer() -> None:
    speech = square(3277, 1600)
    assert speech_level_db([speech]) == pytest.approx(-20.0, abs=0.01)
    assert speech_level_db([SOFT * 50 + speech + SOFT * 50]) == pytest.approx(-20.0, abs=0.01)
    assert speech_level_db([SOFT]) == -26.0


@pytest.mark.parametrize("snr_db", [10, 5, 0, -5])
def test_noise_is_so_far_below_the_speech(snr_db: float) -> None:
    assert rms_dbfs(with_snr(made("babble"), -20.0, snr_db)) == pytest.approx(-20 - snr_db, abs=0.1)


def test_noise_goes_round_without_a_gap() -> None:
    noise = array("h", range(1, 401)).tobytes()
    around = Surroundings(noise, start_bytes=100)
    sound = array("h", b"".join(around.add_to(SOFT) for _ in range(10)))
    assert sound[0] == 51
    assert all(after == before % 400 + 1 for before, after in pairwise(sound))


def test_noise_is_added_to_what_the_caller_says() -> None:
    around = Surroundings(array("h", [100] * 320).tobytes())
    assert array("h", around.add_to(array("h", [1000] * 160).tobytes())) == array("h", [1100] * 160)
    assert array("h", around.add_to(array("h", [32700] * 160).tobytes())) == array("h", [32767] * 160)


@pytest.mark.parametrize("delay_ms", [0, 80, 250])
def test_the_bot_comes_back_softer_and_later(delay_ms: int) -> None:
    around = Surroundings(echo_gain=0.1, echo_delay_ms=delay_ms)
    came = bytearray()
    for number in range(40):
        around.hear(square(10_000) if number == 5 else SOFT)
        came += around.add_to(SOFT)
    samples = array("h", bytes(came))
    loud = [at for at, sample in enumerate(samples) if sample]
    assert (loud[0], loud[-1]) == (5 * 160 + delay_ms * 8, 6 * 160 - 1 + delay_ms * 8)
    assert {abs(samples[at]) for at in loud} == {1000}


def test_a_burst_does_not_make_the_echo_later_for_good() -> None:
    around = Surroundings(echo_gain=0.1, echo_delay_ms=100)
    for _ in range(100):
        around.hear(SOFT)
    around.hear(square(10_000))
    waited = next(number for number in range(100) if any(around.add_to(SOFT)))
    assert waited == (100 + 60) // 20 - 1


def test_what_a_script_says_of_the_line() -> None:
    text = "{name: a, noise: {sound: street, snr_db: 5}, echo: {level_db: -20, delay_ms: 40}, steps: [{say: 'Oui.'}]}"
    script = parse_script(text, "f")
    clips = clips_for(script)
    around = surroundings_of(script, clips.values())
    assert around is not None
    noise = b"".join(around.add_to(SOFT) for _ in range(1000))
    assert rms_dbfs(noise) == pytest.approx(speech_level_db([clips["Oui."].pcm]) - 5, abs=0.2)
    assert surroundings_of(parse_script("name: a", "f"), []) is None


def test_noise_from_a_file_that_is_not_there() -> None:
    script = parse_script("{name: a, noise: {sound: forge.wav}}", "f")
    with pytest.raises(ConfigError, match=r"forge\.wav"):
        surroundings_of(script, [clip_of(SOFT)])


@pytest.mark.parametrize("name", sorted(MADE))
def test_made_sounds_never_clip_and_are_what_they_were(name: str) -> None:
    sound = array("h", MADE[name]())
    assert len(sound.tobytes()) == len(made(name))
    if name != "babble":  # espeak's own noise differs from one rendering to the next
        assert sound.tobytes() == made(name)
    assert 500 < max(map(abs, sound)) < 30_000
    assert abs(sum(sound) / len(sound)) < 100
    lasting = len(sound) / 8000
    assert lasting == (20.0 if name in ("babble", "street", "hiss") else pytest.approx(0.4, abs=0.2))


def test_lasting_noise_has_one_level() -> None:
    for name in ("babble", "hiss"):
        levels = [rms_dbfs(made(name)[at : at + 16_000]) for at in range(0, 320_000, 16_000)]
        assert max(levels) - min(levels) < 6
    assert not math.isclose(rms_dbfs(made("street")[: 16_000 * 2]), rms_dbfs(made("street")[16_000 * 5 : 16_000 * 7]))

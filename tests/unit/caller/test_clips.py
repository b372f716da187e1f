from array import array
from itertools import groupby

import pytest

from app.caller.clips import clip_of, clips_for
from app.caller.noises import made
from app.caller.script import parse_script
from ext.levels import rms_dbfs

LOUD = array("h", [8000, -8000] * 80).tobytes()
SOFT = array("h", [40, -40] * 80).tobytes()


def test_where_the_sound_of_a_clip_is() -> None:
    clip = clip_of(SOFT * 3 + LOUD * 5 + SOFT * 2)
    assert (clip.first_loud_sample, clip.last_loud_sample) == (480, 1279)
    assert clip.duration_s == 0.2


def test_a_clip_that_ends_within_a_block() -> None:
    clip = clip_of(LOUD + LOUD[:100])
    assert (clip.first_loud_sample, clip.last_loud_sample) == (0, 209)


def test_a_silent_clip() -> None:
    assert (clip_of(SOFT).first_loud_sample, clip_of(SOFT).last_loud_sample) == (0, 0)
    assert clip_of(b"").duration_s == 0


def test_equal_words_in_equal_voices_are_one_clip() -> None:
    text = "{name: a, voice: {name: %s}, steps: [{say: 'Oui.'}, {hangup_mid_sentence: 'Non.'}]}"
    first = clips_for(parse_script(text % "fr", "f"))
    second = clips_for(parse_script(text % "fr", "f"))
    other = clips_for(parse_script(text % "fr+f2", "f"))
    assert set(first) == {"Oui.", "Non."}
    assert first["Oui."] is second["Oui."]
    assert first["Oui."].pcm != other["Oui."].pcm
    assert 0.1 < first["Oui."].duration_s < 1.0


def test_a_silence_in_a_sentence_is_as_long_as_it_says() -> None:
    clips = clips_for(parse_script("{name: a, steps: [{say: 'Oui. [0.75] Non.'}]}", "f"))
    both = clips["Oui. [0.75] Non."]
    assert (both.first_loud_sample, both.last_loud_sample) == (0, len(both.pcm) // 2 - 1)
    runs = ((value, len(list(run))) for value, run in groupby(array("h", both.pcm)))
    assert max(length for value, length in runs if value == 0) >= 6000


def test_louder_and_softer_voices() -> None:
    texts = (f"{{name: a, voice: {{gain_db: {db}}}, steps: [{{say: 'Bonjour.'}}]}}" for db in (0, -12))
    plain, soft = (clips_for(parse_script(text, "f"))["Bonjour."] for text in texts)
    assert rms_dbfs(soft.pcm) == pytest.approx(rms_dbfs(plain.pcm) - 12, abs=0.1)


def test_words_and_sounds_over_the_bot() -> None:
    clips = clips_for(parse_script("{name: a, steps: [{interject: 'Mmh.'}, {sound: cough}]}", "f"))
    assert set(clips) == {"Mmh.", "cough"}
    assert clips["cough"].pcm == made("cough")

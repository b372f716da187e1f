"""Speech kept in memory; what is on disk is tried with a scripted voice and a directory of the test's own."""

import asyncio
import json
from collections.abc import AsyncGenerator, Coroutine
from pathlib import Path
from typing import Any

import pytest

from app.errors import ProviderError, ProviderQuotaError
from app.media.phrases import BUILD_AT_ONCE, DYNAMIC_BYTES, DYNAMIC_ENTRIES, PhraseCache, spoken
from app.ops import metrics
from tests.jumping_loop import run


class SpellingVoice:
    """Speaks every letter as one sample; fails on texts that it does not like."""

    name = "spelling"
    voice_key = "spelling/1"

    def __init__(self, dislikes: str = "") -> None:
        self.dislikes = dislikes
        self.said: list[str] = []
        self.at_once = 0
        self.most_at_once = 0

    async def speak(self, text: str) -> AsyncGenerator[bytes, None]:
        self.said.append(text)
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            for letter in text:
                await asyncio.sleep(0)
                if letter == self.dislikes:
                    raise ProviderQuotaError(self.name, "429")
                yield letter.encode("utf-16-le")
        finally:
            self.at_once -= 1

    async def close(self) -> None:
        """Nothing is kept."""


def sound(text: str) -> bytes:
    return text.encode("utf-16-le")


def counted(name: str) -> float:
    return metrics.REGISTRY.get_sample_value(name) or 0.0


@pytest.fixture
def cache(tmp_path: Path) -> PhraseCache:
    return PhraseCache(tmp_path, SpellingVoice.voice_key)


def test_hits_and_misses_are_counted(cache: PhraseCache) -> None:
    hits, misses = counted("voicebot_cache_hits_total"), counted("voicebot_cache_misses_total")
    assert cache.get("Bonjour.") is None
    cache.keep("Bonjour.", b"ab")
    assert cache.get("Bonjour.") == b"ab"
    assert (counted("voicebot_cache_hits_total"), counted("voicebot_cache_misses_total")) == (hits + 1, misses + 1)


def test_the_sentence_unused_for_longest_goes(cache: PhraseCache) -> None:
    for number in range(DYNAMIC_ENTRIES):
        cache.keep(str(number), b"ab")
    assert cache.get("0") == b"ab"
    cache.keep("one more", b"ab")
    assert cache.get("1") is None
    assert cache.get("0") == b"ab"
    assert cache.get("one more") == b"ab"


def test_long_sentences_are_bounded_by_their_size(cache: PhraseCache) -> None:
    half = bytes(DYNAMIC_BYTES // 2)
    cache.keep("a", half)
    cache.keep("b", half)
    cache.keep("c", b"xx")
    assert cache.get("a") is None
    assert cache.get("b") is not None
    cache.keep("d", half[:-2])
    assert [cache.get(text) is not None for text in "bcd"] == [True, True, True], "sizes are counted exactly"


def test_the_same_sentence_again_takes_the_place_of_the_old(cache: PhraseCache) -> None:
    for _ in range(10):
        cache.keep("a", bytes(DYNAMIC_BYTES // 2))
    cache.keep("b", bytes(DYNAMIC_BYTES // 2))
    assert cache.get("a") is not None


def test_a_sentence_larger_than_the_cache_is_not_kept(cache: PhraseCache) -> None:
    cache.keep("a", bytes(DYNAMIC_BYTES + 2))
    assert cache.get("a") is None
    cache.keep("b", b"ab")
    assert cache.get("b") == b"ab"


def test_every_voice_has_its_own_folder(tmp_path: Path) -> None:
    folders = {PhraseCache(tmp_path, key).directory for key in ("eleven_flash_v2_5+Antoine", "espeak/fr", "../x")}
    assert len(folders) == 3
    assert all(folder.parent == tmp_path for folder in folders)


def test_what_is_built_is_there_for_the_next_start(tmp_path: Path) -> None:
    texts = ["Bonjour.", "Au revoir !", "Un instant, je vous prie."]
    voice = SpellingVoice()
    built = PhraseCache(tmp_path, voice.voice_key)
    assert run_threads(built.build(texts, voice)) == 0
    assert voice.most_at_once == BUILD_AT_ONCE
    again = PhraseCache(tmp_path, voice.voice_key)
    assert again.load(texts) == []
    assert [again.get(text) for text in texts] == [sound(text) for text in texts]
    index = json.loads((again.directory / "index.json").read_text(encoding="utf-8"))
    assert sorted(index.values()) == sorted(texts)
    assert sorted(path.name for path in again.directory.glob("*.raw")) == sorted(index)
    assert run_threads(again.build(texts, voice)) == 0
    assert len(voice.said) == len(texts), "nothing is spoken twice"


def test_what_is_said_alike_is_found_however_it_is_written(cache: PhraseCache) -> None:
    cache.keep("Rappelez le 06 12 34 56 78.", b"ab")
    assert cache.get("Rappelez le 0612345678.") == b"ab"
    assert cache.get("Rappelez le zéro six, douze, trente-quatre, cinquante-six, soixante-dix-huit.") == b"ab"
    assert run_threads(cache.build(["À 9h."], SpellingVoice())) == 0
    fresh = PhraseCache(cache.directory.parent, SpellingVoice.voice_key)
    assert fresh.load(["À 9h00."]) == []
    assert json.loads((fresh.directory / "index.json").read_text(encoding="utf-8")).popitem()[1] == "À neuf heures."


def test_a_phrase_that_fails_is_told_and_the_others_go_on(cache: PhraseCache) -> None:
    told: dict[str, str | None] = {}

    def progress(text: str, error: ProviderError | None) -> None:
        told[text] = error.kind if error else None

    failed = run_threads(cache.build(["un", "deux", "trois"], SpellingVoice(dislikes="x"), progress))
    assert failed == 1
    assert told == {"un": None, "deux": "quota", "trois": None}
    assert cache.get("deux") is None
    assert cache.load(["un", "deux", "trois"]) == ["deux"]
    assert run_threads(cache.build(["deux"], SpellingVoice(dislikes="x"))) == 1, "with nobody to tell"


def test_a_damaged_file_is_spoken_anew(cache: PhraseCache) -> None:
    assert run_threads(cache.build(["un", "deux"], SpellingVoice())) == 0
    first, second = sorted(cache.directory.glob("*.raw"))
    first.write_bytes(b"odd")
    second.write_bytes(b"")
    fresh = PhraseCache(cache.directory.parent, SpellingVoice.voice_key)
    assert sorted(fresh.load(["un", "deux"])) == ["deux", "un"]
    assert run_threads(fresh.build(["un", "deux"], SpellingVoice())) == 0
    assert fresh.get("un") == sound("un")
    assert not list(fresh.directory.glob("*.part"))


def test_all_of_a_sentence_or_its_error() -> None:
    assert run(spoken("Bonjour", SpellingVoice())) == sound("Bonjour")
    with pytest.raises(ProviderQuotaError):
        run(spoken("Bonjour", SpellingVoice(dislikes="j")))


def run_threads(work: Coroutine[Any, Any, int]) -> int:
    """`build` reads and writes in threads, which a jumping clock does not wait for."""
    return asyncio.run(work)

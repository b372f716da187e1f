"""Nova's timing: driven by the audio alone."""

import numpy as np
import pytest

from app.standins.nova import GapEnded, NovaEvent, NovaOptions, NovaStream, SpeechStarted, Words
from app.standins.nova_session import behind
from app.standins.recogniser import Match

OPTIONS = NovaOptions(endpointing_s=0.3, utterance_end_s=1.0, interim_every_s=0.5, vad_events=True)


def tone(seconds: float) -> bytes:
    wave = 8000 * np.sin(np.arange(int(8000 * seconds)) * 0.5)
    return bytes(wave.astype("<i2").tobytes())


def silence(seconds: float) -> bytes:
    return bytes(2 * int(8000 * seconds))


def events(stream: NovaStream, sound: bytes, step: int = 320) -> list[NovaEvent]:
    return [event for at in range(0, len(sound), step) for event in stream.feed(sound[at : at + step])]


def test_an_utterance() -> None:
    stream = NovaStream(OPTIONS, 8000)
    heard = events(stream, silence(0.5) + tone(1.2) + silence(1.5))
    assert [type(event) for event in heard] == [SpeechStarted, Words, Words, Words, GapEnded]
    started, first, second, final, gap = heard
    assert isinstance(started, SpeechStarted)
    assert isinstance(first, Words)
    assert isinstance(second, Words)
    assert isinstance(final, Words)
    assert isinstance(gap, GapEnded)
    assert abs(started.at_s - 0.5) < 0.02
    assert first.start_s == second.start_s == final.start_s == started.at_s
    assert not first.is_final
    assert final.is_final
    assert final.speech_final
    assert abs(final.end_s - 2.0) < 0.02
    assert abs(gap.at_s - 2.7) < 0.02
    assert abs(len(final.pcm) / 16000 - (final.end_s - final.start_s + final.lead_s)) < 0.001
    assert 0.28 < final.lead_s < 0.31


def test_the_size_of_packets_changes_nothing() -> None:
    sound = silence(0.5) + tone(1.2) + silence(1.5)
    small, large = NovaStream(OPTIONS, 8000), NovaStream(OPTIONS, 8000)
    assert events(small, sound, 160) == events(large, sound, 8000 * 8)


def test_without_audio_nothing_ends() -> None:
    stream = NovaStream(OPTIONS, 8000)
    heard = events(stream, tone(1.0))
    assert not any(isinstance(event, Words) and event.is_final for event in heard)
    final = stream.finalize()[0]
    assert isinstance(final, Words)
    assert final.from_finalize
    assert len(final.pcm) == 16000
    again = stream.finalize()[0]
    assert isinstance(again, Words)
    assert again.pcm == b""


def test_speech_behind_a_finalize_is_heard_with_what_was_before() -> None:
    stream = NovaStream(OPTIONS, 8000)
    events(stream, silence(0.5) + tone(0.4) + silence(0.2))
    first = stream.finalize()[0]
    heard = events(stream, silence(0.1) + tone(1.0) + silence(0.2))
    second = stream.finalize()[0]
    heard += events(stream, silence(0.1) + tone(0.3) + silence(0.5))
    assert isinstance(first, Words)
    assert isinstance(second, Words)
    (third,) = [event for event in heard if isinstance(event, Words) and event.is_final]
    assert (first.context, second.context, third.context) == (b"", first.pcm, first.pcm + second.pcm)
    assert third.speech_final
    interim = next(event for event in heard if isinstance(event, Words))
    assert interim.context == first.pcm
    later = [event for event in events(stream, tone(0.6) + silence(0.5)) if isinstance(event, Words)]
    assert {event.context for event in later} == {b""}


def test_an_answer_after_a_while_is_an_utterance_of_its_own() -> None:
    stream = NovaStream(OPTIONS, 8000)
    events(stream, tone(0.4) + silence(0.2))
    stream.finalize()
    heard = events(stream, silence(0.7) + tone(0.4) + silence(0.5))
    assert {event.context for event in heard if isinstance(event, Words)} == {b""}


@pytest.mark.parametrize(
    ("said", "share", "rest"),
    [
        ("Non,", 0.3, "je n'ai pas de ticket."),
        ("", 0.3, "Non, je n'ai pas de ticket."),
        ("Nous,", 0.3, "je n'ai pas de ticket."),  # misheard
        ("non je", 0.3, "n'ai pas de ticket."),
        ("Non, je n'ai pas de ticket.", 0.9, None),
    ],
)
def test_words_that_were_told_are_not_told_again(said: str, share: float, rest: str | None) -> None:
    whole = Match("Non, je n'ai pas de ticket.", 0.9, 1.0, (0.2, 0.4, 0.55, 0.7, 0.8, 1.0))
    left = behind(whole, said, share)
    assert (left.text if left else None) == rest
    assert left is None or (len(left.word_ends) == len(left.text.split()) and left.word_ends[-1] == 1.0)


def test_marks_that_stand_by_themselves_are_no_words() -> None:
    whole = Match("Oui, ça marche ! Merci beaucoup !", 0.9, 1.0, (0.1, 0.2, 0.4, 0.4, 0.7, 0.9, 1.0))
    left = behind(whole, "oui ça marche", 0.5)
    assert left is not None
    assert left.text == "Merci beaucoup !"
    assert behind(whole, "Oui, ça marche ! Merci beaucoup", 0.9) is None


def test_endpointing_off_and_long_silence() -> None:
    stream = NovaStream(NovaOptions(endpointing_s=None), 8000)
    heard = events(stream, tone(1.0) + silence(3.0))
    assert heard == []
    empty = events(NovaStream(OPTIONS, 8000), silence(11.0))
    assert [event.pcm for event in empty if isinstance(event, Words)] == [b"", b""]


def test_a_long_span_becomes_final_at_a_pause() -> None:
    stream = NovaStream(OPTIONS, 8000)
    heard = events(stream, tone(5.2) + silence(0.2) + tone(1.0) + silence(0.5))
    finals = [event for event in heard if isinstance(event, Words) and event.is_final]
    assert [event.speech_final for event in finals] == [False, True]
    assert finals[1].start_s == finals[0].end_s


def test_a_click_is_not_speech() -> None:
    stream = NovaStream(OPTIONS, 8000)
    assert events(stream, silence(0.5) + tone(0.02) + silence(1.0)) == []

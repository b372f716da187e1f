"""Nova's timing: driven by the audio alone."""

import numpy as np

from app.standins.nova import GapEnded, NovaEvent, NovaOptions, NovaStream, SpeechStarted, Words

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

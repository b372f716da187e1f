"""Flux's turns: driven by the audio alone."""

import numpy as np

from app.standins.flux import FluxStream, TurnEvent


def tone(seconds: float) -> bytes:
    wave = 8000 * np.sin(np.arange(int(8000 * seconds)) * 0.5)
    return bytes(wave.astype("<i2").tobytes())


def silence(seconds: float) -> bytes:
    return bytes(2 * int(8000 * seconds))


def turns(stream: FluxStream, sound: bytes) -> list[TurnEvent]:
    heard = [event for at in range(0, len(sound), 320) for event in stream.feed(sound[at : at + 320])]
    return [event for event in heard if event.event != "Update"]


def test_a_turn_ends_by_confidence() -> None:
    heard = turns(FluxStream(8000), silence(0.3) + tone(1.0) + silence(1.0))
    assert [(event.event, event.turn_index, event.trigger) for event in heard] == [
        ("StartOfTurn", 0, None),
        ("EndOfTurn", 0, "model"),
    ]
    assert abs(heard[1].end_s - 1.71) < 0.03  # 0.7 after 0.4 s of silence
    assert heard[1].confidence >= 0.7


def test_eager_resumed_and_next_turn() -> None:
    stream = FluxStream(8000)
    stream.eager_eot_threshold = 0.5
    heard = turns(stream, tone(0.8) + silence(0.3) + tone(0.5) + silence(1.0) + tone(0.5) + silence(1.0))
    assert [(event.event, event.turn_index) for event in heard] == [
        ("StartOfTurn", 0),
        ("EagerEndOfTurn", 0),
        ("TurnResumed", 0),
        ("EagerEndOfTurn", 0),
        ("EndOfTurn", 0),
        ("StartOfTurn", 1),
        ("EagerEndOfTurn", 1),
        ("EndOfTurn", 1),
    ]


def test_timeout_and_manual() -> None:
    stream = FluxStream(8000)
    stream.eot_threshold, stream.eot_timeout_s = 1.0, 0.8
    heard = turns(stream, tone(0.5) + silence(1.0))
    assert [event.trigger for event in heard] == [None, "timeout"]
    assert stream.force_end() == []
    turns(stream, tone(0.5))
    assert [(event.event, event.trigger) for event in stream.force_end()] == [("EndOfTurn", "manual")]


def test_updates_come_every_quarter_second() -> None:
    stream = FluxStream(8000)
    sound = silence(2.0)
    updates = [event for at in range(0, len(sound), 320) for event in stream.feed(sound[at : at + 320])]
    assert [round(event.end_s, 2) for event in updates] == [0.25 * (index + 1) for index in range(8)]

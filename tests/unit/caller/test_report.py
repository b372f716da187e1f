import json
import wave
from array import array
from pathlib import Path

import pytest

from app.audiosocket.client import EndedBy, Track
from app.caller.actor import Turn
from app.caller.ears import Ears, Heard
from app.caller.report import CallReport, LatencyReport, TurnReport, latency_report, percentile, turn_reports
from app.errors import MediaError

LOUD = array("h", [8000, -8000] * 80).tobytes()


def ears_that_heard(*sentences: tuple[float, float]) -> Ears:
    ears = Ears()
    ears.sentences = [Heard(start_s, end_s) for start_s, end_s in sentences]
    return ears


def test_the_answer_to_a_turn_begins_after_its_end() -> None:
    turns = [Turn("un", started_s=2.0, ended_s=3.0), Turn("deux", started_s=6.0, ended_s=7.0)]
    reports, notes = turn_reports(turns, ears_that_heard((0.5, 1.5), (3.8, 5.0), (7.5, 8.0)))
    assert [(report.said, report.answered_s) for report in reports] == [("un", 3.8), ("deux", 7.5)]
    assert [report.latency_ms for report in reports] == pytest.approx([800, 500])
    assert notes == []


def test_a_turn_without_an_answer_does_not_get_that_of_the_next() -> None:
    turns = [Turn("un", started_s=2.0, ended_s=3.0), Turn("deux", started_s=6.0, ended_s=7.0)]
    reports, _ = turn_reports(turns, ears_that_heard((0.5, 1.5), (7.5, 8.0)))
    assert [report.latency_ms for report in reports] == [None, pytest.approx(500)]


def test_a_bot_that_interrupts_is_noted() -> None:
    turns = [Turn("un", started_s=2.0, ended_s=3.0)]
    reports, notes = turn_reports(turns, ears_that_heard((2.5, 3.5)))
    assert reports[0].latency_ms is None
    assert reports[0].cut_off
    assert notes == ["the bot began to speak before the caller had finished: un"]


def test_how_fast_the_bot_falls_silent() -> None:
    turns = [Turn("stop", over_bot=True, started_s=2.0, ended_s=2.5)]
    reports, notes = turn_reports(turns, ears_that_heard((1.0, 2.2), (3.0, 4.0)))
    assert reports[0].bot_stopped_ms == pytest.approx(200)
    assert reports[0].latency_ms == pytest.approx(500)
    assert notes == []


def test_a_listening_noise_wants_no_answer_and_takes_nobodys() -> None:
    turns = [
        Turn("un", started_s=2.0, ended_s=3.0),
        Turn("mmh", over_bot=True, wants_answer=False, started_s=5.0, ended_s=5.3),
    ]
    (first, mmh), notes = turn_reports(turns, ears_that_heard((4.0, 7.0), (7.3, 8.0)))
    assert (first.answered_s, mmh.answered_s, mmh.latency_ms) == (4.0, None, None)
    assert mmh.bot_stopped_ms == pytest.approx(3000)
    assert (mmh.cut_off, notes) == (False, [])


def test_a_turn_of_which_nothing_left_is_none() -> None:
    assert turn_reports([Turn("un")], ears_that_heard()) == ([], [])


def test_percentiles_by_nearest_rank() -> None:
    values = [float(value) for value in range(1, 21)]
    assert (percentile(values, 50), percentile(values, 95), percentile(values, 100)) == (10, 19, 20)
    assert percentile([], 50) is None
    turns = [TurnReport("a", "speech", False, 0, 1, 2, latency) for latency in (300.0, None, 100.0)]
    assert latency_report(turns) == LatencyReport(2, 100.0, 300.0)


def track(*frames: tuple[float, bytes]) -> Track:
    made = Track(max_bytes=1_000_000)
    for at_s, pcm in frames:
        made.add(at_s, pcm)
    return made


def test_json_holds_all_but_the_sound() -> None:
    report = CallReport("u", "s", EndedBy.BOT, "fin", first_sound_ms=12.345, sent=track((0.0, LOUD)), received=track())
    report.heard.append(Heard(1.23456, 2.0, -20.04, "déjà", 0.98765))
    content = json.loads(report.to_json())
    assert "sent" not in content
    assert "received" not in content
    assert content["ended_by"] == "bot"
    assert content["first_sound_ms"] == 12.3
    assert content["heard"] == [
        {"start_s": 1.235, "end_s": 2.0, "level_db": -20.0, "text": "déjà", "similarity": 0.988}
    ]
    assert "déjà" in report.to_json()
    assert report.sent is not None


def test_wav_holds_both_sides_on_one_time_line(tmp_path: Path) -> None:
    sent = track(*((number * 0.02, bytes(320)) for number in range(50)), (1.0, LOUD))
    received = track((0.5, LOUD), (0.52, LOUD))
    CallReport("u", "s", EndedBy.BOT, "fin", sent=sent, received=received).save_wav(tmp_path / "a.wav")
    with wave.open(str(tmp_path / "a.wav")) as file:
        samples = array("h", file.readframes(file.getnframes()))
    left, right = samples[0::2], samples[1::2]
    assert left.tobytes() == bytes(16000) + LOUD
    assert right.tobytes() == bytes(8000) + LOUD * 2 + bytes(len(left) * 2 - 8000 - 640)


def test_wav_needs_the_sound(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match="not kept"):
        CallReport("u", "s", EndedBy.REFUSED, "fin").save_wav(tmp_path / "a.wav")


def test_a_track_keeps_no_more_than_its_bound() -> None:
    bounded = Track(max_bytes=640)
    for number in range(5):
        bounded.add(number * 0.02, LOUD)
    assert (bounded.frames, len(bounded.at_s), len(bounded.pcm)) == (5, 2, 640)

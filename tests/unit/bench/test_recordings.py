import json
from array import array
from pathlib import Path
from uuid import UUID

import pytest

from app.caller.load_channel import Channel
from tests.bench.recordings import recording_problems

CALL_UUID = UUID("11111111-2222-4333-8444-555555555555")


def call(seconds: float) -> Channel:
    channel = Channel(CALL_UUID)
    channel.asked_s, channel.closed_s = 100.0, 100.0 + seconds
    return channel


def record(directory: Path, seconds: float, *, complete: bool = True, bot: int = 3000) -> None:
    raw = directory / f"call_{CALL_UUID}_20260101T000000000000Z.raw"
    raw.write_bytes(array("h", [3000, bot] * round(seconds * 8000)).tobytes())
    raw.with_suffix(".json").write_text(json.dumps({"call": str(CALL_UUID), "complete": complete}))


def test_a_good_recording(tmp_path: Path) -> None:
    record(tmp_path, 10.2)
    assert recording_problems(tmp_path, [call(10.0)]) == []


@pytest.mark.parametrize(
    ("seconds", "how", "words"),
    [
        (10.0, {"complete": False}, "complete False"),
        (7.0, {}, "7.0 s of 10.0 s"),
        (10.0, {"bot": 30}, "somebody is not to be heard"),
    ],
)
def test_a_bad_one(tmp_path: Path, seconds: float, how: dict[str, bool], words: str) -> None:
    record(tmp_path, seconds, **how)
    assert words in recording_problems(tmp_path, [call(10.0)])[0]


def test_one_that_is_missing(tmp_path: Path) -> None:
    assert "1 of 1 calls were not recorded" in recording_problems(tmp_path, [call(10.0)])[0]

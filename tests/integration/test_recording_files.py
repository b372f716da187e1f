"""Recordings on a real disk, with the real writer thread, and with processes that die."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from uuid import UUID

import pytest
import uvloop

from app.errors import MediaError
from app.media.recording import QUEUED_BYTES, Recorder
from app.media.tracks import Recording

ROOT = Path(__file__).parents[2]
FRAME = 160
CALL = UUID("0b7f6c1e-5a52-4c7e-9d1c-3a0f4c2b9e11")
STARTED_AT = datetime(2026, 11, 23, 19, 45, 1, 250_000, tzinfo=timezone(timedelta(hours=1)))

LOOPS = pytest.mark.parametrize("new_loop", [asyncio.new_event_loop, uvloop.new_event_loop])
NewLoop = Callable[[], asyncio.AbstractEventLoop]


def frame(number: int, sign: int = 1) -> bytes:
    """Frame `number` of a track: 160 times its number, so that every frame tells its own place."""
    return array("h", [sign * (number % 30_000 + 1)] * FRAME).tobytes()


def speak(recording: Recording, first: int, last: int) -> None:
    for number in range(first, last):
        recording.tracks.caller(frame(number))
        recording.tracks.bot(frame(number, -1))


def frames_of(raw: bytes) -> list[tuple[int, int]]:
    """(caller, bot) of each whole frame, after a look that no frame is broken."""
    samples = array("h", raw)
    frames = []
    for at in range(0, len(samples) - 2 * FRAME + 1, 2 * FRAME):
        caller, bot = samples[at : at + 2 * FRAME : 2], samples[at + 1 : at + 2 * FRAME : 2]
        assert set(caller) == {caller[0]}
        assert set(bot) == {bot[0]}
        frames.append((caller[0], bot[0]))
    return frames


def size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


async def reaches(path: Path, frames: int) -> None:
    """Waits until the file has this many frames."""
    deadline = time.monotonic() + 10
    while size(path) < frames * FRAME * 4:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.01)


def told(path: Path) -> dict[str, object]:
    described: dict[str, object] = json.loads(path.with_suffix(".json").read_text())
    return described


@LOOPS
def test_a_call_becomes_a_file_and_its_description(tmp_path: Path, new_loop: NewLoop) -> None:
    recorder = Recorder()
    recorder.start()

    async def call() -> Path:
        recording = recorder.begin(CALL, STARTED_AT, tmp_path / "2026" / "11")
        speak(recording, 0, 333)
        recording.close()
        assert await recording.closed(10)
        return recording.path

    with asyncio.Runner(loop_factory=new_loop) as runner:
        path = runner.run(call())
    assert recorder.close()

    assert path == tmp_path / "2026" / "11" / f"call_{CALL}_20261123T184501250000Z.raw"
    assert frames_of(path.read_bytes()) == [(n + 1, -n - 1) for n in range(333)]
    assert path.stat().st_size == 333 * FRAME * 4
    assert told(path) == {
        "format": "s16le",
        "rate": 8000,
        "channels": 2,
        "tracks": ["caller", "bot"],
        "start": "2026-11-23T18:45:01.250000+00:00",
        "call": str(CALL),
        "complete": True,
        "samples": 333 * FRAME,
        "seconds": 6.66,
        "caller_gap_samples": 0,
        "caller_dropped_samples": 0,
        "lost_samples": 0,
    }
    assert {entry.name for entry in path.parent.iterdir()} == {path.name, path.with_suffix(".json").name}
    assert path.stat().st_mode & 0o007 == 0
    assert recorder.stats.completed == recorder.stats.started == 1


async def test_while_the_call_lasts_the_file_grows_and_says_that_it_is_not_complete(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.start()
    recording = recorder.begin(CALL, STARTED_AT, tmp_path)
    speak(recording, 0, 90)
    await reaches(recording.path, 75)
    assert told(recording.path)["complete"] is False
    assert not await recording.closed(0)

    assert await asyncio.to_thread(recorder.close)  # an open recording is not lost with the recorder
    assert await recording.closed(10)
    assert told(recording.path)["samples"] == 90 * FRAME
    assert not any(thread.name == "recorder" for thread in threading.enumerate())


async def test_many_calls_share_one_writer(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.start()
    recordings = [recorder.begin(UUID(int=number), STARTED_AT, tmp_path) for number in range(50)]
    assert sum(thread.name == "recorder" for thread in threading.enumerate()) == 1
    for number in range(120):
        for key, recording in enumerate(recordings):
            recording.tracks.caller(frame(number + key))
            recording.tracks.bot(frame(number, -1))
        await asyncio.sleep(0)
    for recording in recordings:
        recording.close()
    for key, recording in enumerate(recordings):
        assert await recording.closed(10)
        assert frames_of(recording.path.read_bytes()) == [(n + key + 1, -n - 1) for n in range(120)]
    assert recorder.close()


CALLER_THAT_NEVER_HANGS_UP = """
import asyncio, sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from app.media.clock import FrameClock
from app.media.recording import Recorder
from tests.integration.test_recording_files import frame

async def main():
    recorder = Recorder()
    recorder.start()
    recording = recorder.begin(UUID(sys.argv[2]), datetime.now(UTC), Path(sys.argv[1]))
    print(recording.path, flush=True)
    number = 0
    def tick():
        nonlocal number
        recording.tracks.caller(frame(number))
        recording.tracks.bot(frame(number, -1))
        number += 1
        print(number, flush=True)
    FrameClock().join(tick)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def test_after_sigkill_in_mid_call_all_but_the_last_second_is_readable(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", CALLER_THAT_NEVER_HANGS_UP, str(tmp_path), str(CALL)],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
    ) as child:
        try:
            assert child.stdout is not None
            path = Path(child.stdout.readline().strip())
            ticks = 0
            while ticks < 195:
                ticks = int(child.stdout.readline())
            child.send_signal(signal.SIGKILL)
            rest = child.stdout.read().split()
        finally:
            child.kill()
    ticks = int(rest[-1]) if rest else ticks
    assert child.returncode == -signal.SIGKILL

    raw = path.read_bytes()
    frames = frames_of(raw)
    assert len(raw) % (FRAME * 4) == 0
    assert len(frames) > ticks - 50
    assert frames == [(n + 1, -n - 1) for n in range(len(frames))]
    assert told(path)["complete"] is False
    assert told(path)["call"] == str(CALL)


async def test_a_directory_that_can_not_be_made_costs_the_recording_not_the_call(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    errors: list[MediaError] = []
    recorder = Recorder(errors.append)
    recorder.start()
    recording = recorder.begin(CALL, STARTED_AT, tmp_path / "file" / "recordings")
    for number in range(4):
        speak(recording, 100 * number, 100 * number + 100)
        await asyncio.sleep(0.01)
    assert recording.tracks.position_samples == 400 * FRAME
    recording.close()
    assert not await recording.closed(10)
    assert recording.failed
    assert len(errors) == 1
    assert "Not a directory" in str(errors[0])
    assert str(CALL) in str(errors[0])
    assert (recorder.stats.failed, recorder.stats.completed) == (1, 0)
    assert recorder.close()


async def test_a_recording_is_never_written_over(tmp_path: Path) -> None:
    errors: list[MediaError] = []
    recorder = Recorder(errors.append)
    recorder.start()
    first = recorder.begin(CALL, STARTED_AT, tmp_path)
    second = recorder.begin(CALL, STARTED_AT, tmp_path)
    speak(first, 0, 60)
    speak(second, 500, 560)
    second.close()
    first.close()
    assert await first.closed(10)
    assert not await second.closed(10)
    assert [n for n, _ in frames_of(first.path.read_bytes())] == list(range(1, 61))
    assert told(first.path)["complete"] is True
    assert len(errors) == 1
    assert "exists" in str(errors[0])
    assert recorder.close()


FULL_DISK = """
import asyncio, json, resource, sys
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID
from app.media.recording import Recorder
from tests.integration.test_recording_files import speak

async def main():
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
    errors = []
    recorder = Recorder(lambda error: errors.append(str(error)))
    recorder.start()
    long = recorder.begin(UUID(int=1), datetime.now(UTC), Path(sys.argv[1]))
    short = recorder.begin(UUID(int=2), datetime.now(UTC), Path(sys.argv[1]))
    speak(short, 0, 100)
    for first in range(0, 1000, 25):
        speak(long, first, first + 25)
        await asyncio.sleep(0.001)
    long.close()
    short.close()
    ends = [await long.closed(10), await short.closed(10)]
    position = long.tracks.position_samples
    print(json.dumps({"errors": errors, "ends": ends, "position": position, "short": str(short.path)}))
    assert recorder.close()

asyncio.run(main())
"""


def test_a_disk_that_fills_up_ends_one_recording_with_one_error(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path)],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    result = json.loads(done.stdout)
    assert result["ends"] == [False, True]
    assert result["position"] == 1000 * FRAME
    assert len(result["errors"]) == 1
    assert "File too large" in result["errors"][0]
    assert len(frames_of(Path(result["short"]).read_bytes())) == 100
    assert done.stderr == ""


async def test_a_disk_that_stands_still_is_waited_for_within_bounds(tmp_path: Path) -> None:
    recorder = Recorder()
    recorder.start()
    recording = recorder.begin(CALL, STARTED_AT, tmp_path)
    disk_moves = threading.Event()
    recorder.command(lambda: (disk_moves.wait(60), None)[1])
    ticks = QUEUED_BYTES // (FRAME * 4) + 1000
    try:
        speak(recording, 0, ticks)
    finally:
        disk_moves.set()
    refused_blocks = recorder.stats.refused_blocks
    assert refused_blocks > 0
    await reaches(recording.path, QUEUED_BYTES // (FRAME * 4) - 100)
    speak(recording, ticks, ticks + 500)
    assert recorder.stats.refused_blocks == refused_blocks
    recording.close()
    assert await recording.closed(30)
    assert recorder.close()

    frames = frames_of(recording.path.read_bytes())
    lost = recording.stats.lost_samples // FRAME
    start = frames.index((0, 0))
    assert start * FRAME * 4 <= QUEUED_BYTES
    assert 500 < lost < 1100
    assert frames[start : start + lost] == [(0, 0)] * lost
    spoken = [(n % 30_000 + 1, -(n % 30_000) - 1) for n in range(ticks + 500)]
    assert frames[:start] == spoken[:start]
    assert frames[start + lost :] == spoken[start + lost :]
    assert told(recording.path)["lost_samples"] == lost * FRAME


async def test_begin_refuses_what_can_not_be_recorded(tmp_path: Path) -> None:
    recorder = Recorder()
    with pytest.raises(MediaError, match="not running"):
        recorder.begin(CALL, datetime.now(UTC), tmp_path)
    recorder.start()
    with pytest.raises(MediaError, match="time zone"):
        recorder.begin(CALL, datetime(2026, 11, 23), tmp_path)
    assert recorder.close()
    assert recorder.close()
    assert os.listdir(tmp_path) == []

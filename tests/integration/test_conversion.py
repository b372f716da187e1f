"""Recordings converted by the real codecs, in real processes, and decoded again."""

import io
import json
import os
import stat
import wave
from contextlib import suppress
from pathlib import Path

import av
import numpy as np
import numpy.typing as npt
import psutil
import pytest

from app.errors import MediaError
from app.media.conversion import Conversion, Format, as_wav_bytes, convert, convert_all

CALLER_HZ = 440
BOT_HZ = 1000
AMPLITUDE = 8000
MP3_FRAME = 576
"""Samples in an MP3 frame of MPEG-2.5 layer III (LAME, `frame size` at 8 kHz)."""

Samples = npt.NDArray[np.int16]


def tones(samples: int, *frequencies_hz: int, rate_hz: int = 8000) -> Samples:
    """One tone a channel; shape (samples, channels)."""
    at_s = np.arange(samples) / rate_hz
    return np.stack([AMPLITUDE * np.sin(2 * np.pi * hz * at_s) for hz in frequencies_hz], axis=1).astype("<i2")


def recording(path: Path, samples: int = 24_100) -> Path:
    """A call in which the caller hums and the bot whistles."""
    path.write_bytes(tones(samples, CALLER_HZ, BOT_HZ).tobytes())
    return path


def decoded(path: Path) -> tuple[Samples, int]:
    """(samples, channels) as a player hears them, and their rate in Hz."""
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        resampler = av.AudioResampler("s16", stream.layout, stream.rate)
        pcm = b"".join(
            bytes(piece.planes[0])[: piece.samples * 2 * stream.channels]
            for frame in container.decode(stream)
            for piece in resampler.resample(frame)
        )
        return np.frombuffer(pcm, "<i2").reshape(-1, stream.channels), stream.rate


def level(track: Samples, frequency_hz: int, rate_hz: int = 8000) -> float:
    """Amplitude of one frequency in a track."""
    at_s = np.arange(len(track)) / rate_hz
    return float(2 * abs(np.mean(track * np.exp(-2j * np.pi * frequency_hz * at_s))))


def children() -> set[int]:
    """Workers of this process, told by the word that `multiprocessing` gives each one it spawns.

    Others come and go as they like: a database that another test started looks after its tables now and then.
    """
    found = set()
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):
            if "--multiprocessing-fork" in child.cmdline():
                found.add(child.pid)
    return found


@pytest.mark.parametrize("samples", [1, 160, 8192, 24_100, 80_000])
@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_length_is_kept(tmp_path: Path, form: Format, samples: int) -> None:
    source = recording(tmp_path / "call.raw", samples)
    result = convert(source, form)
    assert result == Conversion(source, tmp_path / f"call.{form}", "converted")
    sound, rate_hz = decoded(result.target)
    assert rate_hz == 8000
    assert abs(len(sound) - samples) <= (MP3_FRAME if form == "mp3" else 0)


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_tones_stay_on_their_own_side(tmp_path: Path, form: Format) -> None:
    source = recording(tmp_path / "call.raw", 80_000)
    sound, _ = decoded(convert(source, form).target)
    caller, bot = sound[:, 0], sound[:, 1]
    assert level(caller, CALLER_HZ) == pytest.approx(AMPLITUDE, rel=0.1)
    assert level(bot, BOT_HZ) == pytest.approx(AMPLITUDE, rel=0.1)
    assert level(caller, BOT_HZ) < AMPLITUDE / 100
    assert level(bot, CALLER_HZ) < AMPLITUDE / 100


def test_mp3_is_in_time_with_the_recording(tmp_path: Path) -> None:
    beep = tones(40_000, CALLER_HZ, BOT_HZ)
    beep[:20_000, 0] = 0
    beep[20_000:, 1] = 0
    (tmp_path / "call.raw").write_bytes(beep.tobytes())
    sound, _ = decoded(convert(tmp_path / "call.raw", "mp3").target)
    loud = np.abs(sound.astype(int)) > AMPLITUDE / 2
    caller_begins, bot_ends = int(np.argmax(loud[:, 0])), 40_000 - int(np.argmax(loud[::-1, 1]))
    assert caller_begins == pytest.approx(20_000, abs=80)
    assert bot_ends == pytest.approx(20_000, abs=80)


def test_wav_is_the_recording_bit_for_bit_and_mp3_is_small(tmp_path: Path) -> None:
    source = recording(tmp_path / "call.raw", 80_000)
    wav, mp3 = convert(source, "wav").target, convert(source, "mp3").target
    with wave.open(str(wav)) as file:
        assert (file.getnchannels(), file.getsampwidth(), file.getframerate()) == (2, 2, 8000)
        assert file.readframes(80_000) == source.read_bytes()
    assert 10 * 4000 < mp3.stat().st_size < 10 * 8000  # 32 to 64 kbit/s for ten seconds


def test_the_description_beside_the_file_says_how_to_read_it(tmp_path: Path) -> None:
    source = tmp_path / "call.raw"
    source.write_bytes(tones(32_000, CALLER_HZ, rate_hz=16_000).tobytes())
    (tmp_path / "call.json").write_text(json.dumps({"format": "s16le", "rate": 16_000, "channels": 1}))
    for form in ("mp3", "wav"):
        sound, rate_hz = decoded(convert(source, form).target)
        assert rate_hz == 16_000
        assert sound.shape == (32_000, 1)
        assert level(sound[:, 0], CALLER_HZ, 16_000) == pytest.approx(AMPLITUDE, rel=0.1)


@pytest.mark.parametrize("workers", [1, 2])
def test_one_bad_file_does_not_stop_the_others(tmp_path: Path, workers: int) -> None:
    good = [recording(tmp_path / f"good{number}.raw") for number in range(3)]
    (tmp_path / "empty.raw").touch()
    (tmp_path / "odd.raw").write_bytes(bytes(1003))
    (tmp_path / "directory.raw").mkdir()
    recording(tmp_path / "described.raw")
    (tmp_path / "described.json").write_text("{not json")
    recording(tmp_path / "foreign.raw")
    (tmp_path / "foreign.json").write_text('{"format": "mulaw"}')
    recording(tmp_path / "quick.raw")
    (tmp_path / "quick.json").write_text('{"rate": 12345}')
    missing = tmp_path / "missing.raw"
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}

    summary = convert_all([missing, *sorted(tmp_path.glob("*.raw"))], workers=workers)

    assert [entry.source for entry in summary.of("converted")] == good
    reasons = {entry.source.name: entry.reason for entry in summary.of("failed")}
    assert reasons.keys() == {
        "missing.raw", "empty.raw", "odd.raw", "directory.raw", "described.raw", "foreign.raw", "quick.raw",
    }  # fmt: skip
    assert "No such file" in reasons["missing.raw"]
    assert "empty" in reasons["empty.raw"]
    assert "odd size: 1003 bytes" in reasons["odd.raw"]
    assert "directory" in reasons["directory.raw"].lower()
    assert "described.json" in reasons["described.raw"]
    assert "'mulaw'" in reasons["foreign.raw"]
    assert "12345 Hz" in reasons["quick.raw"]
    assert all("\n" not in reason for reason in reasons.values())
    after = {path.name: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()}
    assert {name: after[name] for name in before} == before
    assert after.keys() - before.keys() == {"good0.mp3", "good1.mp3", "good2.mp3"}


def test_an_unreadable_file_is_named(tmp_path: Path) -> None:
    loop = tmp_path / "loop.raw"
    loop.symlink_to(loop)
    (failed,) = convert_all(loop).of("failed")
    assert failed.source == loop
    assert "symbolic links" in failed.reason


def test_a_result_that_can_not_be_put_in_place_leaves_no_draft(tmp_path: Path) -> None:
    source = recording(tmp_path / "call.raw")
    (tmp_path / "call.mp3").mkdir()
    result = convert(source, "mp3", overwrite=True)
    assert (result.outcome, result.reason) == ("failed", "Is a directory")
    assert {path.name for path in tmp_path.iterdir()} == {"call.raw", "call.mp3"}


def test_what_is_converted_already_is_skipped_until_the_recording_is_newer(tmp_path: Path) -> None:
    source = recording(tmp_path / "call.raw")
    assert len(convert_all(tmp_path).of("converted")) == 1
    first = (tmp_path / "call.mp3").read_bytes()

    (skipped,) = convert_all(tmp_path).of("skipped")
    assert skipped.reason == "converted already"
    assert len(convert_all(tmp_path, overwrite=True).of("converted")) == 1
    assert (tmp_path / "call.mp3").read_bytes() == first

    recording(source, 48_000)  # the call went on while it was converted: only its time tells
    times = source.stat()
    os.utime(source, ns=(times.st_atime_ns, (tmp_path / "call.mp3").stat().st_mtime_ns + 1_000_000))
    assert len(convert_all(tmp_path).of("converted")) == 1
    assert abs(len(decoded(tmp_path / "call.mp3")[0]) - 48_000) <= MP3_FRAME


def test_a_result_is_as_old_as_what_was_read(tmp_path: Path) -> None:
    source = recording(tmp_path / "call.raw")
    os.utime(source, ns=(1_000_000_000, 1_700_000_000_000_000_000))
    result = convert(source, "wav")
    assert result.target.stat().st_mtime_ns == 1_700_000_000_000_000_000
    assert stat.S_ISREG(result.target.stat().st_mode)


def test_several_at_once_with_progress_and_no_process_left(tmp_path: Path) -> None:
    before = children()
    for number in range(6):
        recording(tmp_path / f"call{number}.raw", 8000)
    (tmp_path / "notes.txt").write_text("not a recording")
    seen: list[tuple[int, int]] = []
    worked: set[int] = set()

    def progress(_: Conversion, done: int, total: int) -> None:
        seen.append((done, total))
        worked.update(children() - before)

    summary = convert_all(tmp_path, ("mp3", "wav"), workers=2, on_progress=progress)
    assert seen == [(done, 12) for done in range(1, 13)]
    assert len(worked) == 2
    assert len(summary.of("converted")) == 12
    assert [entry.target.name for entry in summary.conversions[:3]] == ["call0.mp3", "call0.wav", "call1.mp3"]
    assert children() == before
    assert not list(tmp_path.glob(".*"))


def test_a_user_who_stops_it_leaves_no_process(tmp_path: Path) -> None:
    before = children()
    for number in range(8):
        recording(tmp_path / f"call{number}.raw", 8000)

    def interrupt(_: Conversion, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert_all(tmp_path, workers=2, on_progress=interrupt)
    assert children() == before


def test_a_worker_that_is_killed_is_told_by_the_names_of_its_files(tmp_path: Path) -> None:
    before = children()
    for number in range(4):
        recording(tmp_path / f"call{number}.raw", 8000)
    stuck = recording(tmp_path / "a_stuck.raw")
    os.mkfifo(tmp_path / "a_stuck.json")  # whoever reads this waits for ever

    def kill(_: Conversion, done: int, total: int) -> None:
        if done == 1:
            for pid in children() - before:
                psutil.Process(pid).kill()

    summary = convert_all(tmp_path, workers=2, on_progress=kill)
    assert len(summary.conversions) == 5
    assert stuck in {entry.source for entry in summary.of("failed")}
    assert {entry.reason for entry in summary.of("failed")} == {"a worker process was killed"}
    assert len(summary.of("converted")) + len(summary.of("failed")) == 5
    assert children() == before


def test_an_unknown_format_is_refused_before_any_work(tmp_path: Path) -> None:
    recording(tmp_path / "call.raw")
    with pytest.raises(MediaError, match="'ogg'; choose among mp3, wav"):
        convert_all(tmp_path, ("mp3", "ogg"))  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["call.raw"]


def test_nothing_to_convert_is_no_error(tmp_path: Path) -> None:
    assert convert_all(tmp_path).conversions == ()


@pytest.mark.parametrize(("track", "frequencies_hz"), [("caller", [440]), ("bot", [1000]), ("both", [440, 1000])])
def test_wav_in_memory(tmp_path: Path, track: str, frequencies_hz: list[int]) -> None:
    source = recording(tmp_path / "call.raw", 8000)
    with wave.open(io.BytesIO(as_wav_bytes(source, track))) as file:  # type: ignore[arg-type]
        assert (file.getsampwidth(), file.getframerate()) == (2, 8000)
        assert file.getnchannels() == len(frequencies_hz)
        assert file.readframes(8000) == tones(8000, *frequencies_hz).tobytes()


def test_wav_in_memory_of_what_can_not_be_read(tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"missing\.raw: No such file"):
        as_wav_bytes(tmp_path / "missing.raw")
    recording(tmp_path / "call.raw")
    (tmp_path / "call.json").write_text('{"channels": 1}')
    with pytest.raises(MediaError, match="no track 'bot'"):
        as_wav_bytes(tmp_path / "call.raw", "bot")


@pytest.mark.parametrize("form", ["mp3", "wav"])
def test_nobody_else_may_listen_to_the_copy(tmp_path: Path, form: Format) -> None:
    source = recording(tmp_path / "call.raw")
    source.chmod(0o640)
    assert stat.S_IMODE(convert(source, form).target.stat().st_mode) == 0o640

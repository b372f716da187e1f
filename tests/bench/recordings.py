"""Are the recordings there, whole, as long as the calls, and with both voices in them?"""

import json
from array import array
from collections.abc import Iterable
from pathlib import Path

from app.caller.load_channel import SPEECH_PEAK, Channel

FRAME_BYTES = 4
"""One sample of both tracks, s16le."""
RATE_HZ = 8000
TOLERANCE_S = 1.0
LISTENED_TO = 5


def recording_problems(directory: Path, channels: Iterable[Channel]) -> list[str]:
    """What is wrong; blocking. The server has ended all calls.

    Args:
        channels: all calls that the server had, with the times at which they began and ended.
    """
    lengths = {str(channel.call_uuid): channel.closed_s - channel.asked_s for channel in channels if channel.closed_s}
    missing, wrong, silent = set(lengths), [], []
    for number, description in enumerate(sorted(directory.glob("call_*.json"))):
        said = json.loads(description.read_text())
        raw = description.with_suffix(".raw")
        length_s = raw.stat().st_size / FRAME_BYTES / RATE_HZ
        missing.discard(said["call"])
        wanted_s = lengths.get(said["call"], 0.0)
        if not said["complete"] or abs(length_s - wanted_s) > TOLERANCE_S:
            wrong.append(f"{raw.name}: {length_s:.1f} s of {wanted_s:.1f} s, complete {said['complete']}")
        elif number < LISTENED_TO and not _both_speak(raw):
            silent.append(raw.name)
    found = []
    if missing:
        found.append(f"{len(missing)} of {len(lengths)} calls were not recorded")
    if wrong:
        found.append(f"{len(wrong)} recordings are wrong, such as {wrong[0]}")
    if silent:
        found.append(f"somebody is not to be heard in {silent[0]}")
    return found


def _both_speak(raw: Path) -> bool:
    """Looks at a second in the middle."""
    size = raw.stat().st_size
    with raw.open("rb") as file:
        file.seek(size // 2 // FRAME_BYTES * FRAME_BYTES)
        samples = array("h", file.read(FRAME_BYTES * RATE_HZ)[: size // 2 // FRAME_BYTES * FRAME_BYTES])
    return all(max(map(abs, samples[track::2]), default=0) > SPEECH_PEAK for track in (0, 1))

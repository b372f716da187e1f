"""The caller's sentences as sound, each one made once for all the calls of a process."""

import asyncio
import threading
from array import array
from collections import OrderedDict
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path

import av
from av.error import FFmpegError

from app.caller.ears import SILENCE_DB
from app.caller.noises import MADE, made
from app.caller.script import CallerVoice, HangUpMidSentence, Interject, MakeSound, PlayWav, Say, Script, pieces_of
from app.errors import ConfigError, MediaError
from app.providers.espeak import Voice, render
from ext.levels import apply_gain, rms_dbfs

RATE_HZ = 8000
BLOCK_SAMPLES = 80
"""10 ms: grain of the search for the first and the last sound."""
LONGEST_WAV_S = 600.0
KEPT_CLIPS = 512
"""Sentences kept for later calls, some 25 MB."""

_kept: OrderedDict[Hashable, "Clip"] = OrderedDict()
_lock = threading.Lock()


@dataclass(frozen=True, slots=True)
class Clip:
    """A sentence, ready to be played.

    Attributes:
        pcm: s16le mono 8 kHz.
        first_loud_sample: where the first sound is; 0 in a silent clip.
        last_loud_sample: where the last one is; 0 in a silent clip.
    """

    pcm: bytes
    first_loud_sample: int
    last_loud_sample: int

    @property
    def duration_s(self) -> float:
        """Length, silence at its ends included."""
        return len(self.pcm) / (2 * RATE_HZ)

    @property
    def sound(self) -> bytes:
        """The same without the silence at its ends."""
        return self.pcm[2 * self.first_loud_sample : 2 * (self.last_loud_sample + 1)]


def clip_of(pcm: bytes) -> Clip:
    """Finds where the sound of `pcm` (s16le mono 8 kHz) begins and ends, by blocks of 10 ms."""
    size = BLOCK_SAMPLES * 2
    starts = range(0, len(pcm), size)
    first = next((at for at in starts if rms_dbfs(pcm[at : at + size]) > SILENCE_DB), None)
    last = next((at for at in reversed(starts) if rms_dbfs(pcm[at : at + size]) > SILENCE_DB), None)
    if first is None or last is None:
        return Clip(pcm, 0, 0)
    return Clip(pcm, first // 2, min(last + size, len(pcm)) // 2 - 1)


def clips_for(script: Script) -> Mapping[str, Clip]:
    """Makes every sound of a script; blocking, some milliseconds a sentence.

    Returns:
        Clips by the words of their step, or by the path of a sound file as the step gives it.

    Raises:
        ConfigError: a voice or a sound file that isn't there.
        MediaError: a sound file that can't be read.
    """
    clips: dict[str, Clip] = {}
    for step in script.steps:
        if isinstance(step, Say):
            clips[step.say] = _spoken(step.say, script.voice)
        elif isinstance(step, Interject):
            clips[step.interject] = _spoken(step.interject, script.voice)
        elif isinstance(step, MakeSound):
            clips[step.sound] = clip_of(sound_named(step.sound, script.folder))
        elif isinstance(step, HangUpMidSentence):
            clips[step.hangup_mid_sentence] = _spoken(step.hangup_mid_sentence, script.voice)
        elif isinstance(step, PlayWav):
            clips[str(step.wav)] = clip_of(read_sound(script.folder / step.wav))
    return clips


def sound_named(name: str, folder: Path) -> bytes:
    """A made sound, or else a sound file relative to `folder`; s16le mono 8 kHz."""
    return made(name) if name in MADE else read_sound(folder / name)


async def prepare_clips(script: Script) -> Mapping[str, Clip]:
    """`clips_for`, off the loop."""
    return await asyncio.to_thread(clips_for, script)


def read_sound(path: Path) -> bytes:
    """Reads any sound file (WAV, MP3, …, any rate, any channels) as s16le mono 8 kHz; blocking.

    Raises:
        ConfigError: there is no such file.
        MediaError: it holds no sound that can be read, or too much of it.
    """
    sound = array("h")
    try:
        with av.open(str(path)) as container:
            if not container.streams.audio:
                raise MediaError(f"{path}: no sound in this file")
            resampler = av.AudioResampler(format="s16", layout="mono", rate=RATE_HZ)
            for frame in container.decode(audio=0):
                for piece in resampler.resample(frame):
                    sound.frombytes(bytes(piece.planes[0])[: piece.samples * 2])
                if len(sound) > LONGEST_WAV_S * RATE_HZ:
                    raise MediaError(f"{path}: longer than {LONGEST_WAV_S:.0f} s")
            for piece in resampler.resample(None):
                sound.frombytes(bytes(piece.planes[0])[: piece.samples * 2])
    except FFmpegError as error:
        if isinstance(error, OSError) and not path.is_file():
            raise ConfigError([f"{path}: {error.strerror}"]) from None
        raise MediaError(f"{path}: {error.strerror}") from None
    return sound.tobytes()


def _spoken(text: str, voice: CallerVoice) -> Clip:
    key = (text, voice)
    # One lock for look-up and synthesis: fifty calls that start together make each sentence once.
    with _lock:
        clip = _kept.get(key)
        if clip is None:
            clip = _kept[key] = clip_of(_render(text, voice))
        _kept.move_to_end(key)
        if len(_kept) > KEPT_CLIPS:
            _kept.popitem(last=False)
        return clip


def _render(text: str, voice: CallerVoice) -> bytes:
    """Words and the silences between them; a silence is as long as it says, without what espeak adds at the ends."""
    speaker = Voice(voice.name, voice.rate_wpm, voice.pitch)
    pieces = [
        bytes(2 * round(piece * RATE_HZ)) if isinstance(piece, float) else render(piece, speaker, RATE_HZ)
        for piece in pieces_of(text)
    ]
    if len(pieces) > 1:
        pieces = [clip.sound if (clip := clip_of(piece)).last_loud_sample else piece for piece in pieces]
    pcm = b"".join(pieces)
    return apply_gain(pcm, 10 ** (voice.gain_db / 20)) if voice.gain_db else pcm

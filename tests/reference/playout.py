"""The playout buffer on plain lists: the rules of docs/audio.md and nothing for speed."""

import math
import struct
from enum import Enum

FRAME = 160
FADE = 40
NEAR_ZERO = 64
CONCEAL = 480
LAGS = range(32, 161)
MATCH = 80
HISTORY = 240
RISING = [round(32768 * (0.5 - 0.5 * math.cos(math.pi * (i + 0.5) / FADE))) for i in range(FADE)]


def _blend(leaving: int, coming: int, gain: int) -> int:
    return (leaving * (32768 - gain) + coming * gain + 16384) >> 15


def _fade_out(samples: list[int]) -> list[int]:
    """The first 5 ms of `samples`, falling to zero; a shorter list goes on with its last sample."""
    held = samples + [samples[-1]] * (FADE - len(samples))
    return [_blend(sample, 0, gain) for sample, gain in zip(held, RISING, strict=False)]


class Mode(Enum):
    """What the buffer is doing."""

    WAITING = 0
    PLAYING = 1
    CONCEALING = 2


class Concealment:
    """The last period of what was heard, repeated and decaying over 60 ms."""

    def __init__(self, history: list[int]) -> None:
        recent = history[-MATCH:]

        def mismatch(lag: int) -> int:
            earlier = history[-MATCH - lag : -lag]
            return sum(abs(a - b) for a, b in zip(recent, earlier, strict=True))

        lag = min(LAGS, key=mismatch)
        period = history[-lag:]
        blend = lag // 4
        for i in range(1, blend + 1):
            gain = (blend - i + 1) * 32768 // (blend + 1)
            period[-i] = _blend(history[-i], history[-lag - i], gain)
        seam = history[-1] - history[-lag - 1]
        self._samples = []
        for i in range(CONCEAL):
            value = period[i % lag]
            if i < FADE:
                value += _blend(seam, 0, RISING[i])
            value = max(-32768, min(32767, value))
            self._samples.append(_blend(0, value, (CONCEAL - i) * 32768 // CONCEAL))

    def take(self, count: int) -> list[int]:
        """The next `count` samples, fewer at the end."""
        taken, self._samples = self._samples[:count], self._samples[count:]
        return taken

    def stop(self) -> None:
        """Nothing is left."""
        self._samples = []


class PlayoutBuffer:
    """See `ext.playout.PlayoutBuffer`."""

    def __init__(
        self,
        *,
        max_queue_ms: int = 60000,
        prebuffer_min_ms: int = 20,
        prebuffer_max_ms: int = 240,
        comfort_noise_db: float | None = None,
        seed: int = 1,
    ) -> None:
        if not 20 <= max_queue_ms <= 600000:
            raise ValueError(f"max_queue_ms must be 20 to 600000, got {max_queue_ms}")
        if not 0 <= prebuffer_min_ms <= prebuffer_max_ms <= max_queue_ms:
            raise ValueError(
                f"prebuffer must be 0 <= min <= max <= {max_queue_ms} ms, got {prebuffer_min_ms} and {prebuffer_max_ms}"
            )
        self._amplitude = 0
        if comfort_noise_db is not None:
            if not -100 <= comfort_noise_db <= -20:
                raise ValueError(f"comfort_noise_db must be -100 to -20, got {comfort_noise_db}")
            self._amplitude = round(32768 * 10.0 ** (comfort_noise_db / 20.0) * math.sqrt(3.0))
        self._noise = (seed & 0xFFFFFFFF) or 1
        self._limit = max_queue_ms * 8
        self._min_ms, self._max_ms = prebuffer_min_ms, prebuffer_max_ms
        self._jitter_us = 0
        self.epoch = 1
        self.underruns = 0
        self.last_epoch_played_samples = 0
        self.speaking = False
        self._tail: list[int] = []
        self._started_us = 0
        self._timeline = 0
        self._peak_us = 0
        self._underran = False
        self._start_over()

    def _start_over(self) -> None:
        """The state of a new epoch."""
        self._queue: list[int] = []
        self._mode = Mode.WAITING
        self._open = False
        self._fade_in: list[int] = []
        self._fade_in_from = 0
        self._waited_ms = 0
        self._measuring = False
        self._history = [0] * HISTORY
        self._concealment = Concealment(self._history)
        self._concealment.stop()
        self._rejoin = False
        self._last = 0
        self._silenced = False
        self.paused = False
        self.played_samples = 0

    @property
    def queued_samples(self) -> int:
        """Speech waiting."""
        return len(self._queue)

    @property
    def idle(self) -> bool:
        """Nothing waits and no utterance is under way."""
        return not self._queue and not self._open

    @property
    def prebuffer_ms(self) -> int:
        """The jitter in whole frames, within the limits."""
        return min(max(math.ceil(self._jitter_us / 20000) * 20, self._min_ms), self._max_ms)

    def push(self, epoch: int, pcm: bytes, now_s: float) -> int:
        """Queues speech; returns samples taken."""
        if len(pcm) % 2:
            raise ValueError(f"pcm must hold whole 16-bit samples: got {len(pcm)} bytes, not a multiple of 2")
        if not math.isfinite(now_s) or abs(now_s) >= 1e12:
            raise ValueError(f"now_s must be a finite time below 1e12 s, got {now_s} with {len(pcm)} bytes")
        samples = [value for (value,) in struct.iter_unpack("<h", pcm)]
        if epoch != self.epoch or not samples:
            return 0
        room = self._limit - len(self._queue)
        if room == 0:
            self._measuring = False
            return 0
        now_us = int(now_s * 1e6)
        if not self._open:
            self._begin_utterance(now_us)
        elif self._measuring:
            late_us = now_us - self._started_us - self._timeline * 125
            self._peak_us = max(self._peak_us, late_us)
            self._jitter_us = max(self._jitter_us, min(late_us, self._max_ms * 1000))
        if len(samples) > room:
            samples = samples[:room]
            self._measuring = False
        self._timeline += len(samples)
        faded = [_blend(self._fade_in_from, sample, gain) for sample, gain in zip(samples, self._fade_in, strict=False)]
        self._fade_in = self._fade_in[len(faded) :]
        self._queue += faded + samples[len(faded) :]
        return len(samples)

    def _begin_utterance(self, now_us: int) -> None:
        if self._mode is Mode.PLAYING and not self._queue:
            self._end_utterance()
        if self._mode is Mode.WAITING:
            self._waited_ms = 0
        self._fade_in = list(RISING)
        self._fade_in_from = self._queue[-1] if self._queue else 0
        self._open = True
        self._underran = False
        self._measuring = not self.paused
        self._started_us = now_us
        self._timeline = len(self._queue)
        self._peak_us = 0

    def finish(self, epoch: int) -> None:
        """The utterance is complete."""
        if epoch != self.epoch or not self._open:
            return
        self._open = False
        if not self._underran and self._peak_us < self._jitter_us:
            self._jitter_us -= (self._jitter_us - self._peak_us) // 8
        if not self._queue:
            if self._mode is Mode.CONCEALING:
                self._cut()
                self._mode = Mode.WAITING
        elif len(self._queue) >= FADE and abs(self._queue[-1]) > NEAR_ZERO:
            self._queue[-FADE:] = _fade_out(self._queue[-FADE:])

    def interrupt(self) -> int:
        """Drops all; returns the new epoch."""
        self._cut()
        self.last_epoch_played_samples = self.played_samples
        self._start_over()
        self.epoch += 1
        return self.epoch

    def pause(self) -> None:
        """Falls silent, keeps all."""
        self.paused = True
        self._measuring = False

    def resume(self) -> None:
        """Goes on, without silence."""
        if self._silenced and self._mode is Mode.PLAYING:
            while len(self._queue) > FRAME and max(map(abs, self._queue[:FRAME])) <= NEAR_ZERO:
                self._queue = self._queue[FRAME:]
                self.played_samples += FRAME
        self.paused = False
        self._silenced = False

    def pull(self) -> bytes:
        """The next frame."""
        voice = self._voice()
        self.speaking = bool(voice)
        sound = voice + [self._background() for _ in range(FRAME - len(voice))]
        return b"\x10\x01\x40" + struct.pack(f"<{FRAME}h", *sound)

    def _background(self) -> int:
        if not self._amplitude:
            return 0
        value = self._noise
        self._noise = self._noise + 0x9E3779B9 & 0xFFFFFFFF
        value = (value ^ value >> 16) * 0x85EBCA6B & 0xFFFFFFFF
        value = (value ^ value >> 13) * 0xC2B2AE35 & 0xFFFFFFFF
        return (((value >> 16) - 32768) * self._amplitude) >> 15

    def _voice(self) -> list[int]:
        if self._tail:
            if self._queue and not self.paused:
                self._waited_ms += 20
            return self._take_tail(FRAME)
        if self.paused:
            if not self._silenced:
                self._cut()
                self._silenced = self._rejoin = True
                self._concealment.stop()
            return self._take_tail(FRAME)
        if self._mode is not Mode.PLAYING:
            if not self._may_start():
                return self._concealment.take(FRAME) if self._mode is Mode.CONCEALING else []
            self._rejoin = self._mode is Mode.CONCEALING
            if self._mode is Mode.WAITING:
                self._history = [0] * HISTORY
            self._mode = Mode.PLAYING
            self._waited_ms = 0
        return self._play()

    def _may_start(self) -> bool:
        if not self._queue:
            return False
        if not self._open or len(self._queue) >= self.prebuffer_ms * 8:
            return True
        if self._waited_ms >= self.prebuffer_ms:
            return True
        self._waited_ms += 20
        return False

    def _play(self) -> list[int]:
        sound, self._queue = self._queue[:FRAME], self._queue[FRAME:]
        self.played_samples += len(sound)
        if sound:
            if self._rejoin:
                covered = min(len(sound), FADE)
                leaving = self._concealment.take(covered)
                leaving += [0] * (covered - len(leaving))
                sound[:covered] = [
                    _blend(old, new, gain) for old, new, gain in zip(leaving, sound, RISING, strict=False)
                ]
                self._rejoin = False
            self._history = (self._history + sound)[-HISTORY:]
            self._last = sound[-1]
        if len(sound) == FRAME:
            return sound
        if not self._open:
            self._end_utterance()
            return sound + self._take_tail(FRAME - len(sound))
        self._run_dry()
        return sound + self._concealment.take(FRAME - len(sound))

    def _run_dry(self) -> None:
        self.underruns += 1
        self._underran = True
        self._jitter_us = min(
            max(self._jitter_us, self.prebuffer_ms * 1000 + 20000),
            self._max_ms * 1000,
        )
        self._mode = Mode.CONCEALING
        self._waited_ms = 0
        self._concealment = Concealment(self._history)
        if self._rejoin:
            self._concealment.stop()

    def _end_utterance(self) -> None:
        self._mode = Mode.WAITING
        self._fade_last()

    def _fade_last(self) -> None:
        if abs(self._last) > NEAR_ZERO:
            self._tail = _fade_out([self._last])
        self._last = 0

    def _take_tail(self, room: int) -> list[int]:
        taken, self._tail = self._tail[:room], self._tail[room:]
        return taken

    def _cut(self) -> None:
        """The tail of what would have sounded next."""
        if self._mode is Mode.PLAYING and not self._rejoin:
            if self._queue:
                self._tail = _fade_out(self._queue[:FADE])
            else:
                self._fade_last()
        elif self._mode is Mode.CONCEALING:
            coming = self._concealment.take(FADE)
            if coming:
                self._tail = _fade_out(coming + [0] * (FADE - len(coming)))

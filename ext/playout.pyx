# cython: language_level=3, wraparound=False, cdivision=True
"""The voice of one call on its way out: bursts of speech come in, one 20 ms frame leaves at every pull.

Pure: it has no clock but its pulls and the times of arrival it is told. s16le mono 8 kHz. All arithmetic on
samples is integer (Q15 gains, `(x * gain + 16384) >> 15`): the twin in tests/reference gives the same bytes.

An utterance's samples leave unchanged except for its first and last 5 ms. Three things sound at its edges:
the *tail* (40 samples that fade out what was cut off), the *concealment* (the last period of the voice,
repeated and decaying over 60 ms, when the queue runs dry too early) and the *background* (silence or comfort
noise). In any frame the voice comes first and the background fills the rest.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize
from cpython.mem cimport PyMem_Free, PyMem_Malloc
from libc.math cimport isfinite
from libc.string cimport memcpy, memmove, memset

from ext cimport simd
from ext.levels cimport level_dbfs
from ext.samples cimport sample_count

from math import cos, pi, sqrt

cdef extern from *:
    """
    #define SIMD_BODY "playout.h"
    #include "simd.h"

    SIMD_DISPATCH(int, best_lag, (int path, const int16_t *end, int count, int shortest, int longest),
                  (end, count, shortest, longest))
    SIMD_DISPATCH(void, noise,
                  (int path, int16_t *target, int count, uint32_t state, uint32_t step, int amplitude),
                  (target, count, state, step, amplitude))
    """
    int best_lag(int path, const int16_t *, int, int, int) noexcept nogil
    void noise(int path, int16_t *, int, uint32_t, uint32_t, int) noexcept nogil

cdef uint32_t NOISE_STEP = 0x9E3779B9  # 2**32 over the golden ratio, odd: the counter comes by every number

cdef int[FADE_SAMPLES] rising  # raised cosine in Q15; falling is UNITY_Q15 - rising
cdef int[CONCEAL_SAMPLES] decaying  # straight line in Q15


def _build_ramps():
    for i in range(FADE_SAMPLES):
        rising[i] = round(UNITY_Q15 * (0.5 - 0.5 * cos(pi * (i + 0.5) / FADE_SAMPLES)))
    for i in range(CONCEAL_SAMPLES):
        decaying[i] = (CONCEAL_SAMPLES - i) * UNITY_Q15 // CONCEAL_SAMPLES


_build_ramps()


cdef inline int16_t faded(int sample, int gain) noexcept nogil:
    """Sample times a Q15 gain of at most 1, rounded to nearest."""
    return <int16_t> ((sample * gain + HALF_Q15) >> 15)


cdef inline int16_t blended(int leaving, int coming, int gain) noexcept nogil:
    """`gain` (Q15) of what comes and the rest of what leaves."""
    return <int16_t> ((leaving * (UNITY_Q15 - gain) + coming * gain + HALF_Q15) >> 15)


cdef inline int16_t saturated(int64_t value) noexcept nogil:
    if value > SAMPLE_MAX:
        return SAMPLE_MAX
    if value < SAMPLE_MIN:
        return SAMPLE_MIN
    return <int16_t> value


@cython.final
cdef class PlayoutBuffer:
    """Jitter buffer, interruption and concealment for the speech of one call.

    Args:
        max_queue_ms: speech that may wait; what does not fit is left to the pusher.
        prebuffer_min_ms: least speech that must wait, or time that must pass, before an utterance starts.
        prebuffer_max_ms: most of it, however irregular the arrivals are.
        comfort_noise_db: level of the background in dBFS (rms, -100 to -20); None for digital silence.
        seed: of the comfort noise.

    Raises:
        ValueError: limits that contradict each other.
    """

    def __cinit__(
        self,
        *,
        int max_queue_ms=60000,
        int prebuffer_min_ms=20,
        int prebuffer_max_ms=240,
        comfort_noise_db=None,
        seed=1,
    ):
        if not FRAME_MS <= max_queue_ms <= QUEUE_LIMIT_MS:
            raise ValueError(f"max_queue_ms must be {FRAME_MS} to {QUEUE_LIMIT_MS}, got {max_queue_ms}")
        if not 0 <= prebuffer_min_ms <= prebuffer_max_ms <= max_queue_ms:
            raise ValueError(
                f"prebuffer must be 0 <= min <= max <= {max_queue_ms} ms,"
                f" got {prebuffer_min_ms} and {prebuffer_max_ms}"
            )
        if comfort_noise_db is not None:
            if not -100.0 <= comfort_noise_db <= -20.0:
                raise ValueError(f"comfort_noise_db must be -100 to -20, got {comfort_noise_db}")
            # Uniform noise of amplitude a has an rms of a / sqrt(3).
            self.noise_amplitude = round(UNITY_Q15 * 10.0 ** (comfort_noise_db / 20.0) * sqrt(3.0))
        self.noise_state = <uint32_t> ((seed & 0xFFFFFFFF) or 1)
        self.limit = <Py_ssize_t> max_queue_ms * SAMPLES_PER_MS
        self.prebuffer_min = prebuffer_min_ms
        self.prebuffer_max = prebuffer_max_ms
        self.current_epoch = 1
        self.tail_at = FADE_SAMPLES
        self.conceal_at = CONCEAL_SAMPLES

    def __dealloc__(self):
        PyMem_Free(self.ring)

    @property
    def epoch(self) -> int:
        """Number of the current epoch; the first is 1, every interruption adds 1."""
        return self.current_epoch

    @property
    def queued_samples(self) -> int:
        """Speech waiting to leave."""
        return self.queued

    @property
    def played_samples(self) -> int:
        """Speech of the current epoch that has left, fade-outs and concealment not counted."""
        return self.played

    @property
    def last_epoch_played_samples(self) -> int:
        """What `played_samples` was when the last interruption came; 0 before the first."""
        return self.played_before

    @property
    def speaking(self) -> bool:
        """Whether the last pulled frame carried speech, its concealment or its fade-out."""
        return self.last_voice > 0

    @property
    def idle(self) -> bool:
        """Whether nothing waits and no utterance is under way."""
        return self.queued == 0 and not self.open

    @property
    def paused(self) -> bool:
        return self.paused_now

    @property
    def underruns(self) -> int:
        """How often the queue ran dry before its utterance was finished."""
        return self.underrun_count

    @property
    def prebuffer_ms(self) -> int:
        """Speech that must wait, or time that must pass, before the next utterance starts."""
        return self._prebuffer_ms()

    def push(self, int64_t epoch, bytes pcm not None, double now_s) -> int:
        """Queues speech and returns how many samples were taken.

        Args:
            epoch: the epoch the speech was made for; speech of any other is dropped and 0 returned.
            pcm: s16le mono 8 kHz.
            now_s: time of arrival on any clock that does not jump.

        Returns:
            Samples taken: all, or as many as fit; the pusher keeps the rest and tries again later.

        Raises:
            ValueError: an odd number of bytes, or a time that is not finite.
        """
        cdef Py_ssize_t count = sample_count(pcm)
        if not isfinite(now_s) or not -1e12 < now_s < 1e12:
            raise ValueError(f"now_s must be a finite time below 1e12 s, got {now_s} with {count * SAMPLE_BYTES} bytes")
        cdef Py_ssize_t room = self.limit - self.queued
        cdef int64_t now_us = <int64_t> (now_s * 1e6)
        if epoch != self.current_epoch or count == 0:
            return 0
        if room == 0:
            self.measuring = False
            return 0
        self._reserve(self.queued + min(count, room))
        if not self.open:
            self._begin_utterance(now_us)
        elif self.measuring:
            self._observe(now_us)
        if room < count:
            self.measuring = False  # from here on arrivals follow our queue, not the network
            count = room
        self._append(<const int16_t *> PyBytes_AS_STRING(pcm), count)
        return count

    def finish(self, int64_t epoch) -> None:
        """Says that the utterance is complete: what waits is played out and then running dry is right.

        Without effect for an epoch that is over or when no utterance is under way.
        """
        cdef Py_ssize_t i
        cdef int16_t *sample
        cdef int edge
        if epoch != self.current_epoch or not self.open:
            return
        self.open = False
        if not self.underran and self.peak_us < self.jitter_us:
            self.jitter_us -= (self.jitter_us - self.peak_us) // JITTER_DECAY
        if self.queued == 0:
            if self.mode == CONCEALING:
                self._cut()
                self.mode = WAITING
            return
        edge = self._queued_at(self.queued - 1)[0]
        if self.queued >= FADE_SAMPLES and not -NEAR_ZERO <= edge <= NEAR_ZERO:
            for i in range(FADE_SAMPLES):
                sample = self._queued_at(self.queued - FADE_SAMPLES + i)
                sample[0] = faded(sample[0], UNITY_Q15 - rising[i])

    def interrupt(self) -> int:
        """Drops all speech in O(1) and returns the new epoch; the next frame fades out, then silence.

        Also ends a pause.
        """
        self._cut()
        self.head = 0
        self.queued = 0
        self.mode = WAITING
        self.open = False
        self.waited_frames = 0
        self.paused_now = False
        self.silenced = False
        self.rejoin = False
        self.last = 0
        self.conceal_at = CONCEAL_SAMPLES
        self.played_before = self.played
        self.played = 0
        self.current_epoch += 1
        return self.current_epoch

    def pause(self) -> None:
        """Falls silent with the next frame, by a fade-out; what waits and the position in it are kept.

        The samples of the fade-out are played again after `resume`.
        """
        self.paused_now = True
        self.measuring = False

    def resume(self) -> None:
        """Goes on where `pause` stopped, by a fade-in; silence that would come first is left out: enough was heard."""
        if self.silenced and self.mode == PLAYING:
            self._skip_silence()
        self.paused_now = False
        self.silenced = False

    def pull(self) -> bytes:
        """The next frame for the wire: AudioSocket header 0x10 0x01 0x40 and 320 bytes of sound."""
        cdef bytes frame = PyBytes_FromStringAndSize(NULL, WIRE_FRAME_BYTES)
        self.pull_into(<unsigned char *> PyBytes_AS_STRING(frame))
        return frame

    cdef void pull_into(self, unsigned char *target) noexcept nogil:
        """Writes the next frame, header in place, WIRE_FRAME_BYTES long."""
        cdef int16_t[FRAME_SAMPLES] samples
        self.last_voice = self._voice(samples)
        self._background(samples + self.last_voice, FRAME_SAMPLES - self.last_voice)
        if self.last_voice:
            self.level_db = level_dbfs(samples, FRAME_SAMPLES)
        target[0] = KIND_SLIN_8000_BYTE
        target[1] = FRAME_BYTES >> 8
        target[2] = FRAME_BYTES & 0xFF
        memcpy(target + HEADER_BYTES, samples, FRAME_BYTES)

    # -- the queue

    cdef int _reserve(self, Py_ssize_t needed) except -1:
        """Makes room for `needed` samples in all, an eighth more each time; the limit was checked before.

        What a long sentence needed is given back with the next one.
        """
        cdef Py_ssize_t capacity = max(needed, self.capacity + self.capacity // 8)
        cdef int16_t *grown
        if self.queued == 0 and self.capacity > QUEUE_KEPT_SAMPLES and needed <= QUEUE_KEPT_SAMPLES:
            capacity = needed
        elif needed <= self.capacity:
            return 0
        capacity = min((capacity + QUEUE_STEP_SAMPLES - 1) // QUEUE_STEP_SAMPLES * QUEUE_STEP_SAMPLES, self.limit)
        grown = <int16_t *> PyMem_Malloc(<size_t> capacity * SAMPLE_BYTES)
        if grown == NULL:
            raise MemoryError(f"no memory for a queue of {capacity} samples, {self.queued} waiting")
        self._peek(grown, self.queued)
        PyMem_Free(self.ring)
        self.ring = grown
        self.capacity = capacity
        self.head = 0
        return 0

    cdef int16_t *_queued_at(self, Py_ssize_t index) noexcept nogil:
        """The sample `index` places behind the next to leave; the place after the last for index = queued."""
        index += self.head
        return self.ring + (index - self.capacity if index >= self.capacity else index)

    cdef void _peek(self, int16_t *target, Py_ssize_t count) noexcept nogil:
        """Copies the next `count` samples and leaves them in the queue."""
        cdef Py_ssize_t first = min(count, self.capacity - self.head)
        if count == 0:
            return
        memcpy(target, self.ring + self.head, <size_t> first * SAMPLE_BYTES)
        memcpy(target + first, self.ring, <size_t> (count - first) * SAMPLE_BYTES)

    cdef void _append(self, const int16_t *source, Py_ssize_t count) noexcept nogil:
        """Queues samples, the first of an utterance faded in; room was made before."""
        cdef int16_t *end = self._queued_at(self.queued)
        cdef Py_ssize_t first = min(count, self.ring + self.capacity - end)
        cdef Py_ssize_t i = 0
        cdef int16_t *sample
        memcpy(end, source, <size_t> first * SAMPLE_BYTES)
        memcpy(self.ring, source + first, <size_t> (count - first) * SAMPLE_BYTES)
        while self.fade_in_at < FADE_SAMPLES and i < count:
            sample = self._queued_at(self.queued + i)
            sample[0] = blended(self.fade_in_from, sample[0], rising[self.fade_in_at])
            self.fade_in_at += 1
            i += 1
        self.queued += count
        self.timeline_samples += count

    # -- the utterance and its prebuffer

    cdef void _begin_utterance(self, int64_t now_us) noexcept nogil:
        """Opens an utterance with the first samples that arrive for it."""
        if self.queued == 0 and self.mode == PLAYING:
            self._begin_tail()
            self.mode = WAITING
        if self.mode == WAITING:
            self.waited_frames = 0
        # Behind another utterance that ends aloud, fade over from its last sample instead of from zero.
        self.fade_in_from = self._queued_at(self.queued - 1)[0] if self.queued else 0
        self.fade_in_at = 0
        self.open = True
        self.underran = False
        self.measuring = not self.paused_now
        self.started_us = now_us
        self.timeline_samples = self.queued
        self.peak_us = 0

    cdef void _observe(self, int64_t now_us) noexcept nogil:
        """Notes how late a chunk is for a listener who started with the utterance's first chunk."""
        cdef int64_t late_us = now_us - self.started_us - self.timeline_samples * SAMPLE_US
        if late_us > self.peak_us:
            self.peak_us = late_us
        if late_us > self.jitter_us:
            self.jitter_us = min(late_us, <int64_t> self.prebuffer_max * 1000)

    cdef int _prebuffer_ms(self) noexcept nogil:
        """The measured jitter in whole frames, within the limits."""
        cdef int needed = <int> ((self.jitter_us + JITTER_STEP_US - 1) // JITTER_STEP_US) * FRAME_MS
        return min(max(needed, self.prebuffer_min), self.prebuffer_max)

    cdef bint _may_start(self) noexcept nogil:
        """Whether the queue may be played from this frame on; counts the frames it had to wait."""
        cdef int prebuffer = self._prebuffer_ms()
        if self.queued == 0:
            return False
        if not self.open or self.queued >= prebuffer * SAMPLES_PER_MS:
            return True
        if self.waited_frames * FRAME_MS >= prebuffer:
            return True
        self.waited_frames += 1
        return False

    # -- one frame

    cdef int _voice(self, int16_t *target) noexcept nogil:
        """Writes the frame's voice and returns its length in samples; the rest is background."""
        if self.tail_at < FADE_SAMPLES:
            # A frame that carries a tail carries nothing after it, so that the gap is heard as one.
            if self.queued and not self.paused_now:
                self.waited_frames += 1
            return self._emit_tail(target, FRAME_SAMPLES)
        if self.paused_now:
            if not self.silenced:
                self._cut()
                self.silenced = True
                self.rejoin = True
                self.conceal_at = CONCEAL_SAMPLES
            return self._emit_tail(target, FRAME_SAMPLES)
        if self.mode != PLAYING:
            if not self._may_start():
                return self._conceal(target, FRAME_SAMPLES) if self.mode == CONCEALING else 0
            self.rejoin = self.mode == CONCEALING
            if self.mode == WAITING:
                memset(self.history, 0, sizeof(self.history))
            self.mode = PLAYING
            self.waited_frames = 0
        return self._play(target)

    cdef void _skip_silence(self) noexcept nogil:
        """Whole frames of it count as played; one at least stays."""
        cdef Py_ssize_t i
        cdef int sample
        while self.queued > FRAME_SAMPLES:
            for i in range(FRAME_SAMPLES):
                sample = self._queued_at(i)[0]
                if sample > NEAR_ZERO or sample < -NEAR_ZERO:
                    return
            self.head += FRAME_SAMPLES
            if self.head >= self.capacity:
                self.head -= self.capacity
            self.queued -= FRAME_SAMPLES
            self.played += FRAME_SAMPLES

    cdef int _play(self, int16_t *target) noexcept nogil:
        """Takes the frame from the queue; where it runs dry, the utterance ends or concealment begins."""
        cdef int count = <int> min(FRAME_SAMPLES, self.queued)
        cdef int i
        self._peek(target, count)
        self.head += count
        if self.head >= self.capacity:
            self.head -= self.capacity
        self.queued -= count
        self.played += count
        if count:
            if self.rejoin:
                for i in range(min(count, FADE_SAMPLES)):
                    target[i] = blended(self._concealed(self.conceal_at + i), target[i], rising[i])
                self.rejoin = False
            self._remember(target, count)
            self.last = target[count - 1]
        if count == FRAME_SAMPLES:
            return count
        if self.open:
            self._begin_concealment()
            return count + self._conceal(target + count, FRAME_SAMPLES - count)
        self.mode = WAITING
        self._begin_tail()
        return count + self._emit_tail(target + count, FRAME_SAMPLES - count)

    cdef void _remember(self, const int16_t *samples, int count) noexcept nogil:
        """Shifts what left into the history, the latest last."""
        memmove(self.history, self.history + count, <size_t> (HISTORY_SAMPLES - count) * SAMPLE_BYTES)
        memcpy(self.history + HISTORY_SAMPLES - count, samples, <size_t> count * SAMPLE_BYTES)

    cdef void _background(self, int16_t *target, int count) noexcept nogil:
        """Digital silence, or white noise."""
        if self.noise_amplitude == 0:
            memset(target, 0, <size_t> count * SAMPLE_BYTES)
            return
        noise(simd.chosen, target, count, self.noise_state, NOISE_STEP, self.noise_amplitude)
        self.noise_state += <uint32_t> count * NOISE_STEP

    # -- edges

    cdef void _cut(self) noexcept nogil:
        """Makes the tail of whatever would have sounded next; takes nothing from the queue."""
        cdef int count, i
        if self.mode == PLAYING and not self.rejoin:
            count = <int> min(FADE_SAMPLES, self.queued)
            if count == 0:
                self._begin_tail()
                return
            self._peek(self.tail, count)
            for i in range(count, FADE_SAMPLES):
                self.tail[i] = self.tail[count - 1]
        elif self.mode == CONCEALING and self.conceal_at < CONCEAL_SAMPLES:
            for i in range(FADE_SAMPLES):
                self.tail[i] = self._concealed(self.conceal_at + i)
        else:
            return
        for i in range(FADE_SAMPLES):
            self.tail[i] = faded(self.tail[i], UNITY_Q15 - rising[i])
        self.tail_at = 0

    cdef void _begin_tail(self) noexcept nogil:
        """Makes a tail that leads the last sample to zero, if it is not there already."""
        cdef int i
        if not -NEAR_ZERO <= self.last <= NEAR_ZERO:
            for i in range(FADE_SAMPLES):
                self.tail[i] = faded(self.last, UNITY_Q15 - rising[i])
            self.tail_at = 0
        self.last = 0

    cdef int _emit_tail(self, int16_t *target, int room) noexcept nogil:
        cdef int count = min(room, FADE_SAMPLES - self.tail_at)
        memcpy(target, self.tail + self.tail_at, <size_t> count * SAMPLE_BYTES)
        self.tail_at += count
        return count

    # -- concealment

    cdef void _begin_concealment(self) noexcept nogil:
        """The queue ran dry in mid-utterance."""
        cdef int64_t raised_us = <int64_t> self._prebuffer_ms() * 1000 + JITTER_STEP_US
        self.underrun_count += 1
        self.underran = True
        self.jitter_us = min(max(self.jitter_us, raised_us), <int64_t> self.prebuffer_max * 1000)
        self.mode = CONCEALING
        self.waited_frames = 0
        if self.rejoin:
            self.conceal_at = CONCEAL_SAMPLES  # nothing has sounded since a pause: nothing to repeat
        else:
            self._find_period()
            self.conceal_at = 0

    cdef void _find_period(self) noexcept nogil:
        """Finds the lag at which the last 10 ms repeat best; makes one period that loops without a step."""
        cdef const int16_t *latest = self.history + HISTORY_SAMPLES - 1
        cdef int lag = best_lag(simd.chosen, latest + 1, MATCH_SAMPLES, LAG_MIN_SAMPLES, LAG_MAX_SAMPLES)
        cdef int i, blend, gain
        self.lag = lag
        memcpy(self.period, latest + 1 - lag, <size_t> lag * SAMPLE_BYTES)
        # The end of the period turns into what came before its beginning.
        blend = lag // 4
        for i in range(blend):
            gain = (blend - i) * UNITY_Q15 // (blend + 1)
            self.period[lag - 1 - i] = blended(latest[-i], latest[-lag - i], gain)
        # Its first repetition starts from the sample that really left.
        self.seam = <int> latest[0] - latest[-lag]

    cdef int16_t _concealed(self, int at) noexcept nogil:
        """Sample `at` of the concealment; 0 beyond its end."""
        cdef int64_t value
        if at >= CONCEAL_SAMPLES:
            return 0
        value = self.period[at % self.lag]
        if at < FADE_SAMPLES:
            value += (<int64_t> self.seam * (UNITY_Q15 - rising[at]) + HALF_Q15) >> 15
        return faded(saturated(value), decaying[at])

    cdef int _conceal(self, int16_t *target, int room) noexcept nogil:
        """Writes the next samples of the concealment; returns how many there were."""
        cdef int count = min(room, CONCEAL_SAMPLES - self.conceal_at)
        cdef int at = self.conceal_at
        cdef int i = 0
        cdef int in_period
        while at < FADE_SAMPLES and i < count:
            target[i] = self._concealed(at)
            at += 1
            i += 1
        if i < count:
            in_period = at % self.lag
            while i < count:
                target[i] = faded(self.period[in_period], decaying[at])
                at += 1
                i += 1
                in_period += 1
                if in_period == self.lag:
                    in_period = 0
        self.conceal_at = at
        return count

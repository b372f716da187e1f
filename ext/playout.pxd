from libc.stdint cimport int16_t, int64_t, uint32_t

include "consts.pxi"

cdef enum Mode:
    WAITING  # nothing sounds: no utterance, or its prebuffer is filling
    PLAYING  # samples leave the queue
    CONCEALING  # the queue ran dry in mid-utterance

cdef enum:
    FADE_SAMPLES = 40  # 5 ms: shorter clicks, longer swallows consonants
    NEAR_ZERO = 64  # -54 dBFS: an edge up to here needs no fade
    LAG_MIN_SAMPLES = 32  # 250 Hz; higher voices are found at a multiple of their period
    LAG_MAX_SAMPLES = 160  # 50 Hz
    MATCH_SAMPLES = 80  # 10 ms compared with what came one period earlier
    HISTORY_SAMPLES = 240  # LAG_MAX + MATCH
    CONCEAL_SAMPLES = 480  # 60 ms, as in G.711 Appendix I
    QUEUE_STEP_SAMPLES = 2000  # the ring is allocated in steps of 0.25 s
    QUEUE_KEPT_SAMPLES = 24000  # and a ring of more than 3 s is given back when it is empty
    QUEUE_LIMIT_MS = 600000
    JITTER_STEP_US = 20000  # an underrun raises the prebuffer by at least one frame
    JITTER_DECAY = 8  # an utterance without underrun takes an eighth of the surplus away

cdef class PlayoutBuffer:
    # The queue: a ring of samples.
    cdef int16_t *ring
    cdef Py_ssize_t capacity, head, queued, limit
    # The epoch and what it has played.
    cdef int64_t current_epoch, played, played_before, underrun_count
    # The utterance.
    cdef Mode mode
    cdef bint open  # pushed to and not finished
    cdef int fade_in_at  # samples of its beginning already faded in
    cdef int16_t fade_in_from
    cdef int waited_frames
    cdef bint paused_now
    cdef bint silenced  # the pause has been heard
    cdef int last_voice
    cdef double level_db  # of the latest frame that carried speech
    # Edges.
    cdef int16_t last  # sample that left last
    cdef bint rejoin  # the next samples cross-fade from the concealment, or from silence
    cdef int16_t[FADE_SAMPLES] tail
    cdef int tail_at
    # Concealment.
    cdef int16_t[HISTORY_SAMPLES] history
    cdef int16_t[LAG_MAX_SAMPLES] period
    cdef int lag, seam, conceal_at
    # Prebuffer.
    cdef int prebuffer_min, prebuffer_max
    cdef int64_t jitter_us, peak_us, started_us, timeline_samples
    cdef bint measuring, underran
    # Comfort noise.
    cdef int noise_amplitude
    cdef uint32_t noise_state

    cdef void _skip_silence(self) noexcept nogil
    cdef void pull_into(self, unsigned char *target) noexcept nogil
    cdef int _reserve(self, Py_ssize_t needed) except -1
    cdef void _begin_utterance(self, int64_t now_us) noexcept nogil
    cdef void _append(self, const int16_t *source, Py_ssize_t count) noexcept nogil
    cdef void _peek(self, int16_t *target, Py_ssize_t count) noexcept nogil
    cdef int16_t *_queued_at(self, Py_ssize_t index) noexcept nogil
    cdef int _prebuffer_ms(self) noexcept nogil
    cdef void _observe(self, int64_t now_us) noexcept nogil
    cdef bint _may_start(self) noexcept nogil
    cdef int _voice(self, int16_t *target) noexcept nogil
    cdef int _play(self, int16_t *target) noexcept nogil
    cdef void _remember(self, const int16_t *samples, int count) noexcept nogil
    cdef void _cut(self) noexcept nogil
    cdef void _begin_tail(self) noexcept nogil
    cdef int _emit_tail(self, int16_t *target, int room) noexcept nogil
    cdef void _begin_concealment(self) noexcept nogil
    cdef void _find_period(self) noexcept nogil
    cdef int16_t _concealed(self, int at) noexcept nogil
    cdef int _conceal(self, int16_t *target, int room) noexcept nogil
    cdef void _background(self, int16_t *target, int count) noexcept nogil

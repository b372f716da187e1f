# cython: language_level=3, wraparound=False, cdivision=True
"""Is the caller speaking? Energy over a noise floor that adapts to the line, and in noise what stands out of its bands
(`ext/line_noise.pyx`); pure, per packet. s16le mono 8 kHz.

What we send comes back on some lines, 80 to 400 ms later. While we speak only sound counts that is louder than that can
be: than the loudest that we have sent lately, less what the line was found to take off (after Geigel's double-talk
detector, D. L. Duttweiler 1978). A caller who is not louder than our echo is still heard, by words.
"""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING
from libc.string cimport memset

from ext.levels cimport FLOOR_DBFS, level_dbfs
from ext.line_noise cimport learning_s, stands_out
from ext.samples cimport sample_count

# Speech stands so far above the line's noise.
SPEECH_OVER_FLOOR_DB = 9.0
# Below this nothing is speech: telephone speech runs at about -26 dBov (ITU-T P.56 practice).
LOWEST_SPEECH_DB = -48.0
# Softer noise hides no speech: the floor need not fall further, and is sooner up again.
LOWEST_FLOOR_DB = -60.0
# At the start of a call the caller listens: the softest of so long is the line's noise, unless it is as loud as speech.
# Nothing is speech before that is known.
START_S = 0.4
LOUDEST_START_DB = -32.0
# Share of the way that the floor falls to a packet that is quiet, and to one that is only softer: noise goes up and
# down, and its floor is not the softest of it.
FLOOR_FALL = 0.3
NOISE_FALL = 0.08
QUIET_DB = -50.0
# A floor above this is noise that hides speech, until it is below the other: a voice is looked for in the bands of the
# spectrum then (ext/line_noise.pyx), and is so far above the floor at least.
NOISE_DB = -56.0
NO_NOISE_DB = -58.0
SPEECH_OVER_NOISE_DB = 3.0
FLOOR_RISE_DB_PER_S = 3.0
# Short dips inside words (plosives) still count as speech.
HANGOVER_S = 0.08
# Louder sounds shorter than this are clicks.
ONSET_S = 0.04

cdef double speech_over_floor_db = SPEECH_OVER_FLOOR_DB
cdef double lowest_speech_db = LOWEST_SPEECH_DB
cdef double floor_fall = FLOOR_FALL
cdef double noise_fall = NOISE_FALL
cdef double quiet_db = QUIET_DB
cdef double noise_db = NOISE_DB
cdef double no_noise_db = NO_NOISE_DB
cdef double speech_over_noise_db = SPEECH_OVER_NOISE_DB
cdef double floor_rise_db_per_s = FLOOR_RISE_DB_PER_S
cdef double hangover_s = HANGOVER_S
cdef double onset_s = ONSET_S
# Echo can be as old as this: paths of mobile networks with some jitter buffers.
ECHO_AGE_S = 0.4
# What a line takes off the echo, until more is known of it, and the bounds of what is believed.
INITIAL_ECHO_LOSS_DB = 16.0
LEAST_ECHO_LOSS_DB = 6.0
MOST_ECHO_LOSS_DB = 40.0
# Echo varies: speech stands out of it by this much.
OVER_ECHO_DB = 5.0
# A line that echoes louder than thought is believed at once, one that does so less only slowly, as words have gaps; but
# as long as no echo was heard at all, soon.
ECHO_LOSS_FALL_DB_PER_S = 60.0
ECHO_LOSS_RISE_DB_PER_S = 2.0
NO_ECHO_LOSS_RISE_DB_PER_S = 12.0
# We are speaking: softer sound than this comes back as nothing.
OWN_SPEECH_DB = -45.0

cdef double lowest_floor_db = LOWEST_FLOOR_DB
cdef double start_s = START_S
cdef double loudest_start_db = LOUDEST_START_DB
cdef double echo_age_s = ECHO_AGE_S
cdef double initial_echo_loss_db = INITIAL_ECHO_LOSS_DB
cdef double least_echo_loss_db = LEAST_ECHO_LOSS_DB
cdef double most_echo_loss_db = MOST_ECHO_LOSS_DB
cdef double over_echo_db = OVER_ECHO_DB
cdef double echo_loss_fall_db_per_s = ECHO_LOSS_FALL_DB_PER_S
cdef double echo_loss_rise_db_per_s = ECHO_LOSS_RISE_DB_PER_S
cdef double no_echo_loss_rise_db_per_s = NO_ECHO_LOSS_RISE_DB_PER_S
cdef double own_speech_db = OWN_SPEECH_DB


@cython.final
cdef class VoiceActivity:
    """Judges packet after packet of one caller."""

    def __cinit__(self):
        self.floor_db = LOWEST_FLOOR_DB
        self.since_loud_s = 1.0
        self.own_db = self.own_now_db = self.own_before_db = self.own_earlier_db = FLOOR_DBFS
        self.echo_loss_db = INITIAL_ECHO_LOSS_DB

    cpdef void said(self, double level_db, double length_s) noexcept nogil:
        """We have sent so loud a packet, of this length."""
        self.own_silence_s = 0.0 if level_db > own_speech_db else self.own_silence_s + length_s
        self.own_age_s += length_s
        if self.own_age_s > echo_age_s / 2.0:
            # The loudest of three spans: of a whole window at least, of one and a half at most.
            self.own_age_s = length_s
            self.own_earlier_db = self.own_before_db
            self.own_before_db = self.own_now_db
            self.own_now_db = level_db
        elif level_db > self.own_now_db:
            self.own_now_db = level_db
        self.own_db = max(self.own_now_db, self.own_before_db, self.own_earlier_db)

    def echoes(self) -> None:
        """What was taken for the caller was our own echo: it is louder than was thought."""
        self.echo_heard = True
        self.echo_loss_db = max(self.echo_loss_db - over_echo_db, least_echo_loss_db)

    cdef bint hear(self, const int16_t *samples, Py_ssize_t count) noexcept nogil:
        """Takes the next packet; whether the caller speaks, at its end."""
        cdef double length_s, level_db
        cdef bint loud, is_ours
        if count == 0:
            return self.speaking
        length_s = <double> count / LINE_RATE_HZ
        level_db = level_dbfs(samples, count)
        if self.heard_s < start_s:
            self._start(level_db, length_s)
        is_ours = self.own_db > own_speech_db and self.own_db - level_db > self.echo_loss_db - over_echo_db
        loud = self._is_loud(samples, count, level_db, is_ours)
        if is_ours and not self.speaking:
            self.echo_heard = self.echo_heard or loud
            self._learn(self.own_db - level_db, length_s, loud)
        if not is_ours or level_db <= self.floor_db:  # our own sound is no noise of the line
            self._follow_floor(level_db, length_s)
        if loud and not is_ours:
            self.loud_s += length_s
            self.since_loud_s = 0.0
        else:
            self.since_loud_s += length_s
            if self.since_loud_s >= hangover_s:
                self.loud_s = 0.0
        self.speaking = self.loud_s >= onset_s and self.since_loud_s < hangover_s
        return self.speaking

    cdef bint _is_loud(self, const int16_t *samples, Py_ssize_t count, double level_db, bint is_ours) noexcept nogil:
        """Whether a packet stands above the line's noise."""
        cdef bint loud = level_db > max(self.floor_db + speech_over_floor_db, lowest_speech_db)
        cdef bint out
        if self.in_noise and (self.noise.known_s > learning_s or not loud):  # what is loud is not learnt as noise
            out = stands_out(&self.noise, samples, count, self.speaking, is_ours)
            if self.noise.known_s > learning_s:
                loud = out and level_db > max(self.floor_db + speech_over_noise_db, lowest_speech_db)
        return loud and self.heard_s >= start_s

    cdef void _follow_floor(self, double level_db, double length_s) noexcept nogil:
        """A packet of the caller's line was so loud."""
        if level_db < self.floor_db:
            self.floor_db += (max(level_db, lowest_floor_db) - self.floor_db) * (
                floor_fall if level_db < quiet_db else noise_fall
            )
        else:
            self.floor_db = min(level_db, self.floor_db + floor_rise_db_per_s * length_s)
        if self.floor_db > noise_db and not self.speaking:  # in long speech the floor rises, too
            self.in_noise = True
        elif self.in_noise and self.floor_db < no_noise_db:
            self.in_noise = False
            memset(&self.noise, 0, sizeof(self.noise))

    cdef void _start(self, double level_db, double length_s) noexcept nogil:
        """The call begins."""
        cdef double softest_db = loudest_start_db if self.heard_s == 0.0 else self.floor_db
        self.heard_s += length_s
        self.floor_db = max(min(level_db, softest_db), lowest_floor_db)

    cdef void _learn(self, double loss_db, double length_s, bint loud) noexcept nogil:
        """Follows what the line takes off our own sound; noise that is no louder than ever tells nothing of it."""
        if loss_db < self.echo_loss_db and not loud:
            pass
        elif loss_db < self.echo_loss_db:
            self.echo_loss_db = max(loss_db, self.echo_loss_db - echo_loss_fall_db_per_s * length_s)
        elif self.echo_heard:
            self.echo_loss_db = min(loss_db, self.echo_loss_db + echo_loss_rise_db_per_s * length_s)
        else:
            self.echo_loss_db = min(loss_db, self.echo_loss_db + no_echo_loss_rise_db_per_s * length_s)
        self.echo_loss_db = min(max(self.echo_loss_db, least_echo_loss_db), most_echo_loss_db)

    def feed(self, bytes pcm not None) -> bool:
        """Takes the next sound of the caller, any even length; whether the caller speaks, at its end.

        Raises:
            ValueError: an odd number of bytes.
        """
        return self.hear(<const int16_t *> PyBytes_AS_STRING(pcm), sample_count(pcm))

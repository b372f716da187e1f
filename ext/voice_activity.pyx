# cython: language_level=3, wraparound=False, cdivision=True
"""Is the caller speaking? Energy over a noise floor that adapts to the line; pure, per packet. s16le mono 8 kHz."""

cimport cython
from cpython.bytes cimport PyBytes_AS_STRING

from ext.levels cimport level_dbfs
from ext.samples cimport sample_count

# Speech stands so far above the line's noise.
SPEECH_OVER_FLOOR_DB = 9.0
# Below this nothing is speech: telephone speech runs at about -26 dBov (ITU-T P.56 practice).
LOWEST_SPEECH_DB = -48.0
INITIAL_FLOOR_DB = -60.0
# Share of the way that the floor falls to a quieter packet, and how fast it rises.
FLOOR_FALL = 0.3
FLOOR_RISE_DB_PER_S = 3.0
# Short dips inside words (plosives) still count as speech.
HANGOVER_S = 0.08
# Louder sounds shorter than this are clicks.
ONSET_S = 0.04

cdef double speech_over_floor_db = SPEECH_OVER_FLOOR_DB
cdef double lowest_speech_db = LOWEST_SPEECH_DB
cdef double floor_fall = FLOOR_FALL
cdef double floor_rise_db_per_s = FLOOR_RISE_DB_PER_S
cdef double hangover_s = HANGOVER_S
cdef double onset_s = ONSET_S
cdef double lowest_floor_db = -90.0


@cython.final
cdef class VoiceActivity:
    """Judges packet after packet of one caller."""

    def __cinit__(self):
        self.floor_db = INITIAL_FLOOR_DB
        self.since_loud_s = 1.0

    cdef bint hear(self, const int16_t *samples, Py_ssize_t count) noexcept nogil:
        """Takes the next packet; whether the caller speaks, at its end."""
        cdef double length_s, level_db
        cdef bint loud
        if count == 0:
            return self.speaking
        length_s = <double> count / LINE_RATE_HZ
        level_db = level_dbfs(samples, count)
        loud = level_db > max(self.floor_db + speech_over_floor_db, lowest_speech_db)
        if level_db < self.floor_db:
            self.floor_db += (max(level_db, lowest_floor_db) - self.floor_db) * floor_fall
        else:
            self.floor_db = min(level_db, self.floor_db + floor_rise_db_per_s * length_s)
        if loud:
            self.loud_s += length_s
            self.since_loud_s = 0.0
        else:
            self.since_loud_s += length_s
            if self.since_loud_s >= hangover_s:
                self.loud_s = 0.0
        self.speaking = self.loud_s >= onset_s and self.since_loud_s < hangover_s
        return self.speaking

    def feed(self, bytes pcm not None) -> bool:
        """Takes the next sound of the caller, any even length; whether the caller speaks, at its end.

        Raises:
            ValueError: an odd number of bytes.
        """
        return self.hear(<const int16_t *> PyBytes_AS_STRING(pcm), sample_count(pcm))

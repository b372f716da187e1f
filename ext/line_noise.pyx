# cython: language_level=3, wraparound=False, cdivision=True
"""A voice in the noise of its line: what stands out, in bands of the spectrum, of noise that is followed. s16le 8 kHz.

Voices of others and cars go up and down: energy alone takes every peak of them for speech, and soft syllables for
silence. A voice stands out in some bands even where the noise is as loud in sum. How far noise stands out of its own
mean is followed, too, and speech must do so further: by what is usual, and so many times its spread.

The figures were searched for on sentences of four voices in babble and street noise at 16 to 5 dB, white and pink noise
at 8 dB: `docs/audio.md` says what came of them.
"""

from libc.math cimport M_PI, cos, log10, pow, sin, sqrt
from libc.stdint cimport int16_t
from libc.string cimport memset

from ext cimport simd

cdef extern from *:
    """
    #define SIMD_BODY "bands.h"
    #include "simd.h"

    SIMD_DISPATCH(void, add_bands,
        (int path, double *squares, BandState *state, const BandFilters *filters, const int16_t *samples,
         ptrdiff_t count),
        (squares, state, filters, samples, count))
    """
    ctypedef struct BandFilters:
        float[BANDS] gain
        float[BANDS] near
        float[BANDS] far
    void add_bands(
        int path, double *squares, BandState *state, const BandFilters *filters, const int16_t *samples, ptrdiff_t count
    ) nogil

# The telephone's band in steps that are equal to the ear (mel scale, S. S. Stevens and J. Volkmann, 1940).
LOWEST_HZ = 200.0
HIGHEST_HZ = 3400.0
# Nothing is speech before so much of the noise is known.
LEARNING_S = 0.4
# How fast the mean follows the noise, and how fast it does in speech, where a new noise would look like that.
MEAN_S = 1.3
MEAN_IN_SPEECH_S = 17.0
USUAL_S = 0.33
USUAL_IN_SPEECH_S = 100.0
SMOOTHING_S = 0.008
# More in one band says no more.
MOST_DB = 19.0
# Speech begins, and goes on, so many times the noise's own spread above what is usual, and at least so far.
BEGINS_SPREADS = 2.4
GOES_ON_SPREADS = 1.25
BEGINS_DB = 3.0
GOES_ON_DB = 1.85
# Before anything is known of it; and no noise varies less.
USUAL_DB = 1.5
SPREAD_DB = 1.0
LEAST_SPREAD_DB = 0.2
# Power of a band in which there is nothing: a tenth of the last bit.
LEAST_POWER = 0.01

learning_s = LEARNING_S
cdef double mean_s = MEAN_S
cdef double mean_in_speech_s = MEAN_IN_SPEECH_S
cdef double usual_s = USUAL_S
cdef double usual_in_speech_s = USUAL_IN_SPEECH_S
cdef double smoothing_s = SMOOTHING_S
cdef double most_db = MOST_DB
cdef double begins_spreads = BEGINS_SPREADS
cdef double goes_on_spreads = GOES_ON_SPREADS
cdef double begins_db = BEGINS_DB
cdef double goes_on_db = GOES_ON_DB
cdef double usual_db = USUAL_DB
cdef double spread_db = SPREAD_DB
cdef double least_spread_db = LEAST_SPREAD_DB
cdef double least_power = LEAST_POWER

cdef BandFilters FILTERS


cdef void make_filters() noexcept:
    """Fills the table."""
    cdef double lowest = mel(LOWEST_HZ), step = (mel(HIGHEST_HZ) - lowest) / BANDS
    cdef double low_hz, high_hz, middle_hz, turn, width
    cdef int band
    for band in range(BANDS):
        low_hz, high_hz = hertz(lowest + band * step), hertz(lowest + (band + 1) * step)
        middle_hz = sqrt(low_hz * high_hz)
        turn = 2.0 * M_PI * middle_hz / LINE_RATE_HZ
        width = sin(turn) * (high_hz - low_hz) / (2.0 * middle_hz)
        FILTERS.gain[band] = <float> (width / (1.0 + width))
        FILTERS.near[band] = <float> (2.0 * cos(turn) / (1.0 + width))
        FILTERS.far[band] = <float> (-(1.0 - width) / (1.0 + width))


cdef inline double mel(double frequency_hz) noexcept:
    """Pitch as it is heard."""
    return 2595.0 * log10(1.0 + frequency_hz / 700.0)


cdef inline double hertz(double mels) noexcept:
    """The frequency heard as so many mels."""
    return 700.0 * (pow(10.0, mels / 2595.0) - 1.0)


make_filters()


cdef bint stands_out(
    LineNoise *noise, const int16_t *samples, Py_ssize_t count, bint speaking, bint is_ours
) noexcept nogil:
    """Takes the next packet; whether a voice stands out in it. Nothing does before LEARNING_S.

    Args:
        speaking: somebody spoke just before.
        is_ours: it may be our own sound that came back: the noise is not learnt from it.
    """
    cdef double[BANDS] power
    cdef double length_s = <double> count / LINE_RATE_HZ
    cdef double above_db = 0.0
    cdef double limit_db, off_db, share
    cdef bint is_speech
    cdef int band
    memset(power, 0, sizeof(power))
    add_bands(simd.chosen, power, &noise.filters, &FILTERS, samples, count)
    for band in range(BANDS):
        power[band] = power[band] / count + least_power
    if noise.known_s == 0.0:
        if is_ours:
            return False
        noise.usual_db = usual_db
        noise.spread_db2 = spread_db * spread_db
        for band in range(BANDS):
            noise.mean[band] = power[band]
    for band in range(BANDS):
        if power[band] > noise.mean[band]:
            above_db += min(10.0 * log10(power[band] / noise.mean[band]), most_db)
    noise.stands_out_db += (above_db / BANDS - noise.stands_out_db) * length_s / (length_s + smoothing_s)
    if speaking:
        limit_db = max(noise.usual_db + goes_on_spreads * sqrt(noise.spread_db2), goes_on_db)
    else:
        limit_db = max(noise.usual_db + begins_spreads * sqrt(noise.spread_db2), begins_db)
    is_speech = noise.stands_out_db > limit_db and noise.known_s > learning_s
    if is_ours:
        return is_speech
    noise.known_s += length_s
    share = length_s / (length_s + (mean_in_speech_s if is_speech else min(mean_s, noise.known_s)))
    for band in range(BANDS):
        noise.mean[band] += (power[band] - noise.mean[band]) * share
    share = length_s / (length_s + (usual_in_speech_s if is_speech else min(usual_s, noise.known_s)))
    off_db = noise.stands_out_db - noise.usual_db
    noise.usual_db += off_db * share
    noise.spread_db2 += (off_db * off_db - noise.spread_db2) * share
    noise.spread_db2 = max(noise.spread_db2, least_spread_db * least_spread_db)
    return is_speech

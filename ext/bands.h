/* The filter bank of ext/line_noise.pyx, read once a path by simd.h. */

#ifndef EXT_BANDS_H
#define EXT_BANDS_H

#include <stdint.h>

enum { BANDS = 8 };  /* as many as one vector of AVX2 holds */

/* Two-pole band-pass filters side by side (R. Bristow-Johnson, "Audio EQ cookbook": constant 0 dB peak gain). */
typedef struct {
    float gain[BANDS], near[BANDS], far[BANDS];  /* of the input's change, and of the latest two outputs */
} BandFilters;

typedef struct {
    float heard[2];  /* the latest inputs, latest first */
    float made[BANDS], before[BANDS];  /* the latest outputs, and those before */
} BandState;

#endif

#ifdef SIMD_PATH  /* not where only the types are wanted */

/* Adds the squares of every filter's outputs to `squares`; samples count as they are, 32768 is full scale. */
SIMD_LOOP void SIMD(add_bands)(
    double *restrict squares, BandState *restrict state, const BandFilters *restrict filters, const int16_t *samples,
    ptrdiff_t count)
{
    BandState now = *state;
    float sums[BANDS] = {0};
    for (ptrdiff_t at = 0; at < count; at++) {
        const float sample = (float) samples[at];
        const float change = sample - now.heard[1];
        now.heard[1] = now.heard[0];
        now.heard[0] = sample;
        for (int band = 0; band < BANDS; band++) {
            const float made = filters->gain[band] * change + filters->near[band] * now.made[band]
                + filters->far[band] * now.before[band];
            now.before[band] = now.made[band];
            now.made[band] = made;
            sums[band] += made * made;
        }
    }
    for (int band = 0; band < BANDS; band++) {
        squares[band] += sums[band];
        if (now.made[band] < 1e-9f && now.made[band] > -1e-9f)  /* what is left of a sound long ago: denormals are slow */
            now.made[band] = now.before[band] = 0.0f;
    }
    *state = now;
}

#endif

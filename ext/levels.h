/* The loops of ext/levels.pyx, read once a path by simd.h. */

#ifndef EXT_LEVELS_H
#define EXT_LEVELS_H

/* Added to a float32 of magnitude below 2**22, it leaves the nearest integer (half to even) in the lowest bits. */
#define ROUNDER 12582912.0f

#endif

/* Exact for up to 2**33 samples. */
SIMD_LOOP int64_t SIMD(squares)(const int16_t *samples, ptrdiff_t count)
{
    uint64_t total = 0;
    for (ptrdiff_t i = 0; i < count; i++)
        total += (uint32_t) (samples[i] * samples[i]);
    return (int64_t) total;
}

SIMD_LOOP int SIMD(magnitude)(const int16_t *samples, ptrdiff_t count)
{
    int16_t highest = 0;
    int16_t lowest = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        highest = samples[i] > highest ? samples[i] : highest;
        lowest = samples[i] < lowest ? samples[i] : lowest;
    }
    return highest > -lowest ? highest : -lowest;
}

SIMD_LOOP void SIMD(multiply)(int16_t *restrict target, const int16_t *restrict source, ptrdiff_t count, float gain)
{
    for (ptrdiff_t i = 0; i < count; i++) {
        float value = (float) source[i] * gain;
        uint32_t bits;
        value = value < 32767.0f ? value : 32767.0f;
        value = value > -32768.0f ? value : -32768.0f;
        value += ROUNDER;
        memcpy(&bits, &value, sizeof(bits));
        target[i] = (int16_t) bits;
    }
}

/* Gains are Q30 and never leave 0 to 2**30; each is cut to Q15 for its product. */
SIMD_LOOP void SIMD(slope)(
    int16_t *restrict target, const int16_t *restrict source, int32_t count, int32_t gain, int32_t step)
{
    for (int32_t i = 0; i < count; i++)
        target[i] = (int16_t) ((source[i] * ((gain + i * step) >> 15) + (1 << 14)) >> 15);
}

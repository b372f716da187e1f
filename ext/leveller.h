/* The loops of ext/leveller.pyx, read once a path by simd.h. */

#ifndef EXT_LEVELLER_H
#define EXT_LEVELLER_H

/* Added to a float32 of magnitude below 2**22, it leaves the nearest integer (half to even) in the lowest bits. */
#define ROUNDER 12582912.0f

enum {
    GROUP = 16,  /* outputs made at a time: a recursive filter's outputs wait for each other, those of a group do not */
    ORDER = 3,
    CHUNK = 160,  /* samples that are floats at a time */
    ROWS = GROUP + 2 * ORDER
};

/* A float32 without its sign, and what the sign was. */
static inline float without_sign(float value, uint32_t *sign)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    *sign = bits & 0x80000000u;
    bits ^= *sign;
    memcpy(&value, &bits, sizeof(value));
    return value;
}

#endif

/* As many of a group's outputs as a vector of the path holds. Said so, for of plain loops of a constant length gcc makes
 * shuffles. */
typedef float SIMD(lanes) __attribute__((vector_size(2 * SIMD_SAMPLES), aligned(4), may_alias));

/* A recursive filter, `count` a multiple of GROUP. Each row of the table says what one sample, or one of the latest inputs
 * (then outputs) before the group, adds to each of the group's outputs; `past` holds the latter, latest first. */
SIMD_LOOP void SIMD(shape)(
    int16_t *restrict target, const int16_t *restrict source, ptrdiff_t count, float *restrict past,
    const float *restrict table)
{
    enum { LANES = SIMD_SAMPLES / 2, VECTORS = GROUP / LANES };
    const SIMD(lanes) *rows = (const SIMD(lanes) *) table;
    float heard[CHUNK];
    float made[CHUNK];
    while (count > 0) {
        const ptrdiff_t chunk = count < CHUNK ? count : CHUNK;
        for (ptrdiff_t i = 0; i < chunk; i++)
            heard[i] = (float) source[i];
        for (ptrdiff_t at = 0; at < chunk; at += GROUP) {
            for (int v = 0; v < VECTORS; v++) {
                SIMD(lanes) sum = rows[GROUP * VECTORS + v] * past[0] + rows[(GROUP + 2) * VECTORS + v] * past[2];
                SIMD(lanes) other = rows[(GROUP + 1) * VECTORS + v] * past[1];
                for (int row = 0; row < GROUP; row += 2) {
                    sum += rows[row * VECTORS + v] * heard[at + row];
                    other += rows[(row + 1) * VECTORS + v] * heard[at + row + 1];
                }
                sum += other;
                for (int row = GROUP + ORDER; row < ROWS; row++)  /* last: only these wait for the group before */
                    sum += rows[row * VECTORS + v] * past[row - GROUP];
                memcpy(made + at + v * LANES, &sum, sizeof(sum));
            }
            for (int k = 0; k < ORDER; k++) {
                past[k] = heard[at + GROUP - 1 - k];
                past[ORDER + k] = made[at + GROUP - 1 - k];
            }
        }
        for (ptrdiff_t i = 0; i < chunk; i++) {
            float value = made[i];
            uint32_t bits;
            value = value < 32767.0f ? value : 32767.0f;
            value = value > -32768.0f ? value : -32768.0f;
            value += ROUNDER;
            memcpy(&bits, &value, sizeof(bits));
            target[i] = (int16_t) bits;
        }
        source += chunk;
        target += chunk;
        count -= chunk;
    }
}

/* Multiplies by a gain that goes in a straight line. Beyond the knee what is too much is pressed together, ever more, so
 * that nothing goes beyond full scale: slope 1 at the knee, and no step. Without comparisons, of which gcc would make jumps. */
SIMD_LOOP void SIMD(raise)(int16_t *samples, int32_t count, float gain, float step, float knee, float per_room)
{
    for (int32_t i = 0; i < count; i++) {
        uint32_t sign, unused, bits;
        float size = without_sign((float) samples[i] * (gain + step * (float) i), &sign);
        const float beyond = size - knee;
        const float over = 0.5f * (beyond + without_sign(beyond, &unused));
        size = size - over + over / (1.0f + over * per_room);
        memcpy(&bits, &size, sizeof(bits));
        bits |= sign;
        memcpy(&size, &bits, sizeof(size));
        size += ROUNDER;
        memcpy(&bits, &size, sizeof(bits));
        samples[i] = (int16_t) bits;
    }
}
